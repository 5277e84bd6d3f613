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

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.forwarding import default_route
from planner.mentions import topology_known
from planner.model import RouteOverride, Site
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault("FED218", "unused_route", Severity.WARNING)


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
        if not (_dials_directly(source, target, topology) or target.key in _dialled(source, topology, exchanges)):
            message = f"{source.label} never dials {target.label}"
            yield Diagnostic(FAULT, message, Place(route.path), _hint(source, target, topology))


def _dials_directly(source: Site, target: Site, topology: Topology) -> bool:
    """Whether a party has another one in its table: the short answer, without its whole table."""
    if source.id is None or target.id is None or "exchange" in (source.kind, target.kind):
        return False
    if target.id in topology.never_of.get(source.id, ()) or target.id in topology.clients_of.get(source.key, ()):
        return False
    return topology.dials_directly(source.id, target.id)


def _dialled(source: Site, topology: Topology, exchanges: dict[str, frozenset[str]]) -> frozenset[str]:
    """The sites that `source` dials; kept in `exchanges` for an exchange, which may have many entries."""
    if source.key in exchanges:
        return exchanges[source.key]
    hops = topology.hops(source)
    result = frozenset((*hops.entries.values(), *hops.default))
    if source.kind == "exchange":
        exchanges[source.key] = result
    return result


def _hint(source: Site, target: Site, topology: Topology) -> str:
    if source.kind == "party" and target.kind == "party":
        router = default_route(source, topology)
        if router and router[0] != target.key:
            name = router[0].partition("-")[2]
            return f"write to: {name}, which {source.label} dials instead, or delete the entry"
    return "delete the entry, or make the two dial each other under topology"
