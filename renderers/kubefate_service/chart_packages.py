"""Charts on this machine, for services that cannot download them: a package, a folder of packages, or a chart itself.

What is handed over is always a package (.tgz): an unpacked chart is packed, each file under the chart's name. The
service keeps Chart.yaml, values.yaml, values-template(.example).yaml and templates/ of it and drops the rest
(service-api.md section 8).
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from planner.diagnostics import Diagnostic
from renderers.files import read_bounded
from renderers.sound_yaml import UnsoundYamlError, documents

CHART: Final = "Chart.yaml"
TEMPLATE: Final = "values-template.yaml"
_MOST_BYTES: Final = 16 * 2**20
_MOST_UNPACKED: Final = 64 * 2**20
_MOST_FILES: Final = 2000


@dataclass(frozen=True, slots=True)
class Package:
    """A chart as a package: its name and version as its Chart.yaml says them, and where it was found."""

    name: str
    version: str
    path: Path
    data: bytes = field(repr=False)

    @property
    def file(self) -> str:
        """The name under which it is handed over."""
        return f"{self.name}-{self.version}.tgz"


def package_of(charts: str | None, name: str, version: str) -> Package | str:
    """The package of a chart, or why there is none here, as a clause; empty where no folder or file was named."""
    if not charts or "://" in charts:
        return ""
    path = Path(charts)
    if not path.exists():
        return f"{path} does not exist"
    problem = ""
    for each in _candidates(path):
        found = package(each)
        if isinstance(found, str):
            problem = problem or f"{each}: {found}"
        elif (found.name, _plain(found.version)) == (name, _plain(version)):
            return found
    return f"{path} has no chart {name} {version}" + (f" ({problem})" if problem else "")


def package(path: Path) -> Package | str:
    """The chart that a file or folder is, as a package; or why it is none, as a clause."""
    data = _packed(path) if path.is_dir() else read_bounded(path, _MOST_BYTES)
    if isinstance(data, str):
        return data
    if isinstance(data, Diagnostic):
        return "it cannot be read"
    files = _contents(data)
    if isinstance(files, str):
        return files
    try:
        read = documents(files[CHART])
    except UnsoundYamlError:
        read = ()
    told = read[0] if len(read) == 1 and isinstance(read[0], dict) else {}
    name, version = told.get("name"), told.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not name or not version:
        return "its Chart.yaml has no name and version"
    if TEMPLATE not in files:
        return f"it has no {TEMPLATE}: KubeFATE cannot install it from a cluster.yaml"
    return Package(name, version, path, data)


def _candidates(path: Path) -> Iterator[Path]:
    """The packages and charts that a path may be meant to name."""
    if path.is_file() or (path / CHART).is_file():
        yield path
        return
    inside = sorted(islice(path.iterdir(), _MOST_FILES))
    yield from (each for each in inside if each.is_file() and each.name.endswith((".tgz", ".tar.gz")))
    yield from (each for each in inside if (each / CHART).is_file())


def _contents(data: bytes) -> dict[str, bytes] | str:
    """The two files of a package that are looked at; or why it is no package, as a clause."""
    try:
        unpacked = zlib.decompressobj(wbits=31)
        text = unpacked.decompress(data, _MOST_UNPACKED)
        if unpacked.unconsumed_tail:
            return f"it unpacks to more than {_MOST_UNPACKED // 2**20} MiB"
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(text), mode="r:") as archive:
            for member in islice(archive, _MOST_FILES):
                folder, _, name = member.name.removeprefix("./").partition("/")
                if folder and name in {CHART, TEMPLATE} and member.isfile():
                    file = archive.extractfile(member)
                    found[name] = file.read(_MOST_BYTES) if file is not None else b""
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError):
        return "it is no package of a chart (.tgz)"
    return found if CHART in found else "it has no Chart.yaml"


def _packed(path: Path) -> bytes | str:
    """A folder as a package: the same files give the same bytes."""
    if not (path / CHART).is_file():
        return "it has no Chart.yaml"
    root = path.resolve().name
    buffer, total = io.BytesIO(), 0
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for each in sorted(islice(path.rglob("*"), _MOST_FILES)):
            if not each.is_file() or each.is_symlink():
                continue
            content = read_bounded(each, _MOST_BYTES)
            if isinstance(content, Diagnostic):
                return f"{each.name} cannot be read"
            total += len(content)
            if total > _MOST_UNPACKED:
                return f"it is larger than {_MOST_UNPACKED // 2**20} MiB"
            info = tarfile.TarInfo(f"{root}/{each.relative_to(path).as_posix()}")
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _plain(version: str) -> str:
    return version.removeprefix("v")
