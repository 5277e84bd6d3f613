"""FATE-Flow: its engine, its broker's table, and where it looks for its own serving-server.

FATE-Flow of 1.x takes the path of a broker's table from service_conf.yaml, that of 2.0 looks in fate_flow/conf only.
Whether Pulsar is dialled by TLS is the broker's own setting (brokerClientTlsEnabled).
Sources: reference components.md sections 4.1 to 4.4 and 5.4, fact 12;
FATE@v1.11.2:python/fate_arch/federation/{rabbitmq,pulsar}/_federation.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import join
from types import MappingProxyType
from typing import Any, Final

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import Endpoint, RouteTable
from renderers.manifests.sight import Seen, seen_texts
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader, number_of, properties, yaml_mapping
from renderers.manifests.workloads import Pod
from renderers.reading import Exposed, Gate
from renderers.values import endpoint, endpoint_of_text, items, mapping, number

_BASE: Final = "/data/projects/fate"
_SPARK_DEFAULTS: Final = "/data/projects/spark-3.1.3-bin-hadoop3.2/conf/spark-defaults.conf"
_NOWHERE: Final = Endpoint("nowhere", 0)
"""Stands for an entry that leads to nobody, where its absence would mean the default route."""
_MEANT: Final[Mapping[tuple[str, str], int]] = MappingProxyType(
    {
        ("rabbitmq", "port"): 5672,
        ("rabbitmq", "mng_port"): 15672,
        ("pulsar", "port"): 6650,
        ("pulsar", "mng_port"): 8080,
        ("nginx", "http_port"): 9300,
        ("nginx", "grpc_port"): 9310,
    }
)
"""The ports that FATE-Flow means by its keys."""
_RABBITMQ: Final = 5672
_PULSAR: Final = 6650
_PULSAR_TLS: Final = 6651
_HTTP: Final = 9380


@dataclass(frozen=True, slots=True)
class Flow:
    """FATE-Flow with its service_conf.yaml; `is_second` says that it is of 2.x."""

    reader: Reader
    seen: Seen
    conf: Mapping[Any, Any]
    is_second: bool

    @property
    def engine(self) -> tuple[str, ...]:
        """What it computes, federates and stores with."""
        engines = mapping(self.conf.get("default_engines"))
        return tuple(str(engines.get(word, "")) for word in ("computing", "federation", "storage"))

    def block(self, *path: str) -> Mapping[Any, Any]:
        """A block of service_conf.yaml."""
        found: Any = self.conf
        for step in path:
            found = mapping(found).get(step)
        return mapping(found)

    def federation(self, name: str) -> Mapping[Any, Any]:
        """The block of what carries data or control."""
        return self.block("federation", name) if self.is_second else self.block("fate_on_spark", name)


def flow_of(site: Site, pod: Pod, party: int, *, is_second: bool) -> Flow | None:
    """FATE-Flow as its files set it up; None where it finds none."""
    reader = Reader(site, pod, pod.main)
    folder = f"{_BASE}/fate_flow/conf" if is_second else f"{_BASE}/conf"
    seen = reader.look(f"{folder}/service_conf.yaml", "its service_conf.yaml")
    if seen is None:
        return None
    flow = Flow(reader, seen, yaml_mapping(reader, seen), is_second)
    _check(flow, party)
    return flow


def _check(flow: Flow, party: int) -> None:
    """Remarks on what FATE-Flow takes itself and its surroundings for."""
    written = flow.conf.get("party_id")
    if str(written) != str(party):
        flow.reader.remark(flow.seen, ("party_id",), f"party_id is {written or 'missing'}, and the site is {party}")
    own = flow.block("fateflow")
    for key, wanted in (("http_port", _HTTP), ("grpc_port", 9360)):
        if own.get(key) != wanted:
            flow.reader.remark(
                flow.seen, ("fateflow", key), f"{key} is {own.get(key)}, and its Services lead to {wanted}"
            )
    proxy = own.get("proxy_name" if flow.is_second else "proxy")
    router = _proxy(flow)
    if proxy != router:
        flow.reader.remark(flow.seen, ("fateflow",), f"control messages go through {proxy} instead of {router}")
    for component, port_key, block in _dialled(flow):
        host, port = str(block.get("host") or ""), number(block.get(port_key))
        flow.reader.expect((flow.seen, component), host, port, component, _MEANT.get((component, port_key)))
    if flow.engine[0] == "spark":
        _check_spark(flow)
    if flow.engine[0] == "eggroll":
        check_eggroll(flow.reader.site, flow.reader.pod)


def check_eggroll(site: Site, pod: Pod) -> None:
    """Remarks on eggroll.properties of a program that asks clustermanager for sessions (section 3.2)."""
    reader = Reader(site, pod, pod.main)
    seen = reader.look(f"{_BASE}/eggroll/conf/eggroll.properties", "its eggroll.properties")
    if seen is not None:
        values, above = properties(seen.text), "eggroll.resourcemanager.clustermanager"
        port = number_of(values.get(f"{above}.port"))
        reader.expect((seen, f"{above}.host"), values.get(f"{above}.host", ""), port, "clustermanager")


def _check_spark(flow: Flow) -> None:
    """Remarks on where Spark and HDFS are looked for (section 4.4): their addresses, where the site deploys them."""
    seen = flow.reader.look(_SPARK_DEFAULTS, "its spark-defaults.conf")
    words = [line.split() for line in seen.text.splitlines()] if seen is not None else []
    master = next((found[1] for found in words if len(found) > 1 and found[0] == "spark.master"), "")
    if seen is not None and flow.reader.site.pod("spark-master") is not None:
        where = endpoint_of_text(master.removeprefix("spark://"))
        flow.reader.expect(
            (seen, "spark.master"), where.host if where else master, where and where.port, "spark-master"
        )
    if flow.engine[2] == "hdfs":
        written = str((flow.block("storage", "hdfs") if flow.is_second else flow.federation("hdfs")).get("name_node"))
        where = endpoint_of_text(written.removeprefix("hdfs://"))
        flow.reader.expect((flow.seen, "hdfs"), where.host if where else "", where and where.port, "namenode")


def _proxy(flow: Flow) -> str:
    """What control messages go through, by the engine that carries the data."""
    federation = flow.engine[1]
    if federation in {"rabbitmq", "pulsar"}:
        return "nginx"
    return "osx" if flow.is_second else "rollsite"


def _dialled(flow: Flow) -> Iterator[tuple[str, str, Mapping[Any, Any]]]:
    """The site's own components that FATE-Flow dials, the key of the port and the block that says where."""
    database = flow.block("database", "mysql") if flow.is_second else flow.block("database")
    if flow.reader.site.pod("mysql") is not None:
        yield "mysql", "port", database
    federation = flow.engine[1]
    if federation in {"rabbitmq", "pulsar"}:
        yield federation, "port", flow.federation(federation)
        yield federation, "mng_port", flow.federation(federation)
        yield "nginx", "http_port", flow.federation("nginx")
        yield "nginx", "grpc_port", flow.federation("nginx")
    elif flow.is_second:
        yield "osx", "port", flow.block("federation", "osx")
        yield "clustermanager", "port", flow.block("computing", "eggroll")
    else:
        yield "rollsite", "port", flow.block("fate_on_eggroll", "rollsite")


