"""Toy examples round after round, several at once, until all are done or Ctrl-C is pressed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TypeAlias

from planner.toy_schedule import Job, Round
from renderers.cluster.clock import Clock
from renderers.toy.outcomes import ToyOutcome, ToyState

_LOOK: Final = 0.2
"""Seconds after which Ctrl-C is heard at the latest."""
MOST_LEFT: Final = 10_000
"""Jobs that were not begun, of those that are remembered for a repetition."""
_Told: TypeAlias = Job | ToyOutcome | BaseException


class ToyDisplay(Protocol):
    """Told how far the toy examples are. Called by one thread."""

    def round(self, jobs: int) -> None:
        """A round of so many jobs begins."""

    def begun(self, job: Job) -> None:
        """A job has been started."""

    def ended(self, outcome: ToyOutcome) -> None:
        """A job has ended, or will not be started."""


@dataclass(slots=True)
class Rounds:
    """The jobs of one run. `do` runs one of them, in a thread of its own; `hold` ends one that is not to be run."""

    do: Callable[[Job], ToyOutcome]
    parallel: int
    display: ToyDisplay
    keep: Callable[[ToyOutcome], ToyOutcome]
    clock: Clock = field(default_factory=Clock)
    outcomes: list[ToyOutcome] = field(default_factory=list)
    left: tuple[Job, ...] = ()
    is_interrupted: bool = False

    def run(self, rounds: Iterable[Round], hold: Callable[[Job], ToyOutcome | None] = lambda _: None) -> None:
        """Run rounds one after the other; after Ctrl-C nothing more is begun."""
        coming = iter(rounds)
        for jobs in coming:
            if self.is_interrupted:
                self.left += tuple(islice(chain(jobs, *coming), MOST_LEFT - len(self.left)))
                return
            self._round(jobs, hold)

    def _round(self, jobs: Round, hold: Callable[[Job], ToyOutcome | None]) -> None:
        """One round. Threads are daemons: one that waits for a cluster must not keep the program from ending."""
        coming, waiting, running = deque(jobs), deque[Job](), dict[Job, float]()
        told: SimpleQueue[_Told] = SimpleQueue()
        try:
            self.display.round(len(jobs))
            while coming:
                held = hold(coming[0])
                if held is None:
                    waiting.append(coming[0])
                else:
                    self._ended(held)
                coming.popleft()
            number = len(waiting)
            for _ in range(min(self.parallel, number)):
                threading.Thread(target=_work, args=(waiting, self.do, told), name="toy", daemon=True).start()
            for each in _heard(told, number):
                self._listen(each, running)
        except KeyboardInterrupt:
            self.is_interrupted = True
            self.left = _emptied(waiting, coming)
            with suppress(Empty):
                while True:
                    self._listen(told.get_nowait(), running)
            for job, since in running.items():
                reason = "interrupted; its job may still run"
                self._ended(ToyOutcome(job, ToyState.UNCHECKED, self.clock.now() - since, reason, again=True))

    def _listen(self, told: _Told, running: dict[Job, float]) -> None:
        """Note what a thread tells. What it raises is a bug of ours, and raised where it is seen."""
        if isinstance(told, BaseException):
            raise told
        if isinstance(told, ToyOutcome):
            running.pop(told.job, None)
            self._ended(told)
        else:
            running[told] = self.clock.now()
            self.display.begun(told)

    def _ended(self, outcome: ToyOutcome) -> None:
        outcome = self.keep(outcome)
        self.outcomes.append(outcome)
        self.display.ended(outcome)


def _work(waiting: deque[Job], do: Callable[[Job], ToyOutcome], told: SimpleQueue[_Told]) -> None:
    """Take jobs until none is left."""
    while True:
        try:
            job = waiting.popleft()
        except IndexError:
            return
        told.put(job)
        try:
            told.put(do(job))
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


def _emptied(*waiting: deque[Job]) -> tuple[Job, ...]:
    """What nobody has begun yet, and nobody will."""
    found = []
    for jobs in waiting:
        while jobs:
            found.append(jobs.popleft())
    return tuple(found[:MOST_LEFT])
