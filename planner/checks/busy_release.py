"""A release of Helm is marked as being worked on, and not by fedplan.

Helm marks a release while it works on it. Either somebody runs helm on it at this moment, or their helm was killed and
the mark has stayed. Only they know which. With `--force` the mark is taken away, and apply goes on.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED962]: release fate-9999 is being worked on (revision 4, pending-upgrade), not by us
      hint: wait until that helm has ended; if it was killed, apply again with --force
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED962", "busy_release")


def busy_release(place: Place, release: str, revision: int, status: str) -> Diagnostic:
    """Say which revision of a release somebody works on, with helm's word for its status."""
    message = f"release {spoken(release)} is being worked on (revision {revision}, {spoken(status)}), not by us"
    hint = "wait until that helm has ended; if it was killed, apply again with --force"
    return Diagnostic(FAULT, message, place, hint)
