"""Where the doors of sites are dialled, as far as the file and the ports handed out tell before there is a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from planner.addresses import Written, is_sound, normalised
from planner.channels import OWN, Channel
from planner.doors import ROUTER_PORTS, SERVING_DOORS, Door, channels_of, doors, exposure_of
from planner.lookup import Endpoint
from planner.model import Cluster, RouteOverride, Site
from planner.releases import Release
from planner.serving_release import serving_modules
from planner.subject import Subject

Endpoints = Mapping[tuple[str, str], Endpoint]
"""Where the doors of sites are dialled, by site key and the door's name."""


class Detour(NamedTuple):
    """Where a route leads at one door of its target; `key` is what it says about that, below the route."""

    door: Door
    endpoint: Endpoint
    key: tuple[str, ...]


def service_type(site: Site, door: Door) -> str:
    """The type of the Service behind a door. FATE-Flow's is that of the word `fateflow`, unless it has an address.

    serving-server is dialled by its own party alone, and by its name where the proxy has a load balancer.
    """
    kind = exposure_of(site, door).type
    if door.component == "python" and "python" not in exposure_of(site, door).addresses:
        return "NodePort" if site.fateflow == "NodePort" else "ClusterIP"
    if door.name == "servingServer" and kind == "LoadBalancer":
        return "ClusterIP"
    return kind


def dialled(site: Site, cluster: Cluster, ports: Mapping[str, int], door: Door) -> Endpoint:
    """Where a door is dialled: at the cluster's or the load balancer's address, or inside the cluster only."""
    if site.dmz is not None and door.name == "proxy":
        return Endpoint(site.dmz, door.port)
    kind = service_type(site, door)
    address = exposure_of(site, door).address_of(door.component)
    if kind == "LoadBalancer" and address:
        return Endpoint(address, door.port)
    if kind == "NodePort" and door.name in ports:
        return Endpoint(cluster.address, ports[door.name])
    return inside(site, door)


def inside(site: Site, door: Door) -> Endpoint:
    """Where pods of a site's own cluster can dial a door."""
    return Endpoint(f"{door.service}.{namespace_of(site, door)}", door.port)


def namespace_of(site: Site, door: Door) -> str:
    """The namespace of the Service behind a door: that of training, or that of the serving cluster."""
    if site.serving is not None and door.name in SERVING_DOORS:
        return site.serving.namespace
    return site.namespace


def dialled_doors(subject: Subject, site: Site, release: Release) -> Iterator[tuple[Channel, Door]]:
    """The doors of a site at which others dial it, and those at which its training and its serving dial each other."""
    for channel in channels_of(site, release, subject.topology):
        found = doors(site, release, subject.topology, channel)
        yield from ((channel, door) for door in (found if channel is Channel.PULSAR else found[:1]))
    if site.kind == "party" and "servingServer" in serving_modules(site, release):
        yield from ((channel, doors(site, release, subject.topology, channel)[0]) for channel in OWN)


def exposed_doors(subject: Subject) -> Iterator[tuple[Site, Door, Endpoint]]:
    """The doors at which sites are dialled, and where that is from anywhere, as far as it is known."""
    seen: set[str] = set()
    sound: dict[str, str | None] = {}
    for site, release in subject.known_sites():
        cluster = subject.clusters.get(site.cluster)
        if site.key in seen or cluster is None:
            continue
        seen.add(site.key)
        ports = subject.allocation.ports.get(site.key, {})
        told: set[str] = set()
        for _, door in dialled_doors(subject, site, release):
            endpoint = dialled(site, cluster, ports, door)
            if door.name in told or endpoint == inside(site, door):
                continue
            told.add(door.name)
            if endpoint.host not in sound:
                sound[endpoint.host] = normalised(endpoint.host) if is_sound(endpoint.host) else None
            host = sound[endpoint.host]
            if host is not None:
                yield site, door, Endpoint(host, endpoint.port)


def ordinary_endpoints(exposed: Iterable[tuple[Site, Door, Endpoint]]) -> Endpoints:
    """Where each door is dialled by everybody who has no address of his own for it."""
    return {(site.key, door.name): endpoint for site, door, endpoint in exposed}


def route_doors(subject: Subject, route: RouteOverride) -> Iterator[Door]:
    """The doors of a route's target that its source dials; none where a site or a release is unknown."""
    source, target = (subject.topology.sites.get(key) for key in (route.source, route.target))
    if source is None or target is None:
        return
    its, release = subject.release(source), subject.release(target)
    if its is None or release is None:
        return
    channels = channels_of(source, its, subject.topology)
    for channel, door in dialled_doors(subject, target, release):
        if channel in channels:
            yield door


def own_port(route: RouteOverride, door: Door) -> tuple[int | None, tuple[str, ...]]:
    """The port that a route gives a door of its target, if any, and the key that says so."""
    if door.name in route.ports:
        return route.ports[door.name], ("ports", door.name)
    if route.port is not None and door.name in ROUTER_PORTS:
        return route.port, ("port",)
    return None, ("address",)


def detours(subject: Subject, route: RouteOverride, ordinary: Endpoints) -> Iterator[Detour]:
    """Where a route leads at each door: what it leaves out is as in `ordinary`. Nothing where that is not known."""
    target = subject.topology.sites.get(route.target)
    if target is None or (route.address is not None and not is_sound(route.address)):
        return
    for door in route_doors(subject, route):
        base = ordinary.get((route.target, door.name))
        port, key = own_port(route, door)
        host = None if base is None else base.host
        if route.address is not None:
            host = normalised(route.address)
        elif port is None:
            continue
        if port is None:
            port = door.port if service_type(target, door) == "ClusterIP" else None if base is None else base.port
        if host is not None and port is not None:
            yield Detour(door, Endpoint(host, port), key)


def is_unused(address: Written) -> bool:
    """Whether nobody dials it: the address of a cluster of which no site has a NodePort that others dial."""
    return address.role == "cluster" and bool(address.sites) and not any(map(_has_node_ports, address.sites))


def _has_node_ports(site: Site) -> bool:
    if site.exposure.type == "NodePort" and site.dmz is None:
        return True
    if site.serving is not None and (site.serving.exposure.type == "NodePort" or site.fateflow == "NodePort"):
        return True
    return site.nginx == "direct" and site.fateflow == "NodePort"
