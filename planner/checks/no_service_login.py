"""Nothing gives the URL, the user or the password of KubeFATE's service.

A site of target `kubefate` is applied through the service of its cluster. `clusters[].kubefate` names it; a user or
password that is not named there comes from the environment variables of KubeFATE's own program (FATECLOUD_SERVICEURL,
FATECLOUD_USER_USERNAME, FATECLOUD_USER_PASSWORD) or from its config.yaml in the folder this is run in.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:5: error[FED932]: KubeFATE's service on bank cannot be logged in to: nothing gives the password
      hint: set FATECLOUD_USER_PASSWORD, or write at the cluster
            `kubefate: {url: "https://HOST", user: USER, password: "env:KUBEFATE_PASSWORD"}`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED932", "no_service_login")
_EXAMPLE = '`kubefate: {url: "https://HOST", user: USER, password: "env:KUBEFATE_PASSWORD"}`'


def no_service_login(place: Place, cluster: str, problems: str) -> Diagnostic:
    """Say what is missing or unusable of a login, in clauses."""
    message = f"KubeFATE's service on {cluster} cannot be logged in to: {spoken(problems)}"
    hint = f"set FATECLOUD_USER_PASSWORD, or write at the cluster {_EXAMPLE}"
    return Diagnostic(FAULT, message, place, hint)
