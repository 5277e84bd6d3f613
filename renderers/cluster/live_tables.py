"""The route tables that a site has in its cluster, compared with what it is planned to dial.

A success of Helm or of KubeFATE's service says nothing about routes: a chart's own defaults, an edit by hand or a
roll-back leave others behind (helm-direct.md section 2.2, service-api.md section 6.2). This reads ConfigMaps as plain
data and shares nothing with what wrote them. The names are those of helm-direct.md sections 4 and 5, the same in all
charts that have the table and in manifests; the shapes are those of components.md sections 3.3, 3.4, 4.4, 5.1 and 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from planner.channels import Channel
from planner.lookup import Endpoint
from planner.site_json import Dial
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Document, Reference
from renderers.sound_yaml import UnsoundYamlError, documents
from renderers.values import endpoint, endpoint_of_text, items, mapping

Rows: TypeAlias = dict[str, tuple[Endpoint, ...]]
"""The endpoints of a table's entries, by party id or `default`; none for an entry that is dialled nowhere."""
DEFAULT: Final = "default"
_DNS_NAME: Final = re.compile(r"(\d{1,18})\..+")
_SERVER: Final = re.compile(r"^\s*server\s+(\S+?);", re.MULTILINE)
_BALANCER: Final = Endpoint("exchange", 9390)
"""Where rollsite finds lbrollsite, which leads on to the servers of its own nginx.conf."""
_POLLING: Final = -1


class _NoTableError(ValueError):
    """A text that the reader of such a table does not take."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a table stands, and how its text is read."""

    config_map: str
    key: str
    rows: Callable[[Mapping[str, str], str], Rows]


@dataclass(frozen=True, slots=True)
class WrongRoute:
    """An entry of a live table that leads elsewhere: `live` is where (empty: nowhere), `planned` where it should.

    `channel` and `peer` name the dial that misses its way; without a peer nobody else's way is meant.
    """

    table: Reference
    key: str
    entry: str
    live: str
    planned: str
    channel: Channel
    peer: str = ""

    @property
    def what(self) -> str:
        """`ConfigMap fate-9999/rollsite-config`, as findings name it."""
        return f"{self.table.kind} {self.table.namespace}/{self.table.name}"


@dataclass(frozen=True, slots=True)
class UnreadTable:
    """A table that cannot be compared, and why; `is_broken` says that its reader cannot read it either."""

    channel: Channel
    what: str
    reason: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """What the live tables have that is not as planned."""

    wrong: tuple[WrongRoute, ...]
    unread: tuple[UnreadTable, ...]


def compare(api: Api, folder: SiteFolder, deadline: Deadline) -> Compared:
    """Compare the live tables with the site's dials. Raises ApiError when the cluster cannot be asked."""
    wrong: dict[WrongRoute, None] = {}
    unread: list[UnreadTable] = []
    for channel in dict.fromkeys(dial.channel for dial in folder.dials):
        kinds = _KINDS.get(channel)
        if kinds is None:
            continue
        found = _live(api, folder, channel, kinds, deadline)
        if isinstance(found, UnreadTable):
            unread.append(found)
            continue
        table, key, text, rows = found
        dials = [dial for dial in folder.dials if dial.channel == channel]
        wrong |= dict.fromkeys(_wrong(folder, table, key, rows, dials))
        wrong |= dict.fromkeys(_own(folder, channel, table, key, text))
    return Compared(tuple(wrong), tuple(unread))


def has_table(channel: Channel) -> bool:
    """Whether who is dialled on a channel stands in a table."""
    return channel in _KINDS


def namespace_of(folder: SiteFolder, channel: Channel) -> str:
    """The namespace in which the table of a channel is."""
    return folder.namespaces.get("serving" if channel is Channel.SERVING else "training", folder.home)


