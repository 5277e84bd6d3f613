"""What is written for KubeFATE: every family of its cluster.yaml, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from planner.pipeline import check
from planner.releases import RELEASE_NAMES, SERVING_NAMES, load, load_serving
from renderers.kubefate import CLUSTER_FILE, SERVING_FILE, render
from tests.quick_yaml import loaded

FEDERATION = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
  - {{name: lab, address: 192.168.11.1}}
  - {{name: hub, address: 192.168.1.1}}
{top}
parties:
  - {{id: 9999, cluster: bank{party}}}
  - {{id: 10000, cluster: shop}}
defaults:
  engine: {engine}
"""
HUB = "exchanges: [{name: hub, id: 1, cluster: hub}]"
KUBEFATE = [name for name in RELEASE_NAMES if (release := load(name)) and release.generation != "script"]
ENGINES = [(name, engine.name) for name in KUBEFATE for engine in load(name).engines]  # type: ignore[union-attr]

Files = Mapping[tuple[str, str], dict[str, Any]]


def rendered(text: str) -> Mapping[tuple[str, str], str]:
    """The files of every site of a federation that has no mistake, by site and name."""
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics if diagnostic.is_error]
    return {
        (planned.key, name): text
        for planned in checked.plan.sites
        for name, text in render(checked.plan, planned).items()
    }


def written(
    release: str, engine: str = "eggroll", *, topology: str = "mesh", top: str = "", party: str = "", more: str = ""
) -> Files:
    """The data of the files of a small federation; `more` is appended to it, below its defaults."""
    text = FEDERATION.format(release=release, engine=engine, topology=topology, top=top, party=party) + more
    return {key: loaded(value) for key, value in rendered(text).items()}


def cluster(files: Files, site: str = "party-9999") -> dict[str, Any]:
    """The cluster.yaml of a site."""
    return files[site, CLUSTER_FILE]


def serving(files: Files, site: str = "party-9999") -> dict[str, Any]:
    """The serving.yaml of a party."""
    return files[site, SERVING_FILE]


def paths(value: object, path: str = "") -> Iterator[str]:
    """The key paths of a document, as release data names them."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for item in value:
            yield from paths(item, f"{path}[*]")
    else:
        yield path


# --- every release and engine ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "engine"), ENGINES)
def test_every_key_is_read_by_the_chart(name: str, engine: str) -> None:
    """A key that no template reads, or that none renders, would be lost without a word."""
    release = load(name)
    assert release is not None
    for path in paths(cluster(written(name, engine))):
        assert path in release.kubefate.keys or release.reads("fate", path), path
        assert not release.is_dead("fate", path), path


@pytest.mark.parametrize(("name", "engine"), ENGINES)
def test_modules_and_selector_are_those_of_the_engine(name: str, engine: str) -> None:
    """Before v1.7.0 the modules tell the brokers apart, then `backend`, then three engines."""
    release = load(name)
    chosen = None if release is None else release.engine(engine)
    assert chosen is not None
    data = cluster(written(name, engine))
    assert data["modules"] == list(chosen.modules)
    assert {key: data[key] for key in dict(chosen.selector)} == dict(chosen.selector)


# --- nginx ----------------------------------------------------------------------------------------------------------


def test_nginx_relays_to_the_peers_nginx() -> None:
    """Relay style: both ports of the item are those of the peer's nginx (INV-NGX-1, INV-NGX-2)."""
    files = written("v1.11.2", "spark_rabbitmq")
    nginx, peer = cluster(files)["nginx"], cluster(files, "party-10000")["nginx"]
    assert nginx["type"] == "NodePort"
    item = {"host": "192.168.10.1", "http_port": peer["httpNodePort"], "grpc_port": peer["grpcNodePort"]}
    assert nginx["route_table"] == {10000: {"fateflow": [item]}}


def test_nginx_dials_fateflow_in_direct_style() -> None:
    """What `nginx: direct` of a party asks for is in the tables of its peers, and its FATE-Flow is exposed."""
    files = written("v1.11.2", "spark_rabbitmq", party=", nginx: direct")
    python = cluster(files)["python"]
    assert python["type"] == "NodePort"
    item = {"host": "192.168.9.1", "http_port": python["httpNodePort"], "grpc_port": python["grpcNodePort"]}
    assert cluster(files, "party-10000")["nginx"]["route_table"] == {9999: {"fateflow": [item]}}


