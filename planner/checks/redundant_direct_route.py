"""Two parties behind one exchange dial each other directly all the same.

An entry in a party's own table wins over its default route. Where a star puts two parties behind an exchange and a
mesh or a link makes them dial each other, their messages bypass the exchange, and each must be able to reach the
other after all (reference: INV-EGG-6).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: all, through: hub}
      - links:
          - [9999, 10000]  # warning: FED210
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: all, through: hub}
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place, Severity
from planner.mentions import link_paths
from planner.model import Links, Mesh, Star, party_key
from planner.subject import Subject
from planner.wording import some_parties

FAULT = Fault("FED210", "redundant_direct_route", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every link inside a star, and for every mesh and star that share two parties.

    Polling clients are left out: a direct route to one does not bypass the exchange, it leads nowhere.
    """
    shapes = subject.topology.federation.shapes
    stars = [shape for shape in shapes if isinstance(shape, Star)]
    if not stars:
        return
    stars_of = _stars_of(stars, subject)
    seen: set[frozenset[int]] = set()
    for shape in shapes:
        if isinstance(shape, Links):
            for pair, path in link_paths(shape, subject.federation):
                if frozenset(pair) not in seen:
                    seen.add(frozenset(pair))
                    yield from _overlaps(path, pair, stars, stars_of, subject)
        elif isinstance(shape, Mesh):
            yield from _overlaps(shape.path, tuple(dict.fromkeys(shape.members)), stars, stars_of, subject)


def _stars_of(stars: Sequence[Star], subject: Subject) -> Mapping[int, tuple[int, ...]]:
    """The stars of each declared party that does not poll, by their place in `stars`."""
    sites = subject.topology.sites
    result: dict[int, dict[int, None]] = {}
    for number, star in enumerate(stars):
        for member in star.members:
            site = sites.get(party_key(member))
            if site is not None and site.polling is None:
                result.setdefault(member, {})[number] = None
    return {member: tuple(numbers) for member, numbers in result.items()}


def _overlaps(
    path: KeyPath,
    members: Sequence[int],
    stars: Sequence[Star],
    stars_of: Mapping[int, tuple[int, ...]],
    subject: Subject,
) -> Iterator[Diagnostic]:
    """Findings for a mesh or a link: one for each star that has two of its parties which must talk."""
    shared: dict[int, list[int]] = {}
    for member in members:
        for number in stars_of.get(member, ()):
            shared.setdefault(number, []).append(member)
    for number, both in sorted(shared.items()):
        if len(both) > 2 or (len(both) == 2 and both[1] not in subject.topology.never_of.get(both[0], ())):  # noqa: PLR2004
            star = stars[number]
            names = ", ".join(key.removeprefix("exchange-") for key in star.exchanges if key)
            yield Diagnostic(
                FAULT,
                f"{some_parties(both, len(both))} dial each other directly, past the exchange they share",
                Place(path),
                "delete the direct route if their messages are to pass the exchange, or take them out of the star",
                (Note(f"this star puts them behind {names}" if names else "they share this star", Place(star.path)),),
            )
