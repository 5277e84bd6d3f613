"""A changed route table has not been seen in the running pod.

Hot route tables are read again without a restart: Kubernetes puts the new ConfigMap into the pod's volume within a
minute or two, and rollsite or nginx looks at it every few seconds. Apply waits until the file in the pod is the
planned one. Here that could not be seen in time, or not at all, so messages may still go the old way.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED922]: pod rollsite-0 still has another route_table.json after 3 minutes
      hint: look again with `invoke status --party 9999` before you count on the new routes
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import option, spoken

FAULT = Fault("FED922", "route_unconfirmed", Severity.WARNING)


def route_unconfirmed(place: Place, pod: str, file: str, waited: str, site: str, reason: str = "") -> Diagnostic:
    """Say which file of which pod is not the planned one after `waited`; `reason` says why it could not be read."""
    message = f"pod {spoken(pod)} still has another {spoken(file)} after {spoken(waited)}"
    if reason:
        message = f"{spoken(file)} of pod {spoken(pod)} could not be read: {spoken(reason)}"
    hint = f"look again with `invoke status {option(site)}` before you count on the new routes"
    return Diagnostic(FAULT, message, place, hint)
