"""The exchange is of a kind that its release does not have.

An exchange for Eggroll is the proxy in FATE 1.2 and 1.3, rollsite from v1.4.0 to v1.11.2, and OSX in v2.0.0
(reference: INV-EGG-7). One for Pulsar is trafficServer, which came with v1.6.0; one for FATE-Serving is a serving
proxy, from the chart fate-serving that goes with the release. Without `kind`, an exchange is what the engines of its
parties need.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank, kind: osx}  # error: FED606
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
      - {name: hub, cluster: bank, kind: rollsite}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.model import Site
from planner.release_ranges import releases_with
from planner.releases import SERVING_NAMES, Release
from planner.subject import Subject

FAULT = Fault("FED606", "unplanned_exchange")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every exchange whose kind its release does not have."""
    for site in subject.federation.exchanges:
        release = subject.release(site)
        hint = None if release is None or site.exchange_kind is None else _way_out(site, release, site.exchange_kind)
        if release is not None and hint is not None:
            message = f"release {release.name} has no exchange of kind {site.exchange_kind}"
            yield Diagnostic(FAULT, message, Place((*site.path, "kind")), hint)


def _way_out(site: Site, release: Release, kind: str) -> str | None:  # noqa: PLR0911 - one return per way out
    """What to do about a kind that a release lacks; None where it has it."""
    if kind == "servingProxy":
        if release.is_scripted:
            return f"remove this exchange: kube.cfg of {release.name} deploys no FATE-Serving"
        if release.serving is None and (site.serving is None or site.serving.release is None):
            return f"write `serving: {{release: {SERVING_NAMES[-1]}}}`, the version of chart fate-serving"
        return None
    if kind == "trafficServer":
        if any(each.kind == kind for each in release.exchanges):
            return None
        able = releases_with(lambda other: any(each.kind == kind for each in other.exchanges))
        return f"use a release that has one ({able}), or write `kind: {release.module}`"
    if kind == release.module:
        return None
    ours = " and `target: kubernetes`" if release.module == "osx" and site.target != "kubernetes" else ""
    return f"write `kind: {release.module}`{ours}"
