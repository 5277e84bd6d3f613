"""A setting of a rendered file is lost or changes its meaning on the way into FATE.

KubeFATE's service reads a cluster.yaml through the chart's values template and silently drops every key that the
template does not name; the chart ignores a nodePort without a type, needs modules that nobody told it about, and
writes a route table in which a second row for one party replaces the first (reference: cluster-yaml.md section 1).
Such a file installs without complaint and fails later, as a time-out.

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
        overrides:  # error: FED702, warning: FED413
          rollsite:
            partyList:
              - {partyId: 10000, partyIp: 192.168.10.1, partyPort: 30091}
              - {partyId: 10000, partyIp: 192.168.10.1, partyPort: 30091}
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

FAULT = Fault("FED702", "lost_setting")


def lost(site: str, place: Place, detail: str) -> Diagnostic:
    """Say what becomes of a setting of `site` (a label); `detail` is a clause."""
    return Diagnostic(FAULT, f"{site}: {detail}", place, "correct or remove it under overrides, then plan again")
