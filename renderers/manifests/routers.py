"""rollsite and OSX, the routers of the eggroll family, and the table that serving-proxy has in common with them.

Rules: rollsite takes the first endpoint of an entry, OSX and serving-proxy any of them; ports are JSON numbers, but for
serving-proxy, which takes texts too; an unknown party takes `default`, unless `permission.default_allow` is false.
rollsite knows itself by its own host and port, word for word.
Sources: reference components.md sections 3.2 to 3.4, facts 4 to 6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from posixpath import join
from typing import Any, Final, NamedTuple

from planner.channels import Channel
from planner.lookup import POLLED, Endpoint, RouteTable
from renderers.manifests.sight import Seen, expand
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader, address, json_object, number_of, port_of, properties
from renderers.manifests.workloads import Pod
from renderers.reading import Gate
from renderers.values import items, mapping, number

EGGROLL_HOME: Final = "/data/projects/fate/eggroll"
_OSX_HOME: Final = "/data/projects/fate/osx"
_ROLLSITE_PORT: Final = 9370
DEFAULT: Final = "default"


class Table(NamedTuple):
    """A table in JSON: rows of parties, those of the site itself, and the default route."""

    entries: Mapping[int, Endpoint]
    more: Mapping[int, tuple[Endpoint, ...]]
    own: Mapping[str, Endpoint]
    default: tuple[Endpoint, ...]


class Rules(NamedTuple):
    """How a router reads a table: whether only the first endpoint of an entry counts, and texts count as ports."""

    only_first: bool = False
    takes_texts: bool = False
    polls: bool = False


class Polling(NamedTuple):
    """What rollsite's properties say about polling."""

    serves: bool
    polls: bool


def rollsite(site: Site, pod: Pod, party: int, *, is_party: bool) -> tuple[Gate, Polling]:
    """Rollsite's routes and its Service."""
    reader = Reader(site, pod, pod.main)
    seen = reader.look(_option(pod, f"{EGGROLL_HOME}/conf/eggroll.properties"), "its eggroll.properties")
    values = {} if seen is None else properties(seen.text)
    port = number_of(values.get("eggroll.rollsite.port"), _ROLLSITE_PORT) or _ROLLSITE_PORT
    host = values.get("eggroll.rollsite.host", "")
    polling = Polling(
        values.get("eggroll.rollsite.polling.server.enabled") == "true",
        values.get("eggroll.rollsite.polling.client.enabled") == "true",
    )
    if seen is not None:
        _check_party(reader, seen, values.get("eggroll.rollsite.party.id"), "eggroll.rollsite.party.id", party)
    where = values.get("eggroll.rollsite.route.table.path", "conf/route_table.json")
    table_file = reader.look_for_table(join(EGGROLL_HOME, where), "its route table")
    table = Table({}, {}, {}, ())
    if table_file is not None:
        rules = Rules(only_first=True, polls=polling.serves)
        table = read_table(reader, table_file, party if is_party else None, rules)
        if is_party:
            own = table.own.get(DEFAULT)
            if own is None or (own.host, own.port) != (host, port):
                detail = f"the site's own entry is not {host}:{port}, by which rollsite knows itself"
                reader.remark(table_file, (str(party), DEFAULT), detail)
            _check_fateflow(reader, table_file, party, table)
        table = table._replace(default=tuple(each for each in table.default if each != Endpoint(host, port)))
    return _gate(site, pod, (party if is_party else None, table, table_file), port), polling


def osx(site: Site, pod: Pod, party: int, *, is_party: bool) -> Gate:
    """OSX's routes and its Service."""
    reader = Reader(site, pod, pod.main)
    folder = f"{_option(pod, f'{_OSX_HOME}/conf')}/broker"
    seen = reader.look(f"{folder}/broker.properties", "its broker.properties")
    values = {} if seen is None else properties(seen.text)
    port = number_of(values.get("grpc.port"), _ROLLSITE_PORT) or _ROLLSITE_PORT
    if seen is not None:
        if values.get("open.http.server") != "false":
            reader.remark(seen, ("open.http.server",), "OSX opens a second port, for HTTP, unless this is false")
        if is_party:
            at = number_of(values.get("eggroll.cluster.manager.port"))
            name = "eggroll.cluster.manager.ip"
            reader.expect((seen, name), values.get(name, ""), at, "clustermanager")
    table_file = reader.look_for_table(f"{folder}/route_table.json", "its route table")
    table = Table({}, {}, {}, ())
    if table_file is not None:
        table = read_table(reader, table_file, party if is_party else None, Rules())
        _check_self(reader, table_file, [str(party)] if is_party else [DEFAULT])
        if is_party:
            _check_fateflow(reader, table_file, party, table)
    return _gate(site, pod, (party if is_party else None, table, table_file), port)


