"""There is no helm to run.

Target `helm` installs the official charts with the `helm` binary, which also turns a site's cluster.yaml into values
for its chart. Helm 3 (from 3.9 on) and Helm 4 serve alike. It is looked for on the PATH; `FEDPLAN_HELM` names another.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED950]: helm is not installed: there is no helm on the PATH
      hint: install Helm 3 or 4 (https://helm.sh), or name the program with FEDPLAN_HELM
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED950", "helm_missing")


def helm_missing(place: Place, given: str) -> Diagnostic:
    """Say that there is no helm; `given` is what FEDPLAN_HELM names, empty where it is not set."""
    if given:
        message = f"FEDPLAN_HELM names {spoken(given)}, which is no program"
        return Diagnostic(FAULT, message, place, "name the helm binary, or unset it to use the one on the PATH")
    message = "helm is not installed: there is no helm on the PATH"
    hint = "install Helm 3 or 4 (https://helm.sh), or name the program with FEDPLAN_HELM"
    return Diagnostic(FAULT, message, place, hint)
