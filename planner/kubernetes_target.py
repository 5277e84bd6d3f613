"""What target `kubernetes` offers: releases, engines, exchanges and settings that fedplan writes manifests for itself.

Everything here is data about `renderers/kubernetes`; the checks ask it, and so does whoever writes the manifests.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from planner.model import Site
    from planner.releases import Engine, Release

TARGET: Final = "kubernetes"
COMPONENT_LABEL: Final = "app.kubernetes.io/name"
MANAGER_LABEL: Final = "app.kubernetes.io/managed-by"
SITE_LABEL: Final = "fedplan/site"
FEDERATION_LABEL: Final = "fedplan/federation"
PART_LABEL: Final = "fedplan/part"
"""Labels by which apply knows again what is written for a component of a site, and in which half (part) it is."""
CONFIG_MARK: Final = "fedplan/config-sha256"
"""Annotation of a pod: changes when a file changes that its programs read only when they start."""
SECRETS_MARK: Final = "fedplan/secrets"
"""Annotation of a pod, made by apply: which versions of its Secrets it was started with."""
RESTART_MARK: Final = "fedplan/restart"
"""Annotation of a pod, made by apply: changes when it must start again although nothing in it has."""
MINIMUM: Final = (1, 20)
"""The oldest Kubernetes that the manifests are written for (renderers/kubernetes/apis.yaml)."""
SERVING: Final = "v2.1.6"
"""The one release of FATE-Serving that there are manifests for."""

_ENGINES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "v1.11.2": ("eggroll", "spark_rabbitmq", "spark_pulsar", "spark_local_rabbitmq", "spark_local_pulsar"),
        "v2.0.0": ("eggroll", "spark_rabbitmq", "standalone_rabbitmq"),
    }
)
"""The engines that are offered, by release."""
_EXCHANGES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "v1.11.2": {"rollsite": ("rollsite",), "trafficServer": ("trafficServer", "nginx"), "servingProxy": ()},
        "v2.0.0": {"osx": ("osx",), "servingProxy": ()},
    }
)
"""The kinds of exchanges that are offered, by release, with the modules of each (servingProxy: those of its chart)."""

_SCALED: Final = frozenset({"nodemanager", "sparkWorker", "datanode", "servingServer", "servingProxy"})
"""Components that may have several pods; of any other there is one, and two would not know of each other."""
_KEEPING: Final = frozenset(
    {
        "mysql", "python", "client", "nodemanager", "rabbitmq", "pulsar", "namenode", "datanode",
        "servingServer", "servingRedis", "servingZookeeper",
    }
)  # fmt: skip
"""Components that have a volume where a site keeps its data (components.md sections 2 to 6 and 12, number 16)."""
_PODS: Final[Mapping[str, int]] = MappingProxyType({"datanode": 3, "sparkWorker": 2})
"""How many pods a component has where nothing is said, if it is more than one."""
_ALWAYS: Final = frozenset({"resources", "nodeSelector", "tolerations", "affinity", "image", "imageTag"})
"""What every component can be told."""


def has_manifests(site: Site) -> bool:
    """Whether a site is deployed from fedplan's own manifests, and not from a chart of KubeFATE."""
    return site.target == TARGET


def offered_releases() -> tuple[str, ...]:
    """The releases that are offered, oldest first."""
    return tuple(_ENGINES)


def offers_release(release: Release) -> bool:
    """Whether there are manifests for sites of a release."""
    return release.name in _ENGINES


def offered_engines(release: Release) -> tuple[str, ...]:
    """The engines that there are manifests for, as federation.yaml calls them; none of a release not offered."""
    return _ENGINES.get(release.name, ())


def offered_exchanges(release: Release) -> tuple[str, ...]:
    """The kinds of exchanges that there are manifests for; none of a release not offered."""
    return tuple(_EXCHANGES.get(release.name, {}))


def exchange_modules(kind: str, release: Release) -> tuple[str, ...]:
    """The modules of an exchange for training; none for a kind that is not offered."""
    return _EXCHANGES.get(release.name, {}).get(kind, ())


def is_own(engine: Engine, release: Release) -> bool:
    """Whether no chart of a release deploys an engine, so that only target `kubernetes` has it."""
    return engine in release.own_engines


def offers_setting(component: str, key: str, value: Any) -> bool:
    """Whether a component can be told `key: value` under `components`."""
    if key == "replicas":
        return value == 1 or component in _SCALED
    if key == "storage":
        return component in _KEEPING
    if key == "sessionProcessorsPerNode":
        return component == "nodemanager"
    return key in _ALWAYS


def pods_of(component: str, settings: Mapping[str, Any]) -> int:
    """How many pods a component has with these settings."""
    wanted: int = settings.get("replicas", _PODS.get(component, 1))
    return wanted


def component_keys(component: str) -> tuple[str, ...]:
    """The keys under `components` that a component can be told, sorted."""
    scaled = {"replicas"} if component in _SCALED else set()
    keeping = {"storage"} if component in _KEEPING else set()
    processors = {"sessionProcessorsPerNode"} if component == "nodemanager" else set()
    return tuple(sorted(_ALWAYS | scaled | keeping | processors))
