"""What a kube.cfg can say: one of it, with one .env, describes all sites of a federation of v1.2.0 or v1.3.0.

Both are read by create-helm-deploy.sh, which makes a chart for every site; what is left is said to `helm install`.
Source: reference cluster-yaml.md section 4.4, helm-direct.md section 8; the keys stand in the releases' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.model import Site
from planner.releases import FATE, KUBE_CFG, Release
from planner.subject import Subject

SELECTED: Final = ("federation", "metaService", "mysql", "proxy", "python", "redis", "roll")
"""Modules whose nodes kube.cfg can choose; eggs are chosen with their list."""
_OF_BOTH: Final = {"registry": (".env", "RegistryURI"), "imageTag": (".env", "TAG")}
_OF_A_PARTY: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        **_OF_BOTH,
        "nfspath": ("helm", "nfspath"),
        "dmz": (KUBE_CFG, "proxyIpList"),
        "egg.replicas": (KUBE_CFG, "eggList"),
        "egg.nodeSelector": (KUBE_CFG, "eggList"),
        "egg.nodeSelectors": (KUBE_CFG, "eggList"),
        **{f"{module}.nodeSelector": (KUBE_CFG, module) for module in SELECTED},
    }
)
"""Settings, as the charts of later releases call them, and the file and key that stand for them here."""


def scripted_sites(subject: Subject) -> tuple[Site, ...]:
    """The sites that kube.cfg describes, parties first."""
    return tuple(site for site, release in subject.parties_first() if release.is_scripted)


def expresses(release: Release, chart: str, key: str) -> bool:
    """Whether kube.cfg, .env or `helm install` has something for a chart's key, in a party (chart fate) or exchange."""
    counterpart = (_OF_A_PARTY if chart == FATE else _OF_BOTH).get(key)
    return counterpart is not None and release.reads(*counterpart)


def placement(site: Site) -> Mapping[str, tuple[Mapping[str, str], ...]]:
    """The node selectors of a party's modules that kube.cfg has, by module: one of each, and one for every egg."""
    found = {module: (site.components.get(module, {}).get("nodeSelector", {}),) for module in SELECTED}
    eggs = site.components.get("egg", {})
    chosen = tuple(eggs.get("nodeSelectors", ())) or (eggs.get("nodeSelector", {}),)
    return {**found, "egg": chosen * eggs.get("replicas", 1) if len(chosen) == 1 else chosen}
