"""The table of invariants is whole and true, and what it says of rendered files of Spark and serving holds.

What it says of the files of eggroll is held by tests/matrix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from planner.catalogue import FAULTS
from planner.diagnostics import Severity
from planner.invariants import INVARIANTS, Invariant
from planner.probes import BY_ID, PROBES
from planner.releases import RELEASE_NAMES, load
from tests.quick_yaml import loaded

ROOT = Path(__file__).resolve().parents[2]
BASES = ROOT / "tests" / "faults" / "bases"
CODES = {module.FAULT.code: module for module in FAULTS}
Plan = Callable[..., Any]
Tables = Mapping[str, Mapping[str, Any]]


def restated() -> list[str]:
    """The ids of the reference, as tests/facts restates them."""
    lines = (ROOT / "tests" / "facts" / "invariants.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_every_invariant_is_there() -> None:
    """All 94, and the further facts, in the order of the reference."""
    assert [invariant.id for invariant in INVARIANTS] == restated()
    assert sum(invariant.id.startswith("INV-") for invariant in INVARIANTS) == 94


@pytest.mark.parametrize("invariant", INVARIANTS, ids=[invariant.id for invariant in INVARIANTS])
def test_an_invariant_is_upheld_where_it_says(invariant: Invariant) -> None:
    """Codes exist, code that makes it impossible exists, tests exist, probes are asked, and reasons are sentences."""
    assert invariant.upheld
    for how, where in invariant.upheld:
        if how in {"check", "proof", "import"}:
            assert where in CODES
        elif how in {"construction", "listed"}:
            name, _, attribute = where.partition(":")
            value: Any = import_module(name)
            for part in attribute.split("."):
                value = getattr(value, part)
        elif how == "test":
            path, _, name = where.partition("::")
            assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE), where
        elif how == "probe":
            assert where in BY_ID
        else:
            assert how == "unplanned"
            assert len(where.split()) > 3


def test_every_probe_names_a_check() -> None:
    """Its code exists, and is an error: a sentence that is false is one."""
    for sort in PROBES:
        assert sort.code in CODES
        assert CODES[sort.code].FAULT.severity is Severity.ERROR


def test_only_docker_is_not_planned() -> None:
    """Everything else is upheld in some way, or known live."""
    only = [each.id for each in INVARIANTS if {how for how, _ in each.upheld} == {"unplanned"}]
    assert only == ["INV-DOC-2"]


def rendered(plan_of: Plan, base: str, *changes: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """The files of a valid federation as data, by `site/file`."""
    text = (BASES / f"{base}.yaml").read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    files = plan_of(text).files()
    return {
        f"{site}/{name}": loaded(each)
        for site, found in files.items()
        for name, each in found.items()
        if name in {"cluster.yaml", "serving.yaml"}
    }


SPARK = ("spark_pulsar", "spark_rabbitmq", "spark_local", "pulsar_star", "pulsar_stars", "pulsar_v1_6")


def items(files: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Every item of every table of nginx: file, party it is for, item."""
    for name, spec in files.items():
        for party, services in spec.get("nginx", {}).get("route_table", {}).items():
            for item in services["fateflow"]:
                yield name, party, item


@pytest.mark.parametrize("base", SPARK)
def test_every_entry_names_fateflow(plan_of: Plan, base: str) -> None:
    """Without that key nginx fails on the request (INV-NGX-5)."""
    tables = [spec["nginx"].get("route_table", {}) for spec in rendered(plan_of, base).values()]
    assert all(services["fateflow"] for table in tables for services in table.values())
    assert any(tables)


EVERY = sorted(path.stem for path in BASES.glob("*.yaml"))


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a file, with the keys above it."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value, path)
    else:
        yield path, tree


@pytest.mark.parametrize("base", EVERY)
def test_ports_are_integers(plan_of: Plan, base: str) -> None:
    """What a component reads as a port is a number in every file of every family (INV-PORT-7)."""
    found = [leaf for spec in rendered(plan_of, base).values() for leaf in leaves(spec) if "ort" in leaf[0][-1]]
    ports = [(path, value) for path, value in found if path[-1].lower().replace("_", "").endswith("port")]

    assert all(type(value) is int for _, value in ports), ports