def _live(
    api: Api, folder: SiteFolder, channel: Channel, kinds: Sequence[_Kind], deadline: Deadline
) -> tuple[Reference, str, str, Rows] | UnreadTable:
    """The table of a channel, with its text: the first that is there."""
    namespace = namespace_of(folder, channel)
    for kind in kinds:
        table = Reference("v1", "ConfigMap", namespace, kind.config_map)
        what = f"ConfigMap {namespace}/{kind.config_map}"
        try:
            document = api.get(table, deadline)
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            return UnreadTable(channel, what, refusal.message, is_broken=False)
        texts = _texts(document)
        if kind.key not in texts:
            continue
        try:
            return table, kind.key, texts[kind.key], kind.rows(texts, texts[kind.key])
        except _NoTableError as error:
            return UnreadTable(channel, f"{kind.key} of {what}", str(error), is_broken=True)
    names = " or ".join(kind.config_map for kind in kinds)
    what = f"ConfigMap {namespace}/{names}"
    return UnreadTable(channel, what, "it has no route table", is_broken=not folder.installations)


def _texts(document: Document | None) -> Mapping[str, str]:
    return (document or {}).get("data") or {}


# ---------------------------------------------------------------------------------------------------------------------
# Comparing


def _wrong(folder: SiteFolder, table: Reference, key: str, rows: Rows, dials: Sequence[Dial]) -> Iterator[WrongRoute]:
    """Dials that the table does not have, and entries that lead to somebody of whom the plan says nothing."""
    told: set[str] = set()
    for dial in dials:
        wanted = Endpoint(dial.host, dial.port)
        kind, _, name = dial.peer.partition("-")
        entry = name if kind == "party" and name in rows else DEFAULT
        found = rows.get(entry, ())
        leads = wanted in found if kind == "party" else any(wanted in each for each in rows.values())
        if not leads:
            told.add(entry)
            named = name if kind == "party" else DEFAULT
            yield WrongRoute(table, key, named, _listed(found), str_of(wanted), dial.channel, dial.peer)
    meant = {Endpoint(dial.host, dial.port) for dial in dials}
    spec = "\n".join(folder.files.get(each.file, "") for each in folder.installations)
    for entry, found in rows.items():
        if entry in told or entry == str(folder.id):
            continue
        if found and not meant & set(found) and _is_foreign(entry, found, spec):
            yield WrongRoute(table, key, entry, _listed(found), "", dials[0].channel)


def _own(folder: SiteFolder, channel: Channel, table: Reference, key: str, live: str) -> Iterator[WrongRoute]:
    """The own entry, where it leads elsewhere. Manifests say where it should; charts have each a word of their own."""
    entry = str(folder.id)
    for each in folder.objects:
        text = _texts(each.document).get(key) if each.reference.key == table.key else None
        if text is not None:
            wanted, found = (", ".join(_ends(_row(key, found, entry))) for found in (text, live))
            if wanted != found:
                yield WrongRoute(table, key, entry, found, wanted, channel)


def _row(key: str, text: str, entry: str) -> Any:
    """An entry of a table that can be read."""
    table = mapping(json.loads(text).get("route_table")) if key.endswith(".json") else _yaml(text)
    return table.get(entry)


def _ends(row: Any) -> Iterator[str]:
    """Every endpoint of an entry, with all of its ports."""
    if isinstance(row, dict):
        host = row.get("ip") or row.get("host")
        if host:
            ports = (str(value) for name, value in sorted(row.items()) if "port" in name.lower() and value)
            yield f"{host}:{'/'.join(ports)}"
        for key in sorted(row):
            yield from _ends(row[key])
    elif isinstance(row, list):
        for each in row:
            yield from _ends(each)


def _is_foreign(entry: str, found: Sequence[Endpoint], spec: str) -> bool:
    """Whether an entry leads to a host that the planned spec does not have.

    A default route by name is a chart's word for nobody, or one of the site's own Services.
    """
    if entry == DEFAULT and not all(_is_address(each.host) for each in found):
        return False
    return not any(re.search(rf"(?<![\w.-]){re.escape(each.host)}(?![\w-]|\.\w)", spec) for each in found)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _listed(found: Sequence[Endpoint]) -> str:
    return " or ".join(map(str_of, found))


def str_of(found: Endpoint) -> str:
    """`192.168.1.1:30091`, as messages show an endpoint."""
    host = f"[{found.host}]" if ":" in found.host else found.host
    return f"{host}:{found.port}"


# ---------------------------------------------------------------------------------------------------------------------
# Reading tables


