"""Every release, engine, topology and serving: what is legal renders and reads back, the rest is refused.

What is legal is said here once more, in the words of the reference (cluster-yaml.md section 2, components.md
section 0), and not asked of the code under test.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import permutations, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from planner.channels import Channel
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.plan import Plan
from planner.releases import RELEASE_NAMES, load, load_serving, release_order
from renderers.reading import Reading
from renderers.target import target_of
from tests.quick_yaml import loaded

PARTIES = """
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
  - {id: 10001, cluster: lab}
  - {id: 10002, cluster: bank}
"""
POLLING = """
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop, polling: 9999}
"""
TOPOLOGIES = {
    "mesh": "topology: mesh",
    "links": "topology: [{links: [[9999, 10000], [10000, 10001], [10001, 10002]]}]",
    "star": "topology: star\nexchanges: [{name: hub, cluster: bank}]",
    "two-stars": (
        "topology: [{star: [9999, 10000], through: hub}, {star: [10000, 10001, 10002], through: yard}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "star-of-stars": (
        "topology: [{star: {hub: [9999, 10002], yard: [10000, 10001]}}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "hybrid": (
        "topology: [{mesh: [9999, 10000, 10001]}, {star: [10001, 10002], through: hub}]\nnever: [[9999, 10002]]\n"
        "exchanges: [{name: hub, cluster: bank}]"
    ),
    "islands": (
        "topology: [{mesh: [9999, 10000]}, {star: [10001, 10002], through: hub}]\n"
        "exchanges: [{name: hub, cluster: bank}]"
    ),
    "balanced": (
        "topology: [{star: all, through: [hub, yard]}]\n"
        "exchanges: [{name: hub, cluster: bank}, {name: yard, cluster: lab}]"
    ),
    "polling": "topology: [{links: [[9999, 10000]]}]",
}
ENGINES = ("eggroll", "spark_rabbitmq", "spark_pulsar", "spark_local_rabbitmq", "spark_local_pulsar")
SERVING = ("none", "direct", "exchange")
LAST = (99, 0, 0, "")
ENGINE_RANGES = {
    "eggroll": ("1.2.0", LAST),
    "spark_rabbitmq": ("1.5.0", LAST),
    "spark_pulsar": ("1.6.0", LAST),
    "spark_local_rabbitmq": ("1.9.0", (2, 0, 0, "")),
    "spark_local_pulsar": ("1.7.1", (2, 0, 0, "")),
}
"""Since, and before which release FATE has an engine."""


class Case(NamedTuple):
    """One combination."""

    release: str
    engine: str
    topology: str
    serving: str

    def __str__(self) -> str:
        """Its name among the tests."""
        return f"{self.release}-{self.engine}-{self.topology}-{self.serving}"


GROUPS: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "mesh": ((9999, 10000, 10001, 10002),),
    "links": ((9999, 10000), (10000, 10001), (10001, 10002)),
    "star": ((9999, 10000, 10001, 10002),),
    "two-stars": ((9999, 10000), (10000, 10001, 10002)),
    "star-of-stars": ((9999, 10000, 10001, 10002),),
    "hybrid": ((9999, 10000, 10001), (10001, 10002)),
    "islands": ((9999, 10000), (10001, 10002)),
    "balanced": ((9999, 10000, 10001, 10002),),
    "polling": ((9999, 10000),),
}
"""The parties of which every two must talk."""


def pairs(case: Case) -> frozenset[tuple[int, int]]:
    """The ordered pairs that must talk."""
    return frozenset(pair for group in GROUPS[case.topology] for pair in permutations(group, 2))


def obstacle(case: Case) -> frozenset[str]:
    """The codes of the reasons why a combination cannot be; empty for a legal one.

    Where the engine is none of the release there may be more, which depend on an engine that is not.
    """
    since, before = ENGINE_RANGES[case.engine]
    if not release_order(since) <= release_order(case.release) < before:
        return frozenset({"FED404"})
    reasons = {*_in_serving(case), *_in_kube_cfg(case), *_in_polling(case)}
    if case.topology not in {"mesh", "links", "polling"}:
        reasons.update(_in_exchange(case))
    return frozenset(reasons)


def _in_serving(case: Case) -> Iterator[str]:
    """Serving came with KubeFATE's service; chart fate v1.3.0-a has no key for its address (keys.tsv, servingIp)."""
    if case.serving != "none":
        if is_script(case.release):
            yield "FED605"
        elif case.release == "v1.3.0-a":
            yield "FED604"
    if case.serving == "exchange" and is_script(case.release):
        yield "FED606"


