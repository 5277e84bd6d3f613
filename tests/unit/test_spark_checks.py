"""Checks of the Spark families: what is found, what is left alone, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from planner.checks import nginx_table_full
from planner.diagnostics import Diagnostic
from planner.pipeline import check


def federation(
    *,
    engine: str = "spark_pulsar",
    release: str = "v1.11.2",
    topology: str = "mesh",
    parties: Sequence[str] = ("id: 9999, cluster: bank", "id: 10000, cluster: shop"),
    exchanges: Sequence[str] = (),
    shop: str = "192.168.10.1",
    more: str = "",
) -> str:
    """A federation of Spark parties."""
    lines = [
        "version: 1",
        "name: demo",
        f"release: {release}",
        f"topology: {topology}",
        "clusters:",
        "  - {name: bank, address: 192.168.9.1}",
        f"  - {{name: shop, address: {shop}}}",
        *(["exchanges:"] if exchanges else []),
        *(f"  - {{{each}}}" for each in exchanges),
        "parties:",
        *(f"  - {{{each}}}" for each in parties),
        *([more] if more else []),
        "defaults:",
        f"  engine: {engine}",
        '  credentials: {mysql: "env:A"}',
    ]
    return "\n".join(lines) + "\n"


def found(text: str, code: str) -> list[Diagnostic]:
    """The findings of one code."""
    return [each for each in check(text.encode()).diagnostics if each.fault.code == code]


@pytest.mark.parametrize("address", ["shop.example.com", '"2001:db8::10"', '"::ffff:10.0.0.1"'])
@pytest.mark.parametrize("engine", ["spark_pulsar", "spark_rabbitmq", "spark_local_pulsar"])
def test_nginx_takes_ipv4_only(address: str, engine: str) -> None:
    """Whatever the broker takes, every Spark family has nginx."""
    (finding,) = found(federation(shop=address, engine=engine), "FED223")
    assert finding.place.path == ("clusters", 1, "address")
    assert "party 9999" in finding.message
    assert "party 10000" in finding.message


def test_a_name_is_fine_where_nothing_of_nginx_dials() -> None:
    """Eggroll's routers look names up, and so does whoever dials a load balancer of RabbitMQ alone."""
    assert found(federation(engine="eggroll", shop="shop.example.com"), "FED223") == []
    exposure = "{type: LoadBalancer, address: 10.0.0.7, addresses: {rabbitmq: mq.example.com}}"
    balanced = f"id: 10000, cluster: shop, exposure: {exposure}"
    text = federation(engine="spark_rabbitmq", parties=("id: 9999, cluster: bank", balanced))
    assert found(text, "FED223") == []


def test_a_name_is_fine_where_every_dialler_has_an_address_of_its_own() -> None:
    """Routes give the addresses, and the cluster's own is dialled by nobody."""
    routes = "routes:\n  - {from: 9999, to: 10000, address: 10.8.0.2}"
    assert found(federation(shop="shop.example.com", more=routes), "FED223") == []


def test_a_cluster_is_told_once() -> None:
    """Many parties on one cluster have one address."""
    parties = [f"id: {9000 + number}, cluster: shop" for number in range(6)]
    assert len(found(federation(shop="shop.example.com", parties=parties), "FED223")) == 1


@pytest.mark.parametrize(("count", "expected"), [(499, 0), (500, 1)])
def test_nginx_keeps_500_entries(count: int, expected: int) -> None:
    """Two of them are the default and the own one; a mesh of n parties has n - 1 routes each."""
    parties = [f"id: {number + 1}, cluster: bank" for number in range(count)]
    findings = found(federation(parties=parties, engine="spark_rabbitmq", shop="192.168.10.1"), "FED224")
    assert len(findings) == expected
    assert nginx_table_full.KEPT == 500


def test_many_parties_in_small_shapes_are_fine() -> None:
    """What counts is the routes of one nginx."""
    parties = [f"id: {number + 1}, cluster: bank" for number in range(600)]
    halves = [list(range(1, 301)), list(range(301, 601))]
    topology = "\n" + "\n".join(f"  - mesh: {half}" for half in halves)
    assert found(federation(parties=parties, topology=topology, engine="spark_rabbitmq"), "FED224") == []


def test_three_parties_over_pulsar_collide_once() -> None:
    """One warning, and none for pairs or for RabbitMQ."""
    parties = ("id: 1, cluster: bank", "id: 2, cluster: bank", "id: 3, cluster: shop")
    (finding,) = found(federation(parties=parties), "FED228")
    assert "pulsar.repl.1" in finding.hint
    assert found(federation(parties=parties[:2]), "FED228") == []
    assert found(federation(parties=parties, engine="spark_rabbitmq"), "FED228") == []
    mixed = (*parties[:2], "id: 3, cluster: shop, engine: spark_rabbitmq")
    assert found(federation(parties=mixed), "FED228") == []


@pytest.mark.parametrize(
    ("port", "refused"),
    [(30000, False), (33000, False), (33001, True), (29999, True), (6650, False), (6701, True), (443, False)],
)
def test_ports_of_tunnels(port: int, refused: bool) -> None:
    """443, 6650 to 6700 and 30000 to 33000, ends included (INV-PUL-7)."""
    routes = f"routes:\n  - {{from: hub, to: 10000, address: 10.8.0.2, ports: {{pulsarTls: {port}}}}}"
    text = federation(topology="star", exchanges=("name: hub, cluster: bank",), more=routes)
    assert bool(found(text, "FED319")) is refused


