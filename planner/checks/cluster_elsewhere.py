"""KubeFATE's service has a cluster of the same name in another namespace.

The service knows a cluster by its name and its namespace together. A site whose namespace was changed is therefore
installed a second time, and the first one goes on running with its ports, its data and its routes.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED935]: KubeFATE's service on bank has fate-old/fate-9999, too
      hint: if it was this site before, delete it once this one runs: `kubefate cluster delete 24bb75ff`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED935", "cluster_elsewhere", Severity.WARNING)


def cluster_elsewhere(place: Place, cluster: str, found: str, uuid: str) -> Diagnostic:
    """Say that the service has the cluster `found` (name and namespace), too."""
    message = f"KubeFATE's service on {cluster} has {spoken(found)}, too"
    hint = f"if it was this site before, delete it once this one runs: `kubefate cluster delete {spoken(uuid)}`"
    return Diagnostic(FAULT, message, place, hint)
