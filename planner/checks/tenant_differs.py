"""Parties that must talk over Pulsar use different tenants.

FATE makes its topics in a tenant of the local broker, and hands them on to the same tenant of the peer's broker. The
tenant is `fl-tenant` where none is written. With another one on the peer's side the topics are two different ones, and
both wait for the other (reference: INV-PUL-8; FATE@v1.11.2:python/fate_arch/federation/pulsar/_federation.py).

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
      - {id: 10000, cluster: shop, pulsar: {tenant: retail}}  # error: FED417
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
      - {id: 10000, cluster: shop}
    defaults:
      pulsar: {tenant: retail}
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.partners import differing, grouped
from planner.spark import DEFAULT_TENANT, pulsar_parties
from planner.subject import Subject

FAULT = Fault("FED417", "tenant_differs")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose tenant is not that of most parties of a shape."""
    parties = {party.id: party for party in pulsar_parties(subject) if party.id is not None}
    tenants = {key: party.tenant or DEFAULT_TENANT for key, party in parties.items()}
    if len(set(tenants.values())) < 2:  # noqa: PLR2004 - all are alike
        return
    by_group = grouped(subject.topology, tenants)
    most = {group: max(members, key=lambda each: len(members[each])) for group, members in by_group.items() if members}
    for key, party in parties.items():
        if all(most[group] == tenants[key] for group in subject.topology.groups_of.get(key, ())):
            continue
        partner = differing(party, subject.topology, tenants, by_group)
        if partner is not None:
            yield _finding(party, subject.topology.sites[partner])


def _finding(party: Site, partner: Site) -> Diagnostic:
    mine, theirs = (site.tenant or DEFAULT_TENANT for site in (party, partner))
    return Diagnostic(
        FAULT,
        f"{party.label} uses tenant {mine} in Pulsar and must talk with {partner.label}, which uses {theirs}",
        Place((*party.path, "pulsar", "tenant") if party.tenant is not None else party.path),
        "write `pulsar: {tenant: NAME}` once, under `defaults`",
        (Note(f"{partner.label} is declared here", Place(partner.path)),),
    )
