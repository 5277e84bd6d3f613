"""nginx, which carries the control messages of the Spark families, as the charts deploy it.

The charts write a default route and the site's own entry into its table; the name of its own Service there stands for
no route, as nginx looks no names up. Chart v1.5.0's nginx has one port, for gRPC.
Sources: reference components.md section 5.1 and facts 1 to 3, cluster-yaml.md section 2.2;
v1.11.2:helm-charts/FATE/templates/backends/spark/nginx, v1.11.2:helm-charts/FATE-Exchange/templates/nginx.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.chart_objects import fateflow
from renderers.chart_objects.installation import Installation
from renderers.manifests.nginx import MOST_ENTRIES, Item, Rows, literal, parse
from renderers.manifests.texts import Reader, number_of
from renderers.reading import Gate
from renderers.values import shared

_HOME: Final = "/data/projects/fate/proxy/nginx"
_TABLE: Final = "conf/route_table.yaml"
_MOVED: Final = re.compile(r"s([#|,/])conf/route_table\.yaml\1(\S+?)\1g?")
"""How the start command moves the table, in the program that reads it (components.md section 5.1)."""
_NOWHERE: Final = Endpoint("nowhere", 0)
"""Stands for an entry that leads to nobody, where its absence would mean the default route."""
_PATH: Final = ("nginx", "route_table")
_KEYS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.NGINX_HTTP: "http_port", Channel.NGINX_GRPC: "grpc_port"}
)
_PORTS: Final[Mapping[Channel, int]] = MappingProxyType({Channel.NGINX_HTTP: 9300, Channel.NGINX_GRPC: 9310})


def gates(whole: Installation) -> Iterator[Gate]:
    """The routes over each protocol, and the doors behind which nginx, or FATE-Flow itself, hears peers."""
    reader = whole.reader("nginx")
    rows = Rows() if reader is None else _rows(whole, reader)
    keys = {Channel.NGINX_GRPC: "port"} if _has_single_port(rows) else _KEYS
    for channel, key in keys.items():
        table = _table(whole, rows, key, tells=channel is Channel.NGINX_GRPC)
        doors = fateflow.doors(whole, channel)
        if keys is _KEYS:
            doors = (*whole.doors("nginx", _PORTS[channel]), *doors)
        yield Gate(channel, table, doors, _PATH)


def _rows(whole: Installation, reader: Reader) -> Rows:
    """The table as nginx's own reader takes it."""
    moved = _MOVED.search(reader.container.command)
    where = f"{_HOME}/{moved[2] if moved else _TABLE}"
    found = whole.find(reader, (where,), "route_table.yaml")
    if found is None:
        whole.remark(_PATH, "nginx finds no route table: no ConfigMap with route_table.yaml is mounted in its pods")
        return Rows()
    if found.is_elsewhere:
        whole.remark(_PATH, "the chart mounts route_table.yaml where nginx does not look")
    rows = parse(reader, found.seen)
    if len(rows.rows) > MOST_ENTRIES:
        message = f"nginx keeps {MOST_ENTRIES} entries at most and forgets parties when there are more"
        reader.remark(found.seen, (), message)
    whole.take_remarks(_PATH)
    return rows


def _has_single_port(rows: Rows) -> bool:
    """Whether the chart's own items say one port (INV-NGX-3)."""
    items = rows.rows.get("default", {}).get("proxy", [])
    return bool(items) and all("port" in item and "http_port" not in item for item in items)


def _table(whole: Installation, rows: Rows, key: str, *, tells: bool) -> RouteTable:
    """The routes over one protocol; with remarks where `tells`, as both have most of them in common."""
    entries: dict[int, Endpoint] = {}
    more: dict[int, tuple[Endpoint, ...]] = {}
    written = [each for each in rows.rows.get("default", {}).get("proxy", []) if not whole.is_own(each.get("host", ""))]
    default = _dialled(whole, ("nginx", "exchange"), written, key, tells=tells)
    for name, services in rows.rows.items():
        if name in {"default", str(whole.party)}:
            continue
        path = (*_PATH, int(name) if name.isdecimal() else name)
        if not name.isdecimal():
            if tells:
                whole.remark(path, f"{name!r} is no party's id")
            continue
        items = services.get("fateflow", [])
        found = _dialled(whole, (*path, "fateflow"), items, key, tells=tells)
        if found:
            entries[int(name)] = found[0]
            if found[1:]:
                more[int(name)] = found[1:]
            continue
        if tells and not items:
            message = f"without items here nginx answers messages to party {name} with error 500"
            whole.remark((*path, "fateflow"), message)
        entries[int(name)] = _NOWHERE
    return RouteTable(whole.party, entries, default, more)


def _dialled(
    whole: Installation, path: tuple[str | int, ...], items: Sequence[Item], key: str, *, tells: bool
) -> tuple[Endpoint, ...]:
    """Where nginx can dial the items of an entry."""
    result = []
    for item in items:
        host, port = literal(item.get("host", "")), number_of(item.get(key))
        if host is not None and port is not None:
            result.append(shared(host, port))
        elif port is None:
            whole.remark(path, f"an item has no usable {key}")
        elif tells:
            written = item.get("host") or "nothing"
            whole.remark(path, f"nginx does not look up names: what is sent to {written} goes elsewhere")
    return tuple(result)
