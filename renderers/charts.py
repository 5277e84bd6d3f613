"""What becomes of a cluster.yaml on its way into a running site.

FATE never sees the file: KubeFATE's service hands it to the chart's values template, which drops every key it does not
name; the chart turns the rest into a route table and a Service. This module plays that part, for the charts of the
eggroll and OSX family, and shares nothing with the code that writes the files.
Sources: reference cluster-yaml.md sections 1 and 2.1, components.md sections 3.3 and 3.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import yaml

from planner.diagnostics import KeyPath, Span
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.releases import FATE, Release, load
from renderers.reading import Reading, Remark, Unreadable

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST_ID: Final = 999_999
"""Go prints larger floats as 1e+06 (reference: INV-ID-4)."""
_PLAIN_ROWS: Final = re.compile(
    r"(?:(?:    - |      )[A-Za-z]+: [^\n\r\x85\u2028\u2029&*!|>{\[#\"']*\n"
    r"|      [A-Za-z]+: \"[^\n\r\x85\u2028\u2029\\\"]*\"\n)+"
)
_AFTER_ROWS: Final = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*(?: {0,2}[^\s#]|\Z)")
"""Blank lines and comments, then a line that cannot belong to the last row."""
_ROWS_APART: Final = "rows-are-read-one-by-one"
"""Stands for the rows of a partyList while the rest of the file is read."""


def read(text: str, file: str) -> Reading | Unreadable:
    """What the chart named in `text`, the content of `file`, makes of it."""
    try:
        data = _load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date like 2020-13-01
        return Unreadable(file, f"it is not YAML: {str(error).splitlines()[0]}")
    if not isinstance(data, dict):
        return Unreadable(file, "it is not a mapping")
    for key in ("name", "namespace", "chartName", "chartVersion"):
        if not isinstance(data.get(key), str) or not data[key]:
            return Unreadable(file, f"{key} is missing or no text, which KubeFATE's CLI refuses")
    chart, version = data["chartName"], data["chartVersion"]
    release = load(version)
    if release is None or chart not in release.charts:
        return Unreadable(file, f"there is no chart {chart} {version}")
    modules = tuple(str(module) for module in _list(data.get("modules")))
    module = next((name for name in ("lbrollsite", "rollsite", "osx") if name in modules), "")
    party = _number(data.get("partyId")) or 0
    remarks = list(_remarks(data, chart, release, modules, module))
    table = _table(data, release, module, party, remarks)
    service = _mapping(data.get(module))
    kind = str(service.get("type") or "ClusterIP")
    port = service.get("nodePort") if kind in {"NodePort", "LoadBalancer"} else None
    has_address = kind == "LoadBalancer" and release.reads(chart, f"{module}.loadBalancerIP")
    address = service.get("loadBalancerIP") if has_address else None
    return Reading(
        file=file,
        name=data["name"],
        namespace=data["namespace"],
        party=party,
        version=version,
        module=module,
        table=table,
        service_type=kind,
        node_port=port if type(port) is int else None,
        load_balancer=None if address is None else str(address),
        tls=release.has_tls and _mapping(data.get("rollsite")).get("enableTLS") is True,
        dropped=tuple(_dropped(data, chart, release)),
        remarks=tuple(remarks),
    )


def locate(text: str, path: KeyPath) -> Span:
    """The line and column of a key path in `text`, or of the deepest part of it that exists."""
    node = yaml.compose(text, Loader=_Loader)
    line, column = 1, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if str(pair[0].value) == str(step)), None)
            if found is None:
                break
            key, node = found
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
        else:
            break
    return Span(line, column)


def _load(text: str) -> Any:
    """The data of `text`.

    A long partyList is read row by row, and a row that stands in a thousand files only once;
    wherever the rows are not the plain ones that this holds for, the text is read as a whole.
    """
    start = text.find("\n  partyList:\n    - ")
    if start < 0:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - CSafeLoader or SafeLoader
    rows_start = start + len("\n  partyList:\n")
    match = _PLAIN_ROWS.match(text, rows_start)
    if match is None or _AFTER_ROWS.match(text, match.end()) is None:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - CSafeLoader or SafeLoader
    rest = f"{text[:start]}\n  partyList: {_ROWS_APART}\n{text[match.end() :]}"
    data = yaml.load(rest, Loader=_Loader)  # noqa: S506 - CSafeLoader or SafeLoader
    blocks = data.values() if isinstance(data, dict) else ()
    holders = [block for block in blocks if isinstance(block, dict) and block.get("partyList") == _ROWS_APART]
    if len(holders) != 1 or _ROWS_APART in text:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - CSafeLoader or SafeLoader
    holders[0]["partyList"] = [_load_row(f"    - {row}") for row in match[0][6:].split("\n    - ")]
    return data


@lru_cache(maxsize=65536)
def _load_row(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)[0]  # noqa: S506 - CSafeLoader or SafeLoader


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _remarks(
    data: Mapping[str, Any], chart: str, release: Release, modules: Sequence[str], module: str
) -> Iterator[Remark]:
    party = _number(data.get("partyId"))
    if party is None or not 0 < party <= _LARGEST_ID:
        yield Remark(("partyId",), f"partyId {data.get('partyId')!r} reaches FATE as another id")
    if not module:
        yield Remark(("modules",), "no module routes messages: rollsite, lbrollsite or osx is missing")
    if {"rollsite", "lbrollsite"} <= set(modules):
        yield Remark(("modules",), "rollsite and lbrollsite make objects of the same names")
    if chart == FATE and module in {"rollsite", "lbrollsite"}:
        for name, needed in _needs(release):
            if name == module and needed not in modules:
                yield Remark(("modules",), f"without {needed} the chart writes no configuration for {module}")
    service = _mapping(data.get(module))
    if "nodePort" in service and (service.get("type") or "ClusterIP") == "ClusterIP":
        yield Remark((module, "nodePort"), "nodePort has no effect while type is ClusterIP")
    elif service.get("type") == "NodePort" and type(service.get("nodePort")) is not int:
        yield Remark((module, "nodePort"), "without a nodePort Kubernetes picks one that no peer knows")


def _needs(release: Release) -> Iterator[tuple[str, str]]:
    for engine in release.engines:
        yield from engine.needs


def _table(data: Mapping[str, Any], release: Release, module: str, own: int, remarks: list[Remark]) -> RouteTable:
    """The route table of a chart's ConfigMap: rows of partyList, polling clients, and one default route."""
    routes = "osx" if module == "osx" else "rollsite"
    block = _mapping(data.get(routes))
    entries, default = _rows(block, routes, own, remarks)
    if module == "osx":
        return RouteTable(own, entries, default)
    polling = _mapping(block.get("polling"))
    if polling.get("enabled") is True and release.has_polling:
        if polling.get("type") == "client":
            server = _endpoint(_mapping(polling.get("server")), "ip", "port")
            default = () if server is None else (server,)
        elif polling.get("type") == "server":
            _add_clients(polling, routes, entries, remarks)
    exchange = _endpoint(_mapping(block.get("exchange")), "ip", "port")
    if exchange is not None:
        default = (exchange,)
    if module == "lbrollsite":
        rows = _list(_mapping(data.get("lbrollsite")).get("exchangeList"))
        found = [_endpoint(_mapping(row), "ip", "port") for row in rows]
        default = tuple(endpoint for endpoint in found if endpoint is not None)
        if not default:
            remarks.append(Remark(("lbrollsite", "exchangeList"), "lbrollsite balances over no exchange"))
    return RouteTable(own, entries, default)


