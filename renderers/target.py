"""The targets: how a site's files are written and read back, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from planner.plan import Plan, PlannedSite
from renderers import charts, kubefate, kubernetes
from renderers.reading import Reading, Unreadable

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """What every target can do with the files of a site. Both functions are pure."""

    render: Callable[[Plan, PlannedSite], Files]
    read_back: Callable[[Files], Reading | Unreadable]


def _read_cluster_yaml(files: Files) -> Reading | Unreadable:
    text = files.get(kubefate.CLUSTER_FILE)
    if text is None:
        return Unreadable(kubefate.CLUSTER_FILE, "it is missing")
    return charts.read(text, kubefate.CLUSTER_FILE)


_KUBEFATE: Final = Target(kubefate.render, _read_cluster_yaml)
TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "kubefate": _KUBEFATE,
        "helm": _KUBEFATE,
        "kubernetes": Target(kubernetes.render, kubernetes.read_back),
    }
)
"""Targets that plan can write; helm takes the same cluster.yaml as KubeFATE's service, through the same template."""
