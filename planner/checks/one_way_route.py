"""A site has a route to a peer that has none back.

FATE's results travel in both directions, so a direct route needs its counterpart in the peer's table. With one of
the two missing, jobs start and then wait until they time out (reference: INV-EGG-3). Tables that are derived from
`topology` have both directions; a partyList under `overrides` replaces what was derived. This is found when the
written files are read back.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        overrides:  # error: FED201, warning: FED413
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

FAULT = Fault("FED201", "one_way_route")


def one_way(source: str, destination: str, place: Place, detail: str) -> Diagnostic:
    """Say that `source` lists `destination` (labels), which does not list it back; `detail` is a clause."""
    return Diagnostic(
        FAULT,
        f"{source} has a route to {destination}, which has none back: {detail}",
        place,
        "drop the routes from overrides and put the pair into a shape under topology, which gives both their routes",
    )
