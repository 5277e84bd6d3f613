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

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.model import Ingress, Site
from planner.releases import FATE, RELEASE_NAMES, Release, load
from planner.subject import Subject, exchange_chart

FAULT = Fault("FED604", "unsupported_setting")
EXCHANGE_OF_OURS: Final = "fedplan's own manifests"
"""What stands in for the chart where target `kubernetes` deploys an OSX exchange."""
_OF_OUR_EXCHANGE: Final = frozenset({
    "imagePullSecrets", "pullPolicy", "registry", "osx.exchange.ip", "osx.loadBalancerIP",
    *(f"osx.{key}" for key in ("resources", "nodeSelector", "tolerations", "affinity", "image", "imageTag")),
})  # fmt: skip
"""Chart keys that renderers/kubernetes.py has a counterpart of."""
_DOMAIN: Final = Ingress().domain
_CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = {
    "mysql": ("mysql", "mysql.password"),
    "fateboard": ("fateboard", "fateboard.password"),
    "notebook": ("client", "client.notebook_hashed_password"),
}
"""Keys of `credentials`: the module that has the login, and the chart's key for its password."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting that somebody gave: its path below the site, and what the chart must read to express it.

    `key` gives the chart's key at a release, or says outright whether that release can.
    """

    path: KeyPath
    key: Callable[[Release], str | bool]
    name: str = ""


@dataclass(slots=True)
class _Idle:
    """A setting of a module: who has it, and whether any of them deploys the module."""

    first: Place
    module: str
    label: str
    deployed: bool = False
    sites: set[str] = field(default_factory=set)
    modules: tuple[str, ...] = ()


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every setting without a counterpart in the chart, and for those of modules nobody deploys."""
    yield from unique(_findings(subject))
    yield from _undeployed(subject)


def unique(findings: Iterable[tuple[Site, Diagnostic]]) -> Iterator[Diagnostic]:
    """Give the findings; of those about one inherited value only the first."""
    seen: set[KeyPath] = set()
    for site, finding in findings:
        below = finding.place.path[len(site.path) :]
        if below and below[0] not in site.given:
            if below in seen:
                continue
            seen.add(below)
        yield finding


def parties_first(subject: Subject) -> Iterator[tuple[Site, Release]]:
    """Sites whose release is known, parties before exchanges: `defaults` are written with parties in mind."""
    for site in subject.federation.parties + subject.federation.exchanges:
        release = subject.release(site)
        if release is not None:
            yield site, release


def chart_of(subject: Subject, site: Site, release: Release) -> str | None:
    """Name of the chart that a site's cluster.yaml is for; None where it has none."""
    if site.kind == "party":
        return FATE
    if site.target == "kubernetes":
        return None
    chart = exchange_chart(site, release, subject.topology)
    return None if chart is None else chart.chart


def releases_with(can: Callable[[Release], bool]) -> str:
    """The releases that can do something, as stretches: `v1.6.1 to v1.11.2`; empty where none can."""
    stretches: list[list[str]] = []
    before = False
    for name in RELEASE_NAMES:
        release = load(name)
        able = release is not None and can(release)
        if able and before:
            stretches[-1][1:] = [name]
        elif able:
            stretches.append([name])
        before = able
    return " and ".join(" to ".join(stretch) for stretch in stretches)


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in parties_first(subject):
        modules = set(subject.modules(site))
        for setting in _settings(site, release, modules):
            chart = _chart(subject, site, release, setting)
            if chart is not None and not _can(release, chart, setting):
                yield site, _finding(site, release, chart, setting)


def _chart(subject: Subject, site: Site, release: Release, setting: _Setting) -> str | None:
    """The chart that has to express a setting; None where another check says that there is none."""
    if site.kind == "exchange" and site.target == "kubernetes":
        return EXCHANGE_OF_OURS if release.module == "osx" else None
    if site.kind == "exchange" and setting.path == ("exposure",):
        # star_without_exchange speaks where only the exchange's chart lacks what the release has.
        return None if release.has_load_balancer_ip or not release.exchanges else release.exchanges[0].chart
    return chart_of(subject, site, release)


