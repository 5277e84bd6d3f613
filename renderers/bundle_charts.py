"""The charts that go into a bundle: those of the site's installations, where they lie below federation.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from planner.checks.charts_elsewhere import charts_elsewhere
from planner.diagnostics import Diagnostic, Place
from planner.site_json import Installation
from renderers.archive import MOST_FILES
from renderers.cluster.clock import Deadline
from renderers.files import read_bounded
from renderers.helm.charts import Chart, find
from renderers.helm.program import Helm

_SECONDS: Final = 60.0
_MOST_BYTES: Final = 64 * 2**20
_KEPT: Final = ".helmignore"
"""The one hidden file of a chart that helm reads."""


@dataclass(frozen=True, slots=True)
class PackedCharts:
    """Files of charts by their path in the bundle, and the paths of the packages and charts themselves."""

    files: Mapping[str, bytes]
    shown: tuple[str, ...]


class _UnpackableError(ValueError):
    """Why something cannot be packed, as a clause."""


def packed_charts(
    site: str,
    installations: tuple[Installation, ...],
    source: str | None,
    base: Path,
    taken: frozenset[str],
    place: Place,
) -> PackedCharts | Diagnostic:
    """The charts of a site (its key) that lie on disk; none where they come from a repository.

    `source` is what site.json says, seen from `base`; `taken` are names at the top of the bundle that are taken.
    """
    if source is None or "://" in source or not installations:
        return PackedCharts({}, ())
    try:
        where = _inside(source, taken)
    except _UnpackableError as error:
        return charts_elsewhere(place, site, str(error))
    files: dict[str, bytes] = {}
    shown: dict[str, None] = {}
    helm = Helm("helm", (0, 0, 0), {})  # is not started: a chart on disk is found without it
    for each in installations:
        found = find(each.chart, each.version, str(where), base, helm, Deadline(_SECONDS), place)
        if isinstance(found, Diagnostic):
            return found
        try:
            path, contents = _packed(found, f"{each.chart}-{each.version}.tgz", where, base)
        except _UnpackableError as error:
            return charts_elsewhere(place, site, str(error))
        files |= contents
        shown[path] = None
    return PackedCharts(files, tuple(sorted(shown)))


def _inside(source: str, taken: frozenset[str]) -> PurePosixPath:
    """Where charts lie, as a path that means the same in the bundle."""
    path = PurePosixPath(source)
    if path.is_absolute() or "\\" in source:
        msg = f"{source} is no path below its folder"
        raise _UnpackableError(msg)
    if ".." in path.parts:
        msg = f"{source} climbs out of its folder"
        raise _UnpackableError(msg)
    if path.parts and path.parts[0] in taken:
        msg = f"{path.parts[0]} is the name of something else in a bundle"
        raise _UnpackableError(msg)
    return path


def _packed(chart: Chart, name: str, where: PurePosixPath, base: Path) -> tuple[str, Mapping[str, bytes]]:
    """The path of a chart in the bundle, and its files; a package in a folder gets its usual `name`."""
    if chart.package is not None:
        path = where if (base / where).is_file() else where / name
        return str(path), {str(path): chart.package}
    folder = chart.folder or base / where
    inner = folder.absolute().relative_to((base / where).absolute())
    path = where / PurePosixPath(inner.as_posix())
    if not path.parts:
        msg = "they are not in a folder of their own, but beside federation.yaml"
        raise _UnpackableError(msg)
    return str(path), dict(_read(folder, path))


def _read(folder: Path, path: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    """The files of a chart's folder, without hidden ones, in a settled order."""
    size = 0
    for number, entry in enumerate(_walked(folder)):
        data = read_bounded(entry)
        if isinstance(data, Diagnostic):
            raise _UnpackableError(data.message)
        size += len(data)
        if number >= MOST_FILES or size > _MOST_BYTES:
            msg = f"{path} is larger than a chart may be"
            raise _UnpackableError(msg)
        yield str(path / PurePosixPath(entry.relative_to(folder).as_posix())), data


def _walked(folder: Path) -> Iterator[Path]:
    try:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(".") and entry.name != _KEPT:
                continue
            if entry.is_symlink():
                msg = f"{entry.name} in it is a link"
                raise _UnpackableError(msg)
            if entry.is_dir():
                yield from _walked(entry)
            else:
                yield entry
    except OSError as error:
        msg = f"{folder.name} cannot be read: {error.strerror}"
        raise _UnpackableError(msg) from None
