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

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from planner import kube_cfg
from planner.chart_keys import Keys, Setting, module_settings, serving_settings, settings_of
from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests, offered_releases
from planner.model import Site
from planner.overrides import value_at
from planner.release_ranges import releases_with, serving_releases_with
from planner.releases import FATE, Release, ServingRelease
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject, kind_of

FAULT = Fault("FED604", "unsupported_setting")
_OF_MANIFESTS: Final = frozenset({("networkPolicies",), ("credentials", "rabbitmq")})
"""Settings that no chart has, and fedplan's own manifests have."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting without a counterpart in the chart, and for those of modules nobody deploys."""
    yield from told_once(_findings(subject))
    yield from told_once(_of_serving(subject))
    yield from _undeployed(subject)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        if site.kind == "exchange" and kind_of(site, release, subject.topology) == "servingProxy":
            continue
        modules = set(subject.modules(site))
        for setting in settings_of(site, release, subject.topology, modules):
            chart = setting.chart or _chart(subject, site, release, setting)
            if has_manifests(site) and not setting.owner:
                continue  # FED627 says what target kubernetes has no place for
            if chart is not None and not _can(release, chart, setting) and not _is_told(release, setting):
                yield site, _finding(site, release, chart, setting)


def _is_told(release: Release, setting: Setting) -> bool:
    """Whether a check of its own says what a release deployed by kube.cfg has instead."""
    return release.is_scripted and setting.path[0] in {"persistence", "serving"}


def _chart(subject: Subject, site: Site, release: Release, setting: Setting) -> str | None:
    """The chart that has to express a setting; None where another check says that there is none."""
    if has_manifests(site):
        return FATE
    if site.kind == "exchange" and setting.path == ("exposure",):
        # star_without_exchange speaks where only the exchange's chart lacks what the release has.
        able = release.has_load_balancer_ip or kind_of(site, release, subject.topology) == "trafficServer"
        return None if able or not release.exchanges else release.exchanges[0].chart
    return subject.chart(site)


def _can(release: Release, chart: str, setting: Setting) -> bool:
    """Whether a chart expresses a setting at a release."""
    key = setting.key(release)
    if isinstance(key, bool):
        return key
    keys = (key,) if isinstance(key, str) else key
    return all(_expresses(release, chart, each) for each in keys)


@lru_cache(maxsize=65536)
def _expresses(release: Release, chart: str, key: str) -> bool:
    """Whether a chart reads a key and makes something of it; asked for every site again."""
    if release.is_scripted:
        return kube_cfg.expresses(release, chart, key)
    return release.reads(chart, key) and not release.is_dead(chart, key)


def _finding(site: Site, release: Release, chart: str, setting: Setting) -> Diagnostic:
    path = (*site.path, *setting.path)
    what = setting.name or ".".join(setting.path)
    place = Place(path, on_key=len(setting.path) > 1)
    who = setting.owner or f"chart {chart} {_version(site, release, chart)}"
    if release.is_scripted:
        who = f"release {release.name}"
    able = ""
    if not setting.owner:
        able = releases_with(
            lambda other: any(
                _can(other, name, setting)
                for name in ([FATE] if site.kind == "party" else [each.chart for each in other.exchanges])
            )
        )
    hint = f"remove it, or use a release that has one ({able})" if able else "remove it: no release has one"
    if setting.path in _OF_MANIFESTS:
        hint = f"remove it, or write `target: kubernetes` ({' and '.join(offered_releases())})"
    if setting.owner:
        hint = f"remove it from {site.label}"
    notes: tuple[Note, ...] = ()
    if site.kind == "exchange" and setting.path[0] not in site.given:
        hint = f"write it on the parties instead of under defaults: {site.label} inherits it too"
        notes = (Note(f"{site.label} inherits it", Place(site.path)),)
    return Diagnostic(FAULT, f"{who} has no setting for {what}", place, hint, notes)


