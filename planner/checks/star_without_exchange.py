"""No chart of the release can deploy the exchange.

Chart fate of v1.4 writes rollsite's configuration only together with FATE-Flow, so it cannot be an exchange; chart
fate from v1.8.0 on needs clustermanager beside it (reference: INV-EGG-8). Chart fate-exchange, there since v1.6.0,
has no keys for polling clients or a load balancer's address (cluster-yaml.md 4.2, INV-EGG-16). In v2.0.0 no chart
knows an OSX exchange (INV-EGG-7), but fedplan can write its manifests: target `kubernetes`. Balancing the load over
several exchanges takes module lbrollsite, which came with v1.5.0-b and does not work in v2.0.0.

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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.inheritance import told_once
from planner.model import Site, Star, party_key
from planner.release_ranges import releases_with
from planner.releases import Release
from planner.subject import Subject, exchange_chart

FAULT = Fault("FED603", "star_without_exchange")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange without a chart, and for every balanced star that a release cannot balance."""
    yield from told_once(_findings(subject))
    yield from _balanced(subject)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site in subject.federation.exchanges:
        release = subject.release(site)
        if (
            release is None
            or site.target not in {"kubefate", "helm"}
            or site.exchange_kind not in {None, release.module}
        ):
            continue
        if not release.exchanges:
            yield site, _none(site, release)
        elif exchange_chart(site, release, subject.topology) is None:
            finding = _too_little(subject, site, release)
            if finding is not None:
                yield site, finding


def _none(site: Site, release: Release) -> Diagnostic:
    """No chart of the release can be an exchange at all."""
    if release.module == "osx":
        message = f"no chart of {release.name} can deploy an OSX exchange"
        hint = "add `target: kubernetes`: fedplan then writes the exchange's manifests itself"
        path: KeyPath = (*site.path, "target") if "target" in site.given else site.path
        return Diagnostic(FAULT, message, Place(path), hint)
    message = (
        f"chart fate {release.chart.version} configures rollsite only beside FATE-Flow, so it cannot be an exchange"
    )
    hint = f"use a release that has an exchange ({releases_with(lambda other: bool(other.exchanges))}), or a mesh"
    return Diagnostic(FAULT, message, Place(site.path), hint)


def _too_little(subject: Subject, site: Site, release: Release) -> Diagnostic | None:
    """The release has what is asked for, but not in a chart for exchanges; None where it has not (FED604 says that)."""
    charts = " and ".join(f"{each.chart} {each.version}" for each in release.exchanges)
    if subject.topology.clients_of.get(site.key) and release.has_polling:
        able = releases_with(lambda other: _exchange_reads(other, "rollsite.polling.enabled"))
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
    if site.exposure.type == "LoadBalancer" and release.has_load_balancer_ip:
        able = releases_with(lambda other: _exchange_reads(other, "rollsite.loadBalancerIP"))
        return Diagnostic(
            FAULT,
            f"chart {charts} has no setting for a load balancer's address",
            Place((*site.path, "exposure")),
            f"write `exposure: NodePort` for the exchange, or use a release whose chart can ({able})",
        )
    return None


def _exchange_reads(release: Release, key: str) -> bool:
    return any(release.reads(each.chart, key) for each in release.exchanges)


def _balanced(subject: Subject) -> Iterator[Diagnostic]:
    parties = subject.topology.sites
    for shape in subject.federation.shapes:
        if not isinstance(shape, Star) or not shape.balanced:
            continue
        for member in shape.pool:
            party = parties.get(party_key(member))
            release = None if party is None else subject.release(party)
            if release is not None and not release.has_load_balancing:
                able = releases_with(lambda other: other.has_load_balancing)
                yield Diagnostic(
                    FAULT,
                    f"party {member} runs {release.name}, whose chart cannot balance its load over several exchanges",
                    Place((*shape.path, "through")),
                    f"name one exchange, or use a release that can ({able})",
                )
                break
