"""The new revision of a site did not come up, and the one before is back.

Pods were waited for, and one failed for good or the time was over; other findings say which and why, with the last
lines of its log. Then helm put back the revision that ran before. A first installation has none: it is taken out again,
and its data stays.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED959]: fate-9999 did not come up: its revision 3 is back, as revision 5
      hint: nothing is lost: change what the other findings say, and apply again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED959", "rolled_back", Severity.WARNING)
_HINT = "nothing is lost: change what the other findings say, and apply again"


def rolled_back(place: Place, release: str, revision: int, now: int) -> Diagnostic:
    """Say that an earlier revision of a release is back, and as which."""
    message = f"{spoken(release)} did not come up: its revision {revision} is back, as revision {now}"
    return Diagnostic(FAULT, message, place, _HINT)


def taken_out(place: Place, release: str) -> Diagnostic:
    """Say that a first installation was taken out again."""
    message = f"{spoken(release)} did not come up: as it is the first installation, it was taken out again"
    return Diagnostic(FAULT, message, place, _HINT)