def _version(site: Site, release: Release, chart: str) -> str:
    """The version of the chart that a finding is about."""
    exchanges = {each.chart: each.version for each in reversed(release.exchanges)}
    return exchanges.get(chart, release.chart.version) if site.kind == "exchange" else release.chart.version


def _of_serving(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    """Settings that a site's chart of FATE-Serving does not have."""
    for site, release in subject.parties_first():
        chart = serving_release(site, release)
        if chart is None or release.is_scripted or has_manifests(site):
            continue
        for setting in serving_settings(site, serving_modules(site, release)):
            if _serves(chart, setting.key) or (setting.path == ("exposure",) and not _balances(subject, site, release)):
                continue
            what = setting.name or ".".join(setting.path)
            able = serving_releases_with(lambda other, key=setting.key: _serves(other, key))  # type: ignore[misc]
            hint = "remove it: no release of the chart has one"
            if able:
                hint = f"write `serving: {{release: VERSION}}` with one that has ({able}), or remove it"
            if able and setting.path == ("exposure",) and site.kind == "party":
                hint = f"write `serving: {{exposure: NodePort}}`, or `serving: {{release: VERSION}}` with {able}"
            place = Place((*site.path, *setting.path), on_key=len(setting.path) > 1)
            yield site, Diagnostic(FAULT, f"chart {chart.chart} {chart.version} has no setting for {what}", place, hint)


def _balances(subject: Subject, site: Site, release: Release) -> bool:
    """Whether a party's training has what its serving cluster inherits; an exchange has nothing else."""
    settings = settings_of(site, release, subject.topology, subject.modules(site)) if site.kind == "party" else ()
    return all(_can(release, FATE, setting) for setting in settings if setting.path == ("exposure",))


def _serves(chart: ServingRelease, key: Callable[[ServingRelease], Keys]) -> bool:
    """Whether a chart of FATE-Serving expresses a setting."""
    wanted = key(chart)
    if isinstance(wanted, bool):
        return wanted
    keys = (wanted,) if isinstance(wanted, str) else wanted
    return all(chart.reads(each) and not chart.is_dead(each) for each in keys)


def _undeployed(subject: Subject) -> Iterator[Diagnostic]:
    """Settings of modules that nobody who has them deploys; equal settings count as one, for they may be inherited.

    What `defaults` says is of use to a site that adds to it, too.
    """
    holders: dict[tuple[tuple[str, ...], str, str], list[Site]] = {}
    deployed: set[tuple[tuple[str, ...], str, str]] = set()
    for site, release in subject.parties_first():
        if not _deployed(subject, site) or (site.serving is not None and serving_release(site, release) is None):
            continue
        for setting in module_settings(site, release):
            holders.setdefault(setting, []).append(site)
            path, module, _ = setting
            if module in _candidates(subject, site, path):
                deployed.update({setting, (path, module, repr(value_at(subject.federation.defaults, path)))})
    for held, sites in holders.items():
        if held not in deployed:
            path, module, _ = held
            number = len({site.key for site in sites})
            who = sites[0].label if number == 1 else f"none of the {number} sites with this setting"
            verb = "does not deploy" if number == 1 else "deploys"
            place = Place((*sites[0].path, *path), on_key=True)
            there = ", ".join(_candidates(subject, sites[0], path))
            hint = f"remove it, or write it for a module that is deployed: {there}"
            yield Diagnostic(FAULT, f"{who} {verb} module {module}", place, hint)


def _candidates(subject: Subject, site: Site, path: KeyPath) -> Sequence[str]:
    """The modules that a setting may be for: those of the cluster that it stands at, an address any of both."""
    release = subject.release(site)
    serving = serving_modules(site, release) if site.kind == "party" and release is not None else ()
    if path[0] == "serving":
        return serving
    return (*_deployed(subject, site), *serving) if path[0] == "exposure" else _deployed(subject, site)


def _deployed(subject: Subject, site: Site) -> tuple[str, ...]:
    """Modules of a site; empty where that is unknown because something else is wrong."""
    return subject.modules(site)
