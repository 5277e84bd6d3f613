"""The Spark families in a cluster.yaml: nginx for control, RabbitMQ or Pulsar for data, and Pulsar's exchange.

What nginx and FATE do with these tables: reference cluster-yaml.md sections 2.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from planner.channels import Channel
from planner.doors import PULSAR_TLS, Door, dials_by_tls, doors
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.plan import Plan, PlannedSite, dialled_at
from renderers.canonical import Block, KeyPath, block
from renderers.components import Wanted

_NOWHERE: Final = "0.0.0.1"
"""An address that nobody has and that still is one (components.md section 7)."""
_SPARK: Final[Mapping[str, Mapping[str, Any]]] = {
    "sparkMaster": {"replicas": 1, "cpu": "100m", "memory": "512Mi"},
    "sparkWorker": {"replicas": 2, "cpu": "1000m", "memory": "512Mi"},
}
"""What the charts deploy of themselves until v1.6.0-a (v1.5.0:k8s-deploy/cluster-spark.yaml)."""

_DIALLED: Final = "It stands in the table of everyone who lists this site."
_COMMENTS: Final[Mapping[KeyPath, str]] = {
    ("nginx",): "",
    ("rabbitmq",): "",
    ("pulsar",): "",
    ("nginx", "nodePort"): "Peers dial FATE-Flow's gRPC port, under python, instead.",
    ("nginx", "httpNodePort"): "Peers dial both ports. They stand in the table of everyone who lists this site.",
    ("nginx", "loadBalancerIP"): "Peers dial this address on ports 9300 and 9310.",
    ("nginx", "exchange"): "Default route: address and ports of the exchange's nginx, which must list this site.",
    ("nginx", "route_table"): "How each peer's FATE-Flow is reached, as seen from here: addresses, never names.",
    ("rabbitmq", "nodePort"): f"Peers dial this port. {_DIALLED}",
    ("rabbitmq", "loadBalancerIP"): "Peers dial this address on port 5672.",
    ("rabbitmq", "route_table"): "Each peer's broker, as seen from here; each peer lists this site in turn.",
    ("pulsar", "httpNodePort"): f"Peers dial this port. {_DIALLED}",
    ("pulsar", "httpsNodePort"): "TLS: what an exchange dials, and peers that have one.",
    ("pulsar", "loadBalancerIP"): "Peers dial this address on port 6650, an exchange on 6651.",
    (
        "pulsar",
        "exchange",
    ): "Default route: the exchange's trafficServer, which knows this party as <partyId>.<domain>.",
    ("pulsar", "route_table"): "Each peer's broker, as seen from here; each peer lists this site in turn.",
}
_EXCHANGE_COMMENTS: Final[Mapping[KeyPath, str]] = {
    ("trafficServer",): "",
    ("nginx",): "",
    ("trafficServer", "nodePort"): "Parties dial this port: it stands in pulsar.exchange of each.",
    ("trafficServer", "route_table"): "One name per party, of the domain in its pulsar.exchange, and its TLS port.",
    ("nginx", "httpNodePort"): "Parties dial both ports: they stand in nginx.exchange of each.",
    ("nginx", "route_table"): "How each party's FATE-Flow is reached, as seen from here: addresses, never names.",
}


def party_blocks(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The blocks of a Spark party after those that every party has, in the order of KubeFATE's samples."""
    yield from _spark(planned, wanted)
    yield from _hdfs(planned, wanted)
    if "nginx" in planned.modules:
        yield "nginx", _nginx(plan, planned, wanted)
    if "rabbitmq" in planned.modules:
        yield "rabbitmq", _rabbitmq(plan, planned, wanted)
    if "pulsar" in planned.modules:
        yield "pulsar", _pulsar(plan, planned, wanted)


