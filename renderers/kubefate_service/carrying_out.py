"""Have the service do what was prepared, follow it, and end with what really runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from planner.checks.chart_not_at_service import chart_not_at_service
from planner.checks.not_confirmed import without_context
from planner.checks.orphaned_job import orphaned_job
from planner.checks.refused_by_service import crashed, refused_by_service
from planner.checks.rollout_overdue import rollout_overdue
from planner.checks.service_job_failed import service_job_failed
from planner.checks.service_job_goes_on import FAULT as GOES_ON
from planner.checks.service_job_goes_on import service_job_goes_on, works_in_vain
from planner.diagnostics import Diagnostic
from planner.wording import duration
from renderers.cluster import given_secrets, installed, lease, namespaces, patience, record, under_lease
from renderers.cluster.api import Api, ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import SiteOutcome, SiteState
from renderers.cluster.preview import Action
from renderers.cluster.rollout import WorkloadState
from renderers.kubefate_service import shapes
from renderers.kubefate_service.errors import ServiceCrashedError, ServiceError, ServiceRefusedError
from renderers.kubefate_service.following import Followed, as_workloads, follow, is_well, settle
from renderers.kubefate_service.foreseen import is_silent_crash
from renderers.kubefate_service.looking_on import Onlooker, as_it_is
from renderers.kubefate_service.preparing import Ready
from renderers.kubefate_service.shapes import Job, StoredCluster
from renderers.kubefate_service.surveying import Step, step_of, survey

_UNCHANGED: Final = "did not change"
"""The service's words for an update that brings nothing new (section 4)."""
_FETCH_SECONDS: Final = 300.0
"""Seconds in which a service must have fetched a chart from its repository."""
_LAST_LOOK: Final = 20.0
"""Seconds in which pods must show what is wrong with them, when the service was followed for long enough."""
_MOST_ROUNDS: Final = 4
"""Jobs that are followed or begun for one cluster: somebody else's, a deletion of what is half made, and ours."""
_DID_NOT: Final = {
    shapes.INSTALL: "did not install {0}, and took it away again",
    shapes.UPDATE: "did not update {0}",
    shapes.DELETE: "did not delete {0}",
}
_MANAGER: Final = "its upgrade manager (release fate-upgrade-manager in namespace {0}) did not come to its end"
"""Such a job says nothing at all, and leaves its cluster in state Updating (section 5)."""
_BACK: Final = "did not update {0}, and went back to what was installed before"
_FAR_BACK: Final = "did not update {0}, and went back, perhaps to the very first install and not to the last one"


@dataclass(frozen=True, slots=True)
class _End:
    """How the work on one cluster ended: whether anything was begun, and what is wrong."""

    stored: StoredCluster | None = None
    is_begun: bool = False
    problem: Diagnostic | None = None
    goes_on: bool = False
    remarks: tuple[Diagnostic, ...] = ()


def carry_out(ready: Ready, of: int | None, operator: Operator, display: Display) -> SiteOutcome:
    """Do what was prepared. Raises ServiceError and ApiError when the service or the cluster goes away for long."""
    api = ready.api
    if api is None:
        return _ended(ready, _worked(ready, display), display, None)
    if ready.absent:
        display.step(f"making namespace {', '.join(ready.absent)}")
        namespaces.create(api, ready.folder, ready.absent, Deadline(patience.WRITE_SECONDS, api.clock))
    if not ready.changes and _is_recorded(ready):
        revision = ready.last.revision if ready.last is not None else None
        return _ended(ready, (), display, revision)

    def write(held: lease.HeldLease, found: tuple[Diagnostic, ...]) -> SiteOutcome:
        return _recorded(replace(ready, diagnostics=found), api, of, operator, held, display)

    return under_lease.applied(api, ready.folder, ready.places, operator, ready.last, ready.diagnostics, write)


def _recorded(
    ready: Ready, api: Api, of: int | None, operator: Operator, held: lease.HeldLease, display: Display
) -> SiteOutcome:
    """Carry out under the Lease, with a record of it in the cluster."""
    folder = ready.folder
    revision = record.begin(api, folder, operator, Deadline(patience.WRITE_SECONDS, api.clock), of=of)
    refused = given_secrets.write_all(api, ready.given, Deadline(patience.WRITE_SECONDS, api.clock), ready.places)
    if refused is not None:
        record.finish(api, folder, revision, "failed", Deadline(patience.WRITE_SECONDS, api.clock))
        return SiteOutcome(folder, SiteState.FAILED, (*ready.diagnostics, refused), revision=revision.revision)
    outcome = _ended(ready, _worked(ready, display, lambda: _is_lost(held)), display, revision.revision)
    if not held.is_lost and any(found.fault == GOES_ON for found in outcome.diagnostics):
        return outcome  # the record stays "applying": so it is, and the next apply goes on from there
    return under_lease.ended(api, folder, ready.places, held, revision, outcome)