def test_the_default_tenant_counts() -> None:
    """A party that writes FATE's own tenant agrees with one that writes none."""
    tenant = "id: 10000, cluster: shop, pulsar: {tenant: %s}"
    assert found(federation(parties=("id: 9999, cluster: bank", tenant % "fl-tenant")), "FED417") == []
    (finding,) = found(federation(parties=("id: 9999, cluster: bank", tenant % "retail")), "FED417")
    assert "fl-tenant" in finding.message
    assert "retail" in finding.message


def test_tenants_of_strangers_may_differ() -> None:
    """Parties that never talk need not agree."""
    parties = [
        "id: 1, cluster: bank",
        "id: 2, cluster: bank",
        "id: 3, cluster: shop, pulsar: {tenant: a}",
        "id: 4, cluster: shop, pulsar: {tenant: a}",
    ]
    topology = "\n  - mesh: [1, 2]\n  - mesh: [3, 4]"
    assert found(federation(parties=parties, topology=topology), "FED417") == []


def test_a_word_under_defaults_is_idle_only_if_nobody_can_use_it() -> None:
    """One party with nginx is enough."""
    text = federation(parties=("id: 9999, cluster: bank", "id: 10000, cluster: shop, engine: eggroll"))
    text = text.replace("topology: mesh\n", "topology:\n  - mesh: [9999]\n  - mesh: [10000]\n") + "  nginx: direct\n"
    assert found(text, "FED418") == []
    assert len(found(text.replace("engine: spark_pulsar", "engine: eggroll"), "FED418")) == 1


def test_v1_5_0_may_stand_beside_strangers() -> None:
    """Only parties that must talk need nginx of one kind."""
    parties = [
        "id: 1, cluster: bank, release: v1.5.0",
        "id: 2, cluster: bank, release: v1.5.0",
        "id: 3, cluster: shop",
        "id: 4, cluster: shop",
    ]
    apart = "\n  - mesh: [1, 2]\n  - mesh: [3, 4]"
    text = federation(parties=parties, topology=apart, engine="spark_rabbitmq", release="v1.5.3")
    assert found(text, "FED419") == []
    together = federation(parties=parties, engine="spark_rabbitmq", release="v1.5.3")
    assert len(found(together, "FED419")) == 2


def test_a_plain_peer_in_a_mesh_is_told_once() -> None:
    """The pair is named, and forbidden pairs are left out."""
    parties = ("id: 1, cluster: bank", "id: 2, cluster: bank", "id: 3, cluster: shop")
    topology = "\n  - {star: [1, 2], through: hub}\n  - mesh: [2, 3]"
    text = federation(parties=parties, topology=topology, exchanges=("name: hub, cluster: bank",))
    (finding,) = found(text, "FED226")
    assert "party 2" in finding.message
    assert "party 3" in finding.message
    barred = text.replace("clusters:", "never: [[2, 3]]\nclusters:")
    assert found(barred, "FED226") == []


def test_domains_of_separate_stars_may_differ() -> None:
    """Only exchanges that forward to each other look the same names up."""
    parties = ("id: 1, cluster: bank", "id: 2, cluster: bank", "id: 3, cluster: shop", "id: 4, cluster: shop")
    exchanges = ("name: a, cluster: bank", "name: b, cluster: shop, domain: b.example.com")
    apart = "\n  - {star: [1, 2], through: a}\n  - {star: [3, 4], through: b}"
    assert found(federation(parties=parties, exchanges=exchanges, topology=apart), "FED227") == []
    joined = "\n  - star: {a: [1, 2], b: [3, 4]}"
    assert len(found(federation(parties=parties, exchanges=exchanges, topology=joined), "FED227")) == 1


@pytest.mark.parametrize(
    ("release", "expected"), [("v1.6.0", 1), ("v1.6.0-a", 0), ("v1.6.1", 0), ("v1.11.2", 0), ("v2.0.0", 0)]
)
def test_control_passes_a_pulsar_exchange(release: str, expected: int) -> None:
    """Since v1.6.0-a (INV-PUL-10)."""
    text = federation(release=release, topology="star", exchanges=("name: hub, cluster: bank",))
    assert len(found(text, "FED623")) == expected


def test_upstream_of_eggroll_stays() -> None:
    """Only kinds without a default route are refused."""
    exchanges = ("name: hub, cluster: bank, upstream: top", "name: top, cluster: shop")
    text = federation(engine="eggroll", topology="\n  - star: {hub: [9999], top: [10000]}", exchanges=exchanges)
    assert found(text, "FED624") == []


@pytest.mark.parametrize("engine", ["spark_pulsar", "spark_rabbitmq"])
@pytest.mark.parametrize(("release", "expected"), [("v1.11.2", 0), ("v2.0.0", 1)])
def test_routes_that_nobody_reads_are_told_once(engine: str, release: str, expected: int) -> None:
    """Only FATE-Flow 2.0.0 looks elsewhere (components.md, fact 12)."""
    assert len(found(federation(engine=engine, release=release), "FED620")) == expected
