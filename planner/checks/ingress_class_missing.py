"""No ingress controller will take up the ingress of KubeFATE's service.

The service is reached through an Ingress. Kubernetes stores every Ingress; whether a program serves it depends on its
class. Without an IngressClass of that name, or without one that is the default where none is named, the service runs
and nobody reaches it: KubeFATE's documents name that as the first reason why `kubefate version` fails.

Example:

    $ invoke kubefate.deploy --cluster bank --ingress-class nginx
    federation.yaml:4:5: warning[FED946]: cluster bank has no IngressClass nginx: nobody will reach k.bank.example.com
      hint: install an ingress controller, or name one of the classes that are there with --ingress-class: traefik
"""

from __future__ import annotations

from collections.abc import Sequence

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import MOST_KNOWN, spoken

FAULT = Fault("FED946", "ingress_class_missing", Severity.WARNING)


def ingress_class_missing(place: Place, cluster: str, wanted: str, host: str, known: Sequence[str]) -> Diagnostic:
    """Say which class a cluster lacks (empty: a default one), and which it has."""
    what = f"no IngressClass {spoken(wanted)}" if wanted else "no default IngressClass, and none is named"
    message = f"cluster {cluster} has {what}: nobody will reach {spoken(host)}"
    hint = "install an ingress controller"
    if known:
        names = ", ".join(spoken(name) for name in known[:MOST_KNOWN])
        hint += f", or name one of the classes that are there with --ingress-class: {names}"
    return Diagnostic(FAULT, message, place, hint)
