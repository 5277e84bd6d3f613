"""What the service has of a site's clusters, and what has to be done with each to have it as it is planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from renderers.cluster.clock import Deadline
from renderers.cluster.drift import FieldChange
from renderers.cluster.preview import Action
from renderers.kubefate_service import shapes
from renderers.kubefate_service.api import ServiceApi
from renderers.kubefate_service.chart_packages import Package
from renderers.kubefate_service.planned_clusters import PlannedCluster
from renderers.kubefate_service.shapes import Job, StoredCluster
from renderers.kubefate_service.spec_difference import differences

_TICKING: Final = ("checkout cluster status", "cluster update success", "cluster install success")
"""What a job has said last while it looks every second (installs) or every five (updates) whether all is up."""
_QUIET: Final = timedelta(seconds=60)
_RESTARTED: Final = timedelta(seconds=15)
"""Silence that is enough where the service has let a token of ours die: it has been restarted, and with it its jobs."""
_SILENT: Final = timedelta(minutes=15)
"""Longest silence of a job at work: the upgrade manager is waited for ten minutes without a word."""
_LIMIT: Final = timedelta(hours=1)
_SECOND_LOOK: Final = 6.0
"""Seconds after which a job that somebody works on has been written again."""
_LEFT: Final = ("create cluster error", "update job status to running, ")
"""What a job has said last that went away without a word more (`v1.11.2:k8s-deploy/pkg/job/cluster_install.go`)."""
_AS_TOLD: Final = frozenset({"Running", "Unavailable"})
"""States in which what the service has stored is what it has brought about."""
_AT_REST: Final = frozenset({"Running", "Unavailable", "Rollback", "Failed", "Deleted"})
_HALF_MADE: Final = frozenset({"Pending", "Creating", "Deleting"})
_INSTALLED: Final = "helm install success"


@dataclass(frozen=True, slots=True)
class Survey:
    """The clusters and jobs of a service at one moment, by its own clock. `dead` are jobs that nobody works on."""

    clusters: tuple[StoredCluster, ...]
    jobs: tuple[Job, ...]
    now: datetime
    dead: frozenset[str] = frozenset()
    has_restarted: bool = False

    def stored(self, planned: PlannedCluster) -> StoredCluster | None:
        """The cluster that the service knows by this name in this namespace."""
        each = planned.installation
        return next(
            (found for found in self.clusters if (found.name, found.namespace) == (each.name, each.namespace)), None
        )

    def elsewhere(self, planned: PlannedCluster) -> tuple[StoredCluster, ...]:
        """Clusters of the same name in other namespaces."""
        each = planned.installation
        return tuple(found for found in self.clusters if found.name == each.name and found.namespace != each.namespace)

    def beside(self, planned: PlannedCluster, ours: Sequence[PlannedCluster]) -> StoredCluster | None:
        """A cluster of the same chart in the same namespace, whose objects have the same names."""
        names = {(each.installation.name, each.installation.namespace) for each in ours}
        each = planned.installation
        same = (found for found in self.clusters if (found.namespace, found.chart) == (each.namespace, each.chart))
        return next((found for found in same if (found.name, found.namespace) not in names), None)

    def open_jobs(self, planned: PlannedCluster) -> Iterator[Job]:
        """The jobs on a cluster that have not ended, the youngest first; whoever began them."""
        stored = self.stored(planned)
        for job in reversed(self.jobs):
            if not job.has_ended and _is_on(job, planned, stored):
                yield job

    def at_work(self, planned: PlannedCluster) -> Job | None:
        """The job that the service works on for a cluster; None where it works on none."""
        return next((job for job in self.open_jobs(planned) if job.uuid not in self.dead), None)

    def last_job(self, planned: PlannedCluster) -> Job | None:
        """The job that was begun last for a cluster."""
        stored = self.stored(planned)
        return next((job for job in reversed(self.jobs) if _is_on(job, planned, stored)), None)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one cluster. `is_anew` says that what the service has half made is taken away first.

    `is_again` says that what is planned is what the service has stored, and is sent again: a job that was cut off, or
    rolled back, may have left something else (section 6.2).
    """

    planned: PlannedCluster
    stored: StoredCluster | None
    job: Job | None
    action: Action
    fields: tuple[FieldChange, ...] = ()
    is_anew: bool = False
    is_again: bool = False
    package: Package | None = None


