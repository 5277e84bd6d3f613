"""A party of v1.5.0 must talk over nginx with one of a later release.

In v1.5.0 nginx has a single port and route tables name it `port`; from v1.5.1 on it has two, and tables name
`http_port` and `grpc_port` (reference: INV-NGX-3, INV-NGX-1). Each side's table wants what the other does not have,
although the first two numbers of the releases agree.

Bad:

    version: 1
    name: demo
    release: v1.5.1
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, release: v1.5.0}  # error: FED419
    defaults:
      engine: spark_rabbitmq
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.5.1
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, release: v1.5.2}
    defaults:
      engine: spark_rabbitmq
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.partners import differing, grouped
from planner.spark import spark_parties
from planner.subject import Subject

FAULT = Fault("FED419", "mixed_nginx_ports")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party with a single nginx port that must talk with one that has two."""
    parties = {party.id: (party, release) for party, release, _ in spark_parties(subject) if party.id is not None}
    single = {key: release.has_single_nginx_port for key, (_, release) in parties.items()}
    if len(set(single.values())) < 2:  # noqa: PLR2004 - all are alike
        return
    by_group = grouped(subject.topology, single)
    for key, (party, release) in parties.items():
        found = differing(party, subject.topology, single, by_group) if single[key] else None
        if found is None:
            continue
        partner = subject.topology.sites[found]
        yield Diagnostic(
            FAULT,
            f"nginx of {party.label} ({release.name}) has one port, and that of {partner.label} ({partner.release}) "
            "has two, so neither's route table fits the other",
            Place((*party.path, "release") if "release" in party.given else ("release",)),
            f"use {partner.release} for both",
            (Note(f"{partner.label} is declared here", Place(partner.path)),),
        )
