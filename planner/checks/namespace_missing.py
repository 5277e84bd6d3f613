"""The site's namespace does not exist and apply may not make it.

A namespace belongs to the cluster, and the rights to make one are the administrator's. Apply makes it where the
operator may. Where not, the administrator makes it together with the Role that apply needs. `invoke verify --live`
tells of a namespace that is not there in any case: nothing of the site runs then.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED927]: cluster bank has no namespace fate-9999, and anna may not make it
      hint: have an administrator apply what `invoke rbac --party 9999` writes: the namespace and the Role
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import option, spoken

FAULT = Fault("FED927", "namespace_missing")


def namespace_missing(place: Place, namespace: str, cluster: str, user: str, site: str) -> Diagnostic:
    """Say which namespace of `site` (its key) is missing, and who may not make it."""
    message = (
        f"cluster {cluster} has no namespace {spoken(namespace)}, and {spoken(user) or 'this login'} may not make it"
    )
    hint = f"have an administrator apply what `invoke rbac {option(site)}` writes: the namespace and the Role"
    return Diagnostic(FAULT, message, place, hint)


def namespace_gone(place: Place, namespace: str, cluster: str, site: str) -> Diagnostic:
    """Say which namespace of `site` (its key) is not there, where nothing is to be made."""
    message = f"cluster {cluster} has no namespace {spoken(namespace)}"
    return Diagnostic(FAULT, message, place, f"apply the site: `invoke apply {option(site)}`")
