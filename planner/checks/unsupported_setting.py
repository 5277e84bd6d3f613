"""A setting is given that the site's release cannot express.

The charts grew over the years: a load balancer's address came with v1.6.1, TLS keys with v1.9.0, FATEBoard's password
with v1.5.3. KubeFATE's service drops every key that the chart of the release does not name, without a word
(reference: cluster-yaml.md section 1), so the setting would simply not be there in the running site. The same holds
for settings of a module that the site does not deploy, and for an exchange, whose chart has fewer keys than a
party's.

A setting in `defaults` for a module is fine as long as one site that inherits it deploys the module.

Bad:

    version: 1
    name: demo
    release: v1.8.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, device: CPU}  # error: FED604
      - {id: 10000, cluster: shop}
    defaults:
      credentials:
        mysql: "env:FATE_MYSQL_PASSWORD"
        fateboard: "env:FATEBOARD_PASSWORD"
        notebook: "file:notebook.hash"  # error: FED604
      components:
        rollsite:
          resources: {requests: {cpu: "2"}}  # error: FED604

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, device: CPU}
      - {id: 10000, cluster: shop}
    defaults:
      credentials:
        mysql: "env:FATE_MYSQL_PASSWORD"
        fateboard: "env:FATEBOARD_PASSWORD"
        notebook: "file:notebook.hash"
      components:
        rollsite:
          resources: {requests: {cpu: "2"}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from planner.chart_keys import Setting, module_settings, settings_of
from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.release_ranges import releases_with
from planner.releases import FATE, Release
from planner.subject import Subject

FAULT = Fault("FED604", "unsupported_setting")
_EXCHANGE_OF_OURS: Final = "fedplan's own manifests"
"""What stands in for the chart where target `kubernetes` deploys an OSX exchange."""
_OF_OUR_EXCHANGE: Final = frozenset({
    "imagePullSecrets", "pullPolicy", "registry", "osx.exchange.ip", "osx.loadBalancerIP",
    *(f"osx.{key}" for key in ("resources", "nodeSelector", "tolerations", "affinity", "image", "imageTag")),
})  # fmt: skip
"""Chart keys that renderers/kubernetes.py has a counterpart of."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting without a counterpart in the chart, and for those of modules nobody deploys."""
    yield from told_once(_findings(subject))
    yield from _undeployed(subject)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        modules = set(subject.modules(site))
        for setting in settings_of(site, release, modules):
            chart = _chart(subject, site, release, setting)
            if chart is not None and not _can(release, chart, setting):
                yield site, _finding(site, release, chart, setting)


def _chart(subject: Subject, site: Site, release: Release, setting: Setting) -> str | None:
    """The chart that has to express a setting; None where another check says that there is none."""
    if site.kind == "exchange" and site.target == "kubernetes":
        return _EXCHANGE_OF_OURS if release.module == "osx" else None
    if site.kind == "exchange" and setting.path == ("exposure",):
        # star_without_exchange speaks where only the exchange's chart lacks what the release has.
        return None if release.has_load_balancer_ip or not release.exchanges else release.exchanges[0].chart
    return subject.chart(site)


def _can(release: Release, chart: str, setting: Setting) -> bool:
    """Whether a chart expresses a setting at a release."""
    key = setting.key(release)
    if isinstance(key, bool):
        return key and chart != _EXCHANGE_OF_OURS
    if chart == _EXCHANGE_OF_OURS:
        return key in _OF_OUR_EXCHANGE
    return _expresses(release, chart, key)


@lru_cache(maxsize=65536)
def _expresses(release: Release, chart: str, key: str) -> bool:
    """Whether a chart reads a key and makes something of it; asked for every site again."""
    return release.reads(chart, key) and not release.is_dead(chart, key)


def _finding(site: Site, release: Release, chart: str, setting: Setting) -> Diagnostic:
    path = (*site.path, *setting.path)
    what = setting.name or ".".join(str(step) for step in setting.path)
    place = Place(path, on_key=len(setting.path) > 1)
    who = (
        "an OSX exchange of target kubernetes"
        if chart == _EXCHANGE_OF_OURS
        else f"chart {chart} {release.chart.version}"
    )
    able = releases_with(
        lambda other: any(
            _can(other, name, setting)
            for name in ([FATE] if site.kind == "party" else [each.chart for each in other.exchanges])
        )
    )
    hint = f"remove it, or use a release that has one ({able})" if able else "remove it: no release has one"
    if chart == _EXCHANGE_OF_OURS:
        hint = f"remove it from {site.label}"
    notes: tuple[Note, ...] = ()
    if site.kind == "exchange" and setting.path[0] not in site.given:
        hint = f"write it on the parties instead of under defaults: {site.label} inherits it too"
        notes = (Note(f"{site.label} inherits it", Place(site.path)),)
    return Diagnostic(FAULT, f"{who} has no setting for {what}", place, hint, notes)


def _undeployed(subject: Subject) -> Iterator[Diagnostic]:
    """Settings of modules that nobody who has them deploys; equal settings count as one, for they may be inherited."""
    holders: dict[tuple[KeyPath, str, str], list[Site]] = {}
    deployed: set[tuple[KeyPath, str, str]] = set()
    for site, release in subject.parties_first():
        modules = _deployed(subject, site)
        for setting in module_settings(site, release) if modules else ():
            holders.setdefault(setting, []).append(site)
            if setting[1] in modules:
                deployed.add(setting)
    for setting, sites in holders.items():
        if setting not in deployed:
            path, module, _ = setting
            number = len({site.key for site in sites})
            who = sites[0].label if number == 1 else f"none of the {number} sites with this setting"
            verb = "does not deploy" if number == 1 else "deploys"
            place = Place((*sites[0].path, *path), on_key=True)
            there = ", ".join(_deployed(subject, sites[0]))
            hint = f"remove it, or write it for a module that is deployed: {there}"
            yield Diagnostic(FAULT, f"{who} {verb} module {module}", place, hint)


def _deployed(subject: Subject, site: Site) -> tuple[str, ...]:
    """Modules of a site; empty where that is unknown because something else is wrong."""
    if site.kind == "exchange" and site.target == "kubernetes":
        release = subject.release(site)
        return ("osx",) if release is not None and release.module == "osx" else ()
    return subject.modules(site)
