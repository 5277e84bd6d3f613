"""Take a site's clusters down through KubeFATE's service, and see that nothing of them is left.

The service forgets a cluster even when Helm could not take it down (service-api.md section 6.3), and an update that
loses its cluster spins for ever (`v1.11.2:k8s-deploy/pkg/job/job.go`): so a job at work is seen to its end first, and
where a context leads to the cluster, the cluster has the last word. Volumes stay unless the operator says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from planner.checks.data_kept import data_kept
from planner.checks.kubeconfig_needed import data_not_kept, data_out_of_reach
from planner.checks.not_confirmed import without_context
from planner.checks.object_refused import refused_midway
from planner.checks.release_left_behind import release_left_behind
from planner.checks.service_job_failed import service_job_failed
from planner.checks.service_job_goes_on import service_job_goes_on
from planner.diagnostics import Diagnostic
from planner.wording import duration
from renderers.cluster import patience, under_lease
from renderers.cluster.api import Api
from renderers.cluster.claims_end import delete_claims
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import releases_of
from renderers.cluster.installed import pods_of
from renderers.cluster.kept_claims import keep_claims
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, claims, listed
from renderers.cluster.references import Reference, reference
from renderers.cluster.selection import Chosen
from renderers.kubefate_service import shapes
from renderers.kubefate_service.errors import ServiceError, ServiceRefusedError
from renderers.kubefate_service.following import follow
from renderers.kubefate_service.foreseen import version_order
from renderers.kubefate_service.planned_clusters import FATE, PlannedCluster, planned_clusters
from renderers.kubefate_service.preparing import API_VERSION
from renderers.kubefate_service.sessions import Session
from renderers.kubefate_service.shapes import Job, StoredCluster
from renderers.kubefate_service.surveying import Survey, survey

_POLL: Final = 1.0
_CLAIMS_APART: Final = "v1.9.0"
"""The first chart fate whose claims are made by StatefulSets, and stay when it goes (helm-direct.md section 4)."""
_DEEPEST: Final = 4
_NOT_FOUND: Final = "release: not found"
"""Helm's words for what is gone already."""


def to_remove(session: Session, api: Api | None, chosen: Chosen, options: Options) -> tuple[Change, ...]:
    """The clusters of a site that would go, and the claims where the operator says so."""
    deadline = Deadline(patience.PREPARE_SECONDS, session.service.clock)
    found, clusters = _looked(session, api, chosen, options, deadline)
    return tuple(_changes(api, chosen.folder, found, clusters, options, deadline))


def remove(
    session: Session, api: Api | None, chosen: Chosen, options: Options, operator: Operator, display: Display
) -> SiteOutcome:
    """Take a site down. Raises ServiceError and ApiError when the service or the cluster goes away."""
    folder, places = chosen.folder, chosen.places
    deadline = Deadline(patience.PREPARE_SECONDS, session.service.clock)
    found, clusters = _looked(session, api, chosen, options, deadline)
    changes = tuple(_changes(api, folder, found, clusters, options, deadline))
    there = [each for each in clusters if found.stored(each) is not None]
    if not there and (api is None or not (changes or _left(api, folder, clusters, places, deadline))):
        return SiteOutcome(folder, SiteState.UNCHANGED, session.diagnostics)

    def take_down() -> SiteOutcome:
        return _removed(session, api, chosen, options, display, changes)

    if api is not None:
        outcome = under_lease.removed(api, folder, places, options, operator, take_down)
    elif refused := tuple(_out_of_reach(folder, places, there, found, options)):
        outcome = SiteOutcome(folder, SiteState.REFUSED, refused)
    else:
        outcome = take_down()
    return replace(outcome, diagnostics=(*session.diagnostics, *outcome.diagnostics))


def _looked(
    session: Session, api: Api | None, chosen: Chosen, options: Options, deadline: Deadline
) -> tuple[Survey, tuple[PlannedCluster, ...]]:
    """What the service has of a site's clusters; the last one installed goes first. No secret is needed for it."""
    plans = planned_clusters(chosen.folder, chosen.places, options.only, api, None, deadline)
    clusters = tuple(reversed(plans.clusters))
    return survey(session.service, clusters, deadline), clusters


