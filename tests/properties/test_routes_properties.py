"""The declared graph against brute force, and the checks of routes against the graph."""

from __future__ import annotations

from itertools import permutations
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from planner.checks import (
    broken_balance,
    contradicting_topology,
    duplicate_id,
    duplicate_member,
    duplicate_name,
    duplicate_route,
    exchange_is_party,
    forbidden_route,
    forwarding_loop,
    isolated_party,
    redundant_direct_route,
    self_link,
    tls_mismatch,
    unknown_cluster,
    unknown_exchange,
    unknown_party,
    unmet_expectation,
    unreachable_polling_client,
    unused_exchange,
    unused_route,
    wrong_polling_server,
)
from planner.interpret import interpret
from planner.lock import Lock
from planner.model import Site, party_key
from planner.plan import examine
from planner.routes import POLLED, Topology, serving, training
from planner.subject import Subject

CHECKS: tuple[ModuleType, ...] = (
    duplicate_id,
    duplicate_name,
    unknown_party,
    unknown_cluster,
    unknown_exchange,
    exchange_is_party,
    forbidden_route,
    forwarding_loop,
    self_link,
    unreachable_polling_client,
    unmet_expectation,
    redundant_direct_route,
    contradicting_topology,
    isolated_party,
    unused_exchange,
    wrong_polling_server,
    tls_mismatch,
    broken_balance,
    unused_route,
    duplicate_member,
    duplicate_route,
)
EXCHANGES = ("a", "b", "c")
MODERATE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def some(values: Any, least: int = 1) -> Any:
    """Lists of different values."""
    return st.lists(values, min_size=least, max_size=5, unique=True)


def groups_of(assigned: dict[int, str]) -> dict[str, list[int]]:
    """The groups of a star in which each party has one exchange."""
    return {name: [one for one, its in assigned.items() if its == name] for name in dict.fromkeys(assigned.values())}


def pairs_of(parties: Any, most: int, *, unlike: bool) -> Any:
    """Lists of pairs; of two parties that are `unlike`, if there are two."""
    pair = st.tuples(parties, parties).map(list)
    return st.lists(pair, max_size=most).map(lambda found: [p for p in found if not unlike or p[0] != p[1]])


def shapes(parties: Any, exchanges: Any, *, wild: bool) -> Any:
    """One shape of each kind, over some parties and exchanges."""
    pairs = pairs_of(parties, 3, unlike=not wild).map(lambda found: found or [[1, 2]])
    disjoint = st.dictionaries(parties, exchanges, min_size=1).map(groups_of)
    overlapping = st.dictionaries(exchanges, some(parties), min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"mesh": st.just("all") | some(parties)}),
        st.fixed_dictionaries({"links": pairs}),
        st.fixed_dictionaries({"star": st.just("all") | some(parties), "through": exchanges}),
        st.fixed_dictionaries({"star": some(parties), "through": some(exchanges, 2)}),
        st.fixed_dictionaries({"star": overlapping if wild else disjoint}),
    )


