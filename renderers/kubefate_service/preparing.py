"""Find out what is to be done with a site's clusters, and what forbids it; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from planner.checks.administrator_needed import administrator_needed
from planner.checks.chart_not_at_service import chart_not_at_service
from planner.checks.cluster_elsewhere import cluster_elsewhere
from planner.checks.foreign_namespace import foreign_namespace
from planner.checks.orphaned_job import orphaned_job
from planner.checks.release_left_behind import release_left_behind
from planner.checks.release_missing import release_missing
from planner.checks.release_stuck import release_stuck
from planner.checks.wrong_cluster import wrong_cluster
from planner.diagnostics import Diagnostic
from planner.wording import duration, option
from renderers.cluster import given_secrets, namespaces, patience, record, rights
from renderers.cluster.api import Api
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.cluster_checks import same_server
from renderers.cluster.folder import SiteFolder
from renderers.cluster.given_secrets import Given
from renderers.cluster.helm_releases import NO_RELEASES, Releases, releases_of
from renderers.cluster.outcomes import Options
from renderers.cluster.places import Places
from renderers.cluster.prerequisites import missing_prerequisites
from renderers.cluster.preview import Action, Change
from renderers.cluster.references import Reference
from renderers.kubefate_service.chart_packages import package_of
from renderers.kubefate_service.errors import ServiceRefusedError
from renderers.kubefate_service.for_administrators import commands, given_command
from renderers.kubefate_service.foreseen import is_silent_crash, refusals, unpublished
from renderers.kubefate_service.planned_clusters import PlannedCluster, Plans, planned_clusters
from renderers.kubefate_service.sessions import Session
from renderers.kubefate_service.shapes import Job
from renderers.kubefate_service.surveying import Step, Survey, silence, step_of, survey

API_VERSION: Final = "kubefate"
"""What stands in the place of an API's version for what KubeFATE's service keeps."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known of a site before anything is sent; with an error among the findings it goes no further.

    `api` is None where no context leads to the cluster. `absent` are namespaces that carrying out makes.
    """

    session: Session
    api: Api | None
    context: str
    folder: SiteFolder
    places: Places
    options: Options
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    before: Releases = NO_RELEASES
    last: record.Record | None = None
    absent: tuple[str, ...] = ()
    given: Given = field(default_factory=Given)
    is_whole: bool = False

    @property
    def clock(self) -> Clock:
        """The clock of this operation."""
        return self.session.service.clock

    @property
    def has_errors(self) -> bool:
        """Whether nothing can be done."""
        return any(each.is_error for each in self.diagnostics)

    def found(self, *diagnostics: Diagnostic) -> Ready:
        """The same with more findings."""
        return replace(self, diagnostics=(*self.diagnostics, *diagnostics))

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written: Secrets that are given, charts that are uploaded, and clusters."""
        return (*self.given.changes, *_changes(self.steps))


def make_ready(
    session: Session,
    api: Api | None,
    context: str,
    folder: SiteFolder,
    places: Places,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool,
) -> Ready:
    """Prepare a site. Raises ServiceError and ApiError when what must be asked cannot be."""
    ready = Ready(session, api, context, folder, places, options, session.diagnostics)
    deadline = Deadline(patience.PREPARE_SECONDS, ready.clock)
    plans = planned_clusters(folder, places, options.only, api, environ, deadline)
    if is_trial and plans.diagnostics:
        plans = planned_clusters(folder, places, options.only, api, None, deadline)
        ready = replace(ready, notes=("values of secrets are not compared: not all of them are known here",))
    ready = replace(ready.found(*plans.diagnostics), secrets=plans.values)
    if ready.has_errors:
        return ready
    if api is not None:
        ready = _in_the_cluster(ready, api, environ, deadline, is_trial=is_trial)
    else:
        ready = _by_the_service(ready, plans, deadline)
    if ready.has_errors:
        return ready
    return _compared(ready, plans.clusters, deadline, is_trial=is_trial)


# ---------------------------------------------------------------------------------------------------------------------
# The cluster


