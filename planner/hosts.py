"""Host names of a site's user interfaces: given in federation.yaml, derived, or the chart's own.

Charts up to v1.5.0 fix them, those up to v1.6.0 take one host per interface, later ones take lists
(v1.11.2:helm-charts/FATE/values-template.yaml `ingress`; INV-NS-4). FATE-Serving's took one host per interface until
v2.0.4 (cluster-yaml.md section 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.model import Site
from planner.releases import Release, ServingRelease

INTERFACES: Final[Mapping[str, str]] = MappingProxyType(
    {"fateboard": "fateboard", "client": "notebook", "spark": "spark", "rabbitmq": "rabbitmq", "pulsar": "pulsar"}
)
"""The user interfaces of a party: module, and its word in a derived host name."""
SERVING_INTERFACES: Final[Mapping[str, str]] = MappingProxyType(
    {"servingProxy": "serving-proxy", "servingAdmin": "serving-admin"}
)
"""Those of FATE-Serving: the proxy's HTTP port, and the administration console."""


def interface_hosts(site: Site, release: Release, modules: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Host names of a site's user interfaces by component, for the components it deploys.

    A component without given hosts has `party<id>.<word>.<domain>`; where the chart fixes the names, the chart's own,
    which hold the party id. Empty for an exchange.
    """
    if site.kind == "exchange" or site.id is None:
        return {}
    own = {name: host.replace("{party}", str(site.id)) for name, host in release.hosts.defaults}
    result: dict[str, tuple[str, ...]] = {}
    for component, word in INTERFACES.items():
        if component not in modules:
            continue
        hosts = given_hosts(site, component) or (f"party{site.id}.{word}.{site.ingress.domain}",)
        if release.hosts.dialect == "ingress":
            result[component] = hosts
        elif release.hosts.dialect == "host":
            result[component] = hosts[:1]
        elif component in own:
            result[component] = (own[component],)
    return result


def given_hosts(site: Site, component: str) -> tuple[str, ...]:
    """The hosts that federation.yaml gives a component of a site; empty when it gives none."""
    settings = site.ingress.hosts.get(component)
    return () if settings is None else tuple(settings.get("hosts", ()))


def serving_hosts(site: Site, chart: ServingRelease, modules: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Host names of the interfaces of a site's FATE-Serving by module, for the modules it deploys.

    A module without given hosts has `party<id>.<word>.<domain>`, that of an exchange `<its key>.<word>.<domain>`.
    Empty without FATE-Serving, and where the chart has no key for a module's host.
    """
    if site.serving is None:
        return {}
    ingress = site.serving.ingress
    owner = site.key if site.kind == "exchange" else f"party{site.id}"
    result: dict[str, tuple[str, ...]] = {}
    for module, word in SERVING_INTERFACES.items():
        key = chart.hosts.key(module)
        if module not in modules or key is None or not chart.reads(key):
            continue
        hosts = tuple(ingress.hosts.get(module, {}).get("hosts", ())) or (f"{owner}.{word}.{ingress.domain}",)
        result[module] = hosts if chart.hosts.dialect == "ingress" else hosts[:1]
    return result
