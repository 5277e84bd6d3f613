"""A party that sends data through RabbitMQ stands behind an exchange.

RabbitMQ has no exchange: each broker pulls from its peer's broker directly, and the route table has no default entry
(reference: INV-RMQ-4). An exchange would pass on control messages at most, and the data of every job would be missing.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star  # error: FED225
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_rabbitmq
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
      engine: spark_rabbitmq
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import stars
from planner.spark import spark_parties
from planner.subject import Subject
from planner.wording import label, some_parties

FAULT = Fault("FED225", "rabbitmq_behind_exchange")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every star that has parties with RabbitMQ in it."""
    sites = subject.topology.sites
    parties = {party.id: party for party, _, engine in spark_parties(subject) if engine.broker == "rabbitmq"}
    if not parties:
        return
    for star in stars(subject.topology.federation):
        found = [parties[member] for member in star.members if member in parties]
        if found and star.exchanges:
            names = some_parties((site.id or 0 for site in found), len(found))
            exchange = sites.get(star.exchanges[0])
            notes = () if exchange is None else (Note(f"{exchange.label} is declared here", Place(exchange.path)),)
            yield Diagnostic(
                FAULT,
                f"{names} behind {label(star.exchanges[0]) if star.exchanges[0] else 'an exchange'} "
                f"{'sends' if len(found) == 1 else 'send'} data through RabbitMQ, which has no exchange",
                Place(star.path),
                "link these parties directly (`mesh` or `links`), or give them an engine with Pulsar",
                notes,
            )
