"""The files that an import was given: named one by one, or found in folders. Bounded in number, size and depth."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planner.checks.oversized_file import FAULT as OVERSIZED_FILE
from planner.checks.unreadable_file import FAULT as UNREADABLE_FILE
from planner.diagnostics import Diagnostic, Place, Span
from planner.source import quote
from renderers.files import read_bounded

MAX_FILES: Final = 20_000
"""Files that one import reads; two for each of 10,000 parties."""
MAX_BYTES: Final = 256 * 2**20
"""Bytes of all files together."""
MAX_DEPTH: Final = 32
"""Levels of folders below the one that was named."""
MAX_ENTRIES: Final = 200_000
"""Entries of folders that are looked at, whatever they are."""
MAX_DOCUMENTS: Final = 64
"""YAML documents of one file that are read as files of their own."""
_DOCUMENT: Final = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_NAMES: Final = frozenset({"kube.cfg", "parties.conf", ".env"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file: `name` is how the user can open it, `named` says that the user named it, not a folder above it.

    `part` counts the YAML documents of a file that holds several.
    """

    name: str
    data: bytes
    named: bool
    part: int = 1

    @property
    def document(self) -> str:
        """What findings call the file, see `document_of`."""
        return document_of(self.name if self.part == 1 else f"{self.name}#{self.part}")

    def parts(self) -> tuple[Source, ...]:
        """The cluster.yaml files that one file holds as several YAML documents, each in its place among blank lines."""
        starts = [0, *(match.start() for match in _DOCUMENT.finditer(self.data) if match.start())]
        if not 1 < len(starts) <= MAX_DOCUMENTS:
            return (self,)
        ends = [*starts[1:], len(self.data)]
        found = [
            (start, part)
            for start, end in zip(starts, ends, strict=True)
            if looks_like_spec(part := self.data[start:end])
        ]
        return tuple(
            Source(self.name, b"\n" * self.data.count(b"\n", 0, start) + part, self.named, number)
            for number, (start, part) in enumerate(found, 1)
        ) or (self,)


def looks_like_spec(data: bytes) -> bool:
    """Whether bytes that may be no YAML look like a cluster.yaml, in whatever encoding."""
    text = data.replace(b"\0", b"")
    return b"partyId" in text and (b"chartVersion" in text or b"modules" in text)


def document_of(name: str) -> str:
    """The name of a file's document in findings; it can be no other document's."""
    return f"imported:{name}"


def collect(paths: Sequence[str]) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
    """The files at these paths, each once, in the order of the paths and by name inside a folder; and what went wrong.

    Of a folder, files that end in .yaml, .yml or .json are read, and kube.cfg, parties.conf and .env. Hidden folders
    are left out, and a folder that was read already, so that links cannot lead round in circles.
    """
    collection = _Collection()
    for path in paths:
        collection.add(Path(path))
    return tuple(collection.sources), tuple(collection.findings)


class _Collection:
    """Files as they are found."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.findings: list[Diagnostic] = []
        self._seen: set[tuple[int, int]] = set()
        self._size = 0
        self._entries = 0
        self._is_full = False

    def add(self, path: Path) -> None:
        """Take in a file, or all that a folder holds."""
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):  # a name that is too long, or holds a NUL character
            is_folder = False
        if is_folder:
            for file in self._walk(path):
                self._read(file, named=False)
        else:
            self._read(path, named=True)

    def _walk(self, top: Path) -> Iterator[Path]:
        """The files below a folder, depth first, by name."""
        pending = [(top, 0)]
        while pending:
            folder, depth = pending.pop()
            listed = self._list(folder, depth)
            if listed is None:
                continue
            folders, files = listed
            yield from files
            pending.extend((each, depth + 1) for each in reversed(folders))

    def _list(self, folder: Path, depth: int) -> tuple[list[Path], list[Path]] | None:
        """The folders and the files of interest in a folder; None where it is not read."""
        if depth > MAX_DEPTH:
            self._refuse(folder, f"lies more than {MAX_DEPTH} folders deep", "name the folder itself")
            return None
        folders: list[Path] = []
        files: list[Path] = []
        try:
            status = folder.stat()
            if not self._is_new(status):
                return None
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._entries += 1
                    if self._entries > MAX_ENTRIES:
                        self._overflow(folder, f"more than {MAX_ENTRIES:,} entries were looked at")
                        break
                    if _is_folder(entry):
                        if not entry.name.startswith("."):
                            folders.append(folder / entry.name)
                    elif entry.name in _NAMES or os.path.splitext(entry.name)[1].lower() in _SUFFIXES:  # noqa: PTH122 - faster than a Path
                        files.append(folder / entry.name)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            self._refuse(folder, f"cannot be read ({reason})", "give yourself the right to read it, or name the files")
            return None
        return sorted(folders), sorted(files)

    def _is_new(self, status: os.stat_result) -> bool:
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _read(self, path: Path, *, named: bool) -> None:
        if self._is_full:
            return
        try:
            is_new = self._is_new(path.stat())
        except (OSError, ValueError):
            is_new = True  # reading it says what is wrong
        if not is_new:
            return
        if len(self.sources) >= MAX_FILES:
            self._overflow(path, f"more than {MAX_FILES:,} files were found")
            return
        data = read_bounded(path)
        name = str(path)
        if isinstance(data, Diagnostic):
            place = Place(span=data.place.span, document=document_of(name))
            hint = _RIGHT if data.hint == "give yourself the right to read it" else _HINT
            self.findings.append(Diagnostic(data.fault, data.message, place, hint))
            return
        self._size += len(data)
        if self._size > MAX_BYTES:
            self._overflow(path, f"the files hold more than {MAX_BYTES // 2**20} MiB together")
            return
        self.sources.append(Source(name, data, named))

    def _overflow(self, path: Path, message: str) -> None:
        if not self._is_full:
            hint = "name the files or a folder further down with --path"
            place = Place(span=Span(1, 1), document=document_of(str(path)))
            self.findings.append(Diagnostic(OVERSIZED_FILE, f"{message}, the rest is not read", place, hint))
        self._is_full = True

    def _refuse(self, folder: Path, what: str, hint: str) -> None:
        place = Place(span=Span(1, 1), document=document_of(str(folder)))
        self.findings.append(Diagnostic(UNREADABLE_FILE, f"{quote(folder.name or str(folder))} {what}", place, hint))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder; a link that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


_RIGHT: Final = "give yourself the right to read it, or name the files that matter with --path"
_HINT: Final = "leave it where it is, or name the files that matter with --path"
