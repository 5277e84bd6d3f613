"""A package of a chart looked at before it is handed to the service."""

from __future__ import annotations

import io
import tarfile
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from planner.checks.broken_chart_package import broken_chart_package
from planner.diagnostics import Diagnostic, Place
from renderers.kubefate_service.chart_packages import Package, package

_KEPT: Final = ("Chart.yaml", "values.yaml", "values-template.yaml", "values-template-example.yaml")
_TEMPLATES: Final = "templates"
_MOST_FILES: Final = 2000
_MOST_UNPACKED: Final = 64 * 2**20
_LONGEST: Final = 32
"""Characters of a version: a column of the service's database (`k8s-deploy/pkg/modules/helm_chart.go`)."""
_HARMLESS: Final = frozenset({"readme.md", "license", ".helmignore", "values.schema.json"})
"""Files that a chart works without."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A package that can be handed over, and the files in it that the service drops though charts may need them."""

    package: Package
    dropped: tuple[str, ...] = ()


def checked(path: Path) -> Upload | Diagnostic:
    """The package of a file; or why it is none that the service could use."""
    place = Place(document=str(path))
    if path.is_dir():
        return broken_chart_package(place, "it is a folder: pack it with `helm package` first")
    found = package(path)
    if isinstance(found, str):
        return broken_chart_package(place, found)
    if len(found.version) > _LONGEST:
        return broken_chart_package(place, f"its version is longer than {_LONGEST} characters")
    names = _names(found.data)
    if isinstance(names, str):
        return broken_chart_package(place, names)
    dropped = sorted({name.split("/")[0] for name in names if not _is_kept(name)})
    return Upload(found, tuple(dropped))


def _names(data: bytes) -> list[str] | str:
    """The files of a package below its one folder; or what is wrong with them, as a clause."""
    text = zlib.decompressobj(wbits=31).decompress(data, _MOST_UNPACKED)
    found: list[str] = []
    folders: set[str] = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(text), mode="r:") as archive:
            members = list(islice(archive, _MOST_FILES + 1))
    except (tarfile.TarError, ValueError):
        return "it is damaged"
    if len(members) > _MOST_FILES:
        return f"it has more than {_MOST_FILES} files"
    for member in members:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name:
            return "a file in it has a path that leads out of it"
        if not (member.isfile() or member.isdir()):
            return "it holds a link or a device"
        if path.parts:
            folders.add(path.parts[0])
        if member.isfile():
            found.append("/".join(path.parts[1:]))
    return found if len(folders) == 1 else "it holds more than the folder of one chart"


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith(f"{_TEMPLATES}/") or name.lower() in _HARMLESS
