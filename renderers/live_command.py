"""`invoke plan --live`: how what runs differs from what stands in `out/`, found out by dry runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from planner.wording import label
from renderers.cluster.connections import Connections
from renderers.cluster.outcomes import Options, Prepared, SiteOutcome
from renderers.cluster.preview_text import changes_data, counts, preview_lines
from renderers.cluster.selection import Selection, Wish, select
from renderers.cluster_report import DIFFERENT, ERRORS, GOOD, USAGE, WORLD, Teller, Told
from renderers.report import State, Step, wants_colour
from renderers.running import attempt
from renderers.workspace import workspace

NOTHING: Final = "nothing was compared"


def run_live(file: str, out: str | None, format_name: str, *, context: str, with_diff: bool) -> tuple[str, int]:
    """The report of `invoke plan --live` and its exit code: 2 when something differs, 3 when not all was seen."""
    space = workspace(file, out)
    if space.mistake:
        return space.mistake, USAGE
    selection = select(space, Wish(everything=True, context=context))
    teller = Teller("plan", format_name, space, selection)
    early = teller.early(NOTHING)
    if early is not None:
        return early
    connections = Connections()
    options = Options(force_conflicts=True)  # a field that somebody else has set is a difference like any other
    seen = [attempt(each, connections, options, is_trial=True) for each in selection.chosen]
    colour = format_name == "text" and wants_colour(sys.stdout, os.environ)
    told = Told(
        list(_lines(selection, seen, with_diff=with_diff, colour=colour)),
        _outcome(seen),
        [_step(each) for each in seen],
        {"live": [_data(each) for each in seen]},
        [found for each in seen for found in each.diagnostics],
    )
    return teller.report(told), _code(seen)


def _lines(
    selection: Selection, seen: Sequence[Prepared | SiteOutcome], *, with_diff: bool, colour: bool
) -> Iterator[str]:
    for index, each in enumerate(seen):
        if index and with_diff:
            yield ""
        if isinstance(each, SiteOutcome):
            yield f"{each.folder.label}: {each.folder.reached_through} could not be used"
        elif not each.changes and not each.is_good:
            yield f"{each.folder.label} on {each.folder.cluster}: could not be compared, the findings say why"
        elif with_diff:
            yield from preview_lines(each, colour=colour)
        else:
            yield f"{each.folder.label} on {each.folder.cluster}: {counts(each.changes) or 'runs as planned'}"
    for key, why in selection.not_ours:
        yield f"{label(key)}: not ours ({why})"


def _outcome(seen: Sequence[Prepared | SiteOutcome]) -> str:
    same = sum(not isinstance(each, SiteOutcome) and _is_same(each) for each in seen)
    return f"{same} of {len(seen)} run as planned" if seen else NOTHING


def _is_same(prepared: Prepared) -> bool:
    """Whether a site was compared, and runs as planned."""
    return prepared.is_good and not prepared.changes


def _step(each: Prepared | SiteOutcome) -> Step:
    if isinstance(each, SiteOutcome):
        return Step(each.folder.key, State.UNCHECKED, f"{each.folder.reached_through} could not be used", "live")
    state = State.PASSED if _is_same(each) else State.FAILED
    return Step(
        each.folder.key, state, counts(each.changes) or ("" if each.is_good else "the findings say why"), "live"
    )


def _data(each: Prepared | SiteOutcome) -> dict[str, Any]:
    return {
        "site": each.folder.key,
        "cluster": each.folder.cluster,
        "reached": not isinstance(each, SiteOutcome),
        "changes": [] if isinstance(each, SiteOutcome) else changes_data(each.changes),
    }


def _code(seen: Sequence[Prepared | SiteOutcome]) -> int:
    if any(not isinstance(each, SiteOutcome) and any(found.is_error for found in each.diagnostics) for each in seen):
        return ERRORS
    if not seen or any(isinstance(each, SiteOutcome) for each in seen):
        return WORLD
    return DIFFERENT if any(each.changes for each in seen) else GOOD
