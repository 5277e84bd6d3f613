"""Another Ingress of the cluster has the host of KubeFATE's service.

Two Ingresses with one host and one path are served by whichever the controller takes first. With two services of
KubeFATE in a cluster, operators would talk to the other one; with a page of FATE, to none.

Example:

    $ invoke kubefate.deploy --cluster bank --host example.com
    federation.yaml:4:5: error[FED949]: Ingress fate-9999/client has the host example.com already, on cluster bank
      hint: give the service a host of its own with --host
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED949", "service_host_taken")


def service_host_taken(place: Place, holder: str, host: str, cluster: str) -> Diagnostic:
    """Say which Ingress (`Ingress fate-9999/client`) has a host."""
    message = f"{spoken(holder)} has the host {spoken(host)} already, on cluster {cluster}"
    return Diagnostic(FAULT, message, place, "give the service a host of its own with --host")
