"""Chart fate-serving: serving-proxy, which peers dial, and serving-server, which the own FATE-Flow dials.

Sources: reference cluster-yaml.md section 3.7, components.md section 6;
v1.11.2:helm-charts/FATE-Serving/templates/serving-{proxy,server}-module.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.channels import Channel
from planner.lookup import RouteTable
from planner.releases import ServingRelease
from renderers.charts import party_list
from renderers.charts.services import Port, exposed
from renderers.charts.spec import Spec
from renderers.reading import Gate
from renderers.values import endpoint, joined

_PROXY, _SERVER, _ZOOKEEPER = "servingProxy", "servingServer", "servingZookeeper"


def module(spec: Spec) -> str:
    """What a serving cluster is mainly about: its proxy, else its server; empty without either."""
    return next((name for name in (_PROXY, _SERVER) if spec.has(name)), "")


def gates(spec: Spec, release: ServingRelease) -> Iterator[Gate]:
    """The channels of a serving cluster, or of a serving exchange."""
    if not module(spec):
        spec.remark(("modules",), "no module serves: servingProxy and servingServer are missing")
    elif release.needs_zookeeper and _ZOOKEEPER not in spec.modules:
        spec.remark(
            ("modules",), f"{module(spec)} looks for serving-zookeeper:2181, and module {_ZOOKEEPER} is missing"
        )
    if spec.has(_PROXY):
        yield _proxy(spec, release)
    if spec.has(_SERVER):
        yield from _server(spec, release)


def _proxy(spec: Spec, release: ServingRelease) -> Gate:
    """serving-proxy: rows like rollsite's; before v2.0.4 its Service is a NodePort whatever is written (INV-SRV-8)."""
    rows = party_list.rows(spec, _PROXY, "the row has no usable partyIp and partyPort")
    exchange = endpoint(spec.block(_PROXY, "exchange"), "ip", "port")
    if exchange is None and not spec.block(_PROXY, "exchange"):
        exchange = spec.default("servingProxy.exchange")
    port = Port("serving-proxy", release.ports.proxy_inter, "nodePort")
    door = exposed(spec, _PROXY, port, always="" if release.has_type else "NodePort", checks_type=False)
    table = RouteTable(spec.party, rows.entries, () if exchange is None else (exchange,))
    return Gate(Channel.SERVING, table, (door,), (_PROXY, "partyList"))


def _server(spec: Spec, release: ServingRelease) -> Iterator[Gate]:
    """serving-server: FATE-Flow loads models into it, and it fetches them from FATE-Flow (INV-SRV-2, INV-SRV-3)."""
    port = Port("serving-server", release.ports.server, "nodePort")
    door = exposed(spec, _SERVER, port)
    yield Gate(Channel.LOAD, RouteTable(spec.party, {}), (door,), (_SERVER, "type"))
    path = (_SERVER, "fateflow")
    source = joined(spec.block(*path), "ip", "port")
    if source is None:
        spec.remark(path, "without ip and port serving-server fetches no models")
    yield Gate(Channel.TRANSFER, RouteTable(spec.party, {} if source is None else {spec.party: source}), (), path)
