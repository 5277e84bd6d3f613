"""Two sites are dialled at the same address and port.

A route table names its peers by address and port alone. If two sites share both, messages for one arrive at the other,
which has no job for them. Clusters behind one address translate it to different nodes, so they need different
NodePorts; load balancers are all dialled on the port of the container, 9370 for rollsite (reference: INV-PORT-4), and
need different addresses. An entry under `routes` must not lead to another site either.

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
from typing import NamedTuple

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.dialled_endpoints import Endpoints, detours, exposed_doors, ordinary_endpoints
from planner.doors import Door, exposure_of
from planner.lookup import Endpoint
from planner.model import Cluster, RouteOverride, Site
from planner.subject import Subject
from planner.wording import label

FAULT = Fault("FED307", "endpoint_taken")


class _Holder(NamedTuple):
    """A site, and the door of it that is dialled at an endpoint."""

    site: Site
    door: Door

    @property
    def type(self) -> str:
        """How the door is exposed: a dialled one has a NodePort, a load balancer, or stands in a DMZ."""
        if self.site.dmz is not None and self.door.name == "proxy":
            return "DMZ"
        exposure = exposure_of(self.site, self.door)
        return "NodePort" if self.door.component == "python" and not exposure.addresses else exposure.type

    @property
    def address(self) -> KeyPath:
        """The path below the site of the address at which the door is dialled, if it has one of its own."""
        if self.type == "DMZ":
            return ("dmz", "address")
        exposure = exposure_of(self.site, self.door)
        above: tuple[str, ...] = ("exposure",)
        if (
            exposure is not self.site.exposure
            and self.site.serving is not None
            and "exposure" in self.site.serving.given
        ):
            above = ("serving", "exposure")
        own = self.door.component in exposure.addresses
        return (*above, "addresses", self.door.component) if own else (*above, "address")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every two clusters, load balancers or routes by which two sites become one."""
    exposed = list(exposed_doors(subject))
    holders: dict[Endpoint, _Holder] = {}
    seen: set[tuple[str, ...]] = set()
    for site, door, endpoint in exposed:
        holder = _Holder(site, door)
        earlier = holders.setdefault(endpoint, holder)
        cause = None if earlier.site is site else _cause(holder, earlier)
        if cause is not None and cause not in seen:
            seen.add(cause)
            yield _shared(subject, holder, earlier, endpoint)
    if subject.federation.routes:
        yield from _routes(subject, ordinary_endpoints(exposed), holders)


def _cause(holder: _Holder, earlier: _Holder) -> tuple[str, ...] | None:
    """What makes two sites one, so that it is reported once; None where the ports of one cluster clash (FED301)."""
    types = {holder.type, earlier.type}
    if types == {"NodePort"}:
        first, second = sorted((holder.site.cluster, earlier.site.cluster))
        return None if first == second else (first, second)
    if types == {"LoadBalancer"} and "exposure" not in holder.site.given and "exposure" not in earlier.site.given:
        return ("",)
    return (earlier.site.key, holder.site.key)


def _shared(subject: Subject, holder: _Holder, earlier: _Holder, endpoint: Endpoint) -> Diagnostic:
    if holder.type == earlier.type == "NodePort":
        both = (subject.clusters[earlier.site.cluster], subject.clusters[holder.site.cluster])
        first, second = sorted(both, key=lambda cluster: cluster.path)
        return Diagnostic(
            FAULT,
            f"clusters {first.name} and {second.name} have one address, so that {earlier.site.label} and "
            f"{holder.site.label} are both dialled at {endpoint}",
            _address(second),
            "give each cluster its own address, or pin different ports where one address leads to both",
            (Note(f"cluster {first.name} has it here", _address(first)),),
        )
    balanced, other = (earlier, holder) if holder.type == "NodePort" else (holder, earlier)
    place = Place((*other.site.path, *other.address))
    if other.type == "NodePort":
        place = _address(subject.clusters[other.site.cluster])
    what = "the proxy in the DMZ" if balanced.type == "DMZ" else "the load balancer"
    return Diagnostic(
        FAULT,
        f"{what} of {balanced.site.label} is dialled at {endpoint}, as {other.site.label} is",
        Place((*balanced.site.path, *balanced.address)),
        f"give each {'host' if balanced.type == 'DMZ' else 'load balancer'} an address of its own",
        (Note(f"{other.site.label} is dialled at this address", place),),
    )


def _address(cluster: Cluster) -> Place:
    return Place((*cluster.path, "address"))


def _routes(subject: Subject, ordinary: Endpoints, holders: Mapping[Endpoint, _Holder]) -> Iterator[Diagnostic]:
    """Routes that lead their source to another site than the one they are for."""
    routes = {(route.source, route.target): route for route in subject.federation.routes}
    taken: dict[tuple[str, Endpoint], RouteOverride] = {}
    for route in routes.values():
        finding = _judged(subject, route, ordinary, holders, taken, routes)
        if finding is not None:
            yield finding


def _judged(
    subject: Subject,
    route: RouteOverride,
    ordinary: Endpoints,
    holders: Mapping[Endpoint, _Holder],
    taken: dict[tuple[str, Endpoint], RouteOverride],
    routes: Mapping[tuple[str, str], RouteOverride],
) -> Diagnostic | None:
    """The first door at which a route leads to another site, or to where another route of its source leads."""
    found: Diagnostic | None = None
    hint = f"write address and port at which {label(route.source)} reaches {label(route.target)}"
    for detour in detours(subject, route, ordinary):
        endpoint = detour.endpoint
        place = Place((*route.path, *(("address",) if route.address is not None else detour.key)))
        earlier = taken.setdefault((route.source, endpoint), route)
        if found is not None:
            continue
        if earlier is not route:
            message = (
                f"{label(route.source)} dials both {label(earlier.target)} and {label(route.target)} at {endpoint}"
            )
            note = Note(f"{label(earlier.target)} is dialled there by this route", Place(earlier.path))
            found = Diagnostic(FAULT, message, place, hint, (note,))
            continue
        holder = holders.get(endpoint)
        if holder is None or holder.site.key in (route.source, route.target):
            continue
        if (route.source, holder.site.key) not in routes and _may_dial(subject, route.source, holder.site):
            site = holder.site
            message = f"{label(route.source)} dials {label(route.target)} at {endpoint}, where {site.label} answers"
            note = Note(f"{site.label} is declared here", Place(site.path))
            found = Diagnostic(FAULT, message, place, hint, (note,))
    return found


def _may_dial(subject: Subject, source: str, holder: Site) -> bool:
    """Whether a site may have to dial another; parties that need not talk may use one private address for two hosts."""
    site = subject.topology.sites[source]
    if site.id is None or holder.id is None or "exchange" in (site.kind, holder.kind):
        return True
    return subject.topology.must_talk(site.id, holder.id)
