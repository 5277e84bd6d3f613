"""Long work in steps: what is done now, since how many seconds, and every command with a log of its own."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.harness.failures import failed


class Steps:
    """Says on stderr what is being done; runs the commands of each step."""

    def __init__(self, logs: Path, *, quiet: bool = False) -> None:
        """Count from now; write the logs of commands into a folder."""
        self._begin = time.monotonic()
        self._logs = logs
        self._quiet = quiet
        self._name = "start"
        logs.mkdir(parents=True, exist_ok=True)

    @property
    def elapsed(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._begin

    def begin(self, name: str) -> None:
        """Begin a step."""
        self._name = name
        self.say(name)

    def say(self, text: str) -> None:
        """Print one line with the seconds that have gone by."""
        if not self._quiet:
            sys.stderr.write(f"[{self.elapsed:6.1f} s] {text}\n")
            sys.stderr.flush()

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        seconds: float = 600,
    ) -> str:
        """Run one command to its end and return what it printed; fail with the step, the command and its log."""
        log = self._logs / f"{re.sub(r'[^a-z0-9]+', '-', self._name.split(':')[0].lower())}.log"
        with log.open("ab") as writer:
            start = writer.tell()
            writer.write(f"$ {' '.join(command)}\n".encode())
            writer.flush()
            printed = writer.tell()
            try:
                code = subprocess.run(
                    command,
                    cwd=folder,
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=writer,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    check=False,
                ).returncode
            except FileNotFoundError as missing:
                raise failed(self._name, command, log, f"{missing.filename} is not there") from None
            except subprocess.TimeoutExpired:
                raise failed(self._name, command, log, f"not done after {seconds:.0f} s") from None
        if code:
            raise failed(self._name, command, log, f"ended with exit code {code}")
        with log.open("rb") as reader:
            reader.seek(max(start, printed))
            return reader.read().decode("utf-8", errors="replace")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, so that two processes do not do the same work at once; wait for the other one."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting for another process that holds {lock}\n")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
