"""Host names of a party's user interfaces: given in federation.yaml, derived, or the chart's own.

Charts up to v1.5.0 fix them, those up to v1.6.0 take one host per interface, later ones take lists
(v1.11.2:helm-charts/FATE/values-template.yaml `ingress`; INV-NS-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.model import Site
from planner.releases import Release

INTERFACES: Final[Mapping[str, str]] = MappingProxyType({"fateboard": "fateboard", "client": "notebook"})
"""The user interfaces of an eggroll party: component, and its word in a derived host name."""


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
