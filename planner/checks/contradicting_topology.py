"""A pair under `never` is also linked or expected to talk.

`never` takes a pair out of every shape. A link or an expectation that names the same pair says the opposite, and
only the author of the file knows which of the two holds.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10000, 10001]
          - [9999, 10001]
    never:
      - [10001, 9999]  # error: FED211
    clusters:
      - {name: bank, address: 192.168.9.1}
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
      - links:
          - [9999, 10000]
          - [10000, 10001]
    never:
      - [10001, 9999]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.checks.unknown_party import MOST_NOTES, pair_path
from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Links, Pair, Star, party_key
from planner.subject import Subject

FAULT = Fault("FED211", "contradicting_topology")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every forbidden pair that a link or an expectation names too, and for a spare `through`."""
    for pair, notes in contradicted(subject).values():
        yield Diagnostic(
            FAULT,
            f"parties {pair.first} and {pair.second} must never talk, and must talk",
            Place(pair.path),
            "delete the pair here, or where it is linked or expected",
            notes[:MOST_NOTES],
        )
    for shape in subject.federation.shapes:
        if isinstance(shape, Star) and shape.has_spare_through:
            yield Diagnostic(
                FAULT,
                "this star names its exchanges twice",
                Place((*shape.path[:-1], "through"), on_key=True),
                "delete `through`: `star` says which exchange each party goes through",
                (Note("they are named here", Place(shape.path, on_key=True)),),
            )


def contradicted(subject: Subject) -> Mapping[tuple[int, int], tuple[Pair, tuple[Note, ...]]]:
    """Forbidden pairs of declared parties that are linked or expected, smaller id first, with where they are."""
    federation, sites = subject.federation, subject.topology.sites
    forbidden = {
        (min(pair.first, pair.second), max(pair.first, pair.second)): pair
        for pair in reversed(federation.never)
        if pair.first != pair.second and party_key(pair.first) in sites and party_key(pair.second) in sites
    }
    if not forbidden:
        return {}
    notes: dict[tuple[int, int], list[Note]] = {}
    for shape in federation.shapes:
        if isinstance(shape, Links):
            for index, (first, second) in enumerate(shape.pairs):
                note = Note("they are linked here", Place(pair_path(shape, index, federation)))
                notes.setdefault((min(first, second), max(first, second)), []).append(note)
    for expectation in federation.expects:
        first, second = expectation.first, expectation.second
        note = Note("they are expected to talk here", Place((*expectation.path, "pair")))
        notes.setdefault((min(first, second), max(first, second)), []).append(note)
    return {key: (forbidden[key], tuple(notes[key])) for key in reversed(forbidden) if key in notes}
