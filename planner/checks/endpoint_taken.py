"""Two sites are dialled at the same address and port.

A route table names its peers by address and port alone. If two sites share both, messages for one arrive at the other,
which has no job for them. Clusters behind one address translate it to different nodes, so they need different
NodePorts; load balancers are all dialled on port 9370 (reference: INV-PORT-4) and need different addresses. An entry
under `routes` must not lead to another site either.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.9.1}  # error: FED307
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.dialled_endpoints import ordinary_endpoints, route_endpoint
from planner.lookup import Endpoint
from planner.model import Cluster, RouteOverride, Site
from planner.subject import Subject
from planner.wording import label

FAULT = Fault("FED307", "endpoint_taken")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every two clusters, load balancers or routes by which two sites become one."""
    ordinary = ordinary_endpoints(subject)
    holders: dict[Endpoint, Site] = {}
    seen: set[tuple[str, str]] = set()
    for key, endpoint in ordinary.items():
        site = subject.topology.sites[key]
        holder = holders.setdefault(endpoint, site)
        cause = None if holder is site else _cause(site, holder)
        if cause is not None and cause not in seen:
            seen.add(cause)
            yield _shared(subject, site, holder, endpoint)
    yield from _routes(subject, ordinary, holders)


def _cause(site: Site, holder: Site) -> tuple[str, str] | None:
    """What makes two sites one, so that it is reported once; None where the ports of one cluster clash (FED301)."""
    types = {site.exposure.type, holder.exposure.type}
    if types == {"NodePort"}:
        first, second = sorted((site.cluster, holder.cluster))
        return None if first == second else (first, second)
    if types == {"LoadBalancer"} and "exposure" not in site.given and "exposure" not in holder.given:
        return ("", "")
    return (holder.key, site.key)


def _shared(subject: Subject, site: Site, holder: Site, endpoint: Endpoint) -> Diagnostic:
    if site.exposure.type == holder.exposure.type == "NodePort":
        both = (subject.clusters[holder.cluster], subject.clusters[site.cluster])
        first, second = sorted(both, key=lambda cluster: cluster.path)
        return Diagnostic(
            FAULT,
            f"clusters {first.name} and {second.name} have one address, so that {holder.label} and {site.label} "
            f"are both dialled at {endpoint}",
            _address(second),
            "give each cluster its own address, or pin different ports where one address leads to both",
            (Note(f"cluster {first.name} has it here", _address(first)),),
        )
    balanced, other = (site, holder) if site.exposure.type == "LoadBalancer" else (holder, site)
    place = Place((*other.path, "exposure", "address"))
    if other.exposure.type == "NodePort":
        place = _address(subject.clusters[other.cluster])
    return Diagnostic(
        FAULT,
        f"the load balancer of {balanced.label} is dialled at {endpoint}, as {other.label} is",
        Place((*balanced.path, "exposure", "address")),
        "give each load balancer an address of its own",
        (Note(f"{other.label} is dialled at this address", place),),
    )


def _address(cluster: Cluster) -> Place:
    return Place((*cluster.path, "address"))


def _routes(subject: Subject, ordinary: Mapping[str, Endpoint], holders: dict[Endpoint, Site]) -> Iterator[Diagnostic]:
    """Routes that lead their source to another site than the one they are for."""
    routes = {(route.source, route.target): route for route in subject.federation.routes}
    taken: dict[tuple[str, Endpoint], RouteOverride] = {}
    for route in routes.values():
        endpoint = route_endpoint(subject, route, ordinary)
        if endpoint is None:
            continue
        place = Place((*route.path, "address" if route.address is not None else "port"))
        hint = f"write address and port at which {label(route.source)} reaches {label(route.target)}"
        earlier = taken.setdefault((route.source, endpoint), route)
        if earlier is not route:
            message = (
                f"{label(route.source)} dials both {label(earlier.target)} and {label(route.target)} at {endpoint}"
            )
            note = Note(f"{label(earlier.target)} is dialled there by this route", Place(earlier.path))
            yield Diagnostic(FAULT, message, place, hint, (note,))
            continue
        holder = holders.get(endpoint)
        if holder is None or holder.key in (route.source, route.target) or (route.source, holder.key) in routes:
            continue
        if _may_dial(subject, route.source, holder):
            message = f"{label(route.source)} dials {label(route.target)} at {endpoint}, where {holder.label} answers"
            yield Diagnostic(
                FAULT, message, place, hint, (Note(f"{holder.label} is declared here", Place(holder.path)),)
            )


def _may_dial(subject: Subject, source: str, holder: Site) -> bool:
    """Whether a site may have to dial another; parties that need not talk may use one private address for two hosts."""
    site = subject.topology.sites[source]
    if site.id is None or holder.id is None or "exchange" in (site.kind, holder.kind):
        return True
    return subject.topology.must_talk(site.id, holder.id)
