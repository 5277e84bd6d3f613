"""Target kubernetes: nginx, the brokers, Spark, HDFS and Traffic Server of the Spark families."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from planner.kubernetes_target import CONFIG_MARK
from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE
from renderers.kubernetes.brokers import pulsar, rabbitmq
from renderers.kubernetes.component import Component
from renderers.kubernetes.hdfs import datanode, namenode
from renderers.kubernetes.installation import Installation, training
from renderers.kubernetes.nginx import nginx
from renderers.kubernetes.spark import spark_master, spark_worker
from renderers.kubernetes.traffic_server import traffic_server
from tests.quick_yaml import loaded

FEDERATION = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1{cluster}}}
  - {{name: shop, address: {shop}}}
  - {{name: hub, address: 192.168.1.1}}
{top}
parties:
  - {{id: 9999, cluster: bank{party}}}
  - {{id: 10000, cluster: shop{peer}}}
defaults:
  engine: {engine}
  target: kubernetes
"""
HUB = "exchanges: [{name: hub, kind: trafficServer, cluster: hub}]"
ENGINES = (
    ("v1.11.2", "spark_rabbitmq"),
    ("v1.11.2", "spark_pulsar"),
    ("v1.11.2", "spark_local_rabbitmq"),
    ("v1.11.2", "spark_local_pulsar"),
    ("v2.0.0", "spark_rabbitmq"),
    ("v2.0.0", "standalone_rabbitmq"),
)
WRITERS: Mapping[str, tuple[Callable[[Installation], Component], ...]] = {
    "hdfs": (namenode, datanode),
    "spark": (spark_master, spark_worker),
    "rabbitmq": (rabbitmq,),
    "pulsar": (pulsar,),
    "trafficServer": (traffic_server,),
    "nginx": (nginx,),
}
STANDALONE = """\
# Name of the cluster
clusterName=
advertisedAddress=
brokerServicePort=6650
  indented=stays
maxMessageSize=5242880
"""


@functools.cache
def planned(text: str) -> Plan:
    """The plan of a federation without any mistake."""
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.plan


def site(
    key: str = "party-9999", engine: str = "spark_rabbitmq", release: str = "v1.11.2", **settings: str
) -> Installation:
    """The training half of a site of a small federation; `settings` are parts of its text."""
    parts = {"topology": "mesh", "top": "", "party": "", "peer": "", "cluster": "", "shop": "192.168.10.1"}
    plan = planned(FEDERATION.format(engine=engine, release=release, **{**parts, **settings}))
    return training(plan, plan.by_key[key])


def star(key: str = "party-9999", **settings: str) -> Installation:
    """A site of a federation with Pulsar and its exchange."""
    return site(key, "spark_pulsar", topology="star", top=HUB, **settings)


def one(component: Component, kind: str, name: str = "") -> dict[str, Any]:
    """The object of a kind, and of a name where there are several."""
    found = [each for each in component.objects if each["kind"] == kind and name in {"", each["metadata"]["name"]}]
    assert len(found) == 1, found
    return found[0]


def names(component: Component, kind: str) -> list[str]:
    return [each["metadata"]["name"] for each in component.objects if each["kind"] == kind]


def workload(component: Component) -> dict[str, Any]:
    return next(each for each in component.objects if each["kind"] in {"Deployment", "StatefulSet"})


def pod(component: Component) -> dict[str, Any]:
    template: dict[str, Any] = workload(component)["spec"]["template"]
    return template


def main(component: Component) -> dict[str, Any]:
    container: dict[str, Any] = pod(component)["spec"]["containers"][0]
    return container


def checksum(component: Component) -> str:
    text: str = pod(component)["metadata"]["annotations"][CONFIG_MARK]
    return text


def everything() -> Iterator[tuple[str, Component]]:
    """Each component of each engine, of a party in a mesh and of a Pulsar star."""
    halves = [site(engine=engine, release=release) for release, engine in ENGINES]
    for half in (*halves, star(), star("exchange-hub")):
        for module in half.planned.modules:
            for write in WRITERS.get(module, ()):
                yield f"{half.planned.key} {half.planned.release.name} {write.__name__}", write(half)


# --- what holds for all of them -------------------------------------------------------------------------------------