def _in_the_cluster(ready: Ready, api: Api, environ: Mapping[str, str], deadline: Deadline, *, is_trial: bool) -> Ready:
    """What the cluster itself says: namespaces, rights, what must be there, which releases are."""
    folder, places = ready.folder, ready.places
    if folder.server is not None and not same_server(folder.server, api.server):
        return ready.found(
            wrong_cluster(places.of_cluster("server"), folder.cluster, api.context, folder.server, api.server)
        )
    allowed = rights.examine_rights(api, folder, "status" if is_trial else "apply", deadline)
    ready = ready.found(*rights.judge_rights(api.user, folder, allowed, places))
    if ready.has_errors:
        return ready
    spaces = namespaces.check_namespaces(api, folder, deadline, places)
    ready = ready.found(*spaces.diagnostics, *missing_prerequisites(api, folder, deadline, places))
    given = given_secrets.look(api, folder, environ, deadline, places)
    ready = ready.found(*(() if is_trial else given.diagnostics))
    wanted = folder.chosen(ready.options.only)
    records = record.history(api, folder, deadline)
    made = tuple(f"namespace {name} is made first" for name in spaces.missing)
    return replace(
        ready,
        before=releases_of(api, wanted, deadline),
        last=next(iter(records), None),
        absent=spaces.missing,
        given=given,
        secrets=(*ready.secrets, *given.values),
        notes=(*ready.notes, *made, *allowed.restrictions, *(() if is_trial else given.notes)),
    )


def _by_the_service(ready: Ready, plans: Plans, deadline: Deadline) -> Ready:
    """What the service can say of its cluster where no context leads there: which namespaces there are."""
    folder, place = ready.folder, ready.places.of_namespace()
    try:
        known = {each.name for each in ready.session.service.namespaces(deadline)}
    except ServiceRefusedError as refusal:
        who = "this service cannot" if refusal.is_absent_route else f"the service does not ({refusal.message})"
        return replace(ready, notes=(*ready.notes, f"{who} tell whether the namespaces are there"))
    for name in dict.fromkeys(each.installation.namespace for each in plans.clusters):
        if name not in known:
            specs = [each.data for each in plans.clusters if each.installation.namespace == name]
            told = commands(name, folder.prerequisites, specs, folder.given)
            ready = ready.found(administrator_needed(place, folder.cluster, name, told))
    return replace(ready, notes=(*ready.notes, *_unseen(folder, known)))


def _unseen(folder: SiteFolder, spaces: Collection[str]) -> Iterator[str]:
    """What must be in these namespaces, which nobody can look into without a context."""
    for given in folder.given:
        if given.namespace in spaces:
            what = f"Secret {given.namespace}/{given.name}"
            yield f"{what} is not made, as no context leads to its cluster; where it is missing: {given_command(given)}"
    for each in folder.prerequisites:
        if each.kind != "Namespace" and each.namespace in spaces and not given_secrets.is_given(folder, each):
            yield f"{each.kind} {each.namespace}/{each.name} must be there: {each.reason}"


# ---------------------------------------------------------------------------------------------------------------------
# The service


def _compared(ready: Ready, clusters: Sequence[PlannedCluster], deadline: Deadline, *, is_trial: bool) -> Ready:
    """What the service has, and what is to be done to have what is planned; in a trial no chart is looked for."""
    found = survey(ready.session.service, clusters, deadline)
    steps = tuple(step_of(each, found) for each in clusters)
    for step in steps:
        ready = ready.found(*_findings(ready, step, found, clusters))
        ready = replace(ready, notes=(*ready.notes, *_notes(ready, step)))
    if not is_trial:
        ready, steps = _charts(ready, steps, deadline)
    return replace(ready, steps=steps, is_whole=True)


def _findings(ready: Ready, step: Step, found: Survey, clusters: Sequence[PlannedCluster]) -> Iterator[Diagnostic]:
    """What is in the way of one cluster, or beside it."""
    folder, place, planned = ready.folder, ready.places.of_site(), step.planned
    for job in found.open_jobs(planned):
        if job.uuid in found.dead:
            silent = duration(silence(job, found).total_seconds())
            yield orphaned_job(place, planned.shown, job.uuid, silent)
    for other in found.elsewhere(planned):
        yield cluster_elsewhere(place, folder.cluster, other.shown, other.uuid)
    beside = found.beside(planned, clusters)
    if beside is not None and step.stored is None:
        owner = f"the KubeFATE cluster {beside.name} of the same chart"
        space = planned.installation.namespace
        yield foreign_namespace(ready.places.of_namespace(), space, folder.cluster, owner, folder.key)
    if step.stored is None and step.job is None and ready.before.latest(planned.installation) is not None:
        each = planned.installation
        yield release_left_behind(place, folder.cluster, each.namespace, each.name)
    if ready.api is not None and step.stored is not None and step.job is None and not step.is_anew:
        yield from _release_findings(ready, planned)
    if step.stored is not None and step.action is not Action.KEEP and not step.is_anew:
        yield from refusals(step.stored, planned, place, ready.session.version)