@st.composite
def federations(draw: Any, *, polling: bool = False, wild: bool = False) -> dict[str, Any]:
    """Data as the schema lets it pass: with names that all exist, or `wild` with unknown and repeated ones."""
    count = draw(st.integers(2, 5))
    declared = list(range(1, count + 1))
    parties = st.integers(1, count + 1) if wild else st.sampled_from(declared)
    exchanges = st.sampled_from((*EXCHANGES, "d") if wild else EXCHANGES)
    names = draw(st.lists(st.sampled_from(EXCHANGES), max_size=3)) if wild else EXCHANGES
    ids = draw(st.lists(parties, min_size=1, max_size=5)) if wild else declared
    pairs = pairs_of(parties, 3 if wild or not polling else 1, unlike=not wild)
    topology = st.lists(shapes(parties, exchanges, wild=wild), min_size=1, max_size=3)
    data: dict[str, Any] = {
        "version": 1,
        "name": "demo",
        "release": "v1.11.2",
        "topology": draw(topology | st.sampled_from(["mesh", "star"]) if wild else topology),
        "never": draw(pairs),
        "clusters": [{"name": "bank", "address": "192.168.9.1"}],
        "exchanges": [{"name": name, "cluster": "bank"} for name in names],
        "parties": [{"id": party, "cluster": "bank"} for party in ids],
    }
    for exchange in data["exchanges"]:
        if draw(st.integers(0, 2)) == 0:
            exchange["upstream"] = draw(exchanges)
    sites = parties | exchanges
    if polling:
        for party in data["parties"]:
            if draw(st.integers(0, 3)) == 0:
                party["polling"] = draw(sites)
    if wild:
        for site in (*data["parties"], *data["exchanges"]):
            site["cluster"] = draw(st.sampled_from(["bank", "bank", "bnk"]))
            if draw(st.booleans()):
                site["tls"] = draw(st.booleans())
        for exchange in data["exchanges"]:
            if draw(st.booleans()):
                exchange["id"] = draw(st.integers(1, 9))
        routes = st.fixed_dictionaries({"from": sites, "to": sites, "port": st.just(5)})
        data["routes"] = draw(st.lists(routes, max_size=3))
        data["expect"] = [
            {"pair": pair, **({"via": draw(exchanges)} if draw(st.booleans()) else {})} for pair in draw(pairs)
        ]
    return data


def topology_of(data: dict[str, Any]) -> Topology:
    """The graph of a federation."""
    return Topology(interpret(data, complete=True))


def brute_pairs(data: dict[str, Any]) -> set[tuple[int, int]]:
    """Ordered pairs that must talk, read straight from the data."""
    everyone = [party["id"] for party in data["parties"]]
    result: set[tuple[int, int]] = set()
    for shape in data["topology"]:
        if "links" in shape:
            for pair in shape["links"]:
                result |= set(permutations(pair, 2))
            continue
        members = shape.get("mesh", shape.get("star"))
        if isinstance(members, dict):
            members = [member for group in members.values() for member in group]
        result |= set(permutations(everyone if members == "all" else members, 2))
    forbidden = {tuple(pair) for pair in data["never"]}
    return {
        (first, second)
        for first, second in result
        if first != second and (first, second) not in forbidden and (second, first) not in forbidden
    }


@MODERATE
@given(federations())
def test_who_must_talk(data: dict[str, Any]) -> None:
    """Partners, single pairs and their number agree with the data, and with each other in both directions."""
    topology = topology_of(data)
    expected = brute_pairs(data)
    ids = [party["id"] for party in data["parties"]]
    assert {(first, second) for first in ids for second in topology.partners(first)} == expected
    assert {(first, second) for first in ids for second in ids if topology.must_talk(first, second)} == expected
    assert topology.count_pairs() == len(expected)
    assert {(second, first) for first, second in expected} == expected


@st.composite
def served_federations(draw: Any) -> dict[str, Any]:
    """A federation of which some parties have FATE-Serving, and perhaps an exchange that some of these are behind."""
    data: dict[str, Any] = draw(federations())
    ids = [party["id"] for party in data["parties"]]
    served = draw(st.lists(st.sampled_from(ids), unique=True))
    for party in data["parties"]:
        if party["id"] in served:
            party["serving"] = {}
    if served and draw(st.booleans()):
        data["exchanges"].append({"name": "served", "cluster": "bank", "kind": "servingProxy"})
        members = draw(st.lists(st.sampled_from(served), min_size=1, unique=True))
        data["topology"].append({"star": members, "through": "served"})
    return data


@MODERATE
@given(served_federations())
def test_who_must_serve_together(data: dict[str, Any]) -> None:
    """Who has serving and trains together, or is behind one serving exchange; and a serving exchange trains nobody."""
    federation = interpret(data, complete=True)
    served = Topology(serving(federation))
    alone = {**data, "topology": [shape for shape in data["topology"] if shape.get("through") != "served"]}
    behind = {**data, "topology": [shape for shape in data["topology"] if shape.get("through") == "served"]}
    have = {party["id"] for party in data["parties"] if "serving" in party}
    expected = {pair for pair in brute_pairs(alone) if have.issuperset(pair)} | brute_pairs(behind)
    assert {(first, second) for first in have for second in served.partners(first)} == expected
    assert served.count_pairs() == len(expected)
    trained = Topology(training(federation))
    assert trained.count_pairs() == len(brute_pairs(alone))
    for first, second in expected:
        found = ways(served, served.sites[party_key(first)], second)
        assert {way[-1] for way in found} == {party_key(second)}


