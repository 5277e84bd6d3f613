"""The certificate that a peer shows is not the one that is expected.

Behind a trafficServer all certificates have one authority, which every site mounts beside its own, and the broker of a
party is called `<party id>.<domain>` (INV-PUL-6). A certificate of another authority or out of date ends every
connection; one for another name is that of another broker: a route leads to the wrong party, or two were given the
same certificate.

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED985]: exchange hub: Pulsar of party 10000 shows a foreign certificate at 10.1.1.1:6651
      note: it is not for 10000.fate.org, but for 9998.fate.org
      note: tried from pod fate-exchange/traffic-server-7f4d-9xk2p
      hint: see that the route leads to party 10000, and that the certificate of party 10000 is for 10000.fate.org
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED985", "foreign_certificate")


def foreign_certificate(place: Place, who: str, what: str, notes: tuple[str, ...], hint: str) -> Diagnostic:
    """Say what a site (`party 9999`) is shown at an endpoint."""
    return Diagnostic(FAULT, f"{who}: {what}", place, hint, tuple(map(Note, notes)))
