"""A value would bring KubeFATE's service down.

On every update of a chart fate, services from v1.4.5 on read the user and the password of MySQL, and `chartName` and
`chartVersion` of what is stored and of what is new, as texts. A number in their place crashes the whole service, in a
place where nobody catches it: all its jobs stay as they are for ever (reference: service-api.md section 6.2). Nothing
was sent.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED938]: mysql.password is no text, and updating a/b would crash KubeFATE's service
      hint: write it in quotes
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED938", "crashes_service")


def crashes_service(place: Place, what: str, reason: str, hint: str) -> Diagnostic:
    """Say which value (a clause) would crash the service when it updates the cluster `what`."""
    message = f"{reason}, and updating {spoken(what)} would crash KubeFATE's service"
    return Diagnostic(FAULT, message, place, hint)
