"""Parties that must talk with each other, compared by a value that should be the same: a release, an engine.

Nothing here walks over pairs: the members of a group are gathered by their value.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from planner.model import Site, party_key
from planner.routes import Topology

_Value = TypeVar("_Value", bound=Hashable)
Members = Mapping[_Value, Sequence[int]]
"""The members of a group by their value."""


def grouped(topology: Topology, values: Mapping[int, _Value]) -> Mapping[frozenset[int], Members[_Value]]:
    """For every group of parties that must talk, its members by their value; members without a value are left out."""
    result: dict[frozenset[int], dict[_Value, list[int]]] = {}
    for group in topology.groups:
        if group not in result:
            members: dict[_Value, list[int]] = {}
            for member in sorted(group):
                if member in values:
                    members.setdefault(values[member], []).append(member)
            result[group] = members
    return result


def differing(
    site: Site,
    topology: Topology,
    values: Mapping[int, _Value],
    by_group: Mapping[frozenset[int], Members[_Value]],
) -> str | None:
    """A party (site key) that `site` must talk with and that has another value; None where there is none.

    Takes as long as there are values and pairs under `never`, not parties.
    """
    if site.id is None or site.id not in values:
        return None
    never = topology.never_of.get(site.id, frozenset())
    for group in topology.groups_of.get(site.id, ()):
        for value, members in by_group[group].items():
            if value != values[site.id]:
                partner = next((member for member in members if member not in never), None)
                if partner is not None:
                    return party_key(partner)
    return None


def has_partner(party: int, topology: Topology) -> bool:
    """Whether a party must talk with anybody: mostly a group of it is larger than all that it must never talk with."""
    barred = topology.never_of.get(party, frozenset())
    groups = topology.groups_of.get(party, ())
    return any(len(group) > len(barred) + 1 for group in groups) or bool(topology.partners(party))
