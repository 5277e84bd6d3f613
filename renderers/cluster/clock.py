"""Time: a clock that tests can replace, and the deadline of an operation."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


class Clock:
    """The machine's clock. Only differences are taken of `now`: an operator's clock may be wrong."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(slots=True)
class Deadline:
    """The moment at which an operation gives up."""

    seconds: float
    clock: Clock = field(default_factory=Clock)
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        """Start to count."""
        self._end = self.clock.now() + self.seconds

    @property
    def left(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self._end - self.clock.now())

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.seconds - (self._end - self.clock.now())

    @property
    def is_over(self) -> bool:
        """Whether it is too late."""
        return self.left <= 0

    def wait(self, seconds: float) -> bool:
        """Sleep, but not beyond the end; false when nothing is left afterwards."""
        self.clock.sleep(min(seconds, self.left))
        return not self.is_over
