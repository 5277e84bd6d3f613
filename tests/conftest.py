"""What every test may use: plan a text as the program does, and see what it finds."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from planner.diagnostics import FEDERATION, Diagnostic, Place
from planner.pipeline import Checked, check
from planner.plan import Plan
from renderers.planning import render_site
from renderers.proving import prove

settings.register_profile("explore", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "explore")  # CI repeats, a laptop looks for what is new
ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Planned:
    """A federation.yaml text taken all the way to the proof, nothing written."""

    checked: Checked
    diagnostics: tuple[Diagnostic, ...]

    @property
    def plan(self) -> Plan:
        """The plan; fails the test when there is none."""
        assert self.checked.plan is not None, [d.message for d in self.diagnostics]
        return self.checked.plan

    @property
    def found(self) -> list[tuple[int, str, str]]:
        """Line in federation.yaml, severity and code of every finding, sorted; line 0 for other documents."""
        return sorted((self.line(d.place), str(d.fault.severity), d.fault.code) for d in self.diagnostics)

    @property
    def codes(self) -> list[str]:
        """The codes found, sorted."""
        return sorted(d.fault.code for d in self.diagnostics)

    def line(self, place: Place) -> int:
        """Line of a place in federation.yaml."""
        if place.document != FEDERATION:
            return 0
        if place.span is not None:
            return place.span.line
        return 1 if self.checked.document is None else self.checked.document.span(place).line

    def files(self) -> Mapping[str, Mapping[str, str]]:
        """The rendered files by site."""
        return {planned.key: render_site(self.plan)(planned) for planned in self.plan.sites}


def plan_text(text: str, lock: str | None = None) -> Planned:
    """Check, resolve, render and prove one federation."""
    checked = check(text.encode(), lock)
    found = checked.diagnostics
    if checked.plan is not None:
        found += prove(checked.plan, render_site(checked.plan)).diagnostics
    return Planned(checked, found)


@pytest.fixture
def plan_of() -> Callable[..., Planned]:
    """Plan a federation.yaml given as text."""
    return plan_text


_ASKED_FOR = ("slow", "cluster", "node")
"""Markers whose tests run only with an option of the same name."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Some tests run only when asked for."""
    parser.addoption("--slow", action="store_true", help="run the slow tests too")
    parser.addoption("--cluster", action="store_true", help="run the tests with a real control plane too")
    parser.addoption("--node", action="store_true", help="run the tests with containers on a real node too")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one process of many have all tests with clusters, which start theirs once."""
    if config.getoption("dist") != "load" or not (config.getoption("--cluster") or config.getoption("--node")):
        return None
    scheduler = importlib.import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = lambda test: "tests/cluster" if test.startswith("tests/cluster/") else test
    return scheduler


def pytest_collection_finish() -> None:
    """Ten thousand tests stay until the end: let the garbage collector not walk through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests that nobody asked for out of the run."""
    left_out = [marker for marker in _ASKED_FOR if not config.getoption(f"--{marker}")]
    kept: list[pytest.Item] = []
    deselected: list[pytest.Item] = []
    for item in items:
        is_left_out = any(item.get_closest_marker(marker) for marker in left_out)
        (deselected if is_left_out else kept).append(item)
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept
