"""A Service does not have the port at which others dial the site.

Charts take a NodePort only for Services of type NodePort, and Kubernetes keeps one that was given before. So a release
can be there in full while nobody reaches it.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED975]: Service fate-9999/rollsite lacks NodePort 30091: it is of type ClusterIP
      hint: compare it with the plan: `kubectl --namespace fate-9999 get service rollsite`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED975", "door_closed")


def door_closed(place: Place, namespace: str, service: str, port: str, found: str) -> Diagnostic:
    """Say which port (as in "NodePort 30091") a Service does not have, and what is found instead, as a clause."""
    message = f"Service {spoken(namespace)}/{spoken(service)} lacks {spoken(port)}: {spoken(found)}"
    command = f"`kubectl --namespace {spoken(namespace)} get service {spoken(service)}`"
    return Diagnostic(FAULT, message, place, f"compare it with the plan: {command}")
