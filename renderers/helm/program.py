"""The helm binary: the only module that starts it.

It runs without a shell, in a temporary folder that is its home too, so that an operator's own repositories, plugins and
`HELM_` variables change nothing; which cluster is meant is said by the kubeconfig and a context alone. What it must not
tell anybody (values) goes through its standard input, what it says is read up to a limit, and it ends with us.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from planner.checks.helm_missing import helm_missing
from planner.checks.unusable_helm import not_helm, too_old
from planner.diagnostics import Diagnostic, Place
from planner.wording import spoken
from renderers.cluster.clock import Deadline

VARIABLE: Final = "FEDPLAN_HELM"
"""Names the helm binary to use in place of the one on the PATH."""
OLDEST: Final = (3, 9)
"""The first version with which everything here was tried."""
_VERSION: Final = re.compile(r"v(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_VERSION_SECONDS: Final = 20.0
_MOST_OUTPUT: Final = 64 * 2**20
_MOST_ERRORS: Final = 2**20
_SLICE: Final = 0.05
_GRACE: Final = 10.0
"""Seconds that helm gets to write down that it was stopped."""
_ERROR: Final = re.compile(r"^Error: ?", re.MULTILINE)
_KUBECONFIG: Final = "KUBECONFIG"
CHART: Final = "chart.tgz"


class HelmError(Exception):
    """What helm said when it failed, as a clause that is safe to print."""


class HelmOverdueError(HelmError):
    """It did not end in time."""


@dataclass(frozen=True, slots=True)
class Helm:
    """One helm binary and its version; `environ` are the variables it is started with."""

    path: str
    version: tuple[int, int, int]
    environ: Mapping[str, str] = field(repr=False)

    @property
    def is_3(self) -> bool:
        """Whether it is of the third generation, whose flags differ from today's."""
        return self.version[0] < 4  # noqa: PLR2004 - the generation that followed

    @property
    def label(self) -> str:
        """`helm 3.17.3`, as messages name it."""
        return f"helm {'.'.join(map(str, self.version))}"

    def run(
        self,
        arguments: Sequence[str],
        deadline: Deadline,
        *,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes:
        """What helm writes. Raises HelmError when it fails.

        `files` are put into the folder it runs in, by their paths there; values of secrets must not be among them.
        `meanwhile` is called several times a second while it runs.
        """
        with tempfile.TemporaryDirectory(prefix="fedplan-helm-") as home:
            for name, data in (files or {}).items():
                file = Path(home, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            ended = _ended([self.path, *arguments], _variables(self.environ, home), home, stdin, deadline, meanwhile)
        if ended.code:
            raise HelmError(words(ended.errors, home) or f"it ended with code {ended.code} and without a word")
        return ended.output

    def fetch(self, arguments: Sequence[str], deadline: Deadline, limit: int) -> bytes:
        """The one file that a command downloads. Raises HelmError when it fails or brings something else."""
        with tempfile.TemporaryDirectory(prefix="fedplan-helm-") as home:
            variables = _variables(self.environ, home)
            goal = Path(home, "fetched")
            goal.mkdir()
            ended = _ended([self.path, *arguments, "--destination=fetched"], variables, home, b"", deadline, None)
            if ended.code:
                raise HelmError(words(ended.errors, home) or f"it ended with code {ended.code} and without a word")
            found = [each for each in goal.iterdir() if each.suffix == ".tgz" and each.is_file()]
            if len(found) != 1 or found[0].stat().st_size > limit:
                msg = "it fetched no package of a chart, or one that is too large"
                raise HelmError(msg)
            return found[0].read_bytes()


def find(environ: Mapping[str, str], place: Place) -> Helm | Diagnostic:
    """The helm binary of this machine, or what is wrong with it; `place` is where the target was chosen."""
    given = environ.get(VARIABLE, "")
    path = shutil.which(given or "helm", path=environ.get("PATH"))
    if path is None:
        return helm_missing(place, given)
    path = str(Path(path).absolute())
    bare = Helm(path, (0, 0, 0), environ)
    try:
        said = bare.run(["version", "--short"], Deadline(_VERSION_SECONDS)).decode(errors="replace")
    except HelmError as error:
        return not_helm(place, path, str(error))
    match = _VERSION.search(said)
    if match is None:
        return not_helm(place, path, f"asked for its version it says {spoken(said)[:80] or 'nothing'}")
    version = int(match[1]), int(match[2]), int(match[3])
    if version[:2] < OLDEST:
        return too_old(place, path, ".".join(map(str, version)), ".".join(map(str, OLDEST)))
    return Helm(path, version, environ)


def words(errors: bytes, home: str = "") -> str:
    """What helm says is wrong, as a clause: without its warnings, and without our folder's name."""
    text = errors.decode(errors="replace")
    if home:
        text = text.replace(f"{home}/", "").replace(home, "")
    found = _ERROR.search(text)
    if found is not None:
        return spoken(text[found.end() :])
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("WARNING:", "W0", "I0"))]
    return spoken(lines[-1]) if lines else ""


