"""The site's Lease was lost while it was being applied.

The Lease could not be renewed in time, because the cluster did not answer, this machine slept, or its clock jumped;
then somebody else took it. Apply stops at once, so that two never write at the same time. What was written stays.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED926]: party 9999 is now held by ben@ops-2, so this apply stopped midway
      hint: wait until that has ended, then run this again: it writes only what still differs
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED926", "lost_lease")


def lost_lease(place: Place, site: str, holder: str) -> Diagnostic:
    """Say who holds `site` (its key) now; `holder` is empty where that is not known."""
    now = f"is now held by {spoken(holder)}" if holder else "is no longer held by this apply"
    message = f"{label(site)} {now}, so this apply stopped midway"
    return Diagnostic(
        FAULT, message, place, "wait until that has ended, then run this again: it writes only what still differs"
    )
