"""What an operator was handed: a site's folder, a bundle unpacked, or a bundle as it came.

A bundle is proved before anything in it is used: every file against SHA256SUMS, then the site's folder by its own
site.json. A packed one is read in memory; only charts are put on disk, in a folder that goes when we do, since helm
reads them there. They hold no secret.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from planner import site_json
from planner.checks.broken_bundle import broken_bundle
from planner.diagnostics import Diagnostic
from renderers.archive import DEEPEST, MOST_BYTES, MOST_FILES, UnsoundArchiveError, unpack
from renderers.checksums import SUMS, listed, unlike
from renderers.cluster.folder import SiteFolder, from_directory, from_files
from renderers.files import read_bounded
from renderers.report.excerpt import visible

_TOLERATED: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""Files that systems leave in a folder that somebody looked at."""
_FEWEST_DIGITS: Final = 8
_MOST_TOLD: Final = 20
_SITE: Final = f"/{site_json.NAME}"


def handed_over(path: Path) -> SiteFolder | tuple[Diagnostic, ...]:
    """The site that was handed over, with its charts where they are; what is wrong with it, where anything is."""
    try:
        if path.is_file():
            return _packed(path)
        is_bundle = not (path / site_json.NAME).exists() and (path / SUMS).exists()
    except OSError as error:
        return (broken_bundle(str(path), f"it cannot be read: {(error.strerror or 'error').lower()}"),)
    if is_bundle:
        shown = path.name or str(path)
        files = _read(path, shown)
        return files if isinstance(files, tuple) else _bundle(files, shown, path)
    folder = from_directory(path)
    return folder if isinstance(folder, tuple) else with_charts(folder, _base_of(folder, path))


def _packed(path: Path) -> SiteFolder | tuple[Diagnostic, ...]:
    """The site of a bundle as it came."""
    data = read_bounded(path, MOST_BYTES)
    if isinstance(data, Diagnostic):
        return (broken_bundle(path.name, data.message),)
    try:
        top, files = unpack(data)
    except UnsoundArchiveError as error:
        return (broken_bundle(path.name, f"this is no bundle: {error}"),)
    return _bundle(files, top, None)


def wrong_digest(folder: SiteFolder, told: str, source: str) -> str:
    """Why a site is not the one whose digest was told, as a sentence; empty when it is. `source` is what was named."""
    if len(told) < _FEWEST_DIGITS:
        return f"--digest takes the digest that the coordinator told you, or its first {_FEWEST_DIGITS} digits at least"
    if folder.digest.startswith(told.lower()):
        return ""
    found = f"its digest is {folder.digest}, and --digest says {visible(told)}"
    return f"{source} is not the folder that was meant: {found}"


def _bundle(files: Mapping[str, bytes], shown: str, path: Path | None) -> SiteFolder | tuple[Diagnostic, ...]:
    """The site of a bundle whose files these are; `path` is where it lies unpacked."""
    wrong = tuple(_faults(files, shown))
    if wrong:
        return wrong[:_MOST_TOLD]
    inside = f"{_sites(files)[0]}/"
    own = {name.removeprefix(inside): data for name, data in files.items() if name.startswith(inside)}
    folder = from_files(own, f"{shown}/{inside[:-1]}")
    if isinstance(folder, tuple) or folder.charts is None or "://" in folder.charts:
        return folder
    base = path or _unpacked({name: data for name, data in files.items() if not name.startswith(inside)}, shown)
    return base if isinstance(base, tuple) else with_charts(folder, base)


def _faults(files: Mapping[str, bytes], shown: str) -> Iterator[Diagnostic]:
    """What is wrong with the files of a bundle."""
    if SUMS not in files:
        yield broken_bundle(shown, f"there is no {SUMS}: this is no bundle")
        return
    wanted = listed(files[SUMS].decode("utf-8", "replace"))
    if wanted is None:
        yield broken_bundle(f"{shown}/{SUMS}", "it is no list of checksums")
        return
    for name, reason in unlike(files, wanted).items():
        yield broken_bundle(f"{shown}/{visible(name)}", reason)
    if len(_sites(files)) != 1:
        yield broken_bundle(shown, "it must hold the folder of one site")


def _sites(files: Mapping[str, bytes]) -> list[str]:
    """The folders of sites in a bundle."""
    return [name[: -len(_SITE)] for name in files if name.endswith(_SITE) and name.count("/") == 1]


def with_charts(folder: SiteFolder, base: Path) -> SiteFolder:
    """The folder with its charts where they are, seen from `base`."""
    if folder.charts is None or "://" in folder.charts:
        return folder
    return replace(folder, charts=str(base / folder.charts))


def _base_of(folder: SiteFolder, path: Path) -> Path:
    """What a site's charts are seen from: its own folder, or the one above it, as in an unpacked bundle."""
    charts = folder.charts or ""
    return path.parent if not (path / charts).exists() and (path.parent / charts).exists() else path


def _unpacked(files: Mapping[str, bytes], shown: str) -> Path | tuple[Diagnostic, ...]:
    """The files on disk, for as long as this process runs."""
    try:
        root = Path(tempfile.mkdtemp(prefix="fedplan-"))
        atexit.register(shutil.rmtree, root, ignore_errors=True)
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
    except OSError as error:
        return (broken_bundle(shown, f"its charts cannot be unpacked: {(error.strerror or 'error').lower()}"),)
    return root


def _read(path: Path, shown: str) -> Mapping[str, bytes] | tuple[Diagnostic, ...]:
    """The files of an unpacked bundle by their path in it: those of its folders, and what is listed beside them.

    Whatever else lies beside them is the operator's own, and is not looked at.
    """
    sums = read_bounded(path / SUMS)
    if isinstance(sums, Diagnostic):
        return (broken_bundle(f"{shown}/{SUMS}", sums.message),)
    names = listed(sums.decode("utf-8", "replace")) or {}
    files, size = {SUMS: sums}, 0
    try:
        for name in sorted({each for each in names if _is_there(path, each)} | set(_beside(path, names))):
            data = read_bounded(path / name)
            if isinstance(data, Diagnostic):
                return (broken_bundle(f"{shown}/{visible(name)}", data.message),)
            size += len(data)
            files[name] = data
            if len(files) > MOST_FILES or size > MOST_BYTES:
                return (broken_bundle(shown, "it is larger than any bundle"),)
    except OSError as error:
        return (broken_bundle(shown, f"it cannot be read: {(error.strerror or 'error').lower()}"),)
    return files


def _is_there(root: Path, name: str) -> bool:
    """Whether a listed file is there; never for a path that leads out of the bundle."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts and (root / name).exists()


def _beside(root: Path, names: Iterable[str]) -> Iterator[str]:
    """The paths of all files in the folders that have listed files."""
    for top in sorted({name.partition("/")[0] for name in names if "/" in name}):
        if top not in {"", ".."} and (root / top).is_dir():
            yield from islice(_walked(root, f"{top}/"), MOST_FILES + 1)


def _walked(root: Path, inside: str, depth: int = 0) -> Iterator[str]:
    """The paths of the files in a folder, links as if they were files."""
    with os.scandir(root / inside) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name in _TOLERATED:
                continue
            name = f"{inside}{entry.name}"
            if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
                yield from _walked(root, f"{name}/", depth + 1)
            else:
                yield name
