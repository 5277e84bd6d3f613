"""A site as KubeFATE's service has it, and as it is in its cluster where a context leads there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from planner.checks.drifted import drifted
from planner.checks.not_applied import not_applied
from planner.checks.orphaned_job import orphaned_job
from planner.checks.release_left_behind import release_left_behind
from planner.diagnostics import Diagnostic
from planner.wording import duration, spoken
from renderers.cluster import installed, patience, record, rights
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.drift import FieldChange
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import releases
from renderers.cluster.masking import hidden, long_enough, masked
from renderers.cluster.outcomes import Seen
from renderers.cluster.places import Places
from renderers.cluster.record import Record
from renderers.cluster.references import Reference
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.selection import Chosen
from renderers.cluster.status import Drift, Page, SiteStatus
from renderers.kubefate_service.errors import ServiceRefusedError
from renderers.kubefate_service.following import as_workloads, is_well
from renderers.kubefate_service.planned_clusters import PlannedCluster, planned_clusters
from renderers.kubefate_service.preparing import API_VERSION
from renderers.kubefate_service.sessions import Session
from renderers.kubefate_service.shapes import StoredCluster
from renderers.kubefate_service.surveying import Survey, changes, silence, survey

_ENDS: Final[dict[str, record.State]] = {
    "Running": "applied",
    "Unavailable": "applied",
    "Rollback": "failed",
    "Failed": "failed",
}
"""What the service's state of a cluster says of the latest apply; all others are on their way."""
_OTHER: Final = "unknown"
"""The digest of what the service has and nobody here has planned."""
_UNLOOKED: Final = "what really runs is not known: no context of the kubeconfig leads to its cluster"


def observe(session: Session, api: Api | None, chosen: Chosen) -> Seen:
    """Look at everything of a site; nothing is written. Raises ServiceError and ApiError."""
    folder, places = chosen.folder, chosen.places
    deadline = Deadline(patience.PREPARE_SECONDS, session.service.clock)
    history: Sequence[Record] = ()
    if api is not None:
        missing = tuple(rights.missing_rights(api, folder, "status", deadline, places))
        if any(each.is_error for each in missing):
            return Seen(chosen, None, diagnostics=missing)
        history = record.history(api, folder, deadline)
    applied = _applied(api, folder, history, deadline)
    plans = planned_clusters(applied, places, "", api, os.environ, deadline)
    if plans.diagnostics:  # values of secrets that are not known here are not compared
        plans = planned_clusters(applied, places, "", api, None, deadline)
    found = survey(session.service, plans.clusters, deadline)
    drift = tuple(_drift(plans.clusters, found))
    if api is not None:
        latest = next(iter(history), None)
        # What runs is what Helm has: it is compared whether or not the plan at hand is the one that was applied.
        asked = folder if latest is None else replace(folder, digest=latest.digest)
        status = installed.observe(api, asked, latest, deadline, places)
        every = None if status.drift is None else (*drift, *status.drift)
        status = replace(status, folder=folder, drift=every)
        extra = tuple(_left(api, folder, plans.clusters, found, places, deadline))
    else:
        status = _by_the_service(session, folder, places, plans.clusters, found, drift, deadline)
        extra = ()
    told = (
        *_orphans(plans.clusters, found, places),
        *_findings(folder, drift, places, is_applied=api is not None),
        *extra,
    )
    values = long_enough(plans.values)
    diagnostics = masked(dict.fromkeys((*session.diagnostics, *status.diagnostics, *told)), values)
    remarks = (*status.remarks, *(hidden(each, values) for each in _remarks(session, plans.clusters, found)))
    return Seen(chosen, replace(status, diagnostics=diagnostics, remarks=remarks), history, diagnostics)


def _applied(api: Api | None, folder: SiteFolder, history: Sequence[Record], deadline: Deadline) -> SiteFolder:
    """The folder that was applied last, as far as that is known; the one at hand otherwise."""
    latest = next(iter(history), None)
    if api is None or latest is None or latest.digest == folder.digest:
        return folder
    found = record.folder_of(api, folder, latest, deadline)
    return folder if isinstance(found, str) else found


def _drift(clusters: Sequence[PlannedCluster], found: Survey) -> Iterator[Drift]:
    """What the service has other than it was planned."""
    for planned in clusters:
        stored = found.stored(planned)
        fields = () if stored is None else changes(stored, planned)
        if fields:
            each = planned.installation
            yield Drift(Reference(API_VERSION, "Cluster", each.namespace, each.name), fields)


def _findings(folder: SiteFolder, drift: Sequence[Drift], places: Places, *, is_applied: bool) -> Iterator[Diagnostic]:
    for each in drift:
        for change in each.changes:
            found = drifted(places.of_site(), each.what, change.path, change.live, change.desired, folder.key)
            yield found if is_applied else replace(found, message=_other_than_planned(each, change))


