"""One probe: its sentence about one site, how it is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from planner.diagnostics import Diagnostic
from planner.lookup import Endpoint
from planner.probes import ProbeSort
from renderers.cluster.clock import Deadline


class Truth(StrEnum):
    """What is known about a sentence now."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    HELD = "not asked"


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to a probe: `reason` is a clause that says why it is not true, with findings for the report.

    A sentence that is true may have findings too, as long as none of them is an error. `peers` are the sites (keys) to
    which nothing arrives, where a probe asks about many at once.
    """

    truth: Truth = Truth.TRUE
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A sentence about one site. `ask` is called in a thread of its own, and may raise ApiError: then it is unknown.

    `sentence` names what is meant here (`rollsite of party 10000 accepts connections at 192.168.10.1:30091`). `peer`
    and `endpoint` are the site that is dialled and where, for probes of ways.
    """

    sort: ProbeSort
    site: str
    sentence: str
    ask: Callable[[Deadline], Said]
    peer: str = ""
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """What came of a probe, after how many seconds."""

    probe: Probe
    said: Said
    seconds: float = 0.0

    @property
    def code(self) -> str:
        """The code of what was found, which may be more exact than that of the sort."""
        errors = (each.fault.code for each in self.said.diagnostics if each.is_error)
        return next(errors, self.probe.sort.code)
