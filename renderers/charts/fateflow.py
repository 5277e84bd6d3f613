"""FATE-Flow: the engine it is set to, its Service, and where it looks for its own serving-server.

Sources: reference cluster-yaml.md sections 2 and 3.7, INV-NGX-8; components.md section 4.2 and fact 12;
v1.11.2:helm-charts/FATE/templates/core/fateflow/configmap.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from planner.releases import FATE, Engine, Release
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Exposed, Gate
from renderers.values import endpoint_of_text, items, joined, mapping, number

_ELSEWHERE: Final = MappingProxyType({"spark": ("spark", "master"), "hdfs": ("hdfs", "name_node")})
"""Keys below `python` that name a Spark or an HDFS outside the cluster, by the module they replace."""


def selector(spec: Spec) -> str:
    """The key that decides whether control goes through nginx: `computing`, `backend` before v1.9.0, else none."""
    return next((key for key in ("computing", "backend") if spec.chart.kind(key) is not None), "")


def uses_nginx(spec: Spec) -> bool:
    """Whether FATE-Flow is set to send its control messages through nginx; that key alone decides (INV-NGX-8)."""
    key = selector(spec)
    written = spec.value(key) if key else None
    if key == "computing":
        return written in ("Spark", "Spark_local")
    return isinstance(written, str) and written.startswith("spark")


def check_engine(spec: Spec, release: Release) -> None:
    """Remarks on modules that the engine cannot do without, of a party whose control goes through nginx."""
    key = selector(spec)
    if not uses_nginx(spec):
        words = "Spark or Spark_local" if key == "computing" else "one of Spark's"
        spec.remark(
            (key or "modules",), f"FATE-Flow sends nothing through nginx unless {key or 'the engine'} is {words}"
        )
        return
    engines = tuple(_chosen(spec, release))
    if not engines:
        names = " and ".join(f"{name} {spec.value(name)!r}" for name in (key, "federation") if spec.value(name))
        spec.remark((key,), f"FATE-Flow has no engine for {names}")
        return
    missing = [_missing(spec, engine) for engine in engines]
    for module in min(missing, key=len):
        spec.remark(("modules",), f"{key} {spec.value(key)} needs module {module}")


def _chosen(spec: Spec, release: Release) -> Iterator[Engine]:
    """The engines that the file's keys choose; before v1.7.0 the modules tell Spark's apart."""
    for engine in release.engines:
        wanted = [(name, word) for name, word in engine.selector if name != "storage"]
        if engine.broker is not None and all(spec.value(name) == word for name, word in wanted):
            yield engine


def _missing(spec: Spec, engine: Engine) -> tuple[str, ...]:
    """The modules that an engine needs and that nothing takes the place of."""
    needed = [module for module in engine.required if module in {"nginx", engine.broker, "spark", "hdfs"}]
    return tuple(module for module in needed if module not in spec.modules and not _is_elsewhere(spec, module))


def _is_elsewhere(spec: Spec, module: str) -> bool:
    if module not in _ELSEWHERE:
        return False
    block, key = _ELSEWHERE[module]
    return bool(mapping(spec.block("python").get(block)).get(key))


def check_unread(spec: Spec, release: Release) -> None:
    """Remarks on route tables that the chart puts where FATE-Flow does not look (components.md, fact 12)."""
    for path in release.unread if spec.chart.name == FATE else ():
        module, _, key = path.partition(".")
        if spec.has(module) and spec.value(module, key):
            message = "the chart puts this table where FATE-Flow does not look: FATE-Flow uses its image's own"
            spec.remark((module, key), message)


class Doors(NamedTuple):
    """FATE-Flow's ports, which peers' nginx and the own serving-server dial; None for one that its Service lacks."""

    http: Exposed | None
    grpc: Exposed | None


def doors(spec: Spec, release: Release) -> Doors:
    """How FATE-Flow's Service comes out; without module python it has none."""
    flow, ports = release.fateflow, release.ports
    http = _door(spec, release, flow.http_key, ports.fateflow_http)
    return Doors(http, _door(spec, release, flow.grpc_key or "", ports.fateflow_grpc))


def _door(spec: Spec, release: Release, key: str, container: int) -> Exposed | None:
    if not key or not spec.has("python"):
        return None
    flow = release.fateflow
    block, _, port = key.partition(".")
    return exposed(
        spec, block, Port(flow.services[-1], container, port, needed=False, type_key=flow.type_key.partition(".")[2])
    )


def load_gate(spec: Spec) -> Gate | None:
    """Where FATE-Flow loads models into: servingIp and servingPort, or what its registry knows (INV-SRV-2, 6)."""
    if "python" not in spec.modules:
        return None
    if spec.value("serving", "useRegistry") is True and spec.chart.reads("serving.useRegistry"):
        hosts = [endpoint_of_text(host) for host in items(spec.block("serving", "zookeeper").get("hosts"))]
        found = tuple(host for host in hosts if host is not None)
        path: tuple[str, ...] = ("serving", "zookeeper", "hosts")
        if not found:
            spec.remark(
                path[:1], "without zookeeper.hosts FATE-Flow asks the chart's example, another party's zookeeper"
            )
        return Gate(Channel.LOAD, _inside(spec.party, found), (), path)
    host, port = spec.value("servingIp"), number(spec.value("servingPort"))
    server = joined({"ip": host, "port": port}, "ip", "port")
    if server is not None:
        return Gate(Channel.LOAD, _inside(spec.party, (server,)), (), ("servingIp",))
    if isinstance(host, str) and host and port is not None:
        spec.remark(("servingIp",), f"{host}:{port} is no host and port: an IPv6 address needs brackets here")
    elif host or port is not None:
        written, other = ("servingIp", "servingPort") if host else ("servingPort", "servingIp")
        spec.remark((written,), f"without a usable {other} FATE-Flow knows no serving-server")
    return None


def _inside(party: int, endpoints: tuple[Endpoint, ...]) -> RouteTable:
    """The table of a channel inside a party: one entry, the party's own id."""
    if not endpoints:
        return RouteTable(party, {})
    more = {party: endpoints[1:]} if len(endpoints) > 1 else {}
    return RouteTable(party, {party: endpoints[0]}, more=more)