def test_nginx_of_150_has_one_port() -> None:
    """v1.5.0: `port` is that of the peer's FATE-Flow, by gRPC, and nginx has one NodePort (INV-NGX-3)."""
    files = written("v1.5.0", "spark_rabbitmq")
    nginx, peer = cluster(files)["nginx"], cluster(files, "party-10000")
    assert set(nginx) == {"type", "nodePort", "route_table"}
    item = {"host": "192.168.10.1", "port": peer["python"]["grpcNodePort"]}
    assert nginx["route_table"] == {10000: {"fateflow": [item]}}


NOWHERE = {"ip": "0.0.0.1", "httpPort": 9300, "grpcPort": 9310}


@pytest.mark.parametrize(
    ("release", "exchange"),
    [
        ("v1.5.1", None),
        ("v1.6.0", None),
        ("v1.6.0-a", NOWHERE),
        ("v1.6.1", NOWHERE),
        ("v1.7.2", NOWHERE),
        ("v1.8.1", NOWHERE),
        ("v1.11.2", NOWHERE),
        ("v2.0.0", NOWHERE),
    ],
)
def test_the_charts_live_default_route_is_never_left(release: str, exchange: object) -> None:
    """Where the chart would keep the address of an example, the default route leads nowhere (INV-NGX-6)."""
    assert cluster(written(release, "spark_rabbitmq"))["nginx"].get("exchange") == exchange


def test_the_default_route_is_the_exchange() -> None:
    """Parties behind an exchange name its nginx and its trafficServer; it names each of them (INV-NGX-7, INV-PUL-3)."""
    files = written("v1.11.2", "spark_pulsar", topology="star", top=HUB)
    hub, party = cluster(files, "exchange-hub"), cluster(files)
    ports = {"httpPort": hub["nginx"]["httpNodePort"], "grpcPort": hub["nginx"]["grpcNodePort"]}
    assert party["nginx"]["exchange"] == {"ip": "192.168.1.1", **ports}
    assert party["nginx"]["route_table"] == {}
    node_port = hub["trafficServer"]["nodePort"]
    assert party["pulsar"]["exchange"] == {"ip": "192.168.1.1", "port": node_port, "domain": "fate.org"}
    rows = [
        {"fqdn": f"{site.partition('-')[2]}.fate.org", "tunnelRoute": f"{host}:{data['pulsar']['httpsNodePort']}"}
        for site, host in (("party-9999", "192.168.9.1"), ("party-10000", "192.168.10.1"))
        for data in (cluster(files, site),)
    ]
    assert hub["trafficServer"]["route_table"] == {"sni": rows}
    assert sorted(hub["nginx"]["route_table"]) == [9999, 10000]
    assert (hub["chartName"], hub["modules"]) == ("fate-exchange", ["trafficServer", "nginx"])


# --- brokers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["v1.5.0", "v1.5.3", "v1.6.0", "v1.6.0-a", "v1.6.1", "v1.7.0", "v1.11.2", "v2.0.0"])
def test_rabbitmq_lists_itself_from_161(release: str) -> None:
    """Charts before write the own entry themselves, later ones only into an empty table (INV-RMQ-2)."""
    files = written(release, "spark_rabbitmq")
    peer = cluster(files, "party-10000")["rabbitmq"]["nodePort"]
    known = load(release)
    assert known is not None
    own = {9999: {"host": "rabbitmq", "port": 5672}} if known.order >= (1, 6, 1, "") else {}
    expected = {**own, 10000: {"host": "192.168.10.1", "port": peer}}
    assert cluster(files)["rabbitmq"]["route_table"] == expected


@pytest.mark.parametrize("release", ["v1.6.0", "v1.6.0-a", "v1.6.1", "v1.11.2"])
def test_pulsar_lists_itself_from_161(release: str) -> None:
    """Each peer has both ports; the own entry as in KubeFATE's samples (INV-PUL-1, INV-PUL-2)."""
    files = written(release, "spark_pulsar")
    peer = cluster(files, "party-10000")["pulsar"]
    known = load(release)
    assert known is not None
    own = {9999: {"host": "pulsar", "port": 6650, "sslPort": 6651}} if known.order >= (1, 6, 1, "") else {}
    ports = {"port": peer["httpNodePort"], "sslPort": peer["httpsNodePort"]}
    pulsar = cluster(files)["pulsar"]
    assert pulsar["route_table"] == {**own, 10000: {"host": "192.168.10.1", **ports, "proxy": ""}}
    assert "exchange" not in pulsar
    assert ("publicLB" in pulsar) == (known.order >= (1, 6, 1, ""))