def _in_kube_cfg(case: Case) -> Iterator[str]:
    """kube.cfg knows a mesh of all parties and a star of all (cluster-yaml.md section 4.4)."""
    plain = case.topology in {"mesh", "star", "polling"} and case.serving != "exchange"
    if is_script(case.release) and not plain:
        yield "FED612"


def _in_polling(case: Case) -> Iterator[str]:
    """Polling is rollsite's, from v1.6.1 to v1.11.2 (INV-EGG-7, INV-EGG-11)."""
    if case.topology == "polling":
        if case.engine != "eggroll":
            yield "FED621"
        elif not (1, 6, 1, "") <= release_order(case.release) < (2, 0, 0, ""):
            yield "FED604"


def _in_exchange(case: Case) -> Iterator[str]:
    """What stands in the way of a combination with exchanges."""
    order = release_order(case.release)
    if case.engine.endswith("rabbitmq"):
        yield "FED225"  # no exchange passes RabbitMQ on (INV-RMQ-4)
    if case.topology == "balanced" and case.engine != "eggroll":
        yield "FED622"  # nginx and Pulsar have one default route
    elif case.topology == "balanced" and not (1, 5, 0, "b") <= order < (2, 0, 0, ""):
        yield "FED603"  # lbrollsite came with v1.5.0-b, and v2.0.0 renders its list in vain
    if case.engine.endswith("pulsar"):
        if case.topology == "hybrid":
            yield "FED226"  # party 10001 speaks TLS, its peers in the mesh do not (components.md section 5.4)
        if case.release == "v1.6.0":
            yield "FED623"  # trafficServer came with fate-exchange v1.6.0, its nginx with v1.6.0-a
    elif case.engine == "eggroll" and order[:2] == (1, 4):
        yield "FED603"  # chart fate of 1.4 configures rollsite only beside FATE-Flow, and there is no other chart yet


def remarks(case: Case) -> frozenset[str]:
    """The codes of what a legal combination is warned of."""
    found = set()
    if case.engine.endswith("pulsar") and max(map(len, GROUPS[case.topology])) > 2:
        found.add("FED228")  # the brokers of all parties send under one name (FATE#4695)
    if case.engine.startswith("spark") and case.release == "v2.0.0":
        found.add("FED620")  # the tables are where FATE-Flow 2.0 does not look (components.md, fact 12)
    return frozenset(found)


def channels(case: Case) -> frozenset[Channel]:
    """The channels on which every pair must arrive."""
    if case.engine == "eggroll":
        return frozenset({Channel.ROLLSITE})
    broker = Channel.RABBITMQ if case.engine.endswith("rabbitmq") else Channel.PULSAR
    if release_order(case.release)[:3] == (1, 5, 0):
        return frozenset({Channel.NGINX_GRPC, broker})  # nginx had one port (INV-NGX-3)
    return frozenset({Channel.NGINX_HTTP, Channel.NGINX_GRPC, broker})


def is_script(release: str) -> bool:
    """Whether a release is deployed by kube.cfg."""
    return release in {"v1.2.0", "v1.3.0"}


def federation(case: Case) -> str:
    """A federation of four parties on three clusters (two parties where one polls)."""
    known = load(case.release)
    assert known is not None
    plain = case.engine == "eggroll" and not is_script(case.release)
    addresses = ("192.168.9.1", "shop.example.org", "fd00::9") if plain else ("192.168.9.1", "10.4.0.2", "172.20.1.9")
    clusters = [{"name": name, "address": at} for name, at in zip(("bank", "shop", "lab"), addresses, strict=True)]
    credentials = {
        item.component: f"env:FATE_{item.component.upper()}_PASSWORD"
        for item in known.credentials
        if item.component in {"mysql", "fateboard"} and item.password_key is not None
    }
    defaults: dict[str, Any] = {"engine": case.engine}
    if credentials:
        defaults["credentials"] = credentials
    serving = None if known.serving is None else load_serving(known.serving)
    if case.serving != "none":
        secret = {
            item.component.lower().removeprefix("serving"): "env:FATE_SERVING_PASSWORD"
            for item in (() if serving is None else serving.credentials)
            if item.password_key is not None
        }
        defaults["serving"] = {"credentials": secret} if secret else {}
    shape = TOPOLOGIES[case.topology]
    if case.serving == "exchange":
        shape = _with_serving_exchange(shape)
    text = "\n".join(
        (
            "version: 1",
            "name: matrix",
            f"release: {case.release}",
            shape,
            yaml.safe_dump({"clusters": clusters}, sort_keys=False),
            POLLING if case.topology == "polling" else PARTIES,
            yaml.safe_dump({"defaults": defaults}, sort_keys=False),
        )
    )
    if case.release == "v2.0.0" and case.engine == "eggroll":
        for name, cluster in (("hub", "bank"), ("yard", "lab")):
            text = text.replace(
                f"name: {name}, cluster: {cluster}}}", f"name: {name}, cluster: {cluster}, target: kubernetes}}"
            )
    return text


