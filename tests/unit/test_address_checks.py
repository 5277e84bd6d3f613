"""Checks of addresses, NodePorts and names: the examples of their manual pages, and the cases around them."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from planner import addresses, manual, schema, source
from planner.diagnostics import Diagnostic, Severity
from planner.hosts import interface_hosts
from planner.interpret import interpret
from planner.lock import Lock
from planner.lock import parse as parse_lock
from planner.plan import examine
from planner.releases import load

MODULES = (
    "port_out_of_range",
    "range_full",
    "bad_address",
    "loopback_address",
    "internal_address",
    "endpoint_taken",
    "namespace_taken",
    "cluster_name_taken",
    "ingress_host_taken",
    "lock_conflict",
    "useless_pin",
    "bad_port_range",
    "mysql_shared",
    "port_taken",
    "duplicate_id",
    "misleading_route",
)


def findings(text: str, lock: Lock | None = None) -> list[tuple[str, int, Diagnostic]]:
    """Code, line and diagnostic of everything that these checks find, in the order of the lines."""
    document, found = source.parse(text.encode())
    assert document is not None, found
    assert found == ()
    validated, found = schema.validate(document)
    assert validated is not None, found
    assert found == ()
    subject = examine(interpret(validated.data, complete=True), lock or Lock())
    result = []
    for name in MODULES:
        for diagnostic in importlib.import_module(f"planner.checks.{name}").check(subject):
            assert diagnostic.hint
            result.append((diagnostic.fault.code, document.span(diagnostic.place).line, diagnostic))
    return sorted(result, key=lambda item: (item[1], item[0]))


def codes(text: str, lock: Lock | None = None) -> list[str]:
    """The codes alone."""
    return [code for code, _, _ in findings(text, lock)]


def messages(text: str, lock: Lock | None = None) -> list[str]:
    """The messages alone."""
    return [diagnostic.message for _, _, diagnostic in findings(text, lock)]


def federation(*, clusters: list[str], parties: list[str], release: str = "v1.11.2", **more: str) -> str:
    """A federation.yaml of flow mappings; `more` holds further keys in YAML."""
    lines = [
        "version: 1",
        "name: demo",
        f"release: {release}",
        f"topology: {more.pop('topology', 'mesh')}",
        "clusters:",
    ]
    lines += [f"  - {{{cluster}}}" for cluster in clusters]
    lines += ["parties:", *(f"  - {{{party}}}" for party in parties)]
    lines += [f"{key}: {value}" for key, value in more.items()]
    return "\n".join(lines) + "\n"


BANK = "name: bank, address: 192.168.9.1"
SHOP = "name: shop, address: 192.168.10.1"
MILL = "name: mill, address: 192.168.11.1"
TWO = ["id: 9999, cluster: bank", "id: 10000, cluster: shop"]


def page(name: str) -> manual.Page:
    """The manual page of a check."""
    module: Any = importlib.import_module(f"planner.checks.{name}")
    return manual.page(module.__doc__, module.FAULT)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_manual(name: str) -> None:
    """A Bad example has its findings on the marked lines and no others; a Good one has none."""
    example = page(name)
    if example.example:
        return
    expected = [(marker.code, marker.line) for marker in manual.markers(example.bad)]
    assert expected
    assert [(code, line) for code, line, _ in findings(example.bad)] == expected
    assert codes(example.good) == []


def test_not_exposed_speaks_of_the_site() -> None:
    """FED308 has no check of its own: the read-back proof finds it, and its examples are sound federations."""
    example = page("not_exposed")
    assert codes(example.bad) == []
    assert codes(example.good) == []


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "text",
    [
        "192.168.9.1",
        "10.0.0.0",
        "2001:db8::1",
        "2001:0DB8:0:0::1",
        "::ffff:10.0.0.1",
        "shop.example.com",
        "SHOP.example.com",
        "node1",
        "1and1.example",
        "a-b.c3",
        "xn--bcher-kva.example",
        "a" * 63 + ".example",
    ],
)
def test_addresses_that_are_ones(text: str) -> None:
    """IPv4, IPv6 and DNS names are addresses."""
    assert addresses.flaw(text) is None
    assert addresses.undiallable(text) is None
    assert addresses.is_sound(text)


@pytest.mark.parametrize(
    ("text", "clause", "hint"),
    [
        ("http://192.168.9.1", "is a URL", "write 192.168.9.1"),
        ("https://user:pw@shop.example.com:30091/x", "is a URL", "write shop.example.com"),
        ("http://[2001:db8::1]:80/", "is a URL", "write 2001:db8::1"),
        ("http://", "is a URL", "write an IPv4 address"),
        ("192.168.9.1:30091", "ends in a port", "write 192.168.9.1 and leave the port to plan"),
        ("shop.example.com:30091", "ends in a port", "write shop.example.com and"),
        ("a:b", "has a colon", "write a"),
        ("[2001:db8::1]", "has brackets", "write 2001:db8::1"),
        ("[2001:db8::1]:30091", "has brackets", "write 2001:db8::1"),
        ("192.168.9.1/24", "is a network", "write 192.168.9.1"),
        ("192.168.9.1 ", "begins or ends with a space", "write 192.168.9.1"),
        ("192.168. 9.1", "has a space in it", "write 192.168.9.1"),
        ("shop.example.com.", "ends in a dot", "write shop.example.com"),
        ("192.168.9.1.", "ends in a dot", "write 192.168.9.1"),
        ("my_shop.example.com", "has an underscore", "write an IPv4 address, an IPv6 address or a DNS name"),
        ("192.168.9.300", "is no IPv4 address: 300 is above 255", "write an IPv4"),
        ("1.2.3", "has 3 numbers, and an IPv4 address has four", "write an IPv4"),
        ("1.2.3.4.5", "has 5 numbers", "write an IPv4"),
        ("3232235777", "has 1 number, and", "write an IPv4"),
        ("192.168.009.1", "has numbers with leading zeros", "write 192.168.9.1, if the numbers are decimal"),
        ("shop.1", "ends in a number", "write an IPv4"),
        ("0x7f000001", "ends in a number", "write an IPv4"),
        ("1..2.3", "ends in a number", "write an IPv4"),
        ("shop..example", "has two dots", "write an IPv4"),
        (".example", "has two dots in a row or begins with one", "write an IPv4"),
        ("fe80::1%eth0", "has a zone", "write fe80::1"),
        ("2001:db8::1::2", "is no IPv6 address", "write an IPv4"),
        ("2001:db8::12345", "is no IPv6 address", "write an IPv4"),
        ("b\u00fccher.example", "has letters that DNS does not know", "write an IPv4"),
        ("-shop.example", "has a part that begins or ends with a hyphen", "write an IPv4"),
        ("sh*p.example", "has characters", "write an IPv4"),
        ("a" * 64 + ".example", "has a part of 64 characters", "write an IPv4"),
        ("root@192.168.9.1", "holds a user name", "write 192.168.9.1"),
        ("   ", "is empty", "write an IPv4"),
        ("...", "ends in a dot", "write an IPv4"),
        ("9" * 250, "has 1 number", "write an IPv4"),
    ],
)
def test_addresses_that_are_none(text: str, clause: str, hint: str) -> None:
    """Each common mistake is named, and the hint has what was meant where that can be told."""
    found = addresses.flaw(text)
    assert found is not None
    assert found.clause.startswith(clause)
    assert found.hint.startswith(hint)
    assert not addresses.is_sound(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.localdomain",
        "db.localhost",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "169.254.1.1",
        "fe80::1",
    ],
)
def test_addresses_that_nobody_dials(text: str) -> None:
    """Loopback, unspecified, multicast, broadcast and link-local addresses are one fault, and no other."""
    assert addresses.flaw(text) is None
    assert addresses.undiallable(text) is not None
    assert codes(federation(clusters=[f'name: bank, address: "{text}"', SHOP], parties=TWO)) == ["FED305"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rollsite.fate-10000", True),
        ("PROXY.fate-10000", True),
        ("osx.treasury", True),
        ("rollsite", True),
        ("rollsite.x.svc", True),
        ("anything.cluster.local", True),
        ("osx.example", False),
        ("node1", False),
        ("mysql.fate-9999", False),
        ("rollsite.fate-9999.example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_names_inside_a_cluster(text: str, *, expected: bool) -> None:
    """Service names and the cluster's DNS domain are internal; other names are not."""
    assert addresses.is_internal(text, frozenset({"treasury"})) is expected