def test_services_select_pods_and_name_their_ports() -> None:
    """Every Service has the selector of its pods, every target port and every probe's port exists, all by TCP."""
    for what, component in everything():
        ports = {port["name"] for port in main(component)["ports"]}
        selector = workload(component)["spec"]["selector"]["matchLabels"]
        for each in component.objects:
            assert {"app.kubernetes.io/part-of", "fateMoudle", "partyId"} <= set(each["metadata"]["labels"]), what
            if each["kind"] == "Service":
                assert each["spec"]["selector"] == selector, what
                assert {port["targetPort"] for port in each["spec"]["ports"]} <= ports, what
                assert {port["protocol"] for port in each["spec"]["ports"]} == {"TCP"}, what
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            action = main(component)[probe]
            dialled = action.get("httpGet") or action.get("tcpSocket")
            assert dialled is None or dialled["port"] in ports, what


def test_mounts_have_their_volumes_and_config_maps() -> None:
    """What a container mounts is a volume of its pod or a claim; what a volume shows is written beside it."""
    for what, component in everything():
        spec = pod(component)["spec"]
        claims = {each["metadata"]["name"] for each in workload(component)["spec"].get("volumeClaimTemplates", ())}
        volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
        for mount in main(component).get("volumeMounts", ()):
            assert mount["name"] in {*volumes, *claims}, what
        maps = {each["metadata"]["name"]: each["data"] for each in component.objects if each["kind"] == "ConfigMap"}
        for volume in volumes.values():
            if "configMap" in volume:
                data = maps[volume["configMap"]["name"]]
                assert {item["key"] for item in volume["configMap"].get("items", ())} <= set(data), what


def test_pods_cannot_do_more_than_they_must() -> None:
    """No token, no service links, no privileges; what is requested is said."""
    for what, component in everything():
        spec, container = pod(component)["spec"], main(component)
        assert spec["automountServiceAccountToken"] is False, what
        assert spec["enableServiceLinks"] is False, what
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, what
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"], what
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, what


def test_no_text_holds_a_password() -> None:
    """Passwords come from a Secret, which apply fills; nobody's default stands anywhere."""
    for what, component in everything():
        for container in pod(component)["spec"]["containers"]:
            for variable in container.get("env", ()):
                if "PASS" in variable["name"]:
                    assert set(variable["valueFrom"]) == {"secretKeyRef"}, what


# --- nginx ----------------------------------------------------------------------------------------------------------


def table(component: Component) -> dict[Any, Any]:
    found: dict[Any, Any] = loaded(one(component, "ConfigMap")["data"]["route_table.yaml"])
    return found


def test_nginx_relays_to_the_peers_nginx() -> None:
    """Both ports of an entry are the peer's, its host is an address; without an exchange there is no default."""
    peer = one(nginx(site("party-10000")), "Service")["spec"]["ports"]
    ports = {port["name"]: port["nodePort"] for port in peer}
    item = {"host": "192.168.10.1", "http_port": ports["http"], "grpc_port": ports["grpc"]}
    own = {"host": "fateflow-client", "http_port": 9380, "grpc_port": 9360}
    assert table(nginx(site())) == {9999: {"fateflow": [own]}, 10000: {"fateflow": [item]}}


def test_nginx_dials_fateflow_in_direct_style() -> None:
    """`nginx: direct` of a peer puts the ports of its FATE-Flow into the table."""
    half = site(peer=", nginx: direct")
    peer = half.plan.by_key["party-10000"].ports
    item = {"host": "192.168.10.1", "http_port": peer["fateflowHttp"], "grpc_port": peer["fateflowGrpc"]}
    assert table(nginx(half))[10000] == {"fateflow": [item]}


def test_nginx_has_the_exchange_as_its_default() -> None:
    """Both ports of the exchange's nginx; the exchange itself knows the parties, and has no default and no self."""
    ports = {port["name"]: port["nodePort"] for port in one(nginx(star("exchange-hub")), "Service")["spec"]["ports"]}
    item = {"host": "192.168.1.1", "http_port": ports["http"], "grpc_port": ports["grpc"]}
    assert table(nginx(star()))["default"] == {"proxy": [item]}
    assert set(table(nginx(star("exchange-hub")))) == {9999, 10000}


def test_nginx_stands_in_with_its_own_fateflow_or_with_nobody() -> None:
    """A party's placeholder has an address that lasts; an exchange's leads nowhere, not to itself (facts 1 and 2)."""
    party = one(nginx(star()), "ConfigMap")["data"]["nginx.conf"]
    hub = one(nginx(star("exchange-hub")), "ConfigMap")["data"]["nginx.conf"]
    assert ("server fateflow-client:9380;" in party, "server fateflow-client:9360;" in party) == (True, True)
    assert ("server 0.0.0.1:9380;" in hub, "server 0.0.0.1:9360;" in hub) == (True, True)
    for line in ("underscores_in_headers on;", "log_format main", "include vhost/*.conf;"):
        assert line in party


