"""The routers of the eggroll family: proxy (before v1.4.0), rollsite, lbrollsite and OSX.

Sources: reference cluster-yaml.md section 2.1, components.md sections 3.3 and 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.releases import FATE, Release
from renderers.charts import party_list
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Gate
from renderers.values import endpoint, items, joined, mapping, number

_INCOMPLETE = "the row has no usable partyIp and partyPort: the whole table becomes invalid"


def router(spec: Spec, release: Release) -> str:
    """The module that routes messages; empty where none does."""
    if spec.has("lbrollsite") and release.has_load_balancing:
        return "lbrollsite"
    return next((name for name in ("rollsite", "osx", "proxy") if spec.has(name)), "")


def gate(spec: Spec, release: Release, module: str) -> Gate:
    """What a router's routes and its Service come to; without a router, the table that one would have."""
    if {"rollsite", "lbrollsite"} <= set(spec.modules):
        spec.remark(("modules",), "rollsite and lbrollsite make objects of the same names")
    if spec.chart.name == FATE and module in {"rollsite", "lbrollsite"}:
        for name, needed in _needs(release):
            if name == module and needed not in spec.modules:
                spec.remark(("modules",), f"without {needed} the chart writes no configuration for {module}")
    routes = release.module
    port = Port(routes, release.ports.federation, "nodePort")
    doors = (exposed(spec, module, port),) if module else ()
    return Gate(Channel.ROLLSITE, _table(spec, release, routes, module), doors, (routes, "partyList"))


def _needs(release: Release) -> Iterator[tuple[str, str]]:
    for engine in release.engines:
        yield from engine.needs


def _table(spec: Spec, release: Release, routes: str, module: str) -> RouteTable:
    """The route table of a chart's ConfigMap: rows of partyList, polling clients, and one default route."""
    entries, default = party_list.rows(spec, routes, _INCOMPLETE, has_default=routes == "osx")
    polling = spec.block(routes, "polling")
    if polling.get("enabled") is True and release.has_polling:
        if polling.get("type") == "client":
            server = endpoint(mapping(polling.get("server")), "ip", "port")
            default = () if server is None else (server,)
        elif polling.get("type") == "server":
            _add_clients(spec, (routes, "polling", "clientList"), polling, entries)
    exchange = endpoint(spec.block(routes, "exchange"), "ip", "port") if routes != "osx" else None
    if exchange is not None:
        default = (exchange,)
    if module == "lbrollsite":
        default = _balanced(spec)
    return RouteTable(spec.party, entries, default)


def _add_clients(spec: Spec, path: KeyPath, polling: Mapping[Any, Any], entries: dict[int, Endpoint]) -> None:
    """Entries of a polling server's clients, which it does not dial (INV-EGG-11)."""
    for index, row in enumerate(items(polling.get("clientList"))):
        client = number(mapping(row).get("partID"))
        if client is None or client > party_list.LARGEST_ID:
            message = "the row has no partID" if client is None else f"partID {client} reaches FATE as another id"
            spec.remark((*path, index), message)
            continue
        if client in entries:
            spec.remark((*path, index), f"party {client} also stands in partyList")
        entries[client] = POLLED


def _balanced(spec: Spec) -> tuple[Endpoint, ...]:
    """The exchanges that lbrollsite balances over: its default route, whatever rollsite's is (INV-EGG-10)."""
    path = ("lbrollsite", "exchangeList")
    result: list[Endpoint] = []
    for index, row in enumerate(map(mapping, items(spec.value(*path)))):
        found = joined(row, "ip", "port")
        if found is not None:
            result.append(found)
        elif endpoint(row, "ip", "port") is not None:
            spec.remark((*path, index), f"nginx takes no {row.get('ip')}: an IPv6 address needs brackets here")
    if not result:
        spec.remark(path, "lbrollsite balances over no exchange")
    return tuple(result)