def _is_recorded(ready: Ready) -> bool:
    """Whether the cluster's record says that this very plan was applied and came up."""
    last = ready.last
    return last is not None and last.digest == ready.folder.digest and last.state == "applied"


def _is_lost(held: lease.HeldLease) -> bool:
    held.look()
    return held.is_lost


# ---------------------------------------------------------------------------------------------------------------------
# The clusters, one after the other


def _worked(ready: Ready, display: Display, is_lost: Callable[[], bool] = lambda: False) -> tuple[_End, ...]:
    """Have each cluster as it is planned; the first that fails is the last."""
    ends: list[_End] = []
    deadline = Deadline(ready.options.timeout, ready.clock)
    for step in ready.steps:
        if is_lost():
            break
        end = _have(ready, step, deadline, display)
        ends.append(end)
        if end.problem is not None:
            break
    return tuple(ends)


def _have(ready: Ready, step: Step, deadline: Deadline, display: Display) -> _End:
    """Have one cluster as it is planned: follow what the service is at, then begin what is still to be done."""
    is_begun = False
    remarks: tuple[Diagnostic, ...] = ()
    for _ in range(_MOST_ROUNDS):
        if step.job is None and step.action is Action.KEEP:
            return _End(step.stored, is_begun, remarks=remarks)
        try:
            job = step.job or _begun(ready, step, display)
            if not isinstance(job, Job):
                return _End(step.stored, is_begun, job, remarks=remarks)
            is_begun = True
            followed = _followed(ready, job, step, deadline, display)
            problem = _problem(ready, step, followed, deadline)
            if problem is not None:
                return _End(step.stored, is_begun, problem, problem.fault == GOES_ON, remarks)
            if followed.is_dead:
                display.step(f"nobody works on job {job.shown} any more: looking at what there is")
                remarks += (orphaned_job(ready.places.of_site(), step.planned.shown, job.uuid, ""),)
            step = _anew(ready, step)
        except ServiceError as error:
            error.is_midway = error.is_midway or is_begun
            raise
        if followed.is_good and job.method == shapes.UPDATE and _is_taken_as_told(step):
            return _End(step.stored, is_begun, remarks=remarks)
    return _End(step.stored, is_begun, _not_as_told(ready, step), remarks=remarks)


def _followed(ready: Ready, job: Job, step: Step, deadline: Deadline, display: Display) -> Followed:
    """A job followed to its end. Who stops that stops nothing else, and is told so."""
    display.step(f"following job {job.shown} on {step.planned.shown}")
    try:
        look = _onlooker(ready, step, deadline)
        return follow(ready.session.service, job, step.planned, deadline, display, look)
    except KeyboardInterrupt:
        display.step(f"the service goes on with job {job.shown}: run this again to follow it")
        raise


def _onlooker(ready: Ready, step: Step, deadline: Deadline) -> Callable[[], bool]:
    """What sees whether a job works in vain; without a context nobody does."""
    if ready.api is None:
        return lambda: False
    return Onlooker(ready.api, ready.folder, step.planned.installation, ready.before, deadline).is_in_vain


def _anew(ready: Ready, step: Step) -> Step:
    """The step as the service's books say now."""
    found = survey(ready.session.service, (step.planned,), Deadline(patience.PREPARE_SECONDS, ready.clock))
    return replace(step_of(step.planned, found), package=step.package)


def _is_taken_as_told(step: Step) -> bool:
    """Whether a cluster whose spec the service does not tell was updated: it would be sent for ever otherwise."""
    return step.stored is not None and step.stored.spec is None


def _begun(ready: Ready, step: Step, display: Display) -> Job | Diagnostic | None:
    """The job that was begun for a step; None where the service has found nothing to do, or why it began none."""
    planned, place, cluster = step.planned, ready.places.of_cluster("kubefate"), ready.folder.cluster
    is_update = step.action is Action.UPDATE
    what = f"the {'deletion' if step.is_anew else 'update' if is_update else 'install'} of {planned.shown}"
    try:
        return _chart_refused(ready, step, display) or _sent(ready, step, display)
    except ServiceCrashedError:
        return crashed(place, cluster, what, is_silent_crash(planned.installation.chart) if is_update else "")
    except ServiceRefusedError as refusal:
        if is_update and _UNCHANGED in refusal.message:
            return None
        return refused_by_service(ready.places.of_site(), cluster, what, refusal.message)


