"""The charts of this folder as packages, under any version."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def package(name: str, version: str = "", files: Mapping[str, str] | None = None) -> bytes:
    """A chart as a package, the same bytes each time; with another version, and with files put in or replaced."""
    folder = HERE / name
    texts = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }
    if version:
        lines = texts["Chart.yaml"].splitlines()
        texts["Chart.yaml"] = "\n".join(f"version: {version}" if x.startswith("version:") else x for x in lines) + "\n"
    return packed(name, {**texts, **(files or {})})


def packed(name: str, texts: Mapping[str, str]) -> bytes:
    """A package with these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path, text in sorted(texts.items()):
            data = text.encode()
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def write_package(folder: Path, name: str, version: str, files: Mapping[str, str] | None = None) -> Path:
    """A package in a folder, under the name that helm gives it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tgz"
    path.write_bytes(package(name, version, files))
    return path