@pytest.mark.parametrize("base", EVERY)
def test_engine_keys_are_written(plan_of: Plan, base: str) -> None:
    """From v1.9.0 on a key that is left out becomes null, and the templates compare text (INV-VER-7)."""
    for spec in rendered(plan_of, base).values():
        release = load(str(spec.get("chartVersion")))
        if release is None or spec.get("chartName") != "fate" or not release.algorithms:
            continue
        keys = ("computing", "federation", "storage", "algorithm", "device")
        assert all(isinstance(spec[key], str) for key in keys)


def test_nginx_tables_name_the_peers_nginx(plan_of: Plan) -> None:
    """In relay style the item is the peer's nginx, at its cluster's address (INV-NGX-1)."""
    files = rendered(plan_of, "spark_pulsar")
    peer = files["party-10000/cluster.yaml"]["nginx"]
    table = files["party-9999/cluster.yaml"]["nginx"]["route_table"]
    item = {"host": "192.168.10.1", "http_port": peer["httpNodePort"], "grpc_port": peer["grpcNodePort"]}
    assert table == {10000: {"fateflow": [item]}}


@pytest.mark.parametrize("base", SPARK)
def test_both_ports_of_an_item_are_of_one_component(plan_of: Plan, base: str) -> None:
    """Both are nginx's or both are FATE-Flow's, as a NodePort or behind a load balancer (INV-NGX-2)."""
    files = rendered(plan_of, base)
    pairs = {(9300, 9310), (9380, 9360)}
    for spec in files.values():
        for block in ("nginx", "python"):
            found = spec.get(block, {})
            pairs.add((found.get("httpNodePort"), found.get("grpcNodePort")))
    assert all((item["http_port"], item["grpc_port"]) in pairs for _, _, item in items(files))


def test_tables_of_v1_5_0_name_one_port(plan_of: Plan) -> None:
    """It is FATE-Flow's gRPC port, for nginx dials FATE-Flow there (INV-NGX-3)."""
    files = rendered(plan_of, "spark_v1_5")
    found = {(name, party): item for name, party, item in items(files)}
    port = files["party-10000/cluster.yaml"]["python"]["grpcNodePort"]
    assert found["party-9999/cluster.yaml", 10000] == {"host": "192.168.10.1", "port": port}


@pytest.mark.parametrize("base", SPARK)
def test_a_dialled_nginx_has_the_ports_that_peers_name(plan_of: Plan, base: str) -> None:
    """The keys are those that the chart reads, beside a type (INV-NGX-4)."""
    for spec in rendered(plan_of, base).values():
        nginx = spec["nginx"]
        assert nginx["type"] in {"NodePort", "LoadBalancer"}
        assert nginx["type"] != "NodePort" or {"httpNodePort", "grpcNodePort"} <= nginx.keys()
        assert not {"http_port", "grpc_port"} & nginx.keys()


@pytest.mark.parametrize("base", ["spark_pulsar", "spark_rabbitmq", "spark_local", "storage"])
def test_the_charts_example_of_an_exchange_never_goes_live(plan_of: Plan, base: str) -> None:
    """A party without an exchange says so, else unknown parties' messages go to 192.168.10.1 (INV-NGX-6)."""
    for spec in rendered(plan_of, base).values():
        assert spec["nginx"]["exchange"]["ip"] not in {"192.168.10.1", None}


def test_parties_and_exchange_name_each_other(plan_of: Plan) -> None:
    """Control and data, each at the address where the other listens (INV-NGX-7, INV-PUL-3)."""
    files = rendered(plan_of, "pulsar_star")
    exchange, party = files["exchange-hub/cluster.yaml"], files["party-9999/cluster.yaml"]
    ports = exchange["nginx"]["httpNodePort"], exchange["nginx"]["grpcNodePort"]
    assert party["nginx"]["exchange"] == {"ip": "192.168.0.1", "httpPort": ports[0], "grpcPort": ports[1]}
    assert party["pulsar"]["exchange"] == {
        "ip": "192.168.0.1",
        "port": exchange["trafficServer"]["nodePort"],
        "domain": "fate.example.com",
    }
    assert exchange["nginx"]["route_table"].keys() == {9999, 10000}