def _with_serving_exchange(shape: str) -> str:
    """The same topology, and a star of everybody through a serving exchange beside it, so that all may talk."""
    shape = re.sub(r"never: .*\n", "", shape)
    served = "{name: served, cluster: shop, kind: servingProxy}"
    star = "{star: all, through: served}"
    if "exchanges: [" in shape:
        shape = shape.replace("exchanges: [", f"exchanges: [{served}, ")
    else:
        shape = f"{shape}\nexchanges: [{served}]"
    if "topology: mesh" in shape:
        return shape.replace("topology: mesh", f"topology: [{{mesh: all}}, {star}]")
    if "topology: star" in shape:
        return shape.replace("topology: star", f"topology: [{{star: all, through: hub}}, {star}]")
    return shape.replace("topology: [", f"topology: [{star}, ")


def cases() -> Iterator[Case]:
    """Every combination."""
    for release, engine, topology, serving in product(RELEASE_NAMES, ENGINES, TOPOLOGIES, SERVING):
        yield Case(release, engine, topology, serving)


EVERY = tuple(cases())
LEGAL = tuple(case for case in EVERY if not obstacle(case))
REFUSED = tuple(case for case in EVERY if obstacle(case))


def sampled(found: tuple[Case, ...]) -> frozenset[Case]:
    """One case of each release for the default run, each at another place in the release's list."""
    by_release: dict[str, list[Case]] = {}
    for case in found:
        by_release.setdefault(case.release, []).append(case)
    return frozenset(own[47 * index % len(own)] for index, own in enumerate(by_release.values()))


def _params(found: tuple[Case, ...]) -> list[Any]:
    """The sampled cases one by one for the default run; the rest of each release together, for the slow one."""
    quick = sampled(found)
    rest: dict[str, list[Case]] = {}
    for case in found:
        if case not in quick:
            rest.setdefault(case.release, []).append(case)
    return [
        *(pytest.param([case], id=str(case)) for case in found if case in quick),
        *(pytest.param(cases, id=release, marks=pytest.mark.slow) for release, cases in rest.items()),
    ]


class Door(NamedTuple):
    """Who listens at an endpoint, and the container port behind it."""

    site: str
    port: int


class Wired(NamedTuple):
    """What the files of all sites come to: who listens where on a channel, and the table of each site."""

    doors: Mapping[tuple[Channel, Endpoint], Door]
    tables: Mapping[tuple[Channel, str], RouteTable]


def wired(plan: Plan, files: Mapping[str, Mapping[str, str]]) -> Wired:
    """Read the files of all sites, each without a loss."""
    doors: dict[tuple[Channel, Endpoint], Door] = {}
    tables: dict[tuple[Channel, str], RouteTable] = {}
    for planned in plan.sites:
        for reading in target_of(planned).read_back(planned, files[planned.key]):
            assert isinstance(reading, Reading), reading.message
            assert reading.dropped == ()
            assert {".".join(map(str, remark.path)) for remark in reading.remarks} <= {*planned.release.unread}
            for gate in reading.gates:
                if gate.table.entries or gate.table.default or (gate.channel, planned.key) not in tables:
                    tables[gate.channel, planned.key] = gate.table
                for each in gate.exposed:
                    at = Endpoint(f"{each.service}.{reading.namespace}", each.container_port)
                    if each.node_port is not None and each.service_type == "NodePort":
                        at = Endpoint(planned.cluster.address, each.node_port)
                    assert (gate.channel, at) not in doors
                    doors[gate.channel, at] = Door(planned.key, each.container_port)
    return Wired(doors, tables)