def exchange_blocks(plan: Plan, planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The blocks of a Pulsar exchange: trafficServer for data, and nginx for control where the chart has it."""
    if "trafficServer" in planned.modules:
        table = plan.table(planned, Channel.PULSAR)
        rows = Block("".join(_sni(f"{party}.{table.domain}", entry) for party, entry in table.entries.items()))
        yield (
            "trafficServer",
            {
                **_service(planned, "trafficServer", {"nodePort": "trafficServer"}, wanted),
                "route_table": {"sni": rows},
                **wanted.component("trafficServer"),
            },
        )
    if "nginx" in planned.modules:
        yield "nginx", _nginx(plan, planned, wanted)


def comments(plan: Plan, planned: PlannedSite) -> Mapping[KeyPath, str]:
    """What must agree with whom, above the keys that a person would be tempted to change."""
    if Channel.NGINX_GRPC not in planned.channels and Channel.PULSAR not in planned.channels:
        return {}
    if planned.site.kind == "exchange":
        return _EXCHANGE_COMMENTS
    found = _COMMENTS
    if planned.site.nginx == "direct":
        found = {**found, ("nginx", "httpNodePort"): "Peers dial FATE-Flow's ports, under python, instead."}
    if plan.table(planned, Channel.NGINX_GRPC).default:
        return found
    return {
        **found,
        ("nginx", "exchange"): "No exchange: nowhere, instead of the address of an example that the chart has.",
    }


def tenant(planned: PlannedSite, wanted: Wanted) -> Mapping[str, Any]:
    """`python.pulsar` of a party with a tenant of its own: given at all, the block replaces the chart's as a whole.

    The other values are the chart's (v1.10.0:helm-charts/FATE/values.yaml; INV-PUL-8).
    """
    if planned.site.tenant is None or "pulsar" not in planned.modules:
        return {}
    full = {
        "host": "pulsar",
        "mng_port": 8080,
        "port": 6650,
        "topic_ttl": 3,
        "cluster": "standalone",
        "tenant": planned.site.tenant,
    }
    return {"pulsar": {key: value for key, value in full.items() if wanted.reads(f"python.pulsar.{key}")}}


def _service(planned: PlannedSite, component: str, ports: Mapping[str, str], wanted: Wanted) -> dict[str, Any]:
    """How a Service is exposed: its type, its NodePorts (key to name in federation.yaml), its load balancer."""
    exposure = planned.site.exposure
    result: dict[str, Any] = {"type": exposure.type}
    result.update({key: planned.ports[name] for key, name in ports.items() if name in planned.ports})
    if exposure.type == "LoadBalancer" and wanted.reads(f"{component}.loadBalancerIP"):
        result["loadBalancerIP"] = exposure.address_of(component)
    return result


def _nginx(plan: Plan, planned: PlannedSite, wanted: Wanted) -> dict[str, Any]:
    """The block of nginx: a route to the FATE-Flow of each peer, by HTTP and by gRPC.

    v1.5.0 has one port and dials FATE-Flow's gRPC past the peer's nginx (INV-NGX-3).
    """
    grpc = plan.table(planned, Channel.NGINX_GRPC)
    if planned.site.kind == "party" and planned.release.has_single_nginx_port:
        rows = [_single_row(party, entry) for party, entry in grpc.entries.items() if entry != POLLED]
        service = _service(planned, "nginx", {"nodePort": "nginxHttp"}, wanted)
        return {**service, "route_table": _table(rows), **wanted.component("nginx")}
    http = plan.table(planned, Channel.NGINX_HTTP)
    rows = [_row(party, entry, grpc.entries[party].port) for party, entry in http.entries.items() if entry != POLLED]
    return {
        **_service(planned, "nginx", {"httpNodePort": "nginxHttp", "grpcNodePort": "nginxGrpc"}, wanted),
        **_nginx_exchange(planned, http, grpc, wanted),
        "route_table": _table(rows),
        **wanted.component("nginx"),
    }


def _nginx_exchange(
    planned: PlannedSite, http: RouteTable, grpc: RouteTable, wanted: Wanted
) -> Mapping[str, Mapping[str, Any]]:
    """The default route of nginx. Without an exchange it leads nowhere, as it must for an unknown party.

    Left out or empty, the charts of v1.6.0-a to v1.11.2 keep an address of KubeFATE's examples, which may be anybody's
    (INV-NGX-6; v1.10.0:helm-charts/FATE/values-template.yaml renders the key only where it has a value), and that of
    v2.0.0 keeps nginx itself. A name is no answer: what nginx cannot dial goes to its own party's FATE-Flow, which
    takes it for its own (components.md section 0, fact 1, and section 7).
    """
    if not wanted.reads("nginx.exchange.ip"):
        return {}
    if http.default and grpc.default:
        entry = http.default[0]
        return {"exchange": {"ip": entry.host, "httpPort": entry.port, "grpcPort": grpc.default[0].port}}
    ports = planned.release.ports
    return {"exchange": {"ip": _NOWHERE, "httpPort": ports.nginx_http, "grpcPort": ports.nginx_grpc}}


def _rabbitmq(plan: Plan, planned: PlannedSite, wanted: Wanted) -> dict[str, Any]:
    table = plan.table(planned, Channel.RABBITMQ)
    rows = [_broker_row(party, entry) for party, entry in table.entries.items() if entry != POLLED]
    own = Endpoint("rabbitmq", planned.release.ports.rabbitmq)
    return {
        **_service(planned, "rabbitmq", {"nodePort": "rabbitmq"}, wanted),
        "route_table": _table([*_own(planned, _broker_row(planned.id, own)), *rows]),
        **wanted.component("rabbitmq"),
    }


def _pulsar(plan: Plan, planned: PlannedSite, wanted: Wanted) -> dict[str, Any]:
    """The block of Pulsar. `exchange` does two things: it is the default route, and it makes the broker speak TLS."""
    table = plan.table(planned, Channel.PULSAR)
    result = _service(planned, "pulsar", {"httpNodePort": "pulsar", "httpsNodePort": "pulsarTls"}, wanted)
    if wanted.reads("pulsar.publicLB.enabled"):
        exposure = planned.site.exposure
        asked = exposure.type == "LoadBalancer" and "pulsarTls" in exposure.addresses
        result["publicLB"] = {"enabled": asked and bool(table.default)}
    if table.default:
        result["exchange"] = {"ip": table.default[0].host, "port": table.default[0].port}
        if wanted.reads("pulsar.exchange.domain"):
            result["exchange"]["domain"] = table.domain
    ports = planned.release.ports
    own = _pulsar_row(planned.id, "pulsar", ports.pulsar, ports.pulsar_tls, None)
    result["route_table"] = _table([*_own(planned, own), *_pulsar_rows(plan, planned, table)])
    return {**result, **wanted.component("pulsar")}


def _pulsar_rows(plan: Plan, planned: PlannedSite, table: RouteTable) -> Iterator[str]:
    """The entries of other parties' brokers, each with both ports, of which the table has the one that is dialled.

    A party behind another exchange than the default one is dialled by its name, through that exchange.
    """
    by_tls = dials_by_tls(planned.site, plan.topology)
    redirected = {route.target for route in plan.federation.routes if route.source == planned.key}
    hops = plan.topology.hops(planned.site).entries
    for party, entry in table.entries.items():
        if entry == POLLED:
            continue
        target = plan.by_key[hops[party]]
        if target.site.kind == "exchange":
            ports, name = target.release.ports, f"{party}.{target.site.domain}"
            yield _pulsar_row(party, name, ports.pulsar, ports.pulsar_tls, str(entry))
            continue
        door = _plain(plan, target) if by_tls else PULSAR_TLS
        other = plan.endpoint(planned, target, door) if target.key in redirected else dialled_at(target, door)
        plain, tls = (other.port, entry.port) if by_tls else (entry.port, other.port)
        yield _pulsar_row(party, entry.host, plain, tls, "")


def _plain(plan: Plan, target: PlannedSite) -> Door:
    """The door of a party's Pulsar without TLS, which is the one that peers are told first."""
    return doors(target.site, target.release, plan.topology, Channel.PULSAR)[0]


def _own(planned: PlannedSite, row: str) -> list[str]:
    """The entry of the party's own broker, where the chart does not write it."""
    return [row] if planned.release.needs_own_entry else []


def _table(rows: list[str]) -> Block | dict[str, Any]:
    """A mapping by party id; its keys are integers, as FATE 1.x looks for them (INV-ID-5)."""
    return Block("".join(rows)) if rows else {}


@lru_cache(maxsize=65536)
def _row(party: int, entry: Endpoint, grpc_port: int) -> str:
    """One peer in nginx's table; the same peer is written into many files."""
    item = {"host": entry.host, "http_port": entry.port, "grpc_port": grpc_port}
    return _indented({party: {"fateflow": [item]}}, 4)


@lru_cache(maxsize=65536)
def _single_row(party: int, entry: Endpoint) -> str:
    return _indented({party: {"fateflow": [{"host": entry.host, "port": entry.port}]}}, 4)


@lru_cache(maxsize=65536)
def _broker_row(party: int, entry: Endpoint) -> str:
    return _indented({party: {"host": entry.host, "port": entry.port}}, 4)


@lru_cache(maxsize=65536)
def _pulsar_row(party: int, host: str, port: int, ssl_port: int, proxy: str | None) -> str:
    """One broker in Pulsar's table; `proxy` is empty for one that is dialled directly, None for the party's own."""
    entry: dict[str, Any] = {"host": host, "port": port, "sslPort": ssl_port}
    return _indented({party: entry if proxy is None else {**entry, "proxy": proxy}}, 4)


@lru_cache(maxsize=65536)
def _sni(name: str, entry: Endpoint) -> str:
    """One name in trafficServer's table and where its connections go."""
    lines = block({"fqdn": name, "tunnelRoute": str(entry)}).splitlines()
    return f"      - {lines[0]}\n        {lines[1]}\n"


def _indented(data: Mapping[Any, Any], width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in block(data).splitlines())


def _spark(planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The block of Spark, where something is set.

    Until v1.6.0-a it replaces all of the chart's own, and cannot do without either half
    (v1.5.3:helm-charts/FATE/values-template.yaml). Later ones keep what is left out, but for `replicas` and `type`.
    """
    halves = {word: wanted.component(word) for word in _SPARK}
    if "spark" not in planned.modules or not any(halves.values()):
        return
    result: dict[str, Any] = {"type": "ClusterIP"} if wanted.reads("spark.type") else {}
    for word, given in halves.items():
        half = word.removeprefix("spark").lower()
        if wanted.reads(f"spark.{half}.cpu"):
            result[half] = {**_image(planned, word), **_SPARK[word], **given}
        elif given:
            own_type = {"type": "ClusterIP"} if wanted.reads(f"spark.{half}.type") else {}
            result[half] = {"replicas": _SPARK[word]["replicas"], **own_type, **given}
    yield "spark", result


def _image(planned: PlannedSite, word: str) -> dict[str, str]:
    """The image of a half of Spark, with the registry that all images come from."""
    site, images = planned.site, planned.release.images
    name, _, tag = images.reference(word).rpartition(":")
    return {
        "Image": name if not site.registry else f"{site.registry}/{name.rpartition('/')[2]}",
        "ImageTag": site.image_tag or tag,
    }


def _hdfs(planned: PlannedSite, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    """The block of HDFS, where something is set; the template fails on one without both halves."""
    halves = {word: wanted.component(word) for word in ("namenode", "datanode")}
    if "hdfs" in planned.modules and any(halves.values()):
        yield "hdfs", halves
