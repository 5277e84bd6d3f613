"""The plan: every site fully resolved, nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from planner.lock import Lock, LockedSite
from planner.lookup import POLLED, Endpoint, Listener, Network, RouteTable
from planner.model import Cluster, Federation, Site
from planner.ports import DIGITS, EXCHANGE_BASE, EXCHANGE_DIGITS, PARTY_BASE, Held, Request, allocate
from planner.releases import FATE, Engine, Release, load
from planner.routes import POLLED as POLLED_HOP
from planner.routes import Topology
from planner.subject import Subject, chosen_engine, exchange_chart, federation_port, port_names, site_modules


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """One site with its release's data, its chart, its modules and its ports.

    `engine` is None for an exchange. `listener` says where peers dial it.
    """

    site: Site
    id: int
    release: Release
    cluster: Cluster
    chart: str
    chart_version: str
    modules: tuple[str, ...]
    engine: Engine | None
    ports: Mapping[str, int]
    listener: Listener

    @property
    def key(self) -> str:
        """The site's key."""
        return self.site.key

    @property
    def module(self) -> str:
        """The module whose block of the cluster.yaml holds ports and Service type: rollsite, lbrollsite or osx."""
        return "lbrollsite" if "lbrollsite" in self.modules else federation_port(self.site, self.release)


@dataclass(frozen=True)
class Plan:
    """All sites resolved, exchanges first, and the lock to be written with them."""

    federation: Federation
    topology: Topology
    sites: tuple[PlannedSite, ...]
    lock: Lock
    _latest: dict[str, RouteTable] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def by_key(self) -> Mapping[str, PlannedSite]:
        """Planned sites by site key."""
        return {planned.key: planned for planned in self.sites}

    @cached_property
    def network(self) -> Network:
        """Who answers where, if every site does what it was planned to do."""
        reached_as = {}
        for route in self.federation.routes:
            base = dialled_at(self.by_key[route.target])
            reached_as[route.source, route.target] = Endpoint(route.address or base.host, route.port or base.port)
        return Network({planned.key: planned.listener for planned in self.sites}, reached_as)

    @cached_property
    def _ordinary(self) -> Mapping[str, Endpoint]:
        """Where each site is dialled by everybody who has no address of their own for it."""
        return {POLLED_HOP: POLLED, **{planned.key: dialled_at(planned) for planned in self.sites}}

    def table(self, planned: PlannedSite) -> RouteTable:
        """The route table a site is meant to have; the latest one is remembered."""
        known = self._latest.get(planned.key)
        if known is None:
            self._latest.clear()
            known = self._latest[planned.key] = self._table(planned)
        return known

    def _table(self, planned: PlannedSite) -> RouteTable:
        hops = self.topology.hops(planned.site)
        special = {
            target: endpoint for (source, target), endpoint in self.network.reached_as.items() if source == planned.key
        }
        endpoints = {**self._ordinary, **special} if special else self._ordinary
        own = planned.id if planned.site.kind == "party" else None
        entries = {destination: endpoints[hop] for destination, hop in hops.entries.items()}
        return RouteTable(own, entries, tuple(endpoints[hop] for hop in hops.default))

    def is_router(self, planned: PlannedSite) -> bool:
        """Whether other sites' messages pass through this one."""
        return planned.site.kind == "exchange" or planned.key in self.topology.clients_of

    def peers(self, planned: PlannedSite) -> tuple[str, ...]:
        """The sites this one dials, sorted."""
        hops = self.topology.hops(planned.site)
        return tuple(sorted({*hops.entries.values(), *hops.default} - {POLLED_HOP}))


def dialled_at(planned: PlannedSite) -> Endpoint:
    """Where peers dial a site: its outside endpoint, or the one inside its cluster if it has no other."""
    return (planned.listener.outside or planned.listener.inside)[0]


def examine(federation: Federation, lock: Lock) -> Subject:
    """Everything the checks look at: shapes indexed, ports allocated as far as that is possible."""
    topology = Topology(federation)
    requests = [request for site in _in_port_order(federation) for request in _requests(site, topology, lock)]
    ranges = {cluster.name: cluster.node_ports for cluster in reversed(federation.clusters)}
    held = [
        Held(key, site.cluster, name, port)
        for key, site in lock.sites.items()
        if _is_left_behind(key, site, topology)
        for name, port in site.ports.items()
    ]
    return Subject(federation, topology, lock, allocate(requests, ranges, held))


