"""An earlier apply stopped midway, and this one goes on.

The site's record in its namespace says that an apply began and not that it ended: it was killed, lost its cluster or
its Lease. Some objects may be of that plan and others of an older one. Applying again writes what differs from the
present plan and no more.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: info[FED920]: the apply of party 9999 by anna@ops-1 on 2026-03-01 12:04 UTC did not end
      hint: nothing to do: this apply goes on from there
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import label, spoken

FAULT = Fault("FED920", "interrupted_apply", Severity.INFO)


def interrupted_apply(place: Place, site: str, who: str, when: str) -> Diagnostic:
    """Say whose apply of `site` (its key) did not end, and when it began (in words)."""
    message = f"the apply of {label(site)} by {spoken(who)} on {spoken(when)} did not end"
    return Diagnostic(FAULT, message, place, "nothing to do: this apply goes on from there")
