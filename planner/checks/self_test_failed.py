"""A party fails the toy example with itself.

Guest and host are the same party, so no other site takes part, and no route between sites: what is at fault are its own
services (images, MySQL, FATE-Flow, its router, cores). The pairs of this party are not tried then: they would fail as
well, after minutes, and say nothing about routes.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED982]: party 9999 fails the toy example with itself: job 202301010 ended as failed
      hint: read .fedplan/verify/9999-9999.log and `invoke status --party 9999`, then repeat it with --failed
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED982", "self_test_failed")


def self_test_failed(place: Place, party: int, reason: str, notes: tuple[str, ...], log: str) -> Diagnostic:
    """Say that a party failed alone, and why; `notes` are what is suspected, `log` what its job wrote."""
    read = f"{log} and " if log else ""
    hint = f"read {read}`invoke status --party {party}`, then repeat it with --failed"
    message = f"party {party} fails the toy example with itself: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, hint, tuple(map(Note, notes)))