def broker_gate(flow: Flow) -> Gate | None:
    """The routes of the data that a broker carries, and the broker's doors; None without one."""
    federation = flow.engine[1]
    if federation not in {"rabbitmq", "pulsar"}:
        return None
    site = flow.reader.site
    broker = site.pod(federation)
    seen = flow.reader.look_for_table(_path(flow, federation), f"{federation}'s route table")
    rows = {} if seen is None else yaml_mapping(flow.reader, seen)
    path, file = flow.reader.pod.workload.at(), flow.reader.pod.workload.file
    if seen is not None:
        path, file = seen.source.at(*seen.path), seen.source.file
    own = number(flow.conf.get("party_id")) or 0
    if federation == "rabbitmq":
        doors = () if broker is None else site.doors(broker, _RABBITMQ)
        entries = _entries(flow, seen, rows, own, lambda row: endpoint(row, "host", "port"))
        return Gate(Channel.RABBITMQ, RouteTable(own, entries), doors, path, file)
    return _pulsar(flow, seen, rows, (own, path, file))


def _path(flow: Flow, federation: str) -> str:
    """Where FATE-Flow looks for a broker's table (fact 12)."""
    name = f"{federation}_route_table"
    if flow.is_second:
        return f"{_BASE}/fate_flow/conf/{name}.yaml"
    written = flow.federation(federation).get("route_table")
    return join(_BASE, str(written or f"conf/{name}/{name}.yaml"))