def _other_than_planned(drift: Drift, change: FieldChange) -> str:
    """What the service has other than what is planned: what was applied is not known to anybody."""
    if not change.live and not change.desired:
        return f"{spoken(change.path)} of {drift.what} is not as planned"
    live, planned = spoken(change.live) or "absent", spoken(change.desired) or "absent"
    return f"{spoken(change.path)} of {drift.what} is {live}, planned is {planned}"


def _orphans(clusters: Sequence[PlannedCluster], found: Survey, places: Places) -> Iterator[Diagnostic]:
    for planned in clusters:
        for job in found.open_jobs(planned):
            if job.uuid in found.dead:
                silent = duration(silence(job, found).total_seconds())
                yield orphaned_job(places.of_site(), planned.shown, job.uuid, silent)


def _left(
    api: Api,
    folder: SiteFolder,
    clusters: Sequence[PlannedCluster],
    found: Survey,
    places: Places,
    deadline: Deadline,
) -> Iterator[Diagnostic]:
    """Releases that run and that the service does not know."""
    now = releases(api, folder, deadline)
    for planned in clusters:
        each = planned.installation
        if found.stored(planned) is None and now.latest(each) is not None:
            yield release_left_behind(places.of_site(), folder.cluster, each.namespace, each.name)


def _remarks(session: Session, clusters: Sequence[PlannedCluster], found: Survey) -> Iterator[str]:
    """The service, and what it is at."""
    yield f"KubeFATE's service {session.version} at {session.service.url}"
    for planned in clusters:
        stored, job = found.stored(planned), found.at_work(planned)
        if stored is not None:
            yield f"cluster {stored.shown}: {stored.status}, chart {stored.chart} {stored.version}, {stored.uuid}"
        if job is not None:
            last = f": {job.states[-1]}" if job.states else ""
            yield f"job {job.shown} ({job.method}) on {planned.shown} is {job.status}{last}"


# ---------------------------------------------------------------------------------------------------------------------
# Without a context


def _by_the_service(
    session: Session,
    folder: SiteFolder,
    places: Places,
    clusters: Sequence[PlannedCluster],
    found: Survey,
    drift: tuple[Drift, ...],
    deadline: Deadline,
) -> SiteStatus:
    """The status as far as the service can tell it."""
    states: list[WorkloadState] = []
    missing: list[Diagnostic] = []
    known: list[StoredCluster] = []
    for planned in clusters:
        stored = found.stored(planned)
        if stored is None:
            reason = f"KubeFATE's service has no cluster {planned.shown}"
            missing.append(not_applied(places.of_site(), folder.key, folder.cluster, reason))
            continue
        stored = _closer(session, stored, deadline)
        known.append(stored)
        states += as_workloads(stored)
    pages = tuple(Page(each.component, each.host, each.url, folder.address) for each in folder.interfaces)
    return SiteStatus(
        folder=folder,
        server=session.service.url,
        record=_record(folder, clusters, found, known, is_as_planned=not drift and not missing),
        states=tuple(states),
        drift=drift,
        strays=(),
        pages=pages,
        remarks=(_UNLOOKED,),
        diagnostics=tuple(missing),
    )


def _closer(session: Session, stored: StoredCluster, deadline: Deadline) -> StoredCluster:
    """A cluster with what the service finds out about it now; as it was listed where the service cannot."""
    try:
        return session.service.cluster(stored.uuid, deadline)
    except ServiceRefusedError:
        return stored


def _record(
    folder: SiteFolder,
    clusters: Sequence[PlannedCluster],
    found: Survey,
    known: Sequence[StoredCluster],
    *,
    is_as_planned: bool,
) -> Record | None:
    """What the service knows of the latest apply, in the form of the record that a cluster keeps."""
    if not known:
        return None
    first = known[0]
    jobs = [job for job in map(found.last_job, clusters) if job is not None]
    states = [_ENDS.get(each.status, "applied" if is_well(each) else "applying") for each in known]
    state: record.State = "applied"
    if any(found.at_work(each) is not None for each in clusters) or "applying" in states:
        state = "applying"
    elif "failed" in states:
        state = "failed"
    creators = dict.fromkeys(job.creator for job in jobs if job.creator)
    moments = [each.updated or each.created for each in known]
    at = max((each for each in moments if each is not None), default=None)
    return Record(
        revision=first.revision,
        digest=folder.digest if is_as_planned else _OTHER,
        state=state,
        by=f"user {', '.join(creators)} of KubeFATE's service" if creators else "a user of KubeFATE's service",
        at=_stamp(at),
        release=first.version,
        federation=folder.federation,
        site=folder.key,
    )


def _stamp(moment: datetime | None) -> str:
    return "a time that is not known" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
