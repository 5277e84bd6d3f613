"""How far long work has come: one line that is written over, on a terminal only, and gone at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Final, TextIO, TypeAlias

PATIENCE: Final = 1.0
"""Seconds of silence before the first line: short work shows nothing."""
PACE: Final = 0.1
"""Seconds between two lines."""


Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Line:
    """Progress on a terminal. Closing it leaves the line empty."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to `stream`; `clock` gives seconds."""
        self._stream = stream
        self._clock = clock
        self._next = clock() + PATIENCE
        self._width = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show the step, unless one was shown a moment ago."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + PACE
        text = f"{what} {done:,} of {total:,}"
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text)

    def close(self) -> None:
        """Wipe the line."""
        if self._width:
            self._stream.write(f"\r{' ' * self._width}\r")
            self._stream.flush()


def is_watched(stream: TextIO | None, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody looks at `stream` while the work goes on."""
    return stream is not None and stream.isatty() and environ.get("TERM") != "dumb" and not environ.get("CI")
