"""KubeFATE's service does not let the user in.

The user and the password come from `clusters[].kubefate`, else from FATECLOUD_USER_USERNAME and
FATECLOUD_USER_PASSWORD, else from KubeFATE's config.yaml. The service takes the password of its first user from its
own environment when it starts, so one that was changed in its Secret holds after a restart.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:5: error[FED931]: KubeFATE's service on bank does not let user admin in
      hint: see that user and password are right: the password came from env:KUBEFATE_PASSWORD
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED931", "service_login_refused")


def service_login_refused(place: Place, cluster: str, reason: str, source: str) -> Diagnostic:
    """Say that a user is not let in; `source` says where the password came from (never the password)."""
    message = f"KubeFATE's service on {cluster}: {spoken(reason)}"
    hint = f"see that user and password are right: the password came from {spoken(source)}"
    return Diagnostic(FAULT, message, place, hint)
