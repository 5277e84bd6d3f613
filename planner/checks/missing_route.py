"""Two parties must talk, and neither has a route to the other.

A party without an entry for a peer, an exchange or a polling server sends the message back to itself, where it
fails (reference: INV-EGG-1; cluster-yaml.md 2.1; components.md, fact 6). Tables that are derived from `topology`
have a route for every pair that must talk; a partyList under `overrides` replaces what was derived. This is found
when the written files are read back.

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
        overrides:  # error: FED202, warning: FED413
          rollsite:
            partyList: []
      - id: 10000
        cluster: shop
        overrides:  # error: FED202, warning: FED413
          rollsite:
            partyList: []
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
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED202", "missing_route")


def missing(source: str, destination: str, place: Place, detail: str) -> Diagnostic:
    """Say that `source` has no route to `destination` (labels), with which it must talk; `detail` is a clause."""
    return Diagnostic(
        FAULT,
        f"{source} must talk with {destination}, and has no route to it: {detail}",
        place,
        "drop the routes from overrides, so that they are derived from topology, or name the pair under never",
    )
