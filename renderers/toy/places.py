"""In which container of a site the toy example is started."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.releases import Toy, ToyPlace
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import of_site

_OURS: Final = "fateflow"
"""FATE-Flow's container where it is not called as in the charts of old releases: in our own manifests."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A container that runs."""

    namespace: str
    pod: str
    container: str
    place: ToyPlace


def planned_places(toy: Toy, modules: Collection[str]) -> tuple[ToyPlace, ...]:
    """The places that a site of these modules has, best first."""
    return tuple(place for place in toy.places if place.name in modules)


def spot(api: Api, folder: SiteFolder, places: Sequence[ToyPlace], deadline: Deadline) -> Spot | None:
    """The best container that is ready; None where there is none. Raises ApiError."""
    namespace = folder.namespaces["training"]
    pods = api.list("v1", "Pod", namespace, deadline, labels=of_site(folder))
    for place in places:
        name = re.compile(rf"{re.escape(place.name)}-(?:\d+|[a-z0-9]+-[a-z0-9]+)")
        for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
            if name.fullmatch(str(pod["metadata"]["name"])) and not pod["metadata"].get("deletionTimestamp"):
                ready = set(_ready(pod))
                found = next((each for each in (place.container, _OURS) if each in ready), None)
                if found is not None:
                    return Spot(namespace, pod["metadata"]["name"], found, place)
    return None


def _ready(pod: Mapping[str, Any]) -> Iterator[str]:
    """The containers of a pod that are ready."""
    for each in (pod.get("status") or {}).get("containerStatuses") or ():
        if each.get("ready"):
            yield str(each.get("name"))
