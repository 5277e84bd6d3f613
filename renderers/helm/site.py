"""The installations of a site: each file of its folder with its chart, and what comes out of the two.

`render_site` is what `plan --render` needs: it asks no cluster, and secrets stay places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.checks.unread_secret import unread_secret
from planner.checks.values_refused import not_yaml
from planner.diagnostics import Diagnostic, Place
from planner.site_json import Installation
from renderers.cluster.clock import Deadline
from renderers.helm import charts
from renderers.helm.charts import Chart
from renderers.helm.program import Helm
from renderers.helm.rendering import Rendered, render
from renderers.helm.values import ChartValues, chart_values, cluster_data


@dataclass(frozen=True, slots=True)
class Part:
    """One installation ready to be rendered: its file's data, its chart, and the values that this makes of it."""

    installation: Installation
    data: Mapping[str, Any] = field(repr=False)
    chart: Chart
    values: ChartValues = field(repr=False)


@dataclass(frozen=True, slots=True)
class RenderedPart:
    """The objects of one installation, with places in the place of secrets, as text and as objects."""

    part: Part
    text: str = field(repr=False)
    objects: tuple[dict[str, Any], ...] = field(repr=False)


def parts(
    helm: Helm,
    files: Mapping[str, str],
    installations: Sequence[Installation],
    source: str,
    base: Path,
    deadline: Deadline,
    place: Place,
) -> tuple[tuple[Part, ...], tuple[Diagnostic, ...]]:
    """Every installation with its chart and values, and what was found; those with an error are left out.

    `source` says where charts come from (empty: the public repository); `base` is the folder it is relative to.
    """
    made: list[Part] = []
    found: list[Diagnostic] = []
    for each in installations:
        part = _part(helm, files.get(each.file, ""), each, source, base, deadline, place)
        if isinstance(part, Diagnostic):
            found.append(part)
            continue
        made.append(part)
        told = f"{part.chart.name} {part.chart.version}"
        found += [unread_secret(place, told, ".".join(map(str, path))) for path in part.values.unread]
    return tuple(made), tuple(found)


def _part(
    helm: Helm, text: str, installation: Installation, source: str, base: Path, deadline: Deadline, place: Place
) -> Part | Diagnostic:
    told = f"{installation.chart} {installation.version}"
    data = cluster_data(text)
    if isinstance(data, str):
        return not_yaml(place, told, f"{installation.file}: {data}")
    chart = charts.find(installation.chart, installation.version, source, base, helm, deadline, place)
    if isinstance(chart, Diagnostic):
        return chart
    values = chart_values(helm, chart, data, deadline, place)
    return values if isinstance(values, Diagnostic) else Part(installation, data, chart, values)


def render_part(
    helm: Helm, part: Part, data: Mapping[str, Any] | None, deadline: Deadline, place: Place, *, kubernetes: str = ""
) -> Rendered | Diagnostic:
    """The objects of an installation. `data` is its file with what stands for secrets; None keeps the plain words."""
    values = part.values.tree if data is None else part.values.filled(data)
    where = part.installation
    return render(helm, part.chart, where.name, where.namespace, values, deadline, place, kubernetes=kubernetes)


def render_site(
    helm: Helm,
    files: Mapping[str, str],
    installations: Sequence[Installation],
    source: str,
    base: Path,
    deadline: Deadline,
    place: Place,
    *,
    kubernetes: str = "",
) -> tuple[tuple[RenderedPart, ...], tuple[Diagnostic, ...]]:
    """The final objects of a site, with secrets as places, and what was found. No cluster is asked."""
    made, found = parts(helm, files, installations, source, base, deadline, place)
    done: list[RenderedPart] = []
    diagnostics = list(found)
    for part in made:
        rendered = render_part(helm, part, part.data, deadline, place, kubernetes=kubernetes)
        if isinstance(rendered, Diagnostic):
            diagnostics.append(rendered)
            continue
        done.append(RenderedPart(part, rendered.text, (*rendered.objects, *rendered.hooks)))
    return tuple(done), tuple(diagnostics)