def test_pulsar_has_no_domain_before_161() -> None:
    """The domain was fixed to fate.org then (INV-PUL-5)."""
    files = written("v1.6.0-a", "spark_pulsar", topology="star", top=HUB)
    assert set(cluster(files)["pulsar"]["exchange"]) == {"ip", "port"}


def test_the_domain_is_that_of_the_exchange() -> None:
    """Names in the exchange's table and in the parties' files have the same domain (INV-PUL-4, INV-PUL-5)."""
    top = "exchanges: [{name: hub, cluster: hub, domain: pulsar.bank.org}]"
    files = written("v1.11.2", "spark_pulsar", topology="star", top=top)
    assert cluster(files)["pulsar"]["exchange"]["domain"] == "pulsar.bank.org"
    rows = cluster(files, "exchange-hub")["trafficServer"]["route_table"]["sni"]
    assert [row["fqdn"] for row in rows] == ["9999.pulsar.bank.org", "10000.pulsar.bank.org"]


def test_an_exchange_and_a_direct_link() -> None:
    """A party with an exchange dials a peer it is linked with by TLS; its entry has both ports all the same."""
    topology = "[{star: [9999, 10000], through: hub}, {links: [[9999, 10000]]}]"
    files = written("v1.11.2", "spark_pulsar", topology=topology, top=HUB)
    peer = cluster(files, "party-10000")["pulsar"]
    ports = {"port": peer["httpNodePort"], "sslPort": peer["httpsNodePort"]}
    pulsar = cluster(files)["pulsar"]
    assert pulsar["route_table"][10000] == {"host": "192.168.10.1", **ports, "proxy": ""}
    assert "exchange" in pulsar


def test_a_second_exchange_is_the_proxy_of_its_parties() -> None:
    """The default route is that of the first star; those behind the other are dialled by name, through it."""
    top = "exchanges: [{name: hub, cluster: hub}, {name: other, cluster: lab, domain: other.org}]"
    topology = "[{star: [9999, 10000], through: hub}, {star: [9999, 10001], through: other}]"
    text = FEDERATION.format(release="v1.11.2", engine="spark_pulsar", topology=topology, top=top, party="")
    text = text.replace(
        "  - {id: 10000, cluster: shop}\n", "  - {id: 10000, cluster: shop}\n  - {id: 10001, cluster: shop}\n"
    )
    files = {key: loaded(value) for key, value in rendered(text).items()}
    other = cluster(files, "exchange-other")
    entry = {"host": "10001.other.org", "port": 6650, "sslPort": 6651}
    proxy = f"192.168.11.1:{other['trafficServer']['nodePort']}"
    assert cluster(files)["pulsar"]["route_table"][10001] == {**entry, "proxy": proxy}
    item = cluster(files)["nginx"]["route_table"][10001]["fateflow"][0]
    assert (item["host"], item["http_port"]) == ("192.168.11.1", other["nginx"]["httpNodePort"])


def test_a_route_has_ports_of_its_own() -> None:
    """`routes` moves single ports of one direction, in every table that has them."""
    route = "routes:\n  - {from: 9999, to: 10000, address: 172.16.0.9, ports: {pulsar: 7650, nginxGrpc: 7310}}\n"
    files = written("v1.11.2", "spark_pulsar", more=route)
    data, peer = cluster(files), cluster(files, "party-10000")
    entry = data["pulsar"]["route_table"][10000]
    assert (entry["host"], entry["port"]) == ("172.16.0.9", 7650)
    assert entry["sslPort"] == peer["pulsar"]["httpsNodePort"]
    item = data["nginx"]["route_table"][10000]["fateflow"][0]
    assert (item["host"], item["grpc_port"]) == ("172.16.0.9", 7310)
    assert item["http_port"] == peer["nginx"]["httpNodePort"]
    assert peer["pulsar"]["route_table"][9999]["host"] == "192.168.9.1"


