"""nginx, which carries the control messages of the Spark families.

It reads its table again every five seconds with a small YAML reader of its own, takes any item of
`<party>.fateflow`, or of `default.proxy` for a party that it does not know, and passes the host on without looking
names up. What it cannot dial goes to the placeholder of its configuration.
Sources: reference components.md section 5.1, facts 1 to 3; FATE@v1.11.2:c/proxy/lua/{route_table,balancer}.lua.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.manifests.sight import Seen
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader, number_of
from renderers.manifests.workloads import Pod
from renderers.reading import Exposed, Gate
from renderers.values import shared

_HOME: Final = "/data/projects/fate/proxy/nginx/conf"
MOST_ENTRIES: Final = 500
_NOWHERE: Final = Endpoint("nowhere", 0)
"""Stands for an entry that leads to nobody, where its absence would mean the default route."""
_KEYS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.NGINX_HTTP: "http_port", Channel.NGINX_GRPC: "grpc_port"}
)
_PORTS: Final[Mapping[Channel, tuple[int, int]]] = MappingProxyType(
    {Channel.NGINX_HTTP: (9300, 9380), Channel.NGINX_GRPC: (9310, 9360)}
)
"""nginx's port for a protocol, and FATE-Flow's."""
_CLUSTERS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.NGINX_HTTP: "http_cluster", Channel.NGINX_GRPC: "grpc_cluster"}
)
_SERVERS: Final = re.compile(r"upstream\s+(\w+)\s*\{([^}]*)\}")
_LINE: Final = re.compile(r"( *)(- )?([A-Za-z0-9_]+):(?: +(\S.*?))? *")

Item = dict[str, str]


@dataclass(slots=True)
class Rows:
    """The table: items by party (or `default`) and service."""

    rows: dict[str, dict[str, list[Item]]] = field(default_factory=dict)


def gates(site: Site, pod: Pod, party: int, *, is_party: bool) -> Iterator[Gate]:
    """The routes over each protocol, and the doors behind which nginx, or FATE-Flow itself, hears peers."""
    reader = Reader(site, pod, pod.main)
    _check_placeholders(reader, is_party=is_party)
    seen = reader.look_for_table(f"{_HOME}/route_table.yaml", "its route table")
    rows = Rows() if seen is None else parse(reader, seen)
    if seen is not None:
        if len(rows.rows) > MOST_ENTRIES:
            reader.remark(seen, (), f"nginx keeps {MOST_ENTRIES} entries at most and forgets parties beyond that")
        if is_party:
            _check_own(reader, seen, str(party), rows)
    path, file = (pod.workload.at(), pod.workload.file)
    if seen is not None:
        path, file = seen.source.at(*seen.path), seen.source.file
    flow = site.pod("python")
    for channel, key in _KEYS.items():
        table = _table(reader, seen, rows, key, party if is_party else None)
        own, theirs = _PORTS[channel]
        doors: tuple[Exposed, ...] = site.doors(pod, own)
        if flow is not None:
            doors += site.doors(flow, theirs)
        yield Gate(channel, table, doors, path, file)


def parse(reader: Reader, seen: Seen) -> Rows:
    """The table as nginx's own reader takes it: plain blocks, no quotes around keys, no key twice."""
    result = Rows()
    services: dict[str, list[Item]] = {}
    found: list[Item] = []
    for count, line in enumerate(seen.text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#") or line == "{}":
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            reader.remark(seen, (), f"line {count} of its route table is not what nginx's reader takes: {line.strip()}")
            continue
        indent, dash, key, value = match.groups()
        if not indent and not dash:
            if key in result.rows:
                reader.remark(seen, (key,), f"{key} is listed twice, and nginx renames the second")
                services = {}
            else:
                services = result.rows[key] = {}
        elif value is None and not dash:
            found = services.setdefault(key, [])
        else:
            if dash:
                found.append({})
            if found:
                found[-1][key] = (value or "").strip("\"'")
    return result


def _table(reader: Reader, seen: Seen | None, rows: Rows, key: str, own: int | None) -> RouteTable:
    """The routes over one protocol."""
    default = tuple(_dialled(reader, seen, ("default",), rows.rows.get("default", {}).get("proxy", []), key))
    entries: dict[int, Endpoint] = {}
    more: dict[int, tuple[Endpoint, ...]] = {}
    for name, services in rows.rows.items():
        if name == "default" or seen is None or name == str(own):
            continue
        if not name.isdecimal():
            if key == "http_port":
                reader.remark(seen, (name,), f"{name!r} is no party's id")
            continue
        found = tuple(_dialled(reader, seen, (name, "fateflow"), services.get("fateflow", []), key))
        if found:
            entries[int(name)] = found[0]
            if found[1:]:
                more[int(name)] = found[1:]
            continue
        entries[int(name)] = _NOWHERE
        if key == "http_port" and not services.get("fateflow"):
            reader.remark(seen, (name,), f"without items for fateflow nginx answers messages to {name} with error 500")
    return RouteTable(own, entries, default, more)


def _dialled(
    reader: Reader, seen: Seen | None, path: tuple[str, ...], items: list[Item], key: str
) -> Iterator[Endpoint]:
    """Where nginx can dial the items of an entry."""
    for item in items:
        host, port = literal(item.get("host", "")), number_of(item.get(key))
        if host is not None and port is not None:
            yield shared(host, port)
        elif seen is not None and port is None:
            reader.remark(seen, path, f"an item has no usable {key}")
        elif seen is not None and key == "http_port":
            written = item.get("host") or "nothing"
            reader.remark(seen, path, f"nginx does not look up names: what is sent to {written} goes elsewhere")


def _check_own(reader: Reader, seen: Seen, party: str, rows: Rows) -> None:
    """Messages to the site itself must reach its FATE-Flow: by the placeholder, where the host is a name (fact 1)."""
    items = rows.rows.get(party, {}).get("fateflow", [])
    if not items:
        reader.remark(seen, (party,), "it has no entry for the site itself, whose messages then take the default route")
    for item in items:
        host = item.get("host", "")
        ports = [number_of(item.get(key)) for key in _KEYS.values()]
        if ports != [at for _, at in _PORTS.values()]:
            reader.remark(seen, (party,), f"ports {ports[0]} and {ports[1]} are not those of FATE-Flow")
        if literal(host) is None:
            for channel, port in zip(_KEYS, ports, strict=True):
                reader.expect((seen, party), host, port or _PORTS[channel][1], "python")
        else:
            reader.remark(seen, (party,), f"nobody knows whether {host} is the site's own FATE-Flow")


def _check_placeholders(reader: Reader, *, is_party: bool) -> None:
    """What nginx cannot dial goes to the placeholder: a party's FATE-Flow, and in an exchange nobody (fact 2)."""
    seen = reader.look(f"{_HOME}/nginx.conf", "its nginx.conf")
    if seen is None:
        return
    blocks = {match[1]: match[2] for match in _SERVERS.finditer(seen.text)}
    for channel, name in _CLUSTERS.items():
        block = blocks.get(name, "")
        server = re.search(r"\bserver\s+([^;\s]+)\s*;", block)
        if server is None or "balancer_by_lua_file" not in block:
            reader.remark(seen, (f"upstream {name}",), f"nginx.conf has no upstream {name} that looks routes up")
            continue
        host, _, port = server[1].rpartition(":")
        if is_party:
            wanted, at = _PORTS[channel][1], number_of(port)
            reader.expect((seen, name), host, at, "python", wanted)
            if _is_headless(reader, host):
                reader.remark(seen, (), f"nginx looks {host} up once, at start: it must be a Service with an address")
        elif not host.startswith("0."):
            reader.remark(seen, (), f"an exchange must send what it cannot dial nowhere, and not to {server[1]}")


def _is_headless(reader: Reader, host: str) -> bool:
    return any(
        service.is_headless and (service.object.namespace, service.object.name) == (reader.namespace, host)
        for service in reader.site.services
    )


@lru_cache(maxsize=65536)
def literal(host: str) -> str | None:
    """The address that a host is, of IPv6 without its brackets; None for a name."""
    try:
        if host.startswith("[") and host.endswith("]"):
            IPv6Address(host[1:-1])
            return host[1:-1]
        IPv4Address(host)
    except AddressValueError:
        return None
    return host
