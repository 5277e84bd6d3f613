"""Keys that sites write in the chart's own words, under `overrides` and `components`: walked, and looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from planner.diagnostics import KeyPath
from planner.model import Site
from planner.releases import Release
from planner.subject import Subject
from planner.wording import shown


class Node(NamedTuple):
    """A key under `overrides`: its path below there, in the chart's words, and what is wrong with it, if anything."""

    path: KeyPath
    dotted: str
    misfit: str | None


def overriding_sites(subject: Subject) -> Iterator[tuple[Site, Release, str]]:
    """Sites with overrides, their release and the chart that is to read them; parties first."""
    for site, release in subject.parties_first():
        chart = subject.chart(site) if site.overrides else None
        if chart is not None:
            yield site, release, chart


def value_at(tree: object, path: Iterable[str | int]) -> object:
    """What stands at a path of keys; None where there is nothing."""
    for step in path:
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def nodes(overrides: Mapping[str, object], release: Release, chart: str) -> Iterator[Node]:
    """The keys under `overrides` that the chart gives a meaning to, and the first that it does not on each branch.

    What lies inside a free-form map or list is the chart's user's own business and not visited.
    """
    for key, value in overrides.items():
        if str(key) not in release.kubefate.keys:
            yield from _below(value, release, chart, (key,), str(key))


def _below(value: object, release: Release, chart: str, path: KeyPath, dotted: str) -> Iterator[Node]:
    kind = release.kind(chart, dotted)
    name = str(path[-1])
    if kind is None or "." in name or "[" in name:
        yield Node(path, dotted, f"does not read {shown(dotted)}")
    elif kind == "keys" and isinstance(value, Mapping):
        yield Node(path, dotted, None)
        for key, item in value.items():
            yield from _below(item, release, chart, (*path, key), f"{dotted}.{key}")
    elif kind == "items" and isinstance(value, list | tuple):
        yield Node(path, dotted, None)
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                for key, inner in item.items():
                    yield from _below(inner, release, chart, (*path, index, key), f"{dotted}[*].{key}")
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
