"""A party stands twice in one shape, or a pair twice in `links` or `never`.

The second mention adds nothing, so one of the two was meant to be another party. In two groups of one star it is
worse: the party can dial only one exchange by default, and nothing says which (reference: INV-EGG-4).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh:
          - 9999
          - 10000
          - 9999  # error: FED220
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - mesh:
          - 9999
          - 10000
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from planner.checks.unknown_party import member_paths, pair_path
from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.model import Federation, Links, Mesh, party_key
from planner.subject import Subject

FAULT = Fault("FED220", "duplicate_member")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every repeated member of a shape, and every repeated pair, in either order.

    Undeclared parties and pairs of one party are left to the checks of their own.
    """
    federation = subject.federation
    for shape in federation.shapes:
        if not isinstance(shape, Links):
            word = "mesh" if isinstance(shape, Mesh) else "star"
            members = (((party,), path) for party, path in member_paths(shape, federation))
            yield from _repeated(subject, members, f"is in this {word} already")
    yield from _repeated(subject, _links(federation), "are linked already")
    never = ((_ordered(pair.first, pair.second), pair.path) for pair in federation.never)
    yield from _repeated(subject, never, "are under never already")


def _links(federation: Federation) -> Iterator[tuple[tuple[int, ...], KeyPath]]:
    for shape in federation.shapes:
        if isinstance(shape, Links):
            for index, (first, second) in enumerate(shape.pairs):
                yield _ordered(first, second), pair_path(shape, index, federation)


def _ordered(first: int, second: int) -> tuple[int, ...]:
    return (first, second) if first < second else (second, first)


def _repeated(subject: Subject, named: Iterable[tuple[tuple[int, ...], KeyPath]], message: str) -> Iterator[Diagnostic]:
    first: dict[tuple[int, ...], KeyPath] = {}
    for parties, path in named:
        if parties not in first:
            first[parties] = path
        elif _is_sound(subject, parties):
            what = f"party {parties[0]}" if len(parties) == 1 else f"parties {parties[0]} and {parties[1]}"
            hint = "delete one of the two, or write the party that was meant"
            note = Note("the first one is here", Place(first[parties]))
            yield Diagnostic(FAULT, f"{what} {message}", Place(path), hint, (note,))


def _is_sound(subject: Subject, parties: tuple[int, ...]) -> bool:
    """Whether no other check reports these parties at this place."""
    if subject.federation.complete and not all(party_key(party) in subject.topology.sites for party in parties):
        return False
    return len(parties) == 1 or parties[0] != parties[1]
