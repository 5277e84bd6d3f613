"""What an operator sees while clusters are verified: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from planner.toy_schedule import Job
from planner.wording import counted, duration, label, spoken
from renderers.cluster.clock import Clock
from renderers.probes.probe import Probe, ProbeOutcome, Truth
from renderers.probes.running import ProbeDisplay
from renderers.progress import is_watched
from renderers.screen import Screen, titled_table
from renderers.toy.outcomes import ToyOutcome, ToyState, named
from renderers.toy.rounds import ToyDisplay

if TYPE_CHECKING:
    from rich.table import Table

_STYLES: Final[Mapping[ToyState | Truth, str]] = {
    ToyState.PROVED: "green",
    ToyState.FAILED: "red",
    ToyState.UNCHECKED: "yellow",
    Truth.TRUE: "green",
    Truth.FALSE: "red",
    Truth.UNKNOWN: "yellow",
    Truth.HELD: "yellow",
}
_MOST_ROWS: Final = 12
"""What has ended, of which the table shows the latest."""
_MOST_RUNNING: Final = 8
"""What runs, of which the table shows the first."""
_MOST_TOLD: Final = 5
"""Sentences of one site that are not true, of those that plain lines tell at once."""


class LiveDisplay(ProbeDisplay, ToyDisplay, Protocol):
    """Told how far everything is. Called by one thread."""

    def done(self) -> None:
        """End the display; what it shows stays."""


class Silent:
    """A display that nobody looks at."""

    def probing(self, sites: int) -> None:
        """Say nothing."""

    def asked(self, probe: Probe) -> None:
        """Say nothing."""

    def answered(self, outcome: ProbeOutcome) -> None:
        """Say nothing."""

    def probed(self, site: str, outcomes: Sequence[ProbeOutcome]) -> None:
        """Say nothing."""

    def round(self, jobs: int) -> None:
        """Say nothing."""

    def begun(self, job: Job) -> None:
        """Say nothing."""

    def ended(self, outcome: ToyOutcome) -> None:
        """Say nothing."""

    def done(self) -> None:
        """End nothing."""


class Lines:
    """A line for each site that was probed, for what is not true of it, for each round and each job that has ended."""

    def __init__(self, stream: TextIO, total: int) -> None:
        """Write to `stream`; `total` jobs will be told."""
        self._stream = stream
        self._total = total
        self._sites = self._probed = self._round = self._ended = self._of_others = 0

    def probing(self, sites: int) -> None:
        """Write how many sites are probed next."""
        self._sites, self._probed = sites, 0
        self._write(f"probing {counted(sites, 'site')}")

    def asked(self, probe: Probe) -> None:
        """Write nothing: its site is told at the end."""

    def answered(self, outcome: ProbeOutcome) -> None:
        """Write nothing: its site is told at the end."""

    def probed(self, site: str, outcomes: Sequence[ProbeOutcome]) -> None:
        """Write how many sentences are true, and some that are not."""
        self._probed += 1
        true = sum(each.said.truth is Truth.TRUE for each in outcomes)
        self._write(f"{self._probed:,} of {self._sites:,}: {label(site)}  {true:,} of {len(outcomes):,} probes true")
        others = [each for each in outcomes if each.said.truth in {Truth.FALSE, Truth.UNKNOWN}]
        for each in others[:_MOST_TOLD]:
            self._write(f"  {each.said.truth}: {each.probe.sentence}: {spoken(each.said.reason)}")
        if len(others) > _MOST_TOLD:
            self._write(f"  and {len(others) - _MOST_TOLD:,} more")

    def round(self, jobs: int) -> None:
        """Write how many jobs run next."""
        self._round += 1
        self._write(f"round {self._round}: {counted(jobs, 'job')}")

    def begun(self, job: Job) -> None:
        """Write nothing: its end is told."""

    def ended(self, outcome: ToyOutcome) -> None:
        """Write how it ended; of those that nobody can begin from here the first few."""
        self._ended += 1
        self._of_others += outcome.is_of_others
        if not outcome.is_of_others or self._of_others <= _MOST_TOLD:
            self._write(f"{self._ended:,} of {self._total:,}: {outcome.sentence}")

    def done(self) -> None:
        """Write how many were not told."""
        if self._of_others > _MOST_TOLD:
            self._write(f"and {self._of_others - _MOST_TOLD:,} more unchecked, which cannot be begun from here")

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # that nobody reads any more is no reason to stop midway
            self._stream.write(f"{text}\n")
            self._stream.flush()


@dataclass(frozen=True, slots=True)
class _Row:
    """Something that has ended, as the table shows it."""

    name: str
    state: ToyState | Truth
    why: str

    @property
    def is_good(self) -> bool:
        return self.state in {ToyState.PROVED, Truth.TRUE}


class LiveTable:
    """A table that is written over: what runs, what ended last, and how many ended how."""

    def __init__(self, stream: TextIO, total: int, clock: Clock | None = None) -> None:
        """Write to `stream`, a terminal; `total` jobs will be told."""
        self._stream = stream
        self._total = total
        self._clock = clock or Clock()
        self._start = self._clock.now()
        self._sites = self._probed = self._round = 0
        self._running: dict[Job | Probe, float] = {}
        self._latest: deque[_Row] = deque(maxlen=_MOST_ROWS)
        self._ended: Counter[ToyState | Truth] = Counter()
        self._screen = Screen(stream, self)

    def probing(self, sites: int) -> None:
        """Begin to count sites."""
        self._sites, self._probed, self._round = sites, 0, 0
        self._screen.show()

    def asked(self, probe: Probe) -> None:
        """Show it among those that run."""
        self._running[probe] = self._clock.now()

    def answered(self, outcome: ProbeOutcome) -> None:
        """Show it among the latest."""
        self._running.pop(outcome.probe, None)
        reason = f": {spoken(outcome.said.reason)}" if outcome.said.reason else ""
        self._end(_Row(label(outcome.probe.site), outcome.said.truth, f"{outcome.probe.sentence}{reason}"))

    def probed(self, site: str, outcomes: Sequence[ProbeOutcome]) -> None:
        """Count it."""
        del site, outcomes
        self._probed += 1
        self._screen.show()

    def round(self, jobs: int) -> None:
        """Count it."""
        del jobs
        self._round += 1
        self._screen.show()

    def begun(self, job: Job) -> None:
        """Show it among those that run."""
        self._running[job] = self._clock.now()
        self._screen.show()

    def ended(self, outcome: ToyOutcome) -> None:
        """Show it among the latest."""
        self._running.pop(outcome.job, None)
        self._end(_Row(outcome.name, outcome.state, spoken(outcome.reason)))
        self._screen.show()

    def done(self) -> None:
        """Leave the table as it is, and the terminal to others."""
        self._running.clear()
        self._screen.leave()

    def __rich__(self) -> Table:
        """The table of this moment: drawn again by itself, as time goes on."""
        from rich.text import Text

        now = self._clock.now()
        table = titled_table(f"{self._head()}, {duration(now - self._start)}", has_header=False)
        table.add_column("who", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("why", no_wrap=True, overflow="ellipsis", ratio=1)
        for row in self._latest:
            table.add_row(row.name, Text(str(row.state), style=_STYLES[row.state]), Text(row.why))
        running = list(self._running.items())
        for what, since in running[:_MOST_RUNNING]:
            name, why = (label(what.site), what.sentence) if isinstance(what, Probe) else (named(what), "")
            table.add_row(name, "running", Text(f"for {duration(now - since)}{f': {why}' if why else ''}"))
        if len(running) > _MOST_RUNNING:
            table.add_row("", f"and {len(running) - _MOST_RUNNING:,} more", "")
        return table

    def _head(self) -> str:
        states: list[ToyState | Truth] = [*ToyState] if self._round else [*Truth]
        counts = [f"{self._ended[state]:,} {state}" for state in states if self._ended[state]]
        if self._round:
            ended = sum(self._ended[state] for state in ToyState)
            return ", ".join((f"round {self._round:,}", f"{ended:,} of {self._total:,} toy examples", *counts))
        return ", ".join((f"probes, {self._probed:,} of {counted(self._sites, 'site')}", *counts))

    def _end(self, row: _Row) -> None:
        """Show what has ended; what is good makes room for what is not."""
        self._ended[row.state] += 1
        if row.is_good and len(self._latest) == _MOST_ROWS:
            good = next((each for each in self._latest if each.is_good), None)
            if good is None:
                return
            self._latest.remove(good)
        self._latest.append(row)


def display_for(stream: TextIO | None, total: int, environ: Mapping[str, str] = os.environ) -> LiveDisplay:
    """The display that suits a stream: a table where somebody looks at it, else lines; `total` jobs will be told."""
    if stream is None:
        return Silent()
    return LiveTable(stream, total) if is_watched(stream, environ) else Lines(stream, total)