def _sent(ready: Ready, step: Step, display: Display) -> Job:
    """The job that the service begins. Raises ServiceError."""
    service, planned = ready.session.service, step.planned
    deadline = Deadline(patience.WRITE_SECONDS, ready.clock)
    if step.is_anew and step.stored is not None:
        display.step(f"deleting what is half made of {planned.shown}")
        return service.delete(step.stored.uuid, deadline)
    if step.action is Action.CREATE:
        display.step(f"installing {planned.shown}, chart {planned.chart}")
        return service.install(planned.args(), deadline)
    display.step(f"updating {planned.shown}, chart {planned.chart}" + (", again" if step.is_again else ""))
    before = step.stored.spec if step.is_again and step.stored is not None else None
    return service.update(planned.args(before), deadline)


def _chart_refused(ready: Ready, step: Step, display: Display) -> Diagnostic | None:
    """Hand the chart over, or have the service fetch it; why it cannot, before anything is begun."""
    if step.is_anew:
        return None
    if step.package is None:
        is_new = step.stored is None or step.stored.version != step.planned.installation.version
        return _fetched(ready, step, display) if is_new else None
    display.step(f"uploading chart {step.planned.chart}")
    deadline = Deadline(_FETCH_SECONDS, ready.clock)
    try:
        ready.session.service.upload_chart(step.package.file, step.package.data, deadline)
    except ServiceRefusedError as refusal:
        what = f"chart {step.package.file}"
        return refused_by_service(ready.places.of_site(), ready.folder.cluster, what, refusal.message)
    return None


def _fetched(ready: Ready, step: Step, display: Display) -> Diagnostic | None:
    """Have the service fetch a chart before it is needed: that it cannot is then known before anything is begun."""
    wanted = step.planned.installation
    display.step(f"the service looks for chart {step.planned.chart}")
    deadline = Deadline(_FETCH_SECONDS, ready.clock)
    try:
        ready.session.service.values_template_example(wanted.chart, wanted.version, deadline)
    except ServiceRefusedError as refusal:
        if refusal.is_absent_route or isinstance(refusal, ServiceCrashedError) or _is_about_example(refusal.message):
            return None
        why = f"and cannot download it: {refusal.message}"
        place = ready.places.of_site()
        return chart_not_at_service(place, ready.folder.cluster, wanted.chart, wanted.version, why)
    return None


def _is_about_example(message: str) -> bool:
    """Whether it is only the example that a chart does not have."""
    return "example" in message.lower() and "exist" in message.lower()


# ---------------------------------------------------------------------------------------------------------------------
# How a job ended


def _problem(ready: Ready, step: Step, followed: Followed, deadline: Deadline) -> Diagnostic | None:
    """What is wrong with how a job ended, or did not; None where it went well or nobody works on it any more."""
    job, place, shown = followed.job, ready.places.of_site(), step.planned.shown
    if followed.is_good or followed.is_lost or followed.is_dead:
        return None
    if followed.is_in_vain:
        return works_in_vain(place, shown, job.uuid, is_install=job.method == shapes.INSTALL)
    if not job.has_ended:
        last = followed.away or job.last_word
        return service_job_goes_on(place, shown, duration(deadline.elapsed), last, job.uuid)
    if job.method == shapes.DELETE and _is_gone(ready, step):
        return None
    told = _DID_NOT.get(job.method, "did not finish its work on {0}")
    if job.method == shapes.UPDATE and (job.status == "Rollback" or "rollback" in " ".join(job.states).lower()):
        is_later = step.stored is not None and step.stored.revision > 1
        told = _FAR_BACK if is_later and ready.api is None else _BACK
    reason = f"{job.status}: {job.last_word}" if job.last_word else job.status
    is_upgrade = step.stored is not None and step.stored.installed != step.planned.installation.version
    if job.method == shapes.UPDATE and is_upgrade and not job.states:
        reason = f"{job.status}: {_MANAGER.format(step.planned.installation.namespace)}"
    return service_job_failed(place, told.format(shown), reason, job.uuid)


def _is_gone(ready: Ready, step: Step) -> bool:
    """Whether the service does not have a cluster any more, though the job that deleted it failed."""
    deadline = Deadline(patience.PREPARE_SECONDS, ready.clock)
    return survey(ready.session.service, (step.planned,), deadline).stored(step.planned) is None


def _not_as_told(ready: Ready, step: Step) -> Diagnostic | None:
    """Every job has succeeded, and still the service has something other than what is planned."""
    if step.action is Action.KEEP and step.job is None:
        return None
    job = step.job.uuid if step.job is not None else ""
    reason = "all its jobs succeeded, and what it has is still not what is planned"
    return service_job_failed(ready.places.of_site(), f"did not bring {step.planned.shown} about", reason, job)


