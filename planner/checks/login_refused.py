"""The cluster does not know the login.

The kubeconfig's token has expired, its certificate is of another authority or not valid at this time, or the helper
program that gets a token failed. A clock that is wrong on either side looks the same. Nothing was written after that;
apply again goes on from there.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:54: error[FED917]: cluster bank refuses the login of context bank-prod: the token has expired
      hint: log in again for context bank-prod, look at the clock of this machine, then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED917", "login_refused")


def login_refused(place: Place, cluster: str, context: str, reason: str) -> Diagnostic:
    """Say that the API server (401), or the helper program of the kubeconfig, refuses the login, and why."""
    message = f"cluster {cluster} refuses the login of context {spoken(context)}: {spoken(reason)}"
    hint = f"log in again for context {spoken(context)}, look at the clock of this machine, then run this again"
    return Diagnostic(FAULT, message, place, hint)
