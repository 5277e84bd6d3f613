"""Wait until the workloads of a site run as they were written, or it is clear that they will not.

Everything is asked again every second or two, so nothing hangs on a connection that must not break: a server that is
away for a while is waited for like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from planner.checks.rollout_failed import log_notes, rollout_failed, workload_gone
from planner.checks.rollout_overdue import not_ready, rollout_overdue
from planner.diagnostics import Diagnostic
from planner.wording import duration
from renderers.cluster.api import Api, ApiError, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import of_runners
from renderers.cluster.places import Places
from renderers.cluster.references import WORKLOADS, Document, Reference
from renderers.cluster.rollout import MISSING, Restarts, WorkloadState, judge, missing, restarts_of
from renderers.cluster.visible import visible

PACE: Final = 1.5
"""Seconds between two looks."""
SETTLE: Final = 10.0
"""Seconds that the others get when one has failed, so that one run tells of all."""
_LOOK_SECONDS: Final = 15.0
_LOG_SECONDS: Final = 10.0
_LOG_LINES: Final = 10
_EARLIER: Final = timedelta(minutes=1)
_TOO_MANY: Final = 429
_OF_THE_SERVER: Final = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """The workloads as they are at the end, and what is wrong with those that are not ready."""

    states: tuple[WorkloadState, ...]
    diagnostics: tuple[Diagnostic, ...]


def workloads_of(folder: SiteFolder) -> tuple[Reference, ...]:
    """What runs pods, in the order in which it is applied."""
    return tuple(each.reference for each in folder.objects if each.reference.kind in WORKLOADS)


def look(api: Api, folder: SiteFolder, deadline: Deadline, before: Restarts | None = None) -> tuple[WorkloadState, ...]:
    """Every workload of the folder as it is at this moment."""
    wanted = workloads_of(folder)
    live, pods = _live(api, folder, deadline), _pods(api, folder, deadline)
    states = {key: judge(document, pods, before=before) for key, document in live.items()}
    late = {state.reference.namespace for state in states.values() if not state.is_ready}
    events = [each for namespace in late for each in visible(api, "v1", "Event", namespace, deadline)]
    claims = [each for namespace in late for each in visible(api, "v1", "PersistentVolumeClaim", namespace, deadline)]
    for key, state in states.items():
        if not state.is_ready:
            its = [each for each in claims if each["metadata"].get("namespace") == state.reference.namespace]
            states[key] = judge(live[key], pods, events, its, before)
    return tuple(states.get(each.key) or missing(each) for each in wanted)


def judge_now(api: Api, folder: SiteFolder, states: Sequence[WorkloadState], places: Places) -> Iterator[Diagnostic]:
    """What is wrong with workloads at this moment, without waiting for any."""
    logs = Deadline(_LOG_SECONDS, api.clock)
    for state in states:
        place = places.of_object(state.reference)
        if state.trouble is not None and state.trouble.sort == MISSING:
            yield workload_gone(place, state.what, folder.key)
        elif state.is_failed:
            yield rollout_failed(place, state.what, state.reason, folder.key, state.pod, _log(api, state, logs))
        elif not state.is_ready:
            last = state.reason or state.last_event
            found = not_ready(place, state.what, str(state.ready), str(state.wanted), folder.key, last)
            notes = log_notes(state.pod or state.unready[0], _log(api, state, logs))
            yield replace(found, notes=(*found.notes, *notes))


def wait(api: Api, folder: SiteFolder, deadline: Deadline, display: Display, places: Places) -> Outcome:
    """Wait until all workloads are ready, one has failed, or the deadline is over.

    Raises ApiError when the server does not answer at the deadline, or not to this operator any more. A last look that
    the deadline alone has cut short counts for nothing: what was seen before it is told.
    """
    if not workloads_of(folder):
        return Outcome((), ())
    watch = Watch(api, folder, deadline)
    first_failure: float | None = None
    is_away = False
    states: tuple[WorkloadState, ...] | None = None
    while True:
        try:
            states = watch.look()
        except ApiError as error:
            if not _may_pass(error):
                raise
            if not deadline.wait(PACE):
                if is_away or states is None:
                    raise
                return _ended(watch, states, places, has_failed=first_failure is not None)
            if not is_away:
                display.step(f"cluster {folder.cluster} does not answer ({error}): trying again")
            is_away = True
            continue
        if is_away:
            display.step(f"cluster {folder.cluster} answers again")
            is_away = False
        display.workloads(states)
        if any(state.is_failed for state in states) and first_failure is None:
            first_failure = deadline.elapsed
        is_settled = first_failure is not None and deadline.elapsed - first_failure >= SETTLE
        is_done = all(state.is_ready or state.is_failed for state in states)
        if is_done or is_settled or not deadline.wait(PACE):
            return _ended(watch, states, places, has_failed=first_failure is not None)


@dataclass(slots=True)
class Watch:
    """What was seen before: how long each trouble lasts, and how often containers had restarted at the beginning."""

    api: Api
    folder: SiteFolder
    deadline: Deadline
    _since: dict[tuple[object, ...], float] = field(default_factory=dict)
    _before: Restarts | None = None

    def look(self) -> tuple[WorkloadState, ...]:
        """The workloads as they are; failed ones are those whose trouble has lasted too long."""
        deadline = Deadline(min(_LOOK_SECONDS, self.deadline.left), self.deadline.clock)
        if self._before is None:
            self._before = self._earlier_restarts(deadline)
        states = look(self.api, self.folder, deadline, self._before)
        now = self.deadline.elapsed
        lasting: dict[tuple[object, ...], float] = {}
        for state in states:
            if state.trouble is not None:
                key = (state.reference, *state.trouble.key)
                lasting[key] = self._since.get(key, now)
        self._since = lasting
        return tuple(self._judged(state, now) for state in states)

    def _judged(self, state: WorkloadState, now: float) -> WorkloadState:
        trouble = state.trouble
        if trouble is None or trouble.patience is None:
            return state
        lasts = now - self._since[state.reference, *trouble.key]
        return state.failed() if lasts >= trouble.patience else state

    def _earlier_restarts(self, deadline: Deadline) -> Restarts:
        """The restarts of pods that are older than this apply; by the server's clock."""
        pods = _pods(self.api, self.folder, deadline)
        start = self.api.server_time(deadline) - _EARLIER
        return restarts_of([pod for pod in pods if _made(pod) < start])


