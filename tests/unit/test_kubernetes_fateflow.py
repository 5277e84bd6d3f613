"""Target kubernetes: FATE-Flow with its settings and tables, FATEBoard, the notebook, and files filled in at start."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from planner.kubernetes_target import CONFIG_MARK
from planner.pipeline import check
from planner.plan import Plan
from planner.secret_references import GENERATE
from renderers.kubernetes import configure
from renderers.kubernetes.component import Component
from renderers.kubernetes.fateflow import python
from renderers.kubernetes.installation import Installation, Manifest, training
from renderers.kubernetes.interfaces import client, fateboard
from tests.quick_yaml import loaded

FEDERATION = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
  - {{name: hub, address: 192.168.1.1}}
{top}
parties:
  - {{id: 9999, cluster: bank{party}}}
  - {{id: 10000, cluster: shop{peer}}}
defaults:
  engine: {engine}
  target: kubernetes
"""
HUB = "exchanges: [{name: hub, id: 1, cluster: hub}]"
ALL = [
    ("v1.11.2", "eggroll"),
    ("v1.11.2", "spark_rabbitmq"),
    ("v1.11.2", "spark_pulsar"),
    ("v1.11.2", "spark_local_rabbitmq"),
    ("v1.11.2", "spark_local_pulsar"),
    ("v2.0.0", "eggroll"),
    ("v2.0.0", "spark_rabbitmq"),
    ("v2.0.0", "standalone_rabbitmq"),
]


@functools.cache
def planned(
    release: str = "v1.11.2", engine: str = "eggroll", *, is_star: bool = False, party: str = "", peer: str = ""
) -> Plan:
    """The plan of a small federation of this target, a mesh or around one exchange."""
    topology, top = ("star", HUB) if is_star else ("mesh", "")
    text = FEDERATION.format(release=release, engine=engine, topology=topology, top=top, party=party, peer=peer)
    checked = check(text.encode())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics if diagnostic.is_error]
    return checked.plan


def half(plan: Plan) -> Installation:
    """The training half of party 9999."""
    return training(plan, plan.by_key["party-9999"])


def one(component: Component, kind: str, name: str | None = None) -> Manifest:
    """The object of a kind, the only one or the one of this name."""
    found = [each for each in component.objects if each["kind"] == kind]
    found = [each for each in found if name in {None, each["metadata"]["name"]}]
    assert len(found) == 1, (kind, name)
    return found[0]


def template_of(component: Component) -> dict[str, Any]:
    """The pod template of a component's workload."""
    workload = next(each for each in component.objects if each["kind"] in {"Deployment", "StatefulSet"})
    found: dict[str, Any] = workload["spec"]["template"]
    return found


def pod_of(component: Component) -> dict[str, Any]:
    """The pod of a component's workload."""
    spec: dict[str, Any] = template_of(component)["spec"]
    return spec


def digest(component: Component) -> str:
    """What restarts its pods when it changes."""
    found: str = template_of(component)["metadata"]["annotations"][CONFIG_MARK]
    return found


def conf(component: Component) -> dict[str, Any]:
    """service_conf.yaml as FATE-Flow reads it, with its places."""
    found: dict[str, Any] = loaded(one(component, "ConfigMap", "python-config")["data"]["service_conf.yaml"])
    return found


def env(container: Manifest) -> dict[str, Any]:
    """The environment of a container: texts, and where they come from."""
    return {each["name"]: each.get("value") or each["valueFrom"] for each in container.get("env", [])}


def mounts(component: Component) -> dict[str, Manifest]:
    """The mounts of a component's main container by path."""
    return {mount["mountPath"]: mount for mount in pod_of(component)["containers"][0]["volumeMounts"]}


def table(component: Component, broker: str) -> dict[Any, Any]:
    """The table of other parties' brokers."""
    text = one(component, "ConfigMap", f"{broker}-route-table")["data"][f"{broker}_route_table.yaml"]
    found: dict[Any, Any] = loaded(text)
    return found