def test_every_place_of_an_address_is_looked_at() -> None:
    """Cluster, load balancer, MySQL and route: each gets its finding where it stands."""
    text = federation(
        clusters=["name: bank, address: http://192.168.9.1", SHOP],
        parties=[
            'id: 9999, cluster: bank, mysql: {host: "db:3306", database: a, user: b, password: "env:P"}',
            "id: 10000, cluster: shop, exposure: {type: LoadBalancer, address: 10.0.0.7/24}",
        ],
        routes="\n  - {from: 9999, to: 10000, address: ten_8}",
    )
    assert [(code, line) for code, line, _ in findings(text)] == [("FED304", line) for line in (6, 9, 10, 12)]


def test_inherited_addresses_are_reported_once() -> None:
    """What sites inherit from `defaults` is one mistake, and the finding is there."""
    text = federation(
        clusters=[BANK, SHOP, MILL],
        parties=[*TWO, "id: 10001, cluster: mill"],
        defaults="\n  mysql: {host: 127.0.0.1, database: a, user: b, password: 'env:P'}",
    )
    found = findings(text)
    assert [(code, line) for code, line, _ in found] == [("FED305", 14), ("FED316", 14)]


def test_a_password_in_an_address_is_not_repeated() -> None:
    """A message does not quote what may hold a password, and the place is marked."""
    text = federation(clusters=["name: bank, address: http://root:hunter2@bank.example", SHOP], parties=TWO)
    [(_, _, diagnostic)] = findings(text)
    assert "hunter2" not in diagnostic.message + diagnostic.hint
    assert diagnostic.place.secret


def test_an_address_that_nobody_dials_may_be_anything_sound() -> None:
    """A cluster whose sites are all dialled inside it needs no address that works from outside."""
    parties = ["id: 9999, cluster: bank, exposure: ClusterIP", "id: 10000, cluster: bank, exposure: ClusterIP"]
    assert codes(federation(clusters=["name: bank, address: 127.0.0.1"], parties=parties)) == []
    assert codes(federation(clusters=["name: bank, address: rollsite"], parties=parties)) == []


def test_internal_names() -> None:
    """An internal name is fine between two sites of one cluster, and nowhere else."""
    same = federation(
        clusters=[BANK],
        parties=["id: 9999, cluster: bank", "id: 10000, cluster: bank"],
        routes="\n  - {from: 9999, to: 10000, address: rollsite.fate-10000, port: 9370}",
    )
    assert codes(same) == []
    other = federation(
        clusters=[BANK, SHOP],
        parties=TWO,
        routes="\n  - {from: 9999, to: 10000, address: rollsite.fate-10000, port: 9370}",
    )
    assert codes(other) == ["FED306"]
    cluster = federation(clusters=["name: bank, address: rollsite.fate-9999.svc.cluster.local", SHOP], parties=TWO)
    assert codes(cluster) == ["FED306"]
    balanced = ["id: 9999, cluster: bank, exposure: {type: LoadBalancer, address: rollsite.fate-9999}"]
    assert codes(federation(clusters=[BANK, SHOP], parties=[*balanced, TWO[1]])) == ["FED306"]
    assert codes(federation(clusters=[BANK, SHOP], parties=[*balanced, "id: 10000, cluster: bank"])) == []


