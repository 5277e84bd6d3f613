"""FATE-Flow says that it is of another release than the planned one.

All parties of a federation run one minor release of FATE (INV-VER-1): their FATE-Flows and engines speak to each other,
and those of another release understand the messages only in part. Jobs then fail late, far from the cause. An image
that somebody set by hand, or an update that Helm called done, leaves such a FATE-Flow behind.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED987]: FATE-Flow of party 9999 is of FATE 1.10.0, and v1.11.2 is planned
      hint: apply again, and look at the image of its pod
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED987", "other_fate_runs")


def other_fate_runs(place: Place, label: str, told: str, planned: str) -> Diagnostic:
    """Say of which FATE a site's FATE-Flow tells that it is, and which release is planned."""
    message = f"FATE-Flow of {label} is of FATE {spoken(told)}, and {planned} is planned"
    return Diagnostic(FAULT, message, place, "apply again, and look at the image of its pod")