def _json_rows(texts: Mapping[str, str], text: str) -> Rows:
    """A table of rollsite, OSX or serving-proxy."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        msg = "it is not JSON"
        raise _NoTableError(msg) from None
    routes = mapping(data).get("route_table")
    if not isinstance(routes, dict):
        msg = "it has no route_table"
        raise _NoTableError(msg)
    rows: Rows = {}
    for party, roles in routes.items():
        written = [mapping(each) for each in items(mapping(roles).get(DEFAULT))]
        if any(each.get("port") == _POLLING or each.get("is_polling") is True for each in written):
            rows[party] = ()
            continue
        found = _endpoints(written, "ip", "port")
        rows[party] = _balanced(texts) if found == (_BALANCER,) else found
    return rows


def _balanced(texts: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """The exchanges over which lbrollsite balances: the servers of the nginx.conf beside its table."""
    found = map(endpoint_of_text, _SERVER.findall(texts.get("nginx.conf", "")))
    return tuple(each for each in found if each is not None) or (_BALANCER,)


def _nginx_rows(port: str) -> Callable[[Mapping[str, str], str], Rows]:
    """How nginx's table is read for one of its protocols."""

    def rows(_: Mapping[str, str], text: str) -> Rows:
        return {
            party: _endpoints(items(mapping(row).get("proxy" if party == DEFAULT else "fateflow")), "host", port)
            for party, row in _yaml(text).items()
        }

    return rows


def _rabbitmq_rows(_: Mapping[str, str], text: str) -> Rows:
    return {party: _endpoints([row], "host", "port") for party, row in _yaml(text).items()}


def _pulsar_rows(_: Mapping[str, str], text: str) -> Rows:
    """FATE-Flow's table of Pulsar brokers; one that is reached through a proxy is dialled there."""
    rows: Rows = {}
    for party, row in _yaml(text).items():
        proxy = endpoint_of_text(mapping(row).get("proxy"))
        found = (*_endpoints([row], "host", "port"), *_endpoints([row], "host", "sslPort"))
        rows[party] = (proxy,) if proxy is not None else found
    return rows


def _sni_rows(_: Mapping[str, str], text: str) -> Rows:
    """Traffic Server's names, which begin with the party's id."""
    rows: Rows = {}
    for row in map(mapping, items(_yaml(text).get("sni"))):
        name, found = _DNS_NAME.fullmatch(str(row.get("fqdn"))), endpoint_of_text(row.get("tunnel_route"))
        if name is not None:
            rows[name[1]] = () if found is None else (found,)
    return rows


def _yaml(text: str) -> dict[str, Any]:
    """A table in YAML, by its keys as texts."""
    try:
        found = documents(text.encode())
    except UnsoundYamlError as error:
        raise _NoTableError(str(error)) from None
    if len(found) > 1 or not isinstance(found[0] if found else {}, dict | None):
        msg = "it is no table"
        raise _NoTableError(msg)
    return {str(key): value for key, value in mapping(found[0] if found else {}).items()}


def _endpoints(rows: Sequence[Any], host: str, port: str) -> tuple[Endpoint, ...]:
    found = (endpoint(mapping(row), host, port) for row in rows)
    return tuple(each for each in found if each is not None)


_KINDS: Final[Mapping[Channel, tuple[_Kind, ...]]] = MappingProxyType(
    {
        Channel.ROLLSITE: (
            _Kind("rollsite-config", "route_table.json", _json_rows),
            _Kind("osx-config", "route_table.json", _json_rows),
        ),
        Channel.NGINX_HTTP: (_Kind("nginx-config", "route_table.yaml", _nginx_rows("http_port")),),
        Channel.NGINX_GRPC: (_Kind("nginx-config", "route_table.yaml", _nginx_rows("grpc_port")),),
        Channel.RABBITMQ: (_Kind("rabbitmq-route-table", "rabbitmq_route_table.yaml", _rabbitmq_rows),),
        Channel.PULSAR: (
            _Kind("pulsar-route-table", "pulsar_route_table.yaml", _pulsar_rows),
            _Kind("traffic-server-sni", "sni.yaml", _sni_rows),
        ),
        Channel.SERVING: (_Kind("serving-proxy-config", "route_table.json", _json_rows),),
    }
)
"""The table of each channel; those inside a party (loading models) have none."""
