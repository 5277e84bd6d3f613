"""Keys that have no effect: nobody reads them, or nothing comes of them (reference: cluster-yaml.md section 1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from planner.diagnostics import KeyPath
from planner.releases import ServingRelease
from renderers.charts.spec import Chart

_CLI_KEYS = frozenset(("name", "namespace", "chartName", "chartVersion", "skippedKeys"))
"""Keys that KubeFATE itself consumes, whatever the chart (cluster-yaml.md 4.1); those of FATE's charts are recorded."""
_CHART_KEYS = frozenset(("chartName", "version"))
"""Keys by which a file for the legacy charts may name its chart, as KubeFATE's guide and later services do."""


def dropped(data: Mapping[str, Any], chart: Chart) -> Iterator[KeyPath]:
    """The paths of the keys that no template reads."""
    for path, dotted in _leaves(data, (), "", chart):
        if _is_lost(chart, dotted):
            yield path


@lru_cache(maxsize=65536)
def _is_lost(chart: Chart, dotted: str) -> bool:
    """Whether nobody reads a key: neither KubeFATE itself nor a template of the chart."""
    release = chart.release
    key = dotted.partition(".")[0]
    if isinstance(release, ServingRelease):
        is_consumed = key in _CLI_KEYS
    else:
        is_consumed = key in release.kubefate.keys or (release.generation == "legacy" and key in _CHART_KEYS)
    return not is_consumed and not chart.reads(dotted)


def _leaves(value: object, path: KeyPath, dotted: str, chart: Chart) -> Iterator[tuple[KeyPath, str]]:
    """The values of a file with their paths; not those below a free-form mapping or list that is read as a whole."""
    if isinstance(value, dict) and value:
        if chart.kind(dotted) == "map" and chart.reads(dotted):
            return
        for key, item in value.items():
            yield from _leaves(item, (*path, key), f"{dotted}.{key}" if dotted else str(key), chart)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        shapes = {tuple(item) for item in value if isinstance(item, dict)}
        for shape in sorted(shapes, key=repr):
            index = next(i for i, item in enumerate(value) if isinstance(item, dict) and tuple(item) == shape)
            for key in shape:
                yield from _leaves(value[index][key], (*path, index, key), f"{dotted}[*].{key}", chart)
    else:
        yield path, dotted
