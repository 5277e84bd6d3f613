"""There is no earlier plan to go back to.

A roll-back applies once more what was applied before, from the record that apply keeps in the site's namespace. This
site was applied only once, or not at all, or its earlier records are gone.

Example:

    $ invoke apply --party 9999 --rollback
    federation.yaml:8:5: error[FED919]: party 9999 cannot go back: only one plan of it was ever applied
      hint: check out the federation.yaml that is wanted, plan it, and apply that
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED919", "nothing_to_roll_back")


def nothing_to_roll_back(place: Place, site: str, reason: str) -> Diagnostic:
    """Say why there is nothing that `site` (its key) could go back to."""
    message = f"{label(site)} cannot go back: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "check out the federation.yaml that is wanted, plan it, and apply that")
