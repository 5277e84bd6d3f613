"""Chart fate-serving: serving-proxy, which peers dial, and serving-server, which the own FATE-Flow dials.

Their folder has the name of the release: /data/projects/fate before FATE-Serving 2.1, fate-serving since.
Sources: reference components.md section 6;
v1.11.2:helm-charts/FATE-Serving/templates/serving-{proxy,server}-module.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import join
from typing import Final

from planner.channels import Channel
from planner.lookup import RouteTable
from renderers.chart_objects.installation import Installation
from renderers.manifests.routers import Rules, Table, read_table
from renderers.manifests.texts import Reader, number_of, properties
from renderers.reading import Gate
from renderers.values import endpoint_of_text

_HOMES: Final = ("/data/projects/fate-serving", "/data/projects/fate")
_INTER: Final = 8869
_SERVER: Final = 8000
_TRANSFER: Final = re.compile(r"http://(.+:[0-9]+)/v1/model/transfer")
_TABLE: Final = "route_table.json"


def module(whole: Installation) -> str:
    """What a serving cluster is mainly about: its proxy, else its server; empty without either."""
    names = {"serving-proxy": "servingProxy", "serving-server": "servingServer"}
    return next((name for component, name in names.items() if whole.pod(component) is not None), "")


def gates(whole: Installation) -> Iterator[Gate]:
    """The channels of a serving cluster, or of a serving exchange."""
    if not module(whole):
        whole.remark(("modules",), "nothing that the chart renders serves")
    proxy, server = whole.reader("serving-proxy"), whole.reader("serving-server")
    if proxy is not None:
        yield _proxy(whole, proxy)
    if server is not None:
        yield from _server(whole, server)


def _settings(whole: Installation, reader: Reader, key: str) -> Mapping[str, str]:
    """The properties of a component, with a remark where ZooKeeper is asked for and nothing answers to its name."""
    component = reader.pod.component
    found = whole.find(reader, tuple(f"{home}/{component}/conf/{key}" for home in _HOMES), key)
    if found is None:
        whole.remark(("modules",), f"{component} finds no {key}: no ConfigMap with it is mounted in its pods")
        return {}
    values = properties(found.seen.text)
    registry = values.get("zk.url", "")
    where = endpoint_of_text(registry)
    asks = values.get("useZkRouter", "true") != "false" or values.get("useRegister", "true") != "false"
    if asks and where is not None and "." not in where.host and not whole.is_own(where.host):
        whole.remark(("modules",), f"{component} looks for {registry}, and no Service has that name")
    return values


def _proxy(whole: Installation, reader: Reader) -> Gate:
    """serving-proxy's routes and its Service."""
    path = ("servingProxy", "partyList")
    values = _settings(whole, reader, "application.properties")
    homes = tuple(f"{home}/serving-proxy" for home in _HOMES)
    paths = tuple(join(home, values.get("route.table", f"conf/{_TABLE}")) for home in homes)
    found = whole.find(reader, paths, _TABLE)
    table = Table({}, {}, {}, ())
    if found is None:
        whole.remark(path, f"serving-proxy finds no route table: no ConfigMap with {_TABLE} is mounted in its pods")
    else:
        if found.is_elsewhere:
            whole.remark(path, f"the chart mounts {_TABLE} where serving-proxy does not look")
        table = read_table(reader, found.seen, whole.party, Rules(takes_texts=True))
        whole.take_remarks(path)
    inter = number_of(values.get("proxy.grpc.inter.port"), _INTER) or _INTER
    default = tuple(each for each in table.default if "." in each.host or ":" in each.host or whole.is_own(each.host))
    routes = RouteTable(whole.party, table.entries, default, table.more)
    return Gate(Channel.SERVING, routes, whole.doors("serving-proxy", inter), path)


def _server(whole: Installation, reader: Reader) -> Iterator[Gate]:
    """serving-server: FATE-Flow loads models into it, and it fetches them from FATE-Flow (INV-SRV-2, INV-SRV-3)."""
    values = _settings(whole, reader, "serving-server.properties")
    port = number_of(values.get("port"), _SERVER) or _SERVER
    yield Gate(
        Channel.LOAD, RouteTable(whole.party, {}), whole.doors("serving-server", port), ("servingServer", "type")
    )
    path = ("servingServer", "fateflow")
    match = _TRANSFER.fullmatch(values.get("model.transfer.url", ""))
    source = None if match is None else endpoint_of_text(match[1])
    if source is None:
        whole.remark(path, "without ip and port serving-server fetches no models")
    yield Gate(Channel.TRANSFER, RouteTable(whole.party, {} if source is None else {whole.party: source}), (), path)
