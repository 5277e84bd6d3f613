"""An apply would take away more than a slip of the pen should.

When a workload goes, its programs stop and jobs that run in them fail; when most of a site's objects go, somebody has
probably planned another file than they meant. Such an apply needs `--force`. What holds data (claims, Secrets) is not
touched by it: that needs `--delete-data` as well.

Example:

    $ invoke apply --party 9999 --yes
    federation.yaml:8:5: error[FED928]: party 9999 would lose 4 of 31 objects, among them Deployment nginx
      hint: look at the changes above; if they are meant, apply again with --force
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label

FAULT = Fault("FED928", "destructive_change")


def destructive_change(place: Place, site: str, lost: int, total: int, workloads: tuple[str, ...]) -> Diagnostic:
    """Say how many of a site's objects would go, and which workloads (`Deployment nginx`) are among them."""
    among = f", among them {', '.join(workloads)}" if workloads else ""
    message = f"{label(site)} would lose {lost} of {total} objects{among}"
    return Diagnostic(FAULT, message, place, "look at the changes above; if they are meant, apply again with --force")
