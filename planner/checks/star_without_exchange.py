"""No chart of the release can deploy the exchange.

Chart fate of v1.4 writes rollsite's configuration only together with FATE-Flow, so it cannot be an exchange; chart
fate from v1.8.0 on needs clustermanager beside it (reference: INV-EGG-8). Chart fate-exchange, there since v1.6.0,
has no keys for polling clients or a load balancer's address, of trafficServer and nginx neither (cluster-yaml.md 4.2,
INV-EGG-16). In v2.0.0 no chart knows an OSX exchange (INV-EGG-7), but fedplan can write its manifests: target
`kubernetes`. Balancing the load over several exchanges takes module lbrollsite, which came with v1.5.0-b and does not
work in v2.0.0; a serving proxy has one exchange.

Bad:

    version: 1
    name: demo
    release: v2.0.0  # info: FED403
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}  # error: FED603
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
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
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.doors import ROUTER_PORTS
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.mentions import stars
from planner.model import Site, party_key
from planner.release_ranges import releases_with
from planner.releases import ExchangeChart, Release
from planner.subject import Subject, exchange_chart, kind_of

FAULT = Fault("FED603", "star_without_exchange")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange without a chart, and for every balanced star that a release cannot balance."""
    yield from told_once(_findings(subject))
    yield from _balanced(subject)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site in subject.federation.exchanges:
        release = subject.release(site)
        if release is None or site.target not in {"kubefate", "helm"}:
            continue
        kind = kind_of(site, release, subject.topology)
        if kind == "servingProxy" or (kind in ROUTER_PORTS and kind != release.module):
            continue
        charts = _charts(release, kind)
        if not charts and kind in ROUTER_PORTS:
            if _routes_eggroll(subject, site):
                yield site, _none(site, release)
        elif charts and exchange_chart(site, release, subject.topology) is None:
            finding = _too_little(subject, site, release, kind)
            if finding is not None:
                yield site, finding


def _charts(release: Release, kind: str) -> Sequence[ExchangeChart]:
    """The charts of a release that can be an exchange of a kind."""
    return [each for each in release.exchanges if each.kind == kind]


def _routes_eggroll(subject: Subject, site: Site) -> bool:
    """Whether a party behind an exchange has Eggroll, or none is known; other engines have no use for a router."""
    members = (subject.topology.sites.get(party_key(each)) for each in subject.topology.members_of.get(site.key, ()))
    engines = {member.engine.federation for member in members if member is not None}
    return not engines or "Eggroll" in engines


def _none(site: Site, release: Release) -> Diagnostic:
    """No chart of the release can be an exchange for its router at all."""
    if release.module == "osx":
        message = f"no chart of {release.name} can deploy an OSX exchange"
        hint = "add `target: kubernetes`: fedplan then writes the exchange's manifests itself"
        path: KeyPath = (*site.path, "target") if "target" in site.given else site.path
        return Diagnostic(FAULT, message, Place(path), hint)
    message = (
        f"chart fate {release.chart.version} configures rollsite only beside FATE-Flow, so it cannot be an exchange"
    )
    able = releases_with(lambda other: bool(_charts(other, "rollsite")))
    return Diagnostic(FAULT, message, Place(site.path), f"use a release that has an exchange ({able}), or a mesh")


def _too_little(subject: Subject, site: Site, release: Release, kind: str) -> Diagnostic | None:
    """The release has what is asked for, but not in a chart for exchanges; None where it has not (FED604 says that)."""
    charts = " and ".join(f"{each.chart} {each.version}" for each in _charts(release, kind))
    if subject.topology.clients_of.get(site.key) and release.has_polling and kind == "rollsite":
        able = releases_with(lambda other: _exchange_reads(other, kind, "rollsite.polling.enabled"))
        client = min(subject.topology.clients_of[site.key])
        party = subject.topology.sites.get(party_key(client))
        place = None if party is None else Place((*party.path, "polling"))
        return Diagnostic(
            FAULT,
            f"{site.label} is polled, and chart {charts} has no setting for polling",
            Place(site.path),
            f"let party {client} poll a party instead, or give the exchange a release whose chart can ({able})",
            (Note(f"party {client} polls it", place),),
        )
    if site.exposure.type == "LoadBalancer" and (release.has_load_balancer_ip or kind == "trafficServer"):
        able = releases_with(partial(_exchange_reads, kind=kind, key=f"{kind}.loadBalancerIP"))
        other = f", or use a release whose chart can ({able})" if able else ""
        return Diagnostic(
            FAULT,
            f"chart {charts} has no setting for a load balancer's address",
            Place((*site.path, "exposure")),
            f"write `exposure: NodePort` for the exchange{other}",
        )
    return None


def _exchange_reads(release: Release, kind: str, key: str) -> bool:
    return any(release.reads(each.chart, key) for each in _charts(release, kind))


def _balanced(subject: Subject) -> Iterator[Diagnostic]:
    """Stars over several exchanges: a release may have no module for that; nginx and Pulsar are FED622's."""
    parties = subject.topology.sites
    for shape in stars(subject.serving.federation):
        if shape.balanced:
            message = "a serving proxy has one exchange, and cannot balance its load over several"
            hint = "name one exchange, or split the star by exchange: `star: {A: [...], B: [...]}`"
            yield Diagnostic(FAULT, message, Place((*shape.path, "through")), hint)
    for shape in stars(subject.topology.federation):
        for member in shape.pool:
            party = parties.get(party_key(member))
            release = None if party is None else subject.release(party)
            if party is None or release is None or has_manifests(party) or party.engine.federation != "Eggroll":
                continue
            if not release.has_load_balancing:
                able = releases_with(lambda other: other.has_load_balancing)
                yield Diagnostic(
                    FAULT,
                    f"party {member} runs {release.name}, whose chart cannot balance its load over several exchanges",
                    Place((*shape.path, "through")),
                    f"name one exchange, or use a release that can ({able})",
                )
                break
