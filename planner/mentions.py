"""Where federation.yaml names parties and exchanges, and whether it declares them.

In a file that was not read completely an item's index is not known, and its place is the whole list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import eq

from planner.diagnostics import KeyPath, Place
from planner.model import Federation, Links, Mesh, Star


def declared_parties(federation: Federation) -> frozenset[int]:
    """The ids of all parties of the file."""
    return frozenset(party.id for party in federation.parties if party.id is not None)


def declared_exchanges(federation: Federation) -> dict[str, None]:
    """The names of all exchanges, in file order."""
    return dict.fromkeys(exchange.key.removeprefix("exchange-") for exchange in federation.exchanges)


def topology_known(federation: Federation) -> bool:
    """Whether every party and exchange that the topology names is declared, in a file that was read completely.

    Only then can a check say what a topology lacks: behind an unknown name, anything may have been meant.
    """
    if not federation.complete:
        return False
    exchanges, parties = declared_exchanges(federation), declared_parties(federation)
    return (
        not any("" in star.exchanges for star in stars(federation))
        and all(name in exchanges for name, _ in exchanges_of_topology(federation))
        and all(party in parties for party, _ in parties_of_topology(federation))
    )


def stars(federation: Federation) -> Iterator[Star]:
    """The stars among the shapes."""
    return (shape for shape in federation.shapes if isinstance(shape, Star))


def member_paths(shape: Mesh | Star, federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    """Each party that a shape names one by one, with its place; nothing for a shape of all parties."""
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


def link_paths(shape: Links, federation: Federation) -> Iterator[tuple[tuple[int, int], KeyPath]]:
    """Each pair that a shape links, with its place."""
    for index, pair in enumerate(shape.pairs):
        yield pair, (*shape.path, index) if federation.complete else shape.path


def links(federation: Federation) -> Iterator[tuple[tuple[int, int], KeyPath]]:
    """Each pair that any shape links, with its place."""
    for shape in federation.shapes:
        if isinstance(shape, Links):
            yield from link_paths(shape, federation)


def parties_of_topology(federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    """Every id, with its place, that decides who talks with whom: in shapes and as polling servers."""
    for shape in federation.shapes:
        if isinstance(shape, Links):
            for pair, path in link_paths(shape, federation):
                yield from ((party, (*path, side)) for side, party in enumerate(pair))
        else:
            yield from member_paths(shape, federation)
    for site in federation.parties:
        yield from _party(site.polling, (*site.path, "polling"))


def parties_elsewhere(federation: Federation) -> Iterator[tuple[int, KeyPath]]:
    """Every other id that the file names, with its place: forbidden, expected, or with a route of its own."""
    for pair in federation.never:
        yield pair.first, (*pair.path, 0)
        yield pair.second, (*pair.path, 1)
    for expectation in federation.expects:
        yield expectation.first, (*expectation.path, "pair", 0)
        yield expectation.second, (*expectation.path, "pair", 1)
    for route in federation.routes:
        yield from _party(route.source, (*route.path, "from"))
        yield from _party(route.target, (*route.path, "to"))


def _party(key: str | None, path: KeyPath) -> Iterator[tuple[int, KeyPath]]:
    """The party that a site key names, if it names one."""
    if key is not None and key.startswith("party-"):
        yield int(key.removeprefix("party-")), path


def exchanges_of_topology(federation: Federation) -> Iterator[tuple[str, Place]]:
    """Every exchange, with its place, that decides who talks with whom: in stars, as upstream and polling server."""
    for star in stars(federation):
        for index, key in enumerate(star.exchanges):
            name = key.removeprefix("exchange-")
            if star.balanced:
                yield name, Place((*star.path, "through", index))
            elif star.path[-1:] == ("star",):
                yield name, Place((*star.path, name), on_key=True)
            elif key:
                yield name, Place((*star.path, "through"))
    for site in federation.sites:
        yield from _exchange(site.upstream, (*site.path, "upstream"))
        yield from _exchange(site.polling, (*site.path, "polling"))


def exchanges_elsewhere(federation: Federation) -> Iterator[tuple[str, Place]]:
    """Every other exchange that the file names, with its place: expected on the way, or with a route of its own."""
    for expectation in federation.expects:
        yield from _exchange(expectation.via, (*expectation.path, "via"))
    for route in federation.routes:
        yield from _exchange(route.source, (*route.path, "from"))
        yield from _exchange(route.target, (*route.path, "to"))


def _exchange(key: str | None, path: KeyPath) -> Iterator[tuple[str, Place]]:
    """The exchange that a site key names, if it names one."""
    if key is not None and key.startswith("exchange-"):
        yield key.removeprefix("exchange-"), Place(path)
