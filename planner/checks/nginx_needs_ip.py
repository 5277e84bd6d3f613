"""nginx is to dial a host that is a name or an IPv6 address.

In the Spark families nginx passes control messages on. Its Lua balancer takes the route's `host:port` as it stands and
resolves nothing. For a name it only writes an error into its log and sends the request to the placeholder of its
configuration: a party's nginx to its own FATE-Flow, an exchange's to itself. So jobs for the peer end at home, without
a word to the user. An IPv6 address without brackets is taken for a name and a port (reference: components.md section
0, fact 1; FATE@v1.11.2:c/proxy/lua/balancer.lua). A Service of type ClusterIP has no other address than a name.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: shop.example.com}  # error: FED223
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
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
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address

from planner.addresses import is_internal, is_sound
from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.dialled_endpoints import service_type
from planner.diallers import Diallers
from planner.doors import Door
from planner.inheritance import told_once
from planner.model import Site
from planner.spark import a_dialler, control_sites, uses_nginx
from planner.subject import Subject

FAULT = Fault("FED223", "nginx_needs_ip")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every cluster, load balancer, Service and route that nginx cannot dial."""
    dialled = {site.key: (site, door) for site, _, door in control_sites(subject)}
    yield from _clusters(subject, dialled)
    yield from told_once(_exposures(subject, dialled))
    yield from _routes(subject, dialled)


def _clusters(subject: Subject, dialled: Mapping[str, tuple[Site, Door]]) -> Iterator[Diagnostic]:
    """Addresses of clusters at whose NodePorts nginx dials, each once."""
    seen: set[str] = set()
    for site, door in dialled.values():
        cluster = subject.clusters.get(site.cluster)
        if cluster is None or cluster.name in seen or service_type(site, door) != "NodePort":
            continue
        if _misfit(cluster.address) and not _has_routes(site, subject):
            seen.add(cluster.name)
            yield _finding(
                f"the address of cluster {cluster.name}",
                site,
                Place((*cluster.path, "address")),
                "write an IPv4 address, or give each dialling site one under `routes`",
                subject,
            )


def _exposures(subject: Subject, dialled: Mapping[str, tuple[Site, Door]]) -> Iterator[tuple[Site, Diagnostic]]:
    diallers = Diallers(subject, subject.topology)
    for site, door in dialled.values():
        kind = service_type(site, door)
        if kind == "LoadBalancer" and _misfit(site.exposure.address_of(door.component)):
            own = door.component in site.exposure.addresses
            path = ("addresses", door.component) if own else ("address",)
            place = Place((*site.path, "exposure", *path))
            hint = "write the load balancer's IPv4 address"
            yield site, _finding(f"the load balancer's address of {site.label}", site, place, hint, subject)
        elif kind == "ClusterIP" and door.component == "nginx" and not _has_routes(site, subject):
            if next(diallers.elsewhere(site), None) is not None:
                continue  # nobody reaches it at all, which is another fault
            what = f"the Service name {door.service}.{site.namespace}"
            hint = "set exposure: NodePort, or give each dialling site an IPv4 address under `routes`"
            yield site, _finding(what, site, Place((*site.path, "exposure")), hint, subject)


def _routes(subject: Subject, dialled: Mapping[str, tuple[Site, Door]]) -> Iterator[Diagnostic]:
    for route in subject.federation.routes:
        source, found = subject.topology.sites.get(route.source), dialled.get(route.target)
        if source is None or found is None or route.address is None or not _misfit(route.address):
            continue
        if uses_nginx(source, subject):
            yield Diagnostic(
                FAULT,
                f"nginx of {source.label} cannot dial {found[0].label} at the address of this route, "
                "because it is no IPv4 address",
                Place((*route.path, "address")),
                "write an IPv4 address",
            )


def _misfit(address: str) -> bool:
    """Whether an address that is one is nothing for nginx."""
    if not is_sound(address) or is_internal(address, frozenset()):
        return False  # another check says what is wrong with it
    try:
        IPv4Address(address)
    except AddressValueError:
        return True
    return False


def _has_routes(site: Site, subject: Subject) -> bool:
    """Whether every site that dials this one has a route with an address of its own."""
    special = {route.source for route in subject.federation.routes if route.target == site.key and route.address}
    if not special:
        return False
    return all(
        other.key in special
        for other in subject.topology.sites.values()
        if other is not site and site.key in _dials(other, subject)
    )


def _dials(site: Site, subject: Subject) -> frozenset[str]:
    hops = subject.topology.hops(site)
    return frozenset((*hops.entries.values(), *hops.default))


def _finding(what: str, site: Site, place: Place, hint: str, subject: Subject) -> Diagnostic:
    dialler = a_dialler(site, subject)
    who = "its peers" if dialler is None else dialler.label
    notes = () if dialler is None else (Note(f"{dialler.label} is declared here", Place(dialler.path)),)
    return Diagnostic(
        FAULT, f"nginx of {who} cannot dial {site.label} at {what}, because it is no IPv4 address", place, hint, notes
    )
