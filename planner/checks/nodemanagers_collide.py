"""Several nodemanagers register under one name.

The chart of v2.0.0 gives every nodemanager the host name `nodemanager`, and clustermanager tells nodes apart by host
and port. So all replicas are one node, whose address is that of whichever registered last; sessions start on one of
them and look for their processors on another (reference: components.md section 0, fact 9). Before v2.0.0 each has its
own.

Bad:

    version: 1
    name: demo
    release: v2.0.0  # info: FED403
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        components:
          nodemanager: {replicas: 2, sessionProcessorsPerNode: 2}  # warning: FED427
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
      - id: 10000
        cluster: shop
        components:
          nodemanager: {replicas: 2, sessionProcessorsPerNode: 2}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED427", "nodemanagers_collide", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party of v2.0.0 with more than one nodemanager, deployed by the chart."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        if release.module != "osx" or party.target not in {"kubefate", "helm"}:
            continue
        replicas = party.components.get("nodemanager", {}).get("replicas", 1)
        if replicas > 1 and "nodemanager" in subject.modules(party):
            message = (
                f"the {replicas} nodemanagers of {party.label} all register as host nodemanager, so they are one node"
            )
            place = Place((*party.path, "components", "nodemanager", "replicas"))
            hint = "write `replicas: 1`, and give that one more processors and memory"
            yield party, Diagnostic(FAULT, message, place, hint)
