"""A party id is used that no party declares.

Shapes, `never`, `expect`, `routes` and `polling` speak of parties by id. An id without a party is a typing mistake,
or a party that was forgotten: no route can be written for it, because nobody knows where it listens (reference:
INV-ID-2).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [9999, 1001]  # error: FED123
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: shop}
    defaults:
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
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from operator import eq
from typing import Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.model import Federation, Links, Mesh, Star
from planner.subject import Subject

FAULT = Fault("FED123", "unknown_party")

LARGEST_ID: Final = 999_999
"""Largest party id that KubeFATE's charts keep as it is (reference: INV-ID-4)."""
MOST_NOTES: Final = 3
"""Further places of one mistake that are shown; the rest is counted."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every undeclared id, at the first place that uses it."""
    federation = subject.federation
    if not federation.complete:
        return
    declared = declared_ids(federation)
    places: dict[int, list[KeyPath]] = {}
    for party, path in _mentions(federation):
        if party not in declared:
            places.setdefault(party, []).append(path)
    for party, paths in places.items():
        yield Diagnostic(
            FAULT,
            f"no party {party} is declared",
            Place(paths[0]),
            _hint(party, declared),
            also(f"party {party} is named here too", paths[1:]),
        )


def declared_ids(federation: Federation) -> frozenset[int]:
    """The ids of all parties of the file."""
    return frozenset(party.id for party in federation.parties if party.id is not None)


def member_paths(shape: Mesh | Star, federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    """Each party that a shape names one by one, with its place; nothing for a shape of all parties.

    In a file that was not read completely an item's index is not known, and the place is the whole list.
    """
    if isinstance(shape, Mesh):
        lists: Sequence[tuple[KeyPath, tuple[int, ...]]] = ((shape.path, shape.members),)
    elif shape.path[-1:] == ("star",):
        groups = ((exchange.removeprefix("exchange-"), members) for exchange, members in shape.groups)
        lists = tuple(((*shape.path, name), members) for name, members in groups)
    else:
        lists = (((*shape.path, "star"), shape.members),)
    for path, members in lists:
        if not _is_everyone(members, federation):
            for index, member in enumerate(members):
                yield member, (*path, index) if federation.complete else path


def _is_everyone(members: tuple[int, ...], federation: Federation) -> bool:
    """Whether a list is that of all parties in file order, as it is made of the word `all`."""
    parties = federation.parties
    return len(members) == len(parties) and all(map(eq, members, (party.id for party in parties)))


def pair_path(shape: Links, index: int, federation: Federation) -> KeyPath:
    """The place of a link; the whole list in a file that was not read completely."""
    return (*shape.path, index) if federation.complete else shape.path


def topology_mentions(federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    """Every id, with its place, that decides who talks with whom: in shapes and as polling servers."""
    for shape in federation.shapes:
        if isinstance(shape, Links):
            for index, pair in enumerate(shape.pairs):
                path = pair_path(shape, index, federation)
                yield from ((party, (*path, side)) for side, party in enumerate(pair))
        else:
            yield from member_paths(shape, federation)
    for site in federation.parties:
        yield from _reference(site.polling, (*site.path, "polling"))


def _mentions(federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    yield from topology_mentions(federation)
    for pair in federation.never:
        yield pair.first, (*pair.path, 0)
        yield pair.second, (*pair.path, 1)
    for expectation in federation.expects:
        yield expectation.first, (*expectation.path, "pair", 0)
        yield expectation.second, (*expectation.path, "pair", 1)
    for route in federation.routes:
        yield from _reference(route.source, (*route.path, "from"))
        yield from _reference(route.target, (*route.path, "to"))


def _reference(key: str | None, path: KeyPath) -> Iterator[tuple[int, KeyPath]]:
    """The party that a site key names, if it names one."""
    if key is not None and key.startswith("party-"):
        yield int(key.removeprefix("party-")), path


def also(message: str, paths: Sequence[KeyPath]) -> tuple[Note, ...]:
    """Notes for the further places of one mistake."""
    notes = [Note(message, Place(path)) for path in paths[:MOST_NOTES]]
    if len(paths) > MOST_NOTES:
        notes.append(Note(f"and so it is at {len(paths) - MOST_NOTES} more places"))
    return tuple(notes)


def _hint(party: int, declared: Collection[int]) -> str:
    declare = f"declare party {party} under parties" if 1 <= party <= LARGEST_ID else "delete it here"
    near = _near(party, declared)
    if near is not None:
        return f"write {near}, or {declare}"
    return f"{declare}, or delete it here" if 1 <= party <= LARGEST_ID else declare


def _near(party: int, declared: Collection[int]) -> int | None:
    """The declared id that one slip of the fingers away from `party` is nearest in value."""
    text = str(party)
    if len(text) > len(str(LARGEST_ID)) + 1:
        return None
    halves = [(text[:cut], text[cut:]) for cut in range(len(text) + 1)]
    slips = {left + right[1:] for left, right in halves}
    slips |= {left + right[1::-1] + right[2:] for left, right in halves if len(right) > 1}
    slips |= {left + digit + right[1:] for left, right in halves for digit in "0123456789"}
    slips |= {left + digit + right for left, right in halves for digit in "0123456789"}
    found = [int(slip) for slip in slips if slip.isdecimal() and int(slip) in declared]
    return min(found, key=lambda other: (abs(other - party), other), default=None)