# ---------------------------------------------------------------- exposure


def test_hidden_site_names_three_peers() -> None:
    """One finding for a site, with the first three of those who dial it from elsewhere."""
    parties = ["id: 1, cluster: bank, exposure: ClusterIP", *(f"id: {n}, cluster: shop" for n in range(2, 7))]
    [message] = messages(federation(clusters=[BANK, SHOP], parties=parties))
    assert message.startswith("party 1 is exposed inside cluster bank only, and dialled from elsewhere by ")
    assert message.endswith("by party 2, party 3, party 4 and others")


def test_hidden_sites_that_inherit_are_one_finding() -> None:
    """`exposure: ClusterIP` under defaults is reported once, there."""
    parties = [*TWO, "id: 10001, cluster: mill"]
    text = federation(clusters=[BANK, SHOP, MILL], parties=parties, defaults="\n  exposure: ClusterIP")
    [(code, line, diagnostic)] = findings(text)
    assert (code, line) == ("FED306", 14)
    assert "(and so are 2 more that inherit it)" in diagnostic.message


@pytest.mark.parametrize(
    ("topology", "never", "expected"),
    [
        ("mesh", "[]", ["FED306"]),
        ("mesh", "[[1, 2], [1, 3]]", []),
        ("mesh", "[[1, 2]]", ["FED306"]),
        ("[{links: [[1, 2]]}]", "[]", ["FED306"]),
        ("[{links: [[2, 3]]}]", "[]", []),
        ("[{mesh: [2, 3]}, {mesh: [1, 4]}]", "[]", []),
        ("[{star: all, through: near}]", "[]", []),
        ("[{star: all, through: far}]", "[]", ["FED306"]),
        ("[{star: {near: [1, 4], far: [2, 3]}}]", "[]", []),
        ("[{star: [1, 2], through: [near, far]}]", "[[1, 2]]", ["FED306"]),
    ],
)
def test_who_dials_a_hidden_party(topology: str, never: str, expected: list[str]) -> None:
    """A party is dialled by its partners in meshes and links, and by the exchanges of its stars."""
    parties = ["id: 1, cluster: bank, exposure: ClusterIP", "id: 2, cluster: shop", "id: 3, cluster: shop"]
    parties.append("id: 4, cluster: bank")
    exchanges = "\n  - {name: near, cluster: bank}\n  - {name: far, cluster: shop}"
    text = federation(clusters=[BANK, SHOP], parties=parties, topology=topology, never=never, exchanges=exchanges)
    found = [item for item in findings(text) if item[1] == 9]
    assert [code for code, _, _ in found] == expected


@pytest.mark.parametrize(
    ("exchanges", "parties", "topology", "expected"),
    [
        (["name: a, cluster: bank, exposure: ClusterIP"], ["id: 1, cluster: bank", "id: 2, cluster: bank"], "star", []),
        (
            ["name: a, cluster: bank, exposure: ClusterIP"],
            ["id: 1, cluster: bank", "id: 2, cluster: shop"],
            "star",
            [8],
        ),
        (
            ["name: a, cluster: bank, exposure: ClusterIP", "name: b, cluster: shop"],
            ["id: 1, cluster: bank", "id: 2, cluster: shop"],
            "[{star: {a: [1], b: [2]}}]",
            [8],
        ),
        (
            ["name: a, cluster: bank, exposure: ClusterIP", "name: b, cluster: shop, upstream: a"],
            ["id: 1, cluster: bank", "id: 2, cluster: shop"],
            "[{star: [1], through: a}, {star: [2], through: b}]",
            [8],
        ),
        (
            ["name: a, cluster: bank, exposure: ClusterIP"],
            ["id: 1, cluster: bank", "id: 2, cluster: shop, polling: a, exposure: ClusterIP"],
            "star",
            [8],
        ),
        (
            ["name: a, cluster: bank"],
            ["id: 1, cluster: bank", "id: 2, cluster: shop, polling: a, exposure: ClusterIP"],
            "star",
            [],
        ),
    ],
)
def test_who_dials_a_hidden_exchange(
    exchanges: list[str], parties: list[str], topology: str, expected: list[int]
) -> None:
    """An exchange is dialled by its members, its clients and other exchanges; a polling client by nobody."""
    listed = "".join(f"\n  - {{{exchange}}}" for exchange in exchanges)
    lines = federation(clusters=[BANK, SHOP], parties=parties, topology=topology, exchanges=listed).splitlines()
    at = lines.index("parties:")
    text = "\n".join(lines[:at] + lines[at + 1 + len(parties) :] + lines[at : at + 1 + len(parties)]) + "\n"
    assert [line for code, line, _ in findings(text) if code == "FED306"] == [line + 1 for line in expected]


def test_a_route_to_a_hidden_site_is_enough() -> None:
    """A peer that has an address of its own for a hidden site needs none outside the cluster."""
    text = federation(
        clusters=[BANK, SHOP],
        parties=["id: 9999, cluster: bank, exposure: ClusterIP", "id: 10000, cluster: shop"],
        routes="\n  - {from: 10000, to: 9999, address: 10.8.0.2, port: 19370}",
    )
    assert codes(text) == []


# ---------------------------------------------------------------- endpoints


def test_one_address_with_different_ports_is_fine() -> None:
    """Two clusters behind one address translate it by port."""
    parties = ["id: 9999, cluster: bank", "id: 10000, cluster: shop, ports: {rollsite: 30191}"]
    one = [BANK, "name: shop, address: 192.168.9.1"]
    assert codes(federation(clusters=one, parties=parties)) == []
    assert codes(federation(clusters=one, parties=TWO)) == ["FED307"]


