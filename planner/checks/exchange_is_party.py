"""An exchange has the id of a party, or of another exchange.

An exchange writes an id of its own into its route table and answers for it. With a party's id it would keep that
party's messages for itself, and nobody could reach the party through it (reference: INV-ID-1). Left out, the id is
chosen so that it is free.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, id: 9999, cluster: bank}  # error: FED126
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, id: 1, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED126", "exchange_is_party")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange whose id belongs to a party or to an earlier exchange."""
    owners: dict[int, Site] = {}
    for party in subject.federation.parties:
        if party.id is not None:
            owners.setdefault(party.id, party)
    for exchange in subject.federation.exchanges:
        if exchange.id is None:
            continue
        owner = owners.setdefault(exchange.id, exchange)
        if owner is not exchange:
            yield Diagnostic(
                FAULT,
                f"{exchange.label} has the id of {owner.label}",
                Place((*exchange.path, "id")),
                "leave out the id, and a free one is chosen",
                (Note(f"{owner.label} has the id {exchange.id} here", Place((*owner.path, "id"))),),
            )
