"""The parties that start toy examples: which cluster each is on, whether it can be used, and one job of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Final

from planner.diagnostics import Diagnostic
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.toy_schedule import Job
from planner.wording import spoken
from renderers.cluster.api import Api, ApiError, Ran, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections, is_away
from renderers.cluster.folder import SiteFolder
from renderers.cluster.selection import Chosen
from renderers.toy import commands, places
from renderers.toy.judging import OF_THREE, is_good, judge, reported, said
from renderers.toy.outcomes import ToyOutcome, ToyState

_LOOK_SECONDS: Final = 30.0
"""Seconds to find the pod of a party, or to ask FATE something."""
_STOP_SECONDS: Final = 60.0
"""Seconds to stop a job: FATE asks every party of it, up to three times for 10 s."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A party whose cluster can be used."""

    planned: PlannedSite
    folder: SiteFolder
    api: Api


@dataclass(slots=True)
class Guests:
    """All parties that may start jobs; `why_not` says of a site, by key, why nothing leads to its cluster, if so.

    Used by several threads. `diagnostics` are the findings about clusters, each once. `look` says what there is to see
    of a job while it hangs.
    """

    plan: Plan
    chosen: Mapping[str, Chosen]
    why_not: Callable[[str], str]
    connections: Connections
    timeout: int
    look: Callable[[Job], Iterable[str]] = lambda _: ()
    diagnostics: dict[Diagnostic, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, job: Job) -> Guest | ToyOutcome:
        """Who starts a job; or how it ends because nobody can."""
        key = party_key(job[0])
        why = self.why_not(key)
        if why:
            return ToyOutcome(job, ToyState.UNCHECKED, reason=why, is_of_others=True)
        chosen = self.chosen[key]
        found = self.connections.to(chosen)
        if isinstance(found, Diagnostic):
            with self._lock:
                self.diagnostics[found] = None
            return _away(job, chosen.folder)
        return Guest(self.plan.by_key[key], chosen.folder, found)

    def run(self, job: Job) -> ToyOutcome:
        """One toy example, from finding its container to its verdict."""
        guest = self.of(job)
        if isinstance(guest, ToyOutcome):
            return guest
        toy, clock = guest.planned.release.toy, guest.api.clock
        planned = places.planned_places(toy, guest.planned.modules)
        if not planned:
            names = " or ".join(dict.fromkeys(place.name for place in toy.places))
            reason = f"party {job[0]} has no {names}, and the toy example of {guest.folder.release} runs nowhere else"
            return ToyOutcome(job, ToyState.UNCHECKED, reason=reason, is_of_others=True)
        begun = clock.now()
        try:
            found = places.spot(guest.api, guest.folder, planned, Deadline(_LOOK_SECONDS, clock))
        except UnreachableError as error:
            return _away(job, guest.folder) if is_away(guest.api, str(error), clock) else _refused(job, error, 0.0)
        except ApiError as error:
            return _refused(job, error, 0.0)
        if found is None:
            names = " or ".join(dict.fromkeys(place.name for place in planned))
            reason = f"no container of {names} is ready in namespace {guest.folder.namespaces['training']}"
            return ToyOutcome(job, ToyState.FAILED, reason=reason, again=True)
        return replace(self._run(guest, job, found), seconds=clock.now() - begun)

    def _run(self, guest: Guest, job: Job, found: places.Spot) -> ToyOutcome:
        """The job itself."""
        toy = guest.planned.release.toy
        deadline = Deadline(float(self.timeout), guest.api.clock)
        engine = guest.planned.engine
        command = commands.start(toy, found.place, job, "" if engine is None else engine.name, self.timeout)
        try:
            ran = guest.api.run(found.namespace, found.pod, found.container, command, deadline)
        except ApiError as error:
            return _refused(job, error, deadline.elapsed)
        is_late = ran.code is None and deadline.left <= 0
        rule = toy.verdict if len(job[1:]) == 1 else OF_THREE
        channels, words = guest.planned.channels, _words(ran)
        verdict = judge(rule, ran, channels, round(deadline.elapsed), is_late=is_late)
        if verdict.hanging and deadline.left > 0:
            try:
                followed = _followed(guest, found, job, verdict.hanging, deadline)
            except ApiError as error:
                outcome = _refused(job, error, deadline.elapsed)
                reason = f"{outcome.reason}, and job {verdict.hanging} may still run"
                return replace(outcome, reason=reason, words=words)
            if followed is not None:
                words += _words(followed)
                ran = replace(followed, output=f"{ran.output}\n{followed.output}")  # without the tool's giving up
                is_late = ran.code is None and deadline.left <= 0
                verdict = judge(rule, ran, channels, round(deadline.elapsed), is_late=is_late)
        if verdict.failed:
            died = _reported(guest, found, verdict.failed)
            words, ran = f"{words}{died}", replace(ran, errors=f"{ran.errors}{died}")
            verdict = judge(rule, ran, channels, round(deadline.elapsed), is_late=is_late)
        told = tuple(self.look(job)) if verdict.hanging else ()  # while it hangs: what a job has made goes with it
        stopped = f", and {_stopped(guest, found, verdict.hanging)}" if verdict.hanging else ""
        return ToyOutcome(
            job,
            verdict.state,
            deadline.elapsed,
            f"{verdict.reason}{stopped}",
            verdict.suspicion,
            again=verdict.again,
            words=words,
            told=told,
        )


def _words(ran: Ran) -> str:
    return f"{ran.output}{ran.errors}"


def _followed(guest: Guest, found: places.Spot, job: Job, number: str, deadline: Deadline) -> Ran | None:
    """What became of a job after the tool that started it gave up; None where the tool waits as long as we do."""
    command = commands.follow(guest.planned.release.toy, found.place, job, number, ceil(deadline.left))
    return guest.api.run(found.namespace, found.pod, found.container, command, deadline) if command else None


def _reported(guest: Guest, found: places.Spot, job: str) -> str:
    """What FATE says that the tasks of a failed job died of; empty where it does not."""
    command = commands.report(guest.planned.release.toy, found.place, job)
    if not command:
        return ""
    with suppress(ApiError):  # that the job failed is known without it
        deadline = Deadline(_LOOK_SECONDS, guest.api.clock)
        return reported(guest.api.run(found.namespace, found.pod, found.container, command, deadline))
    return ""


def _stopped(guest: Guest, found: places.Spot, job: str) -> str:
    """Stop a job of ours that would hold its cores for days, and say what came of it."""
    command = commands.stop(guest.planned.release.toy, found.place, job)
    try:
        deadline = Deadline(_STOP_SECONDS, guest.api.clock)
        ran = guest.api.run(found.namespace, found.pod, found.container, command, deadline)
    except ApiError as error:
        return f"could not be stopped: {spoken(str(error))}"
    return "was stopped" if is_good(ran) else f"could not be stopped: {said(ran)}"


def _away(job: Job, folder: SiteFolder) -> ToyOutcome:
    """How a job ends whose guest's cluster does not answer: it may the next time."""
    reason = f"cluster {folder.cluster} could not be used"
    return ToyOutcome(job, ToyState.UNCHECKED, reason=reason, again=True, is_of_others=True)


def _refused(job: Job, error: ApiError, seconds: float) -> ToyOutcome:
    """What the cluster's no to an exec, or its silence, leaves: nothing is known about its parties."""
    why = spoken(str(error))
    reason = f"it may not be started: {why}" if isinstance(error, RefusedError) and error.is_forbidden else why
    return ToyOutcome(job, ToyState.UNCHECKED, seconds, reason, again=True)
