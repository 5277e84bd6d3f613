"""How one toy example ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from planner.toy_schedule import Pair
from renderers.toy.failure_texts import Suspicion


class ToyState(StrEnum):
    """What is known about a pair now."""

    PROVED = "proved live"
    FAILED = "failed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class ToyOutcome:
    """One job: its pair, what it proved, and after how many seconds.

    `reason` says in a clause why it is not proved, `suspicion` what the known failure texts in its output mean.
    With `again` a repetition of what failed takes it up. `words` is what the job wrote, `log` where it is kept.
    """

    guest: int
    host: int
    state: ToyState
    seconds: float = 0.0
    reason: str = ""
    suspicion: Suspicion | None = None
    again: bool = False
    words: str = ""
    log: str = ""

    @property
    def pair(self) -> Pair:
        """Guest and host."""
        return self.guest, self.host

    @property
    def name(self) -> str:
        """`9999 -> 10000`, or `9999 with itself`."""
        return named(self.pair)

    @property
    def is_proved(self) -> bool:
        """Whether FATE itself said that this pair can work together."""
        return self.state is ToyState.PROVED

    @property
    def sentence(self) -> str:
        """The outcome as a line of a report."""
        after = f" in {round(self.seconds)} s" if self.seconds >= 1 else ""
        if self.is_proved:
            return f"{self.name}  proved live{after}"
        guess = f" (probably {self.suspicion.hop})" if self.suspicion is not None else ""
        return f"{self.name}  {self.state}{after}: {self.reason}{guess}"

    def to_json(self) -> Mapping[str, Any]:
        """The outcome for machines."""
        return {
            "guest": self.guest,
            "host": self.host,
            "state": {ToyState.PROVED: "proved"}.get(self.state, str(self.state)),
            "seconds": round(self.seconds, 1),
            "reason": self.reason or None,
            "probably": None if self.suspicion is None else self.suspicion.hop,
            "invariants": [] if self.suspicion is None else list(self.suspicion.invariants),
            "log": self.log or None,
        }


def named(pair: Pair) -> str:
    """A pair as reports name it."""
    guest, host = pair
    return f"{guest} with itself" if guest == host else f"{guest} -> {host}"
