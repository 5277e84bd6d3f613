"""How one toy example ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from planner.toy_schedule import Job, Pair
from renderers.toy.failure_texts import Suspicion


class ToyState(StrEnum):
    """What is known about the parties of a job now."""

    PROVED = "proved live"
    FAILED = "failed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class ToyOutcome:
    """One job: its guest and hosts, what it proved, and after how many seconds.

    `reason` says in a clause why it is not proved, `suspicion` what the known failure texts in its output mean.
    With `again` a repetition of what failed takes it up. `is_of_others` says that nothing of it could be begun: its
    guest's cluster is not ours or is away, or the guest has no container for it. `words` is what the job wrote, `log`
    where it is kept, `told` what others had to say of it while it hung.
    """

    job: Job
    state: ToyState
    seconds: float = 0.0
    reason: str = ""
    suspicion: Suspicion | None = None
    again: bool = False
    is_of_others: bool = False
    words: str = ""
    log: str = ""
    told: tuple[str, ...] = ()

    @property
    def guest(self) -> int:
        """The party that starts it."""
        return self.job[0]

    @property
    def hosts(self) -> tuple[int, ...]:
        """The parties that take part."""
        return self.job[1:]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The guest with each host; nothing where it is alone."""
        return tuple((self.guest, host) for host in self.hosts if host != self.guest)

    @property
    def name(self) -> str:
        """`9999 -> 10000`, `9999 -> 10000, 9998`, or `9999 with itself`."""
        return named(self.job)

    @property
    def is_proved(self) -> bool:
        """Whether FATE itself said that these parties can work together."""
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
            "host": self.hosts[0] if len(self.hosts) == 1 else None,
            "hosts": list(self.hosts),
            "state": {ToyState.PROVED: "proved"}.get(self.state, str(self.state)),
            "seconds": round(self.seconds, 1),
            "reason": self.reason or None,
            "probably": None if self.suspicion is None else self.suspicion.hop,
            "invariants": [] if self.suspicion is None else list(self.suspicion.invariants),
            "log": self.log or None,
            "told": list(self.told),
        }


def named(job: Job) -> str:
    """A job as reports name it."""
    guest, *hosts = job
    return f"{guest} with itself" if hosts == [guest] else f"{guest} -> {', '.join(map(str, hosts))}"
