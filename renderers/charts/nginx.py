"""nginx, which carries the control messages of the Spark families.

It picks an item of `route_table.<party>.fateflow` at random, or of `default.proxy` for a party it does not know, and
passes `host:port` on without looking names up. What it cannot dial goes to the placeholder of its configuration.
Sources: reference cluster-yaml.md section 2.2, INV-NGX-1 to 9; components.md section 5.1 and facts 1 and 3;
FATE@v1.11.2:c/proxy/lua/{route_table,balancer,yaml_parser}.lua.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Final

from planner.channels import CONTROL, Channel
from planner.diagnostics import KeyPath
from planner.lookup import Endpoint, RouteTable
from planner.releases import FATE, Release
from renderers.charts.fateflow import Doors
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Exposed, Gate
from renderers.values import mapping, number, shared

_TABLE: Final = ("nginx", "route_table")
_MOST_ENTRIES: Final = 500
"""Entries that nginx keeps, the site's own and `default` among them (components.md, fact 3)."""
NOWHERE: Final = Endpoint("nowhere", 0)
"""Stands for an entry that leads to nobody, where its absence would mean the default route."""


@dataclass(slots=True)
class _Side:
    """What one protocol makes of the table: the key of the port it takes from each item, and the routes."""

    port_key: str
    default_key: str
    entries: dict[int, Endpoint] = field(default_factory=dict)
    more: dict[int, tuple[Endpoint, ...]] = field(default_factory=dict)
    default: tuple[Endpoint, ...] = ()


def gates(spec: Spec, release: Release, flow: Doors) -> Iterator[Gate]:
    """The routes over each protocol, and the doors behind which nginx, or FATE-Flow itself, hears peers."""
    sides = _sides(spec)
    placeholder = "the party's own FATE-Flow" if spec.chart.name == FATE else "the exchange itself"
    _read_default(spec, sides, placeholder)
    _read_rows(spec, sides, placeholder)
    doors = _doors(spec, release, flow)
    for channel, side in sides.items():
        table = RouteTable(spec.party, side.entries, side.default, side.more)
        yield Gate(channel, table, doors[channel], _TABLE)


def _has_single_port(spec: Spec) -> bool:
    """Whether nginx has one port, for gRPC (v1.5.0; INV-NGX-3)."""
    return spec.chart.kind("nginx.httpNodePort") is None


def _sides(spec: Spec) -> dict[Channel, _Side]:
    if _has_single_port(spec):
        return {Channel.NGINX_GRPC: _Side("port", "")}
    return {
        Channel.NGINX_HTTP: _Side("http_port", "httpPort"),
        Channel.NGINX_GRPC: _Side("grpc_port", "grpcPort"),
    }


def _doors(spec: Spec, release: Release, flow: Doors) -> Mapping[Channel, tuple[Exposed, ...]]:
    """The ports of nginx, and those of FATE-Flow, which peers' tables may name in their place (section 2.2)."""
    if _has_single_port(spec):
        exposed(spec, "nginx", Port("nginx", release.ports.nginx_http, "nodePort"))  # for its remarks: nobody dials it
        return {Channel.NGINX_GRPC: tuple(door for door in (flow.grpc,) if door is not None)}
    own = {
        Channel.NGINX_HTTP: exposed(spec, "nginx", Port("nginx", release.ports.nginx_http, "httpNodePort")),
        Channel.NGINX_GRPC: exposed(spec, "nginx", Port("nginx", release.ports.nginx_grpc, "grpcNodePort")),
    }
    theirs = {Channel.NGINX_HTTP: flow.http, Channel.NGINX_GRPC: flow.grpc}
    return {channel: tuple(door for door in (own[channel], theirs[channel]) if door is not None) for channel in CONTROL}


