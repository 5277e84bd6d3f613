"""Properties of valid federations of every release, engine and topology: nothing is found, and everything arrives.

Every federation here is valid by construction, so any finding is a mistake of fedplan. What the planner works out in
linear time is compared with brute force over all pairs. Then single rows and values of the files are spoiled, and the
proof must say so, of that file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.channels import OWN, WORDS, Channel
from planner.lock import dump
from planner.lookup import Endpoint, RouteTable
from planner.model import party_key
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from planner.releases import RELEASE_NAMES, SERVING_NAMES, Release, ServingRelease, load, load_serving
from renderers.planning import render_site
from renderers.proving import prove, trace
from renderers.reading import Reading
from renderers.target import target_of
from tests.quick_yaml import loaded

PRODUCERS, UNREAD = "FED228", "FED620"
"""What a federation is warned of that cannot be otherwise: jobs of three over Pulsar, and the tables of v2.0.0."""
ABOUT_ROUTES = frozenset({"FED201", "FED202", "FED204", "FED206", "FED208"})
"""What the proof calls a message that does not arrive."""
NOT_AS_PLANNED = "FED701"
EGGROLL_ONLY = ("balanced", "upstream", "polled_hub", "polled_party")
WITH_EXCHANGE = ("star", "two_stars", "grouped", "balanced", "upstream", "hybrid", "islands", "polled_hub")
SHAPES = ("mesh", "links", *WITH_EXCHANGE, "polled_party")
ADDRESSES = ("192.168.{}.1", "10.{}.0.9", "c{}.example.org", "fd00::{}")
NUMBERS = ADDRESSES[:2]
"""nginx dials no names, and joins host and port with a colon."""
NOBODY = "203.0.113.77"
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BRIEF = settings(QUICK, max_examples=5)
"""For what proves one federation many times."""
THOROUGH = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Tree = dict[str, Any]


def known(name: str) -> Release:
    """A release that has data."""
    release = load(name)
    assert release is not None
    return release


def known_serving(name: str) -> ServingRelease:
    """A chart of FATE-Serving that has data."""
    release = load_serving(name)
    assert release is not None
    return release


def can(name: str, engine: str, shape: str) -> bool:
    """Whether the charts of a release can deploy a shape; exchanges of v2.0.0 have manifests of fedplan's own."""
    release = known(name)
    if release.is_scripted:
        return False
    if engine.endswith("rabbitmq"):
        return shape in {"mesh", "links"}
    if engine.endswith("pulsar"):
        has_nginx = any("nginx" in each.modules for each in release.exchanges)
        return shape not in {*EGGROLL_ONLY, "hybrid"} and (has_nginx or shape not in WITH_EXCHANGE)

    def exchange_reads(key: str) -> bool:
        return any(release.reads(each.chart, key) for each in release.exchanges)

    able = {
        "mesh": True,
        "links": True,
        "polled_party": release.has_polling,
        "polled_hub": exchange_reads("rollsite.polling.enabled"),
        "balanced": release.has_load_balancing and bool(release.exchanges),
        "upstream": exchange_reads("rollsite.exchange.ip") or release.module == "osx",
    }
    routers = [each for each in release.exchanges if each.kind != "trafficServer"]
    return able.get(shape, release.module == "osx" or bool(routers))


SCRIPTED = tuple(name for name in RELEASE_NAMES if known(name).is_scripted)
CASES = {
    engine: {
        shape: names
        for shape in SHAPES
        if (names := [name for name in RELEASE_NAMES if known(name).engine(engine) and can(name, engine, shape)])
    }
    for engine in ("eggroll", "spark_rabbitmq", "spark_pulsar", "spark_local_rabbitmq", "spark_local_pulsar")
}
"""The releases that have a shape of an engine."""


@dataclass(frozen=True)
class Drawn:
    """A valid federation: its data, who must and must not talk and serve together, and what it is warned of."""

    data: Tree
    together: frozenset[tuple[int, int]]
    apart: frozenset[tuple[int, int]]
    served: frozenset[tuple[int, int]] = frozenset()
    warned: frozenset[str] = frozenset()
    half: int = 2
    shape: str = "mesh"

    @property
    def text(self) -> bytes:
        """The federation.yaml."""
        return yaml.safe_dump(self.data, sort_keys=False).encode()

    def but(self, **changed: Any) -> bytes:
        """The federation.yaml with other parts."""
        return yaml.safe_dump({**self.data, **changed}, sort_keys=False).encode()


