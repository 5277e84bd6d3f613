"""`invoke apply`: choose sites, show what would be written, ask, write in waves, and tell what is where."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final, TextIO

from planner.kubernetes_target import PART_LABEL
from planner.wording import label, some
from renderers.cluster.display import display_for
from renderers.cluster.handed_over import wrong_digest
from renderers.cluster.operator import operator
from renderers.cluster.outcomes import Options, Prepared, SiteOutcome, SiteState
from renderers.cluster.preview import Change
from renderers.cluster.preview_text import changes_data, counts, preview_lines
from renderers.cluster.selection import Chosen, Selection, Wish, select, site_keys
from renderers.cluster_report import ERRORS, USAGE, Teller, Told, exit_code
from renderers.handing_over import whole_runbook
from renderers.report import State, Step, wants_colour
from renderers.running import apply_sites
from renderers.workspace import workspace

NOTHING: Final = "nothing was applied"
_MOST_NAMED: Final = 5
"""Sites that a sentence names before it counts the rest."""
_ROUTES: Final = re.compile(r"partyList|exchange|route_table|odePort|loadBalancerIP|\.type$|polling|sni|TLS")
"""Keys of a cluster.yaml that say where peers are dialled, and where they dial."""
_PAST: Final = {"create": "created", "update": "changed", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke apply` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    parties: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    everything: bool = False
    folder: str = ""
    context: str = ""
    only: str = ""
    is_agreed: bool = False
    force: bool = False
    force_conflicts: bool = False
    delete_data: bool = False
    rollback: bool = False
    charts: str = ""
    digest: str | None = None
    timeout: int = 900
    format_name: str = "text"

    @property
    def wish(self) -> Wish:
        """Which sites are meant."""
        keys, _ = site_keys(self.parties, self.sites)
        return Wish(keys, self.everything, self.folder, self.context, needs_fresh=not self.rollback)

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant together, in one clause; empty when they can."""
        names_sites = bool(self.parties or self.sites or self.folder)
        reasons = (
            (True, site_keys(self.parties, self.sites)[1]),
            (self.only not in {"", "training", "serving"}, "--only takes training or serving"),
            (self.everything and names_sites, "--all means every site that is ours: do not name one beside it"),
            (self.rollback and bool(self.only), "--rollback takes up a whole site again: leave --only out"),
            (
                self.digest is not None and not self.folder,
                "--digest goes with --from: it names what was handed over",
            ),
            (self.timeout < 1, "--timeout takes seconds, at least 1"),
        )
        return next((reason for holds, reason in reasons if holds and reason), "")


