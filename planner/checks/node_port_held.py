"""Somebody else in the cluster has the NodePort.

A NodePort belongs to the whole cluster, and fedplan knows only the sites of the file. Another Service got this port,
perhaps because Kubernetes chose it for one that asked for none. Peers dial the port that was planned, so apply does
not take another one. Nothing of the site was written.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED906]: NodePort 30091 of Service fate-9999/rollsite is held by Service shop/web
      hint: have that Service give up 30091, or pin another port under `ports`, plan again, and tell the peers
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED906", "node_port_held")


def node_port_held(place: Place, what: str, port: str, holder: str) -> Diagnostic:
    """Say which planned port is taken; `holder` is the Service that has it, empty where the cluster does not tell."""
    by = spoken(holder) or "another Service of the cluster"
    message = f"NodePort {port} of {spoken(what)} is held by {by}"
    who = "that Service" if holder else "it"
    hint = f"have {who} give up {port}, or pin another port under `ports`, plan again, and tell the peers"
    return Diagnostic(FAULT, message, place, hint)
