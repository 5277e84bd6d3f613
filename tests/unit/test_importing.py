"""`invoke import`: files of KubeFATE become one federation.yaml, and everything that does not agree is told."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from planner.pipeline import check
from renderers.import_command import run_import
from renderers.importing import files as collecting
from renderers.importing.comparing import Reason, compare
from renderers.importing.files import collect
from renderers.importing.importing import Imported, import_paths
from renderers.importing.specs import Role, recognise
from renderers.planning import render_site
from renderers.report import locate
from renderers.report.json_report import schema
from tests.quick_yaml import loaded

TESTS = Path(__file__).resolve().parents[1]
BASES = sorted((TESTS / "faults" / "bases").glob("*.yaml"))
SAMPLES = sorted((TESTS / "golden" / "samples").glob("*/federation.yaml"))
WITHOUT_FILES = {"v2_star", "samples-v2.0.0-star"}
"""Federations with a site that has no cluster.yaml: an OSX exchange is deployed from manifests."""


def spec(number: int, more: str = "", **changes: str) -> str:
    """The cluster.yaml of an eggroll party of v1.11.2: 9999 and 10000 dial each other."""
    last = {9999: "9", 10000: "10"}[number]
    other = {9999: 10000, 10000: 9999}[number]
    values = {
        "version": "v1.11.2",
        "id": str(number),
        "registry": '""',
        "type": "NodePort",
        "port": {9999: "30091", 10000: "30101"}[number],
        "peer": str(other),
        "ip": f"192.168.{'10' if last == '9' else '9'}.1",
        "peerPort": {9999: "30101", 10000: "30091"}[number],
        "modules": "rollsite, clustermanager, nodemanager, mysql, python, fateboard, client",
        "federation": "Eggroll",
    } | changes
    return textwrap.dedent(
        """\
            name: fate-{number}
            namespace: fate-{number}
            chartName: fate
            chartVersion: {version}
            partyId: {id}
            registry: {registry}
            pullPolicy:
            persistence: false
            ingressClassName: nginx
            modules: [{modules}]
            computing: Eggroll
            federation: {federation}
            storage: Eggroll
            algorithm: Basic
            device: CPU
            ingress:
              fateboard: {{hosts: [{{name: party{number}.fateboard.example.com}}]}}
              client: {{hosts: [{{name: party{number}.notebook.example.com}}]}}
            rollsite:
              type: {type}
              nodePort: {port}
              partyList:
                - partyId: {peer}
                  partyIp: {ip}
                  partyPort: {peerPort}
            python:
              type: NodePort
              httpNodePort: 3{middle}7
              grpcNodePort: 3{middle}2
              logLevel: INFO
            """
    ).format(number=number, middle={9999: "009", 10000: "010"}[number], **values) + textwrap.dedent(more)


Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into a folder of their own."""

    def write_files(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "deployed"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write_files


def rendered(text: str) -> dict[str, str]:
    """The files that a federation.yaml plans, by their paths; a kube.cfg once."""
    plan = check(text.encode()).plan
    assert plan is not None
    render = render_site(plan)
    files: dict[str, str] = {}
    for planned in plan.sites:
        shared = planned.release.generation == "script"
        for name, content in render(planned).items():
            files[name if shared else f"{planned.key}/{name}"] = content
    return files


def found(imported: Imported) -> list[tuple[str, str, int]]:
    """Code, file and line of every error and warning, but for default passwords, in the order they are told."""
    located = locate(imported.diagnostics, imported.documents, imported.names)
    return [
        (each.diagnostic.fault.code, Path(each.file).name, each.span.line if each.span else 0)
        for each in located
        if str(each.diagnostic.fault.severity) != "info" and each.diagnostic.fault.code != "FED802"
    ]


# ---------------------------------------------------------------------------------------------------------------------
# What plan writes is imported as what it was planned from


@pytest.mark.parametrize("path", [*BASES, *SAMPLES], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_planning_the_result_reproduces_what_was_imported(path: Path, write: Write) -> None:
    """Value by value: no difference at all, for every family, release and topology."""
    folder = write(rendered(path.read_text(encoding="utf-8")))
    imported = import_paths([str(folder)], "again")
    assert imported.is_plannable
    if not WITHOUT_FILES & {path.stem, path.parent.name}:
        assert imported.differences == ()
        assert [each for each in imported.diagnostics if each.is_error] == []


def test_only_the_serving_proxy_stays_inside_its_cluster(write: Write) -> None:
    """Its name in the peers' tables is that of an exposure, and no address of the party's own."""
    text = """\
version: 1
name: demo
release: v1.6.0-a
topology: mesh
clusters:
  - {name: bank, address: 192.168.1.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: bank, serving: {exposure: ClusterIP}}
  - {id: 10001, cluster: bank, fateflow: ClusterIP}
defaults:
  serving: {}
"""
    imported = import_paths([str(write(rendered(text)))], "again")
    assert imported.differences == ()
    assert "routes:" not in imported.text


PAIR = """\
version: 1
name: demo
release: {release}
topology: {topology}
clusters:
  - {{name: bank, address: 192.168.9.1}}
  - {{name: shop, address: 192.168.10.1}}
{exchanges}
parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 10000, cluster: shop}}
defaults:
  {defaults}
"""


@pytest.mark.parametrize(
    ("release", "exchange", "defaults", "words"),
    [
        (
            "v1.10.0",
            (
                "kind: servingProxy, serving: {release: v2.1.5}, imageTag: 2.1.5-release, istio: true, "
                "persistence: true, "
                "ingress: {class: traefik, servingProxy: {hosts: [models.hub.org], tlsSecret: hub-tls}}, "
                "components: {servingZookeeper: {storage: {storageClass: fast, subPath: zookeeper}}}"
            ),
            "serving: {release: v2.1.5}",
            ["imageTag:", "istio: true", "persistence: true", "class: traefik", "tlsSecret: hub-tls"],
        ),
        (
            "v1.11.2",
            "",
            'engine: spark_rabbitmq\n  components: {sparkWorker: {image: registry.org/worker, imageTag: "7"}}',
            ["image: registry.org/worker", 'imageTag: "7"'],
        ),
        ("v1.5.3", "", "components: {nodemanager: {nodeSelectors: [{disk: a}, {disk: b}]}}", ["disk: b"]),
    ],
)
def test_settings_come_back_in_their_words(
    release: str, exchange: str, defaults: str, words: list[str], write: Write
) -> None:
    """What federation.yaml has a word for is no difference, whatever the chart calls it."""
    topology = "[{mesh: all}, {star: all, through: hub}]" if exchange else "mesh"
    exchanges = f"exchanges: [{{name: hub, cluster: bank, {exchange}}}]" if exchange else ""
    text = PAIR.format(release=release, topology=topology, exchanges=exchanges, defaults=defaults)
    imported = import_paths([str(write(rendered(text)))], "again")
    assert imported.is_plannable
    assert imported.differences == ()
    assert [word for word in words if word not in imported.text] == []


def test_labels_that_no_template_reads_are_not_brought_to_life(write: Write) -> None:
    """Until v1.6.0 the block of the nodemanagers has none of its own, so they run on any node, and go on doing so."""
    defaults = "components: {nodemanager: {replicas: 3}}"
    files = rendered(PAIR.format(release="v1.5.3", topology="mesh", exchanges="", defaults=defaults))
    changed = {
        name: text.replace("  count: 3", "  count: 3\n  nodeSelector: {disk: a}") for name, text in files.items()
    }
    imported = import_paths([str(write(changed))], "again")
    assert {code for code, _, _ in found(imported)} == {"FED702"}
    assert "disk" not in imported.text


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if number % 4 == 0 else pytest.mark.slow)
        for number, path in enumerate([*BASES, *SAMPLES])
    ],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_the_result_is_the_same_in_any_order_of_files(path: Path, write: Write) -> None:
    """Files named one by one give the same sites, whatever comes first; only their order follows the files."""
    folder = write(rendered(path.read_text(encoding="utf-8")))
    paths = sorted(str(each) for each in folder.rglob("*") if each.is_file() and each.suffix == ".yaml")
    if not paths or WITHOUT_FILES & {path.stem, path.parent.name}:
        pytest.skip("one file, or manifests")
    one, other = import_paths(paths, "again"), import_paths(paths[::-1], "again")
    first, second = (
        {name: _sorted(loaded(text)) for name, text in rendered(found.text).items() if name.endswith(".yaml")}
        for found in (one, other)
    )
    assert first == second


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, list) else value


