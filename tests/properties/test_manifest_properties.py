"""Properties of target `kubernetes`: what is written reads back as planned, and nothing in it can be another.

Every federation here is valid by construction. Rows, addresses, ports, selectors, mounts and policies are spoiled one
at a time, and the proof must say so, of that site's files.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from planner.channels import OWN, Channel
from planner.diagnostics import Diagnostic
from planner.lookup import POLLED, Endpoint
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from renderers.manifests import document, read, read_objects
from renderers.planning import render_site
from renderers.proving import prove
from renderers.reading import Reading

PRODUCERS = "FED228"
"""The warning about jobs of three parties over Pulsar, which cannot be otherwise."""
NOBODY = "203.0.113.99"
QUICK = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BRIEF = settings(QUICK, max_examples=1, phases=(Phase.explicit, Phase.generate))
"""For what proves one federation many times; nothing smaller is looked for, as that takes minutes."""
THOROUGH = settings(QUICK, max_examples=40)
ENGINES = {
    "v1.11.2": ("eggroll", "spark_local_rabbitmq", "spark_local_pulsar", "spark_rabbitmq", "spark_pulsar"),
    "v2.0.0": ("eggroll", "spark_rabbitmq", "standalone_rabbitmq"),
}
SHAPES = ("mesh", "links", "star", "two stars", "polling")

Tree = dict[str, Any]
Files = Mapping[str, Mapping[str, str]]


def shapes(release: str, engine: str) -> tuple[str, ...]:
    """The topologies that an engine has on the target."""
    if engine.endswith("rabbitmq"):
        return ("mesh", "links")
    if engine == "eggroll" and release == "v1.11.2":
        return SHAPES
    return SHAPES[:4]


SOMETIMES = st.integers(0, 2).map(lambda number: number == 2)


@st.composite
def party_of(draw: st.DrawFn, number: int, party: int, shape: str) -> Tree:
    """A party with some settings."""
    result: Tree = {"id": party, "cluster": draw(st.sampled_from(("bank", "shop")))}
    if draw(SOMETIMES):
        result["exposure"] = {"type": "LoadBalancer", "address": f"172.16.0.{number + 1}"}
    if draw(SOMETIMES):
        result |= {"namespace": f"ns-{party}", "name": f"n{party}"}
    if draw(SOMETIMES):
        result["networkPolicies"] = True
    if draw(SOMETIMES) and shape != "polling":
        result["serving"] = {"useRegistry": draw(st.booleans())}
    if draw(SOMETIMES):
        result["persistence"] = {"storageClass": "standard"}
    return result


@st.composite
def federations(draw: st.DrawFn) -> Tree:
    """A valid federation of three or four parties on up to two clusters."""
    release = draw(st.sampled_from(sorted(ENGINES)))
    engine = draw(st.sampled_from(ENGINES[release]))
    shape = draw(st.sampled_from(shapes(release, engine)))
    ids = draw(st.lists(st.integers(100, 999_999), min_size=3, max_size=4, unique=True))
    second = "shop.example.org" if engine == "eggroll" else "10.4.0.2"
    clusters: list[Tree] = [{"name": "bank", "address": "192.168.9.1"}, {"name": "shop", "address": second}]
    parties: list[Tree] = [draw(party_of(number, party, shape)) for number, party in enumerate(ids)]
    exchanges: list[Tree] = []
    topology: list[Tree] = [{"mesh": "all"}]
    if shape == "links":
        topology = [{"links": [[ids[0], other] for other in ids[1:]]}]
    elif shape == "star":
        topology, exchanges = [{"star": "all", "through": "hub"}], [{"name": "hub", "cluster": "bank"}]
    elif shape == "two stars":
        topology = [{"star": {"hub": ids[:1], "yard": ids[1:]}}]
        exchanges = [{"name": "hub", "cluster": "bank"}, {"name": "yard", "cluster": "shop"}]
    elif shape == "polling":
        topology = [{"links": [[ids[0], other] for other in ids[1:]]}]
        parties[-1] = {"id": ids[-1], "cluster": "bank", "polling": ids[0]}
    data: Tree = {"version": 1, "name": "drawn", "release": release, "topology": topology, "clusters": clusters}
    if exchanges:
        data["exchanges"] = exchanges
    if shape == "mesh" and draw(SOMETIMES):
        data["routes"] = [{"from": ids[0], "to": ids[1], "address": "172.20.0.1"}]
    return {**data, "parties": parties, "defaults": {"target": "kubernetes", "engine": engine}}


def planned(data: Tree) -> Plan:
    """The plan of a federation in which nothing is found."""
    checked = check(yaml.safe_dump(data, sort_keys=False).encode())
    told = [each for each in checked.diagnostics if str(each.fault.severity) != "info"]
    assert [each.message for each in told if each.fault.code != PRODUCERS] == []
    assert checked.plan is not None
    return checked.plan


def files_of(plan: Plan) -> Files:
    """The rendered files by site."""
    return {each.key: render_site(plan)(each) for each in plan.sites}


def found_with(plan: Plan, rendered: Files, site: str, file: str, text: str) -> list[Diagnostic]:
    """What the proof finds when one file is another."""
    files = {**rendered, site: {**rendered[site], file: text}}
    return list(prove(plan, lambda each: files[each.key]).diagnostics)


def reads_back(plan: Plan, each: PlannedSite, files: Mapping[str, str]) -> None:
    """Tables and doors of one site come out of its files as planned."""
    heard: dict[Channel, set[Endpoint]] = {}
    for reading in read(files):
        assert isinstance(reading, Reading)
        assert reading.remarks == ()
        for gate in reading.gates:
            if gate.channel not in OWN:
                wanted = plan.table(each, gate.channel)
                assert dict(gate.table.entries) == dict(wanted.entries)
                assert (gate.table.default, dict(gate.table.more)) == (wanted.default, dict(wanted.more))
                assert gate.table.domain == wanted.domain
            for door in gate.exposed:
                if door.service_type == "NodePort" and door.node_port is not None:
                    heard.setdefault(gate.channel, set()).add(Endpoint(each.cluster.address, door.node_port))
                elif door.service_type == "LoadBalancer" and door.load_balancer:
                    heard.setdefault(gate.channel, set()).add(Endpoint(door.load_balancer, door.container_port))
    assert {channel: heard.get(channel, set()) for channel in each.listeners} == {
        channel: {*listener.outside} for channel, listener in each.listeners.items()
    }


def everything_is_as_planned(data: Tree) -> None:
    """Every property of one federation."""
    plan = planned(data)
    rendered = files_of(plan)
    proved = prove(plan, lambda each: rendered[each.key])
    assert [(each.fault.code, each.message) for each in proved.diagnostics] == []
    for each in plan.sites:
        reads_back(plan, each, rendered[each.key])


@QUICK
@given(federations())
def test_what_is_written_is_the_plan(data: Tree) -> None:
    """Nothing is found, and tables and doors are read back as planned."""
    everything_is_as_planned(data)


@pytest.mark.slow
@pytest.mark.timeout(900)
@THOROUGH
@given(federations())
def test_what_is_written_is_the_plan_many_times(data: Tree) -> None:
    """As above, many times as often."""
    everything_is_as_planned(data)


class Spoiled(NamedTuple):
    """One file with something spoiled in it: what, and the new text."""

    what: str
    site: str
    file: str
    text: str


def each_object(rendered: Files) -> Iterator[tuple[str, str, list[Tree], Tree]]:
    """Every object of every numbered file, with all objects of its file."""
    for site, files in rendered.items():
        for file, text in files.items():
            if file[:2].isdecimal():
                objects = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
                for each in objects:
                    yield site, file, objects, each


GONE = object()
"""In the place of a value: there is none any more."""


class Change(NamedTuple):
    """What is spoiled in some data: in words, where, and what stands there then."""

    what: str
    path: tuple[Any, ...]
    value: Any = GONE

    def apply(self, data: Any) -> None:
        """Spoil it."""
        for step in self.path[:-1]:
            data = data[step]
        if self.value is GONE:
            del data[self.path[-1]]
        else:
            data[self.path[-1]] = self.value


def with_change(objects: list[Tree], changed: Tree, change: Change) -> str:
    """The text of a file in which one object is changed."""
    index = next(number for number, each in enumerate(objects) if each is changed)
    copied = copy.deepcopy(objects)
    change.apply(copied[index])
    return yaml.dump_all(copied, Dumper=yaml.CSafeDumper, sort_keys=False)


JSON_TABLES = ("route_table.json",)
YAML_TABLES = ("route_table.yaml", "rabbitmq_route_table.yaml", "pulsar_route_table.yaml")


def table_changes(own: str, name: str, text: str) -> Iterator[tuple[str, str]]:
    """Route tables with one row less, and with one address or port that leads elsewhere."""
    load = json.loads if name in JSON_TABLES else yaml.safe_load
    data = load(text)
    above = ("sni",) if name == "sni.yaml" else ("route_table",) if name in JSON_TABLES else ()
    rows = data[above[0]] if above else data
    for key in range(len(rows)) if isinstance(rows, list) else list(rows):
        if str(key) == own and name.startswith(("pulsar", "rabbitmq")):
            continue  # FATE of these releases looks only others up (components.md, corrections)
        for change in row_changes(name, key, rows[key]):
            copied = load(text)
            change._replace(path=(*above, *change.path)).apply(copied)
            dumped = json.dumps(copied) if name in JSON_TABLES else yaml.safe_dump(copied, sort_keys=False)
            yield f"{name} {key}: {change.what}", dumped


def row_changes(name: str, key: Any, row: Any) -> Iterator[Change]:
    """What can be spoiled in one row."""
    yield Change("no row", (key,))
    if name == "sni.yaml":
        yield Change("another route", (key, "tunnel_route"), f"{NOBODY}:30000")
    elif name.startswith(("pulsar", "rabbitmq")):
        if row.get("proxy"):
            yield Change("another proxy", (key, "proxy"), f"{NOBODY}:30000")
        elif key != "default":
            yield Change("another host", (key, "host"), NOBODY)
    else:
        yield from _item_changes(key, row)


def _item_changes(key: Any, row: Any) -> Iterator[Change]:
    for role, items in row.items():
        first = items[0]
        if first.get("is_polling") or first.get("ip") == "serving-proxy":
            continue  # nobody dials them
        host = "ip" if "ip" in first else "host"
        yield Change(f"another {host} of {role}", (key, role, 0, host), NOBODY)
        yield from (
            Change(f"another {port} of {role}", (key, role, 0, port), 1) for port in sorted(first.keys() - {host})
        )


def spoiled_tables(rendered: Files) -> Iterator[Spoiled]:
    """Every row of every route table removed or spoiled."""
    for site, file, objects, each in each_object(rendered):
        if each["kind"] != "ConfigMap":
            continue
        own = each["metadata"]["labels"]["partyId"] if site.startswith("party") else ""
        for name, text in each["data"].items():
            if name not in (*JSON_TABLES, *YAML_TABLES, "sni.yaml") or not text.strip("{}\n"):
                continue
            for what, changed in table_changes(own, name, text):
                yield Spoiled(what, site, file, with_change(objects, each, Change(what, ("data", name), changed)))


ROUTED = {"rollsite", "osx", "nginx", "python", "serving-proxy", "serving-server", "traffic-server"}
"""Components whose files hold routes."""
DIALLED = {*ROUTED, "rabbitmq", "pulsar", "mysql", "clustermanager"}
"""Components that somebody else's file names."""
ONE_DOOR = {"rollsite", "osx", "traffic-server"}
UNREAD = ("ssl_multicert",)
"""Files that hold no routes."""


