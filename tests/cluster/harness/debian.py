"""Debian's packages: install some without starting a service, and fetch the source of one.

The machine's own apt sources say where packages come from. Sources of packages are asked for at the same places, in
lists of our own, so that the machine's settings stay as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.steps import Steps

APT = Path("/etc/apt")
_POLICY = Path("/usr/sbin/policy-rc.d")
_WAIT = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
_ONE_LINE = re.compile(r"deb\s+(?P<options>\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


def codename() -> str:
    """The name of the Debian that runs here; empty where it is none."""
    release = Path("/etc/os-release")
    text = release.read_text(encoding="utf-8") if release.exists() else ""
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return values.get("VERSION_CODENAME", "").strip('"') if "debian" in values.get("ID", "") else ""


def missing(packages: Sequence[str]) -> list[str]:
    """Those packages that are not installed."""
    if shutil.which("dpkg-query") is None:
        return list(packages)
    asked = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {line.split()[0] for line in shown if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def install(packages: Sequence[str], steps: Steps) -> None:
    """Install what is missing; no service is started by it."""
    wanted = missing(packages)
    if not wanted:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        message = f"these Debian packages are missing, and only root can install them: {' '.join(wanted)}"
        raise HarnessError(message)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        steps.run(["apt-get", *_WAIT, "--quiet", "update"], environment=quiet)
        steps.run(
            ["apt-get", *_WAIT, "--quiet", "--yes", "--no-install-recommends", "install", *wanted], environment=quiet
        )


@contextmanager
def _no_services() -> Iterator[None]:
    """Forbid the start of services for a while, unless the machine has a say in it already."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


class SourceLists:
    """Lists of source packages, kept apart from the machine's own."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        """Write the lists and fetch the indexes."""
        self._steps = steps
        parts, lists = folder / "parts", folder / "lists"
        shutil.rmtree(folder, ignore_errors=True)
        parts.mkdir(parents=True)
        (lists / "partial").mkdir(parents=True)
        self._options = (
            *("-o", "Dir::Etc::SourceList=/dev/null"),
            *("-o", f"Dir::Etc::SourceParts={parts}"),
            *("-o", f"Dir::State::Lists={lists}"),
            *("-o", f"Dir::Cache={folder}"),
            *("-o", "APT::Sandbox::User=root"),
        )
        if not write_source_lists(parts, codename()):
            message = f"no apt source of Debian {codename() or '(this is none)'} in {APT}: where would its sources be?"
            raise HarnessError(message)
        steps.run(["apt-get", *_WAIT, *self._options, "--quiet", "update"])

    def versions(self, package: str) -> list[str]:
        """The versions of a source package that can be had."""
        shown = self._steps.run(["apt-cache", *self._options, "showsrc", "--only-source", package])
        return re.findall(r"^Version: (\S+)$", shown, re.MULTILINE)

    def fetch(self, package: str, version: str, folder: Path) -> None:
        """Download the files of a source package into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        wanted = f"{package}={version}"
        self._steps.run(
            ["apt-get", *_WAIT, *self._options, "--quiet", "--only-source", "--download-only", "source", wanted],
            folder=folder,
        )


def write_source_lists(folder: Path, suite: str) -> int:
    """Write lists that ask the machine's own Debian mirrors for sources; returns how many entries there are.

    Entries of other vendors have suites of other names and are left out.
    """
    one_line, stanzas = [], []
    for file in (APT / "sources.list", *sorted((APT / "sources.list.d").glob("*.list"))):
        for line in _lines(file):
            entry = _ONE_LINE.fullmatch(line)
            if entry is not None and entry["suite"] in _suites(suite) and "main" in entry["components"].split():
                one_line.append(f"deb-src {entry['options'] or ''}{entry['uri']} {entry['suite']} main")
    for file in sorted((APT / "sources.list.d").glob("*.sources")):
        stanzas += [found for text in "\n".join(_lines(file)).split("\n\n") if (found := _for_sources(text, suite))]
    (folder / "machine.list").write_text("\n".join([*one_line, ""]), encoding="utf-8")
    (folder / "machine.sources").write_text("\n\n".join(stanzas) + "\n", encoding="utf-8")
    return len(one_line) + len(stanzas)


def _lines(file: Path) -> list[str]:
    """The lines of a list without comments; none when there is no such file."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [line.strip() if line[:1] != " " else line for line in text.splitlines() if not line.startswith("#")]


def _suites(name: str) -> tuple[str, ...]:
    """What a list may call this Debian."""
    return (name, "stable", "oldstable")


def _for_sources(stanza: str, suite: str) -> str:
    """One stanza of a `.sources` file, asking for sources of one suite; empty when it is not about that."""
    fields = dict(re.findall(r"^(\S+):[ \t]*((?:.*)(?:\n[ \t].*)*)", stanza, re.MULTILINE))
    suites = [name for name in fields.get("Suites", "").split() if name in _suites(suite)]
    off = fields.get("Enabled", "yes").strip() == "no"
    if off or not suites or "deb" not in fields.get("Types", "").split() or "main" not in fields["Components"].split():
        return ""
    fields |= {"Types": "deb-src", "Suites": " ".join(suites), "Components": "main"}
    return "\n".join(f"{name}: {value}" for name, value in fields.items())
