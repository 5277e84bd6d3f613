"""`invoke remove`: take sites down, after the operator has confirmed each by its name."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final, TextIO

from renderers.cluster.connections import Connections
from renderers.cluster.display import display_for
from renderers.cluster.left_behind import left_behind
from renderers.cluster.operator import operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.preview import Change, called
from renderers.cluster.selection import Chosen, Selection, Wish, select, site_keys
from renderers.cluster_report import ERRORS, USAGE, Teller, Told, exit_code
from renderers.report import State, Step
from renderers.running import life_cycle_of
from renderers.workspace import Workspace, workspace

NOTHING: Final = "nothing was removed"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke remove` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    parties: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    folder: str = ""
    context: str = ""
    is_agreed: bool = False
    delete_data: bool = False
    timeout: int = 300
    format_name: str = "text"


def run_remove(request: Request, stdin: TextIO | None = None, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report of `invoke remove` and its exit code; what happens meanwhile is told on `stderr`."""
    stdin, stderr = stdin or sys.stdin or StringIO(), stderr or sys.stderr or StringIO()
    space = workspace(request.file, request.out)
    keys, mistake = site_keys(request.parties, request.sites)
    mistake = mistake or ("" if request.folder else space.mistake)
    if request.timeout < 1:
        mistake = mistake or "--timeout takes seconds, at least 1"
    if mistake:
        return mistake, USAGE
    connections = Connections()
    wish = Wish(keys, folder=request.folder, context=request.context, needs_fresh=False)
    selection = _selected(space, wish, connections)
    teller = Teller("remove", request.format_name, space, selection, is_handed_over=bool(request.folder))
    early = teller.early(NOTHING)
    if early is not None:
        return early
    if selection.chosen and not request.is_agreed and not stdin.isatty():
        return "without a terminal to ask on, remove needs --yes", USAGE
    options = Options(timeout=float(request.timeout), delete_data=request.delete_data)
    outcomes = [
        _removed(each, options, connections, stdin, stderr, is_agreed=request.is_agreed)
        for each in reversed(selection.chosen)
    ]
    told = Told(
        list(_lines(selection, outcomes)),
        _outcome(outcomes),
        [_step(outcome) for outcome in outcomes],
        {"remove": {"sites": [_data(outcome) for outcome in outcomes]}},
        [found for outcome in outcomes for found in outcome.diagnostics],
    )
    return teller.report(told), ERRORS if not outcomes else exit_code(outcomes)


def _selected(space: Workspace, wish: Wish, connections: Connections) -> Selection:
    """The sites that are meant: those of the plan, or one that has left it and still runs (a tombstone)."""
    return select(space, wish, lambda plan, key: left_behind(space, plan, key, wish.context, connections))


def _removed(
    chosen: Chosen,
    options: Options,
    connections: Connections,
    stdin: TextIO,
    stderr: TextIO,
    *,
    is_agreed: bool,
) -> SiteOutcome:
    """One site taken down, or how that ended."""
    way = life_cycle_of(chosen.folder)
    if not is_agreed:
        gone = way.to_remove(chosen, connections, options)
        if isinstance(gone, SiteOutcome):
            return gone
        if not _confirmed(chosen, gone, options, stdin, stderr):
            return SiteOutcome(chosen.folder, SiteState.DECLINED)
    display = display_for(stderr, chosen.folder.label)
    try:
        return way.remove(chosen, connections, options, operator(), display)
    finally:
        display.done()


def _confirmed(chosen: Chosen, gone: Sequence[Change], options: Options, stdin: TextIO, stderr: TextIO) -> bool:
    """Show what would go, and have the operator write the site's name."""
    folder = chosen.folder
    stderr.writelines(f"  - {called(change.reference)}\n" for change in gone)
    data = "with all its data, for good" if options.delete_data else "but keeps its data"
    where = f"cluster {folder.cluster}" + (f" (context {chosen.context})" if chosen.context else "")
    stderr.write(f"This takes {folder.label} down on {where}, {data}.\n")
    stderr.write(f"Write {folder.key} to go on: ")
    stderr.flush()
    return stdin.readline().strip() == folder.key


def _lines(selection: Selection, outcomes: Sequence[SiteOutcome]) -> Iterator[str]:
    for outcome in outcomes:
        folder = outcome.folder
        if outcome.state is SiteState.REMOVED:
            number = len(outcome.changes)
            objects = "1 object" if number == 1 else f"{number} objects"
            yield f"{folder.label}: removed from {folder.cluster}, {objects} deleted"
            if selection.plan is not None and folder.key not in selection.plan.by_key:
                yield f"Next: `invoke plan --forget {folder.key}` frees its ports."
        elif outcome.state is SiteState.UNCHANGED:
            yield f"{folder.label}: nothing of it is on {folder.cluster}"
        elif outcome.state is SiteState.DECLINED:
            yield f"{folder.label}: its name was not confirmed, nothing was removed"
        else:
            yield f"{folder.label}: {_ended(outcome)}"


def _ended(outcome: SiteOutcome) -> str:
    """How a removal ended that did not succeed, in a clause."""
    cluster = outcome.folder.cluster
    if outcome.state is SiteState.UNREACHABLE:
        return f"not removed: {outcome.folder.reached_through} could not be used"
    if outcome.state is SiteState.FAILED and outcome.changes:
        return f"not wholly removed from {cluster}: mend what the finding says, and remove it again"
    return f"{outcome.state} on {cluster}: nothing was removed"


def _outcome(outcomes: Sequence[SiteOutcome]) -> str:
    done = sum(outcome.state is SiteState.REMOVED for outcome in outcomes)
    return f"{done} of {len(outcomes)} removed" if done else NOTHING


def _step(outcome: SiteOutcome) -> Step:
    is_good = outcome.state is SiteState.REMOVED
    state = State.PASSED if is_good else State.UNCHECKED if outcome.state is SiteState.UNREACHABLE else State.FAILED
    return Step(outcome.folder.key, state, "" if is_good else _ended(outcome), "site")


def _data(outcome: SiteOutcome) -> dict[str, object]:
    return {
        "site": outcome.folder.key,
        "cluster": outcome.folder.cluster,
        "state": str(outcome.state),
        "deleted": [called(change.reference) for change in outcome.changes],
    }