def _changes(
    api: Api | None,
    folder: SiteFolder,
    found: Survey,
    clusters: Sequence[PlannedCluster],
    options: Options,
    deadline: Deadline,
) -> Iterator[Change]:
    for each in clusters:
        stored = found.stored(each)
        if stored is not None:
            yield Change(
                Action.DELETE, Reference(API_VERSION, "Cluster", stored.namespace, stored.name), (), stored.uuid
            )
    if api is not None and options.delete_data:
        for document in claims(api, folder, deadline):
            yield Change(Action.DELETE, reference(document), uid=document["metadata"].get("uid", ""))


def _out_of_reach(
    folder: SiteFolder, places: Places, there: Sequence[PlannedCluster], found: Survey, options: Options
) -> Iterator[Diagnostic]:
    """What cannot be kept, or not be deleted, without looking into the cluster."""
    place = places.of_cluster("context")
    for each in there:
        stored = found.stored(each)
        if options.delete_data:
            yield data_out_of_reach(place, folder.cluster, each.installation.namespace, each.installation.name)
        elif stored is not None and _takes_claims(stored, each.data):
            yield data_not_kept(place, folder.cluster, each.shown, f"{stored.chart} {stored.version}")


def _takes_claims(stored: StoredCluster, planned: Mapping[str, Any]) -> bool:
    """Whether the claims of a cluster are among the objects of its chart, and go when the service deletes it."""
    version, since = version_order(stored.version), version_order(_CLAIMS_APART)
    is_apart = stored.chart == FATE and version is not None and since is not None and version >= since
    return not is_apart and _persists(stored.spec if stored.spec is not None else planned)


def _persists(node: Any, depth: int = 0) -> bool:
    """Whether a cluster.yaml keeps anything in volumes."""
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return isinstance(node, list) and depth <= _DEEPEST and any(_persists(each, depth + 1) for each in node)
    return node.get("persistence") is True or any(_persists(each, depth + 1) for each in node.values())


# ---------------------------------------------------------------------------------------------------------------------
# Taking it down


def _removed(
    session: Session,
    api: Api | None,
    chosen: Chosen,
    options: Options,
    display: Display,
    changes: tuple[Change, ...],
) -> SiteOutcome:
    folder, places = chosen.folder, chosen.places
    deadline = Deadline(options.timeout, session.service.clock)
    found, clusters = _looked(session, api, chosen, options, Deadline(patience.PREPARE_SECONDS, session.service.clock))
    for planned in clusters:
        problem = _gone(session, api, places, planned, found, options, deadline, display)
        if problem is not None:
            return SiteOutcome(folder, SiteState.FAILED, (problem,), changes, is_begun=True)
    if api is None:
        told = without_context(places.of_site(), folder.key)
        return SiteOutcome(folder, SiteState.REMOVED, (told,), changes)
    left = _left(api, folder, clusters, places, Deadline(patience.PREPARE_SECONDS, api.clock)) or _await_end(
        api, folder, places, deadline, display
    )
    if left:
        return SiteOutcome(folder, SiteState.FAILED, left, changes, is_begun=True)
    if options.delete_data:
        end = Deadline(max(deadline.left, patience.WRITE_SECONDS), api.clock)
        unended = delete_claims(api, folder, places, display, end)
        if unended is not None:
            return SiteOutcome(folder, SiteState.FAILED, (unended,), changes, is_begun=True)
    elif kept := claims(api, folder, Deadline(patience.PREPARE_SECONDS, api.clock)):
        told = data_kept(places.of_site(), folder.key, listed(map(reference, kept)), folder.cluster)
        return SiteOutcome(folder, SiteState.REMOVED, (told,), changes)
    return SiteOutcome(folder, SiteState.REMOVED, (), changes)


