"""The engine is one of FATE's, but this version of fedplan does not plan it.

fedplan plans Eggroll: with rollsite up to v1.11.2, with OSX in v2.0.0. Parties on Spark have two route tables (nginx
and RabbitMQ or Pulsar), exchanges of another kind and more ports; writing half of that would be worse than none.

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
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar  # error: FED601
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
      engine: eggroll
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.engines import federation_engines, is_legal, odd_ones, triple_of
from planner.inheritance import told_once
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED601", "unplanned_engine")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose engine fedplan does not plan, but those that must change it anyway."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    mixed = {site.key for site, _ in odd_ones(subject, federation_engines(subject))}
    for party in subject.federation.parties:
        release = subject.release(party)
        if release is None or subject.engine(party) is not None or party.key in mixed:
            continue
        triple = triple_of(party, release)
        if triple is not None and is_legal(triple, release):
            message = f"this version of fedplan does not plan engine {'/'.join(triple)}"
            yield party, Diagnostic(FAULT, message, Place((*party.path, "engine")), "write `engine: eggroll`")
