"""A password of KubeFATE's service is one that everybody knows.

KubeFATE's own files deploy the service with the login admin and the password admin, and its database with kubefate and
kubefate. Whoever reaches the ingress may then install, read and delete every cluster of FATE, with all rights that the
service has. `kubefate.deploy` generates passwords where nothing else is said, and takes none of those.

Example:

    $ KUBEFATE_PASSWORD=admin invoke kubefate.deploy --cluster bank --password env:KUBEFATE_PASSWORD
    federation.yaml:4:5: error[FED945]: kubefatePassword of Secret kube-fate/kubefate-secret is one that everybody knows
      hint: give another one with --password, or leave that out: one is generated
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED945", "default_service_password")


def default_service_password(place: Place, namespace: str, secret: str, key: str, option: str) -> Diagnostic:
    """Say which key of which Secret would have such a value; `option` is what gives it another one."""
    message = f"{key} of Secret {spoken(namespace)}/{spoken(secret)} is one that everybody knows"
    return Diagnostic(FAULT, message, place, f"give another one with {option}, or leave that out: one is generated")