def test_the_route_table_of_nginx_is_hot() -> None:
    """It is mounted as a directory, changes no checksum, and a link leads to it from where nginx looks."""
    before, after = nginx(site()), nginx(site(shop="192.168.10.7"))
    (hot,) = before.hot_tables
    folder = hot.path.rpartition("/")[0]
    (mount,) = (each for each in main(before)["volumeMounts"] if each["mountPath"] == folder)
    assert "subPath" not in mount
    assert f"ln -sf {hot.path} /data/projects/fate/proxy/nginx/conf/route_table.yaml\n" in main(before)["command"][-1]
    assert (hot.seconds, hot.restart_on_removal) == (5, True)
    assert table(before) != table(after)
    assert checksum(before) == checksum(after)


# --- RabbitMQ -------------------------------------------------------------------------------------------------------


def test_rabbitmq_opens_its_broker_only() -> None:
    """Its administration has no NodePort; FATE-Flow finds both behind the Service `rabbitmq`."""
    component = rabbitmq(site())
    own = one(component, "Service", "rabbitmq")["spec"]
    public = one(component, "Service", "rabbitmq-public")["spec"]
    assert (own["type"], [port["port"] for port in own["ports"]]) == ("ClusterIP", [5672, 15672])
    number = site().planned.ports["rabbitmq"]
    assert [(port["port"], port["nodePort"]) for port in public["ports"]] == [(5672, number)]


def test_rabbitmq_inside_a_cluster_needs_no_second_service() -> None:
    """With exposure ClusterIP peers dial `rabbitmq` itself."""
    inside = ", exposure: ClusterIP, namespace: fate-a"
    routes = "routes: [{from: 10000, to: 9999, address: 10.0.0.9}]"
    assert names(rabbitmq(site(party=inside, top=routes)), "Service") == ["rabbitmq"]


def test_the_password_of_rabbitmq_is_generated_or_referred_to() -> None:
    """Without a reference apply makes one; a Secret of the same namespace is read where it is."""
    (made,) = rabbitmq(site()).secrets
    assert (made.name, made.values) == ("rabbitmq", {"user": "fate", "password": GENERATE})
    (put,) = rabbitmq(site(party=', credentials: {rabbitmq: "env:BROKER"}')).secrets
    assert put.values == {"user": "fate", "password": "${secret:env:BROKER}"}
    theirs = rabbitmq(site(party=', credentials: {rabbitmq: "secret:fate-9999/broker#pass"}'))
    assert theirs.secrets == ()
    env = {each["name"]: each for each in main(theirs)["env"]}
    assert env["RABBITMQ_DEFAULT_PASS"]["valueFrom"] == {"secretKeyRef": {"name": "broker", "key": "pass"}}


def test_rabbitmq_keeps_its_database_and_not_its_cookie() -> None:
    """The volume holds the database alone: Kubernetes would open `.erlang.cookie` to the group (section 5.3)."""
    component = rabbitmq(site(party=", persistence: true"))
    (claim,) = workload(component)["spec"]["volumeClaimTemplates"]
    paths = {mount["name"]: mount["mountPath"] for mount in main(component)["volumeMounts"]}
    assert paths[claim["metadata"]["name"]] == "/var/lib/rabbitmq/mnesia"
    assert workload(component)["spec"]["serviceName"] == "rabbitmq"
    security = pod(component)["spec"]["securityContext"]
    assert (security["runAsUser"], security["fsGroup"]) == (999, 999)


def test_a_new_password_of_rabbitmq_arrives_in_its_database() -> None:
    """The image sets it once; after that a hook does, and the password is in no command."""
    command = main(rabbitmq(site()))["lifecycle"]["postStart"]["exec"]["command"]
    assert "change_password" in command[-1]
    assert 'os:getenv("RABBITMQ_DEFAULT_PASS")' in command[-1]
    assert subprocess.run(["sh", "-n", "-c", command[-1]], check=False).returncode == 0


# --- Pulsar ---------------------------------------------------------------------------------------------------------