def test_the_tenant_brings_the_whole_block() -> None:
    """The chart replaces `python.pulsar` as a whole, so the five other values come with the tenant."""
    files = written("v1.11.2", "spark_pulsar", more="  pulsar: {tenant: bank}\n")
    values = {"host": "pulsar", "mng_port": 8080, "port": 6650, "topic_ttl": 3, "cluster": "standalone"}
    assert cluster(files)["python"]["pulsar"] == {**values, "tenant": "bank"}


# --- exposure -------------------------------------------------------------------------------------------------------


def test_each_component_has_its_load_balancer() -> None:
    """One address for all, or one each. A second one for a TLS port that Pulsar has not is left out."""
    addresses = "{nginx: 10.0.0.2, python: 10.0.0.3, pulsarTls: 10.0.0.4}"
    party = f", exposure: {{type: LoadBalancer, address: 10.0.0.1, addresses: {addresses}}}"
    files = written("v1.11.2", "spark_pulsar", party=party)
    data = cluster(files)
    found = {name: (data[name]["type"], data[name]["loadBalancerIP"]) for name in ("nginx", "python", "pulsar")}
    assert found == {
        "nginx": ("LoadBalancer", "10.0.0.2"),
        "python": ("LoadBalancer", "10.0.0.3"),
        "pulsar": ("LoadBalancer", "10.0.0.1"),
    }
    peer = cluster(files, "party-10000")
    assert data["pulsar"]["publicLB"] == {"enabled": False}
    assert peer["nginx"]["route_table"][9999]["fateflow"] == [
        {"host": "10.0.0.2", "http_port": 9300, "grpc_port": 9310}
    ]
    assert peer["pulsar"]["route_table"][9999] == {"host": "10.0.0.1", "port": 6650, "sslPort": 6651, "proxy": ""}


def test_a_load_balancer_for_pulsars_tls_port() -> None:
    """Behind an exchange the port is there, and the exchange dials it at its own load balancer."""
    addresses = "{nginx: 10.0.0.2, pulsarTls: 10.0.0.4}"
    party = f", exposure: {{type: LoadBalancer, address: 10.0.0.1, addresses: {addresses}}}"
    files = written("v1.11.2", "spark_pulsar", topology="star", top=HUB, party=party)
    assert cluster(files)["pulsar"]["publicLB"] == {"enabled": True}
    sni = cluster(files, "exchange-hub")["trafficServer"]["route_table"]["sni"]
    assert {"fqdn": "9999.fate.org", "tunnelRoute": "10.0.0.4:6651"} in sni


def test_a_load_balancer_of_rabbitmq() -> None:
    """Peers dial it on the broker's own port."""
    files = written("v1.11.2", "spark_rabbitmq", party=", exposure: {type: LoadBalancer, address: 10.0.0.1}")
    data = cluster(files)
    assert (data["rabbitmq"]["type"], data["rabbitmq"]["loadBalancerIP"]) == ("LoadBalancer", "10.0.0.1")
    assert "nodePort" not in data["rabbitmq"]
    peer = cluster(files, "party-10000")
    assert peer["rabbitmq"]["route_table"][9999] == {"host": "10.0.0.1", "port": 5672}


# --- components -----------------------------------------------------------------------------------------------------


def test_spark_of_150_is_written_whole() -> None:
    """Its template replaces both halves, so what is not set is what the chart would have had."""
    party = ', registry: registry.bank.org/fate, components: {sparkWorker: {resources: {requests: {cpu: "2"}}}}'
    spark = cluster(written("v1.5.0", "spark_rabbitmq", party=party))["spark"]
    image = "registry.bank.org/fate/spark"
    assert spark == {
        "type": "ClusterIP",
        "master": {
            "Image": f"{image}-master",
            "ImageTag": "1.5.0-release",
            "replicas": 1,
            "cpu": "100m",
            "memory": "512Mi",
        },
        "worker": {
            "Image": f"{image}-worker",
            "ImageTag": "1.5.0-release",
            "replicas": 2,
            "cpu": "2",
            "memory": "512Mi",
        },
    }


def test_spark_of_later_releases_keeps_the_charts_own() -> None:
    """Only the half that has a setting is written."""
    party = ', components: {sparkWorker: {replicas: 4, resources: {requests: {cpu: "2"}}}}'
    spark = cluster(written("v1.11.2", "spark_rabbitmq", party=party))["spark"]
    assert spark == {"worker": {"replicas": 4, "type": "ClusterIP", "resources": {"requests": {"cpu": "2"}}}}