def _read_default(spec: Spec, sides: Mapping[Channel, _Side], placeholder: str) -> None:
    """The route of parties that are not in the table; where it leads to nginx itself there is none (INV-NGX-6)."""
    if spec.chart.kind("nginx.exchange") is None:
        return
    path = ("nginx", "exchange")
    exchange = spec.block(*path)
    if not exchange:
        _keep_live_default(spec, sides)
        return
    host = exchange.get("ip")
    ports = {channel: number(exchange.get(side.default_key)) for channel, side in sides.items()}
    if not isinstance(host, str) or not host or None in ports.values():
        spec.remark(path, "without ip, httpPort and grpcPort unknown parties have no route")
    elif (literal := _literal(host)) is None:
        spec.remark(path, f"nginx does not look up names: what is sent to {host} goes to {placeholder}")
    else:
        for channel, side in sides.items():
            side.default = (shared(literal, ports[channel] or 0),)


def _keep_live_default(spec: Spec, sides: Mapping[Channel, _Side]) -> None:
    """The chart's own exchange, which stays when none is written, and when nothing is written under the key."""
    match = re.fullmatch(r"([^:]+):([0-9]+)/([0-9]+)", spec.chart.default("nginx.exchange") or "")
    if match is None or _literal(match[1]) is None:
        return
    if "exchange" in spec.block("nginx"):
        spec.remark(("nginx", "exchange"), f"an empty exchange leaves the chart's own, {match[0]}, in force")
    for side, port in zip(sides.values(), match.groups()[1:], strict=True):
        side.default = (shared(match[1], int(port)),)


def _read_rows(spec: Spec, sides: Mapping[Channel, _Side], placeholder: str) -> None:
    written = mapping(spec.value(*_TABLE))
    if len(written) + 2 > _MOST_ENTRIES:
        spec.remark(_TABLE, f"nginx keeps {_MOST_ENTRIES} entries at most and forgets parties when there are more")
    for key, row in written.items():
        party = number(key)
        path: KeyPath = (*_TABLE, key)
        if party is None:
            spec.remark(path, f"{key!r} is no party's id")
        elif party == spec.party:
            spec.remark(path, "the site lists itself, a key the chart already writes")
        else:
            _read_row(spec, (*path, "fateflow"), mapping(row).get("fateflow"), sides, party, placeholder)


def _read_row(
    spec: Spec, path: KeyPath, written: object, sides: Mapping[Channel, _Side], party: int, placeholder: str
) -> None:
    """One party's entry: any of its items may be picked."""
    found: Sequence[Any] = written if isinstance(written, list) else ()
    if not found:
        spec.remark(path, f"without items here nginx answers messages to party {party} with error 500")
    hosts = [_host(spec, (*path, index), item, placeholder) for index, item in enumerate(found)]
    for side in sides.values():
        endpoints = []
        for index, (item, host) in enumerate(zip(found, hosts, strict=True)):
            if host is not None and (port := number(item.get(side.port_key))) is not None:
                endpoints.append(shared(host, port))
            elif host is not None:
                spec.remark((*path, index), f"the item has no usable {side.port_key}")
        if endpoints:
            side.entries[party] = endpoints[0]
            if len(endpoints) > 1:
                side.more[party] = tuple(endpoints[1:])
        elif side.default:
            side.entries[party] = NOWHERE


def _host(spec: Spec, path: KeyPath, item: object, placeholder: str) -> str | None:
    """The address in an item; None where nginx cannot dial it."""
    written = mapping(item).get("host")
    if not isinstance(written, str) or not written:
        spec.remark(path, "the item has no usable host")
        return None
    literal = _literal(written)
    if literal is None:
        spec.remark(path, f"nginx does not look up names: what is sent to {written} goes to {placeholder}")
    return literal


@lru_cache(maxsize=65536)
def _literal(host: str) -> str | None:
    """The address that a host is, of IPv6 without its brackets; None for a name.

    nginx joins host and port with a colon, so an IPv6 address needs brackets.
    """
    try:
        if host.startswith("[") and host.endswith("]"):
            IPv6Address(host[1:-1])
            return host[1:-1]
        IPv4Address(host)
    except AddressValueError:
        return None
    return host
