"""A route leads to an address and port where the wanted site does not listen.

A site can be dialled at the address of its cluster and the port that its Service opens there, or at its load
balancer. At any other endpoint nobody answers, or a stranger does (reference: INV-EGG-2, INV-EGG-4, INV-PORT-4).
Derived tables hold the endpoints that were planned; a partyList or an exchange under `overrides` replaces them.
This is found when the written files are read back.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - id: 9999
        cluster: bank
        overrides:  # error: FED208, warning: FED413
          rollsite:
            partyList:
              - {partyId: 10000, partyIp: 192.168.10.1, partyPort: 9370}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    routes:
      - {from: 9999, to: 10000, port: 9370}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED208", "wrong_endpoint")


def wrong(source: str, destination: str, place: Place, detail: str) -> Diagnostic:
    """Say that a route of `source` for `destination` (labels) leads elsewhere; `detail` is the way of a message."""
    return Diagnostic(
        FAULT,
        f"the route of {source} for {destination} does not lead there: {detail}",
        place,
        f"drop the route from overrides; an address of its own for {destination} belongs under routes",
    )
