"""A route entry leads to a port that something else is known to listen on.

An entry under `routes` gives one direction an address or port of its own, for networks that fedplan cannot see. But the
ports that fedplan handed out itself are known: a route to the dialling site's own endpoint, or to another port of the
site it is for, cannot arrive, whatever lies in between.

Bad:

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
    routes:
      - {from: 9999, to: 10000, address: 192.168.9.1, port: 30091}  # error: FED222
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
    routes:
      - {from: 9999, to: 10000, address: 10.8.0.2, port: 30091}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.model import RouteOverride, Site
from planner.subject import Subject, federation_port

FAULT = Fault("FED222", "misleading_route")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every route that ends at another port of its own two sites."""
    for route in subject.federation.routes:
        source = subject.topology.sites.get(route.source)
        target = subject.topology.sites.get(route.target)
        if source is None or target is None or source is target:
            continue
        found = _meets(subject, route, source, target)
        if found is not None:
            site, name, key = found
            yield Diagnostic(
                FAULT,
                f"this route of {source.label} to {target.label} ends at port {name} of {site.label}",
                Place((*route.path, key)),
                f"give the address and port at which {source.label} reaches {target.label}, or leave them out",
            )


def _meets(subject: Subject, route: RouteOverride, source: Site, target: Site) -> tuple[Site, str, str] | None:
    """The site and the port that a route ends at, if it is one of its own two sites and not the one that is meant."""
    release, cluster = subject.release(target), subject.clusters.get(target.cluster)
    if release is None or cluster is None or target.exposure.type != "NodePort":
        return None
    meant = federation_port(target, release)
    address = route.address or cluster.address
    port = route.port or subject.allocation.ports.get(target.key, {}).get(meant)
    for site in (source, target):
        its_cluster = subject.clusters.get(site.cluster)
        if its_cluster is None or its_cluster.address != address:
            continue
        for name, number in subject.allocation.ports.get(site.key, {}).items():
            if number == port and (site is not target or name != meant):
                return site, name, "address" if route.port is None else "port"
    return None