def test_pulsar_speaks_tls_behind_an_exchange_only() -> None:
    """In a mesh it has its plain port; behind an exchange both, with certificates that are looked at."""
    plain, tls = pulsar(site(engine="spark_pulsar")), pulsar(star())
    assert [port["port"] for port in one(plain, "Service", "pulsar-public")["spec"]["ports"]] == [6650]
    ports = {port["port"]: port["nodePort"] for port in one(tls, "Service", "pulsar-public")["spec"]["ports"]}
    assert ports == {6650: star().planned.ports["pulsar"], 6651: star().planned.ports["pulsarTls"]}
    conf = one(tls, "ConfigMap")["data"]["standalone.conf"]
    assert "tlsAllowInsecureConnection=false\n" in conf
    assert "brokerServicePortTls=6651\n" in conf
    assert "tls" not in one(plain, "ConfigMap")["data"]["standalone.conf"].lower()
    assert {"name": "pulsar-cert", "secret": {"secretName": "pulsar-cert"}} in pod(tls)["spec"]["volumes"]


def test_pulsars_administration_is_never_open() -> None:
    """It has no login: no NodePort, and a host only where federation.yaml gives it one."""
    assert names(pulsar(site(engine="spark_pulsar")), "Ingress") == []
    given = pulsar(site(engine="spark_pulsar", party=", ingress: {pulsar: {hosts: [p.example.com]}}"))
    assert names(given, "Ingress") == ["pulsar"]
    assert [page.url for page in given.interfaces] == ["http://p.example.com/"]


def test_pulsars_tls_port_may_have_a_load_balancer_of_its_own() -> None:
    """An address for `pulsarTls` makes the Service that FATE calls pulsar-public-tls."""
    exposure = ", exposure: {type: LoadBalancer, address: 10.0.0.7, addresses: {pulsarTls: 10.0.0.8}}"
    component = pulsar(star(party=exposure))
    assert one(component, "Service", "pulsar-public")["spec"]["loadBalancerIP"] == "10.0.0.7"
    lone = one(component, "Service", "pulsar-public-tls")["spec"]
    assert (lone["type"], lone["loadBalancerIP"]) == ("LoadBalancer", "10.0.0.8")
    assert [port["port"] for port in lone["ports"]] == [6651]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_pulsar_starts_with_its_own_settings_and_ours(tmp_path: Path, shell: str) -> None:
    """No key stands twice, since BookKeeper would read a list; everything else of the image's file stays."""
    component = pulsar(site(engine="spark_pulsar"))
    ours = one(component, "ConfigMap")["data"]["standalone.conf"]
    (tmp_path / "standalone.conf").write_text(ours)
    (tmp_path / "image.conf").write_text(STANDALONE.rstrip("\n"))
    script = main(component)["command"][-1].replace("/etc/fedplan/overrides", str(tmp_path))
    script = script.replace("/pulsar/conf/standalone.conf", str(tmp_path / "image.conf"))
    script = script.replace("exec bin/pulsar standalone -nss", "true")
    merged = tmp_path / "merged.conf"
    subprocess.run([shell, "-c", script], env={"PULSAR_STANDALONE_CONF": str(merged), "PATH": "/bin"}, check=True)
    image = "# Name of the cluster\nbrokerServicePort=6650\n  indented=stays\n"
    assert merged.read_text() == image + ours


# --- Spark and HDFS -------------------------------------------------------------------------------------------------


def test_spark_master_is_headless() -> None:
    """`spark-master` has no address of its own (fact 11); `spark-client` has one. REST (6066) stays closed."""
    component = spark_master(site())
    assert one(component, "Service", "spark-master")["spec"]["clusterIP"] == "None"
    assert "clusterIP" not in one(component, "Service", "spark-client")["spec"]
    assert [port["port"] for port in one(component, "Service", "spark-client")["spec"]["ports"]] == [7077, 8080]


def test_sparks_page_has_a_host_where_one_is_given() -> None:
    """It has no login, and can end jobs."""
    assert names(spark_master(site()), "Ingress") == []
    component = spark_master(site(party=", ingress: {spark: {hosts: [s.example.com]}}"))
    (rule,) = one(component, "Ingress")["spec"]["rules"]
    assert rule["host"] == "s.example.com"
    assert rule["http"]["paths"][0]["backend"]["service"] == {"name": "spark-client", "port": {"number": 8080}}
    assert [page.url for page in component.interfaces] == ["http://s.example.com/"]


def test_workers_scale_and_keep_a_budget() -> None:
    """Several workers lose one at a time; a single one must not block the drain of its node."""
    component = spark_worker(site())
    assert (workload(component)["spec"]["replicas"], names(component, "PodDisruptionBudget")) == (2, ["spark-worker"])
    single = spark_worker(site(party=", components: {sparkWorker: {replicas: 1, imageTag: mine}}"))
    assert (workload(single)["spec"]["replicas"], names(single, "PodDisruptionBudget")) == (1, [])
    assert main(single)["image"] == "federatedai/spark-worker:mine"