def spoiled_objects(rendered: Files) -> Iterator[Spoiled]:
    """Every door's port, selector and type, every mount of a table, every label that a Service selects, spoiled."""
    for site, file, objects, each in each_object(rendered):
        name = each["metadata"]["labels"].get("app.kubernetes.io/name")
        changes: list[Change] = []
        if each["kind"] == "Service" and name in DIALLED:
            changes = list(service_changes(each["spec"]))
        elif each["kind"] in {"Deployment", "StatefulSet"} and name in ROUTED:
            changes = list(workload_changes(each["spec"]["template"]["spec"]))
        elif each["kind"] == "ConfigMap" and name in ROUTED:
            changes = [Change("another name", ("metadata", "name"), "another")]
            changes += [Change(f"no {key}", ("data", key)) for key in each["data"] if not key.startswith(UNREAD)]
        for change in changes:
            title = f"{each['kind']} {each['metadata']['name']}: {change.what}"
            yield Spoiled(title, site, file, with_change(objects, each, change))


def service_changes(spec: Tree) -> Iterator[Change]:
    """What can be spoiled in a Service that is dialled."""
    yield Change("another namespace", ("metadata", "namespace"), "another")
    for key in spec["selector"]:
        yield Change(f"another {key} in the selector", ("spec", "selector", key), "another")
    yield Change("no name in the selector", ("spec", "selector", "app.kubernetes.io/name"))
    if spec["type"] != "ClusterIP":
        yield Change("type ClusterIP", ("spec", "type"), "ClusterIP")
    for index, port in enumerate(spec["ports"]):
        at = ("spec", "ports", index)
        if spec.get("clusterIP") != "None":  # headless ones lead to the port that is asked for
            yield Change(f"another targetPort of {port['name']}", (*at, "targetPort"), "another")
        yield Change(f"UDP for {port['name']}", (*at, "protocol"), "UDP")
        if "nodePort" in port:
            yield Change(f"another nodePort of {port['name']}", (*at, "nodePort"), 32767)
            if spec["type"] == "NodePort":
                yield Change(f"no nodePort of {port['name']}", (*at, "nodePort"))