def test_two_parties_become_a_small_file(write: Write) -> None:
    """A mesh of two, with their addresses as the other dials them, and no setting that is a default."""
    imported = import_paths([str(write({"a.yaml": spec(9999), "b.yaml": spec(10000)}))], "pair")
    data = loaded(imported.text)
    assert data == {
        "version": 1,
        "name": "pair",
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [
            {"name": "cluster-9999", "address": "192.168.9.1"},
            {"name": "cluster-10000", "address": "192.168.10.1"},
        ],
        "parties": [
            {
                "id": 9999,
                "cluster": "cluster-9999",
                "ports": {"rollsite": 30091, "fateflowHttp": 30097, "fateflowGrpc": 30092},
            },
            {
                "id": 10000,
                "cluster": "cluster-10000",
                "ports": {"rollsite": 30101, "fateflowHttp": 30107, "fateflowGrpc": 30102},
            },
        ],
    }
    assert (imported.differences, found(imported), imported.pairs) == ((), [], 2)


def test_a_partner_without_a_file_is_known_by_name(write: Write) -> None:
    """Its address and port are those that it is dialled at, so that the other's file comes out the same."""
    imported = import_paths([str(write({"a.yaml": spec(9999)}))], "one")
    data = loaded(imported.text)
    assert data["parties"][1] == {"id": 10000, "cluster": "cluster-10000", "ports": {"rollsite": 30101}}
    assert [each.fault.code for each in imported.diagnostics if str(each.fault.severity) == "info"] == ["FED713"]
    assert imported.differences == ()


