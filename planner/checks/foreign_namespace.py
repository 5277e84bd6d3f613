"""The namespace belongs to something else.

One site has one namespace. Two installations of FATE in one namespace take each other's Services, because their names
are FATE's own and the same everywhere. Apply therefore writes nothing into a namespace that holds another site's
record, a Helm release, or objects with names of the plan that fedplan did not make.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:18: error[FED904]: namespace fate-9999 on cluster bank holds the Helm release fate-9999
      hint: remove that first, or write another `namespace` for party 9999
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED904", "foreign_namespace")


def foreign_namespace(place: Place, namespace: str, cluster: str, owner: str, site: str) -> Diagnostic:
    """Say what a namespace holds (`owner`, as in "the Helm release fate-9999") that `site` (its key) cannot share."""
    message = f"namespace {spoken(namespace)} on cluster {cluster} holds {spoken(owner)}"
    return Diagnostic(FAULT, message, place, f"remove that first, or write another `namespace` for {label(site)}")
