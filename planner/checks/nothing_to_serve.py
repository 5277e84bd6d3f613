"""A party without FATE-Serving stands behind an exchange for serving.

An exchange of kind servingProxy passes inference requests on between the parties' serving-proxies, and nothing else. A
party that its star names needs a serving cluster of its own, else the exchange has no address for it (reference:
INV-SRV-7). A star of `all` means all parties that have one.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh: all
      - star:
          - 10001
          - 10000  # error: FED505
          - 9999
        through: desk
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: desk, cluster: bank, kind: servingProxy}
    parties:
      - {id: 9999, cluster: bank, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
    defaults:
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh: all
      - star:
          - 10001
          - 9999
        through: desk
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: desk, cluster: bank, kind: servingProxy}
    parties:
      - {id: 9999, cluster: bank, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
    defaults:
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import member_paths
from planner.model import Star, party_key
from planner.routes import is_served
from planner.subject import Subject

FAULT = Fault("FED505", "nothing_to_serve")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party without serving that a star for serving names."""
    federation, sites = subject.federation, subject.topology.sites
    for shape in federation.shapes:
        if not isinstance(shape, Star) or not is_served(shape, federation):
            continue
        exchange = sites.get(shape.exchanges[0]) if shape.exchanges else None
        for member, path in member_paths(shape, federation):
            party = sites.get(party_key(member))
            if party is not None and party.serving is None:
                notes = () if exchange is None else (Note(f"{exchange.label} is declared here", Place(exchange.path)),)
                through = "an exchange for serving" if exchange is None else exchange.label
                yield Diagnostic(
                    FAULT,
                    f"{party.label} is to serve through {through}, and has no FATE-Serving",
                    Place(path),
                    f"give {party.label} `serving`, or take it out of this star",
                    notes,
                )
