"""KubeFATE's service has the login of its documentation: admin/admin.

Whoever can reach the service can then install, change and delete every cluster of it: each user may do everything
(reference: service-api.md section 3). The password is that of the Secret `kubefate-secret`;
`invoke kubefate.deploy` makes one that nobody knows.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:5: warning[FED933]: KubeFATE's service on bank has the login of its documentation, admin/admin
      hint: change kubefatePassword in Secret kube-fate/kubefate-secret and restart the service
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED933", "default_service_login", Severity.WARNING)


def default_service_login(place: Place, cluster: str) -> Diagnostic:
    """Say that the service of a cluster has a login that everybody knows."""
    message = f"KubeFATE's service on {cluster} has the login of its documentation, admin/admin"
    hint = "change kubefatePassword in Secret kube-fate/kubefate-secret and restart the service"
    return Diagnostic(FAULT, message, place, hint)
