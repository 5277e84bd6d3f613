"""The routers of the eggroll family: rollsite, lbrollsite and OSX.

Where lbrollsite's table has its default route, a second container of its pod listens: nginx, which balances over the
exchanges.
Sources: reference components.md sections 3.2 to 3.4, facts 4 to 6;
v1.11.2:helm-charts/FATE/templates/backends/eggroll, v2.0.0:helm-charts/FATE/templates/core/osx.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import join
from typing import Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.chart_objects.installation import Installation
from renderers.manifests.routers import EGGROLL_HOME, Rules, Table, read_table
from renderers.manifests.texts import Reader, number_of, properties
from renderers.reading import Gate
from renderers.values import endpoint_of_text, mapping

_PROPERTIES: Final = f"{EGGROLL_HOME}/conf/eggroll.properties"
_CERTIFICATES: Final = f"{EGGROLL_HOME}/conf/cert"
_OSX: Final = "/data/projects/fate/osx/conf/broker"
_PORT: Final = 9370
_FLOW: Final = 9360
_TABLE: Final = "route_table.json"
_NGINX: Final = "/data/projects/fate/proxy/nginx/conf/nginx.conf"
_BALANCED: Final = re.compile(r"grpc_pass\s+grpcs?://(\w+)\s*;")
_UPSTREAM: Final = re.compile(r"upstream\s+(\w+)\s*\{([^}]*)\}")
_SERVER: Final = re.compile(r"\bserver\s+([^;\s]+)[^;]*;")


def router(whole: Installation) -> str:
    """The module that routes messages; empty where none does."""
    if whole.pod("rollsite") is not None:
        return "rollsite" if whole.balancer is None else "lbrollsite"
    return "osx" if whole.pod("osx") is not None else ""


def mounts_certificates(whole: Installation) -> bool:
    """Whether rollsite's pod mounts certificates."""
    pod = whole.pod("rollsite")
    return pod is not None and any(mount.path == _CERTIFICATES for mount in pod.main.mounts)


def polls(whole: Installation) -> bool:
    """Whether rollsite polls the router that its default route names."""
    return _settings(whole).get("eggroll.rollsite.polling.client.enabled") == "true"


def gate(whole: Installation, module: str) -> Gate:
    """A router's routes and its Service."""
    block = "osx" if module == "osx" else "rollsite"
    path = (block, "partyList")
    reader = whole.reader(block)
    if reader is None:  # the router was found by its pods
        return Gate(Channel.ROLLSITE, RouteTable(whole.party, {}), (), path)
    settings = _settings(whole)
    port = number_of(settings.get("eggroll.rollsite.port"), _PORT) or _PORT
    own = Endpoint(settings.get("eggroll.rollsite.host", "rollsite"), port)
    found = whole.find(reader, _paths(block, settings), _TABLE)
    table = Table({}, {}, {}, ())
    if found is None:
        whole.remark(path, f"{block} finds no route table: no ConfigMap with {_TABLE} is mounted in its pods")
    else:
        if found.is_elsewhere and (settings or block == "osx"):
            whole.remark(path, f"the chart mounts {_TABLE} where {block} does not look")
        polled = settings.get("eggroll.rollsite.polling.server.enabled") == "true"
        rules = Rules() if block == "osx" else Rules(only_first=True, polls=polled)
        table = read_table(reader, found.seen, whole.party, rules)
        if not whole.take_remarks(path) or table.own:
            _check_own(whole, reader, table)
    default = _default(whole, table, own)
    routes = RouteTable(whole.party, table.entries, default, table.more)
    return Gate(Channel.ROLLSITE, routes, whole.doors(block, port), path)


def _settings(whole: Installation) -> Mapping[str, str]:
    """The eggroll.properties of rollsite."""
    reader = whole.reader("rollsite")
    found = None if reader is None else whole.find(reader, (_PROPERTIES,), "eggroll.properties")
    return {} if found is None else properties(found.seen.text)


def _paths(block: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Where a router looks for its table."""
    if block == "osx":
        return (join(_OSX, _TABLE),)
    return (join(EGGROLL_HOME, settings.get("eggroll.rollsite.route.table.path", f"conf/{_TABLE}")),)


def _check_own(whole: Installation, reader: Reader, table: Table) -> None:
    """Messages for the site itself must reach its FATE-Flow over gRPC."""
    if whole.pod("python") is None:
        return
    own = table.own.get("fateflow")
    doors = () if own is None else [each for each in whole.doors("python", _FLOW) if each.service == own.host]
    if own is None or not any(each.container_port == own.port for each in doors):
        message = f"messages to the site itself go to {own or 'nobody'}, which is not its own FATE-Flow (gRPC)"
        whole.remark((reader.pod.component, "partyList"), message)


def _default(whole: Installation, table: Table, own: Endpoint) -> tuple[Endpoint, ...]:
    """The default route; none where it leads to the router itself, or to a name that the chart stands in for nobody."""
    found = tuple(each for each in table.default if each != own)
    doors = whole.doors("rollsite", found[0].port) if len(found) == 1 else ()
    if whole.balancer is None or not any(each.service == found[0].host for each in doors):
        return found
    return _balanced(whole)


def _balanced(whole: Installation) -> tuple[Endpoint, ...]:
    """The exchanges that the container beside rollsite balances over."""
    path = ("lbrollsite", "exchangeList")
    pod, container = whole.pod("rollsite"), whole.balancer
    if pod is None or container is None:
        return ()
    found = whole.find(Reader(whole.site, pod, container), (_NGINX,), "nginx.conf")
    text = "" if found is None else found.seen.text
    passed = _BALANCED.search(text)
    blocks = {match[1]: match[2] for match in _UPSTREAM.finditer(text)}
    servers = _SERVER.findall(mapping(blocks).get(passed[1] if passed else "", ""))
    result = tuple(each for each in map(endpoint_of_text, servers) if each is not None)
    for server in (each for each in servers if endpoint_of_text(each) is None):
        whole.remark(path, f"nginx beside rollsite is to dial {server}, which is no host and port")
    if not result:
        whole.remark(path, "lbrollsite balances over no exchange")
    return result