def _variables(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """The environment of helm: nothing that says which cluster, which storage or which plugins."""
    kept = {name: value for name, value in environ.items() if not name.startswith("HELM_")}
    if kept.get(_KUBECONFIG):  # it is read from another folder than ours
        kept[_KUBECONFIG] = os.pathsep.join(
            str(Path(each).absolute()) if each else "" for each in kept[_KUBECONFIG].split(os.pathsep)
        )
    return kept | {
        "HELM_CACHE_HOME": f"{home}/.cache",
        "HELM_CONFIG_HOME": f"{home}/.config",
        "HELM_DATA_HOME": f"{home}/.data",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


@dataclass(frozen=True, slots=True)
class _Ended:
    code: int
    output: bytes = field(repr=False)
    errors: bytes = field(repr=False)


class _Pipe:
    """One of helm's outputs, read in the background up to a limit."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.data = bytearray()
        self.is_full = False
        self._stream, self._limit = stream, limit
        self._thread = threading.Thread(target=self._read, name="helm", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError), self._stream:
            while part := self._stream.read(2**16):
                if len(self.data) + len(part) > self._limit:
                    self.is_full = True
                    return
                self.data += part

    def end(self) -> bytes:
        """What was read, once the process has ended; who still holds the pipe is not waited for."""
        self._thread.join(1.0)
        return bytes(self.data)


def _ended(
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: str,
    stdin: bytes,
    deadline: Deadline,
    meanwhile: Callable[[], None] | None,
) -> _Ended:
    """Run a program to its end, in a group of its own, which is ended with it."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - helm, with a list of arguments and no shell
            list(command), stdin=pipe, stdout=pipe, stderr=pipe, env=dict(variables), cwd=folder, start_new_session=True
        )
    except (OSError, ValueError) as error:
        msg = f"it cannot be run: {getattr(error, 'strerror', None) or error}"
        raise HelmError(msg) from None
    try:
        output, errors = _Pipe(_there(process.stdout), _MOST_OUTPUT), _Pipe(_there(process.stderr), _MOST_ERRORS)
        threading.Thread(target=_feed, args=(_there(process.stdin), stdin), name="helm", daemon=True).start()
        _await(process, output, errors, deadline, meanwhile)
    finally:
        _end(process)
    if output.is_full or errors.is_full:
        msg = f"it says more than {_MOST_OUTPUT // 2**20} MiB"
        raise HelmError(msg)
    return _Ended(process.returncode, output.end(), errors.end())


def _await(
    process: subprocess.Popen[bytes],
    output: _Pipe,
    errors: _Pipe,
    deadline: Deadline,
    meanwhile: Callable[[], None] | None,
) -> None:
    while not output.is_full and not errors.is_full:
        try:
            process.wait(_SLICE)
        except subprocess.TimeoutExpired:
            if deadline.is_over:
                msg = f"it did not end within {deadline.seconds:.0f} s"
                raise HelmOverdueError(msg) from None
            if meanwhile is not None:
                meanwhile()
        else:
            return


def _feed(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError, ValueError):
        stream.write(data)
    with suppress(OSError, ValueError):
        stream.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started: asked first, so that helm can write down that it was stopped."""
    for sign, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        if process.poll() is None or sign is signal.SIGKILL:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    """A stream that was asked for."""
    assert stream is not None  # noqa: S101 - Popen was given PIPE
    return stream
