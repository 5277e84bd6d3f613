"""The difference of two sides against brute force: every pair, followed on both sides by tables as they were read.

Federations of every release, engine and shape are compared with each other, and with themselves when rows and values of
their files have been spoiled. What is worked out for whole groups must be what each pair says for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any
from unittest import mock

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import reachability
from planner.channels import Channel
from planner.lookup import RouteTable
from planner.model import party_key
from planner.plan import Plan
from planner.proof import Prover
from planner.reachability import Endpoints, Fate, Layer, Side, compare
from renderers.proving import prove, tables_and_doors
from renderers.reachability import SideReader
from renderers.reading import Reading
from renderers.target import target_of
from tests.properties.test_valid_federations import (
    Drawn,
    all_addresses,
    all_rows,
    at,
    changed,
    federations,
    files_of,
    planned,
    spoiled,
)
from tests.quick_yaml import loaded

ALL = 10**9
BRIEF = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(BRIEF, max_examples=300)
_Files = Mapping[str, Mapping[str, str]]
_Fates = dict[tuple[Layer, int, int], Fate]


def side_of(plan: Plan, files: _Files, endpoints: Endpoints) -> Side:
    """A side as `verify` reads it."""
    reader = SideReader(plan, endpoints)
    for each in plan.sites:
        reader.read_back(each, files[each.key])
    return reader.side()


def talking(plan: Plan, files: _Files, side: Side) -> Mapping[tuple[Layer, int, int], object]:
    """Each pair that talks on a side, with its way on every channel: no arrays, no lanes, one pair at a time."""
    tables: dict[str, Mapping[Channel, RouteTable]] = {}
    for each in plan.sites:
        readings = [found for found in target_of(each).read_back(each, files[each.key]) if isinstance(found, Reading)]
        tables[each.key] = {channel: table for channel, (table, _) in tables_and_doors(each, readings).items()}
    result = {}
    for layer, topology in ((Layer.TRAINING, plan.topology), (Layer.SERVING, plan.served)):
        for source, destination in permutations((party.id or 0 for party in topology.federation.parties), 2):
            if not topology.must_talk(source, destination):
                continue
            site = plan.by_key[party_key(source)]
            ways: dict[Channel, Any] = {}
            for channel in site.channels:
                if (channel is Channel.SERVING) != (layer is Layer.SERVING):
                    continue
                routers = {
                    other.key: tables[other.key][channel]
                    for other in plan.sites
                    if plan.is_router(other, channel) and channel in tables[other.key]
                }
                prover = Prover(topology, side.carrier(channel).network, routers)
                table = tables[site.key].get(channel, RouteTable(source, {}))
                ways[channel] = [
                    (trace.reason, [(hop.target, hop.endpoint, side.sites[hop.source].has_tls) for hop in trace.hops])
                    for trace in prover.ways(site.site, table, destination)
                ]
            if ways and all(reason is None for found in ways.values() for reason, _ in found):
                result[layer, source, destination] = ways
    return result


def by_brute_force(before: Mapping[Any, object], after: Mapping[Any, object]) -> _Fates:
    """The fate of every pair."""
    fates: _Fates = {}
    for key in {*before, *after}:
        if key not in after:
            fates[key] = Fate.LOST
        elif key not in before:
            fates[key] = Fate.GAINED
        else:
            fates[key] = Fate.KEPT if before[key] == after[key] else Fate.REROUTED
    return fates


def agrees(one: tuple[Plan, _Files], other: tuple[Plan, _Files], few: int) -> None:
    """The comparison tells of every pair what brute force does, and its mirror image tells the mirror image."""
    with mock.patch.object(reachability, "_FEW", few):
        endpoints = Endpoints()
        sides = side_of(*one, endpoints), side_of(*other, endpoints)
        found, mirrored = compare(*sides, most=ALL), compare(*sides[::-1], most=ALL)
        some = compare(*sides)
    expected = by_brute_force(talking(*one, sides[0]), talking(*other, sides[1]))
    actual = {(group.layer, *pair): group.fate for group in found.groups for pair in group.examples}
    assert actual == {key: fate for key, fate in expected.items() if fate is not Fate.KEPT}
    assert found.counts == {fate: sum(each is fate for each in expected.values()) for fate in Fate}
    for group in found.groups:
        assert group.pairs == len(group.examples) == len(set(group.examples))
    swapped = {Fate.LOST: Fate.GAINED, Fate.GAINED: Fate.LOST}
    back = {(group.layer, *pair): group.fate for group in mirrored.groups for pair in group.examples}
    assert back == {key: swapped.get(fate, fate) for key, fate in actual.items()}
    assert [(each.pairs, each.cause) for each in some.groups] == [(each.pairs, each.cause) for each in found.groups]
    assert all(0 < len(group.examples) <= reachability.EXAMPLES for group in some.groups)


def spoil(data: st.DataObject, rendered: _Files) -> _Files:
    """The files with a few rows left out and a few addresses changed."""
    files = {site: dict(each) for site, each in rendered.items()}
    for _ in range(data.draw(st.integers(0, 2))):
        rows = list(all_rows(files))
        if rows:
            row = data.draw(st.sampled_from(rows))
            files[row.site][row.file] = changed(files[row.site][row.file], row.path)
    for _ in range(data.draw(st.integers(0, 2))):
        places = list(all_addresses(files))
        if places:
            place = data.draw(st.sampled_from(places))
            text = files[place.site][place.file]
            value = at(loaded(text), place.path)
            files[place.site][place.file] = changed(text, place.path, spoiled(value))
    return files


def renumbered(data: Any, ids: Mapping[int, int], key: object = None) -> Any:
    """The data of a federation with other party ids."""
    if isinstance(data, dict):
        return {name: renumbered(value, ids, name) for name, value in data.items()}
    if isinstance(data, list):
        return [renumbered(value, ids, key) for value in data]
    is_id = isinstance(data, int) and key in {"id", "mesh", "star", "links", "pair", "never", "polling", "from", "to"}
    return ids.get(data, data) if is_id or key in {"hub", "yard"} else data


def a_federation_and_its_spoiled_files(drawn: Drawn, data: st.DataObject, few: int) -> None:
    """Files that were spoiled on both sides, each in its own way."""
    plan = planned(drawn.text, warned=drawn.warned)
    rendered = files_of(plan)
    agrees((plan, spoil(data, rendered)), (plan, spoil(data, rendered)), few)


def two_federations(first: Drawn, second: Drawn, data: st.DataObject, few: int) -> None:
    """Two federations of the same parties, or of some, that have nothing else in common."""
    ids = [[party["id"] for party in each.data["parties"]] for each in (first, second)]
    free = [each for each in range(100, 120) if each not in ids[0]]
    data_of_other = renumbered(second.data, dict(zip(ids[1], [*ids[0], *free], strict=False)))
    other = planned(yaml.safe_dump(data_of_other, sort_keys=False).encode(), warned=second.warned)
    plan = planned(first.text, warned=first.warned)
    agrees((plan, spoil(data, files_of(plan))), (other, files_of(other)), few)


@BRIEF
@given(federations(), st.data(), st.sampled_from((0, 2, 32)))
def test_spoiled_files(drawn: Drawn, data: st.DataObject, few: int) -> None:
    """What spoiled rows and addresses do to each pair is what is told of it."""
    a_federation_and_its_spoiled_files(drawn, data, few)


@BRIEF
@given(federations(), federations(), st.data(), st.sampled_from((0, 2, 32)))
def test_two_federations(first: Drawn, second: Drawn, data: st.DataObject, few: int) -> None:
    """Whatever two federations are compared, each pair has the fate that it has by brute force."""
    two_federations(first, second, data, few)


@pytest.mark.slow
@pytest.mark.timeout(900)
@THOROUGH
@given(federations(), st.data(), st.sampled_from((0, 2, 32)))
def test_many_spoiled_files(drawn: Drawn, data: st.DataObject, few: int) -> None:
    """As above, many times as often."""
    a_federation_and_its_spoiled_files(drawn, data, few)


@pytest.mark.slow
@pytest.mark.timeout(900)
@THOROUGH
@given(federations(), federations(), st.data(), st.sampled_from((0, 2, 32)))
def test_many_pairs_of_federations(first: Drawn, second: Drawn, data: st.DataObject, few: int) -> None:
    """As above, many times as often."""
    two_federations(first, second, data, few)


@BRIEF
@given(federations())
def test_a_proved_federation_has_every_pair(drawn: Drawn) -> None:
    """Where the proof finds nothing, all pairs that must talk do so by what is read of the doors, too."""
    plan = planned(drawn.text, warned=drawn.warned)
    files = files_of(plan)
    proved = prove(plan, lambda each: files[each.key])
    endpoints = Endpoints()
    found = compare(side_of(plan, files, endpoints), side_of(plan, files, endpoints))
    assert found.groups == ()
    assert found.counts[Fate.KEPT] == proved.pairs + proved.serving_pairs