def ways(topology: Topology, source: Site, destination: int) -> list[list[str]]:
    """Every way that a message may take, as the sites that it passes; the last is the destination if it arrives."""
    goal = party_key(destination)
    found: list[list[str]] = []
    pending = [[source.key]]
    while pending:
        passed = pending.pop()
        site = topology.sites[passed[-1]]
        hops = topology.hops(site)
        entry = hops.entries.get(destination)
        if passed[-1] == goal:
            found.append(passed)
            continue
        following = hops.default if entry is None else (goal if entry == POLLED else entry,)
        is_router = len(passed) == 1 or site.kind == "exchange" or site.key in topology.clients_of
        if not is_router or not following:
            found.append(passed)
        for hop in following:
            if hop in passed:
                found.append([*passed, hop])
            else:
                pending.append([*passed, hop])
    return found


@MODERATE
@given(federations())
def test_every_pair_has_a_way(data: dict[str, Any]) -> None:
    """Without polling, the declared next hops deliver every message that must arrive, on every branch."""
    topology = topology_of(data)
    for first, second in brute_pairs(data):
        found = ways(topology, topology.sites[party_key(first)], second)
        assert found
        assert {way[-1] for way in found} == {party_key(second)}
        if topology.dials_directly(first, second):
            assert found == [[party_key(first), party_key(second)]]


def subject_of(data: dict[str, Any], *, complete: bool = True) -> Subject:
    """What the checks look at."""
    return examine(interpret(data, complete=complete), Lock())


@MODERATE
@given(federations(polling=True))
def test_a_topology_without_errors_works(data: dict[str, Any]) -> None:
    """Where no check of routes finds an error, what must arrive arrives, polling or not, and what must not does not."""
    subject = subject_of(data)
    assume(not any(d.is_error for module in CHECKS for d in module.check(subject)))
    topology = subject.topology
    for first, second in brute_pairs(data):
        found = ways(topology, topology.sites[party_key(first)], second)
        assert {way[-1] for way in found} == {party_key(second)}
        for way in found:
            polled = topology.sites[way[-1]].polling
            assert polled is None or polled == way[-2] or way[0] == way[-2] == polled
    for pair in data["never"]:
        for first, second in (pair, pair[::-1]):
            found = ways(topology, topology.sites[party_key(first)], second)
            assert party_key(second) not in {way[-1] for way in found}


@MODERATE
@given(federations())
def test_cycles_of_default_routes(data: dict[str, Any]) -> None:
    """Each circle of upstreams is found once, and begins at its smallest key."""
    upstream = {exchange["name"]: exchange.get("upstream") for exchange in data["exchanges"]}
    expected = set()
    for start in upstream:
        circle = [start]
        while (following := upstream.get(circle[-1])) is not None and following not in circle:
            circle.append(following)
        if following == start:
            smallest = circle.index(min(circle))
            expected.add(tuple(f"exchange-{name}" for name in circle[smallest:] + circle[:smallest]))
    actual = list(topology_of(data).default_cycles())
    assert actual == sorted(expected)


@MODERATE
@given(federations(polling=True, wild=True), st.booleans())
def test_checks_take_any_federation(data: dict[str, Any], complete: bool) -> None:
    """A check never raises, says the same twice, points into the file, and gives a way out in one clause."""
    subject = subject_of(data, complete=complete)
    for module in CHECKS:
        found = list(module.check(subject))
        assert found == list(module.check(subject_of(data, complete=complete)))
        for diagnostic in found:
            assert diagnostic.fault is module.FAULT
            assert diagnostic.hint
            assert "\n" not in diagnostic.message + diagnostic.hint
            for place in (diagnostic.place, *(note.place for note in diagnostic.notes if note.place is not None)):
                value: Any = data
                for step in place.path:
                    if step == "tls" and step not in value:
                        break
                    value = value[step]