@pytest.mark.parametrize(
    ("release", "keys"),
    [
        ("v1.5.0", "Image ImageTag"),
        ("v1.6.1", "Image ImageTag"),
        ("v1.11.2", "Image ImageTag"),
        ("v2.0.0", "image imageTag"),
    ],
)
def test_images_of_spark_under_the_charts_own_keys(release: str, keys: str) -> None:
    """They begin with a capital until v1.11.2, and stand in the place of the chart's own."""
    party = ', components: {sparkWorker: {image: registry.bank.org/worker, imageTag: "7"}}'
    worker = cluster(written(release, "spark_rabbitmq", party=party))["spark"]["worker"]
    assert [worker[key] for key in keys.split()] == ["registry.bank.org/worker", "7"]
    assert {key.lower() for key in worker} >= {"image", "imagetag"}
    assert len({key.lower() for key in worker}) == len(worker)


@pytest.mark.parametrize("release", ["v1.4.0", "v1.5.3", "v1.6.0"])
def test_nodemanagers_one_by_one(release: str) -> None:
    """Only items of the list have labels and claims, and each item needs all that it has."""
    party = (
        ", persistence: {storageClass: fast, size: 5Gi}, components: {nodemanager: "
        "{nodeSelectors: [{disk: a}, {disk: b}], storage: {existingClaim: shared, subPath: bank}}}"
    )
    block = cluster(written(release, party=party))["nodemanager"]
    assert block == {
        "count": 0,
        "list": [
            {
                "name": f"nodemanager-{number}",
                "nodeSelector": {"disk": disk},
                "sessionProcessorsPerNode": 2,
                "subPath": f"bank/nodemanager-{number}",
                "existingClaim": "shared",
                "storageClass": "fast",
                "accessMode": "ReadWriteOnce",
                "size": "5Gi",
            }
            for number, disk in enumerate("ab")
        ],
    }


def test_equal_nodemanagers_need_a_list_for_their_labels_only() -> None:
    """A number alone stays a number; with labels it is as many items, and from v1.6.0-a on the block has them."""
    labels = ", components: {nodemanager: {replicas: 3, nodeSelector: {disk: a}}}"
    assert cluster(written("v1.5.0", party=labels.replace(", nodeSelector: {disk: a}", "")))["nodemanager"] == {
        "count": 3,
        "sessionProcessorsPerNode": 2,
    }
    listed = cluster(written("v1.5.0", party=labels))["nodemanager"]
    assert [(item["name"], item["nodeSelector"]) for item in listed["list"]] == [
        (f"nodemanager-{number}", {"disk": "a"}) for number in range(3)
    ]
    assert cluster(written("v1.6.0-a", party=labels))["nodemanager"]["nodeSelector"] == {"disk": "a"}


def test_hdfs_is_written_with_both_halves() -> None:
    """Its template fails on a block without namenode or datanode."""
    party = ", components: {datanode: {replicas: 2}}"
    assert cluster(written("v1.11.2", "spark_rabbitmq", party=party))["hdfs"] == {
        "namenode": {},
        "datanode": {"replicas": 2},
    }


def test_volumes_of_a_spark_party() -> None:
    """Every component that keeps data gets the class that was asked for, in keys that its chart has."""
    party = ", persistence: {storageClass: fast, size: 5Gi}, components: {datanode: {storage: {size: 9Gi}}}"
    data = cluster(written("v1.11.2", "spark_pulsar", party=party))
    fast = {"storageClass": "fast", "size": "5Gi"}
    assert data["hdfs"] == {"namenode": fast, "datanode": {**fast, "size": "9Gi"}}
    assert {key: data["pulsar"][key] for key in fast} == fast
    assert {key: data["python"][key] for key in fast} == fast
    assert data["mysql"] == {**fast, "subPath": "mysql"}


def test_a_gpu_is_passed_on() -> None:
    """FATE-Flow gets the GPU that is asked for (INV-VER-5)."""
    party = ", components: {python: {resources: {limits: {nvidia.com/gpu: 4}}}}"
    text = "  device: GPU\n  algorithm: NN\n  components: {python: {resources: {limits: {nvidia.com/gpu: 1}}}}\n"
    files = written("v1.11.2", party=party, more=text)
    found = [cluster(files, site)["python"]["resources"] for site in ("party-9999", "party-10000")]
    assert found == [{"limits": {"nvidia.com/gpu": 4}}, {"limits": {"nvidia.com/gpu": 1}}]