def lost(wires: Wired, channel: Channel, source: str, party: int) -> str:
    """Where a message ends that does not arrive; empty for one that does, whichever way it takes."""
    pending: list[tuple[str, ...]] = [(source,)]
    while pending:
        way = pending.pop()
        found = wires.tables[channel, way[-1]].find(party)
        if not found or (len(way) > 1 and not way[-1].startswith("exchange-")) or len(way) > 3:
            return f"{channel}: {way}"
        for endpoint in found:
            if endpoint == POLLED:
                continue  # it waits for the party, which asks for it
            door = wires.doors.get((channel, endpoint))
            if door is None:
                return f"{channel}: {way}, {endpoint}"
            if door.site != f"party-{party}":
                pending.append((*way, door.site))
            elif channel is Channel.PULSAR:
                by_tls = len(way) > 1 or bool(wires.tables[channel, source].default)
                if door.port != (6651 if by_tls else 6650):
                    return f"{channel}: {way}, {endpoint} is port {door.port}"
    return ""


@pytest.mark.parametrize("cases", _params(LEGAL))
def test_it_renders_and_reads_back(cases: list[Case], plan_of: Callable[[str], Any]) -> None:
    """Nothing is found but what is known; by the files every pair arrives on every channel; each key is read."""
    for case in cases:
        _it_renders_and_reads_back(case, plan_of)


def _it_renders_and_reads_back(case: Case, plan_of: Callable[[str], Any]) -> None:
    planned = plan_of(federation(case))
    told = {each.fault.code: each.message for each in planned.diagnostics if str(each.fault.severity) != "info"}
    assert told.keys() == remarks(case), told
    files = planned.files()
    wires = wired(planned.plan, files)
    assert planned.plan.topology.count_pairs() == len(pairs(case))
    ways = [(channel, *pair) for pair in pairs(case) for channel in channels(case)]
    if case.serving != "none":
        ways += [(Channel.SERVING, *pair) for pair in pairs(case)]
    assert [text for channel, first, second in ways if (text := lost(wires, channel, f"party-{first}", second))] == []
    if case.serving != "none":
        for party in {first for first, _ in pairs(case)}:
            for channel in (Channel.LOAD, Channel.TRANSFER):
                endpoint = wires.tables[channel, f"party-{party}"].entries[party]
                fixed = channel is Channel.TRANSFER and case.release == "v1.3.0-b"  # the chart's Service has no keys
                if not fixed or endpoint != Endpoint(f"fateflow.fate-{party}", 9380):
                    assert wires.doors[channel, endpoint].site == f"party-{party}"
    for texts in files.values():
        for file, text in texts.items():
            if file.endswith(".yaml"):
                for data in yaml.load_all(text, Loader=yaml.CSafeLoader):
                    _check_file(data)


def _check_file(data: dict[str, Any]) -> None:
    """Its chart reads all keys (INV-VER-2), ports are integers (INV-PORT-7), and no engine is left to the chart."""
    assert all(type(port) is int for port in ports(data))
    if "chartVersion" not in data:
        return  # a manifest
    assert list(unread_keys(data)) == []
    if data.get("chartName") == "fate" and release_order(data["chartVersion"]) >= (1, 9, 0, ""):
        assert {"computing", "federation", "storage", "algorithm", "device"} <= data.keys()  # INV-VER-7


PORT_KEYS = frozenset(
    (
        *("port", "partyPort", "nodePort", "httpNodePort", "grpcNodePort", "httpsNodePort"),
        *("http_port", "grpc_port", "sslPort", "servingPort"),
    )
)


def ports(value: object, key: str = "") -> list[object]:
    """All ports of a file."""
    if isinstance(value, dict):
        # a probe may name its port
        return [port for name, item in value.items() if name != "tcpSocket" for port in ports(item, str(name))]
    if isinstance(value, list):
        return [port for item in value for port in ports(item)]
    return [value] if key in PORT_KEYS else []


FACTS = Path(__file__).resolve().parent.parent / "facts" / "keys.tsv"
DOCUMENTED = (
    *("v1.3.0-a", "v1.3.0-b", "v1.4.0", "v1.4.5", "v1.5.0", "v1.5.1", "v1.5.3", "v1.6.0", "v1.6.0-a", "v1.6.1"),
    *("v1.7.0", "v1.7.1", "v1.7.2", "v1.8.0", "v1.9.0", "v1.9.2", "v1.10.0", "v1.11.1", "v1.11.2", "v2.0.0"),
)
"""Charts whose keys the reference lists; the others have those of the one before."""
OF_THE_SERVICE = frozenset({"name", "namespace", "chartName", "chartVersion"})
"""What KubeFATE's service reads itself."""


