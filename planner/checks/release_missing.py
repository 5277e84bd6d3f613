"""Helm has no release of this name after an install.

KubeFATE's service takes a cluster that did not come up within an hour down again, and `helm --atomic` a first install
that failed. What is left of it are claims and Secrets at most.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED970]: there is no Helm release fate-9999 in namespace fate-9999
      hint: mend what the other findings say, and apply again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED970", "release_missing")


def release_missing(place: Place, namespace: str, name: str) -> Diagnostic:
    """Say which release is not there."""
    message = f"there is no Helm release {spoken(name)} in namespace {spoken(namespace)}"
    return Diagnostic(FAULT, message, place, "mend what the other findings say, and apply again")
