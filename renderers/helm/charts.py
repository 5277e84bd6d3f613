"""Charts: found as a package, a folder or in a repository, and looked at before they are used.

A package is read once and kept in memory: what was looked at is what is installed. Nothing of it is unpacked to disk.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from planner.checks.chart_missing import chart_missing, not_fetched
from planner.checks.wrong_chart import another_chart, broken_chart
from planner.diagnostics import Diagnostic, Place
from renderers.cluster.clock import Deadline
from renderers.files import read_bounded
from renderers.helm.program import CHART, Helm, HelmError
from renderers.sound_yaml import UnsoundYamlError, documents

PUBLIC: Final = "https://federatedai.github.io/KubeFATE"
"""The public repository of KubeFATE's charts (helm-direct.md section 1)."""
TEMPLATE: Final = "values-template.yaml"
_DESCRIPTION: Final = "Chart.yaml"
_MOST_BYTES: Final = 16 * 2**20
_MOST_UNPACKED: Final = 64 * 2**20
_MOST_FILES: Final = 5000
_MOST_ENTRIES: Final = 500
_FETCH_SECONDS: Final = 60.0
_REMOTE: Final = ("http://", "https://", "oci://")
_FETCHED: Final[dict[tuple[str, ...], bytes]] = {}
"""Packages of repositories that this process has fetched: a version is never published twice, and sites share it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that is what was planned: its package or its folder, and its values template."""

    name: str
    version: str
    template: str = field(repr=False)
    package: bytes | None = field(default=None, repr=False)
    folder: Path | None = None
    source: str = ""

    @property
    def argument(self) -> str:
        """What names it on helm's command line."""
        return f"./{CHART}" if self.folder is None else str(self.folder)

    @property
    def files(self) -> Mapping[str, bytes]:
        """What helm must find where it runs."""
        return {} if self.package is None else {CHART: self.package}


class _BrokenError(ValueError):
    """Why something is no chart, as a clause."""


def find(
    name: str, version: str, source: str, base: Path, helm: Helm, deadline: Deadline, place: Place
) -> Chart | Diagnostic:
    """The chart `name` in `version` from a source: a package, a folder (relative to `base`), or a repository's URL.

    An empty source is the public repository.
    """
    source = source or PUBLIC
    if source.startswith(_REMOTE):
        return _fetched(name, version, source, helm, deadline, place)
    path = base / source
    if path.is_dir():
        if (path / _DESCRIPTION).is_file():
            return _looked_at(name, version, path, source, place)
        return _in_folder(name, version, path, source, place)
    if not path.exists():
        return chart_missing(place, f"{name} {version}", source, "there is no such file or folder")
    return _looked_at(name, version, path, source, place)


def _fetched(name: str, version: str, source: str, helm: Helm, deadline: Deadline, place: Place) -> Chart | Diagnostic:
    """A chart of a repository, through helm."""
    end = Deadline(min(_FETCH_SECONDS, deadline.left), deadline.clock)
    key = helm.path, source, name, version
    if source.startswith("oci://"):
        what = ["pull", f"{source.rstrip('/')}/{name}", f"--version={version}"]
    else:
        what = ["pull", name, f"--repo={source}", f"--version={version}"]
    try:
        data = _FETCHED.get(key) or helm.fetch(what, end, _MOST_BYTES)
    except HelmError as error:
        return not_fetched(place, f"{name} {version}", source, str(error))
    found = _of_package(name, version, data, source, place)
    if isinstance(found, Chart):
        _FETCHED[key] = data
    return found


def _in_folder(name: str, version: str, path: Path, source: str, place: Place) -> Chart | Diagnostic:
    """The chart among the packages and charts of a folder; the one whose file is named after it first."""
    wanted = f"{name} {version}"
    seen: list[str] = []
    broken: list[Diagnostic] = []
    for entry in _candidates(name, version, path):
        found = _look(entry, source, place)
        if isinstance(found, Diagnostic):
            broken.append(found)
        elif _is_it(found, name, version):
            return found
        else:
            seen.append(f"{found.name} {found.version}")
    reason = f"it holds {', '.join(sorted(seen)[:5])}" if seen else "it holds no package and no chart"
    return broken[0] if broken and not seen else chart_missing(place, wanted, source, reason)


def _candidates(name: str, version: str, path: Path) -> Iterator[Path]:
    """Packages, and folders with a Chart.yaml, down to the second level (as in a clone of KubeFATE)."""
    try:
        entries = sorted(path.iterdir())[:_MOST_ENTRIES]
        inner = [each for entry in entries if entry.is_dir() and not entry.is_symlink() for each in _inside(entry)]
    except OSError:
        return
    stem = f"{name}-{version}"
    found = [each for each in (*entries, *inner) if each.suffix == ".tgz" or (each / _DESCRIPTION).is_file()]
    yield from sorted(found, key=lambda each: not each.name.startswith(stem))


