"""What KubeFATE's charts really make: the objects that helm renders of a site's cluster.yaml, read back.

Where `renderers.charts` plays the charts' part from what is known of them, here is what their templates wrote: route
tables in ConfigMaps at the places where the pods mount them, and the Services that lead to these pods. Each component
reads its files by rules of its own, as it does of fedplan's own manifests. Nothing is shared with the code that writes
the files, nor with the model of the charts.
Every remark names the object, and points to the key of cluster.yaml that it comes of.
Sources: reference components.md sections 1 to 7, helm-direct.md sections 3 to 5; KubeFATE's helm-charts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from planner.channels import Channel
from planner.lookup import RouteTable
from planner.releases import FATE_SERVING, Release, ServingRelease, load_serving
from planner.releases import load as load_release
from planner.wording import spoken
from renderers.chart_objects import brokers, eggroll, fateflow, nginx, serving, traffic_server
from renderers.chart_objects.installation import Installation, Source
from renderers.manifests import objects
from renderers.manifests.document import documents
from renderers.manifests.objects import Object
from renderers.manifests.site import Site
from renderers.reading import Gate, Reading, Unreadable
from renderers.values import items, mapping

__all__ = ["Source", "read_objects", "read_rendered"]


def read_rendered(text: str, source: Source) -> Reading | Unreadable:
    """What an installation comes to, from the text of its objects (`helm template`, `helm get manifest`)."""
    try:
        found = documents(text.removeprefix("---\n"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Unreadable(source.file, f"what the chart renders is not YAML: {str(error).splitlines()[0]}")
    return read_objects(found, source)


def read_objects(found: Iterable[Mapping[str, Any]], source: Source) -> Reading | Unreadable:
    """What an installation comes to, from its objects."""
    made: list[Object] = []
    for data in _flat(found):
        each = objects.of_data(_placed(data, source.namespace))
        if isinstance(each, Unreadable):
            return Unreadable(source.file, spoken(f"what the chart renders: {each.message}"))
        made.append(each)
    site = Site(tuple(made))
    if not site.pods:
        return Unreadable(source.file, "nothing that the chart renders runs any pods", ("modules",))
    return _reading(Installation.of(site, source))


def _flat(found: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The objects, and those in lists."""
    for data in found:
        if mapping(data).get("kind") == "List":
            yield from items(mapping(data).get("items"))
        elif data is not None:
            yield data


def _placed(data: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """An object in the namespace that helm puts it into, where it names none itself."""
    metadata = mapping(mapping(data).get("metadata"))
    if not isinstance(data, dict) or metadata.get("namespace"):
        return data
    return {**data, "metadata": {**metadata, "namespace": namespace}}


def _release(source: Source) -> Release | ServingRelease | None:
    if source.chart == FATE_SERVING:
        return load_serving(source.version)
    return load_release(source.version)


def _reading(whole: Installation) -> Reading:
    source = whole.source
    release = _release(source)
    whole.check()
    if source.chart == FATE_SERVING:
        module, gates = serving.module(whole), tuple(serving.gates(whole))
    else:
        training = release if isinstance(release, Release) else None
        flow = fateflow.flow_of(whole, training)
        module, gates = _module(whole, flow), tuple(_gates(whole, flow, training))
    return Reading(
        file=source.file,
        name=whole.name,
        namespace=source.namespace,
        party=whole.party,
        chart=source.chart,
        release=source.version,
        module=module,
        modules=whole.modules,
        gates=gates,
        tls=eggroll.mounts_certificates(whole),
        remarks=tuple(dict.fromkeys(whole.remarks)),
        polls=eggroll.polls(whole),
    )


def _module(whole: Installation, flow: fateflow.Flow | None) -> str:
    """What a site is mainly about: an exchange's trafficServer, the nginx of a Spark party, or a router."""
    if whole.pod("traffic-server") is not None:
        return "trafficServer"
    router = eggroll.router(whole)
    if whole.pod("nginx") is not None and (not router or (flow is not None and flow.uses_nginx)):
        return "nginx"
    return router


def _gates(whole: Installation, flow: fateflow.Flow | None, release: Release | None) -> Iterator[Gate]:
    """The channels of a training cluster, or of an exchange."""
    router = eggroll.router(whole)
    _check_router(whole, flow, router)
    if router:
        yield eggroll.gate(whole, router)
    if whole.pod("nginx") is not None:
        yield from nginx.gates(whole)
    for broker in ("rabbitmq", "pulsar"):
        if whole.pod(broker) is not None:
            yield brokers.gate(whole, flow, broker, release)
    if whole.pod("traffic-server") is not None:
        yield traffic_server.gate(whole)
    load = None if flow is None else fateflow.load_gate(flow)
    if load is not None:
        yield load
    doors = fateflow.doors(whole, Channel.TRANSFER)
    if doors:
        yield Gate(Channel.TRANSFER, RouteTable(whole.party, {}), doors, doors[0].path)


def _check_router(whole: Installation, flow: fateflow.Flow | None, router: str) -> None:
    """Remarks where nothing routes messages, or something else than FATE-Flow sends them through."""
    has_nginx = whole.pod("nginx") is not None
    if not router and not has_nginx and whole.pod("traffic-server") is None:
        whole.remark(("modules",), "nothing that the chart renders routes messages")
    if flow is None:
        return
    if has_nginx and not router and not flow.uses_nginx:
        whole.remark(("computing",), f"FATE-Flow sends its control messages through {flow.proxy}, not through nginx")
    if flow.uses_nginx and not has_nginx:
        whole.remark(("modules",), "FATE-Flow sends its control messages through nginx, which is missing")
