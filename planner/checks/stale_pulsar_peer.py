"""A Pulsar broker holds an address of a peer where that peer is not.

FATE writes the address of a peer's broker into its own once, under the peer's id, and never again: what the route
table says later is not looked at while the broker knows the peer (components.md section 0, fact 10). So a peer that has
moved is dialled at its old address, and jobs hang without an error. apply takes such addresses out; this one was there
before, or was written by a job that still had the earlier table.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED992]: Pulsar of party 9999 dials party 10000 at 10.1.1.1:30096, not at 10.9.9.9:30096
      hint: let it forget the peer: `kubectl --namespace fate exec pulsar-0 -- bin/pulsar-admin clusters delete 10000`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED992", "stale_pulsar_peer")


def stale_pulsar_peer(place: Place, label: str, peer: int, known: str, planned: str, command: str) -> Diagnostic:
    """Say at which address a site's Pulsar dials a peer (a party's id), and at which it should."""
    message = f"Pulsar of {label} dials party {peer} at {spoken(known)}, not at {spoken(planned)}"
    return Diagnostic(FAULT, message, place, f"let it forget the peer: `{spoken(command)}`")