def test_one_finding_for_two_clusters_with_many_sites() -> None:
    """Two clusters with one address are one mistake, whatever the spelling and the number of sites."""
    clusters = ['name: bank, address: "2001:db8::1"', 'name: shop, address: "2001:0DB8:0::1"']
    parties = [f"id: {n}, cluster: {'bank' if n % 2 else 'shop'}" for n in range(1, 9)]
    found = findings(federation(clusters=clusters, parties=parties))
    assert [(code, line) for code, line, _ in found] == [("FED307", 7)]
    assert found[0][2].notes[0].place is not None


def test_load_balancers() -> None:
    """Two load balancers need two addresses; one may have a cluster's, where no NodePort is 9370."""
    first = "id: 9999, cluster: bank, exposure: {type: LoadBalancer, address: 10.0.0.7}"
    second = "id: 10000, cluster: shop, exposure: {type: LoadBalancer, address: 10.0.0.7}"
    assert codes(federation(clusters=[BANK, SHOP], parties=[first, second])) == ["FED307"]
    third = "id: 10000, cluster: bank, exposure: {type: LoadBalancer, address: 192.168.9.1}"
    assert codes(federation(clusters=[BANK], parties=["id: 9999, cluster: bank", third])) == []
    wide = "name: bank, address: 192.168.9.1, nodePorts: 9000-9999"
    pinned = "id: 9999, cluster: bank, ports: {rollsite: 9370}"
    assert codes(federation(clusters=[wide], parties=[pinned, third])) == ["FED307"]
    inherited = federation(
        clusters=[BANK, SHOP, MILL],
        parties=[*TWO, "id: 10001, cluster: mill"],
        defaults="\n  exposure: {type: LoadBalancer, address: 10.0.0.7}",
    )
    assert [(code, line) for code, line, _ in findings(inherited)] == [("FED307", 14)]


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (["from: 9999, to: 10000, address: 10.8.0.2"], []),
        (["from: 9999, to: 10000, address: 192.168.10.1"], []),
        (["from: 9999, to: 10000, address: 192.168.11.1"], ["FED307"]),
        (["from: 9999, to: 10000, address: 192.168.11.1, port: 30191"], []),
        (["from: 9999, to: 10000, address: 10.8.0.2", "from: 9999, to: 10001, address: 10.8.0.2"], ["FED307"]),
        (["from: 9999, to: 10000, address: 10.8.0.2", "from: 9999, to: 10001, address: 10.8.0.2, port: 1"], []),
        (["from: 9999, to: 10000, address: 10.8.0.2", "from: 10001, to: 10000, address: 10.8.0.2"], []),
        (["from: 9999, to: 10000, address: 192.168.11.1", "from: 9999, to: 10001, address: 192.168.10.1"], []),
        (["from: 9999, to: 10000, port: 30091"], []),
        (["from: 9999, to: 4, address: 192.168.11.1"], []),
    ],
)
def test_routes_that_lead_elsewhere(routes: list[str], expected: list[str]) -> None:
    """A route must not lead its source to another site that it dials, by a route or at its ordinary endpoint."""
    text = federation(
        clusters=[BANK, SHOP, MILL],
        parties=[*TWO, "id: 10001, cluster: mill"],
        routes="".join(f"\n  - {{{route}}}" for route in routes),
    )
    assert codes(text) == expected


# ---------------------------------------------------------------- ports and ranges


def test_range_full_is_one_finding() -> None:
    """However many sites are without ports, their cluster is full once."""
    parties = [f"id: {n}, cluster: bank" for n in range(1, 13)]
    text = federation(clusters=["name: bank, address: 192.168.9.1, nodePorts: 30000-30019"], parties=parties)
    [(code, line, diagnostic)] = findings(text)
    assert (code, line) == ("FED303", 6)
    assert diagnostic.message == "cluster bank has 12 sites, and 30000-30019 has no ports for 10 of them"
    assert diagnostic.notes[0].message == "party 3 is the first without ports"


def test_pin_out_of_range_says_what_is_free() -> None:
    """The hint names the port that the site would get; the way out works."""
    bank = "name: bank, address: 192.168.9.1, nodePorts: 31000-31999"
    text = federation(clusters=[bank, SHOP], parties=["id: 9999, cluster: bank, ports: {rollsite: 30091}", TWO[1]])
    [(code, _, diagnostic)] = findings(text)
    assert code == "FED302"
    assert diagnostic.hint.startswith("drop the pin (31001 is free)")


@pytest.mark.parametrize("text", ["32767-30000", "0-32767", "30000-99999", "70000-80000", "0-0"])
def test_bad_range_is_one_finding(text: str) -> None:
    """A range that is none has no second finding about pins or full blocks."""
    bank = f"name: bank, address: 192.168.9.1, nodePorts: {text}"
    parties = ["id: 9999, cluster: bank, ports: {rollsite: 9370}", "id: 10000, cluster: bank"]
    assert codes(federation(clusters=[bank], parties=parties)) == ["FED315"]


