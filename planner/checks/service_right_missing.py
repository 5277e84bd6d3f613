"""The operator may not deploy KubeFATE's service with the rights that it needs.

The service installs charts, so it needs rights of its own, and nobody may give away rights that they do not have. In
every namespace of the cluster an administrator can give them; with --namespaces they are given in these alone, which
an administrator of these namespaces can.

Example:

    $ invoke kubefate.deploy --cluster bank
    federation.yaml:4:5: error[FED947]: anna may not create clusterroles.rbac.authorization.k8s.io on cluster bank
      hint: have an administrator apply what --write DIR writes, or deploy for some namespaces alone with --namespaces
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED947", "service_right_missing")
_ADMINISTRATOR = "have an administrator apply what --write DIR writes"


def service_right_missing(place: Place, user: str, what: str, cluster: str, *, is_narrow: bool) -> Diagnostic:
    """Say what (`create roles in namespace fate-9999`) a user may not do; `is_narrow` when --namespaces is given."""
    message = f"{spoken(user) or 'this login'} may not {spoken(what)} on cluster {cluster}"
    more = ", or leave the ClusterRole out with --no-cluster-role" if is_narrow and "clusterrole" in what else ""
    other = more if is_narrow else ", or deploy for some namespaces alone with --namespaces"
    return Diagnostic(FAULT, message, place, f"{_ADMINISTRATOR}{other}")


def rights_not_held(place: Place, user: str, what: str, cluster: str, *, is_narrow: bool) -> Diagnostic:
    """Say that a user may not give the rights that an object (`ClusterRole x`) gives, for want of them."""
    message = f"{spoken(user) or 'this login'} does not have all the rights that {spoken(what)} gives on {cluster}"
    other = "" if is_narrow else ", or deploy for some namespaces alone with --namespaces"
    return Diagnostic(FAULT, message, place, f"{_ADMINISTRATOR}{other}")


def namespace_not_made(place: Place, user: str, namespace: str, cluster: str) -> Diagnostic:
    """Say which namespace of --namespaces is missing and cannot be made."""
    name = spoken(namespace)
    message = f"cluster {cluster} has no namespace {name}, and {spoken(user) or 'this login'} may not make it"
    return Diagnostic(FAULT, message, place, f"have an administrator make it: kubectl create namespace {name}")
