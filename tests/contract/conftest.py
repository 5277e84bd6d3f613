"""What the tests against stand-ins share: a KubeFATE service, started as a test wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from renderers.kubefate_service import api
from tests.contract.service import PASSWORD
from tests.standins.kubefate_service.generations import generation
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.running import InThread, in_thread
from tests.standins.kubefate_service.server import Settings

Start = Callable[..., InThread]
_context = cache(api._context)


@pytest.fixture(autouse=True)
def _authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the system's authorities once: that takes longer than all else in most of these tests."""
    monkeypatch.setattr(api, "_context", _context)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(release, namespaces=…, …)` starts a service; what more is given are Settings. It ends with the test."""
    with ExitStack() as stack:

        def begin(release: str = "v1.11.2", *, namespaces: tuple[str, ...] = ("fate-9999",), **more: Any) -> InThread:
            given = {"password": PASSWORD, "pace": Pace(speed=0.002), "state": tmp_path / "kubefate", **more}
            started = stack.enter_context(in_thread(Settings(generation=generation(release), **given)))
            for name in namespaces:
                started.service.cluster.add_namespace(name)
            return started

        yield begin


@pytest.fixture
def kubefate_service(start: Start) -> InThread:
    """The service of KubeFATE v1.11.2, with the namespace fate-9999."""
    return start()