def _inside(folder: Path) -> list[Path]:
    if (folder / _DESCRIPTION).is_file():
        return []
    try:
        return [each for each in sorted(folder.iterdir())[:_MOST_ENTRIES] if (each / _DESCRIPTION).is_file()]
    except OSError:
        return []


def _looked_at(name: str, version: str, path: Path, source: str, place: Place) -> Chart | Diagnostic:
    found = _look(path, source, place)
    return found if isinstance(found, Diagnostic) else _proved(found, name, version, place)


def _of_package(name: str, version: str, data: bytes, source: str, place: Place) -> Chart | Diagnostic:
    try:
        found = _chart(_unpacked(data), source, package=data)
    except _BrokenError as error:
        return broken_chart(place, source, str(error))
    return _proved(found, name, version, place)


def _look(path: Path, source: str, place: Place) -> Chart | Diagnostic:
    """Whatever chart is at a path."""
    shown = source if path.name in source else f"{source}/{path.name}"
    try:
        if path.is_dir():
            return _chart(_read_folder(path), shown, folder=path.absolute())
        data = read_bounded(path, _MOST_BYTES)
        if isinstance(data, Diagnostic):
            return broken_chart(place, shown, data.message)
        return _chart(_unpacked(data), shown, package=data)
    except _BrokenError as error:
        return broken_chart(place, shown, str(error))


def _proved(found: Chart, name: str, version: str, place: Place) -> Chart | Diagnostic:
    if _is_it(found, name, version):
        return found
    return another_chart(place, found.source, f"{found.name} {found.version}", f"{name} {version}")


def _is_it(found: Chart, name: str, version: str) -> bool:
    """Whether a chart is the planned one: versions are alike with and without a leading `v`, as helm takes them."""
    return found.name == name and found.version.removeprefix("v") == version.removeprefix("v")


def _chart(
    files: Mapping[str, bytes], source: str, *, package: bytes | None = None, folder: Path | None = None
) -> Chart:
    description = _description(files.get(_DESCRIPTION))
    if TEMPLATE not in files:
        msg = f"it has no {TEMPLATE}, so it is no chart that KubeFATE's files are for"
        raise _BrokenError(msg)
    try:
        template = files[TEMPLATE].decode()
    except UnicodeDecodeError:
        msg = f"its {TEMPLATE} is not UTF-8"
        raise _BrokenError(msg) from None
    return Chart(str(description["name"]), str(description["version"]), template, package, folder, source)


def _description(data: bytes | None) -> Mapping[str, Any]:
    if data is None:
        msg = f"it has no {_DESCRIPTION}"
        raise _BrokenError(msg)
    try:
        found = documents(data)
    except UnsoundYamlError as error:
        msg = f"its {_DESCRIPTION} cannot be read: {error}"
        raise _BrokenError(msg) from None
    if len(found) != 1 or not isinstance(found[0], dict) or not {"name", "version"} <= found[0].keys():
        msg = f"its {_DESCRIPTION} does not say which chart it is"
        raise _BrokenError(msg)
    return found[0]


def _read_folder(path: Path) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    for name in (_DESCRIPTION, TEMPLATE):
        if (path / name).exists():
            data = read_bounded(path / name)
            if isinstance(data, Diagnostic):
                raise _BrokenError(data.message)
            files[name] = data
    return files


class _Bounded(io.RawIOBase):
    """A gzip stream that gives no more than a limit: a few bytes may stand for more than any memory holds."""

    def __init__(self, data: bytes) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._data = data
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._inflate.decompress(self._data, len(buffer))
        self._data = self._inflate.unconsumed_tail
        self._given += len(part)
        if not part and not self._inflate.eof:
            msg = "it is no package of a chart, or only the beginning of one"
            raise _BrokenError(msg)
        if self._given > _MOST_UNPACKED:
            msg = f"it is larger than {_MOST_UNPACKED // 2**20} MiB unpacked"
            raise _BrokenError(msg)
        buffer[: len(part)] = part
        return len(part)


def _unpacked(data: bytes) -> Mapping[str, bytes]:
    """The two files of a package that are read here; all of it is walked through, so that helm gets no bomb."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Bounded(data)), mode="r|") as archive:
            for number, member in enumerate(archive):
                if number > _MOST_FILES:
                    msg = f"it has more than {_MOST_FILES} files"
                    raise _BrokenError(msg)
                parts = Path(member.name).parts
                if ".." in parts or member.name.startswith("/"):
                    msg = "a name in it leads out of it"
                    raise _BrokenError(msg)
                if len(parts) == 2 and parts[1] in {_DESCRIPTION, TEMPLATE} and member.isfile():  # noqa: PLR2004 - <chart>/<file>
                    inside = archive.extractfile(member)
                    files[parts[1]] = inside.read() if inside is not None else b""
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise _BrokenError(f"it is no package of a chart ({type(error).__name__})") from None  # noqa: EM102, TRY003 - short
    return files
