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

from collections.abc import Iterator, Mapping

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.forwarding import default_route
from planner.mentions import stars
from planner.model import Site, party_key
from planner.partners import differing, grouped
from planner.releases import load
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault("FED402", "mixed_releases")


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


def _exchange(site: Site, topology: Topology, versions: Mapping[str, tuple[int, int]]) -> str | None:
    """An exchange or polling server of a party that runs another version."""
    mine = versions[site.key]
    return next((router for router in default_route(site, topology) if versions.get(router, mine) != mine), None)


def _behind(site: Site, topology: Topology, versions: Mapping[str, tuple[int, int]]) -> str | None:
    """A site of another version that dials an exchange, or that the exchange forwards to."""
    mine = versions[site.key]
    for star in stars(topology.federation):
        if site.key in star.exchanges:
            own = star.pool if star.balanced else [id_ for key, ids in star.groups if key == site.key for id_ in ids]
            for key in (*map(party_key, own), *star.exchanges):
                if versions.get(key, mine) != mine:
                    return key
    if site.upstream is not None and versions.get(site.upstream, mine) != mine:
        return site.upstream
    return None
