"""Two parties have the same id.

A party id is how every router in the federation names a destination, and how FATE-Flow names the roles of a job. Two
parties with one id cannot both be reached: each route table has room for one of them (reference: INV-ID-1).

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
      - {id: 9999, cluster: shop}  # error: FED120
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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.slips import repeated_parties
from planner.subject import Subject

FAULT = Fault("FED120", "duplicate_id")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose id an earlier one has."""
    for _, party, first in repeated_parties(subject.federation):
        yield Diagnostic(
            FAULT,
            f"party id {party.id} is taken",
            Place((*party.path, "id")),
            "give this party an id of its own",
            (Note(f"party {party.id} is declared here first", Place((*first.path, "id"))),),
        )
