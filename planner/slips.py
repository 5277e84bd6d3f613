"""Names that are there already where they stand, so that another one was probably meant.

That are a second declaration, a second mention in one shape, a pair told again, and a site put together with itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Literal, NamedTuple, TypeVar

from planner.diagnostics import KeyPath
from planner.mentions import links, member_paths
from planner.model import Federation, Links, Mesh, Site, party_key
from planner.pairs import smaller_first
from planner.subject import Subject

_Name = TypeVar("_Name", bound=Hashable)
_Item = TypeVar("_Item")


class Repetition(NamedTuple):
    """One party or a pair that is named again, the place of this mention and that of the first."""

    where: Literal["mesh", "star", "links", "never"]
    parties: tuple[int, ...]
    path: KeyPath
    first: KeyPath


class SelfReference(NamedTuple):
    """A site (its key) that is put together with itself, and the place to be edited."""

    where: Literal["links", "never", "expect", "routes", "polling", "upstream"]
    site: str
    path: KeyPath


def repeats(named: Iterable[tuple[_Name, _Item]]) -> Iterator[tuple[_Name, _Item, _Item]]:
    """Each name that was there before, with its item and the first item of that name."""
    first: dict[_Name, _Item] = {}
    for name, item in named:
        if name in first:
            yield name, item, first[name]
        else:
            first[name] = item


def repeated_parties(federation: Federation) -> Iterator[tuple[str, Site, Site]]:
    """Each party whose key an earlier one has, and the first of them."""
    return repeats((party.key, party) for party in federation.parties)


def repeated_members(subject: Subject) -> Iterator[Repetition]:
    """Repeated members of a shape and repeated pairs, in either order, of declared and different parties."""
    federation = subject.federation
    for shape in federation.shapes:
        if not isinstance(shape, Links):
            members = (((party,), path) for party, path in member_paths(shape, federation))
            yield from _repeated(subject, "mesh" if isinstance(shape, Mesh) else "star", members)
    yield from _repeated(subject, "links", ((smaller_first(*pair), path) for pair, path in links(federation)))
    never = ((smaller_first(pair.first, pair.second), pair.path) for pair in federation.never)
    yield from _repeated(subject, "never", never)


def _repeated(
    subject: Subject,
    where: Literal["mesh", "star", "links", "never"],
    named: Iterable[tuple[tuple[int, ...], KeyPath]],
) -> Iterator[Repetition]:
    for parties, path, first in repeats(named):
        if len(set(parties)) == len(parties) and all(_may_exist(subject, party_key(party)) for party in parties):
            yield Repetition(where, parties, path, first)


def self_references(subject: Subject) -> Iterator[SelfReference]:
    """Every link, pair, route, server and default route that puts a declared site together with itself."""
    return (found for found in _selves(subject.federation) if _may_exist(subject, found.site))


def _selves(federation: Federation) -> Iterator[SelfReference]:
    for (first, second), path in links(federation):
        if first == second:
            yield SelfReference("links", party_key(first), (*path, 1) if federation.complete else path)
    for pair in federation.never:
        if pair.first == pair.second:
            yield SelfReference("never", party_key(pair.first), (*pair.path, 1))
    for expectation in federation.expects:
        if expectation.first == expectation.second:
            yield SelfReference("expect", party_key(expectation.first), (*expectation.path, "pair", 1))
    for route in federation.routes:
        if route.source == route.target:
            yield SelfReference("routes", route.source, (*route.path, "to"))
    for site in federation.sites:
        if site.polling == site.key:
            yield SelfReference("polling", site.key, (*site.path, "polling"))
        if site.upstream == site.key:
            yield SelfReference("upstream", site.key, (*site.path, "upstream"))


def _may_exist(subject: Subject, key: str) -> bool:
    """Whether a site is declared, or may be in a part of the file that could not be read."""
    return key in subject.topology.sites or not subject.federation.complete


def has_slips(subject: Subject) -> bool:
    """Whether a party is declared or named twice, or a site put together with itself."""
    kinds: tuple[Iterator[object], ...] = (
        repeated_parties(subject.federation),
        repeated_members(subject),
        self_references(subject),
    )
    return any(next(found, None) is not None for found in kinds)