def _release_findings(ready: Ready, planned: PlannedCluster) -> Iterator[Diagnostic]:
    """What is wrong with the release of a cluster that the service has: it would fail to update it."""
    each, place = planned.installation, ready.places.of_site()
    latest = ready.before.latest(each)
    if latest is None and not ready.before.why_unseen(each):
        found = release_missing(place, each.namespace, each.name)
        hint = (
            f"KubeFATE's service has it all the same: see that context {ready.context} leads to the service's cluster; "
            f"if somebody has uninstalled it, `invoke remove {option(ready.folder.key)}` lets the service forget it"
        )
        yield replace(found, hint=hint)
    elif latest is not None and latest.is_pending:
        begun = record.moment(latest.recorded) if latest.recorded else ""
        yield release_stuck(place, each.namespace, each.name, latest.status, latest.revision, begun)


def _notes(ready: Ready, step: Step) -> Iterator[str]:
    """What the operator should know of one cluster before saying yes."""
    shown = step.planned.shown
    if step.job is not None:
        yield f"the service works on {shown} (job {step.job.shown}, {_doing(step.job)}): it is followed first"
    if step.is_anew:
        status = step.stored.status if step.stored is not None else ""
        yield f"{shown} stays {status} and nobody works on it: it is deleted in the service and installed anew"
    if step.is_again and step.stored is not None:
        yield f"{shown} is {step.stored.status}, so it may be other than the service says: it is sent again as planned"
    if step.action is Action.UPDATE and step.stored is not None and step.stored.spec is None:
        yield f"the service does not tell what {shown} was installed with: all of it is sent again"
    crash = is_silent_crash(step.planned.installation.chart)
    if step.action is Action.UPDATE and crash and ready.session.version == "v1.4.5":
        yield crash


def _doing(job: Job) -> str:
    return {"ClusterInstall": "installs it", "ClusterUpdate": "updates it", "ClusterDelete": "deletes it"}.get(
        job.method, "works on it"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Charts


def _charts(ready: Ready, steps: tuple[Step, ...], deadline: Deadline) -> tuple[Ready, tuple[Step, ...]]:
    """The steps with the packages that they upload, and a finding for each chart that nobody has."""
    if all(step.action is Action.KEEP for step in steps):
        return ready, steps
    kept = {(each.name, each.version) for each in ready.session.service.charts(deadline)}
    done: list[Step] = []
    for step in steps:
        wanted = step.planned.installation
        if step.action is Action.KEEP or (wanted.chart, wanted.version) in kept:
            done.append(step)
            continue
        found = package_of(ready.options.charts or ready.folder.charts, wanted.chart, wanted.version)
        if not isinstance(found, str):
            done.append(replace(step, package=found))
            continue
        reason = "which was never published" if unpublished(wanted.chart, wanted.version) else ""
        if reason or (found and ready.options.charts):
            why = "; ".join(each for each in (reason, found) if each)
            problem = chart_not_at_service(
                ready.places.of_site(), ready.folder.cluster, wanted.chart, wanted.version, why
            )
            ready = ready.found(problem)
        else:
            told = f"the service must download chart {step.planned.chart}" + (f" ({found})" if found else "")
            ready = replace(ready, notes=(*ready.notes, told))
        done.append(step)
    return ready, tuple(done)


def _changes(steps: Sequence[Step]) -> Iterator[Change]:
    for step in steps:
        if step.package is not None:
            yield Change(Action.CREATE, Reference(API_VERSION, "Chart", "", step.package.file))
    for step in steps:
        each = step.planned.installation
        reference = Reference(API_VERSION, "Cluster", each.namespace, each.name)
        uuid = step.stored.uuid if step.stored is not None else ""
        if step.is_anew:
            yield Change(Action.DELETE, reference, uid=uuid)
        if step.action is not Action.KEEP or step.job is not None:
            yield Change(Action.UPDATE if step.action is Action.KEEP else step.action, reference, step.fields, uuid)
