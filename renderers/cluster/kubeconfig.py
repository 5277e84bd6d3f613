"""The operator's kubeconfig: which contexts there are, and all that one of them says.

It is read here and not by the client library, which meets a wrong shape with a traceback and a missing key with a
message that has the whole entry in it, the password included. Nothing here tells a value of a user's entry.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from planner.diagnostics import Diagnostic
from renderers.files import read_bounded
from renderers.sound_yaml import UnsoundYamlError, documents

_MAX_BYTES: Final = 16 * 2**20


class KubeconfigError(Exception):
    """Why a kubeconfig, or a context of it, cannot be used, as a clause."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context of the kubeconfig: its name, the server it leads to, the user it takes."""

    name: str
    server: str
    user: str


@dataclass(frozen=True, slots=True)
class Section:
    """What a kubeconfig says of a cluster or a user; its relative paths begin at `folder`."""

    what: str
    given: Mapping[str, Any] = field(repr=False)
    folder: Path = field(default_factory=Path)

    def text(self, key: str) -> str:
        """The text under a key, empty where there is none; KubeconfigError for anything that is no text."""
        value = self.given.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(key, "is no text")
        return value.strip()

    def path(self, key: str) -> Path | None:
        """The file that a key names."""
        text = self.text(key)
        return self.folder / text if text else None

    def is_set(self, key: str) -> bool:
        """Whether a switch is on."""
        value = self.given.get(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, "is neither true nor false")
        return bool(value)

    def part(self, key: str) -> Section | None:
        """The mapping under a key; None where there is none."""
        value = self.given.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, "is no mapping")
        return Section(f"{self.what}, {key}", value, self.folder)

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise KubeconfigError for a key."""
        msg = f"{self.what}: {key} {why}"
        raise KubeconfigError(msg) from None


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything that a context stands for: the URL of the API server, and what is said of the cluster and the user."""

    context: Context
    cluster: Section
    user: Section


def kubeconfig_paths() -> Sequence[Path]:
    """The files that kubectl would read: those of KUBECONFIG, else the one in the home folder."""
    named = os.environ.get("KUBECONFIG", "")
    if named:
        return tuple(Path(part) for part in named.split(os.pathsep) if part)
    return (Path.home() / ".kube" / "config",)


def contexts() -> Iterator[Context]:
    """The contexts of the operator's kubeconfig. Raises KubeconfigError when there is none that can be read."""
    files = _files()
    clusters = _named(files, "cluster")
    for section in _named(files, "context").values():
        cluster = clusters.get(_loosely(section, "cluster"))
        server = "" if cluster is None else _loosely(cluster, "server")
        yield Context(_name_of(section), server.rstrip("/"), _loosely(section, "user"))


def entry_of(name: str) -> Entry:
    """What a context stands for. Raises KubeconfigError where it is not there, or leads nowhere."""
    files = _files()
    found = _named(files, "context")
    section = found.get(name)
    if section is None:
        have = ", ".join(sorted(found)) or "none"
        msg = f"the kubeconfig has no context {name} (it has: {have})"
        raise KubeconfigError(msg)
    cluster = _one(files, section, "cluster")
    user = _one(files, section, "user") if section.text("user") else Section("no user", {})
    server = cluster.text("server").rstrip("/")
    wrong = _wrong_url(server)
    if wrong:
        cluster.refuse("server", wrong)
    return Entry(Context(name, server, section.text("user")), cluster, user)


def _wrong_url(server: str) -> str:
    """Why a text is no URL of an API server; empty when it is one."""
    if not server:
        return "is missing: nobody can be reached without the URL of an API server"
    try:
        parts = urlsplit(server)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    else:
        if is_url and "@" in parts.netloc:
            return "has a login in it: that belongs to `users`"
    if not is_url or not server.isascii() or not server.isprintable() or " " in server:
        return "is no URL of an API server"
    return "has more than an address and a path" if parts.query or parts.fragment else ""


def _files() -> Sequence[tuple[Path, Mapping[str, Any]]]:
    """The files that are there, each as data."""
    paths = [path for path in kubeconfig_paths() if path.is_file()]
    if not paths:
        looked = ", ".join(str(path) for path in kubeconfig_paths())
        msg = f"there is no kubeconfig (looked for {looked})"
        raise KubeconfigError(msg)
    return [(path, _read(path, is_only=len(paths) == 1)) for path in paths]


def _read(path: Path, *, is_only: bool) -> Mapping[str, Any]:
    called = "it" if is_only else str(path)
    data = read_bounded(path, _MAX_BYTES)
    if isinstance(data, Diagnostic):
        raise KubeconfigError(data.message)
    try:
        found = documents(data, aliases=True)
    except UnsoundYamlError as error:
        msg = f"{called}: {error}" if called != "it" else str(error)
        raise KubeconfigError(msg) from None
    if not found and not is_only:
        return {}  # kubectl takes an empty file beside others for one that says nothing
    if len(found) != 1 or not isinstance(found[0], dict):
        msg = f"{called} holds something else"
        raise KubeconfigError(msg)
    return found[0]


def _named(files: Sequence[tuple[Path, Mapping[str, Any]]], word: str) -> dict[str, Section]:
    """The entries of one kind by name, of two with one name the first, as kubectl takes them.

    What has another shape is left out: it concerns us only where a context leads to it.
    """
    found: dict[str, Section] = {}
    for path, document in files:
        listed = document.get(f"{word}s")
        for item in listed if isinstance(listed, list) else ():
            if not isinstance(item, dict):
                continue
            name, given = item.get("name"), item.get(word)
            if isinstance(name, str) and name not in found and isinstance(given, (dict, type(None))):
                found[name] = Section(f"{word} {name}", given or {}, path.parent.absolute())
    return found


def _one(files: Sequence[tuple[Path, Mapping[str, Any]]], context: Section, word: str) -> Section:
    """The cluster or the user that a context names."""
    name = context.text(word)
    if not name:
        context.refuse(word, "is missing")
    found = _named(files, word).get(name)
    if found is None:
        context.refuse(word, f"names {name}, and there is no such {word}")
    return found


def _loosely(section: Section, key: str) -> str:
    """The text under a key; empty for anything else."""
    value = section.given.get(key)
    return value if isinstance(value, str) else ""


def _name_of(section: Section) -> str:
    return section.what.partition(" ")[2]
