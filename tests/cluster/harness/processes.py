"""Processes that belong to a cluster: each has a record on disk, so that any process can end them later.

A record holds the pid and when that process began: a pid that the kernel has given to somebody else is left alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster.harness.api import UNREACHABLE, ApiError
from tests.cluster.harness.failures import HarnessError, failed

_STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""Our own children, which only we can reap."""


@dataclass(frozen=True, slots=True)
class Record:
    """A process that was started for a cluster."""

    name: str
    command: list[str]
    environment: dict[str, str]
    pid: int
    began: int

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is stopped, and is no zombie."""
        child = _STARTED.get(self.pid)
        if child is not None:
            child.poll()
        return began(self.pid) == self.began


class Processes:
    """The processes of one cluster, with their logs."""

    def __init__(self, run: Path) -> None:
        """Keep records and logs in the folder of a run."""
        self._records = run / "processes"
        self._logs = run / "logs"

    def log(self, name: str) -> Path:
        """The log of a process."""
        return self._logs / f"{name}.log"

    def names(self) -> list[str]:
        """Every process that was started and not ended, in the order of their start."""
        if not self._records.is_dir():
            return []
        return [file.stem for file in sorted(self._records.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)]

    def record(self, name: str) -> Record | None:
        """What is known of a process."""
        try:
            return Record(**json.loads((self._records / f"{name}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def is_alive(self, name: str) -> bool:
        """Whether a process runs."""
        record = self.record(name)
        return record is not None and record.is_alive

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process at the head of a process group of its own."""
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log(name)
        with log.open("ab") as writer:
            try:
                child = subprocess.Popen(
                    command,
                    env={**os.environ, **(environment or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=writer,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                step = f"start {name}"
                raise failed(step, command, log, str(error)) from None
        _STARTED[child.pid] = child
        record = Record(name, list(command), dict(environment or {}), child.pid, began(child.pid) or 0)
        (self._records / f"{name}.json").write_text(json.dumps(asdict(record)), encoding="utf-8")

    def start_again(self, name: str) -> None:
        """Start a process that was ended, just as the first time."""
        record = self.record(name)
        if record is None:
            message = f"{name} was never started"
            raise HarnessError(message)
        if not record.is_alive:
            self.start(name, record.command, record.environment)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and everything in its group."""
        record = self.record(name)
        if record is None or not record.is_alive:
            return
        with suppress(ProcessLookupError):
            os.killpg(record.pid, number)

    def end(self, names: Iterable[str], seconds: float = 10, *, forget: bool = True) -> None:
        """End processes, all at once; whatever is left after some seconds is killed."""
        ending = [record for name in names if (record := self.record(name)) is not None]
        for record in ending:
            self.signal(record.name, signal.SIGTERM)
            self.signal(record.name, signal.SIGCONT)
        if not _until(lambda: not any(record.is_alive for record in ending), seconds):
            for record in ending:
                self.signal(record.name, signal.SIGKILL)
            _until(lambda: not any(record.is_alive for record in ending), 5)
        if forget:
            for record in ending:
                (self._records / f"{record.name}.json").unlink(missing_ok=True)

    def wait(self, what: str, check: Callable[[], object], seconds: float, watched: Sequence[str]) -> None:
        """Wait until something holds; fail with the log of the process that died, or of the last one.

        A server that is asked and does not answer is not there yet.
        """

        def holds() -> bool:
            try:
                return bool(check())
            except (ApiError, *UNREACHABLE):
                return False

        deadline = time.monotonic() + seconds
        while not holds():
            dead = [name for name in watched if not self.is_alive(name)]
            if dead:
                raise self._failure(what, dead[0], f"{dead[0]} ended by itself")
            if time.monotonic() > deadline:
                raise self._failure(what, watched[-1], f"not so after {seconds:.0f} s")
            time.sleep(0.05)

    def _failure(self, what: str, name: str, reason: str) -> HarnessError:
        record = self.record(name)
        return failed(f"wait until {what}", record.command if record else [name], self.log(name), reason)


def began(pid: int) -> int | None:
    """When a process began, in the kernel's ticks since it booted; None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _until(check: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; whether it does in the end."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