def resolve(subject: Subject) -> Plan:
    """The plan of a federation in which the checks found no error."""
    federation, topology = subject.federation, subject.topology
    ids = exchange_ids(federation, subject.lock)
    sites = tuple(_planned(site, ids, subject) for site in federation.sites)
    return Plan(federation, topology, sites, _new_lock(sites, subject.lock, topology))


def exchange_ids(federation: Federation, lock: Lock) -> Mapping[str, int]:
    """An id for every exchange: as written, as locked, or the lowest that is free."""
    taken = {site.id for site in federation.sites if site.id is not None}
    ids: dict[str, int] = {}
    for site in federation.exchanges:
        locked = lock.sites.get(site.key)
        if site.id is not None:
            ids[site.key] = site.id
        elif locked is not None and locked.id is not None and locked.id not in taken:
            ids[site.key] = locked.id
            taken.add(locked.id)
    for site in federation.exchanges:
        if site.key not in ids:
            ids[site.key] = next(number for number in range(1, len(taken) + 2) if number not in taken)
            taken.add(ids[site.key])
    return ids


def _in_port_order(federation: Federation) -> Sequence[Site]:
    return federation.parties + federation.exchanges


def _requests(site: Site, topology: Topology, lock: Lock) -> Sequence[Request]:
    release = load(site.release)
    if release is None:
        return ()
    names = port_names(site, release, site_modules(site, release, topology))
    locked = lock.sites.get(site.key)
    if locked is None or locked.cluster != site.cluster:
        locked = lock.sites.get(f"{site.key}@{site.cluster}")
    remembered = {} if locked is None else locked.ports
    if site.kind == "exchange":
        return (Request(site.key, site.cluster, names, site.pins, remembered, EXCHANGE_DIGITS, EXCHANGE_BASE),)
    return (Request(site.key, site.cluster, names, site.pins, remembered, DIGITS, PARTY_BASE),)


def _is_left_behind(key: str, locked: LockedSite, topology: Topology) -> bool:
    """Whether a lock entry belongs to no site of the file, so that its ports stay reserved.

    A site that moved to another cluster leaves an entry `<key>@<cluster>` behind, which it takes up when it returns.
    """
    site = topology.sites.get(key.partition("@")[0])
    return site is None or site.cluster != locked.cluster


def _planned(site: Site, ids: Mapping[str, int], subject: Subject) -> PlannedSite:
    release = load(site.release)
    if release is None:
        msg = f"{site.key} was planned with an unknown release"
        raise ValueError(msg)
    cluster = subject.clusters[site.cluster]
    chart, version = FATE, release.chart.version
    if site.kind == "exchange":
        exchange = exchange_chart(site, release, subject.topology)
        chart, version = (exchange.chart, exchange.version) if exchange is not None else ("", "")
    ports = subject.allocation.ports.get(site.key, {})
    return PlannedSite(
        site=site,
        id=site.id if site.id is not None else ids[site.key],
        release=release,
        cluster=cluster,
        chart=chart,
        chart_version=version,
        modules=site_modules(site, release, subject.topology),
        engine=chosen_engine(site, release) if site.kind == "party" else None,
        ports=ports,
        listener=_listener(site, release, cluster, ports),
    )


def _listener(site: Site, release: Release, cluster: Cluster, ports: Mapping[str, int]) -> Listener:
    """Where peers dial a site (INV-PORT-3, INV-PORT-4, INV-PORT-5)."""
    name = federation_port(site, release)
    inside = (Endpoint(f"{name}.{site.namespace}", release.ports.federation),)
    if site.exposure.type == "LoadBalancer":
        return Listener(
            site.key, cluster.name, (Endpoint(site.exposure.address or "", release.ports.federation),), inside
        )
    if site.exposure.type == "NodePort":
        return Listener(site.key, cluster.name, (Endpoint(cluster.address, ports[name]),), inside)
    return Listener(site.key, cluster.name, (), inside)


def _new_lock(sites: Sequence[PlannedSite], old: Lock, topology: Topology) -> Lock:
    """The lock after this plan: planned sites, and tombstones of sites that left or moved."""
    result: dict[str, LockedSite] = {}
    for key, locked in old.sites.items():
        if _is_left_behind(key, locked, topology):
            name = f"{key}@{locked.cluster}" if key in topology.sites else key
            result[name] = LockedSite(
                locked.cluster, locked.namespace, locked.target, locked.ports, locked.id, removed=True
            )
    for planned in sites:
        site = planned.site
        identifier = planned.id if site.kind == "exchange" else None
        result[site.key] = LockedSite(site.cluster, site.namespace, site.target, planned.ports, identifier)
    return Lock(result)