def survey(service: ServiceApi, planned: Sequence[PlannedCluster], deadline: Deadline) -> Survey:
    """Look at the service. What seems to be dead is looked at twice."""
    found = _once(service, deadline)
    doubtful = {job.uuid: job for each in planned for job in found.open_jobs(each) if is_silent(job, found, each)}
    if not doubtful:
        return found
    deadline.wait(_SECOND_LOOK)
    again = _once(service, deadline)
    still = {job.uuid: job for job in again.jobs if job.uuid in doubtful and not job.has_ended}
    dead = {uuid for uuid, job in still.items() if (job.updated, job.states) == _heard(doubtful[uuid])}
    return replace(again, dead=frozenset(dead))


def _once(service: ServiceApi, deadline: Deadline) -> Survey:
    clusters, jobs = service.clusters(deadline), service.jobs(deadline)
    return Survey(clusters, jobs, service.now, has_restarted=service.has_restarted)


def _heard(job: Job) -> tuple[datetime | None, tuple[str, ...]]:
    return job.updated, job.states


def is_silent(job: Job, found: Survey, planned: PlannedCluster) -> bool:
    """Whether a job that has not ended says too little for one that somebody works on."""
    if job.has_ended:
        return False
    if job.states and job.states[-1].lower().startswith(_LEFT):
        return True
    if job.updated is None:
        return job.started is not None and found.now - job.started > (job.limit or _LIMIT)
    quiet = found.now - job.updated
    if quiet > _SILENT:
        return True
    stored = found.stored(planned)
    is_ticking = bool(job.states) and job.states[-1].lower().startswith(_TICKING)
    return quiet > (_RESTARTED if found.has_restarted else _QUIET) and (
        is_ticking or (stored is not None and stored.status in _AT_REST)
    )


def silence(job: Job, found: Survey) -> timedelta:
    """How long nothing was heard of a job."""
    return found.now - (job.updated or job.started or found.now)


def step_of(planned: PlannedCluster, found: Survey) -> Step:
    """What is to be done with a cluster as the service has it now."""
    stored, job = found.stored(planned), found.at_work(planned)
    if stored is None:
        return Step(planned, None, job, Action.CREATE)
    if job is None and stored.status in _HALF_MADE and not _has_release(found, planned):
        return Step(planned, stored, None, Action.CREATE, is_anew=True)
    fields = changes(stored, planned)
    if fields or stored.spec is None:
        return Step(planned, stored, job, Action.UPDATE, fields)
    if job is None and stored.status not in _AS_TOLD:
        return Step(planned, stored, None, Action.UPDATE, is_again=True)
    return Step(planned, stored, job, Action.KEEP)


def changes(stored: StoredCluster, planned: PlannedCluster) -> tuple[FieldChange, ...]:
    """What an update would change of what is stored; its version too where the specs do not have it."""
    found = () if stored.spec is None else differences(stored.spec, planned.data, planned.secrets)
    wanted = planned.installation.version
    return found if stored.installed == wanted or _tells(found) else (_of_version(stored, wanted), *found)


def _tells(found: Sequence[FieldChange]) -> bool:
    return any(each.path == "chartVersion" for each in found)


def _of_version(stored: StoredCluster, wanted: str) -> FieldChange:
    return FieldChange("chartVersion", stored.installed, wanted)


def _has_release(found: Survey, planned: PlannedCluster) -> bool:
    """Whether a job that nobody works on any more had come so far that there is something to update."""
    last = found.last_job(planned)
    if last is None or last.method == shapes.DELETE:
        return False
    return last.method == shapes.UPDATE or any(_INSTALLED in each.lower() for each in last.states)


def _is_on(job: Job, planned: PlannedCluster, stored: StoredCluster | None) -> bool:
    each = planned.installation
    if job.name:
        return (job.name, job.namespace) == (each.name, each.namespace)
    return stored is not None and job.cluster_id == stored.uuid
