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

from collections.abc import Collection, Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.mentions import declared_parties, parties_elsewhere, parties_of_topology
from planner.subject import Subject
from planner.wording import also

FAULT = Fault("FED123", "unknown_party")

_LARGEST_ID: Final = 999_999
"""Largest party id that KubeFATE's charts keep as it is (reference: INV-ID-4)."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every undeclared id, at the first place that uses it."""
    federation = subject.federation
    if "parties" in federation.lost:
        return
    declared = declared_parties(federation)
    places: dict[int, list[KeyPath]] = {}
    for party, path in (*parties_of_topology(federation), *parties_elsewhere(federation)):
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


def _hint(party: int, declared: Collection[int]) -> str:
    declare = f"declare party {party} under parties" if 1 <= party <= _LARGEST_ID else "delete it here"
    near = _near(party, declared)
    if near is not None:
        return f"write {near}, or {declare}"
    return f"{declare}, or delete it here" if 1 <= party <= _LARGEST_ID else declare


def _near(party: int, declared: Collection[int]) -> int | None:
    """The declared id that one slip of the fingers away from `party` is nearest in value."""
    text = str(party)
    if len(text) > len(str(_LARGEST_ID)) + 1:
        return None
    halves = [(text[:cut], text[cut:]) for cut in range(len(text) + 1)]
    slips = {left + right[1:] for left, right in halves}
    slips |= {left + right[1::-1] + right[2:] for left, right in halves if len(right) > 1}
    slips |= {left + digit + right[1:] for left, right in halves for digit in "0123456789"}
    slips |= {left + digit + right for left, right in halves for digit in "0123456789"}
    found = [int(slip) for slip in slips if slip.isdecimal() and int(slip) in declared]
    return min(found, key=lambda other: (abs(other - party), other), default=None)
