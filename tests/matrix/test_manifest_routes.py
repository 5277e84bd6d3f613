"""Every engine, topology, serving and exposure of target `kubernetes`: messages are followed through the manifests.

The follower here knows nothing of the code that writes or reads manifests: it takes the objects as they are, lets
Services select pods by their labels, and looks routes up in the ConfigMaps by FATE's own names for its files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import permutations, product
from typing import Any, NamedTuple

import pytest
import yaml

from planner.pipeline import check
from renderers.planning import render_site
from tests.quick_yaml import loaded

PARTIES = {9999: "bank", 10000: "shop", 10001: "bank"}
ADDRESSES = {"bank": "192.168.9.1", "shop": "10.4.0.2"}
ENGINES = {
    "v1.11.2": ("eggroll", "spark_local_rabbitmq", "spark_local_pulsar", "spark_rabbitmq", "spark_pulsar"),
    "v2.0.0": ("eggroll", "spark_rabbitmq", "standalone_rabbitmq"),
}
SERVING = ("none", "direct", "exchange")
EXPOSURES = ("NodePort", "LoadBalancer", "ClusterIP")

Tree = dict[str, Any]


class Case(NamedTuple):
    """One combination."""

    release: str
    engine: str
    topology: str
    serving: str
    exposure: str

    def __str__(self) -> str:
        """Its name among the tests."""
        return "-".join(self)


def cases() -> Iterator[Case]:
    """What the target offers: no star for RabbitMQ, and names inside a cluster are nothing that nginx can dial."""
    for release, engines in ENGINES.items():
        for case in product((release,), engines, ("mesh", "star"), SERVING, EXPOSURES):
            found = Case(*case)
            if found.engine.endswith("rabbitmq") and found.topology == "star":
                continue
            if found.exposure == "ClusterIP" and found.engine != "eggroll":
                continue
            yield found


def federation(case: Case) -> Tree:
    """Three parties on two clusters; on one where they are exposed inside only."""
    parties: list[Tree] = [{"id": party, "cluster": cluster} for party, cluster in PARTIES.items()]
    shapes: list[Tree] = [{"mesh": "all"} if case.topology == "mesh" else {"star": "all", "through": "hub"}]
    exchanges: list[Tree] = [{"name": "hub", "cluster": "shop"}] if case.topology == "star" else []
    if case.serving == "exchange":
        shapes.append({"star": "all", "through": "served"})
        exchanges.append({"name": "served", "cluster": "bank", "kind": "servingProxy"})
    defaults: Tree = {"target": "kubernetes", "engine": case.engine, "networkPolicies": True}
    if case.serving != "none":
        defaults["serving"] = {}
    if case.exposure == "ClusterIP":
        defaults["exposure"] = "ClusterIP"
        for each in (*parties, *exchanges):
            each["cluster"] = "bank"
    if case.exposure == "LoadBalancer":
        for number, each in enumerate(parties):
            each["exposure"] = {"type": "LoadBalancer", "address": f"172.16.0.{number + 1}"}
    data: Tree = {"version": 1, "name": "routes", "release": case.release, "topology": shapes}
    if exchanges:
        data["exchanges"] = exchanges
    clusters = [{"name": name, "address": address} for name, address in ADDRESSES.items()]
    return {**data, "clusters": clusters, "parties": parties, "defaults": defaults}


class Heard(NamedTuple):
    """Who answers a call: the site, its component, and the port of the container."""

    site: str
    component: str
    port: int


class World:
    """All objects of all sites."""

    def __init__(self, files: Mapping[str, Mapping[str, str]], clusters: Mapping[str, str]) -> None:
        self.objects: dict[str, list[Tree]] = {
            site: [
                each for name in texts if name[:2].isdecimal() for each in yaml.load_all(texts[name], yaml.CSafeLoader)
            ]
            for site, texts in files.items()
        }
        self.clusters = clusters
        self.doors = dict(self._doors())

    def _doors(self) -> Iterator[tuple[tuple[str, str, int], Heard]]:
        """Who answers where: by the cluster of those who call, or any, and by host and port."""
        for site, objects in self.objects.items():
            cluster = self.clusters[site]
            pods = [each for each in objects if each["kind"] in {"Deployment", "StatefulSet"}]
            for service in (each for each in objects if each["kind"] == "Service"):
                spec, metadata = service["spec"], service["metadata"]
                for pod in pods:
                    labels = pod["spec"]["template"]["metadata"]["labels"]
                    if pod["metadata"]["namespace"] != metadata["namespace"]:
                        continue
                    if not spec["selector"].items() <= labels.items():
                        continue
                    ports = {
                        port["name"]: port["containerPort"]
                        for each in pod["spec"]["template"]["spec"]["containers"]
                        for port in each.get("ports", ())
                    }
                    for port in spec["ports"]:
                        heard = Heard(site, pod["metadata"]["name"], ports[port["targetPort"]])
                        inside = f"{metadata['name']}.{metadata['namespace']}"
                        yield (cluster, inside, port["port"]), heard
                        if spec["type"] == "NodePort":
                            yield ("", ADDRESSES[cluster], port["nodePort"]), heard
                        if spec["type"] == "LoadBalancer":
                            yield ("", spec["loadBalancerIP"], port["port"]), heard

    def call(self, site: str, host: str, port: int) -> Heard | None:
        """Who answers a site that calls a host and port."""
        found = self.doors.get(("", host, port)) or self.doors.get((self.clusters[site], host, port))
        if found is None and "." not in host:
            spaces = {each["metadata"]["namespace"] for each in self.objects[site]}
            near = [self.doors.get((self.clusters[site], f"{host}.{space}", port)) for space in spaces]
            found = next((each for each in near if each is not None), None)
        return found

    def text(self, site: str, name: str, key: str) -> str:
        """A text of a ConfigMap."""
        found = next(
            each for each in self.objects[site] if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", name)
        )
        result: str = found["data"][key]
        return result


def json_row(world: World, site: str, name: str, party: int) -> list[tuple[str, int]]:
    """The endpoints of a party, or the default ones, in a table in JSON."""
    table = json.loads(world.text(site, name, "route_table.json"))["route_table"]
    row = table.get(str(party), table.get("default", {})).get("default", [])
    return [(each["ip"], int(each["port"])) for each in row]


def nginx_row(world: World, site: str, party: int, key: str) -> list[tuple[str, int]]:
    """The endpoints of a party's FATE-Flow in nginx's table."""
    table = loaded(world.text(site, "nginx-config", "route_table.yaml"))
    found = table[party]["fateflow"] if party in table else table["default"]["proxy"]
    return [(each["host"], each[key]) for each in found]


def arrives(world: World, kind: str, source: str, party: int) -> bool:
    """Whether a message of a site to a party arrives, over at most two exchanges."""
    site = source
    for _ in range(3):
        if kind in {"rollsite", "osx"}:
            rows = json_row(world, site, f"{kind}-config", party)
        elif kind == "serving":
            rows = json_row(world, site, "serving-proxy-config", party)
        else:
            rows = nginx_row(world, site, party, kind)
        assert rows, (kind, site, party)
        heard = world.call(site, *rows[0])
        if heard is None or (heard.component, heard.port) not in ANSWERS[kind]:
            return False
        if heard.site == f"party-{party}":
            return True
        site = heard.site
    return False


ANSWERS = {
    "rollsite": {("rollsite", 9370)},
    "osx": {("osx", 9370)},
    "http_port": {("nginx", 9300), ("python", 9380)},
    "grpc_port": {("nginx", 9310), ("python", 9360)},
    "serving": {("serving-proxy", 8869)},
}
"""The component and port that each kind of message is for."""


def data_arrives(world: World, broker: str, source: str, party: int) -> bool:
    """Whether data for a party arrives at its broker, dialled plainly or by TLS and name."""
    table = loaded(world.text(source, f"{broker}-route-table", f"{broker}_route_table.yaml"))
    row = table.get(party)
    if row is not None:
        heard = world.call(source, row["host"], row["port"])
        return heard == Heard(f"party-{party}", broker, 5672 if broker == "rabbitmq" else 6650)
    host, _, port = table["default"]["proxy"].rpartition(":")
    heard = world.call(source, host, int(port))
    if heard is None or heard.component != "traffic-server":
        return False
    names = loaded(world.text(heard.site, "traffic-server-sni", "sni.yaml"))["sni"]
    wanted = f"{party}.{table['default']['domain']}"
    route = next(each["tunnel_route"] for each in names if each["fqdn"] == wanted)
    host, _, port = route.rpartition(":")
    return world.call(heard.site, host, int(port)) == Heard(f"party-{party}", "pulsar", 6651)


EVERY = tuple(cases())
QUICK = EVERY[::17]


@pytest.mark.parametrize(
    "case", [pytest.param(each, id=str(each), marks=() if each in QUICK else pytest.mark.slow) for each in EVERY]
)
def test_every_message_arrives(case: Case) -> None:
    """Control, data and inference of every pair arrive at the right party, component and port."""
    checked = check(yaml.safe_dump(federation(case)).encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    render = render_site(checked.plan)
    files = {each.key: render(each) for each in checked.plan.sites}
    world = World(files, {each.key: each.cluster.name for each in checked.plan.sites})
    kinds = ["http_port", "grpc_port"]
    if case.engine == "eggroll":
        kinds = ["osx" if case.release == "v2.0.0" else "rollsite"]
    if case.serving != "none":
        kinds.append("serving")
    lost = []
    for source, target in permutations(PARTIES, 2):
        lost += [(kind, source, target) for kind in kinds if not arrives(world, kind, f"party-{source}", target)]
        if case.engine != "eggroll":
            broker = "pulsar" if case.engine.endswith("pulsar") else "rabbitmq"
            if not data_arrives(world, broker, f"party-{source}", target):
                lost.append((broker, source, target))
    assert lost == []
