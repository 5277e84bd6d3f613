"""TLS is not spoken where the plan says so, or it is spoken where the plan says nothing of it.

Between a trafficServer and Pulsar, and between Pulsar's brokers behind one, everything goes over TLS. If another port
is behind the endpoint, or something on the way speaks for itself, no connection comes about. With `tls` of rollsite the
traffic stays plain as long as KubeFATE's charts are what they are (see FED803): the probe shows what is on the wire.

The other way round, FATE says its plain words to something that waits for a handshake: a TLS proxy or a load balancer
stands before the peer that the plan does not know.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED984]: party 9999: trafficServer of exchange hub speaks no TLS at 192.168.9.1:30443
      note: tried from pod fate-9999/pulsar-0
      note: it ends the connection without a word
      hint: see that this is the TLS port of trafficServer of exchange hub, and that nothing between speaks in its place
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED984", "tls_not_spoken")


def tls_not_spoken(place: Place, who: str, what: str, notes: tuple[str, ...], hint: str) -> Diagnostic:
    """Say what a site (`party 9999`) hears at an endpoint."""
    return Diagnostic(FAULT, f"{who}: {what}", place, hint, tuple(map(Note, notes)))