def test_the_exchange_has_one_name_of_every_party(plan_of: Plan) -> None:
    """The name is the id in the domain, and leads to the party's TLS port (INV-PUL-4)."""
    files = rendered(plan_of, "pulsar_star")
    port = files["party-9999/cluster.yaml"]["pulsar"]["httpsNodePort"]
    assert files["exchange-hub/cluster.yaml"]["trafficServer"]["route_table"]["sni"] == [
        {"fqdn": "9999.fate.example.com", "tunnelRoute": f"192.168.9.1:{port}"},
        {"fqdn": "10000.fate.example.com", "tunnelRoute": "10.0.0.7:6651"},
    ]


def test_a_second_load_balancer_is_what_the_exchange_dials(plan_of: Plan) -> None:
    """`publicLB` has the TLS port alone (INV-PUL-11)."""
    files = rendered(
        plan_of, "pulsar_star", ("address: 10.0.0.7}", "address: 10.0.0.7, addresses: {pulsarTls: 10.0.0.9}}")
    )
    assert files["party-10000/cluster.yaml"]["pulsar"]["publicLB"] == {"enabled": True}
    rows = files["exchange-hub/cluster.yaml"]["trafficServer"]["route_table"]["sni"]
    assert rows[1]["tunnelRoute"] == "10.0.0.9:6651"


BROKERS = [("spark_pulsar", "pulsar"), ("spark_rabbitmq", "rabbitmq"), ("storage", "pulsar")]


@pytest.mark.parametrize(("base", "broker"), BROKERS)
def test_keys_of_broker_tables_are_integers(plan_of: Plan, base: str, broker: str) -> None:
    """FATE 1.x looks for a number and not for a text (INV-ID-5)."""
    for spec in rendered(plan_of, base).values():
        assert all(type(key) is int for key in spec[broker]["route_table"])


@pytest.mark.parametrize(("base", "broker"), BROKERS)
def test_broker_tables_hold_the_own_entry(plan_of: Plan, base: str, broker: str) -> None:
    """A table that is given has to hold it from v1.6.1 on (INV-RMQ-2, INV-PUL-2)."""
    own = {"rabbitmq": {"host": "rabbitmq", "port": 5672}, "pulsar": {"host": "pulsar", "port": 6650, "sslPort": 6651}}
    for spec in rendered(plan_of, base).values():
        assert spec[broker]["route_table"][spec["partyId"]] == own[broker]


def test_broker_tables_name_the_peers_broker(plan_of: Plan) -> None:
    """At its NodePorts or its load balancer (INV-RMQ-1, INV-PUL-1)."""
    files = rendered(plan_of, "spark_pulsar")
    peer = files["party-10000/cluster.yaml"]["pulsar"]
    entry = {"host": "192.168.10.1", "port": peer["httpNodePort"], "sslPort": peer["httpsNodePort"], "proxy": ""}
    assert files["party-9999/cluster.yaml"]["pulsar"]["route_table"][10000] == entry
    files = rendered(plan_of, "spark_rabbitmq")
    table = files["party-10000/cluster.yaml"]["rabbitmq"]["route_table"]
    port = files["party-9999/cluster.yaml"]["rabbitmq"]["nodePort"]
    assert table[9999] == {"host": "192.168.9.1", "port": port}
    assert table[10001] == {"host": "10.0.0.8", "port": 5672}


def test_serving_proxies_name_each_other(plan_of: Plan) -> None:
    """Each at the other's NodePort for 8869 (INV-SRV-1)."""
    files = rendered(plan_of, "serving")
    port = files["party-10000/serving.yaml"]["servingProxy"]["nodePort"]
    row = {"partyId": 10000, "partyIp": "192.168.10.1", "partyPort": port}
    assert files["party-9999/serving.yaml"]["servingProxy"]["partyList"] == [row]


