"""Install what was prepared: helm writes, we wait, and what does not come up is put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from planner.checks.helm_failed import helm_failed, left_as_it_is
from planner.checks.rolled_back import FAULT as ROLLED_BACK
from planner.checks.rolled_back import rolled_back, taken_out
from planner.diagnostics import Diagnostic
from planner.site_json import Installation
from renderers.cluster import given_secrets, installed, lease, patience, record, under_lease
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import HelmRelease, Releases, releases_of
from renderers.cluster.kept_claims import keep_claims
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import SiteOutcome, SiteState
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.waiting import wait
from renderers.helm import releasing
from renderers.helm.preparing import Plan, Ready
from renderers.helm.program import Helm, HelmError
from renderers.helm.stuck_pods import release_stuck

_PENDING_SECONDS: Final = 10.0
"""How long a helm that has outlived its fedplan may go on before it counts as killed."""
_PACE: Final = 1.0


def carry_out(ready: Ready, of: int | None, operator: Operator, display: Display) -> SiteOutcome:
    """Install, wait, and keep the record. Raises ApiError when the cluster goes away for longer than a deadline."""
    api, folder, places = ready.api, ready.folder, ready.places
    if _is_as_planned(ready):
        return _confirmed(ready, display, SiteState.UNCHANGED, ready.last.revision if ready.last else None)

    def write(held: lease.HeldLease, found: tuple[Diagnostic, ...]) -> SiteOutcome:
        return _written(replace(ready, diagnostics=found), of, operator, held, display)

    return under_lease.applied(api, folder, places, operator, ready.last, ready.diagnostics, write)


def _is_as_planned(ready: Ready) -> bool:
    """Whether this very plan was applied, came up, and nothing of it has been changed since."""
    last = ready.last
    is_recorded = last is not None and last.digest == ready.folder.digest and last.state == "applied"
    is_recorded = is_recorded and not ready.given.changes
    return is_recorded and not any(plan.is_due(ready.before.latest(plan.at)) for plan in ready.plans)


@dataclass(slots=True)
class _Run:
    """One apply at work: what it needs everywhere, and the releases that it has written so far."""

    ready: Ready
    helm: Helm
    display: Display
    deadline: Deadline
    written: list[Plan] = field(default_factory=list)

    def releases(self) -> Releases:
        """The site's releases as they are now."""
        return releases_of(self.ready.api, self.ready.folder.chosen(self.ready.options.only), self._brief())

    def _brief(self) -> Deadline:
        return Deadline(patience.WRITE_SECONDS, self.ready.api.clock)


def _written(ready: Ready, of: int | None, operator: Operator, held: lease.HeldLease, display: Display) -> SiteOutcome:
    api, folder = ready.api, ready.folder
    revision = record.begin(api, folder, operator, Deadline(patience.WRITE_SECONDS, api.clock), of=of)
    outcome = _installed(ready, held, display, revision.revision)
    return under_lease.ended(api, folder, ready.places, held, revision, outcome)


def _installed(ready: Ready, held: lease.HeldLease, display: Display, revision: int) -> SiteOutcome:
    """Every installation written by helm, then waited for together; all put back where one does not come up."""
    helm = ready.helm
    assert helm is not None  # noqa: S101 - what is whole has one
    run = _Run(ready, helm, display, Deadline(ready.options.timeout, ready.api.clock))
    problem = given_secrets.write_all(ready.api, ready.given, run.deadline, ready.places) or _write(run, held)
    changed = (*ready.given.changes, *(change for plan in ready.plans for change in plan.writes))
    if held.is_lost:
        return SiteOutcome(ready.folder, SiteState.FAILED, ready.diagnostics, changed, revision=revision)
    if problem is not None:
        found = (*ready.diagnostics, problem, *_put_back(run))
        ended = SiteOutcome(ready.folder, SiteState.FAILED, found, changed, revision=revision)
        return replace(ended, stands=_stands(run, found))
    _release_stuck(run, ready.folder)
    outcome = _confirmed(ready, display, SiteState.APPLIED, revision, run.deadline)
    held.look()
    if outcome.state is SiteState.FAILED and not _has_come_up(outcome.workloads) and not held.is_lost:
        found = (*outcome.diagnostics, *_put_back(run))
        return replace(outcome, diagnostics=found, stands=_stands(run, found))
    return outcome


def _stands(run: _Run, found: Sequence[Diagnostic]) -> str:
    """How the site stands after what was written had to be put back; empty where nothing was."""
    if not any(each.fault == ROLLED_BACK for each in found):
        return ""
    is_first = all(run.ready.before.deployed(plan.at) is None for plan in run.written)
    return "it was the first installation, and was taken out again" if is_first else "what ran before was put back"


