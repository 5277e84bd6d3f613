"""The parties that start toy examples: which cluster each is on, whether it can be used, and one job of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.diagnostics import Diagnostic
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.toy_schedule import Pair
from planner.wording import spoken
from renderers.cluster.api import Api, ApiError, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.folder import SiteFolder
from renderers.cluster.selection import Chosen
from renderers.toy import places
from renderers.toy.judging import judge
from renderers.toy.outcomes import ToyOutcome, ToyState

_LOOK_SECONDS: Final = 30.0
"""Seconds to find the pod of a party."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A party whose cluster can be used."""

    planned: PlannedSite
    folder: SiteFolder
    api: Api


@dataclass(slots=True)
class Guests:
    """All parties that may start jobs; `not_ours` says by site key why nothing leads to a party's cluster.

    Used by several threads. `diagnostics` are the findings about clusters, each once.
    """

    plan: Plan
    chosen: Mapping[str, Chosen]
    not_ours: Mapping[str, str]
    connections: Connections
    timeout: int
    diagnostics: dict[Diagnostic, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, party: int) -> Guest | str:
        """The party as a guest, or a clause that says why it cannot be one."""
        key = party_key(party)
        chosen = self.chosen.get(key)
        if chosen is None or not chosen.context:
            return f"not ours ({self.not_ours.get(key) or 'no context of the kubeconfig leads to its cluster'})"
        with self._lock:
            found = self.connections.to(chosen)
            if isinstance(found, Diagnostic):
                self.diagnostics[found] = None
                return f"cluster {chosen.folder.cluster} could not be used"
        return Guest(self.plan.by_key[key], chosen.folder, found)

    def run(self, pair: Pair) -> ToyOutcome:
        """One toy example, from finding its container to its verdict."""
        guest = self.of(pair[0])
        if isinstance(guest, str):
            return ToyOutcome(*pair, ToyState.UNCHECKED, reason=guest)
        toy, clock = guest.planned.release.toy, guest.api.clock
        planned = places.planned_places(toy, guest.planned.modules)
        if not planned:
            names = " or ".join(dict.fromkeys(place.name for place in toy.places))
            reason = f"party {pair[0]} has no {names}, and the toy example of {guest.folder.release} runs nowhere else"
            return ToyOutcome(*pair, ToyState.UNCHECKED, reason=reason)
        begun = clock.now()
        try:
            found = places.spot(guest.api, guest.folder, planned, Deadline(_LOOK_SECONDS, clock))
        except UnreachableError as error:
            guest.api.given_up = str(error)
            return ToyOutcome(*pair, ToyState.UNCHECKED, reason=f"cluster {guest.folder.cluster} could not be used")
        except ApiError as error:
            return _refused(pair, error, 0.0)
        if found is None:
            names = " or ".join(dict.fromkeys(place.name for place in planned))
            reason = f"no container of {names} is ready in namespace {guest.folder.namespaces['training']}"
            return ToyOutcome(*pair, ToyState.FAILED, reason=reason, again=True)
        return replace(self._run(guest, pair, found), seconds=clock.now() - begun)

    def _run(self, guest: Guest, pair: Pair, found: places.Spot) -> ToyOutcome:
        """The job itself."""
        toy = guest.planned.release.toy
        deadline = Deadline(float(self.timeout), guest.api.clock)
        command = places.command(toy, found.place, *pair, self.timeout)
        try:
            ran = guest.api.run(found.namespace, found.pod, found.container, command, deadline)
        except ApiError as error:
            return _refused(pair, error, deadline.elapsed)
        is_late = ran.code is None and deadline.left <= 0
        verdict = judge(toy.verdict, ran, guest.planned.channels, self.timeout, is_late=is_late)
        words = ran.output if not ran.errors else f"{ran.output}{ran.errors}"
        return ToyOutcome(
            *pair,
            verdict.state,
            deadline.elapsed,
            verdict.reason,
            verdict.suspicion,
            again=verdict.again,
            words=words,
        )


def _refused(pair: Pair, error: ApiError, seconds: float) -> ToyOutcome:
    """What the cluster's no to an exec, or its silence, leaves: nothing is known about the pair."""
    said = spoken(str(error))
    reason = f"it may not be started: {said}" if isinstance(error, RefusedError) and error.is_forbidden else said
    return ToyOutcome(*pair, ToyState.UNCHECKED, seconds, reason, again=True)