# --- settings of FATE-Flow ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("release", "engine"), ALL)
def test_flow_listens_at_its_pods_address(release: str, engine: str) -> None:
    """Host and passwords are places, filled in when the pod starts (components.md section 0, fact 7)."""
    made = python(half(planned(release, engine)))
    assert conf(made)["fateflow"]["host"] == "@@POD_IP@@"
    fill = env(pod_of(made)["initContainers"][1])
    assert fill["POD_IP"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    names = fill["NAMES"].split()
    text = json.dumps(one(made, "ConfigMap", "python-config")["data"])
    assert {name for name in names if f"@@{name}@@" in text} == set(names)
    assert text.count("@@") == 2 * sum(text.count(f"@@{name}@@") for name in names)


@pytest.mark.parametrize(("release", "engine"), ALL)
def test_engines(release: str, engine: str) -> None:
    """`default_engines` in FATE-Flow's words, with settings for each of them and for the control channel."""
    written = conf(python(half(planned(release, engine))))
    expected = {
        "eggroll": ("eggroll", "eggroll" if release == "v1.11.2" else "osx", "eggroll"),
        "spark_rabbitmq": ("spark", "rabbitmq", "hdfs"),
        "spark_pulsar": ("spark", "pulsar", "hdfs"),
        "spark_local_rabbitmq": ("spark", "rabbitmq", "localfs"),
        "spark_local_pulsar": ("spark", "pulsar", "localfs"),
        "standalone_rabbitmq": ("standalone", "rabbitmq", "standalone"),
    }[engine]
    assert tuple(written["default_engines"].values()) == expected
    if release == "v2.0.0":
        assert written["party_id"] == "9999"
        assert set(written["computing"]) == {expected[0]}
        assert {expected[1], written["fateflow"]["proxy_name"]} == set(written["federation"])
        assert bool(written["storage"]) is (expected[2] == "hdfs")
        assert written["database"]["engine"] == "mysql"
    elif engine == "eggroll":
        assert written["fateflow"]["proxy"] == "rollsite"
        assert written["fate_on_eggroll"]["rollsite"] == {"host": "rollsite", "port": 9370}
    else:
        assert written["fateflow"]["proxy"] == "nginx"
        assert written["fate_on_spark"]["nginx"] == {"host": "nginx", "http_port": 9300, "grpc_port": 9310}
        assert ("hdfs" in written["fate_on_spark"]) is (expected[2] == "hdfs")
        assert expected[1] in written["fate_on_spark"]


def test_osx_is_dialled_as_a_stream() -> None:
    """FATE 2 with OSX in the mode that its parties speak, and clustermanager where it is."""
    written = conf(python(half(planned("v2.0.0"))))
    assert written["federation"]["osx"] == {"host": "osx", "port": 9370, "mode": "stream"}
    assert written["computing"]["eggroll"] == {"cores": 8, "nodes": 1, "host": "clustermanager", "port": 4670}


def test_cores_are_those_there_are() -> None:
    """FATE-Flow plans as many cores as nodemanagers or workers have (INV-EGG-17)."""
    asked = ", components: {nodemanager: {replicas: 3, sessionProcessorsPerNode: 6}}"
    written = conf(python(half(planned(party=asked))))
    assert written["fate_on_eggroll"]["clustermanager"] == {"cores_per_node": 6, "nodes": 3}
    written = conf(python(half(planned("v2.0.0", party=asked))))
    assert written["computing"]["eggroll"]["cores"] == 18
    asked = ", components: {sparkWorker: {replicas: 5, resources: {limits: {cpu: 8}}}}"
    spark = conf(python(half(planned(engine="spark_rabbitmq", party=asked))))["fate_on_spark"]["spark"]
    assert (spark["cores_per_node"], spark["nodes"]) == (8, 5)


@pytest.mark.parametrize("engine", ["eggroll", "standalone_rabbitmq"])
@pytest.mark.parametrize(("limit", "cores"), [(1, 8), (8, 8), (9, 9)])
def test_a_party_can_have_two_roles(engine: str, limit: int, cores: int) -> None:
    """FATE-Flow 2 sets four cores aside for each role, so with fewer than eight no party could test itself."""
    word, setting = (
        ("nodemanager", "sessionProcessorsPerNode: {}")
        if engine == "eggroll"
        else (
            "python",
            "resources: {{limits: {{cpu: {}}}}}",
        )
    )
    asked = f", components: {{{word}: {{{setting.format(limit)}}}}}"
    (computing,) = conf(python(half(planned("v2.0.0", engine=engine, party=asked))))["computing"].values()
    assert computing["cores"] == cores


def test_database() -> None:
    """The own MySQL, or the one that federation.yaml names."""
    written = conf(python(half(planned())))["database"]
    assert (written["host"], written["user"], written["passwd"]) == ("mysql", "fate", "@@MYSQL_PASSWORD@@")
    external = ", mysql: {host: db.bank, port: 3307, database: flow, user: me, password: 'secret:fate-9999/db#pw'}"
    made = python(half(planned("v2.0.0", party=external)))
    written = conf(made)["database"]["mysql"]
    assert (written["host"], written["port"], written["name"], written["user"]) == ("db.bank", 3307, "flow", "me")
    fill = env(pod_of(made)["initContainers"][1])
    assert fill["MYSQL_PASSWORD"] == {"secretKeyRef": {"name": "db", "key": "pw"}}
    assert made.secrets == ()


def test_models_are_loaded_into_the_own_serving() -> None:
    """serving-server at the address of the plan; with the registry, its zookeeper as well (INV-SRV-2, INV-SRV-6)."""
    plan = planned(party=", serving: {}", peer=", serving: {}")
    port = plan.by_key["party-9999"].ports["servingServer"]
    made = python(half(plan))
    assert conf(made)["servings"] == {"hosts": [f"192.168.9.1:{port}"]}
    assert conf(made)["use_registry"] is False
    written = conf(python(half(planned(party=", serving: {useRegistry: true}", peer=", serving: {}"))))
    assert written["use_registry"] is True
    assert written["zookeeper"]["hosts"] == ["serving-zookeeper.fate-serving-9999:2181"]


def test_spark() -> None:
    """The master, or FATE-Flow's own pod; executors dial the driver at the pod's address."""
    for engine, master in (("spark_rabbitmq", "spark://spark-master:7077"), ("spark_local_rabbitmq", "local[*]")):
        made = python(half(planned(engine=engine)))
        lines = one(made, "ConfigMap", "python-config")["data"]["spark-defaults.conf"].splitlines()
        assert f"spark.master {master}" in lines
        assert "spark.driver.host @@POD_IP@@" in lines
        assert "fateflow-spark" in pod_of(made)["containers"][0]["image"]
        assert "/data/projects/spark-3.1.3-bin-hadoop3.2/conf/spark-defaults.conf" in mounts(made)
    made = python(half(planned("v2.0.0", "standalone_rabbitmq")))
    assert "spark-defaults.conf" not in one(made, "ConfigMap", "python-config")["data"]
    assert "/fateflow:" in pod_of(made)["containers"][0]["image"]


def test_eggroll_properties() -> None:
    """FATE-Flow's own eggroll needs no password, and its file begins with the section that Python wants."""
    made = python(half(planned()))
    text = one(made, "ConfigMap", "python-config")["data"]["eggroll.properties"]
    assert text.startswith("[eggroll]\n")
    assert "jdbc" not in text
    assert "route.table" not in text


# --- tables of brokers ----------------------------------------------------------------------------------------------


def test_rabbitmq_table() -> None:
    """The own broker and each peer's, by number (INV-RMQ-1, INV-RMQ-2)."""
    plan = planned(engine="spark_rabbitmq")
    port = plan.by_key["party-10000"].ports["rabbitmq"]
    assert table(python(half(plan)), "rabbitmq") == {
        9999: {"host": "rabbitmq", "port": 5672},
        10000: {"host": "192.168.10.1", "port": port},
    }


def test_pulsar_table_of_a_mesh() -> None:
    """Both ports of each broker; nobody is dialled by an exchange (INV-PUL-1, INV-PUL-2)."""
    plan = planned(engine="spark_pulsar")
    ports = plan.by_key["party-10000"].ports
    assert table(python(half(plan)), "pulsar") == {
        9999: {"host": "pulsar", "port": 6650, "sslPort": 6651, "proxy": ""},
        10000: {"host": "192.168.10.1", "port": ports["pulsar"], "sslPort": ports["pulsarTls"], "proxy": ""},
    }


def test_pulsar_table_of_a_star() -> None:
    """All others by name, through the exchange (INV-PUL-3, INV-PUL-5)."""
    plan = planned(engine="spark_local_pulsar", is_star=True)
    port = plan.by_key["exchange-hub"].ports["trafficServer"]
    written = table(python(half(plan)), "pulsar")
    assert set(written) == {9999, "default"}
    assert written["default"] == {
        "proxy": f"192.168.1.1:{port}",
        "domain": "fate.org",
        "brokerPort": 6650,
        "brokerSslPort": 6651,
    }


def test_tenant() -> None:
    """The tenant that all parties must share (INV-PUL-8)."""
    assert conf(python(half(planned(engine="spark_pulsar"))))["fate_on_spark"]["pulsar"]["tenant"] == "fl-tenant"
    both = ", pulsar: {tenant: ours}"
    plan = planned(engine="spark_pulsar", party=both, peer=both)
    assert conf(python(half(plan)))["fate_on_spark"]["pulsar"]["tenant"] == "ours"


def test_tables_are_where_flow_looks() -> None:
    """1.11.2 looks where it is told, 2.0.0 at a place of its own, which is a link to the folder (fact 12)."""
    made = python(half(planned(engine="spark_rabbitmq")))
    path = conf(made)["fate_on_spark"]["rabbitmq"]["route_table"]
    assert made.hot_tables[0].path == f"/data/projects/fate/{path}"
    assert "subPath" not in mounts(made)[str(Path(made.hot_tables[0].path).parent)]
    made = python(half(planned("v2.0.0", "spark_rabbitmq")))
    place = "/data/projects/fate/fate_flow/conf/rabbitmq_route_table.yaml"
    assert made.hot_tables[0].path == place
    script = pod_of(made)["containers"][0]["command"][2]
    assert script.splitlines()[0] == f"ln -sf /etc/fedplan/routes/rabbitmq_route_table.yaml {place}"
    assert "subPath" not in mounts(made)["/etc/fedplan/routes"]


@pytest.mark.parametrize(("release", "engine"), [case for case in ALL if "rabbitmq" in case[1]])
def test_a_new_broker_restarts_nothing(release: str, engine: str) -> None:
    """Tasks read the table anew; settings are read at start only."""
    before = python(half(planned(release, engine)))
    after = python(half(planned(release, engine, peer=", ports: {rabbitmq: 30999}")))
    assert table(before, "rabbitmq") != table(after, "rabbitmq")
    assert digest(before) == digest(after)
    other = python(half(planned(release, engine, party=", components: {python: {resources: {limits: {cpu: 9}}}}")))
    assert (digest(before) != digest(other)) is ("local" in engine or "standalone" in engine)


# --- the pod of FATE-Flow -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["v1.11.2", "v2.0.0"])
def test_nothing_is_downloaded_and_nothing_debugged(release: str) -> None:
    """The server alone, as its image has it."""
    container = pod_of(python(half(planned(release))))["containers"][0]
    assert container["name"] == "fateflow"
    assert not {"pip", "--debug"} & set(" ".join(container["command"]).split())
    probe = container["readinessProbe"]
    if release == "v2.0.0":
        assert probe["httpGet"] == {"port": "tcp-http", "path": "/v2/server/fateflow"}
    else:
        assert probe["tcpSocket"] == {"port": "tcp-http"}


def test_models_are_kept() -> None:
    """FATE 2 keeps models in a folder that the chart does not mount (components.md section 4.1)."""
    assert mounts(python(half(planned("v2.0.0"))))["/data/projects/fate/fate_flow/model"]["subPath"] == "model"
    made = python(half(planned(party=", persistence: true")))
    (claim,) = one(made, "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "python-data"
    assert mounts(made)["/data/projects/fate/fateflow/jobs"]["subPath"] == "jobs"
    assert "/data/projects/fate/localfs" in mounts(python(half(planned(engine="spark_local_pulsar"))))


def test_services_of_flow() -> None:
    """The pod itself for its own party, and the Service with an address for everybody else, exposed as planned."""
    plan = planned(engine="spark_rabbitmq", party=", nginx: direct")
    made = python(half(plan))
    assert one(made, "Service", "fateflow")["spec"]["clusterIP"] == "None"
    spec = one(made, "Service", "fateflow-client")["spec"]
    ports = plan.by_key["party-9999"].ports
    assert spec["type"] == "NodePort"
    assert [port["nodePort"] for port in spec["ports"]] == [ports["fateflowGrpc"], ports["fateflowHttp"]]
    inner = python(half(planned(party=", fateflow: ClusterIP")))
    assert one(inner, "Service", "fateflow-client")["spec"]["type"] == "ClusterIP"


def test_gpu() -> None:
    """Of a GPU, Kubernetes gives what the limits ask for."""
    asked = ", algorithm: NN, device: GPU, components: {python: {resources: {limits: {nvidia.com/gpu: 2}}}}"
    made = python(half(planned(party=asked)))
    assert pod_of(made)["containers"][0]["resources"] == {"limits": {"nvidia.com/gpu": 2}}
    assert pod_of(made)["containers"][0]["image"] == "federatedai/fateflow-nn-gpu:1.11.2-release"


# --- FATEBoard and the notebook -------------------------------------------------------------------------------------


def test_fateboard() -> None:
    """A login of its own, a request as large as its heap, and the page at its host."""
    made = fateboard(half(planned()))
    text = one(made, "ConfigMap")["data"]["application.properties"]
    assert "server.board.login.password=@@FATEBOARD_PASSWORD@@" in text.splitlines()
    assert "fateflow.url=http://fateflow:9380" in text.splitlines()
    assert dict(made.secrets[0].values) == {"username": "admin", "password": GENERATE}
    assert pod_of(made)["containers"][0]["resources"]["requests"]["memory"] == "2560Mi"
    assert [page.url for page in made.interfaces] == ["http://party9999.fateboard.example.com/"]
    (rule,) = one(made, "Ingress")["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"] == {"service": {"name": "fateboard", "port": {"number": 8080}}}
    given = ", credentials: {fateboard: 'file:/run/board'}, ingress: {fateboard: {hosts: [b.bank], tlsSecret: cert}}"
    made = fateboard(half(planned(party=given)))
    assert made.secrets[0].values["password"] == "${secret:file:/run/board}"
    assert [page.url for page in made.interfaces] == ["https://b.bank/"]


def test_notebook_asks_for_a_token() -> None:
    """Without a password of its own, a token is generated; the notebook is never open."""
    made = client(half(planned()))
    container = pod_of(made)["containers"][0]
    assert env(container)["JUPYTER_TOKEN"] == {"secretKeyRef": {"name": "notebook", "key": "token"}}
    assert dict(made.secrets[0].values) == {"token": GENERATE}
    assert "token=" not in " ".join(container["command"])
    assert "initContainers" not in pod_of(made)
    assert one(made, "StatefulSet")["spec"]["serviceName"] == "notebook"
    assert [page.url for page in made.interfaces] == ["http://party9999.notebook.example.com/"]


def test_notebook_with_a_password() -> None:
    """The hash that federation.yaml refers to stands in a file that is made when the pod starts."""
    made = client(half(planned(party=", credentials: {notebook: 'env:HASH'}")))
    text = one(made, "ConfigMap")["data"]["jupyter_config.py"]
    assert 'c.NotebookApp.password = "@@NOTEBOOK_HASH@@"' in text.splitlines()
    assert dict(made.secrets[0].values) == {"hash": "${secret:env:HASH}"}
    container = pod_of(made)["containers"][0]
    assert "JUPYTER_TOKEN" not in env(container)
    assert container["command"][-1] == "--config=/etc/fedplan/jupyter_config.py"
    assert "/etc/fedplan/jupyter_config.py" in mounts(made)


def test_notebook_knows_serving() -> None:
    """The party's serving-server, for the notebook's own tools."""
    plan = planned(party=", serving: {}", peer=", serving: {}")
    port = plan.by_key["party-9999"].ports["servingServer"]
    assert env(pod_of(client(half(plan)))["containers"][0])["FATE_SERVING_HOST"] == f"192.168.9.1:{port}"


@pytest.mark.parametrize(("word", "write"), [("python", python), ("fateboard", fateboard), ("client", client)])
def test_settings_arrive(word: str, write: Any) -> None:
    """Resources, placement and image of every component."""
    asked = "{resources: {limits: {memory: 9Gi}}, tolerations: [{key: fate}], image: mine/it, imageTag: '7'}"
    pod = pod_of(write(half(planned(party=f", components: {{{word}: {asked}}}"))))
    assert pod["containers"][0]["resources"] == {"limits": {"memory": "9Gi"}}
    assert pod["tolerations"] == [{"key": "fate"}]
    assert {each["image"] for each in (*pod["containers"], *pod.get("initContainers", []))} == {"mine/it:7"}


# --- files that are filled in at start ------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    "value", ["plain", 'a\\b"c', "$(id) `id` ${HOME} %s * 'x'", "", "\\", "@@POD_IP@@", "@@", "é\\n"]
)
def test_places_are_filled_in(shell: str, value: str, tmp_path: Path) -> None:
    """Whatever a password holds, the file's reader gets exactly that, and no shell ever runs it."""
    templates, files = tmp_path / "templates", tmp_path / "files"
    templates.mkdir()
    files.mkdir()
    text = 'one: "@@PW@@"\n  # kept \\ as it is\ntwo: "x@@PW@@@@PW@@"\nip: @@POD_IP@@'
    (templates / "it.yaml").write_text(text, encoding="utf-8")
    environment = {"FROM": str(templates), "TO": str(files), "NAMES": "PW POD_IP", "PW": value, "POD_IP": "10.0.0.1"}
    subprocess.run([shell, "-c", configure._SCRIPT], env={"PATH": os.environ["PATH"], **environment}, check=True)
    written = (files / "it.yaml").read_text(encoding="utf-8")
    assert loaded(written) == {"one": value, "two": f"x{value}{value}", "ip": "10.0.0.1"}
    assert "  # kept \\ as it is\n" in written
    assert (files / "it.yaml").stat().st_mode & 0o077 == 0