def _write(run: _Run, held: lease.HeldLease) -> Diagnostic | None:
    """Let helm write one release after the other; the finding that stopped it."""
    ready, place = run.ready, run.ready.places.of_site()
    for plan in ready.plans:
        held.look()
        if held.is_lost:
            return None
        latest = _unlocked(run, plan.at)
        if not plan.is_due(latest):
            continue
        number = len(plan.writes)
        run.display.step(f"{run.helm.label}: release {plan.at.name}, {number} object{'s' * (number != 1)}")
        run.written.append(plan)
        try:
            releasing.upgrade(run.helm, plan.part.chart, plan.at, ready.context, plan.values, run.deadline)
        except HelmError as error:
            what = f"{'upgrade' if latest is not None else 'install'} {plan.at.name}"
            return helm_failed(place, what, str(error))
    return None


def _unlocked(run: _Run, at: Installation) -> HelmRelease | None:
    """The latest revision of a release, once no helm works on it: what a killed one has left half written is forgotten.

    A helm that has outlived the fedplan that started it gets a while to end.
    """
    api = run.ready.api
    end = Deadline(min(_PENDING_SECONDS, run.deadline.left), api.clock)
    latest = run.releases().latest(at)
    while latest is not None and latest.is_pending:
        if not end.wait(_PACE):
            run.display.step(f"release {at.name}: revision {latest.revision}, which was not finished, is forgotten")
            releasing.forget(api, latest, Deadline(patience.WRITE_SECONDS, api.clock))
        latest = run.releases().latest(at)
    return latest


def _put_back(run: _Run) -> Iterator[Diagnostic]:
    """What ran before is put back; a first installation is taken out again, but for its claims."""
    ready, place = run.ready, run.ready.places.of_site()
    for plan in reversed(run.written):
        before = ready.before.deployed(plan.at)
        end = Deadline(patience.WRITE_SECONDS, ready.api.clock)
        now = run.releases().latest(plan.at)
        if now is None:
            continue
        try:
            if before is None:
                run.display.step(f"release {plan.at.name} is taken out again")
                keep_claims(ready.api, now, end)
                releasing.uninstall(run.helm, plan.at, ready.context, end)
                yield taken_out(place, plan.at.name)
            elif now.revision != before.revision:
                run.display.step(f"release {plan.at.name}: revision {before.revision} is put back")
                releasing.roll_back(run.helm, plan.at, ready.context, before.revision, end)
                after = run.releases().latest(plan.at)
                yield rolled_back(place, plan.at.name, before.revision, after.revision if after else 0)
        except HelmError as error:
            yield left_as_it_is(place, f"put {plan.at.name} back", str(error))
    _await_again(run)


def _await_again(run: _Run) -> None:
    """Let the operator see how what was put back comes up; that it does not is no news."""
    ready = run.ready
    found = run.releases()
    folder = installed.as_folder(replace(ready.folder, objects=()), found).folder
    if folder.objects:
        _release_stuck(run, folder)
        wait(ready.api, folder, Deadline(min(patience.WRITE_SECONDS, ready.options.timeout)), run.display, ready.places)


def _release_stuck(run: _Run, folder: SiteFolder) -> None:
    """See to it that no StatefulSet waits for a pod that can never be ready."""
    gone = release_stuck(run.ready.api, folder, Deadline(patience.WRITE_SECONDS, run.ready.api.clock))
    if gone:
        run.display.step(f"deleted, since they could never be ready: pods {', '.join(gone)}")


def _confirmed(
    ready: Ready, display: Display, state: SiteState, revision: int | None, deadline: Deadline | None = None
) -> SiteOutcome:
    """Whether it really runs, and runs with what was written."""
    api, folder = ready.api, ready.folder
    end = deadline or Deadline(ready.options.timeout, api.clock)
    wanted = folder.chosen(ready.options.only)
    seen = installed.confirm(api, folder, wanted, ready.before, end, display, ready.places)
    if any(each.is_error for each in seen.diagnostics) or not _has_come_up(seen.states):
        state = SiteState.FAILED
    changed = (*ready.given.changes, *(change for plan in ready.plans for change in plan.writes))
    found = (*ready.diagnostics, *seen.diagnostics)
    return SiteOutcome(folder, state, found, changed, tuple(seen.states), revision)


def _has_come_up(states: tuple[WorkloadState, ...]) -> bool:
    return all(state.is_ready for state in states)
