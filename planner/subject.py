"""What a check looks at: the federation with everything that was worked out about it so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from planner.kubernetes_target import exchange_modules, has_manifests
from planner.lock import Lock
from planner.model import ENGINE_TRIPLES, Cluster, Federation, Site, party_key
from planner.ports import Allocation
from planner.releases import FATE, Engine, ExchangeChart, Release, load
from planner.routes import Topology
from planner.serving_release import serving_modules, serving_release


@dataclass(frozen=True)
class Subject:
    """A federation under examination. Nothing in it is guaranteed: that is what the checks are for.

    `topology` is that of training, `serving` that of FATE-Serving.
    `lock` is federation.lock as it was read, `allocation` what came of it.
    """

    federation: Federation
    topology: Topology
    serving: Topology
    lock: Lock
    allocation: Allocation

    @cached_property
    def clusters(self) -> Mapping[str, Cluster]:
        """Clusters by name; of two with the same name the first."""
        result: dict[str, Cluster] = {}
        for cluster in self.federation.clusters:
            result.setdefault(cluster.name, cluster)
        return result

    def release(self, site: Site) -> Release | None:
        """The release of a site; None when it is unknown."""
        return load(site.release)

    def engine(self, site: Site) -> Engine | None:
        """The engine of a party as its release knows it; None when fedplan does not plan it."""
        release = self.release(site)
        return None if release is None else chosen_engine(site, release)

    def modules(self, site: Site) -> tuple[str, ...]:
        """The modules of a site; empty when its release or engine is unknown."""
        release = self.release(site)
        return () if release is None else site_modules(site, release, self.topology)

    def chart(self, site: Site) -> str | None:
        """Name of the chart that a site's cluster.yaml is for; None where it has none or its release is unknown."""
        release = self.release(site)
        if release is None or has_manifests(site):
            return None
        if site.kind == "party":
            return FATE
        chart = exchange_chart(site, release, self.topology)
        return None if chart is None else chart.chart

    def known_sites(self) -> Iterator[tuple[Site, Release]]:
        """Sites whose release is known, exchanges first."""
        for site in self.federation.sites:
            release = self.release(site)
            if release is not None:
                yield site, release

    def parties_first(self) -> Iterator[tuple[Site, Release]]:
        """Sites whose release is known, parties before exchanges: `defaults` are written with parties in mind."""
        for site in self.federation.parties + self.federation.exchanges:
            release = self.release(site)
            if release is not None:
                yield site, release

    def namespaced_sites(self) -> Iterator[Site]:
        """Sites whose target knows namespaces, parties before exchanges."""
        return (
            site
            for site in self.federation.parties + self.federation.exchanges
            if site.target not in {"docker", "local"}
        )


def chosen_engine(site: Site, release: Release) -> Engine | None:
    """The engine a party asked for, if the release has it: by its word, or by exactly its triple."""
    if site.engine.triple is None:
        return release.engine(site.engine.word or "")
    for engine in release.engines + release.own_engines:
        if engine_triple(engine) == site.engine.triple:
            return engine
    return None


def engine_triple(engine: Engine) -> tuple[str, str, str] | None:
    """The computing, federation and storage engines; releases before v1.9.0 have other words for the same."""
    selector = dict(engine.selector)
    if "computing" not in selector:
        return ("Eggroll", "Eggroll", "Eggroll") if engine.name == "eggroll" else ENGINE_TRIPLES.get(engine.name)
    return (selector["computing"], selector["federation"], selector["storage"])


def kind_of(site: Site, release: Release, topology: Topology) -> str:
    """The kind of an exchange: as written, or what the engines of most parties behind it need."""
    if site.exchange_kind is not None:
        return site.exchange_kind
    members = (topology.sites.get(party_key(member)) for member in topology.members_of.get(site.key, ()))
    engines = Counter(member.engine.federation for member in members if member is not None)
    return "trafficServer" if engines and engines.most_common(1)[0][0] == "Pulsar" else release.module


def exchange_chart(site: Site, release: Release, topology: Topology) -> ExchangeChart | None:
    """The chart an exchange is installed from: the release's first choice that can do what is asked of it.

    Chart fate-exchange has no keys for polling or a load balancer's address (reference: cluster-yaml.md 4.2,
    INV-EGG-16), so such an exchange takes chart fate where the release still allows that.
    """
    kind = kind_of(site, release, topology)
    if kind == "servingProxy":
        serving = serving_release(site, release)
        if serving is None:
            return None
        return ExchangeChart(kind, serving.chart, serving.version, serving.exchange_modules, None)
    wanted = []
    if topology.clients_of.get(site.key):
        wanted.append("rollsite.polling.enabled")
    if site.exposure.type == "LoadBalancer":
        wanted.append(f"{kind}.loadBalancerIP")
    for chart in release.exchanges:
        if chart.kind == kind and all(release.reads(chart.chart, path) for path in wanted):
            return chart
    return None


def site_modules(site: Site, release: Release, topology: Topology) -> tuple[str, ...]:
    """The modules a site deploys: as written, or all that its engine has."""
    if site.kind == "exchange":
        if site.serving is not None:
            return serving_modules(site, release)
        if has_manifests(site):
            return exchange_modules(kind_of(site, release, topology), release)
        chart = exchange_chart(site, release, topology)
        return () if chart is None else chart.modules
    if site.modules is not None:
        return site.modules
    engine = chosen_engine(site, release)
    if engine is None:
        return ()
    modules = engine.modules
    if site.mysql is not None:
        modules = tuple(module for module in modules if module != "mysql")
    if site.id is not None and len(topology.exchange_of(site.id)) > 1:
        modules = tuple("lbrollsite" if module == "rollsite" else module for module in modules)
    return modules