@pytest.mark.parametrize(
    ("release", "site", "words"),
    [
        ("v1.11.2", "ports: {osx: 30091}", "is called rollsite"),
        ("v2.0.0", "ports: {rollsite: 30091}", "is called osx"),
        ("v1.11.2", "ports: {nginxHttp: 30093}", "neither its kind nor its engine"),
        ("v1.11.2", "ports: {fateflowGrpc: 30092}, fateflow: ClusterIP", "inside the cluster only"),
        ("v1.4.5", "ports: {fateflowGrpc: 30092}", "v1.4.5 has no gRPC port"),
        ("v1.11.2", "ports: {rollsite: 30091}, exposure: ClusterIP", "is exposed inside cluster bank only"),
        ("v1.11.2", "ports: {fateflowHttp: 30097}, modules: [rollsite]", "has no module python"),
    ],
)
def test_useless_pins(release: str, site: str, words: str) -> None:
    """A pin of a port that the site does not have is a warning that says why."""
    text = federation(
        clusters=[BANK],
        parties=[f"id: 9999, cluster: bank, {site}", "id: 10000, cluster: bank"],
        release=release,
    )
    [(code, line, diagnostic)] = findings(text)
    assert (code, line, diagnostic.fault.severity) == ("FED314", 8, Severity.WARNING)
    assert words in diagnostic.message


def test_pins_that_have_an_effect() -> None:
    """A load balancer may have a pinned NodePort as well."""
    balanced = "id: 9999, cluster: bank, ports: {rollsite: 30091}, exposure: {type: LoadBalancer, address: 10.0.0.7}"
    assert codes(federation(clusters=[BANK, SHOP], parties=[balanced, TWO[1]])) == []


# ---------------------------------------------------------------- names


def test_party_and_exchange_in_one_namespace() -> None:
    """An exchange and a party collide by their rollsite, also through the names they get by themselves."""
    text = federation(
        clusters=[BANK, SHOP], parties=TWO, topology="star", exchanges="\n  - {name: '9999', cluster: bank}"
    )
    [(code, _, diagnostic)] = findings(text)
    assert code == "FED309"
    assert diagnostic.message == "exchange 9999 is in namespace fate-9999 of cluster bank, where party 9999 is"


def test_names_at_one_kubefate_service() -> None:
    """Clusters with one KubeFATE service share its names; the name alone may stand twice."""
    parties = [
        "id: 9999, cluster: bank, namespace: fate, name: fate",
        "id: 10000, cluster: shop, namespace: fate, name: fate",
    ]
    kubefate = "kubefate: {url: https://kubefate.example.com}"
    assert codes(federation(clusters=[BANK, SHOP], parties=parties)) == []
    assert codes(federation(clusters=[f"{BANK}, {kubefate}", f"{SHOP}, {kubefate}"], parties=parties)) == ["FED310"]
    parties = ["id: 9999, cluster: bank, name: fate", "id: 10000, cluster: bank, name: fate"]
    assert codes(federation(clusters=[BANK], parties=parties)) == []


BOARD = "ingress: {fateboard: {hosts: [%s]}}"


@pytest.mark.parametrize(
    ("parties", "expected"),
    [
        ([f"id: 1, cluster: bank, {BOARD % 'a.example'}", f"id: 2, cluster: bank, {BOARD % 'a.example'}"], [10]),
        ([f"id: 1, cluster: bank, {BOARD % 'a.example'}", f"id: 2, cluster: shop, {BOARD % 'a.example'}"], []),
        ([f"id: 1, cluster: bank, {BOARD % 'a.example'}", f"id: 2, cluster: bank, {BOARD % 'b.example'}"], []),
        ([f"id: 1, cluster: bank, {BOARD % 'party2.fateboard.example.com'}", "id: 2, cluster: bank"], [9]),
        ([f"id: 1, cluster: bank, {BOARD % 'kube.example'}", "id: 2, cluster: bank"], [9]),
        ([f"id: 1, cluster: shop, {BOARD % 'kube.example'}", "id: 2, cluster: bank"], []),
        (
            [
                "id: 1, cluster: bank, ingress: {fateboard: {hosts: [a.b]}, client: {hosts: [a.b]}}",
                "id: 2, cluster: bank",
            ],
            [9],
        ),
        ([f"id: 1, cluster: bank, {BOARD % 'a.b, a.b'}", "id: 2, cluster: bank"], []),
    ],
)
def test_ingress_hosts(parties: list[str], expected: list[int]) -> None:
    """A host is given once per cluster, to an interface or to KubeFATE's service; the finding is at a written one."""
    clusters = [f"{BANK}, kubefate: {{url: 'https://KUBE.example:8443/'}}", SHOP]
    text = federation(clusters=clusters, parties=parties)
    assert [(code, line) for code, line, _ in findings(text)] == [("FED311", line) for line in expected]


def test_inherited_ingress_host_is_one_finding() -> None:
    """A host under defaults is the same for everyone, on every cluster with two of them; it is reported once."""
    parties = [f"id: {n}, cluster: {'bank' if n % 2 else 'shop'}" for n in range(1, 8)]
    parties.append("id: 8, cluster: bank, ingress: {domain: other.example}")
    text = federation(clusters=[BANK, SHOP], parties=parties, defaults="\n  ingress: {fateboard: {hosts: [a.b, c.d]}}")
    assert [(code, line) for code, line, _ in findings(text)] == [("FED311", 18)]


@pytest.mark.parametrize(
    ("release", "modules", "hosts"),
    [
        ("v1.11.2", ("fateboard", "client"), {"fateboard": ("a.b", "c.d"), "client": ("party9.notebook.x.y",)}),
        ("v1.11.2", ("client",), {"client": ("party9.notebook.x.y",)}),
        ("v1.6.0", ("fateboard", "client"), {"fateboard": ("a.b",), "client": ("party9.notebook.x.y",)}),
        ("v1.5.0", ("fateboard",), {"fateboard": ("9.fateboard.kubefate.net",)}),
    ],
)
def test_interface_hosts(release: str, modules: tuple[str, ...], hosts: dict[str, tuple[str, ...]]) -> None:
    """Hosts follow the dialect of the release, for the components that are deployed."""
    party = "id: 9, cluster: bank, ingress: {domain: x.y, fateboard: {hosts: [a.b, c.d]}}"
    document, _ = source.parse(federation(clusters=[BANK], parties=[party], release=release).encode())
    assert document is not None
    site = interpret(document.data, complete=True).parties[0]
    known = load(release)
    assert known is not None
    assert interface_hosts(site, known, modules) == hosts


