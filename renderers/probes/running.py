"""Probes of many sites: sites side by side, the probes of each in order, those that need a false one left out.

One thread decides, the others ask: what is begun next depends on what was heard until then and on nothing else.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, Protocol, TypeAlias

from planner.diagnostics import Diagnostic
from planner.probes import BY_ID, PROBES
from planner.wording import spoken
from renderers.cluster.api import Api, ApiError, RefusedError, UnreachableError
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.connections import is_away
from renderers.probes.probe import Probe, ProbeOutcome, Said, Truth

API: Final = BY_ID["api-answers"]
"""The sort that is asked before anything else is known of a site."""
AT_ONCE: Final = 8
"""Probes of one site that are asked at once."""
_LOOK: Final = 0.2
"""Seconds after which Ctrl-C is heard at the latest."""
_PAUSE: Final = 1.0
"""Seconds between two tries of a probe."""
INTERRUPTED: Final = "interrupted"
"""Why it is unknown what was being asked when Ctrl-C was pressed."""
_RANK: Final = {sort.id: rank for rank, sort in enumerate(PROBES)}


@dataclass(frozen=True, slots=True)
class Opened:
    """A site whose cluster can be used; `make` gives what is asked of it, and may raise ApiError."""

    api: Api
    make: Callable[[], Iterable[Probe]]


@dataclass(frozen=True, slots=True)
class ToProbe:
    """A site by its key. `open` connects to its cluster, or says with a finding why that cannot be used."""

    key: str
    open: Callable[[], Opened | Diagnostic]


class ProbeDisplay(Protocol):
    """Told how far the probes are. Called by one thread."""

    def probing(self, sites: int) -> None:
        """So many sites are going to be probed."""

    def asked(self, probe: Probe) -> None:
        """A probe is being asked."""

    def answered(self, outcome: ProbeOutcome) -> None:
        """A probe has its answer, or will not be asked."""

    def probed(self, site: str, outcomes: Sequence[ProbeOutcome]) -> None:
        """Everything was asked of a site."""


class _Answered(NamedTuple):
    """A probe of a site, by its number, was asked."""

    number: int
    outcome: ProbeOutcome


class _Made(NamedTuple):
    """A site, by its number, was opened, and `probes` can be asked of it; without `api` none can."""

    number: int
    api: Api | None
    first: ProbeOutcome
    probes: tuple[Probe, ...] = ()


_Heard: TypeAlias = _Answered | _Made | BaseException


@dataclass(slots=True)
class _Site:
    """How far one site is."""

    to_probe: ToProbe
    api: Api | None = None
    is_open: bool = False
    waiting: list[Probe] = field(default_factory=list)
    running: list[Probe] = field(default_factory=list)
    outcomes: list[ProbeOutcome] = field(default_factory=list)
    unsettled: Counter[str] = field(default_factory=Counter)
    """How many probes of each sort have no answer yet."""

    @property
    def is_done(self) -> bool:
        return self.is_open and not self.waiting and not self.running

    def next(self) -> Probe | ProbeOutcome | None:
        """What can be asked now, or what needs no asking; None while something must be awaited."""
        for number, probe in enumerate(self.waiting):
            if not any(self.unsettled[need] for need in probe.sort.needs):
                del self.waiting[number]
                said = self._without_asking(probe)
                return probe if said is None else ProbeOutcome(probe, said)
        return None

    def _without_asking(self, probe: Probe) -> Said | None:
        """What is said of a probe that would tell nothing new."""
        if self.api is not None and self.api.given_up:
            return Said(Truth.UNKNOWN, f"the API server was given up: {spoken(self.api.given_up)}")
        for need in probe.sort.needs:
            for each in self.outcomes:
                if each.probe.sort.id == need and each.said.truth in {Truth.FALSE, Truth.HELD}:
                    return Said(Truth.HELD, f"not asked, since it is not true that {each.probe.sentence}")
        return None


@dataclass(slots=True)
class Probing:
    """The probes of one run.

    Threads are daemons: one that waits for a cluster must not keep the program from ending.
    """

    sites: Sequence[ToProbe]
    parallel: int
    display: ProbeDisplay
    clock: Clock = field(default_factory=Clock)
    outcomes: tuple[ProbeOutcome, ...] = ()
    is_interrupted: bool = False
    left: tuple[str, ...] = ()
    """Sites, by key, of which not everything was asked when Ctrl-C was pressed."""
    _work: SimpleQueue[Callable[[], _Heard] | None] = field(default_factory=SimpleQueue)
    _heard: SimpleQueue[_Heard] = field(default_factory=SimpleQueue)
    _threads: int = 0

    def run(self) -> None:
        """Ask everything; after Ctrl-C nothing more, and `outcomes` are those that were heard until then."""
        self.display.probing(len(self.sites))
        coming = deque(enumerate(self.sites))
        states: dict[int, _Site] = {}
        busy: set[int] = set()
        try:
            while coming or busy:
                while coming and len(busy) < self.parallel:
                    number, to_probe = coming.popleft()
                    states[number] = _Site(to_probe)
                    busy.add(number)
                    self._hand_out(partial(_opened, number, to_probe))
                for number in sorted(busy):
                    self._advance(number, states[number])
                    if states[number].is_done:
                        busy.discard(number)
                        self.display.probed(states[number].to_probe.key, tuple(_sorted(states[number].outcomes)))
                if busy:
                    self._listen(states)
        except KeyboardInterrupt:
            self.is_interrupted = True
            self._stop(states)
        finally:
            for _ in range(self._threads):
                self._work.put(None)
        begun = [state for _, state in sorted(states.items())]
        self.outcomes = tuple(each for state in begun for each in _sorted(state.outcomes))
        unfinished = (state.to_probe.key for state in begun if not state.is_done)
        self.left = (*unfinished, *(site.key for _, site in coming)) if self.is_interrupted else ()

    def skip(self) -> None:
        """Ask nothing: Ctrl-C was pressed before this could begin."""
        self.left = tuple(site.key for site in self.sites)

    def _advance(self, number: int, state: _Site) -> None:
        """Begin what can be begun at a site."""
        while len(state.running) < AT_ONCE:
            found = state.next()
            if found is None:
                return
            if isinstance(found, ProbeOutcome):
                self._end(state, found)
            else:
                state.running.append(found)
                self.display.asked(found)
                self._hand_out(partial(_asked, number, found, state.api, self.clock))

    def _hand_out(self, work: Callable[[], _Heard]) -> None:
        """Give work to a thread that has none, of which there are as many as can be busy."""
        self._work.put(work)
        if self._threads < self.parallel * AT_ONCE:
            self._threads += 1
            threading.Thread(target=_work, args=(self._work, self._heard), name="probe", daemon=True).start()

    def _listen(self, states: Mapping[int, _Site]) -> None:
        """Take in what threads tell, at least one thing unless nothing comes. What they raise is a bug of ours."""
        with suppress(Empty):
            self._take(self._heard.get(timeout=_LOOK), states)
            while True:
                self._take(self._heard.get_nowait(), states)

    def _take(self, heard: _Heard, states: Mapping[int, _Site]) -> None:
        if isinstance(heard, BaseException):
            raise heard
        state = states[heard.number]
        if isinstance(heard, _Answered):
            state.running.remove(heard.outcome.probe)
            self._end(state, heard.outcome)
        else:
            state.api, state.is_open = heard.api, True
            state.waiting = sorted(heard.probes, key=lambda each: _RANK[each.sort.id])
            state.unsettled.update(each.sort.id for each in (heard.first.probe, *heard.probes))
            self._end(state, heard.first)

    def _end(self, state: _Site, outcome: ProbeOutcome) -> None:
        state.unsettled[outcome.probe.sort.id] -= 1
        state.outcomes.append(outcome)
        self.display.answered(outcome)

    def _stop(self, states: Mapping[int, _Site]) -> None:
        """Take in what has been told; what is being asked stays unknown."""
        with suppress(Empty):
            while True:
                self._take(self._heard.get_nowait(), states)
        for state in states.values():
            for probe in state.running:
                self._end(state, ProbeOutcome(probe, Said(Truth.UNKNOWN, INTERRUPTED)))


def _sorted(outcomes: Collection[ProbeOutcome]) -> Iterator[ProbeOutcome]:
    """Outcomes in the order of their sorts, however they came in: the same site gives the same report."""
    yield from sorted(outcomes, key=lambda each: (_RANK[each.probe.sort.id], each.probe.peer, each.probe.sentence))


def _work(work: SimpleQueue[Callable[[], _Heard] | None], told: SimpleQueue[_Heard]) -> None:
    """Do work until none is left."""
    while (task := work.get()) is not None:
        try:
            told.put(task())
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
            told.put(error)


def _opened(number: int, site: ToProbe) -> _Made:
    """A site with all that can be asked of it, which tells whether its API server answers."""
    opened = site.open()
    if isinstance(opened, Diagnostic):
        return _Made(number, None, _api_outcome(site, Said(Truth.UNKNOWN, spoken(opened.message), (opened,))))
    try:
        probes = tuple(opened.make())
    except ApiError as error:
        said = _unknown(error)
        return _Made(number, None, _api_outcome(site, replace(said, reason=f"nothing could be asked: {said.reason}")))
    return _Made(number, opened.api, _api_outcome(site, Said()), probes)


def _api_outcome(site: ToProbe, said: Said) -> ProbeOutcome:
    return ProbeOutcome(Probe(API, site.key, API.sentence, lambda _: said), said)


def _asked(number: int, probe: Probe, api: Api | None, clock: Clock) -> _Answered:
    """Ask until the sentence is true, or there are no more tries."""
    begun = clock.now()
    said = Said(Truth.UNKNOWN)
    for left in reversed(range(max(1, probe.sort.tries))):
        try:
            said = probe.ask(Deadline(float(probe.sort.seconds), clock))
        except ApiError as error:
            said = _unknown(error)
            if isinstance(error, UnreachableError) and api is not None and is_away(api, str(error), clock):
                break
            if isinstance(error, RefusedError) and error.is_forbidden:
                break
        if said.truth is Truth.TRUE:
            break
        if left:
            clock.sleep(_PAUSE)
    return _Answered(number, ProbeOutcome(probe, said, clock.now() - begun))


def _unknown(error: ApiError) -> Said:
    """What a cluster's no, or its silence, leaves: nothing is known."""
    said = spoken(str(error))
    is_forbidden = isinstance(error, RefusedError) and error.is_forbidden
    return Said(Truth.UNKNOWN, f"the operator has no right to it: {said}" if is_forbidden else said)
