"""A route entry leads to a port that something else is known to listen on.

An entry under `routes` gives one direction an address or port of its own, for networks that fedplan cannot see. But the
ports that fedplan handed out itself are known: a route to the dialling site's own endpoint, or to another port of the
site it is for, cannot arrive, whatever lies in between. `port` is that of rollsite, OSX or proxy; `ports` names the
others by what is dialled there: nginxHttp and nginxGrpc for control, rabbitmq or pulsar for data, servingProxy. A name
that is not dialled in this direction has no effect, and two names cannot share one port.

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

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.dialled_endpoints import own_port, route_doors, service_type
from planner.doors import ROUTER_PORTS, Door
from planner.model import RouteOverride, Site
from planner.subject import Subject

FAULT = Fault("FED222", "misleading_route")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every route that ends at another port of its own two sites, and every port it is not for."""
    for route in subject.federation.routes:
        source = subject.topology.sites.get(route.source)
        target = subject.topology.sites.get(route.target)
        if source is None or target is None or source is target:
            continue
        doors = tuple(route_doors(subject, route))
        if not doors:
            continue
        yield from _undialled(route, source, target, doors)
        yield from _shared(route, source, target, doors)
        found = _meets(subject, route, source, target, doors)
        if found is not None:
            site, name, key = found
            yield Diagnostic(
                FAULT,
                f"this route of {source.label} to {target.label} ends at port {name} of {site.label}",
                Place((*route.path, *key)),
                f"give the address and port at which {source.label} reaches {target.label}, or leave them out",
            )


def _undialled(route: RouteOverride, source: Site, target: Site, doors: tuple[Door, ...]) -> Iterator[Diagnostic]:
    """Ports that the source does not dial at the target."""
    names = tuple(dict.fromkeys(door.name for door in doors))
    listed = " and ".join(names)
    if route.port is not None and ROUTER_PORTS.isdisjoint(names):
        example = ", ".join(f"{name}: PORT" for name in names)
        yield Diagnostic(
            FAULT,
            f"`port` is that of rollsite, osx or proxy, and {source.label} dials {listed} of {target.label}",
            Place((*route.path, "port"), on_key=True),
            f"write `ports: {{{example}}}` instead",
        )
    for name in route.ports:
        if name not in names:
            yield Diagnostic(
                FAULT,
                f"{source.label} dials {listed} of {target.label}, and not {name}",
                Place((*route.path, "ports", name), on_key=True),
                f"name a port that is dialled ({', '.join(names)}), or remove it",
            )


def _shared(route: RouteOverride, source: Site, target: Site, doors: tuple[Door, ...]) -> Iterator[Diagnostic]:
    """Two doors at one port of one address."""
    taken: dict[int, tuple[str, tuple[str, ...]]] = {}
    for door in doors:
        port, key = own_port(route, door)
        if port is None:
            continue
        earlier, where = taken.setdefault(port, (door.name, key))
        if earlier != door.name:
            yield Diagnostic(
                FAULT,
                f"this route of {source.label} gives both {earlier} and {door.name} of {target.label} port {port}",
                Place((*route.path, *key)),
                "give each the port at which it is reached",
                (Note(f"{earlier} has it here", Place((*route.path, *where))),),
            )


def _meets(
    subject: Subject, route: RouteOverride, source: Site, target: Site, doors: tuple[Door, ...]
) -> tuple[Site, str, tuple[str, ...]] | None:
    """The site and the port that a route ends at, if it is one of its own two sites and not the one that is meant."""
    cluster = subject.clusters.get(target.cluster)
    if cluster is None:
        return None
    address = route.address or cluster.address
    numbers: dict[int, tuple[Site, str]] = {}
    for site in (source, target):
        its_cluster = subject.clusters.get(site.cluster)
        if its_cluster is not None and its_cluster.address == address:
            for name, number in subject.allocation.ports.get(site.key, {}).items():
                numbers.setdefault(number, (site, name))
    for door in doors:
        if service_type(target, door) != "NodePort":
            continue
        port, key = own_port(route, door)
        if port is None and route.address is None:
            continue
        found = numbers.get(port or subject.allocation.ports.get(target.key, {}).get(door.name) or 0)
        if found is not None and (found[0] is not target or found[1] != door.name):
            return (*found, key)
    return None
