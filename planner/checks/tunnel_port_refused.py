"""A Pulsar exchange is to open a tunnel to a port that it does not allow.

trafficServer passes TLS on to the brokers only on ports 443, 6650 to 6700 and 30000 to 33000, which the chart writes
into its configuration and no key changes (reference: INV-PUL-7;
v1.11.2:helm-charts/FATE-Exchange/templates/traffic-server-module.yaml). To any other port it answers with a refusal,
however open the network is. A cluster with a NodePort range of its own needs a pin inside these ranges. Target
`kubernetes` writes every port of the exchange's table beside them.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1, nodePorts: "20000-22767"}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        ports: {pulsarTls: 20099}  # error: FED319
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1, nodePorts: "30000-32767"}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - id: 10000
        cluster: shop
        ports: {pulsarTls: 30199}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.channels import Channel
from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.dialled_endpoints import service_type
from planner.doors import PULSAR_TLS, Door, channels_of, doors, exposure_of
from planner.kubernetes_target import has_manifests
from planner.model import RouteOverride, Site
from planner.releases import Release
from planner.subject import Subject

FAULT = Fault("FED319", "tunnel_port_refused")
ALLOWED: Final = ((443, 443), (6650, 6700), (30000, 33000))
"""The ports that trafficServer connects to (`proxy.config.http.connect_ports`)."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site whose port trafficServer refuses to dial, told once per exchange and cluster."""
    routes = {(route.source, route.target): route for route in reversed(subject.federation.routes)}
    told: set[tuple[str, ...]] = set()
    for exchange in subject.federation.exchanges:
        release = subject.release(exchange)
        if release is None or has_manifests(exchange):
            continue
        if Channel.PULSAR not in channels_of(exchange, release, subject.topology):
            continue
        for key in dict.fromkeys(subject.topology.hops(exchange).entries.values()):
            site = subject.topology.sites.get(key)
            its = None if site is None else subject.release(site)
            if site is None or its is None or Channel.PULSAR not in channels_of(site, its, subject.topology):
                continue
            finding = _judged(exchange, site, its, routes.get((exchange.key, key)), subject)
            if finding is not None and (finding.place.path not in told):
                told.add(finding.place.path)  # type: ignore[arg-type]  # paths as they come
                yield finding


def _judged(
    exchange: Site, site: Site, release: Release, route: RouteOverride | None, subject: Subject
) -> Diagnostic | None:
    door = PULSAR_TLS
    if site.kind == "exchange":
        door = doors(site, release, subject.topology, Channel.PULSAR)[0]
    port, place = _port(site, door, route, subject)
    if port is None or any(low <= port <= high for low, high in ALLOWED):
        return None
    return Diagnostic(
        FAULT,
        f"{exchange.label} is to reach {site.label} at port {port}, which trafficServer does not connect to",
        place,
        f"pin `ports: {{{door.name}: PORT}}` of {site.label} to one of 30000 to 32767 that its cluster hands out, "
        "or use a load balancer",
        (Note(f"{exchange.label} connects to ports 443, 6650 to 6700 and 30000 to 33000", Place(exchange.path)),),
    )


def _port(site: Site, door: Door, route: RouteOverride | None, subject: Subject) -> tuple[int | None, Place]:
    """The port at which an exchange dials a door, and where that is written."""
    if route is not None and door.name in route.ports:
        return route.ports[door.name], Place((*route.path, "ports", door.name))
    kind = service_type(site, door)
    if kind != "NodePort":
        is_balanced = kind == "LoadBalancer" and exposure_of(site, door).address_of(door.component)
        return (door.port if is_balanced else None), Place((*site.path, "exposure"))
    if door.name in site.pins:
        return site.pins[door.name], Place((*site.path, "ports", door.name))
    cluster = subject.clusters.get(site.cluster)
    place = Place(site.path) if cluster is None else Place((*cluster.path, "nodePorts"))
    return subject.allocation.ports.get(site.key, {}).get(door.name), place
