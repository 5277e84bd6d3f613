"""An endpoint that a site dials accepts no connection from the site's own pods.

It was tried from the pod that dials it in operation: the router's, the broker's, or FATE-Flow's where theirs has no
tool for it. A refused connection came as far as a machine that has no such port open: the peer's component does not
run, its Service has another port, or a firewall answers in its place. Without any answer, packets are lost on the way:
mostly a firewall, or an address that is not the peer's. The other direction is a hop of its own, and is told by the
peer's probes.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED983]: party 9999: rollsite of party 10000 refuses connections at 192.168.10.1:30101
      note: tried from pod fate-9999/rollsite-6d5f-x2x7v: Connection refused
      hint: see that rollsite of party 10000 runs and has this port, and that no firewall answers in its place
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED983", "peer_closed")


def peer_closed(place: Place, who: str, what: str, notes: tuple[str, ...], hint: str) -> Diagnostic:
    """Say what a site (`party 9999`) meets at an endpoint."""
    return Diagnostic(FAULT, f"{who}: {what}", place, hint, tuple(map(Note, notes)))
