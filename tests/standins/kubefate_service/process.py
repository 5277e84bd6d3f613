"""One life of the service's process: what ends with it are its tokens and its goroutines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.standins.kubefate_service.charts import Repository
from tests.standins.kubefate_service.generations import Generation
from tests.standins.kubefate_service.gotypes import PanicError
from tests.standins.kubefate_service.platform import Platform
from tests.standins.kubefate_service.store import Store
from tests.standins.kubefate_service.tokens import Tokens


class ProcessEndedError(BaseException):
    """The process of a goroutine is no more."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take. `speed` shortens the pauses between looks at a cluster, not the time limit of jobs."""

    speed: float = 1.0
    time_limit: float = 3600.0
    install_pause: float = 1.0
    update_pause: float = 5.0
    upgrade_pause: float = 30.0
    upgrade_rounds: int = 20


@dataclass(slots=True)
class Process:
    """What a running service has at hand."""

    generation: Generation
    store: Store
    platform: Platform
    repository: Repository
    tokens: Tokens
    pace: Pace = field(default_factory=Pace)
    crash: Callable[[], None] = lambda: None
    is_over: threading.Event = field(default_factory=threading.Event)

    def go(self, function: Callable[[], None]) -> None:
        """Start a goroutine; when it panics, the process ends."""
        threading.Thread(target=self._run, args=(function,), daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Sleep in a goroutine."""
        if self.is_over.wait(seconds * self.pace.speed):
            raise ProcessEndedError

    def forever(self) -> None:
        """What a loop does that never ends."""
        while True:
            self.is_over.wait()
            self.check()
            time.sleep(1)

    def check(self) -> None:
        """End the goroutine when its process is over."""
        if self.is_over.is_set():
            raise ProcessEndedError

    def _run(self, function: Callable[[], None]) -> None:
        try:
            function()
        except ProcessEndedError:
            return
        except PanicError:
            self.crash()
