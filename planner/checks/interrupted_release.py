"""A helm that was killed has left its release half written.

Helm marks a release while it works on it, and refuses to touch it while the mark is there: `another operation in
progress`. When helm was killed, the mark stays for ever. Nobody holds the site's Lease, so no apply of fedplan is at
work; this apply takes the mark away by going back to the last revision that was whole, and then goes on. Somebody who
runs helm by hand at this moment would be disturbed, so it is told first.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED960]: helm was stopped while it worked on fate-9999 (revision 4, pending-upgrade)
      hint: if nobody runs helm on it at this moment, go on: apply puts that right first
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED960", "interrupted_release", Severity.WARNING)


def interrupted_release(place: Place, release: str, revision: int, status: str) -> Diagnostic:
    """Say which revision of a release is half written, with helm's word for its status."""
    message = f"helm was stopped while it worked on {spoken(release)} (revision {revision}, {spoken(status)})"
    hint = "if nobody runs helm on it at this moment, go on: apply puts that right first"
    return Diagnostic(FAULT, message, place, hint)
