"""Parties of a Spark family are to balance their load over several exchanges.

Only the load-balancing router of eggroll, module lbrollsite, has a list of exchanges. nginx has one default route, and
Pulsar one exchange (reference: cluster-yaml.md section 2, INV-EGG-10). The charts take the first and know nothing of
the others.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: all
        through: [hub-a, hub-b]  # error: FED622
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub-a, cluster: bank}
      - {name: hub-b, cluster: shop}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - star: all
        through: hub-a
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub-a, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import stars
from planner.model import party_key
from planner.spark import spark_parties
from planner.subject import Subject
from planner.wording import some_parties

FAULT = Fault("FED622", "balance_without_rollsite")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every star over several exchanges that has parties of a Spark family."""
    spark = {party.key for party, _, _ in spark_parties(subject)}
    for star in stars(subject.topology.federation):
        found = [member for member in star.pool if party_key(member) in spark]
        if len(star.balanced) > 1 and found:
            exchanges = [subject.topology.sites[key] for key in star.balanced if key in subject.topology.sites]
            names = " and ".join(key.removeprefix("exchange-") for key in star.balanced)
            yield Diagnostic(
                FAULT,
                f"{some_parties(found, len(found))} cannot balance over {names}: nginx and Pulsar have one each",
                Place((*star.path, "through")),
                "name one exchange, or split the star by exchange: `star: {A: [...], B: [...]}`",
                tuple(Note(f"{site.label} is declared here", Place(site.path)) for site in exchanges[:1]),
            )
