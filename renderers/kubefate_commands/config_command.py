"""`invoke kubefate.config`: the config.yaml of KubeFATE's own program written for a cluster, or one read back.

The program reads it in the folder it is started in (service-api.md section 7). A password stands in it only where that
is asked for: the program takes FATECLOUD_USER_PASSWORD in its place.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from planner.diagnostics import Diagnostic
from renderers.canonical import block
from renderers.cluster_report import ERRORS, GOOD, USAGE, WORLD, Told
from renderers.kubefate_commands.session import Found, Way, find
from renderers.kubefate_commands.telling import Teller, data_of, pairs
from renderers.kubefate_service.client_config import CONFIG, PASSWORD, Settings, client_config, is_url
from renderers.out import write_atomic

_COMMAND: Final = "kubefate.config"
_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke kubefate.config` as they were given: `output` is written, `read` is told."""

    way: Way = field(default_factory=Way)
    output: str = ""
    read: str = ""
    with_password: bool = False
    force: bool = False
    format_name: str = "text"


def run_config(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[str, int]:
    """The report and the exit code; without a file to write, the report is the text of a config.yaml."""
    if request.read:
        return _read(request)
    if request.with_password and not request.output:
        return "--with-password goes with --output: a password is never printed", USAGE
    found = find(_COMMAND, request.way, request.format_name, environ)
    if isinstance(found, tuple):
        return found
    known = found.settings
    if not is_url(known.url) or urlsplit(known.url).path:
        return "nothing says where the service is: name it with --cluster or --url, without a path", USAGE
    if request.with_password and not known.password:
        return f"the password is not known here: {'; '.join(known.problems)}", WORLD
    return _told(found, request, text_of(known, with_password=request.with_password))


def text_of(known: Settings, *, with_password: bool) -> str:
    """The text of a config.yaml that leads to where settings do."""
    parts = urlsplit(known.url)
    user = {"username": known.user or "admin"}
    if with_password:
        user["password"] = known.password
    data: dict[str, Any] = {
        "log": {"level": "info"},
        "user": user,
        "serviceurl": parts.netloc,
        "safeconnect": parts.scheme == "https",
    }
    return block(data)


def _told(found: Found, request: Request, text: str) -> tuple[str, int]:
    lines: list[str] = []
    if request.output:
        path = Path(request.output)
        if path.exists() and not request.force:
            return f"{path} is there already: --force replaces it", ERRORS
        problem = write_atomic(path, text.encode(), _PRIVATE)
        if problem is not None:
            known = () if problem.diagnostic is None else (problem.diagnostic,)
            return found.teller.wrong(known, f"{path} could not be written"), WORLD
        lines.append(f"{path} is written, for you alone to read")
    else:
        lines += text.splitlines()
    if not request.with_password:
        lines += [line if request.output else f"# {line}" for line in _password_lines(found.source)]
    data = {"file": request.output or None, "url": found.settings.url, "user": found.settings.user}
    return found.teller.report(Told(lines, extra=data_of("config", data))), GOOD


def _password_lines(source: str) -> Iterator[str]:
    """How the program gets the password without a file that holds it."""
    yield "The password is not in it. The program takes it from the environment:"
    kind, _, name = source.partition(":")
    value = f'"${name}"' if kind == "env" else f'"$(cat {shlex.quote(name)})"' if kind == "file" else "..."
    yield f"  export {PASSWORD}={value}"


def _read(request: Request) -> tuple[str, int]:
    """What a config.yaml says, but for the password."""
    path = Path(request.read)
    path = path / CONFIG if path.is_dir() else path
    teller = Teller(_COMMAND, request.format_name)
    if not path.is_file():
        return f"there is no {path}", USAGE
    known = client_config(path)
    if known.problem:
        found: tuple[Diagnostic, ...] = ()
        return teller.report(Told((known.problem,), diagnostics=found)), ERRORS
    rows = [
        ("service", known.url or "nothing names it"),
        ("user", known.user or "nothing names one"),
        ("password", "is in the file, for whoever can read it" if known.password else f"not in the file: {PASSWORD}"),
    ]
    data = {"url": known.url or None, "user": known.user or None, "hasPassword": bool(known.password)}
    return teller.report(Told(pairs(rows), extra=data_of("config", data))), GOOD