def _gone(
    session: Session,
    api: Api | None,
    places: Places,
    planned: PlannedCluster,
    found: Survey,
    options: Options,
    deadline: Deadline,
    display: Display,
) -> Diagnostic | None:
    """Have the service delete one cluster; what is wrong where it still has it afterwards."""
    stored, job = found.stored(planned), found.at_work(planned)
    is_begun = False
    try:
        if job is not None:
            is_begun = True
            ended = _ended(session, planned, job, deadline, display)
            if not ended.has_ended:
                waited = duration(deadline.elapsed)
                return service_job_goes_on(places.of_site(), planned.shown, waited, ended.last_word, ended.uuid)
            stored = _now(session, planned).stored(planned)
        if stored is None:
            return None
        if api is not None and not options.delete_data:
            _keep_claims(api, planned, display)
        display.step(f"deleting {planned.shown}")
        begun = session.service.delete(stored.uuid, Deadline(patience.WRITE_SECONDS, deadline.clock))
        is_begun = True
        followed = follow(session.service, begun, planned, deadline, display)
        left = _now(session, planned).stored(planned)
    except ServiceRefusedError as refusal:
        return service_job_failed(places.of_site(), f"does not delete {planned.shown}", refusal.message, "")
    except ServiceError as error:
        error.is_midway = error.is_midway or is_begun
        raise
    if left is None:
        is_doubtful = api is None and followed.job.status == "Failed" and _NOT_FOUND not in followed.job.last_word
        told = f"forgot {planned.shown}, and may have left its Helm release behind"
        last = followed.job.last_word
        return service_job_failed(places.of_site(), told, last, begun.uuid) if is_doubtful else None
    if not followed.job.has_ended and not followed.is_dead:
        waited = duration(deadline.elapsed)
        return service_job_goes_on(places.of_site(), planned.shown, waited, followed.job.last_word, begun.uuid)
    return service_job_failed(places.of_site(), f"did not delete {planned.shown}", followed.job.last_word, begun.uuid)


def _ended(session: Session, planned: PlannedCluster, job: Job, deadline: Deadline, display: Display) -> Job:
    """A job that was at work as it ended: one that installs is stopped, any other is waited for."""
    if job.method == shapes.INSTALL:
        display.step(f"stopping the install of {planned.shown}")
        try:
            session.service.stop_job(job.uuid, Deadline(patience.WRITE_SECONDS, deadline.clock))
        except ServiceRefusedError:  # it has ended meanwhile, or this generation cannot stop a job
            display.step(f"waiting for job {job.shown}")
    return follow(session.service, job, planned, deadline, display).job


def _now(session: Session, planned: PlannedCluster) -> Survey:
    return survey(session.service, (planned,), Deadline(patience.PREPARE_SECONDS, session.service.clock))


def _keep_claims(api: Api, planned: PlannedCluster, display: Display) -> None:
    """Take the claims out of what Helm would delete."""
    deadline = Deadline(patience.WRITE_SECONDS, api.clock)
    latest = releases_of(api, (planned.installation,), deadline).latest(planned.installation)
    names = keep_claims(api, latest, deadline) if latest is not None else ()
    if names:
        display.step(f"keeping {', '.join(names)}")


def _left(
    api: Api, folder: SiteFolder, clusters: Sequence[PlannedCluster], places: Places, deadline: Deadline
) -> tuple[Diagnostic, ...]:
    """Releases that are in the cluster though the service has forgotten theirs."""
    now = releases_of(api, [each.installation for each in clusters], deadline)
    wanted = (each.installation for each in clusters if now.latest(each.installation) is not None)
    return tuple(
        release_left_behind(places.of_site(), folder.cluster, each.namespace, each.name, is_removed=True)
        for each in wanted
    )


def _await_end(
    api: Api, folder: SiteFolder, places: Places, deadline: Deadline, display: Display
) -> tuple[Diagnostic, ...]:
    """Wait until no pod of the site is there any more; the finding where that does not come."""
    while pods := pods_of(api, folder, Deadline(patience.PREPARE_SECONDS, api.clock)):
        display.step(f"waiting for the end of its pods, {len(pods)} left")
        if not deadline.wait(_POLL):
            return (refused_midway(places.of_site(), f"Pod {pods[0]}", "it does not end", folder.key),)
    return ()
