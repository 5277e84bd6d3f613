"""An entry under `routes` is for a direction in which nobody dials.

An entry gives the address at which one site dials another. It has no effect where the one never dials the other:
two parties behind an exchange dial the exchange, and a polling client is not dialled at all.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    routes:
      - {from: 10000, to: 9999, address: 10.8.0.1}  # warning: FED218
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    routes:
      - {from: 10000, to: hub, address: 10.8.0.1}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Remove, Severity
from planner.forwarding import default_route
from planner.mentions import topology_known
from planner.model import RouteOverride, Site
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault(
    "FED218", "unused_route", Severity.WARNING, "the entry is removed, unless the source dials an exchange instead"
)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every first entry of a direction in which its source never dials its target."""
    topology, federation = subject.topology, subject.federation
    if not federation.routes or not topology_known(federation):
        return
    entries: dict[tuple[str, str], RouteOverride] = {}
    for route in federation.routes:
        entries.setdefault((route.source, route.target), route)
    exchanges: dict[str, frozenset[str]] = {}
    for route in entries.values():
        source, target = topology.sites.get(route.source), topology.sites.get(route.target)
        if source is None or target is None or source is target:
            continue
        if not (
            _dials_directly(source, target, topology)
            or target.key in _dialled(source, topology, exchanges)
            or _serves_with(source, target, subject)
        ):
            message = f"{source.label} never dials {target.label}"
            router = _router(source, target, topology)
            hint = "delete the entry, or make the two dial each other under topology"
            if router:
                hint = f"write to: {router}, which {source.label} dials instead, or delete the entry"
            fix = () if router else (Remove(route.path),)
            yield Diagnostic(FAULT, message, Place(route.path), hint, fix=fix)


def _dials_directly(source: Site, target: Site, topology: Topology) -> bool:
    """Whether a party has another one in its table: the short answer, without its whole table."""
    if source.id is None or target.id is None or "exchange" in (source.kind, target.kind):
        return False
    if target.id in topology.never_of.get(source.id, ()) or target.id in topology.clients_of.get(source.key, ()):
        return False
    return topology.dials_directly(source.id, target.id)


def _serves_with(source: Site, target: Site, subject: Subject) -> bool:
    """Whether a site's serving proxy dials that of another."""
    sites = subject.serving.sites
    if source.key not in sites or target.key not in sites:
        return False
    hops = subject.serving.hops(sites[source.key])
    return target.key in hops.default or target.key in hops.entries.values()


def _dialled(source: Site, topology: Topology, exchanges: dict[str, frozenset[str]]) -> frozenset[str]:
    """The sites that `source` dials; kept in `exchanges` for an exchange, which may have many entries."""
    if source.key in exchanges:
        return exchanges[source.key]
    hops = topology.hops(source)
    result = frozenset((*hops.entries.values(), *hops.default))
    if source.kind == "exchange":
        exchanges[source.key] = result
    return result


def _router(source: Site, target: Site, topology: Topology) -> str:
    """The site that a party dials in the place of another party, and that its entry may be meant for; or nothing."""
    if source.kind == "party" and target.kind == "party":
        router = default_route(source, topology)
        if router and router[0] != target.key:
            return router[0].partition("-")[2]
    return ""
