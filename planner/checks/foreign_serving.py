"""A party's training and its FATE-Serving do not find each other.

FATE-Flow loads models into the serving-server that `servingIp` and `servingPort` name, and that one fetches them from
the FATE-Flow that its own file names: both must be the party's own (reference: INV-SRV-2, INV-SRV-3). fedplan derives
all four; so this finding means that `overrides`, or a file written by hand, says something else. Users see it as
"Please configure servings address", or as models that load and bind with UNAVAILABLE (KubeFATE issues 415, 651, 746).

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
        overrides:  # error: FED520, warning: FED413
          servingIp: 192.168.10.1
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:FATE_REDIS_PASSWORD", admin: "env:FATE_SERVING_ADMIN_PASSWORD"}

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
      serving:
        credentials: {redis: "env:FATE_REDIS_PASSWORD", admin: "env:FATE_SERVING_ADMIN_PASSWORD"}
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED520", "foreign_serving")


def foreign(site: str, place: Place, detail: str) -> Diagnostic:
    """Say that training and serving of `site` (a label) do not find each other; `detail` is a clause."""
    return Diagnostic(
        FAULT,
        f"{site} does not reach its own other half: {detail}",
        place,
        "drop the address and port from overrides, so that they are derived",
    )