def workload_changes(pod: Tree) -> Iterator[Change]:
    """What can be spoiled in a workload that reads routes."""
    template = ("spec", "template")
    yield Change("no replicas", ("spec", "replicas"), 0)
    yield Change("other labels", (*template, "metadata", "labels", "app.kubernetes.io/name"), "another")
    above: tuple[Any, ...] = (*template, "spec", "containers", 0)
    for index, port in enumerate(pod["containers"][0]["ports"]):
        if port["name"] != "test":
            yield Change(f"no port {port['name']}", (*above, "ports", index))
    from_config = {each["name"] for each in pod["volumes"] if "configMap" in each} | {"files"}
    for index, mount in enumerate(pod["containers"][0]["volumeMounts"]):
        if mount["name"] in from_config and not any(word in mount["mountPath"] for word in UNREAD):
            path = (*above, "volumeMounts", index, "mountPath")
            yield Change(f"another path of {mount['mountPath']}", path, "/another")
    for index, volume in enumerate(pod["volumes"]):
        if "configMap" in volume:
            wrong = (*template, "spec", "volumes", index, "configMap", "name")
            yield Change(f"another ConfigMap of volume {volume['name']}", wrong, "another")


def spoiled_policies(rendered: Files) -> Iterator[Spoiled]:
    """Every policy taken away, or opened to everybody, or with a rule for another port."""
    for site, file, objects, each in each_object(rendered):
        if each["kind"] != "NetworkPolicy":
            continue
        for change in policy_changes(each["metadata"]["name"], each["spec"]):
            title = f"{each['metadata']['name']}: {change.what}"
            yield Spoiled(title, site, file, with_change(objects, each, change))


