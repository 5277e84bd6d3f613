"""Peers are to dial a party's FATE-Flow directly, and it is exposed inside its cluster only.

With `nginx: direct` a peer's nginx dials FATE-Flow's own ports instead of the party's nginx; v1.5.0 knows no other
way. With `fateflow: ClusterIP` these ports have no address outside the cluster, and inside it only a Service name,
which nginx cannot dial (reference: INV-NGX-4; components.md section 0, fact 1).

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
      - {id: 10000, cluster: shop, nginx: direct, fateflow: ClusterIP}  # error: FED321
    defaults:
      engine: spark_pulsar
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
      - {id: 10000, cluster: shop, nginx: direct, fateflow: NodePort}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.dialled_endpoints import service_type
from planner.inheritance import told_once
from planner.model import Site
from planner.spark import a_dialler, control_sites
from planner.subject import Subject

FAULT = Fault("FED321", "fateflow_hidden")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose FATE-Flow is dialled from outside and has no address there."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release, door in control_sites(subject):
        if door.component != "python" or service_type(site, door) != "ClusterIP":
            continue
        dialler = a_dialler(site, subject)
        who = "its peers" if dialler is None else dialler.label
        notes = () if dialler is None else (Note(f"{dialler.label} is declared here", Place(dialler.path)),)
        way = "" if release.has_single_nginx_port else ", or leave `nginx: direct` out"
        yield (
            site,
            Diagnostic(
                FAULT,
                f"nginx of {who} dials FATE-Flow of {site.label} itself, which is exposed inside its cluster only",
                Place((*site.path, "fateflow")),
                f"write `fateflow: NodePort`{way}",
                notes,
            ),
        )
