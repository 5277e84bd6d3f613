"""Keys that sites write in the chart's own words, under `overrides` and `components`: walked, and looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from planner.diagnostics import KeyPath
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.releases import Release, ServingRelease
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject, exchange_chart, site_modules
from planner.wording import shown


class Node(NamedTuple):
    """A key under `overrides`: its path below there, in the chart's words, and what is wrong with it, if anything."""

    path: KeyPath
    dotted: str
    misfit: str | None


@dataclass(frozen=True, slots=True)
class Overridden:
    """The overrides of one file of a site, and the chart that is to read them.

    `path` is where they stand below the site. `reader` is the release that knows the chart's keys, `modules` are those
    the file deploys, and `kept` the keys that KubeFATE's service takes for itself.
    """

    site: Site
    path: tuple[str, ...]
    overrides: Mapping[str, object]
    chart: str
    version: str
    reader: Release | ServingRelease
    modules: tuple[str, ...]
    kept: tuple[str, ...]

    def kind(self, dotted: str) -> str | None:
        """The type of a key of the chart; None where it has no such key."""
        if isinstance(self.reader, ServingRelease):
            return self.reader.kind(dotted)
        return self.reader.kind(self.chart, dotted)

    def reads(self, dotted: str) -> bool:
        """Whether the chart reads a key."""
        if isinstance(self.reader, ServingRelease):
            return self.reader.reads(dotted)
        return self.reader.reads(self.chart, dotted)

    def is_dead(self, dotted: str) -> bool:
        """Whether the chart reads a key and makes nothing of it."""
        if isinstance(self.reader, ServingRelease):
            return self.reader.is_dead(dotted)
        return self.reader.is_dead(self.chart, dotted)


def overridden(subject: Subject) -> Iterator[Overridden]:
    """Every file that overrides are merged into, parties first.

    A kube.cfg has none (FED616), and neither have manifests of fedplan's own (FED627).
    """
    for site, release in subject.parties_first():
        if release.is_scripted or has_manifests(site):
            continue
        kept = release.kubefate.keys
        serving = serving_release(site, release)
        if site.overrides and site.kind == "exchange" and site.serving is not None:
            if serving is not None:
                modules = serving_modules(site, release)
                yield Overridden(
                    site, ("overrides",), site.overrides, serving.chart, serving.version, serving, modules, kept
                )
        elif site.overrides:
            chart = subject.chart(site)
            if chart is not None:
                version, modules = release.chart.version, site_modules(site, release, subject.topology)
                if site.kind == "exchange":
                    found = exchange_chart(site, release, subject.topology)
                    version = version if found is None else found.version
                yield Overridden(site, ("overrides",), site.overrides, chart, version, release, modules, kept)
        if site.kind == "party" and site.serving is not None and site.serving.overrides and serving is not None:
            path, modules = ("serving", "overrides"), serving_modules(site, release)
            yield Overridden(site, path, site.serving.overrides, serving.chart, serving.version, serving, modules, kept)


def value_at(tree: object, path: Iterable[str | int]) -> object:
    """What stands at a path of keys; None where there is nothing."""
    for step in path:
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def nodes(file: Overridden) -> Iterator[Node]:
    """The keys under `overrides` that the chart gives a meaning to, and the first that it does not on each branch.

    What lies inside a free-form map or list is the chart's user's own business and not visited.
    """
    for key, value in file.overrides.items():
        if str(key) not in file.kept:
            yield from _below(value, file, (key,), str(key))


def _below(value: object, file: Overridden, path: KeyPath, dotted: str) -> Iterator[Node]:
    kind = file.kind(dotted)
    name = str(path[-1])
    if kind is None or "." in name or "[" in name:
        yield Node(path, dotted, f"does not read {shown(dotted)}")
    elif kind == "keys" and isinstance(value, Mapping):
        yield Node(path, dotted, None)
        for key, item in value.items():
            yield from _below(item, file, (*path, key), f"{dotted}.{key}")
    elif kind == "items" and isinstance(value, list | tuple):
        yield Node(path, dotted, None)
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                for key, inner in item.items():
                    yield from _below(inner, file, (*path, index, key), f"{dotted}[*].{key}")
            else:
                yield Node((*path, index), f"{dotted}[*]", f"takes a mapping as each item of {dotted}")
    else:
        yield Node(path, dotted, _shape(kind, value, dotted))


def _shape(kind: str, value: object, dotted: str) -> str | None:
    """What the chart takes at a key, if that is not what stands there; null is fine, it takes the key away."""
    if value is None or kind == "any":
        return None
    if kind in {"keys", "map"}:
        return None if isinstance(value, Mapping) else f"takes a mapping at {dotted}"
    if kind in {"items", "list"}:
        return None if isinstance(value, list | tuple) else f"takes a list at {dotted}"
    return f"takes a single value at {dotted}" if isinstance(value, Mapping | list | tuple) else None