def test_hosts_of_every_interface() -> None:
    """One key each until v1.6.0, lists after; two parties never share one (INV-NS-4)."""
    assert cluster(written("v1.6.0-a", "spark_pulsar"))["host"] == {
        "fateboard": "party9999.fateboard.example.com",
        "client": "party9999.notebook.example.com",
        "sparkUI": "party9999.spark.example.com",
        "pulsarUI": "party9999.pulsar.example.com",
    }
    ingress = cluster(written("v1.11.2", "spark_local_rabbitmq"))["ingress"]
    assert {name: [host["name"] for host in entry["hosts"]] for name, entry in ingress.items()} == {
        "fateboard": ["party9999.fateboard.example.com"],
        "client": ["party9999.notebook.example.com"],
        "rabbitmq": ["party9999.rabbitmq.example.com"],
    }


# --- FATE-Serving ---------------------------------------------------------------------------------------------------

SERVED = "  serving: {{release: {0}}}\n"
SERVING_HUB = "exchanges: [{{name: hub, id: 1, cluster: hub, kind: servingProxy, serving: {{release: {0}}}}}]"


@pytest.mark.parametrize("name", SERVING_NAMES)
def test_every_key_of_a_serving_cluster_is_read(name: str) -> None:
    """Each published chart, as a party's and as an exchange's."""
    chart = load_serving(name)
    assert chart is not None
    topology = "[{mesh: all}, {star: all, through: hub}]"
    files = written("v1.8.0", topology=topology, top=SERVING_HUB.format(name), more=SERVED.format(name))
    for data in (serving(files), cluster(files, "exchange-hub")):
        assert (data["chartName"], data["chartVersion"]) == ("fate-serving", name)
        for path in paths(data):
            assert path in {"namespace", "chartName", "chartVersion"} or chart.reads(path), path
            assert not chart.is_dead(path), path


@pytest.mark.parametrize("name", ["v1.2.4", "v2.0.0", "v2.0.4", "v2.1.5", "v2.1.6"])
def test_serving_proxies_list_each_other(name: str) -> None:
    """Peers dial the proxy's NodePort; its type must be said from v2.0.4 on (INV-SRV-1, INV-SRV-8)."""
    files = written("v1.8.0", more=SERVED.format(name))
    proxy, peer = serving(files)["servingProxy"], serving(files, "party-10000")["servingProxy"]
    row = {"partyId": 10000, "partyIp": "192.168.10.1", "partyPort": peer["nodePort"]}
    assert proxy["partyList"] == [row]
    chart = load_serving(name)
    assert chart is not None
    assert proxy.get("type") == ("NodePort" if chart.has_type else None)


def test_training_and_serving_find_each_other() -> None:
    """One key names the party's own serving-server, one its own FATE-Flow (INV-SRV-2, INV-SRV-3, INV-SRV-4)."""
    files = written("v1.11.2", more="  serving: {}\n")
    training, served = cluster(files), serving(files)
    server = served["servingServer"]
    assert (training["servingIp"], training["servingPort"]) == ("192.168.9.1", server["nodePort"])
    assert server["type"] == "NodePort"
    assert server["fateflow"] == {"ip": "192.168.9.1", "port": training["python"]["httpNodePort"]}
    assert (served["name"], served["namespace"], served["partyId"]) == ("fate-serving-9999", "fate-serving-9999", 9999)
    assert "servingZookeeper" in served["modules"]


def test_inside_the_cluster_they_use_names() -> None:
    """Without NodePorts, the Services of the party's own namespaces."""
    files = written("v1.11.2", party=", fateflow: ClusterIP, serving: {exposure: ClusterIP}")
    training, served = cluster(files), serving(files)
    assert (training["servingIp"], training["servingPort"]) == ("serving-server.fate-serving-9999", 8000)
    assert served["servingServer"]["fateflow"] == {"ip": "fateflow-client.fate-9999", "port": 9380}
    assert (served["servingServer"]["type"], served["servingProxy"]["type"]) == ("ClusterIP", "ClusterIP")


