"""Whom a cluster.yaml dials: the rows of its route tables, each with its place, before any rule is applied to them.

Keys of each dialect: reference cluster-yaml.md sections 2.1 to 2.3 and 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from planner.channels import Channel
from planner.diagnostics import KeyPath
from renderers.importing.specs import Role, Spec, items, mapping, number_of, text_of

ROUTER_BLOCKS: Final = ("rollsite", "osx", "proxy")
"""Blocks of the modules that route eggroll's messages."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a route table: the party it is for (None for the default route), and where that is dialled.

    `ports` are by their names in federation.yaml; the first is the one that the entry is recognised by.
    `polled` marks a polling client, which has no address. `exchange` is the id of the exchange that is dialled, where
    the row has it.
    """

    channel: Channel
    party: int | None
    host: str
    ports: Mapping[str, int]
    path: KeyPath
    polled: bool = False
    domain: str = ""
    exchange: int | None = None


@dataclass(frozen=True, slots=True)
class Dialled:
    """Everything that one file dials.

    `polls` is the server of a polling client. `load` is the party's own serving-server, `transfer` its own FATE-Flow.
    """

    rows: tuple[Row, ...] = ()
    defaults: tuple[Row, ...] = ()
    polls: Row | None = None
    load: Row | None = None
    transfer: Row | None = None

    def entries(self, channel: Channel) -> Mapping[int, Row]:
        """The rows of a channel by party; the last of two."""
        return {row.party: row for row in self.rows if row.channel is channel and row.party is not None}

    def default(self, channel: Channel) -> tuple[Row, ...]:
        """The default routes of a channel, several where the load is balanced."""
        return tuple(row for row in self.defaults if row.channel is channel)


def dialled(spec: Spec) -> Dialled:
    """What a spec dials."""
    if spec.role in {Role.SERVING, Role.SERVING_EXCHANGE}:
        return _serving(spec)
    rows: list[Row] = []
    defaults: list[Row] = []
    polls: Row | None = None
    for block in ROUTER_BLOCKS:
        rows += _party_list(spec, block, Channel.ROLLSITE, block)
        defaults += _exchange(spec, block, Channel.ROLLSITE, block)
        polls = polls or _polls(spec, block)
        rows += _clients(spec, block)
    balanced = _balanced(spec)
    if balanced:
        defaults = [row for row in defaults if row.channel is not Channel.ROLLSITE] + balanced
    if polls is not None:
        defaults = [row for row in defaults if row.channel is not Channel.ROLLSITE]
    rows += _nginx(spec)
    defaults += _nginx_exchange(spec)
    rows += _rabbitmq(spec)
    rows += _pulsar(spec)
    defaults += _pulsar_exchange(spec)
    rows += _names(spec)
    return Dialled(tuple(rows), tuple(defaults), polls, _load(spec), None)


def _serving(spec: Spec) -> Dialled:
    rows = [*_party_list(spec, "servingProxy", Channel.SERVING, "servingProxy")]
    if (
        spec.role is Role.SERVING_EXCHANGE
    ):  # seed documents show a block of rollsite here, which the chart does not read
        rows += _party_list(spec, "rollsite", Channel.SERVING, "servingProxy")
    fateflow = spec.block("servingServer", "fateflow")
    path: KeyPath = ("servingServer", "fateflow")
    transfer = _single(Channel.TRANSFER, fateflow, ("ip", "port"), path, "fateflowHttp")
    defaults = _exchange(spec, "servingProxy", Channel.SERVING, "servingProxy")
    return Dialled(tuple(rows), tuple(defaults), None, None, transfer)


def _party_list(spec: Spec, block: str, channel: Channel, port: str) -> Iterator[Row]:
    """The rows of a list of parties; of two for one party the last counts."""
    rows: dict[int | None, Row] = {}
    for index, item in enumerate(items(spec.get(block, "partyList"))):
        row = mapping(item)
        path: KeyPath = (block, "partyList", index)
        host, number = _host(row.get("partyIp")), number_of(row.get("partyPort"))
        party = number_of(row.get("partyId"))
        if host and number is not None and (party is not None or row.get("partyId") == "default"):
            rows[party] = Row(channel, party, host, _port(port, number), path)
    yield from rows.values()


def _host(value: Any) -> str:
    """The host that a row dials; an IPv6 address without the brackets that it has where a colon and a port follow."""
    return text_of(value).strip("[]")


@lru_cache(maxsize=65536)
def _port(name: str, number: int) -> Mapping[str, int]:
    """One port by its name; the same one stands in the tables of many."""
    return MappingProxyType({name: number})


def _exchange(spec: Spec, block: str, channel: Channel, port: str) -> Iterator[Row]:
    """The default route, where it is written whole."""
    found = _single(channel, spec.block(block, "exchange"), ("ip", "port"), (block, "exchange"), port)
    if found is not None:
        yield found


def _single(channel: Channel, block: Mapping[Any, Any], keys: tuple[str, str], path: KeyPath, port: str) -> Row | None:
    host, number = _host(block.get(keys[0])), number_of(block.get(keys[1]))
    return Row(channel, None, host, {port: number}, path) if host and number is not None else None


def _polls(spec: Spec, block: str) -> Row | None:
    polling = spec.block(block, "polling")
    if polling.get("enabled") is not True or polling.get("type") != "client":
        return None
    path: KeyPath = (block, "polling", "server")
    return _single(Channel.ROLLSITE, mapping(polling.get("server")), ("ip", "port"), path, block)


def _clients(spec: Spec, block: str) -> Iterator[Row]:
    polling = spec.block(block, "polling")
    if polling.get("enabled") is not True or polling.get("type") != "server":
        return
    for index, item in enumerate(items(polling.get("clientList"))):
        party = number_of(mapping(item).get("partID"))
        if party is not None:
            path: KeyPath = (block, "polling", "clientList", index)
            yield Row(Channel.ROLLSITE, party, "", {}, path, polled=True)


def _balanced(spec: Spec) -> list[Row]:
    rows = []
    if "lbrollsite" in spec.modules or not spec.modules:
        for index, item in enumerate(items(spec.get("lbrollsite", "exchangeList"))):
            path: KeyPath = ("lbrollsite", "exchangeList", index)
            row = _single(Channel.ROLLSITE, mapping(item), ("ip", "port"), path, "rollsite")
            if row is not None:
                rows.append(replace(row, exchange=number_of(mapping(item).get("id"))))
    return rows


def _nginx(spec: Spec) -> Iterator[Row]:
    """Rows of nginx: FATE-Flow asks for `fateflow`; `proxy` counts where that is missing. v1.5.0 has one `port`."""
    for key, services in spec.block("nginx", "route_table").items():
        party = number_of(key)
        for service in ("fateflow", "proxy"):
            found = [
                row
                for index, item in enumerate(items(mapping(services).get(service)))
                if (row := _nginx_row(party, mapping(item), ("nginx", "route_table", key, service, index)))
            ]
            if found and party is not None:
                yield from found[:1]
                break


def _nginx_row(party: int | None, item: Mapping[Any, Any], path: KeyPath) -> Row | None:
    host = _host(item.get("host"))
    names = {"http_port": "http", "grpc_port": "grpc", "port": "port"}
    ports = {name: number for key, name in names.items() if (number := number_of(item.get(key))) is not None}
    return Row(Channel.NGINX_GRPC, party, host, ports, path) if host and ports else None


def _nginx_exchange(spec: Spec) -> Iterator[Row]:
    block = spec.block("nginx", "exchange")
    host = _host(block.get("ip"))
    names = {"httpPort": "nginxHttp", "grpcPort": "nginxGrpc"}
    ports = {name: number for key, name in names.items() if (number := number_of(block.get(key))) is not None}
    if host and ports:
        yield Row(Channel.NGINX_GRPC, None, host, ports, ("nginx", "exchange"))


def _rabbitmq(spec: Spec) -> Iterator[Row]:
    for key, item in spec.block("rabbitmq", "route_table").items():
        party, host = number_of(key), _host(mapping(item).get("host"))
        port = number_of(mapping(item).get("port"))
        if party is not None and host and port is not None:
            yield Row(Channel.RABBITMQ, party, host, {"rabbitmq": port}, ("rabbitmq", "route_table", key))


def _pulsar(spec: Spec) -> Iterator[Row]:
    """Rows of Pulsar; one with a proxy is dialled by name through that exchange."""
    for key, item in spec.block("pulsar", "route_table").items():
        block, party = mapping(item), number_of(key)
        host = _host(block.get("host"))
        found = {"pulsar": number_of(block.get("port")), "pulsarTls": number_of(block.get("sslPort"))}
        ports = {name: number for name, number in found.items() if number is not None}
        proxy, _, digits = text_of(block.get("proxy")).rpartition(":")
        through = number_of(digits)
        if proxy and through is not None:
            host, ports = _host(proxy), {"trafficServer": through}
        if party is not None and host and ports:
            yield Row(Channel.PULSAR, party, host, ports, ("pulsar", "route_table", key))


def _pulsar_exchange(spec: Spec) -> Iterator[Row]:
    block = spec.block("pulsar", "exchange")
    host, port = _host(block.get("ip")), number_of(block.get("port"))
    if host and port is not None:
        domain = text_of(block.get("domain"))
        yield Row(Channel.PULSAR, None, host, {"trafficServer": port}, ("pulsar", "exchange"), domain=domain)


def _names(spec: Spec) -> Iterator[Row]:
    """Rows of trafficServer: `<party id>.<domain>` and where that party's Pulsar speaks TLS."""
    for index, item in enumerate(items(spec.get("trafficServer", "route_table", "sni"))):
        row = mapping(item)
        first, _, domain = text_of(row.get("fqdn")).partition(".")
        host, _, digits = text_of(row.get("tunnelRoute")).rpartition(":")
        party, port = number_of(first), number_of(digits)
        if party is not None and host and port is not None:
            path: KeyPath = ("trafficServer", "route_table", "sni", index)
            yield Row(Channel.PULSAR, party, _host(host), {"pulsarTls": port}, path, domain=domain)


def _load(spec: Spec) -> Row | None:
    host, port = _host(spec.get("servingIp")), number_of(spec.get("servingPort"))
    if not host or port is None:
        return None
    return Row(Channel.LOAD, spec.party, host, {"servingServer": port}, ("servingIp",))


_INSIDE: Final = re.compile(r"([a-z][-a-z0-9]*)\.([a-z0-9][-a-z0-9]*)(?:\.svc(?:\.cluster\.local)?)?\.?")


def inside(host: str) -> tuple[str, str] | None:
    """Service and namespace of a name that is known only inside a Kubernetes cluster; None for any other address."""
    found = _INSIDE.fullmatch(host)
    return (found[1], found[2]) if found is not None and found[1] in _SERVICES else None


_SERVICES: Final = frozenset(
    {
        "rollsite", "osx", "proxy", "nginx", "rabbitmq", "pulsar", "fateflow", "fateflow-client", "python",
        "traffic-server", "serving-proxy", "serving-server",
    }
)  # fmt: skip
"""Services of the charts that are dialled (reference: components.md section 1)."""