# ---------------------------------------------------------------- databases


MYSQL = 'mysql: {host: %s, database: %s, user: fate, password: "env:P"}'


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("db.example", "a"), ("DB.example", "a"), ["FED316"]),
        (("db.example", "a"), ("db.example", "b"), []),
        (("10.0.0.5", "a"), ("10.0.0.5", "a"), ["FED316"]),
        (("mysql", "a"), ("mysql", "a"), []),
        (("mysql.db.svc", "a"), ("mysql.db.svc", "a"), []),
    ],
)
def test_databases(first: tuple[str, str], second: tuple[str, str], expected: list[str]) -> None:
    """One database for two parties is a fault; a name inside each cluster is another server on each."""
    parties = [f"{TWO[0]}, {MYSQL % first}", f"{TWO[1]}, {MYSQL % second}"]
    assert codes(federation(clusters=[BANK, SHOP], parties=parties)) == expected


def test_database_inside_one_cluster() -> None:
    """On one cluster, one name is one server."""
    parties = [f"id: {n}, cluster: bank, {MYSQL % ('mysql', 'a')}" for n in (1, 2)]
    assert codes(federation(clusters=[BANK], parties=parties)) == ["FED316"]


# ---------------------------------------------------------------- the lock


def entry(cluster: str, namespace: str, **ports: int) -> dict[str, Any]:
    """A site's value in federation.lock."""
    return {"cluster": cluster, "namespace": namespace, "target": "kubefate", "ports": ports}


def locked(**sites: dict[str, Any]) -> Lock:
    """A lock, read from its text; `_` in a name stands for `-`."""
    lines = ",\n".join(f'"{key.replace("_", "-")}": {value}'.replace("'", '"') for key, value in sites.items())
    lock, found = parse_lock('{"version": 1, "sites": {\n' + lines + "\n}}\n")
    assert found == ()
    return lock


def test_two_branches_took_one_block() -> None:
    """One finding for all the ports, at the line of the later party, with a note at the other."""
    ports = {"rollsite": 30101, "fateflowGrpc": 30102, "fateflowHttp": 30107}
    lock = locked(party_1=entry("bank", "fate-1", **ports), party_2=entry("bank", "fate-2", **ports))
    text = federation(clusters=[BANK], parties=["id: 1, cluster: bank", "id: 2, cluster: bank"])
    [(code, line, diagnostic)] = findings(text, lock)
    assert (code, line, diagnostic.place.document) == ("FED312", 3, "lock")
    assert diagnostic.message == (
        "federation.lock gives ports 30101, 30102, 30107 of cluster bank to party 2 and to party 1"
    )
    note = diagnostic.notes[0].place
    assert note is not None
    assert note.span is not None
    assert note.span.line == 2


def test_the_hint_of_a_lock_conflict_can_be_followed() -> None:
    """Deleting either line, comma left behind or not, gives that site new ports and keeps the other's."""
    ports = '"ports": {"rollsite": 30101}'
    lines = [f'"party-{n}": {{"cluster": "bank", "namespace": "n", "target": "kubefate", {ports}}}' for n in (1, 2)]
    text = federation(clusters=[BANK], parties=["id: 1, cluster: bank", "id: 2, cluster: bank"])
    for kept in ([lines[0] + ","], [lines[1]]):
        lock, found = parse_lock("\n".join(['{"version": 1, "sites": {', *kept, "}}"]))
        assert found == ()
        assert codes(text, lock) == []


def test_lock_names_one_port_twice_for_one_site() -> None:
    """That can only be a hand edit, and has a finding."""
    lock = locked(party_1=entry("bank", "fate-1", rollsite=30101, fateflowGrpc=30101))
    assert codes(federation(clusters=[BANK], parties=["id: 1, cluster: bank"]), lock) == ["FED312"]


def test_removed_site_and_live_site_hold_one_port() -> None:
    """A tombstone and a live site cannot share a port; the hint says how the tombstone goes."""
    lock = locked(party_1=entry("bank", "fate-1", rollsite=30101), party_2=entry("bank", "fate-2", rollsite=30101))
    [(code, _, diagnostic)] = findings(federation(clusters=[BANK], parties=["id: 2, cluster: bank"]), lock)
    assert code == "FED312"
    assert "--forget party-1" in diagnostic.hint


def test_pin_against_the_lock_is_not_a_lock_conflict() -> None:
    """A pin of a port that the lock gives to someone else is FED301 alone."""
    lock = locked(party_1=entry("bank", "fate-1", rollsite=30101))
    parties = ["id: 1, cluster: bank", "id: 2, cluster: bank, ports: {rollsite: 30101}"]
    assert codes(federation(clusters=[BANK], parties=parties), lock) == ["FED301"]


# ---------------------------------------------------------------- robustness


def test_nothing_is_said_about_what_others_report() -> None:
    """Unknown clusters, parties and releases, and duplicates, have no finding here."""
    text = federation(
        clusters=[BANK, BANK, SHOP],
        parties=[
            "id: 1, cluster: nowhere",
            "id: 2, cluster: bank, release: v9.9.9",
            "id: 3, cluster: shop",
            "id: 3, cluster: shop",
        ],
        topology="[{mesh: [1, 2, 77]}, {star: [3, 78]}, {links: [[1, 99]]}]",
        routes="\n  - {from: 5, to: nobody, address: 10.0.0.1}\n  - {from: 2, to: 1, port: 5}",
    )
    assert codes(text) == ["FED120"]