# ---------------------------------------------------------------------------------------------------------------------
# What really runs


def _ended(ready: Ready, ends: Sequence[_End], display: Display, revision: int | None) -> SiteOutcome:
    """The end of a site: what the service has done, and what the cluster says to it."""
    folder, is_begun = ready.folder, any(each.is_begun for each in ends)
    ready = ready.found(*(remark for each in ends for remark in each.remarks))
    problems = tuple(each.problem for each in ends if each.problem is not None)
    state = SiteState.APPLIED if is_begun or ready.changes or not _is_known(ready) else SiteState.UNCHANGED
    if any(each.goes_on for each in ends):
        states, found = _as_it_is(ready)
        diagnostics = (*ready.diagnostics, *problems, *found)
        return SiteOutcome(folder, SiteState.FAILED, diagnostics, ready.changes, states, revision, is_begun=True)
    states, found = _looked(ready, ends, display, has_failed=bool(problems))
    diagnostics = (*ready.diagnostics, *problems, *found)
    if problems or any(each.is_error for each in found):
        state = SiteState.FAILED
    return SiteOutcome(folder, state, diagnostics, ready.changes, states, revision)


def _as_it_is(ready: Ready) -> tuple[tuple[WorkloadState, ...], tuple[Diagnostic, ...]]:
    """The workloads while the service is still at work on them, where a context leads to them."""
    if ready.api is None:
        return (), ()
    states: list[WorkloadState] = []
    found: list[Diagnostic] = []
    for step in ready.steps:
        deadline = Deadline(_LAST_LOOK, ready.clock)
        with suppress(ApiError):  # that the service goes on is told all the same
            seen = as_it_is(ready.api, ready.folder, step.planned.installation, ready.places, deadline)
            states += seen.states
            found += seen.diagnostics
    return tuple(states), tuple(found)


def _is_known(ready: Ready) -> bool:
    """Whether there is nothing that has to be written down of this apply."""
    return ready.api is None or _is_recorded(ready)


def _looked(
    ready: Ready, ends: Sequence[_End], display: Display, *, has_failed: bool
) -> tuple[tuple[WorkloadState, ...], tuple[Diagnostic, ...]]:
    """What runs: by the cluster where a context leads there, else by the service, which is said."""
    deadline = Deadline(ready.options.timeout, ready.clock)
    if ready.api is not None:
        wanted = tuple(each.planned.installation for each in ready.steps)
        if has_failed:
            wanted = tuple(each for each in wanted if _is_there(ready, each.namespace, each.name))
        if not wanted:
            return (), ()
        seen = installed.confirm(ready.api, ready.folder, wanted, ready.before, deadline, display, ready.places)
        return seen.states, seen.diagnostics
    if has_failed:
        return (), ()
    states: list[WorkloadState] = []
    late: list[Diagnostic] = []
    for step in ready.steps:
        stored = next((each.stored for each in ends if _is_of(each, step)), step.stored)
        if stored is None:
            continue
        found = settle(ready.session.service, stored.uuid, deadline, display) or stored
        states += as_workloads(found)
        late += _late(ready, found, deadline)
    place = ready.places.of_site()
    return tuple(states), (*late, without_context(place, ready.folder.key))


def _is_of(end: _End, step: Step) -> bool:
    each = step.planned.installation
    return end.stored is not None and (end.stored.name, end.stored.namespace) == (each.name, each.namespace)


def _is_there(ready: Ready, namespace: str, name: str) -> bool:
    """Whether the cluster has a release: after a failed install there is none to look at."""
    if ready.api is None:
        return False
    wanted = tuple(each for each in ready.folder.installations if (each.namespace, each.name) == (namespace, name))
    now = installed.releases_of(ready.api, wanted, Deadline(patience.PREPARE_SECONDS, ready.clock))
    return any(now.of(each) for each in wanted)


def _late(ready: Ready, found: StoredCluster, deadline: Deadline) -> Iterator[Diagnostic]:
    """What the service does not find well."""
    waited = duration(deadline.elapsed)
    unwell = [state for state in as_workloads(found) if not state.is_ready]
    for state in unwell:
        place = ready.places.of_object(state.reference)
        counts = str(state.ready), str(state.wanted)
        yield rollout_overdue(place, state.what, *counts, waited, ready.folder.key, state.last_event)
    if not unwell and not is_well(found):
        what = f"KubeFATE's service has {found.shown} as {found.status}, which"
        yield rollout_overdue(ready.places.of_site(), what, "not all", "its", waited, ready.folder.key)
