"""The operator lacks a right on the cluster.

Apply asks the cluster first what the operator may do (SelfSubjectAccessReview) and writes nothing while a right is
missing. The rights that suffice, and no more, are what `invoke rbac` writes: one Role for each namespace, for the
administrator to apply.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED909]: anna may not patch statefulsets.apps in namespace fate-9999 on cluster bank
      hint: have an administrator apply what `invoke rbac --party 9999` writes
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import option, spoken

FAULT = Fault("FED909", "missing_right")


def missing_right(
    place: Place, user: str, verb: str, resource: str, namespace: str, cluster: str, site: str
) -> Diagnostic:
    """Say which verb on which resource (`statefulsets.apps`) is missing; without a namespace in the whole cluster."""
    where = f"in namespace {spoken(namespace)} on cluster {cluster}" if namespace else f"on cluster {cluster}"
    message = f"{spoken(user) or 'this login'} may not {spoken(verb)} {spoken(resource)} {where}"
    return Diagnostic(FAULT, message, place, f"have an administrator apply what `invoke rbac {option(site)}` writes")
