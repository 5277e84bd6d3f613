"""What becomes of a cluster.yaml on its way into a running site.

FATE never sees the file: KubeFATE's service hands it to the chart's values template, which drops every key it does not
name; the chart turns the rest into route tables and Services, and each component looks routes up by rules of its own.
This package plays that part, for charts fate, fate-exchange and fate-serving, and shares nothing with the code that
writes the files.
Sources: reference cluster-yaml.md sections 1 to 4, components.md sections 3 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import yaml

from planner.channels import Channel
from planner.lookup import RouteTable
from planner.releases import FATE, FATE_SERVING, Release, load_serving
from planner.releases import load as load_release
from renderers.charts import brokers, eggroll, fateflow, keys, nginx, party_list, serving, traffic_server
from renderers.charts.document import load, locate
from renderers.charts.spec import Chart, Spec
from renderers.reading import Gate, Reading, Unreadable
from renderers.values import items, number

__all__ = ["locate", "read"]

_LEGACY: Final = "legacy"
"""Releases whose cluster.yaml may name no chart, and call its version `version` (v1.3.0-a's sample and guide)."""

_ROUTERS: Final = MappingProxyType({"proxy": "proxy", "rollsite": "rollsite, lbrollsite or osx", "osx": "osx"})
"""What may be missing from a party where nothing routes messages, by the release's own router."""


def read(text: str, file: str) -> Reading | Unreadable:
    """What the chart named in `text`, the content of `file`, makes of it."""
    try:
        data = load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date like 2020-13-01
        return Unreadable(file, f"it is not YAML: {str(error).splitlines()[0]}")
    if not isinstance(data, dict):
        return Unreadable(file, "it is not a mapping")
    named = _named(data)
    for key in ("name", "namespace", "chartName", "chartVersion"):
        if not isinstance(named.get(key), str) or not named[key]:
            return Unreadable(file, f"{key} is missing or no text, which KubeFATE's CLI refuses", (key,))
    chart = _chart(named["chartName"], named["chartVersion"])
    if chart is None:
        message = f"there is no chart {named['chartName']} {named['chartVersion']}"
        return Unreadable(file, message, ("chartVersion",))
    modules = tuple(str(module) for module in items(data.get("modules")))
    return _reading(Spec(data, chart, number(data.get("partyId")) or 0, modules), file)


def _named(data: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The file with the chart's name and version where later releases have them."""
    version = data.get("chartVersion", data.get("version"))
    release = load_release(version) if isinstance(version, str) else None
    if release is None or release.generation != _LEGACY:
        return data
    return {**data, "chartVersion": version, "chartName": data.get("chartName", FATE)}


def _chart(name: str, version: str) -> Chart | None:
    """The published chart of that name and version; None where there is none."""
    if name == FATE_SERVING:
        serving_release = load_serving(version)
        exists = serving_release is not None and serving_release.version == version
        return Chart(name, version, serving_release) if exists and serving_release is not None else None
    release = load_release(version)
    if release is None or name not in release.charts:
        return None
    if name == FATE:
        return Chart(name, version, release) if release.chart.version == version else None
    known = any((each.chart, each.version) == (name, version) for each in release.exchanges)
    return Chart(name, version, release) if known else None


def _reading(spec: Spec, file: str) -> Reading:
    """Everything that comes of a file whose chart is known."""
    data, release = spec.data, spec.chart.release
    if not 0 < spec.party <= party_list.LARGEST_ID:
        spec.remark(("partyId",), f"partyId {data.get('partyId')!r} reaches FATE as another id")
    if isinstance(release, Release):
        module = _module(spec, release)
        gates = tuple(_gates(spec, release, module))
        tls = release.has_tls and spec.block("rollsite").get("enableTLS") is True
    else:
        module, gates, tls = serving.module(spec), tuple(serving.gates(spec, release)), False
    return Reading(
        file=file,
        name=data["name"],
        namespace=data["namespace"],
        party=spec.party,
        chart=spec.chart.name,
        release=spec.chart.version,
        module=module,
        modules=spec.modules,
        gates=gates,
        tls=tls,
        dropped=tuple(keys.dropped(data, spec.chart)),
        remarks=tuple(spec.remarks),
    )


def _module(spec: Spec, release: Release) -> str:
    """What a site is mainly about: an exchange's trafficServer, the nginx of a Spark party, or a router."""
    if spec.has("trafficServer"):
        return "trafficServer"
    if spec.has("nginx") and fateflow.uses_nginx(spec):
        return "nginx"
    return eggroll.router(spec, release) or ("nginx" if spec.has("nginx") else "")


def _gates(spec: Spec, release: Release, module: str) -> Iterator[Gate]:
    """The channels of a training cluster, or of an exchange."""
    router = eggroll.router(spec, release)
    is_spark = spec.has("nginx") or fateflow.uses_nginx(spec)
    if not module and not is_spark:
        names = _ROUTERS[release.module] if spec.chart.name == FATE else "rollsite, trafficServer or nginx"
        spec.remark(("modules",), f"no module routes messages: {names} is missing")
    if router or (not module and not is_spark):
        yield eggroll.gate(spec, release, router)
    if spec.chart.name == FATE and is_spark and not (router and not fateflow.uses_nginx(spec)):
        fateflow.check_engine(spec, release)
    flow = fateflow.doors(spec, release)
    if spec.has("nginx"):
        yield from nginx.gates(spec, release, flow)
    if spec.has("rabbitmq"):
        yield brokers.rabbitmq(spec, release)
    if spec.has("pulsar"):
        yield brokers.pulsar(spec, release)
    if spec.has("trafficServer"):
        _check_control(spec)
        yield traffic_server.gate(spec, release)
    fateflow.check_unread(spec, release)
    load_gate = fateflow.load_gate(spec)
    if load_gate is not None:
        yield load_gate
    if flow.http is not None:
        yield Gate(Channel.TRANSFER, RouteTable(spec.party, {}), (flow.http,), flow.http.path)


def _check_control(spec: Spec) -> None:
    """A remark where an exchange passes on data and no control messages (INV-PUL-10)."""
    if not spec.has("nginx") and spec.chart.kind("nginx") is not None:
        spec.remark(("modules",), "without nginx the exchange passes on no control messages")
