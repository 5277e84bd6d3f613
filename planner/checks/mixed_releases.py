"""Parties that must talk run different FATE versions.

FATE refuses a job between parties whose first two version numbers differ, and the protocols of different generations
do not match (FATE issue 5600; reference: INV-VER-1). The patch number may differ. Sites that never talk with each
other, directly or through an exchange, may differ altogether.

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
      - {id: 10000, cluster: shop, release: v1.10.0}  # error: FED402
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
      - {id: 10000, cluster: shop, release: v1.11.1}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site, Star, party_key
from planner.releases import load
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault("FED402", "mixed_releases")
_Value = TypeVar("_Value", bound=Hashable)
_Members = Mapping[_Value, Sequence[int]]


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site that departs from the federation's release and talks with one of another."""
    federation = load(subject.federation.release)
    if federation is None:
        return
    versions = {site.key: release.first_two for site, release in subject.known_sites()}
    if len({federation.first_two, *versions.values()}) == 1:
        return
    parties = {
        site.id: versions[site.key]
        for site in subject.federation.parties
        if site.id is not None and site.key in versions
    }
    by_group = grouped(subject.topology, parties)
    first = ".".join(map(str, federation.first_two))
    for site in subject.federation.sites:
        if versions.get(site.key, federation.first_two) == federation.first_two:
            continue
        if site.kind == "exchange":
            partner = _behind(site, subject.topology, versions)
        else:
            partner = _exchange(site, subject.topology, versions) or differing(
                site, subject.topology, parties, by_group
            )
        if partner is not None:
            other = subject.topology.sites[partner]
            yield Diagnostic(
                FAULT,
                f"{site.label} runs {site.release} and must talk with {other.label}, which runs {other.release}",
                Place((*site.path, "release")),
                f"remove this key to run {federation.name}, or write another release of {first}",
                (Note(f"the federation's release is {federation.name}", Place(("release",))),),
            )


def grouped(topology: Topology, values: Mapping[int, _Value]) -> Mapping[frozenset[int], _Members[_Value]]:
    """For every group of parties that must talk, its members by their value; members without a value are left out."""
    result: dict[frozenset[int], dict[_Value, list[int]]] = {}
    for group in topology.groups:
        if group not in result:
            members: dict[_Value, list[int]] = {}
            for member in sorted(group):
                if member in values:
                    members.setdefault(values[member], []).append(member)
            result[group] = members
    return result


def differing(
    site: Site,
    topology: Topology,
    values: Mapping[int, _Value],
    by_group: Mapping[frozenset[int], _Members[_Value]],
) -> str | None:
    """A party (site key) that `site` must talk with and that has another value; None where there is none.

    Takes as long as there are values and pairs under `never`, not parties.
    """
    if site.id is None or site.id not in values:
        return None
    never = topology.never_of.get(site.id, frozenset())
    for group in topology.groups_of.get(site.id, ()):
        for value, members in by_group[group].items():
            if value != values[site.id]:
                partner = next((member for member in members if member not in never), None)
                if partner is not None:
                    return party_key(partner)
    return None


def _exchange(site: Site, topology: Topology, versions: Mapping[str, tuple[int, int]]) -> str | None:
    """An exchange or polling server of a party that runs another version."""
    if site.polling is not None:
        routers: tuple[str, ...] = (site.polling,)
    else:
        routers = () if site.id is None else topology.exchange_of(site.id)
    return next((router for router in routers if versions.get(router, versions[site.key]) != versions[site.key]), None)


def _behind(site: Site, topology: Topology, versions: Mapping[str, tuple[int, int]]) -> str | None:
    """A site of another version that dials an exchange, or that the exchange forwards to."""
    for shape in topology.federation.shapes:
        if isinstance(shape, Star) and site.key in shape.exchanges:
            own = shape.pool if shape.balanced else [id_ for key, ids in shape.groups if key == site.key for id_ in ids]
            for key in (*map(party_key, own), *shape.exchanges):
                if versions.get(key, versions[site.key]) != versions[site.key]:
                    return key
    if site.upstream is not None and versions.get(site.upstream, versions[site.key]) != versions[site.key]:
        return site.upstream
    return None
