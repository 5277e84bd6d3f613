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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import stars
from planner.pairs import contradicted
from planner.subject import Subject
from planner.wording import MOST_NOTES

FAULT = Fault("FED211", "contradicting_topology")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every forbidden pair that a link or an expectation names too, and for a spare `through`."""
    for pair, wanted in contradicted(subject).values():
        yield Diagnostic(
            FAULT,
            f"parties {pair.first} and {pair.second} must never talk, and must talk",
            Place(pair.path),
            "delete the pair here, or where it is linked or expected",
            tuple(Note(f"they are {what} here", Place(path)) for what, path in wanted[:MOST_NOTES]),
        )
    for star in stars(subject.federation):
        if star.has_spare_through:
            yield Diagnostic(
                FAULT,
                "this star names its exchanges twice",
                Place((*star.path[:-1], "through"), on_key=True),
                "delete `through`: `star` says which exchange each party goes through",
                (Note("they are named here", Place(star.path, on_key=True)),),
            )
