"""An earlier revision of a release runs again, whatever the update was called in the end.

KubeFATE's service goes back by itself when an update fails, and a second one that fails goes back to the very first
install, while its database says otherwise (reference: service-api.md section 6.2). Helm's history tells what runs.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED973]: Helm release fate-9999 has gone back to revision 1, as revision 4
      hint: look at the job's events and mend the cause, then apply again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED973", "earlier_revision")


def earlier_revision(place: Place, release: str, to: int, revision: int) -> Diagnostic:
    """Say to which revision a release has gone back, and under which number."""
    message = f"Helm release {spoken(release)} has gone back to revision {to}, as revision {revision}"
    return Diagnostic(FAULT, message, place, "look at the job's events and mend the cause, then apply again")
