"""The plan: every site fully resolved, nothing left to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from planner.channels import Channel
from planner.dialled_endpoints import dialled, inside
from planner.doors import PULSAR_TLS, ROUTER_PORTS, Door, channels_of, dials_by_tls, doors, port_names
from planner.kubernetes_target import has_manifests
from planner.lock import Lock, LockedSite
from planner.lookup import POLLED, Endpoint, Listener, Network, RouteTable
from planner.model import Cluster, Federation, RouteOverride, Serving, Site
from planner.ports import DIGITS, EXCHANGE_BASE, EXCHANGE_DIGITS, PARTY_BASE, Held, Request, allocate
from planner.releases import FATE, Engine, Release, ServingRelease, load
from planner.routes import POLLED as POLLED_HOP
from planner.routes import NextHops, Topology, serving, training
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject, chosen_engine, exchange_chart, kind_of, site_modules

ZOOKEEPER = 2181
"""Port of the registry that FATE-Flow asks for its own serving-server (INV-SRV-6)."""


@dataclass(frozen=True, slots=True)
class PlannedServing:
    """A site's serving cluster with its chart's data and its modules."""

    settings: Serving
    release: ServingRelease
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedSite:
    """One site with its release's data, its chart, its modules and its ports.

    `engine` is None for an exchange, `serving` without FATE-Serving, and `chart` is empty for target `kubernetes`.
    `kind` is the kind of an exchange, and empty for a party. `channels` are those it uses, and `listeners` say on each
    where it is dialled; a party with both training and serving has listeners for the channels in between.
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
    kind: str = ""
    serving: PlannedServing | None = None
    channels: tuple[Channel, ...] = ()
    listeners: Mapping[Channel, Listener] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The site's key."""
        return self.site.key

    def endpoints(self, channel: Channel) -> tuple[Endpoint, ...]:
        """Where other sites dial this one on a channel: outside its cluster, or inside if it is exposed only there."""
        listener = self.listeners[channel]
        return listener.outside or listener.inside

    def told(self, channel: Channel) -> Endpoint:
        """The endpoint that other sites are told for a channel; of Pulsar's two the TLS port, where there is one."""
        found = self.endpoints(channel)
        return found[-1] if channel is Channel.PULSAR else found[0]

    @property
    def module(self) -> str:
        """The module whose block of the cluster.yaml holds what peers dial first: rollsite, lbrollsite, osx, nginx."""
        if "lbrollsite" in self.modules:
            return "lbrollsite"
        if self.site.kind == "exchange":
            return self.kind
        return self.release.module if self.engine is None else self.engine.module