@cache
def keys_of(chart: str, version: str) -> frozenset[str]:
    """The keys that a chart reads, by the reference's own list."""
    order = release_order(version)
    listed = order
    if chart != "fate-serving":
        listed = max(release_order(each) for each in DOCUMENTED if release_order(each) <= order)
    lines = [line for line in FACTS.read_text().splitlines() if not line.startswith("#")]
    found = set()
    for row in csv.DictReader(lines, delimiter="\t"):
        at = order if row["note"] else listed
        ends = at > release_order(row["last"]) if row["last"] else False
        absent = {release_order(each) for each in row["absent"].split(",") if each}
        if row["chart"] == chart and release_order(row["since"]) <= at and not ends and at not in absent:
            found.add(row["path"])
    return frozenset(found)


def unread_keys(data: dict[str, Any]) -> Iterator[str]:
    """The keys of a file that its chart does not read."""
    keys = keys_of(data.get("chartName", "fate"), data["chartVersion"])
    inner = {key[:end] for key in keys for end in range(len(key)) if key[end] in ".["}

    def unread(value: object, path: str) -> Iterator[str]:
        if path in keys and path not in inner:
            return  # a value, or a map or list that is taken as it is
        if isinstance(value, dict) and value:
            for key, item in value.items():
                yield from unread(item, f"{path}.{key}")
        elif isinstance(value, list) and value:
            for item in value:
                yield from unread(item, f"{path}[*]")
        elif path not in keys:
            yield path

    for key, item in data.items():
        if key not in OF_THE_SERVICE:
            yield from unread(item, str(key))


NAMES_IT = re.compile(r"v\d+\.\d+|RabbitMQ|Pulsar|nginx|Spark|rollsite|kube\.cfg")


@pytest.mark.parametrize("cases", _params(REFUSED))
def test_what_cannot_be_is_refused(cases: list[Case], plan_of: Callable[[str], Any]) -> None:
    """A combination that a release does not have is an error, for the reason, which names the release or the engine."""
    for case in cases:
        _what_cannot_be_is_refused(case, plan_of)


def _what_cannot_be_is_refused(case: Case, plan_of: Callable[[str], Any]) -> None:
    errors = [each for each in plan_of(federation(case)).diagnostics if each.is_error]
    codes = {each.fault.code for each in errors}
    assert codes >= obstacle(case) if "FED404" in obstacle(case) else codes == obstacle(case)
    for each in errors:
        assert each.fault.code not in obstacle(case) or NAMES_IT.search(each.message), each.message


@pytest.mark.parametrize("found", [LEGAL, REFUSED], ids=["legal", "refused"])
def test_the_sample_has_every_value_of_every_axis(found: tuple[Case, ...]) -> None:
    """The default run leaves out combinations, and no release, engine, topology or serving."""
    for axis in range(len(Case._fields)):
        assert {case[axis] for case in sampled(found)} == {case[axis] for case in found}


PLAIN = [Case(release, "eggroll", "mesh", "none") for release in RELEASE_NAMES if not is_script(release)]


def values(value: object) -> list[object]:
    """All that stands below a key."""
    if isinstance(value, dict | list):
        return [found for item in (value.values() if isinstance(value, dict) else value) for found in values(item)]
    return [value]


WITH_ENGINES = [
    case._replace(engine=engine)
    for case in PLAIN
    for engine in ("eggroll", "spark_rabbitmq", "spark_pulsar")
    if not obstacle(case._replace(engine=engine))
]


@pytest.mark.parametrize("cases", _params(tuple(WITH_ENGINES)))
def test_defaults_that_look_alive_are_written_out(cases: list[Case], plan_of: Callable[[str], Any]) -> None:
    """Whatever KubeFATE's service would fill in with an address, a type or a password of its own is explicit."""
    for case in cases:
        _defaults_that_look_alive_are_written_out(case, plan_of)


def _defaults_that_look_alive_are_written_out(case: Case, plan_of: Callable[[str], Any]) -> None:
    planned = plan_of(federation(case))
    known = load(case.release)
    assert known is not None
    modules = {module for each in known.engines for module in each.modules}
    checked = 0
    for key in planned.plan.by_key:
        data = loaded(planned.files()[key]["cluster.yaml"])
        for default in known.defaults:
            steps = default.key.split(".")
            owner = steps[1] if steps[0] == "ingress" else steps[0]
            if "service" not in default.through or (owner in modules and owner not in data["modules"]):
                continue
            if default.key.startswith("pulsar.exchange") and "exchange" not in data["pulsar"]:
                continue  # written, it would make the broker speak TLS
            value = data
            for step in steps:
                assert step in value, f"{default.key} would be {default.value}"
                value = value[step]
            assert default.value not in values(value), default.key
            checked += 1
    assert checked
