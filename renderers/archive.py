"""Archives that are the same bytes wherever they are made, and read without trusting who made them.

Written: no time, no owner, one mode, the files in the order of their names, and stored without compression, since what
zlib makes of the same bytes differs between its versions and its rivals. What is large in a bundle (packages of charts)
is compressed already. `tar xzf` unpacks it.

Read: in memory, up to limits, regular files and folders alone, with names that stay inside. Nothing is unpacked to disk
here, and links, devices, sparse files and names of other tar formats are refused rather than understood.
Sources: RFC 1951 section 3.2.4, RFC 1952 section 2.3, POSIX.1-2017 pax (ustar interchange format).
"""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Final

MOST_BYTES: Final = 128 * 2**20
"""Of an archive, packed or unpacked. The site of ten thousand peers takes some four, a chart less than one."""
MOST_FILES: Final = 5000
DEEPEST: Final = 16
"""Folders above a file."""
_LONGEST_NAME: Final = 250
_BLOCK: Final = 512
_LONGEST_STORED: Final = 65535
_GZIP_HEAD: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255))
"""Deflated, no name, no time, made on no system in particular."""
_FILE_TYPES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_MODE: Final = 0o644


class UnsoundArchiveError(ValueError):
    """Why bytes are no archive that is read here, as a clause."""


def pack(top: str, files: Mapping[str, bytes]) -> bytes:
    """The files (path to content) in a folder `top`, as a .tar.gz. ValueError for a path that tar has no room for."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT, encoding="utf-8") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode = len(files[name]), _MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    return _stored(packed.getvalue())


def fits(top: str, files: Mapping[str, bytes]) -> bool:
    """Whether `unpack` would take an archive of these files: none of them too many, too large, too deep or odd."""
    size = sum(len(data) + 2 * _BLOCK for data in files.values()) + tarfile.RECORDSIZE
    return len(files) <= MOST_FILES and size < MOST_BYTES and all(_is_packable(f"{top}/{name}") for name in files)


def unpack(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    """The one folder of an archive, and its files by their path in it. Raises UnsoundArchiveError."""
    found: dict[str, bytes] = {}
    tops: set[str] = set()
    for name, content in _entries(_inflated(data)):
        top, _, path = name.partition("/")
        tops.add(top)
        if content is not None:
            _check(path, found, tops)
            found[path] = content
    if not found or len(tops) > 1:
        msg = "it holds several folders" if found else "it is empty"
        raise UnsoundArchiveError(msg)
    return tops.pop(), found


def _check(path: str, found: Mapping[str, bytes], tops: Collection[str]) -> None:
    """Refuse what no bundle has: several folders, a file beside its folder, one file twice, too many."""
    msg = ""
    if not path:
        msg = "a file in it stands outside its folder"
    elif len(tops) > 1:
        msg = "it holds several folders"
    elif path in found:
        msg = f"{path} is in it twice"
    elif len(found) >= MOST_FILES:
        msg = f"it has more than {MOST_FILES} files"
    if msg:
        raise UnsoundArchiveError(msg)


def _stored(data: bytes) -> bytes:
    """A gzip stream that holds the bytes as they are."""
    parts = [_GZIP_HEAD]
    for start in range(0, len(data), _LONGEST_STORED):
        piece = data[start : start + _LONGEST_STORED]
        is_last = start + _LONGEST_STORED >= len(data)
        parts += [struct.pack("<BHH", is_last, len(piece), len(piece) ^ 0xFFFF), piece]
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)


def _inflated(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        found = inflate.decompress(data, MOST_BYTES + 1)
    except zlib.error:
        msg = "it is no .tar.gz"
        raise UnsoundArchiveError(msg) from None
    if len(found) > MOST_BYTES:
        msg = f"it is larger than {MOST_BYTES // 2**20} MiB unpacked"
        raise UnsoundArchiveError(msg)
    if not inflate.eof or inflate.unused_data:
        msg = "something stands behind its end" if inflate.eof else "its end is missing"
        raise UnsoundArchiveError(msg)
    return found


def _entries(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The names of a tar and their contents, None for folders."""
    at = 0
    while at + _BLOCK <= len(data) and any(data[at : at + _BLOCK]):
        entry = _entry(data[at : at + _BLOCK])
        at += _BLOCK
        name = entry.name.removeprefix("./").rstrip("/")
        if not 0 <= entry.size <= len(data) - at:
            msg = "it breaks off in a file"
            raise UnsoundArchiveError(msg)
        if not _is_packable(name):
            msg = "a name in it could leave its folder, or is none that fedplan gives"
            raise UnsoundArchiveError(msg)
        if entry.type == tarfile.DIRTYPE:
            yield name, None
        elif entry.type in _FILE_TYPES:
            yield name, data[at : at + entry.size]
        else:
            msg = f"{name} is no regular file"
            raise UnsoundArchiveError(msg)
        at += -(-entry.size // _BLOCK) * _BLOCK


def _entry(block: bytes) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError):
        msg = "it holds no tar"
        raise UnsoundArchiveError(msg) from None


def _is_packable(name: str) -> bool:
    """Whether a path stays where it is unpacked, on any system, and can be shown."""
    parts = name.split("/")
    return (
        0 < len(name.encode()) <= _LONGEST_NAME
        and name.isprintable()
        and "\\" not in name
        and ":" not in name
        and len(parts) <= DEEPEST + 1
        and all(part not in {"", ".", ".."} for part in parts)
    )
