"""What an operator sees while a site is being applied: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from planner.wording import duration, spoken
from renderers.cluster.clock import Clock
from renderers.cluster.rollout import Phase, WorkloadState
from renderers.progress import is_watched
from renderers.screen import Screen, titled_table

if TYPE_CHECKING:
    from rich.table import Table

SIGN_OF_LIFE: Final = 60.0
"""Seconds after which plain lines say what is still waited for, though nothing has changed."""
_STYLES: Final[Mapping[Phase, str]] = {Phase.READY: "green", Phase.WAITING: "yellow", Phase.FAILED: "red"}
_MOST_NAMED: Final = 3


class Display(Protocol):
    """Told how far an operation on one site is."""

    def step(self, text: str) -> None:
        """Say what is being done."""

    def item(self, text: str) -> None:
        """Say which of many like things is being done: of interest only to who looks on."""

    def workloads(self, states: Sequence[WorkloadState]) -> None:
        """Show how far the workloads are."""

    def done(self) -> None:
        """End the display; what it shows stays."""


class Silent:
    """A display that nobody looks at."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def item(self, text: str) -> None:
        """Say nothing."""

    def workloads(self, states: Sequence[WorkloadState]) -> None:
        """Show nothing."""

    def done(self) -> None:
        """End nothing."""


class Lines:
    """A line for each thing that changes, and one a minute where nothing does."""

    def __init__(self, stream: TextIO, title: str, clock: Clock | None = None) -> None:
        """Write to `stream`; each line begins with `title`, the site."""
        self._stream = stream
        self._title = title
        self._clock = clock or Clock()
        self._start = self._last = self._clock.now()
        self._shown: dict[object, tuple[object, ...]] = {}

    def step(self, text: str) -> None:
        """Write what is being done."""
        self._write(spoken(text))

    def item(self, text: str) -> None:
        """Write nothing: what is going to be done was listed before."""

    def workloads(self, states: Sequence[WorkloadState]) -> None:
        """Write a line for each workload of which something is new."""
        for state in states:
            news = (state.ready, state.wanted, state.restarts, state.phase, state.reason)
            if self._shown.get(state.reference) != news:
                self._shown[state.reference] = news
                self._write(self._line(state))
        late = [state for state in states if state.phase is Phase.WAITING]
        if late and self._clock.now() - self._last >= SIGN_OF_LIFE:
            named = "; ".join(_short(state) for state in late[:_MOST_NAMED])
            rest = f" and {len(late) - _MOST_NAMED} more" if len(late) > _MOST_NAMED else ""
            self._write(f"still waiting after {self._elapsed()} for {named}{rest}")

    def done(self) -> None:
        """Leave the lines as they are."""

    def _line(self, state: WorkloadState) -> str:
        text = f"{state.name} {state.ready} of {state.wanted} ready"
        if state.is_ready:
            return f"{text} after {self._elapsed()}"
        text += f", {_restarts(state)}" if state.restarts else ""
        text += ", failed" if state.is_failed else ""
        heard = state.reason or state.last_event
        return f"{text}: {spoken(heard)}" if heard else text

    def _elapsed(self) -> str:
        return duration(self._clock.now() - self._start)

    def _write(self, text: str) -> None:
        self._last = self._clock.now()
        with suppress(OSError, ValueError):  # that nobody reads any more is no reason to stop midway
            self._stream.write(f"{self._title}: {text}\n")
            self._stream.flush()


class LiveTable:
    """A table that is written over while the workloads come up. It stays as it is at the end."""

    def __init__(self, stream: TextIO, title: str, clock: Clock | None = None) -> None:
        """Write to `stream`, a terminal; `title` is the site."""
        self._stream = stream
        self._title = title
        self._clock = clock or Clock()
        self._start = self._clock.now()
        self._step = ""
        self._states: Sequence[WorkloadState] = ()
        self._screen = Screen(stream, self)

    def item(self, text: str) -> None:
        """Show it as a step."""
        self.step(text)

    def step(self, text: str) -> None:
        """Show what is being done above the table."""
        self._step = spoken(text)
        self._screen.show()

    def workloads(self, states: Sequence[WorkloadState]) -> None:
        """Show the workloads."""
        self._step = ""
        self._states = states
        self._screen.show()

    def done(self) -> None:
        """Leave the table as it is, and the terminal to others."""
        self._step = ""
        self._screen.leave()

    def __rich__(self) -> Table:
        """The table of this moment: drawn again by itself, as time goes on."""
        from rich.text import Text

        head = f"{self._title}, {duration(self._clock.now() - self._start)}"
        table = titled_table(f"{head}: {self._step}" if self._step else head, has_header=bool(self._states))
        widest = max((len(state.name) for state in self._states), default=0)
        table.add_column("workload", no_wrap=True, width=max(widest, len("workload")))
        table.add_column("ready", justify="right", no_wrap=True, width=len("ready"))
        table.add_column("restarts", justify="right", no_wrap=True, width=len("restarts"))
        table.add_column("last heard", no_wrap=True, overflow="ellipsis", ratio=1)
        for state in self._states:
            heard = "" if state.is_ready else spoken(state.reason or state.last_event)
            table.add_row(
                Text(spoken(state.name)),
                Text(f"{state.ready}/{state.wanted}", style=_STYLES[state.phase]),
                Text(str(state.restarts)),
                Text(f"failed: {heard}" if state.is_failed else heard, style="red" if state.is_failed else ""),
            )
        return table


def display_for(
    stream: TextIO | None, title: str, environ: Mapping[str, str] = os.environ, clock: Clock | None = None
) -> Display:
    """The display that suits a stream: a table where somebody looks at it, else lines."""
    if stream is None:
        return Silent()
    return LiveTable(stream, title, clock) if is_watched(stream, environ) else Lines(stream, title, clock)


def _short(state: WorkloadState) -> str:
    heard = state.reason or state.last_event
    return f"{state.name} ({state.ready} of {state.wanted}{f', {spoken(heard)}' if heard else ''})"


def _restarts(state: WorkloadState) -> str:
    return "1 restart" if state.restarts == 1 else f"{state.restarts} restarts"
