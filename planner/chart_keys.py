"""Which key of the chart, or which fact about a release, expresses each setting of federation.yaml.

The charts grew over the years, so a setting may have a key in one release and none in another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from planner.diagnostics import KeyPath
from planner.model import Ingress, Site
from planner.releases import FATE, Release

_DOMAIN: Final = Ingress().domain
_CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = {
    "mysql": ("mysql", "mysql.password"),
    "fateboard": ("fateboard", "fateboard.password"),
    "notebook": ("client", "client.notebook_hashed_password"),
}
"""Keys of `credentials`: the module that has the login, and the chart's key for its password."""


class Setting(NamedTuple):
    """A setting that somebody gave: its path below the site, and what the chart must read to express it.

    `key` gives the chart's key at a release, or says outright whether that release can.
    """

    path: KeyPath
    key: Callable[[Release], str | bool]
    name: str = ""


def settings_of(site: Site, release: Release, modules: Collection[str]) -> Iterator[Setting]:
    """Every setting of a site that some release cannot express."""
    if site.exposure.type == "LoadBalancer":
        yield Setting(("exposure",), lambda other: f"{other.module}.loadBalancerIP", "a load balancer's address")
    if site.polling is not None:
        yield Setting(("polling",), lambda other: f"{other.module}.polling.enabled")
    if site.upstream is not None:
        yield Setting(("upstream",), lambda other: f"{other.module}.exchange.ip")
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
            yield Setting((name,), _always(key), "an external MySQL" if name == "mysql" else "")
    if site.kind == "exchange" and site.target == "kubernetes" and "overrides" in site.given:
        yield Setting(("overrides",), _always(key=False))
    for name, (_, key) in _CREDENTIALS.items():
        if name in site.credentials:
            yield Setting(("credentials", name), _always(key))
    yield from _ingress(site.ingress, release, modules)
    for module, settings in site.components.items():
        if module in modules or (module == "osx" and site.target == "kubernetes"):
            yield from _component(module, settings)


def _always(key: str | Literal[False]) -> Callable[[Release], str | bool]:
    """The same key, or the same answer, at every release."""
    return lambda _: key


def _ingress(ingress: Ingress, release: Release, modules: Collection[str]) -> Iterator[Setting]:
    """Settings of the user interfaces: none before v1.5.0-b, one host for each until v1.6.1."""
    given = ingress.domain != _DOMAIN or ingress.ingress_class is not None or bool(ingress.hosts)
    if given and release.hosts.dialect == "fixed":
        yield Setting(("ingress",), lambda other: other.hosts.dialect != "fixed")
        return
    if ingress.domain != _DOMAIN:
        yield Setting(("ingress", "domain"), _has_ingress)
    if ingress.ingress_class is not None:
        yield Setting(("ingress", "class"), _always("ingressClassName"))
    for name, settings in ingress.hosts.items():
        if name not in modules:
            continue
        for key in ("tlsSecret", "annotations"):
            if key in settings:
                yield Setting(("ingress", name, key), _has_ingress)
        if len(settings.get("hosts", ())) > 1:
            yield Setting(("ingress", name, "hosts"), _has_ingress, f"several hosts of {name}")


def _has_ingress(release: Release) -> bool:
    return release.hosts.dialect == "ingress"


def _component(module: str, settings: Mapping[str, Any]) -> Iterator[Setting]:
    for key in settings:
        if key == "replicas":
            yield Setting(("components", module, key), lambda release: _replicas(module, release))
        elif key != "storage":
            yield Setting(("components", module, key), _always(f"{module}.{key}"))
    for key in settings.get("storage", ()):
        yield Setting(("components", module, "storage", key), _always(f"{module}.{key}"))


def _replicas(module: str, release: Release) -> str:
    """The chart's key for the number of a module's pods: `nodemanager.count` until v1.8.1."""
    scale = next((engine.scale_key for engine in release.engines if engine.scale_key.startswith(f"{module}.")), None)
    return scale or f"{module}.replicas"


def module_settings(site: Site, release: Release) -> Iterator[tuple[KeyPath, str, str]]:
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
