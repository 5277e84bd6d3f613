"""One cluster.yaml on its way: its data, the chart it names, and what was remarked about it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.diagnostics import KeyPath
from planner.lookup import Endpoint
from planner.releases import ChartDefault, Release, ServingRelease
from renderers.reading import Remark
from renderers.values import endpoint_of_text, mapping


@dataclass(frozen=True, slots=True)
class Chart:
    """A published chart, told by the keys it knows. Charts of one name and release are equal."""

    name: str
    version: str
    release: Release | ServingRelease

    def reads(self, path: str) -> bool:
        """Whether a template of the chart makes something of a key."""
        release = self.release
        if isinstance(release, ServingRelease):
            return release.reads(path) and not release.is_dead(path)
        return release.reads(self.name, path) and not release.is_dead(self.name, path)

    def kind(self, path: str) -> str | None:
        """The type of a key, `keys` or `items` for one that holds others, None for an unknown one."""
        release = self.release
        return release.kind(path) if isinstance(release, ServingRelease) else release.kind(self.name, path)

    def default(self, key: str) -> str | None:
        """The value that goes live through KubeFATE's service where a key is left out; None where there is none."""
        defaults: tuple[ChartDefault, ...] = self.release.defaults
        return next((each.value for each in defaults if each.key == key and "service" in each.through), None)


@dataclass(frozen=True, slots=True)
class Spec:
    """A cluster.yaml that a chart takes.

    `party` is its id as it reaches FATE, 0 where it is none. `modules` are all that are named, whether the chart knows
    them or not.
    """

    data: Mapping[str, Any]
    chart: Chart
    party: int
    modules: tuple[str, ...]
    remarks: list[Remark] = field(default_factory=list)

    def has(self, module: str) -> bool:
        """Whether the chart deploys a module: it is named, and the chart knows it."""
        return module in self.modules and self.chart.kind(module) is not None

    def block(self, *path: str) -> Mapping[Any, Any]:
        """The mapping at a path; empty where there is none, or where the chart does not look."""
        return mapping(self.value(*path))

    def value(self, *path: str) -> Any:
        """What is written at a path; None where nothing is, or where the chart does not look."""
        if self.chart.kind(".".join(path)) is None:
            return None
        found: Any = self.data
        for key in path:
            found = mapping(found).get(key)
        return found

    def remark(self, path: KeyPath, message: str) -> None:
        """Add a remark."""
        self.remarks.append(Remark(path, message))

    def default(self, key: str) -> Endpoint | None:
        """The chart's own endpoint for a key that is left out; None where it has none."""
        text = self.chart.default(key)
        return None if text is None else endpoint_of_text(text)
