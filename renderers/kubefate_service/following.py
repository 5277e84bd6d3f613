"""Follow a job of the service to its end, whatever happens to the connection meanwhile.

A service that does not answer for a while is waited for; one that was restarted is logged in to again, and its job,
on which nobody works any more, is told from one at work by its silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.references import Reference
from renderers.cluster.rollout import Phase, WorkloadState
from renderers.kubefate_service.api import ServiceApi
from renderers.kubefate_service.errors import (
    ServiceCrashedError,
    ServiceError,
    ServiceRefusedError,
    ServiceUnreachableError,
)
from renderers.kubefate_service.planned_clusters import PlannedCluster
from renderers.kubefate_service.shapes import INSTALL, Info, Job, Module, StoredCluster, SubJob
from renderers.kubefate_service.surveying import survey

PACE: Final = 1.5
"""Seconds between two looks."""
_LOOK_SECONDS: Final = 30.0
"""Characters of a job's uuid that people compare."""
_SUSPICION: Final = 60.0
"""Seconds without news after which it is asked whether anybody works on a job."""
_AFTER_RESTART: Final = 20.0
_CLEANING: Final = 20.0
"""Seconds in which the service cleans up after an install that failed."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A job as it was seen last. `is_lost` says that the service has forgotten it, `is_dead` that nobody works on it.

    `away` says why the service could not be asked any more; empty where it answered to the end. `is_in_vain` says that
    what it waits for cannot come up.
    """

    job: Job
    is_lost: bool = False
    is_dead: bool = False
    is_in_vain: bool = False
    away: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the service says that it succeeded."""
        return self.job.status == "Success"


def follow(
    service: ServiceApi,
    job: Job,
    planned: PlannedCluster,
    deadline: Deadline,
    display: Display,
    is_in_vain: Callable[[], bool] = lambda: False,
) -> Followed:
    """Follow a job until it has ended, nobody works on it any more, it works in vain, or the deadline is over.

    Raises ServiceLoginRefusedError when the service does not let us in any more.
    """
    watch = _Watch(service, planned, deadline, display, job)
    while True:
        if not watch.look():
            return Followed(watch.seen, is_lost=True)
        if watch.seen.has_ended:
            watch.hear_out()
            return Followed(watch.seen)
        if watch.is_dead():
            return Followed(watch.seen, is_dead=True)
        if is_in_vain():
            return Followed(watch.seen, is_in_vain=True)
        if not deadline.wait(PACE):
            return Followed(watch.seen, away=watch.away)


@dataclass(slots=True)
class _Watch:
    """A job as it was seen last, what was told of it, and when it was heard of last."""

    service: ServiceApi
    planned: PlannedCluster
    deadline: Deadline
    display: Display
    seen: Job
    away: str = ""
    _news: str = ""
    _heard: float = 0.0

    def look(self) -> bool:
        """Look at the job; whether the service still knows it. One that does not answer is asked again later."""
        try:
            self.seen = self.service.job(self.seen.uuid, self._soon())
        except ServiceCrashedError as error:
            self.away = str(error)
        except ServiceRefusedError:
            return False
        except ServiceUnreachableError as error:
            if not self.away:
                self.display.step(f"KubeFATE's service does not answer ({error}): trying again")
            self.away = str(error)
        else:
            self._tell()
        return True

    def hear_out(self) -> None:
        """Wait for why an install failed: the service says so once it has cleaned up (section 6.1)."""
        end = Deadline(_CLEANING, self.deadline.clock)
        while self.seen.method == INSTALL and self.seen.status != "Success" and not self.seen.has_reason:
            if not end.wait(1.0) or not self.look():
                return

    def is_dead(self) -> bool:
        """Whether nobody works on the job any more: asked when nothing new was heard of it for a while."""
        patience = _AFTER_RESTART if self.service.has_restarted else _SUSPICION
        if self.away or self.deadline.elapsed - self._heard < patience:
            return False
        self._heard = self.deadline.elapsed
        try:
            found = survey(self.service, (self.planned,), self._soon())
        except ServiceError:
            return False
        return self.seen.uuid in found.dead

    def _tell(self) -> None:
        """Show what is new."""
        if self.away:
            self.display.step("KubeFATE's service answers again")
        self.away = ""
        told = _news(self.seen)
        if told != self._news:
            self._news, self._heard = told, self.deadline.elapsed
            self.display.step(told)
        states = workloads(self.seen.sub_jobs, self.planned.installation.namespace)
        if states:
            self.display.workloads(states)

    def _soon(self) -> Deadline:
        return Deadline(min(_LOOK_SECONDS, max(1.0, self.deadline.left)), self.deadline.clock)


def settle(service: ServiceApi, uuid: str, deadline: Deadline, display: Display) -> StoredCluster | None:
    """The cluster once the service finds all of it well, or as it is at the deadline; None where it is gone.

    That is all that can be known without looking at the cluster itself.
    """
    found: StoredCluster | None = None
    while True:
        try:
            found = service.cluster(uuid, Deadline(min(_LOOK_SECONDS, max(1.0, deadline.left)), deadline.clock))
        except ServiceRefusedError:
            return found
        except ServiceUnreachableError:
            if deadline.is_over:
                raise
        else:
            states = as_workloads(found)
            if not all(state.is_ready for state in states):
                display.workloads(states)
            if is_well(found):
                return found
        if not deadline.wait(PACE):
            return found


def is_well(cluster: StoredCluster) -> bool:
    """Whether the service finds all of a cluster well. Its own word for it may have stayed behind after a restart."""
    states = as_workloads(cluster)
    return all(state.is_ready for state in states) if states else cluster.status == "Running"


def workloads(sub_jobs: Sequence[SubJob], namespace: str) -> tuple[WorkloadState, ...]:
    """The sub-jobs of a job as the display shows workloads: the service tells no more than whether each is up."""
    return tuple(
        _state("Deployment", each.name, namespace, each.detail, is_ready=each.status == "Success") for each in sub_jobs
    )


def as_workloads(cluster: StoredCluster) -> tuple[WorkloadState, ...]:
    """What the service finds out about a cluster, as workloads."""
    info = cluster.info or Info()
    return tuple(_of_module(each, cluster.namespace) for each in info.modules)


def _of_module(module: Module, namespace: str) -> WorkloadState:
    kind = module.kind if module.kind != "Module" else "Deployment"
    return _state(kind, module.name, namespace, module.status, is_ready=module.is_well or not module.status)


def _state(kind: str, name: str, namespace: str, detail: str, *, is_ready: bool) -> WorkloadState:
    phase = Phase.READY if is_ready else Phase.WAITING
    number = int(is_ready)
    reference = Reference("apps/v1", kind, namespace, name)
    return WorkloadState(reference, number, 1, number, 0, phase, last_event="" if is_ready else spoken(detail))


def _news(job: Job) -> str:
    """What a job does, in a line; that it looks once more is no news."""
    last = job.states[-1] if job.states else job.status
    return f"job {job.shown}: {last.partition(' [')[0]}"
