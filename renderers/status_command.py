"""`invoke status`: what runs of each site, which plan it is, who applied it, and what has been changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.wording import label, option
from renderers.cluster.connections import Connections
from renderers.cluster.outcomes import Seen
from renderers.cluster.record import Record, moment
from renderers.cluster.selection import Selection, Wish, select, site_keys
from renderers.cluster.status import SiteStatus, lines, record_data, to_json
from renderers.cluster_report import DIFFERENT, ERRORS, GOOD, USAGE, WORLD, Teller, Told
from renderers.report import State, Step
from renderers.running import life_cycle_of
from renderers.workspace import workspace

NOTHING: Final = "nothing was looked at"
_MOST_REVISIONS: Final = 10


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke status` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    parties: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    everything: bool = False
    folder: str = ""
    context: str = ""
    format_name: str = "text"


def run_status(request: Request) -> tuple[str, int]:
    """The report of `invoke status` and its exit code: 2 when something was changed, 3 when a cluster is away."""
    space = workspace(request.file, request.out)
    keys, mistake = site_keys(request.parties, request.sites)
    mistake = mistake or ("" if request.folder else space.mistake)
    if mistake:
        return mistake, USAGE
    everything = request.everything or not (keys or request.folder)
    wish = Wish(keys, everything, request.folder, request.context, needs_fresh=False)
    selection = select(space, wish)
    teller = Teller("status", request.format_name, space, selection, is_handed_over=bool(request.folder))
    early = teller.early(NOTHING)
    if early is not None:
        return early
    connections = Connections()
    seen = [life_cycle_of(each.folder).observe(each, connections) for each in selection.chosen]
    told = Told(
        list(_lines(selection, seen)),
        _outcome(seen),
        [_step(each) for each in seen],
        {"status": {"sites": [_data(each) for each in seen]}},
        [found for each in seen for found in each.diagnostics],
    )
    return teller.report(told), _code(seen)


def _lines(selection: Selection, seen: Sequence[Seen]) -> Iterator[str]:
    for index, each in enumerate(seen):
        if index:
            yield ""
        if each.status is None:
            yield f"{each.chosen.folder.label}: {each.chosen.folder.reached_through} could not be looked at"
            continue
        yield from lines(each.status)
        if len(each.history) > 1:
            yield "  history:"
            for revision in each.history[:_MOST_REVISIONS]:
                yield f"    {_revision(revision)}"
        yield from _next(each.status)
    for key, why in selection.not_ours:
        yield f"{label(key)}: not ours ({why})"


def _next(status: SiteStatus) -> Iterator[str]:
    """What is next where the latest apply has not come to a good end."""
    again = f"`invoke apply {option(status.folder.key)}`"
    state = status.record.state if status.record is not None else ""
    if state == "applying":
        yield f"  next: if nobody is applying it at this moment, {again} finishes what was begun"
    elif state == "failed":
        yield f"  next: mend what had failed and {again}, or go back with --rollback"


def _revision(revision: Record) -> str:
    back = f", revision {revision.of} again" if revision.of is not None else ""
    head = f"{revision.revision}  {moment(revision.at)}  {revision.state:<8}"
    return f"{head}  {revision.digest[:12]}  by {revision.by}{back}"


def _outcome(seen: Sequence[Seen]) -> str:
    good = sum(each.status is not None and _is_good(each.status) for each in seen)
    return f"{good} of {len(seen)} run as applied" if seen else NOTHING


def _runs(status: SiteStatus) -> bool:
    has_come_up = status.record is not None and status.record.state == "applied"
    return has_come_up and all(state.is_ready for state in status.states)


def _is_good(status: SiteStatus) -> bool:
    return _runs(status) and not status.drift


def _step(each: Seen) -> Step:
    key = each.chosen.folder.key
    if each.status is None:
        return Step(key, State.UNCHECKED, "it could not be looked at", "site")
    is_good = _is_good(each.status)
    return Step(key, State.PASSED if is_good else State.FAILED, "" if is_good else "the findings say why", "site")


def _data(each: Seen) -> dict[str, Any]:
    folder = each.chosen.folder
    if each.status is None:
        return {"site": folder.key, "cluster": folder.cluster, "reached": False}
    return {
        "site": folder.key,
        "cluster": folder.cluster,
        "reached": True,
        **to_json(each.status),
        "history": [record_data(revision) for revision in each.history],
    }


def _code(seen: Sequence[Seen]) -> int:
    """1 when an apply is missing or did not succeed, or a site does not run; 3 when one, or all, were not looked at.

    2 when all run, and somebody has changed one.
    """
    reached = [each.status for each in seen if each.status is not None]
    if not all(_runs(status) for status in reached):
        return ERRORS
    if len(reached) != len(seen) or not seen:
        return WORLD
    return DIFFERENT if any(status.drift for status in reached) else GOOD
