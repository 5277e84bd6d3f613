"""Somebody else is applying this site.

Two operators at once would undo each other's work, so whoever changes a site holds a Lease in its namespace and renews
it. An apply that was killed leaves its Lease behind, which runs out by itself soon after. An apply that was shown to
its operator and not yet agreed to does not hold it; when somebody else was faster, it is refused, since what was shown
holds no more.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED910]: party 9999 is held by anna@ops-1 (apply), renewed 4 seconds ago
      hint: wait until that has ended, or 26 seconds if it was killed, then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED910", "lease_held")


def lease_held(place: Place, site: str, holder: str, renewed: str, remaining: str) -> Diagnostic:
    """Say who holds a site (its key); `renewed` and `remaining` are durations in words, as in "4 seconds"."""
    message = f"{label(site)} is held by {spoken(holder)}, renewed {spoken(renewed)} ago"
    hint = f"wait until that has ended, or {spoken(remaining)} if it was killed, then run this again"
    return Diagnostic(FAULT, message, place, hint)


def applied_meanwhile(place: Place, site: str, who: str, when: str) -> Diagnostic:
    """Say who applied `site` (its key), or removed it, since it was looked at, and when that began (in words)."""
    message = f"{label(site)} was applied by {spoken(who)} on {spoken(when)}, after this apply had looked at it"
    return Diagnostic(FAULT, message, place, "run this again: it shows what is different now")
