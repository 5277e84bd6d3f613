"""Pairs of parties whose order does not matter: those that must never talk, and those that must talk as well."""

from __future__ import annotations

from collections.abc import Mapping

from planner.diagnostics import KeyPath
from planner.mentions import links
from planner.model import Pair, party_key
from planner.subject import Subject


def smaller_first(first: int, second: int) -> tuple[int, int]:
    """A pair in the order in which equal pairs are equal."""
    return (first, second) if first < second else (second, first)


def contradicted(subject: Subject) -> Mapping[tuple[int, int], tuple[Pair, tuple[tuple[str, KeyPath], ...]]]:
    """Forbidden pairs of declared parties, smaller id first, that are `linked` or `expected to talk`, and where."""
    federation, sites = subject.federation, subject.topology.sites
    forbidden = {
        smaller_first(pair.first, pair.second): pair
        for pair in reversed(federation.never)
        if pair.first != pair.second and party_key(pair.first) in sites and party_key(pair.second) in sites
    }
    if not forbidden:
        return {}
    wanted: dict[tuple[int, int], list[tuple[str, KeyPath]]] = {}
    for (first, second), path in links(federation):
        wanted.setdefault(smaller_first(first, second), []).append(("linked", path))
    for expectation in federation.expects:
        key = smaller_first(expectation.first, expectation.second)
        wanted.setdefault(key, []).append(("expected to talk", (*expectation.path, "pair")))
    return {key: (forbidden[key], tuple(wanted[key])) for key in reversed(forbidden) if key in wanted}
