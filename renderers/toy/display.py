"""What an operator sees while toy examples run: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from planner.toy_schedule import Pair
from planner.wording import duration, spoken
from renderers.cluster.clock import Clock
from renderers.progress import is_watched
from renderers.toy.outcomes import ToyOutcome, ToyState, named

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_STYLES: Final = {ToyState.PROVED: "green", ToyState.FAILED: "red", ToyState.UNCHECKED: "yellow"}
_MOST_ROWS: Final = 12
"""Jobs that have ended, of those that the table shows: all that run are in it."""


class ToyDisplay(Protocol):
    """Told how far the toy examples are. Called by one thread."""

    def round(self, jobs: int) -> None:
        """A round of so many jobs begins."""

    def begun(self, pair: Pair) -> None:
        """A job has been started."""

    def ended(self, outcome: ToyOutcome) -> None:
        """A job has ended, or will not be started."""

    def done(self) -> None:
        """End the display; what it shows stays."""


class Silent:
    """A display that nobody looks at."""

    def round(self, jobs: int) -> None:
        """Say nothing."""

    def begun(self, pair: Pair) -> None:
        """Say nothing."""

    def ended(self, outcome: ToyOutcome) -> None:
        """Say nothing."""

    def done(self) -> None:
        """End nothing."""


class Lines:
    """A line for each round, and for each job when it has ended."""

    def __init__(self, stream: TextIO, total: int) -> None:
        """Write to `stream`; `total` jobs will be told."""
        self._stream = stream
        self._total = total
        self._round = self._ended = 0

    def round(self, jobs: int) -> None:
        """Write how many jobs run next."""
        self._round += 1
        self._write(f"round {self._round}: {jobs:,} {'job' if jobs == 1 else 'jobs'}")

    def begun(self, pair: Pair) -> None:
        """Write nothing: its end is told."""

    def ended(self, outcome: ToyOutcome) -> None:
        """Write how it ended."""
        self._ended += 1
        self._write(f"{self._ended:,} of {self._total:,}: {outcome.sentence}")

    def done(self) -> None:
        """Leave the lines as they are."""

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # that nobody reads any more is no reason to stop midway
            self._stream.write(f"{text}\n")
            self._stream.flush()


class LiveTable:
    """A table that is written over: what runs, what ended last, and how many ended how."""

    def __init__(self, stream: TextIO, total: int, clock: Clock | None = None) -> None:
        """Write to `stream`, a terminal; `total` jobs will be told."""
        self._stream = stream
        self._total = total
        self._clock = clock or Clock()
        self._start = self._clock.now()
        self._round = 0
        self._running: dict[Pair, float] = {}
        self._latest: deque[ToyOutcome] = deque(maxlen=_MOST_ROWS)
        self._ended: Counter[ToyState] = Counter()
        self._live: Live | None = None

    def round(self, jobs: int) -> None:
        """Count it."""
        del jobs
        self._round += 1
        self._show()

    def begun(self, pair: Pair) -> None:
        """Show it among those that run."""
        self._running[pair] = self._clock.now()
        self._show()

    def ended(self, outcome: ToyOutcome) -> None:
        """Show it among the latest; one that is proved makes room for one that is not."""
        self._running.pop(outcome.pair, None)
        self._ended[outcome.state] += 1
        if outcome.is_proved and len(self._latest) == _MOST_ROWS:
            proved = next((each for each in self._latest if each.is_proved), None)
            if proved is None:
                return
            self._latest.remove(proved)
        self._latest.append(outcome)
        self._show()

    def done(self) -> None:
        """Leave the table as it is, and the terminal to others."""
        if self._live is not None:
            self._running.clear()
            with suppress(OSError, ValueError):
                self._live.refresh()
                self._live.stop()
            self._live = None

    def __rich__(self) -> Table:
        """The table of this moment: drawn again by itself, as time goes on."""
        from rich.table import Table
        from rich.text import Text

        now = self._clock.now()
        counts = ", ".join(f"{self._ended[state]:,} {state}" for state in ToyState if self._ended[state])
        done = f"{self._ended.total():,} of {self._total:,} toy examples"
        head = ", ".join(part for part in (f"round {self._round:,}", done, counts, duration(now - self._start)) if part)
        table = Table(
            title=Text(head, no_wrap=True, overflow="ellipsis"),
            title_justify="left",
            title_style="bold",
            box=None,
            padding=(0, 2, 0, 0),
            show_header=False,
            expand=True,
        )
        table.add_column("pair", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("why", no_wrap=True, overflow="ellipsis", ratio=1)
        for outcome in self._latest:
            style = _STYLES[outcome.state]
            table.add_row(outcome.name, Text(str(outcome.state), style=style), Text(spoken(outcome.reason)))
        for pair, since in self._running.items():
            table.add_row(named(pair), "running", f"for {duration(now - since)}")
        return table

    def _show(self) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(self, console=Console(file=self._stream), refresh_per_second=4)
            self._live.start()
        with suppress(OSError, ValueError):
            self._live.refresh()


def display_for(stream: TextIO | None, total: int, environ: Mapping[str, str] = os.environ) -> ToyDisplay:
    """The display that suits a stream: a table where somebody looks at it, else lines."""
    if stream is None:
        return Silent()
    return LiveTable(stream, total) if is_watched(stream, environ) else Lines(stream, total)
