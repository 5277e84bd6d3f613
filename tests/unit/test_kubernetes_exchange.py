"""The OSX exchange of target kubernetes: its manifests are read back as planned, and every mutation is noticed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from renderers import kubernetes
from renderers.kubernetes import CONFIG_FILE, DEPLOYMENT_FILE, KUSTOMIZATION_FILE, SERVICE_FILE
from renderers.reading import Exposed, Gate, Reading, Unreadable

FEDERATION = """\
version: 1
name: osx
release: v2.0.0
topology: star
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
  - {name: hub, address: 192.168.1.1}
exchanges:
  - {name: hub, cluster: hub, target: kubernetes%s}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop, exposure: {type: LoadBalancer, address: 10.0.0.7}}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""
Files = dict[str, str]
Change = Callable[[dict[str, Any]], None]


@functools.cache
def planned_exchange(settings: str = "") -> tuple[Plan, PlannedSite]:
    """The plan and its exchange; `settings` are further keys of the exchange."""
    checked = check((FEDERATION % settings).encode())
    assert checked.plan is not None, checked.diagnostics
    return checked.plan, checked.plan.by_key["exchange-hub"]


def files(settings: str = "") -> Files:
    """The exchange's files, to be changed at will."""
    return dict(kubernetes.render(*planned_exchange(settings)))


def objects(settings: str = "") -> Mapping[str, Any]:
    """The exchange's objects by file."""
    return {name: yaml.safe_load(text) for name, text in files(settings).items()}


def read(given: Mapping[str, str]) -> Reading:
    """Readable files."""
    reading = kubernetes.read_back(given)
    assert isinstance(reading, Reading), reading
    return reading


def changed(name: str, change: Change) -> Files:
    """The files with one object changed."""
    result = files()
    data = yaml.safe_load(result[name])
    change(data)
    return {**result, name: yaml.safe_dump(data)}


def changed_table(change: Change) -> Files:
    """The files with another route table."""

    def rewrite(data: dict[str, Any]) -> None:
        table = json.loads(data["data"]["route_table.json"])
        change(table)
        data["data"]["route_table.json"] = json.dumps(table)

    return changed(CONFIG_FILE, rewrite)


class TestAsPlanned:
    """What is rendered is what was planned."""

    def test_reading(self) -> None:
        """Every field."""
        assert read(files()) == Reading(
            file=CONFIG_FILE,
            name="osx",
            namespace="fate-hub",
            party=1,
            chart="",
            release="v2.0.0",
            module="osx",
            modules=("osx",),
            gates=(
                Gate(
                    Channel.ROLLSITE,
                    RouteTable(None, {9999: Endpoint("192.168.9.1", 30091), 10000: Endpoint("10.0.0.7", 9370)}),
                    (Exposed("osx", "NodePort", 9370, 30000, None, ("spec", "type"), SERVICE_FILE),),
                    ("data", "route_table.json"),
                ),
            ),
        )

    def test_the_table_is_the_planned_one(self) -> None:
        """The exchange forwards to every party, and has no default route that could loop."""
        plan, exchange = planned_exchange()
        assert read(files()).gates[0].table == plan.table(exchange, Channel.ROLLSITE)

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            ("", ("NodePort", 30000, None)),
            (", ports: {osx: 30123}", ("NodePort", 30123, None)),
            (", exposure: {type: LoadBalancer, address: 10.0.0.9}", ("LoadBalancer", None, "10.0.0.9")),
        ],
    )
    def test_exposure(self, settings: str, expected: tuple[str, int | None, str | None]) -> None:
        """The Service as the federation asks for it."""
        exposed = read(files(settings)).gates[0].exposed[0]
        assert (exposed.service_type, exposed.node_port, exposed.load_balancer) == expected

    def test_each_file_is_one_object_in_the_namespace(self) -> None:
        """The kustomization names all others, in the order in which they are applied."""
        found = objects()
        assert list(found) == [CONFIG_FILE, DEPLOYMENT_FILE, SERVICE_FILE, KUSTOMIZATION_FILE]
        assert [found[name]["kind"] for name in found] == ["ConfigMap", "Deployment", "Service", "Kustomization"]
        assert {found[name]["metadata"]["namespace"] for name in found if name != KUSTOMIZATION_FILE} == {"fate-hub"}
        assert found[KUSTOMIZATION_FILE]["namespace"] == "fate-hub"
        assert found[KUSTOMIZATION_FILE]["resources"] == [CONFIG_FILE, DEPLOYMENT_FILE, SERVICE_FILE]

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        """No clock, no chance."""
        assert files() == dict(kubernetes.render(*planned_exchange()))

    def test_the_table_has_one_party_per_line_and_whole_numbers_for_ports(self) -> None:
        """OSX casts a port to a number and throws for a text (INV-PORT-7)."""
        text = objects()[CONFIG_FILE]["data"]["route_table.json"]
        assert json.loads(text) == {
            "route_table": {
                "9999": {"default": [{"ip": "192.168.9.1", "port": 30091}]},
                "10000": {"default": [{"ip": "10.0.0.7", "port": 9370}]},
            },
            "self_party": ["default"],
        }
        assert [line for line in text.splitlines() if '"9999"' in line or '"10000"' in line] == [
            '    "9999": {"default": [{"ip": "192.168.9.1", "port": 30091}]},',
            '    "10000": {"default": [{"ip": "10.0.0.7", "port": 9370}]}',
        ]

    def test_a_new_route_restarts_nothing_and_new_properties_do(self) -> None:
        """OSX reads its table again every 3 seconds, and broker.properties at start only (components.md 3.4)."""
        other = planned_exchange(", ports: {osx: 30123}")
        assert kubernetes.render(*other)[DEPLOYMENT_FILE] == files()[DEPLOYMENT_FILE]
        annotations = objects()[DEPLOYMENT_FILE]["spec"]["template"]["metadata"]["annotations"]
        assert list(annotations) == ["fedplan/broker-properties-sha256"]

    def test_the_table_is_mounted_as_a_folder(self) -> None:
        """A single mounted file is never refreshed by Kubernetes, so a folder it is."""
        container = objects()[DEPLOYMENT_FILE]["spec"]["template"]["spec"]["containers"][0]
        assert not any("subPath" in mount for mount in container["volumeMounts"])

    def test_settings_of_the_site_reach_the_pod(self) -> None:
        """Registry, image, pull policy, pull secrets, placement and resources."""
        pod = objects(
            ", registry: harbor.example.com/fate/, pullPolicy: Always, imagePullSecrets: [key],"
            " components: {osx: {imageTag: 2.0.0-fix, nodeSelector: {disk: ssd}, resources: {limits: {memory: 6Gi}}}}"
        )[DEPLOYMENT_FILE]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        assert container["image"] == "harbor.example.com/fate/federatedai/osx:2.0.0-fix"
        assert (container["imagePullPolicy"], pod["imagePullSecrets"]) == ("Always", [{"name": "key"}])
        assert (pod["nodeSelector"], container["resources"]) == ({"disk": "ssd"}, {"limits": {"memory": "6Gi"}})


