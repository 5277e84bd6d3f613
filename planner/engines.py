"""The engines that parties ask for: which of them a release of FATE has, and which can talk with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from planner.model import ENGINE_TRIPLES, Site
from planner.partners import differing, grouped
from planner.releases import Release
from planner.subject import Subject, engine_triple

Triple = tuple[str, str, str]
ROUTER: Final = "Eggroll"
"""The engine that rollsite and OSX exchanges pass on, under the name of the older one."""


def triple_of(site: Site, release: Release) -> Triple | None:
    """The engines a party asks for, spelled out; None for a word that means nothing."""
    if site.engine.triple is not None:
        return site.engine.triple
    if site.engine.word == "eggroll":
        return ("Eggroll", "OSX" if release.module == "osx" else "Eggroll", "Eggroll")
    return ENGINE_TRIPLES.get(site.engine.word or "")


def triples(release: Release) -> tuple[Triple, ...]:
    """The engines that a release has, spelled out (INV-VER-4, cluster-yaml.md section 2 and key `backend`)."""
    found = (engine_triple(engine) for engine in release.engines + release.own_engines)
    return tuple(triple for triple in found if triple is not None)


def is_legal(triple: Triple, release: Release) -> bool:
    """Whether a release has these engines."""
    return triple in triples(release)


def federation_engines(subject: Subject) -> Mapping[int, str]:
    """The federation engine of every party that has a legal one; OSX counts as Eggroll."""
    result: dict[int, str] = {}
    for party in subject.federation.parties:
        release = subject.release(party)
        triple = None if release is None else triple_of(party, release)
        if party.id is not None and release is not None and triple is not None and is_legal(triple, release):
            result[party.id] = ROUTER if triple[1] == "OSX" else triple[1]
    return result


def odd_ones(subject: Subject, engines: Mapping[int, str]) -> Iterator[tuple[Site, Site]]:
    """Parties whose federation engine is not that of most members of a group, each with a party it cannot talk with."""
    if len(set(engines.values())) < 2:  # noqa: PLR2004 - two of them differ
        return
    topology = subject.topology
    by_group = grouped(topology, engines)
    most = {
        group: max(members, key=lambda engine: len(members[engine])) for group, members in by_group.items() if members
    }
    for party in subject.federation.parties:
        mine = engines.get(party.id or 0)
        if mine is None or all(most[group] == mine for group in topology.groups_of.get(party.id or 0, ())):
            continue
        partner = differing(party, topology, engines, by_group)
        if partner is not None:
            yield party, topology.sites[partner]