def test_the_registry_of_serving_is_its_own_zookeeper() -> None:
    """The chart's default names the namespace of another party (INV-SRV-6)."""
    files = written("v1.8.0", more="  serving: {useRegistry: true}\n")
    hosts = ["serving-zookeeper.fate-serving-9999:2181"]
    assert cluster(files)["serving"] == {"useRegistry": True, "zookeeper": {"hosts": hosts}}


@pytest.mark.parametrize(
    ("name", "key"), [("v2.0.0", "servingProxy.ingerssHost"), ("v2.0.4", "servingProxy.ingressHost")]
)
def test_one_host_of_the_serving_proxy(name: str, key: str) -> None:
    """Charts before v2.1.5 take one host below the module, the first of them under a misspelt key."""
    data: Any = serving(written("v1.8.0", more=SERVED.format(name)))
    for step in key.split("."):
        data = data[step]
    assert data == "party9999.serving-proxy.example.com"


def test_hosts_of_serving_from_215() -> None:
    """Both interfaces below `ingress`, with the domain and the class of the party."""
    files = written("v1.11.2", more="  serving: {}\n  ingress: {domain: bank.org, class: haproxy}\n")
    data = serving(files)
    hosts = {name: [host["name"] for host in entry["hosts"]] for name, entry in data["ingress"].items()}
    assert hosts == {
        "servingProxy": ["party9999.serving-proxy.bank.org"],
        "servingAdmin": ["party9999.serving-admin.bank.org"],
    }
    assert data["ingressClassName"] == "haproxy"


def test_settings_of_serving() -> None:
    """Passwords stay references; an external Redis takes the place of the module; overrides come last."""
    more = """\
  serving:
    redis: {host: 10.0.0.6, port: 6380, password: "env:FATE_REDIS_PASSWORD"}
    credentials: {admin: "env:FATE_SERVING_ADMIN_PASSWORD"}
    persistence: {storageClass: fast}
    cache: redis
    adapters: {single: a.Single, batch: a.Batch, url: "http://features.bank.org/get"}
    components: {servingServer: {nodeSelector: {disk: ssd}}}
    overrides: {servingZookeeper: {size: 2Gi}}
"""
    data = serving(written("v1.11.2", more=more))
    assert "servingRedis" not in data
    assert "servingRedis" not in data["modules"]
    assert [data[f"externalRedis{key}"] for key in ("Ip", "Port", "Password")] == [
        "10.0.0.6",
        6380,
        "${secret:env:FATE_REDIS_PASSWORD}",
    ]
    admin = {"username": "admin", "password": "${secret:env:FATE_SERVING_ADMIN_PASSWORD}"}
    assert data["servingAdmin"] == admin
    server = data["servingServer"]
    assert [server[key] for key in ("cacheType", "singleAdaptor", "batchAdaptor", "AdapterURL")] == [
        "redis",
        "a.Single",
        "a.Batch",
        "http://features.bank.org/get",
    ]
    assert (server["nodeSelector"], server["storageClass"]) == ({"disk": "ssd"}, "fast")
    assert data["servingZookeeper"] == {"storageClass": "fast", "subPath": "servingZookeeper", "size": "2Gi"}


def test_a_load_balancer_of_the_serving_proxy() -> None:
    """Peers dial its address on port 8869; the server stays inside the cluster."""
    exposure = "{type: LoadBalancer, address: 10.0.0.5, addresses: {servingProxy: 10.0.0.6}}"
    data = serving(written("v1.11.2", party=f", serving: {{exposure: {exposure}}}"))
    assert (data["servingProxy"]["type"], data["servingProxy"]["loadBalancerIP"]) == ("LoadBalancer", "10.0.0.6")
    assert data["servingServer"]["type"] == "ClusterIP"


@pytest.mark.parametrize(
    ("name", "modules", "server"),
    [
        ("v1.2.4", ["servingProxy"], {"type": "ClusterIP"}),
        ("v2.0.0", ["servingProxy"], {"type": "ClusterIP"}),
        ("v2.0.4", ["servingProxy", "servingZookeeper"], None),
        ("v2.1.6", ["servingProxy", "servingZookeeper"], None),
    ],
)
def test_a_serving_exchange(name: str, modules: list[str], server: object) -> None:
    """The proxy alone, with ZooKeeper where it cannot do without; parties have it as default route (INV-SRV-7).

    Charts before v2.0.4 deploy a serving-server unless there is a block for it.
    """
    topology = "[{mesh: all}, {star: all, through: hub}]"
    files = written("v1.8.0", topology=topology, top=SERVING_HUB.format(name), more=SERVED.format(name))
    hub, party = cluster(files, "exchange-hub"), serving(files)
    assert ("exchange-hub", SERVING_FILE) not in files
    assert hub["modules"] == modules
    assert hub.get("servingServer") == server
    assert [row["partyId"] for row in hub["servingProxy"]["partyList"]] == [9999, 10000]
    assert party["servingProxy"]["exchange"] == {"ip": "192.168.1.1", "port": hub["servingProxy"]["nodePort"]}
    assert party["servingProxy"]["partyList"] == []


