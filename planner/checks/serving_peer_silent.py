"""A serving-proxy does not reach another party's.

Inference needs both: the guest's serving-proxy asks the host's for its part of each answer (INV-SRV-1). It was tried
from inside the proxy's own pod, at the endpoint in its route table: something else listens there, a port is closed, or
the table in the pod is not the planned one. A serving-proxy speaks HTTP/2 (gRPC) and says so first, so a port that
takes connections for nobody is told from one that answers.

Example:

    $ invoke verify --live --only probes
    federation.yaml:8:5: error[FED507]: serving-proxy does not reach that of party 10000 at 10.9.9.9:30106: refused
      hint: see to the way to that port, or to its serving: `invoke status --party 10000`; then `invoke verify --live`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, option, spoken

FAULT = Fault("FED507", "serving_peer_silent")


def serving_peer_silent(place: Place, peer: str, endpoint: str, reason: str) -> Diagnostic:
    """Say that the serving-proxy of a site (its key) is not reached at an endpoint, and why, in a clause."""
    message = f"serving-proxy does not reach that of {label(peer)} at {spoken(endpoint)}: {spoken(reason)}"
    look = f"`invoke status {option(peer)}`"
    hint = f"see to the way to that port, or to its serving: {look}; then `invoke verify --live`"
    return Diagnostic(FAULT, message, place, hint)


def serving_peer_elsewhere(place: Place, site: str, peer: str, live: str, planned: str) -> Diagnostic:
    """Say that the table that a site's serving-proxy reads leads elsewhere; `live` is empty where it has no entry."""
    leads = f"leads to {spoken(live)}" if live else "does not lead"
    message = f"the table that serving-proxy reads {leads} for {label(peer)}, not to {spoken(planned)}"
    hint = f"apply again: `invoke apply {option(site)}`; a chart's proxy reads its table only when it starts"
    return Diagnostic(FAULT, message, place, hint)
