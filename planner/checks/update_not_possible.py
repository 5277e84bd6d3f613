"""KubeFATE's service cannot bring a cluster from what is installed to what is planned.

A cluster keeps its chart for life. For charts of FATE the service refuses to go back to an older version, and to leave
a version up to v1.7.1, whose MySQL image could be newer than the next one (reference: service-api.md section 6.2).
Nothing was sent.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED936]: fate-9999/fate-9999 has chart fate v1.11.2, and cannot go back to v1.10.0
      hint: keep v1.11.2 in `release`, or remove the site with its data and apply it again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED936", "update_not_possible")


def update_not_possible(place: Place, what: str, installed: str, reason: str, hint: str) -> Diagnostic:
    """Say why the cluster `what` with the chart `installed` (name and version) cannot become what is planned."""
    return Diagnostic(FAULT, f"{spoken(what)} has chart {spoken(installed)}, and {reason}", place, hint)