def test_settings_of_a_serving_exchange() -> None:
    """Its interface, its data, its images and Istio are said at the exchange itself."""
    more = (
        "kind: servingProxy, imageTag: 2.1.5-release, istio: true, persistence: {storageClass: fast, size: 2Gi}, "
        "ingress: {class: traefik, servingProxy: {hosts: [models.hub.org], tlsSecret: hub-tls, annotations: {a: b}}}"
    )
    topology = "[{mesh: all}, {star: all, through: hub}]"
    top = SERVING_HUB.format("v2.1.5").replace("kind: servingProxy", more)
    hub = cluster(written("v1.10.0", topology=topology, top=top, more=SERVED.format("v2.1.5")), "exchange-hub")
    assert (hub["imageTag"], hub["istio"], hub["persistence"]) == ("2.1.5-release", {"enabled": True}, True)
    assert (hub["servingZookeeper"]["storageClass"], hub["servingZookeeper"]["size"]) == ("fast", "2Gi")
    assert hub["ingressClassName"] == "traefik"
    assert hub["ingress"] == {
        "servingProxy": {
            "annotations": {"a": "b"},
            "hosts": [{"name": "models.hub.org"}],
            "tls": [{"secretName": "hub-tls", "hosts": ["models.hub.org"]}],
        }
    }


# --- the generation before rollsite -----------------------------------------------------------------------------------


def test_the_legacy_generation() -> None:
    """v1.3.0-a reads few keys, and makes as many eggs as it is told: without a number, none."""
    data = cluster(written("v1.3.0-a"))
    assert set(data) == {"name", "namespace", "chartVersion", "partyId", "modules", "proxy", "egg"}
    assert data["egg"] == {"count": 1}
    assert cluster(written("v1.3.0-a", party=", components: {egg: {replicas: 3}}"))["egg"] == {"count": 3}


def test_the_legacy_exchange() -> None:
    """It is the proxy alone, and every party's default route."""
    files = written("v1.3.0-b", topology="star", top=HUB)
    hub, party = cluster(files, "exchange-hub"), cluster(files)
    assert hub["modules"] == ["proxy"]
    assert [row["partyId"] for row in hub["proxy"]["partyList"]] == [9999, 10000]
    assert party["proxy"]["exchange"] == {"ip": "192.168.1.1", "port": hub["proxy"]["nodePort"]}


# --- the text ---------------------------------------------------------------------------------------------------------


def test_a_registry_of_200_for_charts_of_before() -> None:
    """v2.0.0 puts the registry before `federatedai/`, serving and the exchange's chart in its place (INV-IMG-1)."""
    files = written("v2.0.0", party=", serving: {}", more="  registry: registry.bank.org/\n")
    assert cluster(files)["registry"] == "registry.bank.org/"
    assert serving(files)["registry"] == "registry.bank.org/federatedai"


def test_comments_say_what_must_agree_with_whom() -> None:
    """Above the keys that a person would be tempted to change."""
    text = FEDERATION.format(release="v1.11.2", engine="spark_pulsar", topology="star", top=HUB, party=", serving: {}")
    files = rendered(text)
    party = files["party-9999", CLUSTER_FILE]
    for comment in (
        "    # Peers dial both ports. They stand in the table of everyone who lists this site.\n  httpNodePort",
        "  # Default route: address and ports of the exchange's nginx, which must list this site.\n  exchange",
    ):
        assert comment.strip() in party
    hub = files["exchange-hub", CLUSTER_FILE]
    assert "  # One name per party, of the domain in its pulsar.exchange, and its TLS port.\n  route_table" in hub
    assert files["party-9999", SERVING_FILE].startswith("# FATE-Serving of party 9999 of the federation")