def policy_changes(name: str, spec: Tree) -> Iterator[Change]:
    """What can be spoiled in a policy."""
    yield Change("open", ("spec",), {**spec, "ingress": [{}], "policyTypes": ["Ingress", "Egress"]})
    yield Change("for nobody", ("spec", "podSelector"), {"matchLabels": {"no": "pod"}})
    for direction in ("ingress", "egress"):
        if name in ROUTED and direction in spec:
            yield Change(f"no {direction}", ("spec", direction))
        for index, rule in enumerate(spec.get(direction, ())):
            if direction == "ingress" and name not in ONE_DOOR:
                continue  # what one rule lets in another may let in as well
            if name in ROUTED - {"python"} and all("port" in port for port in rule.get("ports", ())):
                other = [{"protocol": "TCP", "port": 7}]
                yield Change(f"another port of {direction} {index}", ("spec", direction, index, "ports"), other)


def nothing_can_be_another(data: Tree, spoil: Callable[[Files], Iterator[Spoiled]], draws: st.DataObject) -> None:
    """Whatever is spoiled is found, in the files of that site."""
    if spoil is spoiled_policies:
        data = {**data, "defaults": {**data["defaults"], "networkPolicies": True}}
    plan = planned(data)
    rendered = files_of(plan)
    every = list(spoil(rendered))
    chosen = draws.draw(st.lists(st.sampled_from(every), max_size=4, unique=True)) if every else []
    for each in chosen:
        found = found_with(plan, rendered, each.site, each.file, each.text)
        told = [(one.fault.code, one.message, one.place.document) for one in found]
        assert found, each[:3]
        assert all(str(one.place.document).startswith(f"{each.site}/") for one in found), (each[:3], told)


SPOILS = pytest.mark.parametrize("spoil", [spoiled_tables, spoiled_objects, spoiled_policies])