def _can(release: Release, chart: str, setting: _Setting) -> bool:
    """Whether a chart expresses a setting at a release."""
    key = setting.key(release)
    if isinstance(key, bool):
        return key and chart != EXCHANGE_OF_OURS
    if chart == EXCHANGE_OF_OURS:
        return key in _OF_OUR_EXCHANGE
    return _expresses(release, chart, key)


@lru_cache(maxsize=65536)
def _expresses(release: Release, chart: str, key: str) -> bool:
    """Whether a chart reads a key and makes something of it; asked for every site again."""
    return release.reads(chart, key) and not release.is_dead(chart, key)


def _finding(site: Site, release: Release, chart: str, setting: _Setting) -> Diagnostic:
    path = (*site.path, *setting.path)
    what = setting.name or ".".join(str(step) for step in setting.path)
    place = Place(path, on_key=len(setting.path) > 1)
    who = (
        "an OSX exchange of target kubernetes"
        if chart == EXCHANGE_OF_OURS
        else f"chart {chart} {release.chart.version}"
    )
    able = releases_with(
        lambda other: any(
            _can(other, name, setting)
            for name in ([FATE] if site.kind == "party" else [each.chart for each in other.exchanges])
        )
    )
    hint = f"remove it, or use a release that has one ({able})" if able else "remove it: no release has one"
    if chart == EXCHANGE_OF_OURS:
        hint = f"remove it from {site.label}"
    notes: tuple[Note, ...] = ()
    if site.kind == "exchange" and setting.path[0] not in site.given:
        hint = f"write it on the parties instead of under defaults: {site.label} inherits it too"
        notes = (Note(f"{site.label} inherits it", Place(site.path)),)
    return Diagnostic(FAULT, f"{who} has no setting for {what}", place, hint, notes)


def _settings(site: Site, release: Release, modules: set[str]) -> Iterator[_Setting]:
    """Every setting of a site that some release cannot express."""
    if site.exposure.type == "LoadBalancer":
        yield _Setting(("exposure",), lambda other: f"{other.module}.loadBalancerIP", "a load balancer's address")
    if site.polling is not None:
        yield _Setting(("polling",), lambda other: f"{other.module}.polling.enabled")
    if site.upstream is not None:
        yield _Setting(("upstream",), lambda other: f"{other.module}.exchange.ip")
    flags = {
        "tls": (site.tls, "rollsite.enableTLS"),
        "imageTag": (site.image_tag, "imageTag"),
        "pullPolicy": (site.pull_policy, "pullPolicy"),
        "imagePullSecrets": (site.pull_secrets, "imagePullSecrets"),
        "istio": (site.istio, "istio.enabled"),
        "podSecurityPolicy": (site.pod_security_policy, "podSecurityPolicy.enabled"),
        "mysql": (site.mysql, "externalMysqlIp"),
        "algorithm": ("algorithm" in site.given or site.algorithm != "Basic", "algorithm"),
        "device": ("device" in site.given or site.device != "CPU", "device"),
    }
    for name, (given, key) in flags.items():
        if given:
            yield _Setting((name,), _always(key), "an external MySQL" if name == "mysql" else "")
    if site.kind == "exchange" and site.target == "kubernetes" and "overrides" in site.given:
        yield _Setting(("overrides",), _always(key=False))
    for name, (_, key) in _CREDENTIALS.items():
        if name in site.credentials:
            yield _Setting(("credentials", name), _always(key))
    yield from _ingress(site.ingress, release, modules)
    for module, settings in site.components.items():
        if module in modules or (module == "osx" and site.target == "kubernetes"):
            yield from _component(module, settings)


def _always(key: str | Literal[False]) -> Callable[[Release], str | bool]:
    """The same key, or the same answer, at every release."""
    return lambda _: key


