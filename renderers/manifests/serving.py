"""FATE-Serving: serving-proxy, which peers dial, and serving-server, which the own FATE-Flow dials.

serving-proxy compares its route table every ten seconds; without ZooKeeper it finds its own server in that table.
Sources: reference components.md section 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import join
from typing import Final

from planner.channels import Channel
from planner.lookup import Endpoint, RouteTable
from renderers.manifests.routers import Rules, Table, read_table
from renderers.manifests.sight import Seen
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader, number_of, properties
from renderers.manifests.workloads import Pod
from renderers.reading import Gate
from renderers.values import endpoint_of_text, shared

_HOME: Final = "/data/projects/fate-serving"
_INTER: Final = 8869
_INTRA: Final = 8879
_SERVER: Final = 8000
_ZOOKEEPER: Final = 2181
_TRANSFER: Final = re.compile(r"http://(.+:[0-9]+)/v1/model/transfer")


def proxy(site: Site, pod: Pod, party: int, *, is_party: bool) -> Gate:
    """serving-proxy's routes and its Service."""
    reader = Reader(site, pod, pod.main)
    home = f"{_HOME}/serving-proxy"
    seen = reader.look(f"{home}/conf/application.properties", "its application.properties")
    values = {} if seen is None else properties(seen.text)
    if seen is not None:
        _check_party(reader, seen, "coordinator", values, party)
        _check_registry(reader, seen, values, ("useZkRouter",))
    inter = number_of(values.get("proxy.grpc.inter.port"), _INTER) or _INTER
    table_file = reader.look_for_table(
        join(home, values.get("route.table", "conf/route_table.json")), "its route table"
    )
    table = Table({}, {}, {}, ())
    path, file = pod.workload.at(), pod.workload.file
    if table_file is not None:
        table = read_table(reader, table_file, party if is_party else None, Rules(takes_texts=True))
        path, file = table_file.source.at(*table_file.path), table_file.source.file
        own = table.own.get("serving")
        if is_party and site.pod("serving-server") is not None:
            where = own or Endpoint("", 0)
            reader.expect((table_file, str(party)), where.host, where.port or None, "serving-server")
    routes = RouteTable(party if is_party else None, table.entries, table.default, table.more)
    return Gate(Channel.SERVING, routes, site.doors(pod, inter), path, file)


def server(site: Site, pod: Pod, party: int) -> Iterator[Gate]:
    """serving-server: FATE-Flow loads models into it, and it fetches them from FATE-Flow."""
    reader = Reader(site, pod, pod.main)
    seen = reader.look(f"{_HOME}/serving-server/conf/serving-server.properties", "its properties")
    values = {} if seen is None else properties(seen.text)
    source = None
    path, file = pod.workload.at(), pod.workload.file
    if seen is not None:
        _check_party(reader, seen, "party.id", values, party)
        _check_registry(reader, seen, values, ("useZkRouter", "useRegister"))
        _check_own(reader, seen, values)
        source = _source(reader, seen, values)
        path, file = seen.source.at(*seen.path, "model.transfer.url"), seen.source.file
    port = number_of(values.get("port"), _SERVER) or _SERVER
    doors = site.doors(pod, port)
    registry = site.pod("serving-zookeeper")
    if registry is not None:
        doors += site.doors(registry, _ZOOKEEPER)  # FATE-Flow may ask it where serving-server is
    yield Gate(Channel.LOAD, RouteTable(party, {}), doors, pod.workload.at(), pod.workload.file)
    yield Gate(Channel.TRANSFER, RouteTable(party, {} if source is None else {party: source}), (), path, file)


def _source(reader: Reader, seen: Seen, values: Mapping[str, str]) -> Endpoint | None:
    """Where models are fetched from."""
    match = _TRANSFER.fullmatch(values.get("model.transfer.url", ""))
    found = None if match is None else endpoint_of_text(match[1])
    if found is None:
        reader.remark(seen, ("model.transfer.url",), "without a usable URL serving-server fetches no models")
        return None
    return shared(found.host, found.port)


def _check_party(reader: Reader, seen: Seen, key: str, values: Mapping[str, str], party: int) -> None:
    if values.get(key) != str(party):
        reader.remark(seen, (key,), f"{key} is {values.get(key) or 'missing'}, and the site is {party}")


def _check_registry(reader: Reader, seen: Seen, values: Mapping[str, str], keys: tuple[str, ...]) -> None:
    """ZooKeeper must be there where it is asked, which is the code's default."""
    if all(values.get(key) == "false" for key in keys):
        return
    found = endpoint_of_text(values.get("zk.url", ""))
    where = found or Endpoint("", 0)
    reader.expect((seen, "zk.url"), where.host, where.port or None, "serving-zookeeper", _ZOOKEEPER)


def _check_own(reader: Reader, seen: Seen, values: Mapping[str, str]) -> None:
    """serving-server's own proxy and cache."""
    proxy_at = endpoint_of_text(values.get("proxy", "")) or Endpoint("", 0)
    if reader.site.pod("serving-proxy") is not None:
        reader.expect((seen, "proxy"), proxy_at.host, proxy_at.port or None, "serving-proxy", _INTRA)
    if values.get("cache.type") == "redis":
        port = number_of(values.get("redis.port"))
        reader.expect((seen, "redis.ip"), values.get("redis.ip", ""), port, "serving-redis")
