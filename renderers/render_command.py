"""`invoke plan --render`: the final objects of every site that charts make, and the proof of the routes in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from planner.diagnostics import Diagnostic
from planner.plan import Plan, PlannedSite
from renderers import chart_objects
from renderers.chart_objects import Source
from renderers.cluster.clock import Deadline
from renderers.cluster.selection import Chosen, Selection, Wish, select
from renderers.cluster_report import ERRORS, GOOD, USAGE, WORLD, Teller, Told
from renderers.helm import program
from renderers.helm.program import Helm
from renderers.helm.site import RenderedPart, render_site
from renderers.out import write_atomic
from renderers.proving import prove
from renderers.reading import Reading, Unreadable
from renderers.report import State, Step
from renderers.target import Files, target_of
from renderers.workspace import workspace

NOTHING: Final = "nothing was rendered"
_NO_CHARTS: Final = (
    "no site says where its charts come from: target helm does, and for target kubefate `charts` or --charts"
)
_SECONDS: Final = 600.0
"""Seconds in which all charts must have been found and rendered."""


@dataclass(slots=True)
class _Run:
    """What was rendered so far: text and installation of each part by site, and what was found."""

    made: dict[str, tuple[RenderedPart, ...]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def run_render(file: str, out: str | None, format_name: str, *, goal: str, charts: str) -> tuple[str, int]:
    """The report of `invoke plan --render` and its exit code; `goal` is the folder that the objects are written to."""
    space = workspace(file, out)
    if space.mistake:
        return space.mistake, USAGE
    selection = select(space, Wish(everything=True, is_offline=True))
    teller = Teller("plan", format_name, space, selection)
    early = teller.early(NOTHING)
    if early is not None:
        return early
    wanted = [each for each in selection.chosen if _has_charts(each, charts)]
    if selection.plan is None or not wanted:
        return teller.report(Told((_NO_CHARTS,), NOTHING)), ERRORS
    helm = program.find(os.environ, wanted[0].places.of_site())
    run = _Run(diagnostics=[helm]) if isinstance(helm, Diagnostic) else _rendered(helm, wanted, charts)
    if any(found.is_error for found in run.diagnostics):
        code = WORLD if isinstance(helm, Diagnostic) else ERRORS
        return teller.report(Told(outcome=NOTHING, diagnostics=run.diagnostics)), code
    return _proved(teller, selection, selection.plan, run, Path(goal))


def _has_charts(chosen: Chosen, charts: str) -> bool:
    """Whether it is known where the charts of a site come from: through KubeFATE's service that need not be."""
    folder = chosen.folder
    return folder.target == "helm" or (folder.target == "kubefate" and bool(charts or folder.charts))


def _rendered(helm: Helm, wanted: Sequence[Chosen], charts: str) -> _Run:
    """Every site rendered, one after the other."""
    run, deadline = _Run(), Deadline(_SECONDS)
    for each in wanted:
        folder, place = each.folder, each.places.of_site()
        version = "" if folder.kubernetes is None else ".".join(map(str, folder.kubernetes))
        source = charts or folder.charts or ""
        parts, found = render_site(
            helm, folder.files, folder.installations, source, Path(), deadline, place, kubernetes=version
        )
        run.made[folder.key] = parts
        run.diagnostics += found
    return run


def _proved(teller: Teller, selection: Selection, plan: Plan, run: _Run, goal: Path) -> tuple[str, int]:
    """Prove the routes on what was rendered, and write it."""
    files = {each.folder.key: each.folder.files for each in selection.chosen}

    def read_back(planned: PlannedSite, its: Files) -> Sequence[Reading | Unreadable]:
        parts = run.made.get(planned.key)
        return target_of(planned).read_back(planned, its) if parts is None else [_read(each) for each in parts]

    proved = prove(plan, lambda planned: files[planned.key], read_back)
    found = [*run.diagnostics, *proved.diagnostics]
    steps = [Step(f"{proved.pairs} ordered pairs talk", State.PASSED, "", "routes")]
    if any(diagnostic.is_error for diagnostic in found):
        steps = [Step(f"{proved.pairs} ordered pairs talk", State.FAILED, "the findings say why", "routes")]
        return teller.report(Told((), "nothing was written", steps, diagnostics=found)), ERRORS
    for path, text in _paths(run.made, goal):
        problem = _written(path, text)
        if problem:
            return f"{path} cannot be written: {problem}", WORLD
    serving = f", and {proved.serving_pairs:,} of {proved.serving_pairs:,} for serving" if proved.serving_pairs else ""
    lines = [
        f"{plan.federation.name}: {proved.pairs:,} of {proved.pairs:,} routes proved on what the charts make{serving}",
        "",
        *_lines(run.made, goal),
    ]
    extra = {"rendered": [_data(key, part, goal) for key, parts in run.made.items() for part in parts]}
    return teller.report(Told(lines, "", steps, extra, found)), GOOD


def _read(part: RenderedPart) -> Reading | Unreadable:
    at = part.part.installation
    return chart_objects.read_objects(part.objects, Source(at.file, at.chart, at.version, at.namespace))


def _path(key: str, part: RenderedPart, goal: Path) -> Path:
    return goal / key / f"{part.part.installation.name}.yaml"


def _paths(made: Mapping[str, Sequence[RenderedPart]], goal: Path) -> Iterator[tuple[Path, str]]:
    for key, parts in made.items():
        yield from ((_path(key, part, goal), part.text) for part in parts)


def _written(path: Path, text: str) -> str:
    """Write one file; why that cannot be, as a clause, and empty when it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return str(error.strerror)
    problem = write_atomic(path, text.encode())
    return "" if problem is None else problem.message


def _lines(made: Mapping[str, Sequence[RenderedPart]], goal: Path) -> Iterator[str]:
    rows = [(key, part) for key, parts in made.items() for part in parts]
    width = max(len(key) for key, _ in rows)
    for key, part in rows:
        at = part.part.installation
        yield f"{key.ljust(width)}  {at.chart} {at.version}: {len(part.objects)} objects in {_path(key, part, goal)}"


def _data(key: str, part: RenderedPart, goal: Path) -> dict[str, object]:
    at = part.part.installation
    return {
        "site": key,
        "chart": at.chart,
        "version": at.version,
        "objects": len(part.objects),
        "file": str(_path(key, part, goal)),
    }