@SPOILS
@BRIEF
@given(data=federations(), draws=st.data())
def test_what_is_spoiled_is_found(
    spoil: Callable[[Files], Iterator[Spoiled]], data: Tree, draws: st.DataObject
) -> None:
    """No row, address, port, selector, mount or policy can be missing or another one."""
    nothing_can_be_another(data, spoil, draws)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@SPOILS
@THOROUGH
@given(data=federations(), draws=st.data())
def test_what_is_spoiled_is_found_many_times(
    spoil: Callable[[Files], Iterator[Spoiled]], data: Tree, draws: st.DataObject
) -> None:
    """As above, many times as often."""
    nothing_can_be_another(data, spoil, draws)


@BRIEF
@given(federations())
def test_live_objects_read_like_files(data: Tree) -> None:
    """Objects as the API server gives them make the same tables and doors as the files that they were made from."""
    plan = planned(data)
    for files in files_of(plan).values():
        texts = [text for name, text in files.items() if name[:2].isdecimal()]
        objects = [each for text in texts for each in yaml.load_all(text, Loader=yaml.CSafeLoader)]
        found, wanted = read_objects(objects), read(files)
        assert len(found) == len(wanted)
        for live, written in zip(found, wanted, strict=True):
            assert isinstance(live, Reading)
            assert isinstance(written, Reading)
            assert [(gate.channel, gate.table) for gate in live.gates] == [
                (gate.channel, gate.table) for gate in written.gates
            ]
            assert (live.modules, live.engine, live.party) == (written.modules, written.engine, written.party)
            assert live.remarks == ()


LEAVES = st.one_of(
    st.text(max_size=12),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["a: b", "# no", "- x", "|", "yes", "0x1f", "1_000", "2020-01-01", "12:30", "{}", "'", '"', "=", "~"]
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(0, 99), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(TREES, st.booleans(), st.integers(1, 4))
def test_the_quick_reader_reads_what_yaml_reads(tree: Any, quoted: bool, indent: int) -> None:
    """Any document, dumped in any of several styles, has the data that PyYAML finds in it."""
    style = '"' if quoted else None
    text = yaml.safe_dump({"data": tree, "kind": "x"}, default_style=style, indent=indent, allow_unicode=True)
    assert document.documents(text) == (yaml.safe_load(text),)
    both = f"# head\n{text}---\n{text}"
    assert document.documents(both) == tuple(yaml.safe_load_all(both))


PIECES = st.sampled_from(
    [
        "a:",
        " b",
        "- ",
        "c: d",
        "\n",
        "\n  ",
        "\n    ",
        ": |",
        "x y",
        "#z",
        '"q"',
        "'s'",
        "{",
        "}",
        "[",
        "]",
        "---\n",
        "&a",
        "*a",
        "\t",
        ">",
        "?",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=24).map("".join))
@example('"q": |\n  ')
@example('"q": |\n b')
def test_the_quick_reader_refuses_what_yaml_refuses(text: str) -> None:
    """Any text is data or an error to both readers alike."""

    def outcome(load: Callable[[str], Any]) -> Any:
        try:
            return load(text)
        except (yaml.YAMLError, ValueError):
            return "an error"

    def slow(given_text: str) -> tuple[Any, ...]:
        return tuple(each for each in yaml.load_all(given_text, Loader=yaml.CSafeLoader) if each is not None)

    assert outcome(document.documents) == outcome(slow)


def test_a_polling_client_has_no_address() -> None:
    """A polling server's table has an entry for its client, and nobody dials it."""
    data: Tree = {
        "version": 1,
        "name": "polls",
        "release": "v1.11.2",
        "topology": [{"links": [[9999, 10000]]}],
        "clusters": [{"name": "bank", "address": "192.168.9.1"}],
        "parties": [{"id": 9999, "cluster": "bank"}, {"id": 10000, "cluster": "bank", "polling": 9999}],
        "defaults": {"target": "kubernetes"},
    }
    plan = planned(data)
    rendered = files_of(plan)
    server, client = (read(rendered[f"party-{party}"])[0] for party in (9999, 10000))
    assert isinstance(server, Reading)
    assert isinstance(client, Reading)
    gate = server.gate(Channel.ROLLSITE)
    assert gate is not None
    assert gate.table.entries == {10000: POLLED}
    assert (server.polls, client.polls) == (False, True)
