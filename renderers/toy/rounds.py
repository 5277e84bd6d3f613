"""Toy examples round after round, several at once, until all are done or Ctrl-C is pressed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from planner.toy_schedule import Pair, Round
from renderers.cluster.clock import Clock
from renderers.toy.display import ToyDisplay
from renderers.toy.outcomes import ToyOutcome, ToyState

_LOOK: Final = 0.2
"""Seconds after which Ctrl-C is heard at the latest."""
_MOST_LEFT: Final = 10_000
"""Pairs that were not begun, of those that are remembered for a repetition."""
_Told: TypeAlias = Pair | ToyOutcome | BaseException


@dataclass(slots=True)
class Rounds:
    """The jobs of one run. `do` runs one of them, in a thread of its own; `hold` says why one is not to be run."""

    do: Callable[[Pair], ToyOutcome]
    parallel: int
    display: ToyDisplay
    keep: Callable[[ToyOutcome], ToyOutcome]
    clock: Clock = field(default_factory=Clock)
    outcomes: list[ToyOutcome] = field(default_factory=list)
    left: tuple[Pair, ...] = ()
    is_interrupted: bool = False

    def run(self, rounds: Iterable[Round], hold: Callable[[Pair], str] = lambda _: "") -> None:
        """Run rounds one after the other; after Ctrl-C nothing more is begun."""
        coming = iter(rounds)
        for jobs in coming:
            if self.is_interrupted:
                self.left += tuple(islice(chain(jobs, *coming), _MOST_LEFT - len(self.left)))
                return
            self._round(jobs, hold)

    def _round(self, jobs: Round, hold: Callable[[Pair], str]) -> None:
        """One round. Threads are daemons: one that waits for a cluster must not keep the program from ending."""
        self.display.round(len(jobs))
        waiting: deque[Pair] = deque()
        for pair in jobs:
            reason = hold(pair)
            if reason:
                self._ended(ToyOutcome(*pair, ToyState.UNCHECKED, reason=reason, again=True))
            else:
                waiting.append(pair)
        number, running = len(waiting), dict[Pair, float]()
        told: SimpleQueue[_Told] = SimpleQueue()
        for _ in range(min(self.parallel, number)):
            threading.Thread(target=_work, args=(waiting, self.do, told), name="toy", daemon=True).start()
        try:
            for each in _heard(told, number):
                self._listen(each, running)
        except KeyboardInterrupt:
            self.is_interrupted = True
            self.left = _emptied(waiting)
            with suppress(Empty):
                while True:
                    self._listen(told.get_nowait(), running)
            for pair, since in running.items():
                reason = "interrupted; its job may still run"
                self._ended(ToyOutcome(*pair, ToyState.UNCHECKED, self.clock.now() - since, reason, again=True))

    def _listen(self, told: _Told, running: dict[Pair, float]) -> None:
        """Note what a thread tells. What it raises is a bug of ours, and raised where it is seen."""
        if isinstance(told, BaseException):
            raise told
        if isinstance(told, ToyOutcome):
            running.pop(told.pair, None)
            self._ended(told)
        else:
            running[told] = self.clock.now()
            self.display.begun(told)

    def _ended(self, outcome: ToyOutcome) -> None:
        outcome = self.keep(outcome)
        self.outcomes.append(outcome)
        self.display.ended(outcome)


def _work(waiting: deque[Pair], do: Callable[[Pair], ToyOutcome], told: SimpleQueue[_Told]) -> None:
    """Take jobs until none is left."""
    while True:
        try:
            pair = waiting.popleft()
        except IndexError:
            return
        told.put(pair)
        try:
            told.put(do(pair))
        except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
            told.put(error)


def _heard(told: SimpleQueue[_Told], number: int) -> Iterator[_Told]:
    """What threads tell, until so many jobs have ended."""
    ended = 0
    while ended < number:
        try:
            each = told.get(timeout=_LOOK)
        except Empty:
            continue
        ended += isinstance(each, ToyOutcome)
        yield each


def _emptied(waiting: deque[Pair]) -> tuple[Pair, ...]:
    """What nobody has begun yet, and nobody will."""
    found = []
    while waiting:
        found.append(waiting.popleft())
    return tuple(found[:_MOST_LEFT])