def _option(pod: Pod, default: str) -> str:
    """What the program is told by its option -c, which a shell that starts it has as well."""
    written = re.findall(r"(?<!sh)\s-c\s+(\S+)", pod.main.command)
    return expand(pod.main, written[-1]) if written else default


def _gate(site: Site, pod: Pod, found: tuple[int | None, Table, Seen | None], port: int) -> Gate:
    own, table, seen = found
    path, file = (pod.workload.at(), pod.workload.file) if seen is None else (seen.source.at(*seen.path), "")
    file = file or (seen.source.file if seen else "")
    routes = RouteTable(own, table.entries, table.default, table.more)
    return Gate(Channel.ROLLSITE, routes, site.doors(pod, port), path, file)


def _check_party(reader: Reader, seen: Seen, written: str | None, key: str, party: int) -> None:
    if written != str(party):
        reader.remark(seen, (key,), f"{key} is {written or 'missing'}, and the site is {party}")


def _check_self(reader: Reader, seen: Seen, wanted: Sequence[str]) -> None:
    """OSX knows itself by `self_party`, which must be a list of texts (components.md section 3.4)."""
    found = json_object(reader, seen).get("self_party")
    if found != wanted:
        reader.remark(seen, ("self_party",), f"self_party is {found!r} instead of {list(wanted)!r}")


def _check_fateflow(reader: Reader, seen: Seen, party: int, table: Table) -> None:
    """Messages for the site itself must reach its FATE-Flow over gRPC."""
    own = table.own.get("fateflow")
    flow = reader.site.pod("python")
    behind = () if own is None else reader.site.behind(reader.namespace, own.host, own.port)
    if flow is None or (flow, 9360) not in [*behind]:
        detail = f"messages to the site itself go to {own or 'nobody'}, which is not its own FATE-Flow (gRPC)"
        reader.remark(seen, (str(party), "fateflow"), detail)


def read_table(reader: Reader, seen: Seen, own: int | None, rules: Rules) -> Table:
    """A route table in JSON, with remarks on rows that lead nowhere."""
    data = json_object(reader, seen)
    routes = mapping(data.get("route_table"))
    if not isinstance(data.get("route_table"), dict):
        reader.remark(seen, ("route_table",), "it has no route_table")
    entries: dict[int, Endpoint] = {}
    more: dict[int, tuple[Endpoint, ...]] = {}
    mine: dict[str, Endpoint] = {}
    default: tuple[Endpoint, ...] = ()
    for key, roles in routes.items():
        party = number(key)
        if key == DEFAULT:
            default = _row(reader, seen, key, roles, rules)
        elif party is None:
            reader.remark(seen, (key,), f"{key!r} is no party's id")
        elif party == own:
            for role in mapping(roles):
                found = _endpoints(mapping(roles).get(role), rules)
                if found:
                    mine[str(role)] = found[0]
        elif found := _row(reader, seen, key, roles, rules):
            entries[party] = found[0]
            if found[1:]:
                more[party] = found[1:]
    allowed = mapping(data.get("permission")).get("default_allow")
    if allowed is False:
        default = ()
    elif "permission" in data and allowed is not True:
        reader.remark(seen, ("permission",), "default_allow is neither true nor false")
    return Table(entries, more, mine, default)


def _row(reader: Reader, seen: Seen, key: str, roles: object, rules: Rules) -> tuple[Endpoint, ...]:
    """The endpoints of one entry."""
    written = mapping(roles).get(DEFAULT)
    first = mapping(next(iter(items(written)), None))
    if first.get("is_polling") is True:
        if not rules.polls:
            reader.remark(seen, (key,), f"nobody can poll: {reader.pod.component} serves no polling parties")
        return (POLLED,)
    found = _endpoints(written, rules)
    if len(found) < max(1, len(items(written)[: 1 if rules.only_first else None])):
        reader.remark(
            seen, (key,), "the entry has no usable ip and port" + ("" if rules.takes_texts else " (a number)")
        )
    if any(mapping(each).get("is_secure") or mapping(each).get("useSSL") for each in items(written)):
        reader.remark(seen, (key,), "the peer is dialled by TLS, at a port that no Service exposes")
    return found


def _endpoints(written: object, rules: Rules) -> tuple[Endpoint, ...]:
    rows = [mapping(each) for each in items(written)][: 1 if rules.only_first else None]
    found = (address(row.get("ip"), _port(row.get("port"), rules)) for row in rows)
    return tuple(each for each in found if each is not None)


def _port(value: Any, rules: Rules) -> int | None:
    return port_of(number(value) if rules.takes_texts else value)