def _ingress(ingress: Ingress, release: Release, modules: set[str]) -> Iterator[_Setting]:
    """Settings of the user interfaces: none before v1.5.0-b, one host for each until v1.6.1."""
    given = ingress.domain != _DOMAIN or ingress.ingress_class is not None or bool(ingress.hosts)
    if given and release.hosts.dialect == "fixed":
        yield _Setting(("ingress",), lambda other: other.hosts.dialect != "fixed")
        return
    if ingress.domain != _DOMAIN:
        yield _Setting(("ingress", "domain"), _has_ingress)
    if ingress.ingress_class is not None:
        yield _Setting(("ingress", "class"), _always("ingressClassName"))
    for name, settings in ingress.hosts.items():
        if name not in modules:
            continue
        for key in ("tlsSecret", "annotations"):
            if key in settings:
                yield _Setting(("ingress", name, key), _has_ingress)
        if len(settings.get("hosts", ())) > 1:
            yield _Setting(("ingress", name, "hosts"), _has_ingress, f"several hosts of {name}")


def _has_ingress(release: Release) -> bool:
    return release.hosts.dialect == "ingress"


def _component(module: str, settings: Mapping[str, Any]) -> Iterator[_Setting]:
    for key in settings:
        if key == "replicas":
            yield _Setting(("components", module, key), lambda release: _replicas(module, release))
        elif key != "storage":
            yield _Setting(("components", module, key), _always(f"{module}.{key}"))
    for key in settings.get("storage", ()):
        yield _Setting(("components", module, "storage", key), _always(f"{module}.{key}"))


def _replicas(module: str, release: Release) -> str:
    """The chart's key for the number of a module's pods: `nodemanager.count` until v1.8.1."""
    scale = next((engine.scale_key for engine in release.engines if engine.scale_key.startswith(f"{module}.")), None)
    return scale or f"{module}.replicas"


def _undeployed(subject: Subject) -> Iterator[Diagnostic]:
    """Settings of modules that nobody who has them deploys; equal settings count as one, for they may be inherited."""
    idle: dict[tuple[str, str, str], _Idle] = {}
    for site, release in parties_first(subject):
        modules = _deployed(subject, site, release)
        if not modules:
            continue
        for path, module, value in _of_modules(site, release):
            entry = idle.setdefault(
                (".".join(path), module, value),
                _Idle(Place((*site.path, *path), on_key=True), module, site.label, modules=modules),
            )
            entry.sites.add(site.key)
            entry.deployed = entry.deployed or module in modules
    for entry in idle.values():
        if not entry.deployed:
            who = entry.label if len(entry.sites) == 1 else f"none of the {len(entry.sites)} sites with this setting"
            verb = "does not deploy" if len(entry.sites) == 1 else "deploys"
            hint = f"remove it, or write it for a module that is deployed: {', '.join(entry.modules)}"
            yield Diagnostic(FAULT, f"{who} {verb} module {entry.module}", entry.first, hint)


def _deployed(subject: Subject, site: Site, release: Release) -> tuple[str, ...]:
    """Modules of a site; empty where that is unknown because something else is wrong."""
    if site.kind == "exchange" and site.target == "kubernetes":
        return ("osx",) if release.module == "osx" else ()
    return subject.modules(site)


def _of_modules(site: Site, release: Release) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Settings that belong to one module: path below the site, module, value as text to compare by."""
    for module, settings in site.components.items():
        yield ("components", module), module, repr(settings)
    for name, reference in site.credentials.items():
        module, key = _CREDENTIALS.get(name, (name, ""))
        if release.reads(FATE, key):
            yield ("credentials", name), module, repr(reference)
    if release.hosts.dialect != "fixed":
        for module, settings in site.ingress.hosts.items():
            yield ("ingress", module), module, repr(settings)


@lru_cache(maxsize=4096)
def releases_reading(chart: str, key: str) -> str:
    """The releases whose chart reads a key."""
    return releases_with(lambda release: release.reads(chart, key))