def test_duplicate_with_pins_is_one_finding() -> None:
    """Two parties with one id and one pin are one mistake."""
    parties = ["id: 3, cluster: bank, ports: {rollsite: 30091}"] * 2
    assert codes(federation(clusters=[BANK], parties=parties)) == ["FED120"]


@pytest.mark.slow
def test_cost_grows_with_the_sites() -> None:
    """Three thousand hidden sites of one mesh, on one cluster but for one, take no time: pairs are not enumerated."""
    parties = [f"id: {n}, cluster: bank, exposure: ClusterIP, fateflow: ClusterIP" for n in range(1, 3001)]
    text = federation(clusters=[BANK, SHOP], parties=[*parties, "id: 4000, cluster: shop"])
    found = findings(text)
    assert len(found) == 3000
    assert {code for code, _, _ in found} == {"FED306"}


# ---------------------------------------------------------------- several doors: Spark, FATE-Serving, a DMZ


def spark(*parties: str, clusters: list[str] | None = None, engine: str = "spark_pulsar", **more: str) -> str:
    """A federation of Spark parties, two where none are given."""
    below = more.pop("below", "")
    return federation(
        clusters=clusters or [BANK, SHOP],
        parties=list(parties) or TWO,
        defaults=f"{{engine: {engine}{below}}}",
        **more,
    )


@pytest.mark.parametrize(
    ("engine", "pins", "expected"),
    [
        ("spark_pulsar", "nginxHttp: 30093, nginxGrpc: 30098, pulsar: 30094, pulsarTls: 30099", []),
        ("spark_rabbitmq", "nginxHttp: 30093, nginxGrpc: 30098, rabbitmq: 30094", []),
        ("spark_rabbitmq", "fateflowHttp: 30097, fateflowGrpc: 30092", []),
        ("spark_rabbitmq", "pulsar: 30094", ["neither its kind nor its engine has that port"]),
        ("spark_pulsar", "rollsite: 30091", ["neither its kind nor its engine has that port"]),
        ("spark_pulsar", "servingProxy: 30096", ["it has no FATE-Serving"]),
        ("eggroll", "nginxHttp: 30093", ["neither its kind nor its engine has that port"]),
        ("eggroll", "proxy: 30091", ["in v1.11.2 the port that peers dial is called rollsite"]),
    ],
)
def test_pins_of_every_engine(engine: str, pins: str, expected: list[str]) -> None:
    """A pin belongs to a door that the engine has."""
    text = spark(f"id: 9999, cluster: bank, ports: {{{pins}}}", TWO[1], engine=engine)
    assert [message.partition(", and ")[2] for message in messages(text)] == expected


def test_nginx_of_one_port_is_pinned_once() -> None:
    """v1.5.0 has one nginx port, and its FATE-Flow is dialled past it."""
    pins = "nginxHttp: 30093, fateflowGrpc: 30092, fateflowHttp: 30097"
    text = spark(f"id: 9999, cluster: bank, ports: {{{pins}}}", TWO[1], engine="spark_rabbitmq", release="v1.5.0")
    assert messages(text) == []
    assert [text.partition(", and ")[2] for text in messages(text.replace("nginxHttp", "nginxGrpc"))] == [
        "nginx of v1.5.0 has one port"
    ]


def test_pins_of_serving() -> None:
    """A serving cluster has two ports, as far as it has the modules and shows them."""
    pins = "ports: {servingProxy: 30096, servingServer: 30095}"
    text = federation(clusters=[BANK, SHOP], parties=[f"id: 9999, cluster: bank, serving: {{}}, {pins}", TWO[1]])
    assert messages(text) == []
    hidden = messages(text.replace("serving: {}", "serving: {exposure: ClusterIP}"))
    assert [message.partition(", and ")[2] for message in hidden] == ["it is exposed inside cluster bank only"] * 2


def test_one_address_for_two_clusters_is_one_finding() -> None:
    """However many doors they have; different pins for each make them different."""
    bank, shop = "name: bank, address: 192.168.9.1", "name: shop, address: 192.168.9.1"
    text = spark(clusters=[bank, shop])
    assert codes(text) == ["FED307"]
    pins = "nginxHttp: 30103, nginxGrpc: 30108, pulsar: 30104"
    assert codes(spark(TWO[0], f"{TWO[1]}, ports: {{{pins}}}", clusters=[bank, shop])) == []
    partly = "nginxHttp: 30103, nginxGrpc: 30108, pulsar: 30094"
    assert codes(spark(TWO[0], f"{TWO[1]}, ports: {{{partly}}}", clusters=[bank, shop])) == ["FED307"]


BALANCED = "exposure: {type: LoadBalancer, address: 10.0.0.7, addresses: {pulsar: 10.0.0.8}}"