def _ended(watch: Watch, states: tuple[WorkloadState, ...], places: Places, *, has_failed: bool) -> Outcome:
    found = _findings(watch.api, watch.folder, states, watch.deadline, places, is_overdue=not has_failed)
    return Outcome(states, tuple(found))


def _made(pod: Document) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _may_pass(error: ApiError) -> bool:
    """Whether the server may answer again in a while."""
    if isinstance(error, RefusedError):
        return error.status == _TOO_MANY or error.status >= _OF_THE_SERVER
    return isinstance(error, UnreachableError)


def _live(api: Api, folder: SiteFolder, deadline: Deadline) -> dict[tuple[str, str, str, str], Document]:
    """The live documents of the folder's workloads, by their keys."""
    wanted = workloads_of(folder)
    found: dict[tuple[str, str, str, str], Document] = {}
    for api_version, kind, namespace in dict.fromkeys((each[0], each[1], each[2]) for each in wanted):
        listed = api.list(api_version, kind, namespace, deadline, labels=of_runners(folder))
        by_name = {document["metadata"]["name"]: document for document in listed}
        for each in wanted:
            if (each.api_version, each.kind, each.namespace) == (api_version, kind, namespace) and each.name in by_name:
                found[each.key] = by_name[each.name]
    return found


def _pods(api: Api, folder: SiteFolder, deadline: Deadline) -> list[Document]:
    """The site's pods."""
    namespaces = dict.fromkeys(each.namespace for each in workloads_of(folder))
    labels = of_runners(folder)
    return [pod for name in namespaces for pod in api.list("v1", "Pod", name, deadline, labels=labels)]


def _findings(
    api: Api,
    folder: SiteFolder,
    states: Sequence[WorkloadState],
    deadline: Deadline,
    places: Places,
    *,
    is_overdue: bool,
) -> Iterator[Diagnostic]:
    """What is wrong with each workload: all that is known in one run.

    Those that were only late, and nothing is wrong with, count when nothing else has failed.
    """
    logs = Deadline(_LOG_SECONDS, deadline.clock)
    for state in states:
        place = places.of_object(state.reference)
        if state.is_failed:
            log = _log(api, state, logs)
            yield rollout_failed(place, state.what, state.reason, folder.key, state.pod, log)
        elif not state.is_ready and (is_overdue or state.trouble is not None):
            waited, last = duration(deadline.elapsed), state.reason or state.last_event
            counts = str(state.ready), str(state.wanted)
            found = rollout_overdue(place, state.what, *counts, waited, folder.key, last)
            notes = log_notes(state.pod or state.unready[0], _log(api, state, logs))
            yield replace(found, notes=(*found.notes, *notes))


def _log(api: Api, state: WorkloadState, deadline: Deadline) -> tuple[str, ...]:
    """The last lines that the container in question has logged."""
    trouble = state.trouble
    pod, container = (trouble.pod, trouble.container) if trouble is not None and trouble.container else state.unready
    if not pod or (trouble is not None and trouble.sort in {"image", "make"}):
        return ()
    namespace = state.reference.namespace
    runs = (True, False) if trouble is not None and trouble.has_ended else (False,)
    for previous in runs:
        try:
            text = api.log(namespace, pod, container, deadline, lines=2 * _LOG_LINES, previous=previous)
        except ApiError:
            return ()
        lines = [line for line in text.splitlines() if line.strip()]
        if lines:
            return tuple(lines[-_LOG_LINES:])
    return ()
