"""Three parties have jobs together over Pulsar, whose brokers all call themselves by one name.

Every broker of the charts is a cluster of the name `standalone`, and hands messages on as producer
`pulsar.repl.standalone`. A topic takes one producer of a name. With two parties that never clashes; in a job of three,
two brokers hand on to the same topic, the second is refused, and the job hangs at the first algorithm that all three
run (FATE issue 4695). The way out is a `replicatorPrefix` of each party's own. The charts have no key for it;
target `kubernetes` sets it, so its parties send under names of their own.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh  # warning: FED228
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity
from planner.kubernetes_target import has_manifests
from planner.model import Links, party_key
from planner.spark import pulsar_parties
from planner.subject import Subject
from planner.wording import some_parties

FAULT = Fault("FED228", "pulsar_producers_collide", Severity.WARNING)
_THREE: Final = 3


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one finding for the federation, at the first shape of three parties or more with Pulsar."""
    parties = {party.key: party for party in pulsar_parties(subject)}
    if len(parties) < _THREE:
        return
    for shape in subject.topology.federation.shapes:
        if isinstance(shape, Links):
            continue
        members = [member for member in dict.fromkeys(shape.members) if party_key(member) in parties]
        alike = [member for member in members if not has_manifests(parties[party_key(member)])]
        if len(members) >= _THREE and len(alike) > 1:
            prefix = f"pulsar.repl.{alike[0]}"
            who = some_parties(members, len(members))
            hint = (
                "after installing, set replicatorPrefix in every party's ConfigMap pulsar-config to a value of its own "
                f"({prefix} for party {alike[0]}) and restart pulsar; or use target kubernetes, which sets it"
            )
            yield Diagnostic(
                FAULT,
                f"jobs of three of {who} hang, because their brokers send under one name",
                Place(shape.path),
                hint,
                (Note(f"a job of two parties, such as {members[0]} and {members[1]}, does not need it"),),
            )
            return