def _rows(
    block: Mapping[str, Any], routes: str, own: int, remarks: list[Remark]
) -> tuple[dict[int, Endpoint], tuple[Endpoint, ...]]:
    """The rows of a partyList by party, and OSX's row `default`."""
    entries: dict[int, Endpoint] = {}
    default: tuple[Endpoint, ...] = ()
    for index, row in enumerate(_list(block.get("partyList"))):
        endpoint = _endpoint(row, "partyIp", "partyPort") if isinstance(row, dict) else None
        if endpoint is None:
            message = "the row has no usable partyIp and partyPort: the whole table becomes invalid"
            remarks.append(Remark((routes, "partyList", index), message))
            continue
        party = _number(row.get("partyId"))
        if party is None and row.get("partyId") == "default" and routes == "osx":
            default = (endpoint,)
            continue
        if party is None or party == own or party in entries:
            remarks.append(Remark((routes, "partyList", index), _row_fault(row.get("partyId"), party, own)))
        if party is not None and party != own:
            entries[party] = endpoint
    return entries, default


def _row_fault(written: object, party: int | None, own: int) -> str:
    if party is None:
        return f"partyId {written!r} is no party's id"
    if party == own:
        return "the site lists itself, a key the chart already writes"
    return f"party {party} is listed twice; only the last row counts"


def _add_clients(polling: Mapping[str, Any], routes: str, entries: dict[int, Endpoint], remarks: list[Remark]) -> None:
    """Entries of a polling server's clients, which it does not dial."""
    for index, row in enumerate(_list(polling.get("clientList"))):
        path: KeyPath = (routes, "polling", "clientList", index)
        client = _number(_mapping(row).get("partID"))
        if client is None:
            remarks.append(Remark(path, "the row has no partID"))
            continue
        if client in entries:
            remarks.append(Remark(path, f"party {client} also stands in partyList"))
        entries[client] = POLLED


def _number(value: object) -> int | None:
    """An id or a port as the chart prints it: a number, or a text of digits."""
    if type(value) is int:
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else None


@lru_cache(maxsize=65536)
def _shared(host: str, port: int) -> Endpoint:
    return Endpoint(host, port)


def _endpoint(row: Mapping[str, Any], host_key: str, port_key: str) -> Endpoint | None:
    host, port = row.get(host_key), row.get(port_key)
    number = _number(port)
    return None if number is None or not isinstance(host, str) or not host else _shared(host, number)


def _dropped(data: Mapping[str, Any], chart: str, release: Release) -> Iterator[KeyPath]:
    """Keys that no template reads, so that they have no effect at all."""
    for path, dotted in _leaves(data, (), ""):
        if _is_lost(release, chart, dotted):
            yield path


@lru_cache(maxsize=65536)
def _is_lost(release: Release, chart: str, dotted: str) -> bool:
    """Whether nobody reads a key: neither KubeFATE itself nor a template of the chart."""
    if dotted.partition(".")[0] in release.kubefate.keys:
        return False
    return not release.reads(chart, dotted) or release.is_dead(chart, dotted)


def _leaves(value: object, path: KeyPath, dotted: str) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key), f"{dotted}.{key}" if dotted else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        shapes = {tuple(item) for item in value if isinstance(item, dict)}
        for shape in sorted(shapes, key=repr):
            index = next(i for i, item in enumerate(value) if isinstance(item, dict) and tuple(item) == shape)
            for key in shape:
                yield from _leaves(value[index][key], (*path, index, key), f"{dotted}[*].{key}")
    else:
        yield path, dotted