def test_load_balancers_of_components_are_told_apart() -> None:
    """One address may be behind several components of a party, but not behind those of two."""
    assert codes(spark(f"id: 9999, cluster: bank, {BALANCED}", TWO[1])) == []
    other = "exposure: {type: LoadBalancer, address: 10.0.0.9, addresses: {pulsar: 10.0.0.8}}"
    text = spark(f"id: 9999, cluster: bank, {BALANCED}", f"id: 10000, cluster: shop, {other}")
    assert messages(text) == ["the load balancer of party 10000 is dialled at 10.0.0.8:6650, as party 9999 is"]
    finding = findings(text)[0][2]
    assert finding.place.path == ("parties", 1, "exposure", "addresses", "pulsar")


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("address: 10.8.0.1", []),
        ("address: 10.8.0.1, ports: {nginxHttp: 1, nginxGrpc: 2, pulsar: 3}", []),
        ("ports: {pulsar: 31000}", []),
        ("port: 30091", ["`port` is that of rollsite, osx or proxy, and party 9999 dials"]),
        ("ports: {rabbitmq: 30104}", ["party 9999 dials nginxHttp and nginxGrpc and pulsar of party 10000, and not"]),
        ("ports: {fateflowHttp: 30107}", ["party 9999 dials nginxHttp and nginxGrpc and pulsar of party 10000, and"]),
        (
            "ports: {nginxHttp: 31000, nginxGrpc: 31000}",
            ["this route of party 9999 gives both nginxHttp and nginxGrpc"],
        ),
        ("address: 192.168.9.1, ports: {pulsar: 30094}", ["this route of party 9999 to party 10000 ends at port"]),
        ("ports: {pulsar: 30103}", ["this route of party 9999 to party 10000 ends at port nginxHttp of party 10000"]),
    ],
)
def test_routes_name_the_doors_that_are_dialled(route: str, expected: list[str]) -> None:
    """`port` is for routers, `ports` for everything else, and each leads to one door."""
    text = spark(
        TWO[0], f"{TWO[1]}, ports: {{nginxHttp: 30103, nginxGrpc: 30108, pulsar: 30104}}",
        routes=f"[{{from: 9999, to: 10000, {route}}}]",
    )  # fmt: skip
    found = messages(text)
    assert len(found) == len(expected)
    assert all(message.startswith(start) for message, start in zip(found, expected, strict=True))


def test_serving_proxies_hidden_from_each_other() -> None:
    """Parties that serve together on different clusters must reach each other's proxy."""
    serving = "serving: {exposure: ClusterIP}"
    text = federation(clusters=[BANK, SHOP], parties=[f"{TWO[0]}, {serving}", f"{TWO[1]}, serving: {{}}"])
    assert messages(text) == [
        "the serving proxy of party 9999 is exposed inside cluster bank only, and dialled from elsewhere by party 10000"
    ]
    assert findings(text)[0][2].place.path == ("parties", 0, "serving", "exposure")
    alone = federation(clusters=[BANK, SHOP], parties=[f"{TWO[0]}, {serving}", TWO[1]])
    assert codes(alone) == []


def test_a_hidden_party_is_told_once_for_both_of_its_clusters() -> None:
    """The serving proxy inherits the exposure of training."""
    text = federation(
        clusters=[BANK, SHOP], parties=[f"{TWO[0]}, exposure: ClusterIP", TWO[1]], defaults="{serving: {}}"
    )
    assert codes(text) == ["FED306"]


@pytest.mark.parametrize(
    ("party", "start"),
    [
        ("exposure: {type: LoadBalancer, address: 10.0.0.7, addresses: {nginx: 127.0.0.1}}", "the address of nginx's"),
        ("serving: {redis: {host: 'redis:6379', password: 'env:A'}}", "the Redis host of party 9999,"),
        ("serving: {redis: {host: 0.0.0.0, password: 'env:A'}}", "the Redis host of party 9999,"),
        (
            "serving: {exposure: {type: LoadBalancer, address: localhost}}",
            "the address of the serving proxy's load balancer of party 9999,",
        ),
    ],
)
def test_addresses_of_every_kind_are_judged(party: str, start: str) -> None:
    """Each is named for what it is."""
    found = messages(spark(f"{TWO[0]}, {party}", TWO[1]))
    assert len(found) == 1
    assert start in found[0]


def test_addresses_of_the_1_2_generation_are_judged() -> None:
    """The proxy in a DMZ and the NFS server are addresses too."""
    parties = [f"{TWO[0]}, dmz: {{address: 127.0.0.1}}, nfs: {{server: 'a:1', path: /data}}", TWO[1]]
    found = messages(federation(clusters=[BANK, SHOP], parties=parties, release="v1.2.0"))
    assert sorted(text.partition(", ")[2].partition(",")[0] for text in found) == [
        "the NFS server of party 9999",
        "the address of the DMZ host of party 9999",
    ]


def test_interfaces_of_all_kinds_share_one_controller() -> None:
    """Spark's and the serving proxy's hosts are told apart as FATEBoard's are."""
    hosts = "ingress: {spark: {hosts: [a.example.com]}, pulsar: {hosts: [a.example.com]}}"
    text = spark(f"{TWO[0]}, {hosts}", TWO[1])
    assert messages(text) == [
        "Pulsar of party 9999 has the host a.example.com, which Spark of party 9999 has on cluster bank"
    ]
    serving = "serving: {ingress: {servingProxy: {hosts: [board.example.com]}}}"
    board = "ingress: {fateboard: {hosts: [board.example.com]}}"
    found = findings(federation(clusters=[BANK, SHOP], parties=[f"{TWO[0]}, {board}, {serving}", TWO[1]]))
    assert len(found) == 1
    start = "the serving proxy of party 9999 has the host board.example.com, which FATEBoard of party 9999 has"
    assert found[0][2].message.startswith(start)
    assert found[0][2].place.path == ("parties", 0, "serving", "ingress", "servingProxy", "hosts", 0)


def test_serving_clusters_have_namespaces_and_names() -> None:
    """Two of them need two namespaces; beside training one needs another name."""
    one = ["id: 9999, cluster: bank", "id: 10000, cluster: bank"]
    shared = federation(clusters=[BANK], parties=one, defaults="{serving: {namespace: serving}}")
    assert messages(shared) == [
        "FATE-Serving of party 10000 is in namespace serving of cluster bank, where FATE-Serving of party 9999 is"
    ]
    beside = federation(clusters=[BANK], parties=[f"{one[0]}, serving: {{namespace: fate-9999}}", one[1]])
    assert codes(beside) == []
    same = federation(
        clusters=[BANK], parties=[f"{one[0]}, serving: {{name: fate-9999, namespace: fate-9999}}", one[1]]
    )
    assert messages(same) == ["FATE-Serving of party 9999 has the name fate-9999 of party 9999 in namespace fate-9999"]
