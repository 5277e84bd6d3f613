"""A site does not listen where its peers dial it.

What plan writes is read back the way the chart reads it. A Service of type ClusterIP has no port outside its cluster,
and the charts ignore a nodePort without a type (reference: INV-PORT-3); so peers dial an address at which nobody
answers, and their jobs end in `UNAVAILABLE` after minutes. Mostly this comes from `overrides`.

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
        overrides:  # error: FED308, warning: FED413
          rollsite: {type: ClusterIP}
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
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED308", "not_exposed")


def not_exposed(site_label: str, place: Place, detail: str) -> Diagnostic:
    """Say that a site (a label) is exposed otherwise than planned; `detail` is a clause."""
    return Diagnostic(
        FAULT,
        f"{site_label} does not listen where its peers dial it: {detail}",
        place,
        "remove the Service's type and ports from overrides, and set `exposure` and `ports` of the site instead",
    )
