"""A site of the plan does not run.

The site's namespace holds no record of an apply, or only objects of another plan. Its peers reach nobody there.

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: error[FED924]: party 9999 does not run on cluster bank: it was never applied
      hint: apply it with `invoke apply --party 9999`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, option, spoken

FAULT = Fault("FED924", "not_applied")


def not_applied(place: Place, site: str, cluster: str, reason: str) -> Diagnostic:
    """Say why nothing of `site` (its key) is known to run on its cluster."""
    message = f"{label(site)} does not run on cluster {cluster}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, f"apply it with `invoke apply {option(site)}`")
