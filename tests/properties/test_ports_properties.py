"""What holds for every allocation, and for every text that claims to be federation.lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from planner import addresses
from planner.checks import (
    bad_address,
    bad_port_range,
    cluster_name_taken,
    endpoint_taken,
    ingress_host_taken,
    internal_address,
    lock_conflict,
    loopback_address,
    mysql_shared,
    namespace_taken,
    port_out_of_range,
    port_taken,
    range_full,
    useless_pin,
)
from planner.interpret import interpret
from planner.lock import Lock, LockedSite, dump, parse
from planner.plan import examine, resolve
from planner.ports import (
    DIGITS,
    EXCHANGE_BASE,
    EXCHANGE_DIGITS,
    PARTY_BASE,
    Clash,
    Full,
    Held,
    Origin,
    OutOfRange,
    Request,
    allocate,
)

CLUSTERS = ("bank", "shop", "mill")
PORT_NAMES = ("rollsite", "fateflowGrpc", "fateflowHttp")
SITE_KEYS = [*(f"party-{n}" for n in range(1, 10)), "exchange-a", "exchange-b"]

some_ports = st.dictionaries(st.sampled_from(PORT_NAMES), st.integers(29990, 30160), max_size=3)
ranges = st.fixed_dictionaries(
    {name: st.tuples(st.integers(29995, 30100), st.integers(30050, 30160)) for name in CLUSTERS}
)


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """Requests of different sites on a few clusters, with pins and locked ports that may clash."""
    result = []
    for key in draw(st.lists(st.sampled_from(SITE_KEYS), unique=True, max_size=8)):
        names = tuple(draw(st.lists(st.sampled_from(PORT_NAMES), unique=True, min_size=1)))
        party = key.startswith("party")
        result.append(
            Request(
                site=key,
                cluster=draw(st.sampled_from(CLUSTERS)),
                names=names,
                pins=draw(some_ports),
                locked=draw(some_ports),
                digits=DIGITS if party else EXCHANGE_DIGITS,
                base=PARTY_BASE if party else EXCHANGE_BASE,
            )
        )
    return result


held_ports = st.lists(
    st.builds(
        Held,
        site=st.sampled_from(["party-90", "party-91@bank"]),
        cluster=st.sampled_from(CLUSTERS),
        name=st.sampled_from(PORT_NAMES),
        port=st.integers(29990, 30160),
    ),
    max_size=6,
)


@given(requests(), ranges, held_ports)
@settings(max_examples=35, deadline=None)
def test_allocation(wanted: list[Request], ends: dict[str, tuple[int, int]], held: list[Held]) -> None:
    """Every port is unique on its cluster and in range, or a problem says why not; pins and locked ports are kept."""
    actual = allocate(wanted, ends, held)
    clashes = {(p.cluster, p.port) for p in actual.problems if isinstance(p, Clash)}
    outside = {(p.site, p.name) for p in actual.problems if isinstance(p, OutOfRange)}
    full = {(p.site, name) for p in actual.problems if isinstance(p, Full) for name in p.names}
    taken: dict[tuple[str, int], str] = {}
    reserved = {(item.cluster, item.port) for item in held}
    for request in wanted:
        low, high = ends[request.cluster]
        given_ports = actual.ports[request.site]
        assert {*given_ports} | {name for site, name in full if site == request.site} == {*request.names}
        for name, port in given_ports.items():
            if name in request.pins:
                assert port == request.pins[name]
            elif name in request.locked and low <= request.locked[name] <= high:
                assert port == request.locked[name]
            else:
                assert port % 10 == request.digits[name]
                assert (request.cluster, port) not in reserved
            assert low <= port <= high or (request.site, name) in outside
            if (request.site, name) not in outside and (request.cluster, port) not in clashes:
                assert taken.setdefault((request.cluster, port), request.site) == request.site
    for problem in actual.problems:
        if isinstance(problem, (Clash, OutOfRange)) and problem.free is not None:
            low, high = ends[problem.cluster]
            assert low <= problem.free <= high
            assert (problem.cluster, problem.free) not in taken


@given(requests(), ranges, held_ports, st.randoms(use_true_random=False))
@settings(max_examples=35, deadline=None)
def test_order_of_mappings_means_nothing(
    wanted: list[Request], ends: dict[str, tuple[int, int]], held: list[Held], random: Any
) -> None:
    """Pins, locked ports, clusters and removed sites may come in any order."""

    def shuffled(mapping: Any) -> Any:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = [
        Request(r.site, r.cluster, r.names, shuffled(r.pins), shuffled(r.locked), shuffled(r.digits), r.base)
        for r in wanted
    ]
    mixed = list(held)
    random.shuffle(mixed)
    first, second = allocate(wanted, ends, held), allocate(other, shuffled(ends), mixed)
    assert first.ports == second.ports
    assert len(first.problems) == len(second.problems)


parties = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from(CLUSTERS)), unique_by=lambda item: item[0], max_size=12
)


def planned(sites: Sequence[tuple[int, str]], lock: Lock, exchanges: int = 1) -> tuple[dict[str, Any], Lock]:
    """Cluster and ports of each site, and the new lock."""
    data = {
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [{"name": name, "address": f"{name}.example"} for name in CLUSTERS],
        "exchanges": [{"name": f"x{n}", "cluster": "bank"} for n in range(exchanges)],
        "parties": [{"id": number, "cluster": cluster} for number, cluster in sites],
    }
    subject = examine(interpret(data, complete=True), lock)
    assert subject.allocation.problems == ()
    plan = resolve(subject)
    return {site.key: (site.cluster.name, dict(site.ports)) for site in plan.sites}, plan.lock


@given(parties, st.lists(parties, min_size=1, max_size=4))
@settings(max_examples=35, deadline=None)
def test_nobody_moves(first: list[tuple[int, str]], later: list[list[tuple[int, str]]]) -> None:
    """Whoever stays on a cluster keeps its ports there, whatever else comes, goes or moves, and however often."""
    remembered: dict[tuple[str, str], dict[str, int]] = {}
    lock = Lock()
    for index, sites in enumerate([first, *later]):
        actual, lock = planned(sites, lock, exchanges=index % 3)
        for key, (cluster, ports) in actual.items():
            assert remembered.setdefault((key, cluster), ports) == ports
        text = dump(lock)
        read, found = parse(text)
        assert found == ()
        assert read == lock
        assert dump(read) == text
        lock = read


@given(parties, st.sampled_from(CLUSTERS))
@settings(max_examples=30, deadline=None)
def test_appending_moves_nobody_even_without_a_lock(sites: list[tuple[int, str]], cluster: str) -> None:
    """A party without pins at the end of the file changes no other port, also in a plan made afresh."""
    before, _ = planned(sites, Lock())
    after, _ = planned([*sites, (40, cluster)], Lock())
    assert {key: after[key] for key in before} == before


@given(parties)
@settings(max_examples=20, deadline=None)
def test_planning_again_changes_nothing(sites: list[tuple[int, str]]) -> None:
    """The same file with the lock of its own plan gives the same plan and the same lock."""
    actual, lock = planned(sites, Lock())
    assert planned(sites, lock) == (actual, lock)


# ---------------------------------------------------------------- federation.lock

names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
keys = st.one_of(
    st.integers(1, 999_999).map(lambda number: f"party-{number}"),
    names.map(lambda name: f"exchange-{name}"),
    st.tuples(st.integers(1, 999_999), names).map(lambda pair: f"party-{pair[0]}@{pair[1]}"),
)
locks = st.builds(
    Lock,
    st.dictionaries(
        keys,
        st.builds(
            LockedSite,
            cluster=names,
            namespace=names,
            target=st.sampled_from(["kubefate", "helm", "docker"]),
            ports=st.dictionaries(st.sampled_from(sorted(DIGITS)), st.integers(1, 65535)),
            id=st.none() | st.integers(1, 999_999),
            removed=st.booleans(),
        ),
        max_size=6,
    ),
)


@given(locks)
@settings(max_examples=35, deadline=None)
def test_lock_round_trip(lock: Lock) -> None:
    """Any lock is read as it was written, whatever the order of its sites."""
    text = dump(lock)
    assert parse(text) == (lock, ())
    assert dump(Lock(dict(reversed(list(lock.sites.items()))))) == text
    assert [line for line in text.splitlines() if '"cluster"' in line] == text.splitlines()[3 : 3 + len(lock.sites)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["cluster", "ports", "id", "removed", "rollsite"]) | st.text(max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)
shaped = st.builds(
    lambda version, sites: {"version": version, "sites": sites},
    st.sampled_from([1, 1, 1, 2, True, None]),
    st.dictionaries(
        keys | st.text(max_size=8),
        json_values
        | st.fixed_dictionaries(
            {
                "cluster": names | json_values,
                "namespace": names | json_values,
                "target": st.just("kubefate") | json_values,
                "ports": some_ports | json_values,
            },
            optional={"id": st.integers() | json_values, "removed": json_values},
        ),
        max_size=4,
    ),
)
texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='{}[]",:<>=\n19esp', max_size=200),
    json_values.map(json.dumps),
    shaped.map(json.dumps),
    shaped.map(lambda value: json.dumps(value, indent=1, ensure_ascii=False)),
    st.tuples(locks.map(dump), st.integers(0, 400), st.text(max_size=3)).map(
        lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] :]
    ),
    st.integers(1, 200_000).map(lambda depth: '{"sites":' * depth),
    st.integers(4_000, 6_000).map(lambda digits: '{"version": ' + "1" * digits + "}"),
)


@given(texts)
@settings(max_examples=45, deadline=None)
def test_any_text_is_a_lock_or_a_finding(text: str) -> None:
    """No text raises: it is a lock that can be planned with and written again, or exactly one finding."""
    lock, found = parse(text)
    if found:
        assert (lock, len(found)) == (Lock(), 1)
        assert found[0].fault.code == "FED313"
        assert found[0].message.isprintable()
        assert found[0].hint
        return
    assert parse(dump(lock)) == (lock, ())
    data = {
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [{"name": "bank", "address": "bank.example"}],
        "parties": [{"id": number, "cluster": "bank"} for number in (1, 2)],
    }
    subject = examine(interpret(data, complete=True), lock)
    assert {*subject.allocation.ports} == {"party-1", "party-2"}
    assert all(not isinstance(p, Clash) or p.origin is not Origin.REMOVED for p in subject.allocation.problems)


# ---------------------------------------------------------------- checks

CHECKS = (
    bad_address,
    bad_port_range,
    cluster_name_taken,
    endpoint_taken,
    ingress_host_taken,
    internal_address,
    lock_conflict,
    loopback_address,
    mysql_shared,
    namespace_taken,
    port_out_of_range,
    port_taken,
    range_full,
    useless_pin,
)

address_texts = st.one_of(
    st.sampled_from(["10.0.0.1", "10.0.0.2", "rollsite", "localhost", "::1", "2001:DB8::1", "a.b:1", "http://u:p@x"]),
    st.text(alphabet="0123456789abcdef.:-_/[]@% \u00fc", min_size=1, max_size=24),
    st.text(min_size=1, max_size=253),
)
ids = st.integers(1, 5)
groups = st.just("all") | st.lists(ids | st.none(), min_size=1, max_size=4)
exchange_names = st.sampled_from(["a", "b", "nobody"])
shapes = st.one_of(
    st.builds(lambda members: {"mesh": members}, groups),
    st.builds(lambda members: {"star": members}, groups),
    st.builds(lambda members, through: {"star": members, "through": through}, groups, exchange_names),
    st.builds(lambda members: {"star": members, "through": ["a", "b"]}, groups),
    st.builds(lambda parts: {"star": parts}, st.dictionaries(exchange_names, st.lists(ids), min_size=1)),
    st.builds(lambda pairs: {"links": pairs}, st.lists(st.tuples(ids, ids), min_size=1, max_size=3)),
)
settings_of_sites: dict[str, st.SearchStrategy[Any]] = {
    "exposure": st.sampled_from(["NodePort", "ClusterIP"])
    | st.builds(lambda text: {"type": "LoadBalancer", "address": text}, address_texts),
    "ports": st.dictionaries(st.sampled_from(sorted(DIGITS)), st.integers(1, 65535), min_size=1, max_size=3),
    "namespace": st.sampled_from(["fate", "fate-1", "fate-a"]),
    "release": st.sampled_from(["v1.4.0", "v1.6.0", "v1.11.2", "v2.0.0", "v9.9.9"]),
    "target": st.sampled_from(["kubefate", "helm", "docker"]),
    "podSecurityPolicy": st.booleans(),
}
settings_of_parties: dict[str, st.SearchStrategy[Any]] = {
    **settings_of_sites,
    "name": st.sampled_from(["fate", "fate-1"]),
    "polling": ids | exchange_names,
    "fateflow": st.sampled_from(["NodePort", "ClusterIP"]),
    "engine": st.sampled_from(["eggroll", "spark_pulsar", "nothing"]),
    "modules": st.lists(st.sampled_from(["rollsite", "python", "fateboard", "client"]), min_size=1),
    "ingress": st.dictionaries(
        st.sampled_from(["fateboard", "client"]),
        st.builds(lambda hosts: {"hosts": hosts}, st.lists(st.sampled_from(["a.b", "C.d"]), min_size=1)),
        min_size=1,
    ),
    "mysql": st.builds(
        lambda host, database: {"host": host, "database": database, "user": "u", "password": "env:P"},
        address_texts,
        st.sampled_from(["a", "b"]),
    ),
}
federations = st.fixed_dictionaries(
    {
        "release": st.sampled_from(["v1.11.2", "v2.0.0", "v0.0.0"]),
        "topology": st.sampled_from(["mesh", "star"]) | st.lists(shapes, min_size=1, max_size=3),
        "never": st.lists(st.tuples(ids, ids), max_size=2),
        "clusters": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(CLUSTERS), "address": address_texts},
                optional={
                    "nodePorts": st.sampled_from(["30000-32767", "30090-30099", "9-1", "0-99999"]),
                    "kubefate": st.sampled_from(
                        [{"url": "http://a.b/"}, {"url": "http://[x"}, {"url": "https://C.D:1"}]
                    ),
                },
            ),
            max_size=3,
        ),
        "exchanges": st.lists(
            st.fixed_dictionaries(
                {"name": exchange_names, "cluster": st.sampled_from(CLUSTERS)},
                optional={
                    **settings_of_sites,
                    "upstream": exchange_names,
                    "kind": st.sampled_from(["osx", "trafficServer"]),
                },
            )
            | st.none(),
            max_size=3,
        ),
        "parties": st.lists(
            st.fixed_dictionaries({"id": ids, "cluster": st.sampled_from(CLUSTERS)}, optional=settings_of_parties)
            | st.none(),
            max_size=5,
        ),
        "routes": st.lists(
            st.fixed_dictionaries(
                {"from": ids | exchange_names, "to": ids | exchange_names},
                optional={"address": address_texts, "port": st.integers(1, 65535)},
            ),
            max_size=3,
        ),
        "defaults": st.fixed_dictionaries(
            {},
            optional={key: settings_of_parties[key] for key in ("exposure", "mysql", "ingress", "podSecurityPolicy")},
        ),
    }
)


@given(federations, locks, st.booleans())
@settings(max_examples=45, deadline=None)
def test_checks_never_raise(data: dict[str, Any], lock: Lock, complete: bool) -> None:
    """Whatever passes the schema, a check yields findings that can be shown, and never the same one twice."""
    subject = examine(interpret(data, complete=complete), lock)
    for check in CHECKS:
        found = list(check.check(subject))
        assert len(found) == len(set(found))
        for diagnostic in found:
            assert diagnostic.hint
            assert diagnostic.message.isprintable()
            assert diagnostic.hint.isprintable()


@given(address_texts)
@settings(max_examples=50, deadline=None)
def test_addresses(text: str) -> None:
    """What a hint proposes is an address; an address is the same as its normal form."""
    found = addresses.flaw(text)
    if found is None:
        assert addresses.flaw(addresses.normalised(text)) is None
        assert addresses.normalised(addresses.normalised(text)) == addresses.normalised(text)
        assert addresses.undiallable(text) == addresses.undiallable(addresses.normalised(text))
    elif found.hint.startswith("write ") and not found.hint.startswith("write an IPv4"):
        assert addresses.flaw(found.hint.removeprefix("write ").split(" ")[0].rstrip(",")) is None
