"""The cluster does not serve an API that the plan was written for.

Kubernetes takes away old versions of its APIs and adds new ones. Which version a manifest is written in follows the
cluster's `kubernetes` in federation.yaml, or today's where that is not said. This cluster is older or newer.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:5: error[FED916]: cluster bank (Kubernetes 1.20) does not serve policy/v1 PodDisruptionBudget
      hint: write `kubernetes: "1.20"` at cluster bank, plan again, and apply
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED916", "api_not_served")


def api_not_served(place: Place, cluster: str, version: str, api: str) -> Diagnostic:
    """Say which API (group, version and kind) the cluster of this version (`1.20`) does not serve."""
    message = f"cluster {cluster} (Kubernetes {spoken(version)}) does not serve {spoken(api)}"
    hint = f'write `kubernetes: "{spoken(version)}"` at cluster {cluster}, plan again, and apply'
    return Diagnostic(FAULT, message, place, hint)
