"""Two parties share one database.

FATE's tables hold no party id, so two parties with one database read and overwrite each other's jobs, models and
eggroll nodes (reference: INV-DB-4). They may share a server: the database is what must be a party's own.

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
        mysql: {host: db.example.com, database: fate, user: fate, password: "env:DB_PASSWORD"}
      - id: 10000
        cluster: shop
        mysql: {host: db.example.com, database: fate, user: fate, password: "env:DB_PASSWORD"}  # error: FED316
    defaults:
      credentials: {fateboard: "env:FATEBOARD_PASSWORD"}

Good:

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
        mysql: {host: db.example.com, database: fate_9999, user: fate, password: "env:DB_PASSWORD"}
      - id: 10000
        cluster: shop
        mysql: {host: db.example.com, database: fate_10000, user: fate, password: "env:DB_PASSWORD"}
    defaults:
      credentials: {fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.addresses import flaw, is_internal, normalised
from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED316", "mysql_shared")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose external database an earlier one has, once where it is inherited.

    Names that each Kubernetes cluster resolves for itself are the same server on one cluster only.
    """
    namespaces = frozenset(site.namespace for site in subject.federation.sites)
    first: dict[tuple[str, int, str, str], Site] = {}
    inherited = False
    for party in subject.federation.parties:
        mysql = party.mysql
        if mysql is None or flaw(mysql.host) is not None:
            continue
        per_cluster = "." not in mysql.host and ":" not in mysql.host
        where = party.cluster if per_cluster or is_internal(mysql.host, namespaces) else ""
        earlier = first.setdefault((normalised(mysql.host), mysql.port, mysql.database, where), party)
        if earlier.key == party.key or (inherited and "mysql" not in party.given):
            continue
        both = "mysql" not in party.given and "mysql" not in earlier.given
        inherited = inherited or both
        what = f"database {mysql.database} on {mysql.host}:{mysql.port}"
        yield Diagnostic(
            FAULT,
            f"{what} is inherited by several parties"
            if both
            else f"{party.label} has {what}, which {earlier.label} has",
            Place((*party.path, "mysql", "database")),
            "give each party a database of its own",
            () if both else (Note(f"{earlier.label} has it here", Place((*earlier.path, "mysql", "database"))),),
        )
