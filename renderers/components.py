"""The settings of single components in a cluster.yaml: placement, resources and volumes, in the words of a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from planner.chart_keys import BLOCKS, image_key
from planner.plan import PlannedServing, PlannedSite

STATEFUL: Final = frozenset(
    {
        *("mysql", "nodemanager", "python", "client", "pulsar", "namenode", "datanode"),
        *("servingServer", "servingRedis", "servingZookeeper"),
    }
)
"""Components that keep data in a volume."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What federation.yaml says of the components of one file, and what the file's chart can express.

    `scale_key` is the path of the number of workers, empty where nothing scales. `storage_class` is the cluster's.
    """

    components: Mapping[str, Mapping[str, Any]]
    persistence: bool
    storage: Mapping[str, str]
    storage_class: str | None
    scale_key: str
    reads: Callable[[str], bool]
    is_dead: Callable[[str], bool]

    def component(self, word: str) -> dict[str, Any]:
        """Placement, resources and volume of one component; empty where the chart's own may stand."""
        path = BLOCKS.get(word, word)
        settings = dict(self.components.get(word, {}))
        storage = dict(settings.pop("storage", {}))
        result: dict[str, Any] = {}
        if "replicas" in settings:
            above, _, key = self.scale_key.rpartition(".")
            result[key if above == path else "replicas"] = settings.pop("replicas")
        if "resources" in settings and not self.reads(f"{path}.resources") and self.reads(f"{path}.cpu"):
            result.update(_requests(settings.pop("resources")))
        for key in ("image", "imageTag"):
            if key in settings:
                result[image_key(path, key, self.reads)] = settings.pop(key)
        result.update(settings)
        if self.persistence and word in STATEFUL:
            storage = {**self._volume(word, path, storage), **storage}
        result.update(storage)
        return result

    def _volume(self, word: str, path: str, own: Mapping[str, str]) -> dict[str, str]:
        """The volume that all components of the file have in common, as far as this one's chart can express it."""
        shared = dict(self.storage)
        if self.storage_class is not None and "existingClaim" not in {**shared, **own}:
            shared.setdefault("storageClass", self.storage_class)
        shared.setdefault("subPath", word)
        return {
            key: value
            for key, value in shared.items()
            if self.reads(f"{path}.{key}") and not self.is_dead(f"{path}.{key}")
        }


def _requests(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """Spark's `cpu` and `memory` until v1.6.0-a, which its chart requests."""
    requests = resources.get("requests", {})
    return {key: requests[key] for key in ("cpu", "memory") if key in requests}


def of_training(planned: PlannedSite) -> Wanted:
    """The components of a party's training, or of an exchange."""
    site, release, chart = planned.site, planned.release, planned.chart
    return Wanted(
        components=site.components,
        persistence=site.persistence,
        storage=site.storage,
        storage_class=planned.cluster.storage_class,
        scale_key=planned.engine.scale_key if planned.engine is not None else "",
        reads=lambda path: release.reads(chart, path),
        is_dead=lambda path: release.is_dead(chart, path),
    )


def of_serving(planned: PlannedSite, serving: PlannedServing) -> Wanted:
    """The components of a site's FATE-Serving; those of a serving exchange stand where every exchange has them."""
    settings = serving.settings
    return Wanted(
        components=planned.site.components if planned.site.kind == "exchange" else settings.components,
        persistence=settings.persistence,
        storage=settings.storage,
        storage_class=planned.cluster.storage_class,
        scale_key="",
        reads=serving.release.reads,
        is_dead=serving.release.is_dead,
    )
