"""Findings as one JSON object, versioned: `report.schema.json` beside this module is its contract.

The text is ASCII, so no finding can act on the terminal it is printed to; lone surrogates, which strict readers
refuse, become U+FFFD.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from planner.diagnostics import Append, Remove, RenameKey, SetValue, Wrap
from renderers.report.report import TOOL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.diagnostics import Edit, Span
    from renderers.report.located import Located
    from renderers.report.report import Report

VERSION = 1
"""Version of the format. Keys may be added to a version, never renamed, removed or given another meaning."""

_Object: TypeAlias = dict[str, object]


def schema() -> dict[str, Any]:
    """Read the JSON Schema of the report."""
    text = resources.files("renderers.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


def render(report: Report) -> str:
    """Write the whole report; `report.extra` must not use a key of the format (ValueError)."""
    own: _Object = {
        "version": VERSION,
        "tool": TOOL,
        "command": report.command,
        "counts": {severity.value: count for severity, count in report.counts.items()},
        "diagnostics": [_diagnostic(located) for located in report.findings],
        "steps": [
            {"name": step.name, "group": step.group, "state": step.state.value, "message": step.message}
            for step in report.steps
        ],
        "outcome": report.outcome,
    }
    taken = sorted(own.keys() & report.extra.keys())
    if taken:
        message = f"keys of the JSON report are taken: {', '.join(taken)}"
        raise ValueError(message)
    return dumps(own | dict(report.extra))


def dumps(value: object) -> str:
    """Write the JSON of every machine format here: indented, ASCII, no NaN, with a newline at its end."""
    return json.dumps(_sound(value), indent=2, allow_nan=False) + "\n"


def _diagnostic(located: Located) -> _Object:
    diagnostic = located.diagnostic
    return {
        "code": diagnostic.fault.code,
        "name": diagnostic.fault.name,
        "severity": diagnostic.fault.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": located.file,
        "span": _span(located.span),
        "document": diagnostic.place.document,
        "path": list(diagnostic.place.path),
        "fix": [edit_data(edit) for edit in diagnostic.fix],
        "notes": [{"message": note.message, "file": note.file, "span": _span(note.span)} for note in located.notes],
    }


def edit_data(edit: Edit) -> _Object:
    """Tell one edit of federation.yaml: what is done, at which path, and with what."""
    done: _Object = {"edit": _EDITS[type(edit)], "path": list(edit.path)}
    if isinstance(edit, SetValue | Append):
        done["value"] = edit.value
    if isinstance(edit, RenameKey):
        done["key"] = edit.key
    return done


_EDITS: Final[Mapping[type, str]] = {
    SetValue: "set",
    RenameKey: "rename",
    Remove: "remove",
    Append: "append",
    Wrap: "wrap",
}


def _span(span: Span | None) -> _Object | None:
    return None if span is None else {"line": span.line, "column": span.column, "length": span.length}


def _sound(value: object) -> object:
    """Give the value with every text free of lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(item) for item in value]
    return value
