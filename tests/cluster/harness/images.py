"""Container images made without a registry or a builder: a tree of files becomes an archive that containerd imports."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MERGED = ("bin", "sbin", "lib", "lib64")
"""Folders that are links into /usr."""


@dataclass(slots=True)
class Tree:
    """The files of an image; whoever runs in it can read them all.

    As on Debian, /bin, /sbin, /lib and /lib64 are links into /usr.
    """

    _files: dict[str, Path | bytes] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=lambda: {name: f"usr/{name}" for name in MERGED})
    _folders: dict[str, int] = field(default_factory=dict)

    def add(self, place: str, content: Path | bytes) -> None:
        """Put a file somewhere: a copy of one of the machine's, or what is given."""
        name = _name(place)
        self._files[name] = content
        self._links.pop(name, None)

    def add_folder(self, place: str, mode: int = 0o755) -> None:
        """Make a folder, which may be empty."""
        self._folders[_name(place)] = mode

    def link(self, place: str, target: str) -> None:
        """Put a link somewhere, unless there is something already."""
        name = _name(place)
        if name not in self._files:
            self._links.setdefault(name, target)

    def write(self, layer: Path) -> None:
        """Write the tree as a layer; the same files give the same bytes."""
        with tarfile.open(layer, "w") as archive:
            for name, mode in sorted(self._all_folders().items()):
                archive.addfile(_entry(name, mode, tarfile.DIRTYPE))
            for name, target in sorted(self._links.items()):
                entry = _entry(name, 0o777, tarfile.SYMTYPE)
                entry.linkname = target
                archive.addfile(entry)
            for name, content in sorted(self._files.items()):
                self._write(archive, name, content)

    def _write(self, archive: tarfile.TarFile, name: str, content: Path | bytes) -> None:
        data = content if isinstance(content, bytes) else content.read_bytes()
        runs = isinstance(content, Path) and bool(content.stat().st_mode & stat.S_IXUSR)
        entry = _entry(name, 0o755 if runs else 0o644, tarfile.REGTYPE)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))

    def _all_folders(self) -> Mapping[str, int]:
        """Every folder that there is, or that something lies in."""
        found = dict.fromkeys((f"usr/{name}" for name in MERGED), 0o755) | self._folders
        for name in (*self._files, *self._links, *found):
            for parent in PurePosixPath(name).parents:
                found.setdefault(str(parent), 0o755)
        found.pop(".", None)
        return found


def write_image(
    name: str,
    tree: Tree,
    archive: Path,
    command: Sequence[str],
    entrypoint: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> None:
    """Write an image of one layer as an archive; it appears under its name only when it is whole.

    Arguments of a container take the place of the command, and come after the entrypoint.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    layer, part = archive.with_suffix(".layer"), archive.with_suffix(".part")
    tree.write(layer)
    digest = _digest_of(layer)
    settings = [f"{key}={value}" for key, value in {"PATH": _SEARCH, **(environment or {})}.items()]
    config = _json(
        {
            "architecture": _architecture(),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "Cmd": list(command), "Env": settings},
            "rootfs": {"type": "layers", "diff_ids": [digest]},
        }
    )
    layers = [{"mediaType": _LAYER, "digest": digest, "size": layer.stat().st_size}]
    manifest = _json(
        {"schemaVersion": 2, "mediaType": _MANIFEST, "config": _described(_CONFIG, config), "layers": layers}
    )
    named = {**_described(_MANIFEST, manifest), "annotations": {"io.containerd.image.name": name}}
    index = _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [named]})
    with tarfile.open(part, "w") as out:
        for place, data in (
            ("oci-layout", _json({"imageLayoutVersion": "1.0.0"})),
            ("index.json", index),
            (_blob(_digest(manifest)), manifest),
            (_blob(_digest(config)), config),
        ):
            entry = _entry(place, 0o644, tarfile.REGTYPE)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
        entry = _entry(_blob(digest), 0o644, tarfile.REGTYPE)
        entry.size = layer.stat().st_size
        with layer.open("rb") as reader:
            out.addfile(entry, reader)
    layer.unlink()
    part.replace(archive)


def full_name(name: str) -> str:
    """An image's name as containerd keeps it: with a registry, and with a tag."""
    first, _, rest = name.partition("/")
    has_registry = bool(rest) and (first == "localhost" or "." in first or ":" in first)
    full = name if has_registry else f"docker.io/{name if rest else f'library/{name}'}"
    return full if ":" in full.rpartition("/")[2] or "@" in full else f"{full}:latest"


def files_below(folder: Path, without: Sequence[str]) -> Iterator[Path]:
    """Every file below a folder; folders and files of some names are left out."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in without]
        found = (Path(here) / name for name in files if name not in without)
        yield from (file for file in found if file.is_file())


def _name(place: str) -> str:
    """A place as archives name it, behind the links of /bin and its like."""
    name = place.lstrip("/")
    return f"usr/{name}" if name.split("/")[0] in MERGED and "/" in name else name


def _entry(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.type = mode, kind
    return entry


def _architecture() -> str:
    """The kind of machine, as Go names it."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _described(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(data), "size": len(data)}


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest_of(file: Path) -> str:
    with file.open("rb") as reader:
        return f"sha256:{hashlib.file_digest(reader, 'sha256').hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
