"""What an apply would write, as lines that an operator reads before saying yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from planner.kubernetes_target import CONFIG_MARK, RESTART_MARK, SECRETS_MARK
from renderers.cluster.drift import FieldChange
from renderers.cluster.outcomes import Prepared
from renderers.cluster.preview import Action, Change, called
from renderers.cluster.references import WORKLOADS
from renderers.report.excerpt import visible

_SIGNS: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.KEEP: " "}
_COLOURS: Final = {Action.CREATE: "32", Action.UPDATE: "33", Action.DELETE: "31", Action.KEEP: "2"}
_TEMPLATE: Final = "spec.template.metadata.annotations"
_MARKS: Final = {
    f"{_TEMPLATE}[{CONFIG_MARK}]": "starts again: a configuration that it reads at its start is another one",
    f"{_TEMPLATE}[{SECRETS_MARK}]": "starts again: a Secret that it reads is another one",
    f"{_TEMPLATE}[{RESTART_MARK}]": "starts again: it keeps what its route table has no more",
}
"""What it means that one of fedplan's own marks on a pod changes."""
_MOST_FIELDS: Final = 8
_MOST_LINES: Final = 12
_WIDEST: Final = 60


def preview_lines(prepared: Prepared, *, colour: bool) -> Iterator[str]:
    """One site: where it goes, each object that changes, field by field, and what restarts."""
    folder = prepared.folder
    yield f"{folder.label} on {folder.cluster} ({prepared.where})"
    if prepared.of is not None:
        yield f"  back to the plan of revision {prepared.of}"
    yield from (f"  note: {note}" for note in prepared.notes)
    if not prepared.changes:
        yield "  nothing changes"
        return
    for change in prepared.changes:
        yield f"  {_paint(change.action, f'{_SIGNS[change.action]} {called(change.reference)}', colour=colour)}"
        if change.action is Action.UPDATE:
            yield from _fields(change)
    yield f"  {counts(prepared.changes)}"
    restarts = restarted(prepared.changes)
    if restarts:
        yield f"  restarts: {', '.join(restarts)}"


def counts(changes: Sequence[Change]) -> str:
    """`12 to create, 3 to update, 1 to delete`."""
    number = Counter(change.action for change in changes)
    words = [(Action.CREATE, "create"), (Action.UPDATE, "update"), (Action.DELETE, "delete")]
    return ", ".join(f"{number[action]} to {word}" for action, word in words if number[action])


def restarted(changes: Sequence[Change]) -> Sequence[str]:
    """The workloads whose pods are started anew: their template changes."""
    return [
        change.reference.name
        for change in changes
        if change.action is Action.UPDATE
        and change.reference.kind in WORKLOADS
        and any(each.path.startswith("spec.template") for each in change.fields)
    ]


def changes_data(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes as data for the JSON report."""
    return [
        {
            "action": str(change.action),
            "kind": change.reference.kind,
            "namespace": change.reference.namespace,
            "name": change.reference.name,
            "fields": [
                {"path": each.path, "live": each.live, "planned": each.desired, "lines": list(each.lines)}
                for each in change.fields
            ],
        }
        for change in changes
    ]


def _fields(change: Change) -> Iterator[str]:
    if not change.fields:
        yield "      taken over as it is"
    for each in change.fields[:_MOST_FIELDS]:
        if each.path in _MARKS:
            yield f"      {_MARKS[each.path]}"
        elif each.lines:
            yield f"      {each.path}:"
            yield from (f"        {visible(line)[: _WIDEST * 2]}" for line in each.lines[:_MOST_LINES])
            if len(each.lines) > _MOST_LINES:
                yield f"        and {len(each.lines) - _MOST_LINES} more lines"
        else:
            yield f"      {each.path}: {_value(each)}"
    if len(change.fields) > _MOST_FIELDS:
        yield f"      and {len(change.fields) - _MOST_FIELDS} more fields"


def _value(field: FieldChange) -> str:
    if not field.live and not field.desired:
        return "changed"
    live = _short(field.live, _WIDEST)
    return f"{live} -> {_short(field.desired, 2 * _WIDEST - min(len(live), _WIDEST))}"


def _short(text: str, widest: int) -> str:
    shown = visible(" ".join(text.split())) if text else "nothing"
    return shown if len(shown) <= widest else f"{shown[: widest - 3]}..."


def _paint(action: Action, text: str, *, colour: bool) -> str:
    return f"\x1b[{_COLOURS[action]}m{text}\x1b[0m" if colour else text