def groups(*members: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The ordered pairs inside each group."""
    return frozenset(pair for group in members for pair in permutations(group, 2))


@dataclass(frozen=True)
class Shape:
    """A topology: its YAML, the exchanges it needs, the groups that must talk, and further top-level keys."""

    topology: list[Tree]
    exchanges: tuple[str, ...]
    groups: Sequence[Sequence[int]]
    more: Mapping[str, Any] = field(default_factory=dict)


def shape_of(name: str, ids: Sequence[int], half: int) -> Shape:
    """One of the shapes over four parties or more. Of two halves, the last of the first is the first of the second."""
    left, right = list(ids[:half]), list(ids[half - 1 :])
    row = [list(pair) for pair in pairwise(ids)]
    fan = [[ids[0], other] for other in ids[1:]]
    ends = {"never": [[ids[0], ids[-1]]]}
    stars: list[Tree] = [{"star": left, "through": "hub"}, {"star": right, "through": "yard"}]
    both = ("hub", "yard")
    through_hub = {"expect": [{"pair": [ids[0], ids[1]], "via": "hub"}]}
    star: Tree = {"star": "all", "through": "hub"}
    shapes = {
        "mesh": Shape([{"mesh": "all"}], (), [ids]),
        "links": Shape([{"links": row}], (), row, ends),
        "star": Shape([star], ("hub",), [ids], through_hub),
        "two_stars": Shape(stars, both, [left, right]),
        "grouped": Shape([{"star": {"hub": [ids[0]], "yard": list(ids[1:])}}], both, [ids]),
        "balanced": Shape([{"star": "all", "through": list(both)}], both, [ids]),
        "upstream": Shape(stars, both, [left, right]),
        "hybrid": Shape([{"mesh": left}, {"star": right, "through": "hub"}], ("hub",), [left, right], ends),
        "islands": Shape([{"mesh": left}, {"star": right[1:], "through": "hub"}], ("hub",), [left, right[1:]]),
        "polled_hub": Shape([star], ("hub",), [ids]),
        "polled_party": Shape([{"links": fan}], (), fan),
    }
    return shapes[name]


def has_single_port(release: Release) -> bool:
    """Whether nginx has one port (v1.5.0)."""
    return release.reads("fate", "nginx.nodePort") and not release.reads("fate", "nginx.httpNodePort")


class Drawing:
    """A federation while it is being drawn."""

    def __init__(self, draw: st.DrawFn, name: str, engine: str, shape: str) -> None:
        self.draw, self.name, self.engine, self.shape = draw, name, engine, shape
        self.release = known(name)
        self.is_spark = engine != "eggroll"
        self.has_single_port = has_single_port(self.release)
        self.is_mixed = self.sometimes()
        self.has_tenant = not self.is_mixed and self.sometimes()
        self.serving: ServingRelease | None = None
        addresses = NUMBERS if self.is_spark else ADDRESSES
        self.clusters: list[Tree] = [
            {"name": f"c{number}", "address": draw(st.sampled_from(addresses)).format(number + 1)}
            for number in range(draw(st.integers(1, 3)))
        ]

    def reads(self, *keys: str) -> bool:
        """Whether chart fate makes something of keys."""
        return all(self.release.reads("fate", key) and not self.release.is_dead("fate", key) for key in keys)

    def sometimes(self) -> bool:
        """One time in four, and never where an example can do without."""
        return self.draw(st.integers(0, 3)) == 3

    def optional(self, item: Tree, key: str, value: Any, *, allowed: bool = True) -> None:
        """Give a site a setting, or leave it out."""
        if allowed and self.sometimes():
            item[key] = value

    def place(self) -> str:
        """A cluster."""
        name: str = self.draw(st.sampled_from([cluster["name"] for cluster in self.clusters]))
        return name

    def mix(self, item: Tree, federations: Release) -> None:
        """Give a site another release of the same first two numbers, or that of the federation."""
        self.release = federations
        alike = [
            each
            for each in map(known, CASES[self.engine][self.shape])
            if each.order[:2] == federations.order[:2]
            and has_single_port(each) == self.has_single_port
            and {one.password_key for one in each.credentials} == {one.password_key for one in federations.credentials}
        ]
        if self.is_mixed:
            self.release = self.draw(st.sampled_from(alike))
        if self.release is not federations:
            item["release"] = self.release.name

    def party(self, number: int, party: int) -> Tree:
        """A party with some of the settings that its release has."""
        item: Tree = {"id": party, "cluster": self.place()}
        self.mix(item, known(self.name))
        self.optional(item, "namespace", f"ns-{party}")
        self.optional(item, "name", f"n{party}")
        self.optional(item, "pullPolicy", "Always", allowed=self.reads("pullPolicy"))
        self.optional(item, "persistence", {"storageClass": "standard"}, allowed=self.reads("persistence"))
        module, key = ("sparkWorker", "spark.worker") if self.is_spark else ("nodemanager", "nodemanager")
        has_it = self.reads(f"{key}.nodeSelector") and "local" not in self.engine
        self.optional(item, "components", {module: {"nodeSelector": {"disk": "ssd"}}}, allowed=has_it)
        dialect = self.release.hosts.dialect
        self.optional(item, "ingress", {"domain": f"d{party}.example.net"}, allowed=dialect == "ingress")
        slash = "/" if self.release.registry_must_end_with_slash else ""
        self.optional(item, "registry", f"harbor.example.com/fate{slash}", allowed=self.reads("registry"))
        self.optional(item, "fateflow", "ClusterIP", allowed=not self.has_single_port or not self.is_spark)
        self.exposed(item, number)
        has_tenant = self.engine.endswith("pulsar") and self.reads("python.pulsar.tenant") and self.has_tenant
        if has_tenant:
            item["pulsar"] = {"tenant": "alliance"}
        is_direct = self.is_spark and not self.has_single_port and not {"fateflow", "exposure"} & item.keys()
        self.optional(item, "nginx", "direct", allowed=is_direct)
        return item

    def exposed(self, item: Tree, number: int) -> None:
        """How a party is reached: a load balancer, its own cluster only, or NodePorts, of which some are pinned."""
        broker = "pulsar" if self.engine.endswith("pulsar") else "rabbitmq"
        balanced = ("nginx", broker) if self.is_spark else (self.release.module,)
        if self.shape != "balanced" and self.reads(*(f"{each}.loadBalancerIP" for each in balanced)):
            balancer: Tree = {"type": "LoadBalancer", "address": f"10.77.{number}.1"}
            several = {broker: f"10.78.{number}.1", "nginx": f"10.79.{number}.1"}
            if self.shape in {"star", "two_stars", "grouped"} and self.reads("pulsar.publicLB.enabled"):
                self.optional(several, "pulsarTls", f"10.80.{number}.1", allowed=broker == "pulsar")
            self.optional(balancer, "addresses", several, allowed=self.is_spark)
            self.optional(item, "exposure", balancer)
        if "exposure" not in item and not self.is_spark and len(self.clusters) == 1 and self.shape in {"mesh", "star"}:
            self.optional(item, "exposure", "ClusterIP")
        if "exposure" in item:
            return
        names = ["nginxHttp", broker] if self.is_spark else [self.release.module]
        if self.is_spark and not self.has_single_port:
            names.append("nginxGrpc")
        if broker == "pulsar" and self.is_spark:
            names.append("pulsarTls")
        if "fateflow" not in item and self.release.fateflow.http_key:
            names.append("fateflowHttp")
        first = 31000 + number * 10
        pins = {name: first + digit for digit, name in enumerate(names) if self.sometimes()}
        if pins:
            item["ports"] = pins

    def serve(self, parties: Sequence[Tree]) -> list[int]:
        """Give FATE-Serving to some of the parties, or all, or none, of one version."""
        self.release = known(self.name)
        usual = self.release.serving
        share = self.draw(st.sampled_from(("none", "none", "some", "all")))
        if usual is None or not self.reads("servingIp") or share == "none" or self.is_mixed:
            return []
        alike = [name for name in SERVING_NAMES if name.split(".")[0] == usual.split(".")[0]]
        version = self.draw(st.sampled_from((usual, *alike)))
        self.serving = chart = known_serving(version)
        secrets = {
            each.component.lower().removeprefix("serving"): "env:FATE_SERVING_PASSWORD"
            for each in chart.credentials
            if each.password_key is not None
        }
        served = []
        for number, party in enumerate(parties):
            if share == "some" and not self.draw(st.booleans()):
                continue
            serving: Tree = {"credentials": secrets} if secrets else {}
            if version != usual:
                serving["release"] = version
            cannot = "exposure" in party and not (chart.has_load_balancer_ip and chart.has_type)
            if cannot or party.get("polling") is not None:
                serving["exposure"] = "NodePort"
            elif chart.has_type and len(self.clusters) == 1 and "exposure" not in party:
                self.optional(serving, "exposure", "ClusterIP")
            can_ask = chart.needs_zookeeper and self.reads("serving.useRegistry")
            self.optional(serving, "useRegistry", value=True, allowed=can_ask)
            for key in ("pullPolicy", "registry", "persistence"):
                if not chart.reads(key):
                    party.pop(key, None)  # it holds for both
            if serving.get("exposure", party.get("exposure", "NodePort")) == "NodePort":
                self.optional(party.setdefault("ports", {}), "servingProxy", 31500 + number)
                if not party["ports"]:
                    del party["ports"]
            party["serving"] = serving
            served.append(party["id"])
        return served

    def serving_exchange(self) -> Tree:
        """An exchange for the parties with FATE-Serving, of the version that they have."""
        item: Tree = {"name": "served", "cluster": self.place(), "kind": "servingProxy"}
        if self.serving is not None and self.serving.name != self.release.serving:
            item["serving"] = {"release": self.serving.name}
        return item

    def exchange(self, name: str, number: int) -> Tree:
        """An exchange of the shape."""
        item: Tree = {"name": name, "cluster": self.place()}
        if self.release.module == "osx" and not self.is_spark:
            item["target"] = "kubernetes"
        self.optional(item, "id", 10 + number)
        if self.is_spark:
            self.optional(item, "kind", "trafficServer")
        names = ("trafficServer", "nginxHttp", "nginxGrpc") if self.is_spark else (self.release.module,)
        pins = {name: 31900 + 10 * number + digit for digit, name in enumerate(names) if self.sometimes()}
        if pins:
            item["ports"] = pins
        elif not self.is_spark and len(self.clusters) == 1:
            self.optional(item, "exposure", "ClusterIP")
        return item

    def way_through(self, party: int) -> Tree:
        """The way of a party to its exchange, or back, by another address, and perhaps other ports."""
        ends = self.draw(st.permutations([party, "hub"]))
        result: Tree = {"from": ends[0], "to": ends[1], "address": "172.16.0.2"}
        if not self.is_spark:
            self.optional(result, "port", 19370)
        elif ends[1] == "hub":
            self.optional(result, "ports", {"trafficServer": 1443, "nginxHttp": 1300, "nginxGrpc": 1310})
        else:
            self.optional(result, "ports", {"pulsarTls": 6655})  # a port to which trafficServer opens tunnels
        return result

    def defaults(self) -> Tree:
        """The engine, and references in place of the chart's own passwords, where it has keys for them."""
        credentials = {
            each.component: f"env:FATE_{each.component.upper()}_PASSWORD"
            for each in self.release.credentials
            if each.component in {"mysql", "fateboard"} and each.password_key is not None
        }
        return {"engine": self.engine, **({"credentials": credentials} if credentials else {})}

    def route(self, ids: Sequence[int], parties: Sequence[Tree]) -> Tree:
        """The way of one party to another by another address, and perhaps other ports."""
        result: Tree = {"from": ids[0], "to": ids[1], "address": "172.16.0.1"}
        if not self.is_spark:
            self.optional(result, "port", 19370)
            return result
        control = "fateflow" if parties[1].get("nginx") == "direct" or self.has_single_port else "nginx"
        names = [f"{control}Grpc"] if self.has_single_port else [f"{control}Http", f"{control}Grpc"]
        names.append("pulsar" if self.engine.endswith("pulsar") else "rabbitmq")
        if self.sometimes():
            result["ports"] = {name: 19000 + digit for digit, name in enumerate(names)}
        return result


@st.composite
def federations(draw: st.DrawFn) -> Drawn:
    """A valid federation of up to seven parties on up to three clusters."""
    engine = draw(st.sampled_from(["eggroll", *CASES]))  # it has most shapes
    shape = draw(st.sampled_from([*CASES[engine]]))
    name = draw(st.sampled_from(CASES[engine][shape]))
    ids = draw(st.lists(st.integers(100, 999_999), min_size=4, max_size=7, unique=True))
    half = max(2, len(ids) // 2)
    drawing, drawn = Drawing(draw, name, engine, shape), shape_of(shape, ids, half)
    parties = [drawing.party(number, party) for number, party in enumerate(ids)]
    if shape in {"polled_hub", "polled_party"}:
        parties[-1]["polling"] = "hub" if shape == "polled_hub" else ids[0]
    exchanges = [drawing.exchange(each, number) for number, each in enumerate(drawn.exchanges)]
    if shape == "upstream":
        exchanges[0]["upstream"] = "yard"
    if engine.endswith("pulsar") and drawing.reads("pulsar.exchange.domain") and drawing.sometimes():
        exchanges = [{**each, "domain": "parties.example.org"} for each in exchanges]
    served = drawing.serve(parties)
    topology = list(drawn.topology)
    together = groups(*drawn.groups)
    pairs = {(first, second) for first, second in together if first in served and second in served}
    if len(served) > 1 and "never" not in drawn.more and drawing.sometimes():
        exchanges.append(drawing.serving_exchange())
        topology.append({"star": served, "through": "served"})
        pairs = set(permutations(served, 2))
    data: Tree = {"version": 1, "name": "drawn", "release": name, "topology": topology, "clusters": drawing.clusters}
    if exchanges:
        data["exchanges"] = exchanges
    data |= {"parties": parties, **drawn.more}
    if shape in {"mesh", "links"} and drawing.sometimes():
        data["routes"] = [drawing.route(ids, parties)]
    elif drawn.exchanges and shape != "balanced" and drawing.sometimes():
        data["routes"] = [drawing.way_through(ids[-1] if shape in {"hybrid", "islands"} else ids[0])]
    data["defaults"] = drawing.defaults()
    apart = frozenset(pair for first, second in data.get("never", ()) for pair in ((first, second), (second, first)))
    warned = set()
    if engine.endswith("pulsar") and max(map(len, drawn.groups)) > 2:
        warned.add(PRODUCERS)
    if drawing.is_spark and name == "v2.0.0":
        warned.add(UNREAD)
    return Drawn(data, together - apart, apart, frozenset(pairs) - apart, frozenset(warned), half, shape)


@st.composite
def scripted_federations(draw: st.DrawFn) -> Drawn:
    """A valid federation of the releases that kube.cfg deploys: one mesh or one star, and what one script can say."""
    name = draw(st.sampled_from(SCRIPTED))
    ids = draw(st.lists(st.integers(100, 999_999), min_size=2, max_size=6, unique=True))
    drawing = Drawing(draw, name, "eggroll", "mesh")
    for number, cluster in enumerate(drawing.clusters):
        cluster["address"] = draw(st.sampled_from(ADDRESSES[:3])).format(number + 1)
    parties: list[Tree] = []
    for number, party in enumerate(ids):
        item: Tree = {"id": party, "cluster": drawing.place()}
        drawing.optional(item, "namespace", f"ns-{party}")
        drawing.optional(item, "name", f"n{party}")
        drawing.optional(item, "nfs", {"server": "192.168.77.1", "path": f"/data/{party}"})
        drawing.optional(item, "ports", {"proxy": 31000 + number})
        parties.append(item)
    defaults: Tree = {}
    drawing.optional(defaults, "registry", "harbor.example.com/federatedai")
    drawing.optional(defaults, "components", {"python": {"nodeSelector": {"fedai.org": "node-7"}}})
    data: Tree = {"version": 1, "name": "drawn", "release": name, "topology": "mesh", "clusters": drawing.clusters}
    if draw(st.booleans()):
        data |= {"topology": "star", "exchanges": [{"name": "hub", "cluster": drawing.place()}]}
    data["parties"] = parties
    if defaults:
        data["defaults"] = defaults
    return Drawn(data, groups(ids), frozenset())


def planned(text: bytes, lock: str | None = None, warned: frozenset[str] = frozenset()) -> Plan:
    """The plan of a federation in which nothing is found, but for what is known."""
    checked = check(text, lock)
    told = [(each.fault.code, each.message) for each in checked.diagnostics if str(each.fault.severity) != "info"]
    assert [each for each in told if each[0] not in warned] == []
    assert checked.plan is not None
    return checked.plan


def files_of(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """The rendered files by site."""
    return {each.key: render_site(plan)(each) for each in plan.sites}


def leads_somewhere(table: RouteTable) -> RouteTable:
    """A table without a default route to an address that no host has, and without the empty parts."""
    default = tuple(each for each in table.default if not each.host.startswith("0."))
    return RouteTable(table.own, dict(table.entries), default, dict(table.more), table.domain)


def reads_back(plan: Plan, each: PlannedSite, files: Mapping[str, str]) -> None:
    """Tables and ports of one site come out of its files as planned, and nothing is lost on the way."""
    tables: dict[Channel, RouteTable] = {}
    heard: dict[Channel, set[Endpoint]] = {}
    for reading in target_of(each).read_back(each, files):
        assert isinstance(reading, Reading)
        assert reading.dropped == ()
        assert {".".join(map(str, remark.path)) for remark in reading.remarks} <= {*each.release.unread}
        for gate in reading.gates:
            if gate.channel not in OWN:
                assert gate.channel not in tables
                tables[gate.channel] = leads_somewhere(gate.table)
            listening = heard.setdefault(gate.channel, set())
            for door in gate.exposed:
                if door.service_type == "NodePort" and door.node_port is not None:
                    listening.add(Endpoint(each.cluster.address, door.node_port))
                elif door.service_type == "LoadBalancer":  # the chart has no key for the address of Pulsar's second one
                    address = door.load_balancer or each.site.exposure.address_of("pulsarTls")
                    listening.add(Endpoint(address, door.container_port))
    assert tables.keys() == {*each.channels}
    for channel, table in tables.items():
        wanted = leads_somewhere(plan.table(each, channel))
        wanted = RouteTable(table.own, wanted.entries, wanted.default, wanted.more, wanted.domain)
        assert table == wanted, (each.key, channel)
    for channel, listener in each.listeners.items():
        assert heard.get(channel, set()) == {*listener.outside}, (each.key, channel)


def nothing_is_found_and_everything_arrives(drawn: Drawn) -> None:
    """Every property of one federation that needs no second one."""
    plan = planned(drawn.text, warned=drawn.warned)
    proved = prove(plan, render_site(plan))
    assert [each.message for each in proved.diagnostics] == []
    assert (proved.pairs, proved.serving_pairs) == (len(drawn.together), len(drawn.served))
    pairs = sorted(drawn.together)
    for pair in {*pairs[:: 1 + len(pairs) // 4], *drawn.apart}:
        for channel, found in trace(plan, *pair, render_site(plan)):
            must = pair in (drawn.served if channel is Channel.SERVING else drawn.together)
            assert (found.reason is None) == must, (channel, found)
            assert not must or found.hops[-1].target == party_key(pair[1])
    rendered = files_of(plan)
    for each in plan.sites:
        reads_back(plan, each, rendered[each.key])
    again = planned(drawn.text, warned=drawn.warned)
    assert files_of(again) == rendered
    assert dump(again.lock) == dump(plan.lock)
    assert files_of(planned(drawn.text, dump(plan.lock), drawn.warned)) == rendered


@QUICK
@given(federations())
def test_a_valid_federation(drawn: Drawn) -> None:
    """Nothing is found, all pairs talk, tables are read back as planned, and the same input gives the same bytes."""
    nothing_is_found_and_everything_arrives(drawn)


@pytest.mark.slow
@pytest.mark.timeout(900)
@THOROUGH
@given(federations())
def test_many_valid_federations(drawn: Drawn) -> None:
    """As above, many times as often."""
    nothing_is_found_and_everything_arrives(drawn)


@QUICK
@given(scripted_federations())
def test_a_valid_federation_of_kube_cfg(drawn: Drawn) -> None:
    """The same holds for the releases that one script deploys."""
    nothing_is_found_and_everything_arrives(drawn)


class Row(NamedTuple):
    """A row of a route table in a file: where it is, and on which channel it counts."""

    site: str
    file: str
    path: tuple[Any, ...]
    channel: Channel


ROUTERS = ("proxy", "rollsite", "osx", "lbrollsite", "servingProxy")
TABLES = {"nginx": Channel.NGINX_HTTP, "rabbitmq": Channel.RABBITMQ, "pulsar": Channel.PULSAR}


def rows(site: str, file: str, data: Tree) -> Iterator[Row]:
    """Every row of every route table of a file, but the party's own."""
    for block in ROUTERS:
        channel = Channel.SERVING if block == "servingProxy" else Channel.ROLLSITE
        found = data.get(block, {})
        for name, listed in (
            ("partyList", found.get("partyList")),
            ("exchangeList", found.get("exchangeList")),
            ("clientList", found.get("polling", {}).get("clientList")),
        ):
            above = (block, "polling", name) if name == "clientList" else (block, name)
            yield from (Row(site, file, (*above, index), channel) for index in range(len(listed or ())))
    for block, channel in TABLES.items():
        for party in data.get(block, {}).get("route_table", {}):
            if party != data["partyId"]:
                yield Row(site, file, (block, "route_table", party), channel)
    names = data.get("trafficServer", {}).get("route_table", {}).get("sni", ())
    above = ("trafficServer", "route_table", "sni")
    yield from (Row(site, file, (*above, index), Channel.PULSAR) for index in range(len(names)))


def all_rows(rendered: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
    """Every row of every file."""
    for site, file, data in of_charts(rendered):
        yield from rows(site, file, data)


def of_charts(rendered: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, Tree]]:
    """The files that charts take; manifests have properties of their own (test_manifest_properties.py)."""
    for site, files in rendered.items():
        for file in ("cluster.yaml", "serving.yaml"):
            if file in files:
                yield site, file, loaded(files[file])


def at(data: Any, path: Sequence[Any]) -> Any:
    """What stands at a path."""
    for step in path:
        data = data[step]
    return data


def changed(text: str, path: Sequence[Any], value: Any = None) -> str:
    """A file with another value at a path, or without what is there."""
    data = loaded(text)
    above = at(data, path[:-1])
    if value is None:
        del above[path[-1]]
    else:
        above[path[-1]] = value
    return yaml.safe_dump(data, sort_keys=False)


def found_with(plan: Plan, rendered: Mapping[str, Mapping[str, str]], site: str, file: str, text: str) -> list[Any]:
    """What the proof finds when one file is another."""
    files = {**rendered, site: {**rendered[site], file: text}}
    return list(prove(plan, lambda each: files[each.key]).diagnostics)


def one_of_each(data: st.DataObject, every: Iterable[Row]) -> Iterator[Row]:
    """One row of each kind of table."""
    kinds: dict[tuple[str, ...], list[Row]] = {}
    for row in every:
        kinds.setdefault(tuple(step for step in row.path if isinstance(step, str) and not step.isdecimal()), []).append(
            row
        )
    for found in kinds.values():
        yield data.draw(st.sampled_from(found))


def no_row_can_be_missing(drawn: Drawn, data: st.DataObject) -> None:
    """Without one row of one route table there is exactly one finding, about that site's routes and in its file."""
    plan = planned(drawn.text, warned=drawn.warned)
    rendered = files_of(plan)
    for row in one_of_each(data, all_rows(rendered)):
        text = changed(rendered[row.site][row.file], row.path)
        found = found_with(plan, rendered, row.site, row.file, text)
        told = [(each.fault.code, each.message, each.place.document) for each in found]
        assert len(found) == 1, (row, told)
        arrives_all_the_same = "exchangeList" in row.path or drawn.shape == "upstream"
        assert found[0].fault.code in ABOUT_ROUTES | ({NOT_AS_PLANNED} if arrives_all_the_same else set()), told
        assert found[0].place.document == f"{row.site}/{row.file}", told


@BRIEF
@given(federations(), st.data())
def test_a_row_that_is_missing_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """No row of any table of any file can be left out."""
    no_row_can_be_missing(drawn, data)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(THOROUGH, max_examples=200)
@given(federations(), st.data())
def test_every_row_that_is_missing_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """As above, many times as often."""
    no_row_can_be_missing(drawn, data)


def addresses(row: Row, data: Tree) -> Iterator[tuple[tuple[Any, ...], Channel]]:
    """The hosts and ports in a row that somebody dials."""
    if row.path[-2] == "clientList":
        return
    item = at(data, row.path)
    if row.path[0] == "nginx":
        for key in item["fateflow"][0]:
            channel = Channel.NGINX_GRPC if key in {"grpc_port", "port"} else Channel.NGINX_HTTP
            is_single = "port" in item["fateflow"][0]
            yield (*row.path, "fateflow", 0, key), Channel.NGINX_GRPC if is_single else channel
    elif row.path[0] == "pulsar" and item["proxy"]:
        yield (*row.path, "proxy"), row.channel
    elif row.path[0] == "pulsar":
        unused = "port" if "exchange" in data["pulsar"] else "sslPort"
        yield from (((*row.path, key), row.channel) for key in item if key not in {unused, "proxy"})
    else:
        yield from (((*row.path, key), row.channel) for key in item if key not in {"partyId", "id"})


DEFAULTS: Mapping[tuple[str, ...], Channel] = {
    ("proxy", "exchange"): Channel.ROLLSITE,
    ("rollsite", "exchange"): Channel.ROLLSITE,
    ("rollsite", "polling", "server"): Channel.ROLLSITE,
    ("servingProxy", "exchange"): Channel.SERVING,
    ("nginx", "exchange"): Channel.NGINX_HTTP,
    ("pulsar", "exchange"): Channel.PULSAR,
    ("servingServer", "fateflow"): Channel.TRANSFER,
}
"""Where default routes stand, and that of a serving-server to its FATE-Flow."""


def further_addresses(data: Tree) -> Iterator[tuple[tuple[Any, ...], Channel]]:
    """The hosts and ports outside of tables that somebody dials."""
    for path, channel in DEFAULTS.items():
        found: Any = data
        for step in path:
            found = found.get(step) or {}
        if found.get("ip") == "0.0.0.1":
            continue
        for key in found:
            yield (*path, key), Channel.NGINX_GRPC if key == "grpcPort" else channel
    if "servingIp" in data and "serving" not in data:
        yield ("servingIp",), Channel.LOAD
        yield ("servingPort",), Channel.LOAD
    if "serving" in data:
        yield ("serving", "zookeeper", "hosts", 0), Channel.LOAD


def spoiled(value: Any) -> Any:
    """Another port or host, where nobody is."""
    if isinstance(value, int):
        return 1
    host, colon, port = value.rpartition(":")
    if colon and port.isdecimal() and not host.endswith(":") and "::" not in value:
        return f"{NOBODY}:{port}"
    return NOBODY


def all_addresses(rendered: Mapping[str, Mapping[str, str]]) -> Iterator[Row]:
    """Every host and port in every file that somebody dials."""
    for site, file, read in of_charts(rendered):
        for row in rows(site, file, read):
            yield from (Row(site, file, *found) for found in addresses(row, read))
        yield from (Row(site, file, *found) for found in further_addresses(read))


def no_address_can_be_another(drawn: Drawn, data: st.DataObject) -> None:
    """A host or port that leads nowhere is found in that file, on that channel."""
    plan = planned(drawn.text, warned=drawn.warned)
    rendered = files_of(plan)
    for row in one_of_each(data, all_addresses(rendered)):
        text = rendered[row.site][row.file]
        text = changed(text, row.path, spoiled(at(loaded(text), row.path)))
        found = found_with(plan, rendered, row.site, row.file, text)
        told = [(each.fault.code, each.message, each.place.document) for each in found]
        assert {each.place.document for each in found} == {f"{row.site}/{row.file}"}, (row, told)
        assert any(WORDS[row.channel] in each.message for each in found), (row, told)
        if {"partyList", "route_table"} & {*row.path}:
            followed = [each for each in found if each.fault.code != NOT_AS_PLANNED]
            assert any(WORDS[row.channel] in each.message for each in followed), (row, told)


@BRIEF
@given(federations(), st.data())
def test_an_address_that_is_spoiled_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """No host and no port in any table of any file can be another one."""
    no_address_can_be_another(drawn, data)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(THOROUGH, max_examples=200)
@given(federations(), st.data())
def test_every_address_that_is_spoiled_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """As above, many times as often."""
    no_address_can_be_another(drawn, data)


@QUICK
@given(scripted_federations(), st.data())
def test_a_party_that_is_missing_in_kube_cfg_is_found(drawn: Drawn, data: st.DataObject) -> None:
    """Without one item of the two lists of parties the proof finds something."""
    plan = planned(drawn.text)
    rendered = files_of(plan)
    (text,) = {files["kube.cfg"] for files in rendered.values()}
    party = data.draw(st.sampled_from(drawn.data["parties"]))["id"]
    less = text.replace(f"{party}", "1000000", 1)
    assert less != text
    files = {site: {**each, "kube.cfg": less} for site, each in rendered.items()}
    assert prove(plan, lambda each: files[each.key]).diagnostics


@QUICK
@given(federations(), st.integers(0, 2), st.booleans())
def test_a_new_party_moves_nobody(drawn: Drawn, cluster: int, with_lock: bool) -> None:
    """A party appended to the file leaves all other ports where they are, with the lock and without."""
    plan = planned(drawn.text, warned=drawn.warned)
    names = [each["name"] for each in drawn.data["clusters"]]
    ids = [each["id"] for each in drawn.data["parties"]]
    grown = shape_of(drawn.shape, [*ids, 42], drawn.half).topology
    serving = drawn.data["topology"][len(grown) :]
    new = {"id": 42, "cluster": names[cluster % len(names)]}
    if "pulsar" in drawn.data["parties"][0]:
        new["pulsar"] = drawn.data["parties"][0]["pulsar"]  # all have one tenant
    parties = [*drawn.data["parties"], new]
    text = drawn.but(topology=[*grown, *serving], parties=parties)
    warned = drawn.warned | ({PRODUCERS} if "pulsar" in drawn.data["defaults"]["engine"] else set())
    after = planned(text, dump(plan.lock) if with_lock else None, warned)
    for each in plan.sites:
        assert after.by_key[each.key].ports == each.ports
        assert after.by_key[each.key].listeners == each.listeners


@QUICK
@given(federations(), st.randoms(use_true_random=False))
def test_the_order_of_unrelated_parts_does_not_matter(drawn: Drawn, random: Any) -> None:
    """Clusters, keys and pairs in another order change no site's files."""
    plan = planned(drawn.text, warned=drawn.warned)
    data = copy.deepcopy(drawn.data)
    random.shuffle(data["clusters"])
    keys = random.sample(sorted(data), len(data))
    text = yaml.safe_dump({key: data[key] for key in keys}, sort_keys=False).encode()
    other = planned(text, warned=drawn.warned)
    assert files_of(other) == files_of(plan)
    assert dump(other.lock) == dump(plan.lock)


@st.composite
def mixed_federations(draw: st.DrawFn) -> tuple[Tree, Sequence[int]]:
    """Two groups with engines that cannot talk, each with its own way to do so; and the parties of the first."""
    name = draw(st.sampled_from([name for name in RELEASE_NAMES if len(known(name).engines) > 1]))
    by_broker = {each.broker: each.name for each in known(name).engines}
    brokers = draw(st.permutations(sorted(by_broker, key=str)))[:2]
    ids = draw(st.lists(st.integers(100, 999_999), min_size=4, max_size=6, unique=True))
    halves = (ids[:2], ids[2:])
    topology: list[Tree] = []
    exchanges: list[Tree] = []
    parties: list[Tree] = []
    for broker, members, exchange in zip(brokers, halves, ("hub", "yard"), strict=True):
        if draw(st.booleans()) and can(name, by_broker[broker], "star"):
            topology.append({"star": members, "through": exchange})
            exchanges.append({"name": exchange, "cluster": "c0"})
            if by_broker[broker] == "eggroll" and known(name).module == "osx":
                exchanges[-1]["target"] = "kubernetes"
        else:
            topology.append({"mesh": members})
        parties += [{"id": party, "cluster": "c0", "engine": by_broker[broker]} for party in members]
    data: Tree = {"version": 1, "name": "mixed", "release": name, "topology": topology, "parties": parties}
    data["clusters"] = [{"name": "c0", "address": "192.168.9.1"}]
    if exchanges:
        data["exchanges"] = exchanges
    data["defaults"] = Drawing(draw, name, by_broker[brokers[0]], "mesh").defaults()
    return data, halves[0]


@QUICK
@given(mixed_federations())
def test_groups_that_never_talk_may_have_different_engines(drawn: tuple[Tree, Sequence[int]]) -> None:
    """Two groups with different engines plan together and are proved; as one group they are refused, by a pair."""
    data, first = drawn
    plan = planned(yaml.safe_dump(data).encode(), warned=frozenset({PRODUCERS, UNREAD}))
    proved = prove(plan, render_site(plan))
    assert [each.message for each in proved.diagnostics] == []
    assert proved.pairs == len(groups(*(shape.get("mesh", shape.get("star")) for shape in data["topology"])))
    joined = {key: value for key, value in data.items() if key != "exchanges"}
    found = check(yaml.safe_dump({**joined, "topology": "mesh"}).encode(), None).diagnostics
    errors = [each for each in found if each.is_error]
    assert {each.fault.code for each in errors} == {"FED406"}
    for each in errors:
        named = {int(number) for number in re.findall(r"party (\d+)", each.message)}
        assert (len(named), len(named & {*first})) == (2, 1), each.message


def test_a_large_mesh_with_serving() -> None:
    """Sixty parties with Spark, Pulsar and FATE-Serving plan and prove without findings."""
    ids = range(1000, 1060)
    data: Tree = {
        "version": 1,
        "name": "large",
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [{"name": f"c{number}", "address": f"192.168.{number}.1"} for number in range(6)],
        "parties": [{"id": party, "cluster": f"c{party % 6}"} for party in ids],
        "defaults": {
            "engine": "spark_pulsar",
            "credentials": {"mysql": "env:FATE_MYSQL_PASSWORD", "fateboard": "env:FATEBOARD_PASSWORD"},
            "serving": {"credentials": {"redis": "env:FATE_REDIS_PASSWORD", "admin": "env:FATE_ADMIN_PASSWORD"}},
        },
    }
    plan = planned(yaml.safe_dump(data).encode(), warned=frozenset({PRODUCERS}))
    proved = prove(plan, render_site(plan))
    assert (proved.pairs, proved.serving_pairs, proved.diagnostics) == (60 * 59, 60 * 59, ())
