"""Where sites are dialled, as far as the file and the ports handed out tell before there is a plan."""

from __future__ import annotations

from collections.abc import Mapping

from planner.addresses import Written, is_sound, normalised
from planner.lookup import Endpoint
from planner.model import RouteOverride
from planner.subject import Subject, federation_port


def ordinary_endpoints(subject: Subject) -> Mapping[str, Endpoint]:
    """Where each site (its key) is dialled from anywhere, as far as that is known."""
    result: dict[str, Endpoint] = {}
    for site, release in subject.known_sites():
        name = federation_port(site, release)
        cluster = subject.clusters.get(site.cluster)
        port = subject.allocation.ports.get(site.key, {}).get(name)
        if site.key in result or cluster is None:
            continue
        if site.exposure.type == "LoadBalancer":
            if site.exposure.address is not None and is_sound(site.exposure.address):
                result[site.key] = Endpoint(normalised(site.exposure.address), release.ports.federation)
        elif site.exposure.type == "NodePort" and port is not None and is_sound(cluster.address):
            result[site.key] = Endpoint(normalised(cluster.address), port)
    return result


def route_endpoint(subject: Subject, route: RouteOverride, ordinary: Mapping[str, Endpoint]) -> Endpoint | None:
    """Where a route leads: what it leaves out is as in `ordinary`; None where that is not known."""
    if route.source not in subject.topology.sites or route.target not in subject.topology.sites:
        return None
    base = ordinary.get(route.target)
    if route.address is None:
        return None if base is None or route.port is None else Endpoint(base.host, route.port)
    if not is_sound(route.address):
        return None
    if route.port is not None:
        return Endpoint(normalised(route.address), route.port)
    target = subject.topology.sites[route.target]
    release = subject.release(target)
    if base is None and target.exposure.type == "ClusterIP" and release is not None:
        return Endpoint(normalised(route.address), release.ports.federation)
    return None if base is None else Endpoint(normalised(route.address), base.port)


def is_unused(address: Written) -> bool:
    """Whether it is the address of a cluster of which no site has a NodePort for peers, so that nobody dials it."""
    if address.role != "cluster" or not address.sites:
        return False
    return all(site.exposure.type != "NodePort" for site in address.sites)