def _set(*path: str | int, to: object) -> Change:
    """A change that sets one value."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = to

    return change


def _without(*path: str | int) -> Change:
    """A change that takes one value out."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


ROW = ("route_table", "9999", "default")


class TestMutations:
    """A changed manifest either is not readable, or reads as something else, or is remarked."""

    @pytest.mark.parametrize("name", [CONFIG_FILE, DEPLOYMENT_FILE, SERVICE_FILE])
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "it is missing or no object"),
            ("- a\n", "it is missing or no object"),
            ("a: [", "it is not YAML: while parsing a flow node"),
        ],
    )
    def test_a_broken_file(self, name: str, text: str, message: str) -> None:
        """It is named."""
        assert kubernetes.read_back({**files(), name: text}) == Unreadable(name, message)

    @pytest.mark.parametrize("name", [CONFIG_FILE, DEPLOYMENT_FILE, SERVICE_FILE])
    def test_a_missing_file(self, name: str) -> None:
        """It is named."""
        rest = {key: text for key, text in files().items() if key != name}
        assert kubernetes.read_back(rest) == Unreadable(name, "it is missing or no object")

    @pytest.mark.parametrize(
        "change",
        [
            _set(*ROW, 0, "port", to="30091"),
            _set(*ROW, 0, "port", to=30091.0),
            _set(*ROW, 0, "port", to=None),
            _without(*ROW, 0, "port"),
            _without(*ROW, 0, "ip"),
            _set(*ROW, to=[]),
            _without(*ROW),
            _set("route_table", "abc", to={"default": [{"ip": "a", "port": 1}]}),
            _without("self_party"),
            _without("route_table"),
            _set("route_table", to=[]),
        ],
    )
    def test_a_table_that_osx_cannot_use(self, change: Change) -> None:
        """OSX would throw, or drop the route."""
        reading = kubernetes.read_back(changed_table(change))
        assert isinstance(reading, Unreadable)
        assert reading.file == CONFIG_FILE
        assert reading.message.startswith("a part that OSX needs is missing or malformed: ")

    def test_a_table_that_is_no_json(self) -> None:
        """A comma too many."""
        given = changed(CONFIG_FILE, _set("data", "route_table.json", to='{"route_table": {},}'))
        assert isinstance(kubernetes.read_back(given), Unreadable)

    @pytest.mark.parametrize(
        ("change", "entries", "default"),
        [
            (_set(*ROW, 0, "port", to=30092), {9999: Endpoint("192.168.9.1", 30092)}, ()),
            (_set(*ROW, 0, "ip", to="10.0.0.1"), {9999: Endpoint("10.0.0.1", 30091)}, ()),
            (_without("route_table", "9999"), {}, ()),
            (
                _set("route_table", "default", to={"default": [{"ip": "192.168.9.1", "port": 30091}]}),
                {9999: Endpoint("192.168.9.1", 30091)},
                (Endpoint("192.168.9.1", 30091),),
            ),
        ],
    )
    def test_another_route(
        self, change: Change, entries: Mapping[int, Endpoint], default: tuple[Endpoint, ...]
    ) -> None:
        """It is read as it stands, so that the proof sees it."""
        table = read(changed_table(change)).gates[0].table
        assert table == RouteTable(None, {**entries, 10000: Endpoint("10.0.0.7", 9370)}, default)

    @pytest.mark.parametrize("selves", [[], ["1"], ["default", "9999"], "default"])
    def test_an_exchange_that_answers_for_a_party(self, selves: object) -> None:
        """Or for nobody: it would keep messages, or refuse them."""
        remarks = read(changed_table(_set("self_party", to=selves))).remarks
        assert [remark.message for remark in remarks] == ['self_party must be ["default"] on an exchange']

    @pytest.mark.parametrize(
        ("name", "change", "message"),
        [
            (CONFIG_FILE, _set("metadata", "name", to="other"), "no pod mounts this ConfigMap"),
            (
                DEPLOYMENT_FILE,
                _set("spec", "template", "spec", "volumes", to=[{"name": "config", "emptyDir": {}}]),
                "no pod mounts this ConfigMap",
            ),
            (
                SERVICE_FILE,
                _set("spec", "selector", "app.kubernetes.io/name", to="rollsite"),
                "the Service selects no pod of the Deployment",
            ),
            (SERVICE_FILE, _set("spec", "selector", to={}), "the Service selects no pod of the Deployment"),
            (
                DEPLOYMENT_FILE,
                _without("spec", "template", "metadata", "labels", "app.kubernetes.io/instance"),
                "the Service selects no pod of the Deployment",
            ),
            (
                SERVICE_FILE,
                _set("spec", "ports", 0, "targetPort", to=9371),
                "the Service's target port is none that the container listens on",
            ),
            (
                DEPLOYMENT_FILE,
                _set("spec", "template", "spec", "containers", 0, "ports", 0, "name", to="other"),
                "the Service's target port is none that the container listens on",
            ),
        ],
    )
    def test_parts_that_do_not_fit(self, name: str, change: Change, message: str) -> None:
        """Each object is fine by itself; together they reach nobody."""
        assert [remark.message for remark in read(changed(name, change)).remarks] == [message]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (_set("spec", "ports", 0, "nodePort", to=30001), ("NodePort", 30001)),
            (_without("spec", "ports", 0, "nodePort"), ("NodePort", None)),
            (_set("spec", "type", to="ClusterIP"), ("ClusterIP", None)),
            (_without("spec", "type"), ("ClusterIP", None)),
        ],
    )
    def test_another_service(self, change: Change, expected: tuple[str, int | None]) -> None:
        """It is read as Kubernetes takes it."""
        exposed = read(changed(SERVICE_FILE, change)).gates[0].exposed[0]
        assert (exposed.service_type, exposed.node_port) == expected

    def test_another_namespace(self) -> None:
        """Of the Service, which peers dial."""
        assert read(changed(SERVICE_FILE, _set("metadata", "namespace", to="fate-x"))).namespace == "fate-x"

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            (SERVICE_FILE, _without("spec", "ports")),
            (SERVICE_FILE, _set("spec", "ports", to=[])),
            (SERVICE_FILE, _without("spec")),
            (SERVICE_FILE, _without("metadata")),
            (SERVICE_FILE, _set("spec", to=None)),
            (SERVICE_FILE, _without("spec", "ports", 0, "port")),
            (DEPLOYMENT_FILE, _without("spec", "template")),
            (DEPLOYMENT_FILE, _set("spec", "template", "spec", "containers", to=[])),
            (DEPLOYMENT_FILE, _without("spec", "template", "metadata")),
            (DEPLOYMENT_FILE, _without("spec", "template", "spec", "volumes")),
            (CONFIG_FILE, _without("data")),
            (CONFIG_FILE, _without("metadata")),
            (CONFIG_FILE, _without("metadata", "labels")),
            (CONFIG_FILE, _set("metadata", "labels", "fedplan/exchange-id", to="x")),
        ],
    )
    def test_a_part_that_is_missing(self, name: str, change: Change) -> None:
        """Never an exception."""
        assert isinstance(kubernetes.read_back(changed(name, change)), Unreadable)