def run_apply(request: Request, stdin: TextIO | None = None, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report of `invoke apply` and its exit code; what happens meanwhile is told on `stderr`."""
    space = workspace(request.file, request.out)
    mistake = request.mistake or ("" if request.folder else space.mistake)
    if mistake:
        return mistake, USAGE
    selection = select(space, request.wish)
    teller = Teller("apply", request.format_name, space, selection, is_handed_over=bool(request.folder))
    plan = selection.plan
    if plan is not None and plan.is_scripted and not selection.has_errors:
        return teller.report(Told(whole_runbook(plan, str(space.out)), NOTHING)), ERRORS
    return teller.early(NOTHING) or _run(
        request, teller, stdin or sys.stdin or StringIO(), stderr or sys.stderr or StringIO()
    )


def _run(request: Request, teller: Teller, stdin: TextIO, stderr: TextIO) -> tuple[str, int]:
    """Apply what was chosen, and tell the rest."""
    selection = teller.selection
    wrong = _wrong_digest(request, selection) or _no_such_half(request, selection)
    if wrong:
        return wrong, USAGE
    if selection.chosen and not request.is_agreed and not stdin.isatty():
        return "without a terminal to ask on, apply needs --yes", USAGE
    outcomes = _applied(request, selection, stdin, stderr)
    lines = list(_lines(request, selection, outcomes))
    told = Told(
        lines,
        _outcome(request, outcomes),
        [_step(outcome) for outcome in outcomes],
        {"apply": {"sites": [_data(outcome) for outcome in outcomes]}},
        [found for outcome in outcomes for found in outcome.diagnostics],
    )
    code = exit_code(outcomes)
    return teller.report(told), ERRORS if not outcomes else code


def _wrong_digest(request: Request, selection: Selection) -> str:
    """Why a folder is not the one whose digest was told; empty when it is, or nothing was told."""
    if request.digest is None or not selection.chosen:
        return ""
    return wrong_digest(selection.chosen[0].folder, request.digest, request.folder)


def _no_such_half(request: Request, selection: Selection) -> str:
    """Why nothing is left to do of the half that was asked for; empty when a site has it, or no half was named."""
    if not request.only or not selection.chosen or any(_has_half(each, request.only) for each in selection.chosen):
        return ""
    labels = " and ".join(each.folder.label for each in selection.chosen[:_MOST_NAMED])
    more = f" and {len(selection.chosen) - _MOST_NAMED} more" if len(selection.chosen) > _MOST_NAMED else ""
    return f"--only {request.only}: {labels}{more} {'have' if len(selection.chosen) > 1 else 'has'} no {request.only}"


def _has_half(chosen: Chosen, half: str) -> bool:
    """Whether a site has a training half, or a serving half."""
    parts = {each.document["metadata"]["labels"].get(PART_LABEL) for each in chosen.folder.objects}
    return half in parts | {each.part for each in chosen.folder.installations}


def _applied(request: Request, selection: Selection, stdin: TextIO, stderr: TextIO) -> tuple[SiteOutcome, ...]:
    """Every chosen site applied, or rolled back."""
    options = Options(
        timeout=float(request.timeout),
        force_conflicts=request.force_conflicts,
        delete_data=request.delete_data,
        only=request.only,
        is_rollback=request.rollback,
        charts=request.charts,
    )
    return apply_sites(
        selection.chosen,
        options,
        operator(),
        _asking(request, stdin, stderr),
        lambda folder: display_for(stderr, folder.label),
        force=request.force,
    )


def _asking(request: Request, stdin: TextIO, stderr: TextIO) -> Callable[[Sequence[Prepared]], bool]:
    """Shows what would be written, and asks unless the options have said yes."""

    def show(ready: Sequence[Prepared]) -> None:
        colour = wants_colour(stderr, os.environ)
        for prepared in ready:
            stderr.writelines(f"{line}\n" for line in preview_lines(prepared, colour=colour))
            stderr.write("\n")
        stderr.flush()

    def ask(ready: Sequence[Prepared]) -> bool:
        if request.is_agreed:
            with suppress(OSError):  # nobody reads it
                show(ready)
            return True
        show(ready)
        number = len(ready)
        stderr.write(f"Write this to {number} {'site' if number == 1 else 'sites'}? [y/N] ")
        stderr.flush()
        return stdin.readline().strip().lower() in {"y", "yes"}

    return ask


def _lines(request: Request, selection: Selection, outcomes: Sequence[SiteOutcome]) -> Iterator[str]:
    """What is where now, site by site, and what is next."""
    width = max((len(outcome.folder.label) for outcome in outcomes), default=0)
    for outcome in outcomes:
        yield f"{outcome.folder.label.ljust(width)}  {_told_of(outcome)}"
    for key, why in selection.not_ours:
        yield f"{label(key)}: not ours ({why})"
    for sentence in _next(request, selection, outcomes):
        yield ""
        yield sentence


def _next(request: Request, selection: Selection, outcomes: Sequence[SiteOutcome]) -> Iterator[str]:
    """What others have to do now, and what a roll-back leaves to do here."""
    done = [outcome for outcome in outcomes if outcome.state in {SiteState.APPLIED, SiteState.UNCHANGED}]
    keys = {outcome.folder.key for outcome in outcomes}
    follow = sorted({peer for outcome in done if _concerns_peers(outcome) for peer in outcome.folder.peers} - keys)
    if follow:
        shown = some(list(map(label, follow)), _MOST_NAMED)
        if request.rollback:
            yield f"Next: where {shown} followed the plan that was left, each operator must go back as well."
        else:
            yield f"Next: {shown} must be applied from the same plan, each by its own operator, if it has not been."
    here = {each.folder.digest for each in selection.chosen}
    if request.rollback and any(outcome.folder.digest not in here for outcome in done):
        yield "The plan at hand is still the one that was left: plan another one, or the next apply takes it up again."


def _concerns_peers(outcome: SiteOutcome) -> bool:
    """Whether peers must follow: a door is new or has changed, or a route has."""
    tables = {(table.namespace, table.config_map) for table in outcome.folder.hot_tables}
    return any(
        change.reference.kind == "Service"
        or (change.reference.namespace, change.reference.name) in tables
        or (change.reference.kind == "Cluster" and _concerns_routes(change))
        for change in outcome.changes
    )


def _concerns_routes(change: Change) -> bool:
    """Whether a cluster of KubeFATE is new, or a key that its peers or their ports stand in has changed."""
    return not change.fields or any(_ROUTES.search(each.path) for each in change.fields)


def _told_of(outcome: SiteOutcome) -> str:
    """One site's end in a line."""
    folder = outcome.folder
    where = f"{outcome.state} on {folder.cluster}"
    if outcome.state is SiteState.UNREACHABLE and outcome.is_begun:
        return f"stopped midway: {folder.reached_through} could not be used any more; apply it again"
    if outcome.state is SiteState.UNREACHABLE:
        return f"not applied: {folder.reached_through} could not be used"
    if outcome.state in {SiteState.REFUSED, SiteState.HELD_BACK, SiteState.DECLINED}:
        return f"{outcome.state} on {folder.cluster}: nothing was written"
    if outcome.stands:
        return f"{where}: {outcome.stands}"
    ready = sum(state.is_ready for state in outcome.workloads)
    workloads = f"{ready} of {len(outcome.workloads)} workloads ready" if outcome.workloads else ""
    written = counts(outcome.changes).replace(" to ", " ")
    for verb, past in _PAST.items():
        written = written.replace(verb, past)
    revision = f"revision {outcome.revision}" if outcome.revision is not None else ""
    parts = [part for part in (revision, written or "nothing to write", workloads) if part]
    return f"{where}: {', '.join(parts)}"


def _outcome(request: Request, outcomes: Sequence[SiteOutcome]) -> str:
    done = sum(outcome.state in {SiteState.APPLIED, SiteState.UNCHANGED} for outcome in outcomes)
    if not outcomes or not (done or any(outcome.is_begun or outcome.state is SiteState.FAILED for outcome in outcomes)):
        return NOTHING
    planned = "as planned before" if request.rollback else "as planned"
    return f"{done} of {len(outcomes)} {'site is' if len(outcomes) == 1 else 'sites are'} {planned}"


def _step(outcome: SiteOutcome) -> Step:
    is_good = outcome.state in {SiteState.APPLIED, SiteState.UNCHANGED}
    state = State.PASSED if is_good else State.UNCHECKED if outcome.state is SiteState.UNREACHABLE else State.FAILED
    return Step(outcome.folder.key, state, "" if is_good else _told_of(outcome), "site")


def _data(outcome: SiteOutcome) -> Mapping[str, Any]:
    return {
        "site": outcome.folder.key,
        "cluster": outcome.folder.cluster,
        "state": str(outcome.state),
        "digest": outcome.folder.digest,
        "revision": outcome.revision,
        "changes": changes_data(outcome.changes),
        "workloads": [
            {"kind": state.kind, "name": state.name, "ready": state.ready, "wanted": state.wanted}
            for state in outcome.workloads
        ],
    }