def test_training_and_serving_name_each_other(plan_of: Plan) -> None:
    """Each names the own other half, and no peer's (INV-SRV-2, INV-SRV-3)."""
    files = rendered(plan_of, "serving")
    training, serving = files["party-9999/cluster.yaml"], files["party-9999/serving.yaml"]
    assert (training["servingIp"], training["servingPort"]) == ("192.168.9.1", serving["servingServer"]["nodePort"])
    flow = serving["servingServer"]["fateflow"]
    assert flow == {"ip": "192.168.9.1", "port": training["python"]["httpNodePort"]}


def test_the_serving_cluster_has_the_id_of_its_party(plan_of: Plan) -> None:
    """There is no word to give it another (INV-SRV-4)."""
    files = rendered(plan_of, "serving")
    for site in ("party-9999", "party-10000"):
        assert files[f"{site}/serving.yaml"]["partyId"] == files[f"{site}/cluster.yaml"]["partyId"]


def test_the_registry_is_the_own_one(plan_of: Plan) -> None:
    """ZooKeeper in the own serving namespace, not in the chart's example (INV-SRV-6)."""
    registry = rendered(plan_of, "serving")["party-10000/cluster.yaml"]["serving"]
    assert registry["useRegistry"] is True
    assert registry["zookeeper"]["hosts"] == ["serving-zookeeper.scoring:2181"]


@pytest.mark.parametrize("base", ["serving", "serving_star"])
def test_a_new_serving_cluster_has_zookeeper(plan_of: Plan, base: str) -> None:
    """Proxy and server look for it whatever is written (INV-SRV-5); an exchange's proxy does, too."""
    found = [spec for spec in rendered(plan_of, base).values() if spec.get("chartName") == "fate-serving"]
    assert found
    assert all("servingZookeeper" in spec["modules"] for spec in found)


@pytest.mark.parametrize("base", ["serving", "serving_star"])
def test_the_type_of_the_serving_proxy_is_written(plan_of: Plan, base: str) -> None:
    """The chart has no default for it from v2.0.4 on (INV-SRV-8)."""
    found = [spec for spec in rendered(plan_of, base).values() if spec.get("chartName") == "fate-serving"]
    assert all(spec["servingProxy"]["type"] == "NodePort" for spec in found)


def test_logins_are_text(plan_of: Plan) -> None:
    """Also where apply puts in a password of digits, because its place is in quotes (INV-DB-2)."""
    planned = plan_of((BASES / "storage.yaml").read_text())
    for files in planned.files().values():
        for line in files["cluster.yaml"].splitlines():
            if re.search(r"(?i)password:|user:", line) and "${secret" in line:
                assert re.search(r': "\$\{secret:[^"]+\}"$', line), line


@pytest.mark.parametrize("name", [name for name in RELEASE_NAMES if load(name).engine("spark_rabbitmq")])  # type: ignore[union-attr]
def test_nginx_restarts_when_an_entry_goes(name: str) -> None:
    """It keeps in memory what left its table (components.md, fact 3); before v1.6.1 it reads it at start only."""
    release = load(name)
    assert release is not None
    (change,) = [change for change in release.changes if any("nginx.route_table" in key for key in change.keys)]
    assert any("nginx" in each for each in (*change.restart, *change.restart_removed))


@pytest.mark.parametrize("name", [name for name in RELEASE_NAMES if load(name).engine("spark_pulsar")])  # type: ignore[union-attr]
def test_a_moved_peer_is_told_to_pulsar(name: str) -> None:
    """Pulsar keeps the first address of a peer (components.md, fact 10)."""
    release = load(name)
    assert release is not None
    (change,) = [change for change in release.changes if any("pulsar.route_table" in key for key in change.keys)]
    assert change.command is not None
    assert "{party}" in change.command
