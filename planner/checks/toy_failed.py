"""The toy example of a pair failed.

The routes in the files are right, and FATE could not work along them all the same: what runs is not what was planned,
something on the way is closed, or a service behind the last hop is down. FATE's own words say which hop to suspect, and
the way of the message says where it is; `.fedplan/verify/` keeps what the job wrote. A party that fails the toy example
with itself is not tried with others, so what is at fault lies between the two, where both were tried alone before.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED980]: the toy example 9999 -> 10000 failed: job 202301010 ended as failed
      note: probably the way from the guest's router to the host: a missing route, a wrong port or a firewall
      note: the way: party 9999 -> party 10000 (192.168.10.1:30091)
      hint: read .fedplan/verify/9999-10000.log, mend the hop, and repeat what failed with --failed
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED980", "toy_failed")


def toy_failed(place: Place, pair: str, reason: str, notes: tuple[str, ...], log: str) -> Diagnostic:
    """Say that a pair (`9999 -> 10000`) failed, and why; `notes` are what is suspected, `log` what its job wrote."""
    message = f"the toy example {pair} failed: {spoken(reason)}"
    read = f"read {log}, mend the hop" if log else "mend the hop"
    return Diagnostic(FAULT, message, place, f"{read}, and repeat what failed with --failed", tuple(map(Note, notes)))
