"""Start the stand-in from a test: in a thread, or as a program of its own that can be killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.standins.kubefate_service.platform import Platform
from tests.standins.kubefate_service.server import CONTROL, Service, Settings, serve

ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class InThread:
    """A stand-in of this process: a test reaches into it."""

    url: str
    service: Service

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])


@contextmanager
def in_thread(settings: Settings, platform: Platform | None = None) -> Iterator[InThread]:
    """Serve in a thread, until the end of the context."""
    service = Service(settings, platform)
    server = serve(service)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002}, daemon=True).start()
    scheme = "https" if settings.certificate is not None else "http"
    try:
        yield InThread(f"{scheme}://127.0.0.1:{server.server_address[1]}", service)
    finally:
        service.end()
        server.shutdown()
        server.server_close()


@dataclass(slots=True)
class AsProgram:
    """A stand-in of another process."""

    arguments: Sequence[str]
    url: str = ""
    _process: subprocess.Popen[str] | None = field(default=None)

    def start(self) -> None:
        """Start it, at the port that it had before."""
        port = self.url.rpartition(":")[2] if self.url else "0"
        command = [sys.executable, "-m", "tests.standins.kubefate_service", "--port", port, *self.arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "it did not start"

    def kill(self) -> None:
        """End it at once, as a node does that loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def control(self, **wish: Any) -> Any:
        """Ask it for something (`Service.control`)."""
        request = urllib.request.Request(self.url + CONTROL, json.dumps(wish).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def as_program(state: Path, *arguments: str) -> Iterator[AsProgram]:
    """Serve in a process of its own, until the end of the context."""
    program = AsProgram(("--state", str(state), *arguments))
    program.start()
    try:
        yield program
    finally:
        program.kill()