@dataclass(frozen=True)
class Plan:
    """All sites resolved, exchanges first, and the lock to be written with them.

    `topology` is that of training, `served` that of FATE-Serving.
    """

    federation: Federation
    topology: Topology
    served: Topology
    sites: tuple[PlannedSite, ...]
    lock: Lock
    _latest: dict[tuple[str, Channel], RouteTable] = field(default_factory=dict, compare=False, repr=False)
    _ordinary: dict[tuple[Channel, bool], Mapping[str, Endpoint]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _networks: dict[Channel, Network] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def by_key(self) -> Mapping[str, PlannedSite]:
        """Planned sites by site key."""
        return {planned.key: planned for planned in self.sites}

    @property
    def is_scripted(self) -> bool:
        """Whether the federation is deployed by kube.cfg: then all of its sites are."""
        return any(planned.release.is_scripted for planned in self.sites)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that any site uses, in the order of `Channel`."""
        used = {channel for planned in self.sites for channel in planned.channels}
        return tuple(channel for channel in Channel if channel in used)

    def topology_of(self, channel: Channel) -> Topology:
        """Who must talk with whom on a channel, and over which next hops."""
        return self.served if channel is Channel.SERVING else self.topology

    def network(self, channel: Channel) -> Network:
        """Who answers where on a channel, if every site does what it was planned to do."""
        known = self._networks.get(channel)
        if known is None:
            listeners = {
                planned.key: planned.listeners[channel] for planned in self.sites if channel in planned.listeners
            }
            known = self._networks[channel] = Network(listeners, self._reached_as(channel))
        return known

    def _reached_as(self, channel: Channel) -> Mapping[tuple[str, str], tuple[Endpoint, ...]]:
        """The endpoints that `routes` gives single directions, for sites that have doors on this channel."""
        result = {}
        for route in self.federation.routes:
            source, target = self.by_key[route.source], self.by_key[route.target]
            if channel in source.channels and channel in target.listeners:
                found = doors(target.site, target.release, self.topology, channel)
                result[route.source, route.target] = tuple(self.endpoint(source, target, door) for door in found)
        return result

    @cached_property
    def _overrides(self) -> Mapping[tuple[str, str], RouteOverride]:
        return {(route.source, route.target): route for route in reversed(self.federation.routes)}

    def endpoint(self, source: PlannedSite, target: PlannedSite, door: Door) -> Endpoint:
        """Where `source` dials one door of `target`."""
        base = dialled_at(target, door)
        route = self._overrides.get((source.key, target.key))
        if route is None:
            return base
        port = route.ports.get(door.name) or (route.port if door.name in ROUTER_PORTS else None)
        return Endpoint(route.address or base.host, port or base.port)

    def door(self, source: PlannedSite, target: PlannedSite, channel: Channel) -> Door:
        """The door of `target` that `source` dials on a channel: Pulsar's TLS port where it speaks TLS."""
        found = doors(target.site, target.release, self.topology, channel)
        is_broker = channel is Channel.PULSAR and target.site.kind == "party"
        return PULSAR_TLS if is_broker and dials_by_tls(source.site, self.topology) else found[0]

    def table(self, planned: PlannedSite, channel: Channel) -> RouteTable:
        """The route table a site is meant to have on a channel; those of the latest site are remembered."""
        known = self._latest.get((planned.key, channel))
        if known is None:
            if any(key != planned.key for key, _ in self._latest):
                self._latest.clear()
            known = self._latest[planned.key, channel] = self._table(planned, channel)
        return known

    def _table(self, planned: PlannedSite, channel: Channel) -> RouteTable:
        own = planned.id if planned.site.kind == "party" else None
        hops = self.topology_of(channel).hops(planned.site)
        endpoints = self._endpoints(planned, channel)
        entries = {destination: endpoints[hop] for destination, hop in hops.entries.items() if hop in endpoints}
        default = tuple(endpoints[hop] for hop in hops.default if hop in endpoints)
        if planned.site.dmz is not None and channel is Channel.ROLLSITE:
            # The proxy in a DMZ has a default route to its one peer and no entries (planner/checks/dmz_routes.py).
            return RouteTable(own, {}, tuple(entries.values()))
        return RouteTable(own, entries, default, domain=self._domain(planned, channel, hops.default))

    def _endpoints(self, planned: PlannedSite, channel: Channel) -> Mapping[str, Endpoint]:
        """Where a site dials each other site that has the channel; polling clients it does not dial at all."""
        by_tls = channel is Channel.PULSAR and dials_by_tls(planned.site, self.topology)
        ordinary = self._ordinary.get((channel, by_tls))
        if ordinary is None:
            targets = (target for target in self.sites if channel in target.listeners)
            found = {target.key: dialled_at(target, self.door(planned, target, channel)) for target in targets}
            ordinary = self._ordinary[channel, by_tls] = {POLLED_HOP: POLLED, **found}
        special = {
            target: self.endpoint(planned, self.by_key[target], self.door(planned, self.by_key[target], channel))
            for target in self._redirected.get(planned.key, ())
            if target in ordinary
        }
        return {**ordinary, **special} if special else ordinary

    @cached_property
    def _redirected(self) -> Mapping[str, tuple[str, ...]]:
        """The sites that each site dials at an address or port of its own."""
        result: dict[str, list[str]] = {}
        for source, target in self._overrides:
            result.setdefault(source, []).append(target)
        return {source: tuple(targets) for source, targets in result.items()}

    def _domain(self, planned: PlannedSite, channel: Channel, default: tuple[str, ...]) -> str:
        """The domain of the names by which Pulsar's exchanges know parties; empty where no exchange is dialled."""
        if channel is not Channel.PULSAR:
            return ""
        if planned.site.kind == "exchange":
            return planned.site.domain
        return next((self.by_key[key].site.domain for key in default), "")

    def is_router(self, planned: PlannedSite, channel: Channel) -> bool:
        """Whether other sites' messages on a channel pass through this one."""
        if planned.site.kind == "exchange":
            return channel in planned.channels
        return channel is Channel.ROLLSITE and planned.key in self.topology.clients_of

    def peers(self, planned: PlannedSite) -> tuple[str, ...]:
        """The sites this one dials, on any channel, sorted."""
        found: set[str] = set()
        if any(channel is not Channel.SERVING for channel in planned.channels):
            found.update(_next(self.topology.hops(planned.site)))
        if Channel.SERVING in planned.channels:
            found.update(_next(self.served.hops(planned.site)))
        return tuple(sorted(found))


def _next(hops: NextHops) -> set[str]:
    """The sites that are dialled for these routes."""
    return {*hops.entries.values(), *hops.default} - {POLLED_HOP}


def dialled_at(planned: PlannedSite, door: Door) -> Endpoint:
    """Where a site's door is dialled from other sites: outside its cluster, or inside if it is exposed only there."""
    return dialled(planned.site, planned.cluster, planned.ports, door)


def examine(federation: Federation, lock: Lock) -> Subject:
    """Everything the checks look at: shapes indexed, ports allocated as far as that is possible."""
    topology = Topology(training(federation))
    requests = [request for site in _in_port_order(federation) for request in _requests(site, topology, lock)]
    ranges = {cluster.name: cluster.node_ports for cluster in reversed(federation.clusters)}
    held = [
        Held(key, site.cluster, name, port)
        for key, site in lock.sites.items()
        if _is_left_behind(key, site, topology)
        for name, port in site.ports.items()
    ]
    return Subject(federation, topology, Topology(serving(federation)), lock, allocate(requests, ranges, held))


def resolve(subject: Subject) -> Plan:
    """The plan of a federation in which the checks found no error."""
    federation, topology = subject.federation, subject.topology
    ids = exchange_ids(federation, subject.lock)
    sites = tuple(_planned(site, ids, subject) for site in federation.sites)
    return Plan(federation, topology, subject.serving, sites, _new_lock(sites, subject.lock, topology))


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
    names = port_names(site, release, topology)
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
    if has_manifests(site):
        chart, version = "", ""
    elif site.kind == "exchange":
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
        kind=kind_of(site, release, subject.topology) if site.kind == "exchange" else "",
        serving=_planned_serving(site, release),
        channels=channels_of(site, release, subject.topology),
        listeners=MappingProxyType(dict(_listeners(site, release, cluster, ports, subject.topology))),
    )


