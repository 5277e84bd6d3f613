"""The helm that was found cannot be used.

It is older than what is needed, or it is no helm at all: another program of that name, or one for another machine.
Helm 2 kept its releases in a server of its own and has other commands.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED951]: /usr/bin/helm is helm 2.16.1, and 3.9 is the oldest that will do
      hint: install Helm 3 or 4 (https://helm.sh), or name another one with FEDPLAN_HELM
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED951", "unusable_helm")
_HINT = "install Helm 3 or 4 (https://helm.sh), or name another one with FEDPLAN_HELM"


def too_old(place: Place, path: str, version: str, oldest: str) -> Diagnostic:
    """Say that the helm at `path` is older than the oldest that will do."""
    return Diagnostic(FAULT, f"{spoken(path)} is helm {version}, and {oldest} is the oldest that will do", place, _HINT)


def not_helm(place: Place, path: str, said: str) -> Diagnostic:
    """Say that a program is no helm, or does not run, in its own words."""
    return Diagnostic(FAULT, f"{spoken(path)} is not a helm that runs here: {spoken(said)}", place, _HINT)