def _entries(
    flow: Flow,
    seen: Seen | None,
    rows: Mapping[Any, Any],
    own: int,
    dial: Callable[[Mapping[Any, Any]], Endpoint | None],
    *,
    has_default: bool = False,
) -> dict[int, Endpoint]:
    """The entries of other parties."""
    entries: dict[int, Endpoint] = {}
    for key, row in rows.items():
        party = number(key)
        if seen is None or key == "default" or party == own:
            continue
        if party is None:
            flow.reader.remark(seen, (key,), f"{key!r} is no party's id")
            continue
        if type(key) is not int and not flow.is_second:
            flow.reader.remark(seen, (key,), f"FATE looks for the number {party}, and finds a text")
            continue
        found = dial(mapping(row))
        if found is not None:
            entries[party] = found
            continue
        flow.reader.remark(seen, (key,), "the entry has no usable host and port")
        if has_default:
            entries[party] = _NOWHERE
    return entries


def _pulsar(flow: Flow, seen: Seen | None, rows: Mapping[Any, Any], at: tuple[int, KeyPath, str]) -> Gate:
    """Pulsar's routes and doors: by TLS where the broker dials others so, and by name through the default's proxy."""
    own, path, file = at
    site = flow.reader.site
    broker = site.pod("pulsar")
    settings = {} if broker is None else _settings(site, broker)
    by_tls = settings.get("brokerClientTlsEnabled") == "true"
    port_key = "sslPort" if by_tls else "port"

    def dial(row: Mapping[Any, Any]) -> Endpoint | None:
        proxy = row.get("proxy")
        return endpoint_of_text(proxy) if proxy else endpoint(row, "host", port_key)

    default = mapping(rows.get("default"))
    through = endpoint_of_text(default.get("proxy")) if default else None
    if seen is not None and default and through is None:
        flow.reader.remark(seen, ("default",), "without a proxy unknown parties have no route")
    if seen is not None and default and not by_tls:
        flow.reader.remark(seen, ("default",), "the broker does not dial by TLS, which the exchange asks for")
    entries = _entries(flow, seen, rows, own, dial, has_default=bool(default))
    _check_tls_ports(flow, seen, rows)
    doors: tuple[Exposed, ...] = ()
    if broker is not None:
        doors = site.doors(broker, _PULSAR)
        if settings.get("brokerServicePortTls") == str(_PULSAR_TLS):
            doors += site.doors(broker, _PULSAR_TLS)
    table = RouteTable(
        own, entries, () if through is None else (through,), domain=str(default.get("domain") or "") if default else ""
    )
    return Gate(Channel.PULSAR, table, doors, path, file)


def _check_tls_ports(flow: Flow, seen: Seen | None, rows: Mapping[Any, Any]) -> None:
    """FATE-Flow 2.0 reads sslPort of every entry (components.md section 4.4)."""
    for key, row in rows.items() if flow.is_second and seen is not None else ():
        if key != "default" and number(mapping(row).get("sslPort")) is None and seen is not None:
            flow.reader.remark(seen, (key,), "the entry has no sslPort, which FATE-Flow 2.0 reads of every one")


def _settings(site: Site, broker: Pod) -> Mapping[str, str]:
    """The settings of a broker, from all files that its pods mount."""
    found: dict[str, str] = {}
    for _, _, text in seen_texts(site, broker):
        found.update(properties(text))
    return found


def load_gate(flow: Flow, party: int) -> Gate | None:
    """Where FATE-Flow loads models into: its own serving-server, or what its registry knows (section 4.2)."""
    if flow.conf.get("use_registry") is True:
        key, written = "zookeeper", items(flow.block("zookeeper").get("hosts"))
    else:
        servings = flow.conf.get("servings")
        key, written = "servings", items(servings) or items(mapping(servings).get("hosts"))
    found = tuple(each for each in map(endpoint_of_text, written) if each is not None)
    if len(found) < len(written):
        flow.reader.remark(flow.seen, (key,), "a host is no host:port")
    if not found:
        return None
    more = {party: found[1:]} if found[1:] else {}
    table = RouteTable(party, {party: found[0]}, more=more)
    return Gate(Channel.LOAD, table, (), flow.seen.source.at(*flow.seen.path, key), flow.seen.source.file)


def transfer_gate(site: Site, pod: Pod, party: int) -> Gate:
    """The doors at which the own serving-server fetches models from FATE-Flow."""
    doors = site.doors(pod, _HTTP)
    path, file = (doors[0].path, doors[0].file) if doors else (pod.workload.at(), pod.workload.file)
    return Gate(Channel.TRANSFER, RouteTable(party, {}), doors, path, file)