def _planned_serving(site: Site, release: Release) -> PlannedServing | None:
    chart = serving_release(site, release)
    if chart is None or site.serving is None:
        return None
    return PlannedServing(site.serving, chart, serving_modules(site, release))


def _listeners(
    site: Site, release: Release, cluster: Cluster, ports: Mapping[str, int], topology: Topology
) -> Iterator[tuple[Channel, Listener]]:
    """Where a site is dialled, by channel (INV-PORT-3, INV-PORT-4, INV-PORT-5)."""
    channels = channels_of(site, release, topology)
    if site.kind == "party" and "servingServer" in serving_modules(site, release) and release.reads(FATE, "servingIp"):
        channels = (*channels, Channel.LOAD)
    if site.kind == "party" and site.serving is not None:
        channels = (*channels, Channel.TRANSFER)
    for channel in channels:
        found = doors(site, release, topology, channel)
        if PULSAR_TLS in found and PULSAR_TLS.component in site.exposure.addresses:
            found = (*found, PULSAR_TLS._replace(component="pulsar"))  # the other load balancer has the port as well
        within = tuple(inside(site, door) for door in found)
        if channel is Channel.LOAD and site.serving is not None and site.serving.use_registry:
            within = (*within, Endpoint(f"serving-zookeeper.{site.serving.namespace}", ZOOKEEPER))
        endpoints = (dialled(site, cluster, ports, door) for door in found)
        outside = tuple(endpoint for endpoint in endpoints if endpoint not in within)
        yield channel, Listener(site.key, cluster.name, outside, within)


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