def test_the_budget_is_written_in_the_clusters_api() -> None:
    """policy/v1beta1 up to 1.20, policy/v1 from 1.21 on."""
    old = one(spark_worker(site(cluster=', kubernetes: "1.20"')), "PodDisruptionBudget")
    assert old["apiVersion"] == "policy/v1beta1"
    assert one(spark_worker(site()), "PodDisruptionBudget")["apiVersion"] == "policy/v1"


def test_workers_have_a_service_conf() -> None:
    """The modules of federatedml read one when they are imported."""
    component = spark_worker(site())
    conf = loaded(one(component, "ConfigMap")["data"]["service_conf.yaml"])
    assert (conf["party_id"], conf["default_engines"]["federation"]) == ("9999", "rabbitmq")
    assert main(component)["volumeMounts"][0]["mountPath"] == "/data/projects/fate/conf"


@pytest.mark.parametrize(("replicas", "copies"), [("", "3"), ("replicas: 1", "1"), ("replicas: 2", "2")])
def test_hdfs_keeps_no_more_copies_than_it_has_datanodes(replicas: str, copies: str) -> None:
    """With one datanode one copy, in the settings of both."""
    half = site(party=f", components: {{datanode: {{{replicas}}}}}" if replicas else "")
    for component in (namenode(half), datanode(half)):
        assert one(component, "ConfigMap")["data"]["HDFS_CONF_dfs_replication"] == copies


def test_hdfs_keeps_its_data_in_a_folder_of_the_volume() -> None:
    """So the namenode finds an empty folder on a fresh volume, whatever the file system left at its top."""
    half = site(party=", persistence: {storageClass: fast}")
    for component, path in ((namenode(half), "/hadoop/dfs/name"), (datanode(half), "/hadoop/dfs/data")):
        (claim,) = workload(component)["spec"]["volumeClaimTemplates"]
        (mount,) = main(component)["volumeMounts"]
        assert (claim["metadata"]["name"], claim["spec"]["storageClassName"]) == ("dfs", "fast")
        assert claim["spec"]["resources"]["requests"]["storage"] != "1Gi"  # too small for blocks (section 12, row 16)
        assert (mount["mountPath"], bool(mount["subPath"])) == (path, True)


def test_a_datanode_has_time_to_wait_for_the_namenode() -> None:
    """Its image waits for the namenode before it starts, and the namenode's image may still be on its way."""
    first, second = (main(write(site()))["startupProbe"] for write in (namenode, datanode))
    assert second["periodSeconds"] * second["failureThreshold"] >= 600
    assert second["failureThreshold"] > first["failureThreshold"]


def test_a_change_of_hdfs_restarts_it() -> None:
    """Its settings are variables, which are read at start only."""
    assert checksum(namenode(site())) != checksum(namenode(site(party=", components: {datanode: {replicas: 1}}")))


# --- Traffic Server -------------------------------------------------------------------------------------------------


def test_traffic_server_knows_every_party_by_name() -> None:
    """`<party id>.<domain>` leads to the party's TLS port."""
    half = star("exchange-hub")
    rows = loaded(one(traffic_server(half), "ConfigMap", "traffic-server-sni")["data"]["sni.yaml"])["sni"]
    ports = {key: half.plan.by_key[key].ports["pulsarTls"] for key in ("party-9999", "party-10000")}
    assert rows == [
        {"fqdn": "9999.fate.org", "tunnel_route": f"192.168.9.1:{ports['party-9999']}"},
        {"fqdn": "10000.fate.org", "tunnel_route": f"192.168.10.1:{ports['party-10000']}"},
    ]


def test_traffic_server_restarts_for_a_new_table() -> None:
    """It reads its table at start: the checksum changes, and there is nothing hot."""
    before, after = traffic_server(star("exchange-hub")), traffic_server(star("exchange-hub", shop="192.168.10.7"))
    assert checksum(before) != checksum(after)
    assert before.hot_tables == ()


def test_traffic_server_listens_on_its_tls_port_only() -> None:
    """A port for plain HTTP would be a proxy for everybody. The image has no tag in any release."""
    component = traffic_server(star("exchange-hub"))
    records = one(component, "ConfigMap", "traffic-server-config")["data"]["records.config"]
    assert "CONFIG proxy.config.http.server_ports STRING 443:ssl\n" in records
    assert [port["containerPort"] for port in main(component)["ports"]] == [443]
    assert main(component)["image"] == "federatedai/trafficserver"
