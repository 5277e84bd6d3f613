"""`invoke bundle`: pack what an organisation needs of a federation, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from planner import site_json
from planner.checks.bundle_not_written import bundle_not_written
from planner.checks.charts_elsewhere import charts_elsewhere
from planner.diagnostics import Diagnostic
from planner.plan import Plan
from planner.plan_json import sha256
from renderers import out
from renderers.bundle_charts import packed_charts
from renderers.bundling import Bundle, bundle, reserved
from renderers.cluster.selection import Chosen, Wish, select, site_keys
from renderers.cluster_report import ERRORS, GOOD, USAGE, WORLD, Teller, Told
from renderers.files import read_bounded
from renderers.report import State, Step
from renderers.workspace import Workspace, workspace

NOTHING: Final = "nothing was packed"
FOLDER: Final = "bundles"
"""Where bundles are written, beside federation.yaml."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke bundle` as they were given."""

    file: str = "federation.yaml"
    out: str | None = None
    parties: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    everything: bool = False
    to: str = ""
    format_name: str = "text"

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant together, in one clause; empty when they can."""
        if self.everything and (self.parties or self.sites):
            return "--all means every site: do not name one beside it"
        return site_keys(self.parties, self.sites)[1]


@dataclass(frozen=True, slots=True)
class _Packed:
    """What became of one site: its bundle and where that is, or why there is none; `digest` is that of its folder."""

    site: str
    label: str
    digest: str
    path: Path | None = None
    data: bytes = b""
    files: int = 0
    is_new: bool = False
    diagnostic: Diagnostic | None = None
    is_refused: bool = False


def run_bundle(request: Request) -> tuple[str, int]:
    """The report of `invoke bundle` and its exit code."""
    space = workspace(request.file, request.out)
    mistake = request.mistake or space.mistake
    if mistake:
        return mistake, USAGE
    keys, _ = site_keys(request.parties, request.sites)
    selection = select(space, Wish(keys, request.everything, is_offline=True))
    teller = Teller("bundle", request.format_name, space, selection)
    plan = selection.plan
    if plan is not None and plan.is_scripted and not selection.has_errors:
        return teller.report(Told(_no_folders(plan), NOTHING)), ERRORS
    early = teller.early(NOTHING)
    if early is not None:
        return early
    to = Path(request.to) if request.to else space.file.parent / FOLDER
    packed = [_packed(each, space, to) for each in selection.chosen]
    found = [each.diagnostic for each in packed if each.diagnostic is not None]
    done = [each for each in packed if each.diagnostic is None]
    told = Told(
        list(_lines(done)),
        f"{len(done)} {'bundle' if len(done) == 1 else 'bundles'} in {to}" if done else NOTHING,
        [_step(each) for each in packed],
        {"bundle": {"bundles": [_data(each) for each in done]}},
        found,
    )
    is_wrong = any(each.diagnostic is not None and not each.is_refused for each in packed)
    code = ERRORS if is_wrong else WORLD if found else GOOD
    return teller.report(told), code


def _no_folders(plan: Plan) -> Sequence[str]:
    """Why there is nothing to hand over of a federation that is deployed by kube.cfg."""
    return (
        f"{plan.sites[0].release.name} is deployed by a script from one kube.cfg, which names every party's address",
        "so no site has a folder of its own that could be handed over; whoever runs the runbook knows all of them",
    )


def _packed(chosen: Chosen, space: Workspace, to: Path) -> _Packed:
    """One site packed and written; the same bytes are left alone."""
    folder, place = chosen.folder, chosen.places.of_site()
    start = _Packed(folder.key, folder.label, folder.digest)
    given = site_json.parse(folder.files[site_json.NAME].encode())
    source = given.charts if isinstance(given, site_json.Contents) else None
    charts = packed_charts(folder.key, folder.installations, source, space.file.parent, reserved(folder.key), place)
    if isinstance(charts, Diagnostic):
        return _failed(start, charts)
    made = bundle(replace(folder, charts=source), charts.files, charts.shown)
    try:
        data = made.packed()
    except ValueError as error:
        return _failed(start, charts_elsewhere(place, folder.key, str(error)))
    return _written(start, made, data, to)


def _written(start: _Packed, made: Bundle, data: bytes, to: Path) -> _Packed:
    path = to / made.file_name
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"the folder {to} cannot be made: {(error.strerror or 'error').lower()}"
        return _failed(start, bundle_not_written(str(to), reason), is_refused=True)
    is_new = read_bounded(path, len(data)) != data
    problem = out.write_atomic(path, data) if is_new else None
    if problem is not None:
        return _failed(start, bundle_not_written(str(path), problem.message), is_refused=True)
    return _Packed(start.site, start.label, start.digest, path, data, len(made.files), is_new)


def _failed(start: _Packed, diagnostic: Diagnostic, *, is_refused: bool = False) -> _Packed:
    return _Packed(start.site, start.label, start.digest, diagnostic=diagnostic, is_refused=is_refused)


def _lines(done: Sequence[_Packed]) -> Iterator[str]:
    """Which bundles there are, and the digests to tell their receivers."""
    if not done:
        return
    width = max(len(each.label) for each in done)
    for each in done:
        state = "written" if each.is_new else "unchanged"
        yield f"{each.label.ljust(width)}  {each.path}  {state}, {each.files} files, {_size(len(each.data))}"
        yield f"{' ' * width}  digest {each.digest}"
    yield ""
    yield "Tell each receiver the digest another way than you send the bundle: it proves the folder, for --digest."


def _size(number: int) -> str:
    return f"{-(-number // 1024):,} KiB"


def _step(each: _Packed) -> Step:
    if each.diagnostic is None:
        return Step(each.site, group="site")
    return Step(each.site, State.FAILED, each.diagnostic.message, "site")


def _data(each: _Packed) -> dict[str, Any]:
    return {
        "site": each.site,
        "path": str(each.path),
        "state": "written" if each.is_new else "unchanged",
        "digest": each.digest,
        "sha256": sha256(each.data),
        "files": each.files,
        "bytes": len(each.data),
    }