# ---------------------------------------------------------------------------------------------------------------------
# What does not agree is found, at its line in the imported files


DEFECTS: dict[str, tuple[dict[str, str], list[tuple[str, str, int]]]] = {
    "a port that nobody listens on": (
        {"a.yaml": spec(9999, peerPort="30111"), "b.yaml": spec(10000)},
        [("FED208", "a.yaml", 23)],
    ),
    "a route in one direction only": (
        {
            "a.yaml": spec(9999),
            "b.yaml": spec(10000)
            .replace("    - partyId: 9999\n", "")
            .replace("      partyIp: 192.168.9.1\n      partyPort: 30091\n", ""),
        },
        [("FED714", "a.yaml", 5), ("FED201", "b.yaml", 22)],
    ),
    "a Service without a type": (
        {"a.yaml": spec(9999, type=""), "b.yaml": spec(10000)},
        [("FED306", "a.yaml", 20), ("FED308", "a.yaml", 20)],
    ),
    "a loopback address": (
        {"a.yaml": spec(9999, ip="127.0.0.1"), "b.yaml": spec(10000, "servingIp: 192.168.10.1\nservingPort: 30105\n")},
        [("FED208", "a.yaml", 23), ("FED305", "a.yaml", 23)],
    ),
    "another release": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000, version="v1.10.0")},
        [("FED402", "b.yaml", 4)],
    ),
    "a release that there is not": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000, version="v1.11.9")},
        [("FED401", "b.yaml", 4)],
    ),
    "no release": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000, version="")},
        [("FED715", "b.yaml", 4)],
    ),
    "one NodePort for two on one cluster": (
        {
            "a.yaml": spec(9999, ip="192.168.9.1", peerPort="30091"),
            "b.yaml": spec(10000, port="30091"),
        },
        [("FED308", "b.yaml", 20), ("FED301", "b.yaml", 21)],
    ),
    "a registry with a slash": (
        {"a.yaml": spec(9999, registry="harbor.example.com/fate/"), "b.yaml": spec(10000)},
        [("FED408", "a.yaml", 6)],
    ),
    "a key that nobody reads": (
        {"a.yaml": spec(9999, "nginx: {http_port: 30093, grpc_port: 30098}\n"), "b.yaml": spec(10000)},
        [("FED702", "a.yaml", 31)],
    ),
    "an id that is no number": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000, id="ten")},
        [("FED714", "a.yaml", 5), ("FED112", "b.yaml", 5)],
    ),
    "an id that is too large": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000, id="10000000")},
        [("FED122", "b.yaml", 5), ("FED714", "b.yaml", 5)],
    ),
    "a module of another release": (
        {
            "a.yaml": spec(9999, version="v2.0.0"),
            "b.yaml": spec(10000, version="v2.0.0"),
        },
        [
            ("FED405", "a.yaml", 10),
            ("FED404", "a.yaml", 11),
            ("FED702", "a.yaml", 20),
            ("FED405", "b.yaml", 10),
            ("FED404", "b.yaml", 11),
            ("FED702", "b.yaml", 20),
        ],
    ),
    "two files for one party": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000), "c.yaml": spec(10000)},
        [("FED712", "c.yaml", 5)],
    ),
    "a host that the chart fills in": (
        {"a.yaml": spec(9999), "b.yaml": spec(10000).replace("  fateboard: {hosts", "  fateboardd: {hosts")},
        [("FED725", "b.yaml", 16), ("FED702", "b.yaml", 17)],
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_at_its_line(name: str, write: Write) -> None:
    """Each of them with the code that plan has for it, and the file can still be planned: corrected."""
    files, expected = DEFECTS[name]
    imported = import_paths([str(write(files))], "broken")
    assert found(imported) == expected
    assert imported.is_plannable
    assert [each for each in imported.differences if each.reason is Reason.UNEXPLAINED] == []
    assert check(imported.text.encode()).plan is not None


CHANGES: dict[str, tuple[str, str, str, str, set[str]]] = {
    "another domain on one party": (
        "pulsar_star", "party-9999/cluster.yaml", "domain: fate.example.com", "domain: fate.org", {"FED208"},
    ),
    "a missing name at the exchange": (
        "pulsar_star", "exchange-hub/cluster.yaml",
        '      - fqdn: "9999.fate.example.com"\n        tunnelRoute: "192.168.9.1:30099"\n', "", {"FED206"},
    ),
    "a wrong port of the exchange": (
        "pulsar_star", "party-9999/cluster.yaml", "    port: 30000\n", "    port: 30001\n", {"FED208"},
    ),
    "nginx ports under names of another kind": (
        "spark_rabbitmq", "party-9999/cluster.yaml",
        "  httpNodePort: 30093\n  grpcNodePort: 30098", "  http_port: 30093\n  grpc_port: 30098", {"FED308", "FED702"},
    ),
    "RabbitMQ in one direction": (
        "spark_rabbitmq", "party-10001/cluster.yaml", "      port: 30094", "      port: 30194", {"FED208"},
    ),
    "an own entry that leads to another broker": (
        "spark_rabbitmq", "party-9999/cluster.yaml",
        "host: rabbitmq\n      port: 5672", "host: pulsar\n      port: 6650", {"FED726"},
    ),
    "nginx without an exchange": (
        "spark_rabbitmq", "party-9999/cluster.yaml",
        "  exchange:\n    ip: 0.0.0.1\n    httpPort: 9300\n    grpcPort: 9310\n", "", {"FED725"},
    ),
    "a serving proxy that is not where its peer dials it": (
        "serving", "party-9999/serving.yaml", "nodePort: 30096", "nodePort: 30196", {"FED208"},
    ),
    "both sides of polling are servers": (
        "polling_party", "party-10000/cluster.yaml", "type: client", "type: server", {"FED202", "FED208"},
    ),
}  # fmt: skip
"""One change in a planned file of a base of tests/faults: base, file, what is replaced, by what, and the findings."""


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_of_any_family_is_found(name: str, write: Write) -> None:
    """Pulsar and its exchange, RabbitMQ, nginx, serving, polling: with the same codes as plan and verify have."""
    base, file, old, new, codes = CHANGES[name]
    files = rendered((TESTS / "faults" / "bases" / f"{base}.yaml").read_text(encoding="utf-8"))
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    imported = import_paths([str(write(files))], "changed")
    assert codes <= {code for code, _, _ in found(imported)}, found(imported)
    assert [each for each in imported.differences if each.reason is Reason.UNEXPLAINED] == []


def test_engines_that_cannot_talk_leave_no_plan(write: Write) -> None:
    """The federation.yaml is written all the same, and says what was read."""
    spark = {
        "modules": "python, mysql, nginx, rabbitmq, spark, hdfs",
        "federation": "RabbitMQ",
    }
    text = (
        spec(10000, **spark)
        .replace("computing: Eggroll", "computing: Spark")
        .replace("storage: Eggroll", "storage: HDFS")
    )
    imported = import_paths([str(write({"a.yaml": spec(9999), "b.yaml": text}))], "mixed")
    assert not imported.is_plannable
    assert "FED406" in {code for code, _, _ in found(imported)}
    assert loaded(imported.text)["parties"][1]["engine"] == "spark_rabbitmq"


# ---------------------------------------------------------------------------------------------------------------------
# Secrets


SECRETS = """\
mysql:
  user: fate
  password: hunter2
fateboard:
  username: bob
  password: s3cret-board
client:
  notebook_hashed_password: argon2:hash-of-it
rabbitmq:
  default_pass: rabbit-of-old
"""


@pytest.mark.parametrize("format_name", ["text", "json", "sarif", "junit", "github"])
def test_a_secret_becomes_a_reference_and_is_shown_nowhere(format_name: str, write: Write, tmp_path: Path) -> None:
    """Neither in federation.yaml nor in any report."""
    folder = write({"a.yaml": spec(9999, SECRETS), "b.yaml": spec(10000)})
    output = tmp_path / "federation.yaml"
    text, _ = run_import([str(folder)], str(output), format_name, name="x", force=False)
    written = output.read_text(encoding="utf-8")
    for secret in ("hunter2", "s3cret-board", "hash-of-it", "rabbit-of-old"):
        assert secret not in text
        assert secret not in written
    data = loaded(written)
    assert data["parties"][0]["credentials"] == {
        "mysql": "env:FATE_9999_MYSQL_PASSWORD",
        "fateboard": "env:FATE_9999_FATEBOARD_PASSWORD",
        "notebook": "env:FATE_9999_NOTEBOOK_PASSWORD",
    }
    assert data["parties"][0]["overrides"] == {"fateboard": {"username": "bob"}}


def test_published_passwords_stay_the_default(write: Write) -> None:
    """Then plan warns of them as ever."""
    text = spec(9999, "mysql: {user: fate, password: fate_dev}\n")
    imported = import_paths([str(write({"a.yaml": text, "b.yaml": spec(10000)}))], "x")
    assert "credentials" not in imported.text
    assert "FED802" in {each.fault.code for each in imported.diagnostics}
    assert {each.reason for each in imported.differences} == {Reason.DEFAULT}


# ---------------------------------------------------------------------------------------------------------------------
# kube.cfg and parties.conf


KUBE_CFG = """\
partylist=(10000 9999)   # ids
partyiplist=(
  192.168.11.2:30010
  192.168.11.3:30009
)
exchangeip={exchange}
proxyIpList=()
nodeLabel=fedai.org
eggList=(node-0 node-1)
federation=node-0
"""


@pytest.mark.parametrize("exchange", ["", "192.168.11.9:30001"])
def test_a_kube_cfg_is_reproduced(exchange: str, write: Write) -> None:
    """Both topologies, with the release from the .env beside it."""
    folder = write({"kube.cfg": KUBE_CFG.format(exchange=exchange), ".env": "TAG=1.2.0-release\nRegistryURI=\n"})
    imported = import_paths([str(folder)], "old")
    data = loaded(imported.text)
    assert (data["release"], data["topology"]) == ("v1.2.0", "star" if exchange else "mesh")
    assert (imported.is_plannable, imported.differences, found(imported)) == (True, (), [])


PARTIES_CONF = """\
user=fate
party_list=(10000 9999 {third})
party_ip_list=(192.168.1.1 {second} {last})
serving_ip_list=()
computing=Eggroll
federation=Eggroll
storage=Eggroll
algorithm=Basic
device=CPU
gpu_count=1
exchangeip=
mysql_ip=mysql
mysql_password=hunter2
fateboard_password=admin
"""


def test_a_parties_conf_is_read_for_kubernetes(write: Write) -> None:
    """Hosts, engine and secrets; the release is a guess without an .env."""
    folder = write({"parties.conf": PARTIES_CONF.format(third="", second="192.168.1.2", last="")})
    imported = import_paths([str(folder)], "docker")
    data = loaded(imported.text)
    assert [each["address"] for each in data["clusters"]] == ["192.168.1.1", "192.168.1.2"]
    assert (data["release"], data["topology"], imported.is_plannable) == ("v1.11.2", "mesh", True)
    assert "hunter2" not in imported.text
    assert {each.fault.code for each in imported.diagnostics} == {"FED714", "FED718", "FED724", "FED802"}


def test_what_generate_config_does_not_check_is_found(write: Write) -> None:
    """Two parties on one host, and a list that is too short (INV-DOC-1, INV-DOC-3)."""
    folder = write({"parties.conf": PARTIES_CONF.format(third="9998", second="192.168.1.1", last="")})
    assert {("FED722", "parties.conf", 3), ("FED721", "parties.conf", 3)} <= set(
        found(import_paths([str(folder)], "docker"))
    )


def test_a_parties_conf_is_never_run(write: Write, tmp_path: Path) -> None:
    """What needs a shell is refused with its place."""
    folder = write({"parties.conf": f"party_list=($(touch {tmp_path}/ran))\n"})
    imported = import_paths([str(folder)], "docker")
    assert (imported.text, set(found(imported))) == ("", {("FED723", "parties.conf", 1)})
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------------------------------------------------------------
# Any folder can be named


def test_a_folder_may_hold_anything(write: Write) -> None:
    """What is none of KubeFATE's is left out with a remark, what is broken and looks like it is told."""
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}, *{chr(97 + n)}]\n"
        for n in range(15)
    )
    folder = write(
        {
            "a.yaml": spec(9999),
            "b.yaml": spec(10000),
            "bomb.yaml": bomb,
            "deep.yaml": "[" * 5000,
            "empty.yaml": "",
            "ingress.yaml": "kind: Ingress\n",
            "list.yaml": "- 1\n",
            "notes.txt": "partyId: 1\n",
            ".hidden/c.yaml": spec(10000, id="7"),
            "broken.yaml": "partyId: 1\nchartVersion: v1.11.2\nmodules: [",
        }
    )
    (folder / "binary.yaml").write_bytes(bytes(range(256)))
    (folder / "loop").symlink_to(folder)
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    imported = import_paths([str(folder)], "any")
    assert (imported.read, imported.is_plannable) == (2, True)
    assert {(code, name) for code, name, _ in found(imported)} == {("FED105", "broken.yaml"), ("FED101", "gone.yaml")}
    skipped = [each.message for each in imported.diagnostics if each.fault.code == "FED711"]
    left_out = {message.partition(" ")[0].strip('"') for message in skipped}
    assert left_out == {"bomb.yaml", "deep.yaml", "empty.yaml", "ingress.yaml", "list.yaml", "binary.yaml"}


