"""A live route table cannot be read.

Its reader takes it no more than fedplan does: rollsite stops to read it again for good after one such file, and a pod
that starts with it knows no routes (reference: components.md, fact 4).

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: error[FED977]: route_table.json of ConfigMap rollsite-config cannot be read: it is not JSON
      hint: apply again, then restart what reads it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED977", "broken_live_table")


def broken_live_table(place: Place, table: str, reason: str) -> Diagnostic:
    """Say which table cannot be read, and why, as a clause."""
    message = f"{spoken(table)} cannot be read: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "apply again, then restart what reads it")