def test_a_file_that_was_named_must_be_kubefates(write: Write) -> None:
    """An error, not a remark."""
    folder = write({"notes.yaml": "a: 1\n"})
    assert found(import_paths([str(folder / "notes.yaml")], "x")) == [("FED710", "notes.yaml", 1)]


def test_a_file_is_read_once(write: Write) -> None:
    """Named twice, or reached through a link."""
    folder = write({"a.yaml": spec(9999)})
    (folder / "same.yaml").symlink_to(folder / "a.yaml")
    sources, findings = collect([str(folder / "a.yaml"), str(folder), str(folder / "a.yaml")])
    assert ([Path(each.name).name for each in sources], findings) == (["a.yaml"], ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(write: Write) -> None:
    """The rest is imported."""
    folder = write({"a.yaml": spec(9999), "closed/b.yaml": spec(10000)})
    (folder / "closed").chmod(0)
    imported = import_paths([str(folder)], "x")
    (folder / "closed").chmod(0o700)
    assert ("FED101", "closed", 1) in found(imported)


def test_too_many_files_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and what was read before counts."""
    monkeypatch.setattr(collecting, "MAX_FILES", 2)
    folder = write({f"{name}.yaml": spec(9999) for name in "abcdef"})
    sources, findings = collect([str(folder)])
    assert (len(sources), [each.fault.code for each in findings]) == (2, ["FED102"])


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("partyId: exchange\nmodules: [rollsite]\nchartName: fate\nchartVersion: v1.5.0", Role.EXCHANGE),
        ("partyId: 1\nmodules: [trafficServer, nginx]\nchartName: fate-exchange", Role.EXCHANGE),
        ("partyId: 1\nmodules: [servingProxy]\nchartName: fate-serving", Role.SERVING_EXCHANGE),
        ("partyId: exchange\nmodules: [rollsite]\nchartName: fate-serving", Role.SERVING_EXCHANGE),
        ("partyId: 1\nmodules: [servingProxy, servingServer]\nchartName: fate-serving", Role.SERVING),
        ("partyId: 1\nmodules: [proxy, egg, python]\nversion: v1.3.0-a", Role.PARTY),
        ("partyId: 1\nmodules: [proxy]\nchartVersion: v1.3.0-a", Role.EXCHANGE),
        ("partyId: 1\nname: x", None),
        ("- partyId: 1", None),
    ],
)
def test_roles_are_recognised(text: str, role: Role | None) -> None:
    """By chart, modules and keys, in every dialect."""
    from planner.source import parse

    document, _ = parse(text.encode())
    assert document is not None
    recognised = recognise("x", document)
    assert (None if recognised is None else recognised.role) == role


def test_what_means_nothing_is_no_difference() -> None:
    """Null, empty values, false, the order of modules and of rows, and the root path of an ingress host."""
    one: dict[str, Any] = {
        "a": None,
        "b": "",
        "c": {"d": []},
        "modules": ["x", "y"],
        "list": [{"partyId": 1}, {"partyId": 2}],
    }
    other: dict[str, Any] = {"e": False, "modules": ["y", "x"], "list": [{"partyId": 2, "path": "/"}, {"partyId": 1}]}
    assert list(compare("s", "d", one, other)) == []
    assert [each.key for each in compare("s", "d", {"a": {"b": 1}}, {"a": {"b": 2}, "c": 3})] == ["a.b", "c"]


# ---------------------------------------------------------------------------------------------------------------------
# The command


def run(paths: Sequence[str], output: Path, format_name: str = "text", *, force: bool = False) -> tuple[str, int]:
    """`invoke import`."""
    return run_import(paths, str(output), format_name, name="imported", force=force)


def test_it_writes_and_overwrites_nothing(write: Write, tmp_path: Path) -> None:
    """64 while the file is there, unless --force; the same bytes every time."""
    folder, output = write({"a.yaml": spec(9999), "b.yaml": spec(10000)}), tmp_path / "federation.yaml"
    text, code = run([str(folder)], output)
    assert (code, "reproduces the imported files, value by value" in text) == (0, True)
    before = output.read_bytes()
    assert run([str(folder)], output)[1] == 64
    assert run([str(folder)], output, force=True)[1] == 0
    assert output.read_bytes() == before


@pytest.mark.parametrize(
    ("paths", "output", "words"),
    [
        ([], "federation.yaml", "--path names a file"),
        (["nowhere"], "federation.yaml", "there is no"),
        (["."], ".", "is a folder"),
        (["."], "no/federation.yaml", "there is no folder"),
    ],
)
def test_wrong_options_are_usage_errors(paths: list[str], output: str, words: str, tmp_path: Path) -> None:
    """64, and one clause that says what to do."""
    os.chdir(tmp_path)
    text, code = run_import(paths, output, "text", name="x", force=False)
    assert (code, words in text) == (64, True)


def test_a_name_that_no_federation_can_have_is_a_usage_error(write: Write, tmp_path: Path) -> None:
    """Said before anything is read."""
    folder = write({"a.yaml": spec(9999)})
    text, code = run_import([str(folder)], str(tmp_path / "f.yaml"), "text", name="Credit Risk", force=False)
    assert (code, "--name takes" in text) == (64, True)


def test_errors_are_told_by_the_exit_code(write: Write, tmp_path: Path) -> None:
    """1, and the file is written; nothing at all where nothing could be imported."""
    folder = write({"a.yaml": spec(9999, peerPort="30111"), "b.yaml": spec(10000)})
    assert run([str(folder)], tmp_path / "one.yaml")[1] == 1
    assert (tmp_path / "one.yaml").exists()
    (tmp_path / "none").mkdir()
    assert run([str(tmp_path / "none")], tmp_path / "two.yaml")[1] == 1
    assert not (tmp_path / "two.yaml").exists()


def test_the_json_report_holds_every_difference(write: Write, tmp_path: Path) -> None:
    """And fits the schema that all commands share."""
    folder = write({"a.yaml": spec(9999, "servingIp: 192.168.9.1\nmysql: {user: fate}\n"), "b.yaml": spec(10000)})
    report = json.loads(run([str(folder)], tmp_path / "federation.yaml", "json")[0])
    jsonschema.validate(report, schema())
    assert report["import"]["plannable"] is True
    assert [each["reason"] for each in report["import"]["differences"]] == ["default"]


# ---------------------------------------------------------------------------------------------------------------------
# Files as they are found


def told(imported: Imported) -> list[tuple[str, str]]:
    """The code and the message of every finding."""
    return [(each.fault.code, each.message) for each in imported.diagnostics]


def unexplained(imported: Imported) -> list[str]:
    """The keys of the differences that nobody can explain."""
    return [each.key for each in imported.differences if each.reason is Reason.UNEXPLAINED]


@pytest.mark.timeout(60)
def test_files_without_any_party_end_the_import(write: Write) -> None:
    """A file whose party id is no number leaves nothing to import, and says so."""
    imported = import_paths([str(write({"a.yaml": spec(9999, id="-1")}))], "imported")
    assert (imported.text, [each.fault.code for each in imported.diagnostics]) == ("", ["FED112"])


def test_a_folder_with_nothing_to_import_is_an_error_in_every_format(write: Write, tmp_path: Path) -> None:
    """Formats for machines stay what they are."""
    folder = write({"values.yaml": "replicaCount: 1\n"})
    text, code = run_import((str(folder),), str(tmp_path / "federation.yaml"), "json", name="x", force=False)
    assert (code, sorted(each["code"] for each in json.loads(text)["diagnostics"])) == (1, ["FED710", "FED711"])


def test_a_link_that_leads_to_itself_hides_no_other_file(write: Write) -> None:
    """The folder is read, and the link is told."""
    folder = write({"a.yaml": spec(9999), "b.yaml": spec(10000)})
    (folder / "c.yaml").symlink_to("c.yaml")
    imported = import_paths([str(folder)], "imported")
    assert (imported.read, [each.fault.code for each in imported.diagnostics if each.is_error]) == (2, ["FED101"])


def test_several_documents_of_one_file_are_files_of_their_own(write: Write) -> None:
    """Each finding is at the line of the file that holds them all."""
    first, second = spec(9999), spec(10000, peerPort="30199")
    imported = import_paths([str(write({"all.yaml": f"{first}---\n{second}"}))], "imported")
    found = next(each for each in imported.diagnostics if each.fault.code == "FED208")
    text = f"{first}---\n{second}".splitlines()
    assert (imported.sites, imported.is_plannable) == (2, True)
    located = locate([found], imported.documents, imported.names)[0]
    assert located.span is not None
    assert located.file.endswith("all.yaml")
    assert text[located.span.line - 1].strip() == "- partyId: 9999"


def test_a_cluster_yaml_in_another_encoding_is_not_passed_over(write: Write) -> None:
    """Some editors of Windows write UTF-16."""
    folder = write({"b.yaml": spec(10000)})
    (folder / "a.yaml").write_bytes(spec(9999).encode("utf-16"))
    assert import_paths([str(folder)], "imported").has_errors


def test_the_values_of_a_chart_are_no_cluster_yaml(write: Write) -> None:
    """KubeFATE makes them of a cluster.yaml; they have a partyId as well."""
    values = "partyId: 9999\nmodules: {rollsite: {include: true}}\n"
    folder = write({"a.yaml": spec(9999), "b.yaml": spec(10000), "values.yaml": values})
    imported = import_paths([str(folder)], "imported")
    assert (imported.read, next(code for code, text in told(imported) if "values.yaml" in text)) == (2, "FED711")


@pytest.mark.parametrize(
    "more",
    [
        "fateboard: {password: {value: Hunter2Zq}}\n",
        "foo: {secretKey: Hunter2Zq, pwd: Hunter2Zq, pass: Hunter2Zq}\n",
        "python: {tolerations: [{key: a, password: Hunter2Zq}]}\n",
    ],
)
@pytest.mark.parametrize("format_name", ["text", "json"])
def test_a_secret_below_or_inside_a_key_is_shown_nowhere(
    more: str, format_name: str, write: Write, tmp_path: Path
) -> None:
    """Whatever form it has, and whether or not the chart reads it."""
    folder = write({"a.yaml": spec(9999, more), "b.yaml": spec(10000)})
    target = tmp_path / "federation.yaml"
    text, _ = run_import((str(folder),), str(target), format_name, name="x", force=False)
    assert "Hunter2Zq" not in text + target.read_text()


def test_settings_of_windows_are_told_once_and_without_their_secrets(write: Write, tmp_path: Path) -> None:
    """Bash takes every carriage return for a part of the value."""
    lines = ["mysql_password=$(Hunter2Zq)", "party_list=(10000 9999)", "party_ip_list=(10.0.0.1 10.0.0.2)", ""]
    folder = write({"parties.conf": "\r\n".join(lines)})
    text, code = run_import((str(folder),), str(tmp_path / "f.yaml"), "text", name="x", force=False)
    assert (code, text.count("carriage return"), "Hunter2Zq" in text) == (1, 1, False)


def test_of_two_rows_for_one_party_the_last_counts(write: Write) -> None:
    """As it does for the router."""
    row = "    - {partyId: 10000, partyIp: 192.168.77.1, partyPort: 30101}\n"
    first = spec(9999).replace("  partyList:\n", f"  partyList:\n{row}")
    imported = import_paths([str(write({"a.yaml": first, "b.yaml": spec(10000)}))], "imported")
    assert "192.168.77.1" not in imported.text
    assert "FED208" not in {code for code, _ in told(imported)}


def test_tls_that_one_side_alone_has_is_left_out(write: Write) -> None:
    """It is taken out where it stands, as it cannot be taken out where it is missing."""
    first = spec(9999).replace("rollsite:\n", "rollsite:\n  enableTLS: true\n")
    imported = import_paths([str(write({"a.yaml": first, "b.yaml": spec(10000)}))], "imported")
    assert (imported.is_plannable, unexplained(imported)) == (True, [])
    assert imported.corrections == ("party 9999: tls is left out because of FED216",)


def test_releases_that_cannot_talk_leave_nothing_unexplained(write: Write) -> None:
    """The party that is planned with another release has the engine of that release."""
    folder = write({"a.yaml": spec(9999, version="v2.0.0"), "b.yaml": spec(10000)})
    assert unexplained(import_paths([str(folder)], "imported")) == []


EXCHANGE = """\
name: {name}
namespace: {name}
chartName: fate-exchange
chartVersion: v1.11.2
partyId: 1
modules: [rollsite]
rollsite:
  type: NodePort
  nodePort: {port}
  partyList:
  - {{partyId: 9999, partyIp: 192.168.9.1, partyPort: 30091}}
  - {{partyId: 10000, partyIp: 192.168.10.1, partyPort: 30101}}
"""


def test_a_row_that_nobody_needs_is_explained(write: Write) -> None:
    """The exchange knows a party whose messages never pass it."""
    first = spec(9999).replace("rollsite:\n", "rollsite:\n  exchange: {ip: 192.168.0.1, port: 30000}\n")
    hub = EXCHANGE.format(name="fate-hub", port=30000)
    imported = import_paths([str(write({"a.yaml": first, "b.yaml": spec(10000), "hub.yaml": hub}))], "imported")
    assert {Reason.UNUSED} == {each.reason for each in imported.differences if "10000" in each.key}
    assert not imported.has_errors


def test_exchanges_with_one_id_both_stay(write: Write) -> None:
    """KubeFATE's own samples give every exchange the id 1."""
    hubs = {
        f"{name}.yaml": EXCHANGE.format(name=f"fate-{name}", port=port) for name, port in (("h", 30000), ("i", 30010))
    }
    imported = import_paths([str(write({"a.yaml": spec(9999), "b.yaml": spec(10000), **hubs}))], "imported")
    assert (imported.sites, imported.corrections[0]) == (4, "exchange i: id is left out because of FED126")


def test_the_address_of_somebody_else_is_no_way_of_ones_own(write: Write) -> None:
    """A row that leads to another site, at a port that nobody has there, is a mistake (INV-EGG-2)."""
    files = rendered(
        """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank, ports: {rollsite: 30091}}
  - {id: 10000, cluster: shop, ports: {rollsite: 30101}}
defaults: {serving: {}}
"""
    )
    name = "party-9999/cluster.yaml"
    files[name] = files[name].replace("partyIp: 192.168.10.1", "partyIp: 192.168.9.1")
    imported = import_paths([str(write(files))], "again")
    assert "FED208" in [each.fault.code for each in imported.diagnostics if each.is_error]
    assert "routes:" not in imported.text


def test_an_ipv6_address_comes_without_its_brackets(write: Write) -> None:
    """Charts that join host and port want them; in federation.yaml they have no place."""
    text = """
version: 1
name: demo
release: v1.9.1
topology: mesh
clusters: [{name: a, address: "fd00::9"}, {name: b, address: "fd00::10"}]
parties:
  - {id: 9999, cluster: a, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
  - {id: 10000, cluster: b, serving: {credentials: {redis: "env:R", admin: "env:A"}}}
defaults: {credentials: {mysql: "env:M", fateboard: "env:F"}}
"""
    files = rendered(text)
    assert any("[fd00::9]" in each for each in files.values())
    imported = import_paths([str(write(files))], "again")
    assert imported.is_plannable
    assert sorted(each["address"] for each in loaded(imported.text)["clusters"]) == ["fd00::10", "fd00::9"]
