"""The catalogue of faults: complete, unique, explained, and each example true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from planner import checks
from planner.catalogue import CHECKS, FAULTS
from planner.manual import markers, page

FOLDER = Path(checks.__file__).parent
IDS = [module.FAULT.code for module in FAULTS]


def _page(module: ModuleType) -> Any:
    return page(module.__doc__, module.FAULT)


def test_every_module_is_listed() -> None:
    """A fault that is written is known, and nothing else is."""
    listed = {module.__name__.rpartition(".")[2] for module in FAULTS}
    assert listed == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


def test_codes_and_names_are_unique_and_sorted() -> None:
    """A code says one thing, and the list is in the order of the codes."""
    assert sorted(set(IDS)) == IDS
    assert all(re.fullmatch(r"FED[1-9]\d\d", code) for code in IDS)
    for module in FAULTS:
        assert module.FAULT.name == module.__name__.rpartition(".")[2]


@pytest.mark.parametrize("module", FAULTS, ids=IDS)
def test_the_manual_page_is_whole(module: ModuleType) -> None:
    """Every fault has a title, an explanation, and an example."""
    manual = _page(module)
    assert manual.title
    assert len(manual.prose.split()) > 15
    assert manual.bad or manual.example


SHOWN = [module for module in FAULTS if _page(module).bad]


@pytest.mark.parametrize("module", SHOWN, ids=[module.FAULT.code for module in SHOWN])
def test_the_bad_example_is_found(module: ModuleType, plan_of: Callable[[str], Any]) -> None:
    """The bad example has exactly the findings its comments announce, on these lines."""
    manual = _page(module)
    expected = sorted((marker.line, str(marker.severity), marker.code) for marker in markers(manual.bad))
    assert plan_of(manual.bad).found == expected
    assert module.FAULT.code in {code for _, _, code in expected}


@pytest.mark.parametrize("module", SHOWN, ids=[module.FAULT.code for module in SHOWN])
def test_the_good_example_is_good(module: ModuleType, plan_of: Callable[[str], Any]) -> None:
    """The good example has no finding at all."""
    assert plan_of(_page(module).good).found == []


@pytest.mark.parametrize("module", SHOWN, ids=[module.FAULT.code for module in SHOWN])
def test_findings_can_be_acted_on(module: ModuleType, plan_of: Callable[[str], Any]) -> None:
    """Messages are one clause, and every finding says what to do."""
    for diagnostic in plan_of(_page(module).bad).diagnostics:
        assert diagnostic.hint
        assert not diagnostic.hint.endswith(".")
        assert not diagnostic.message.endswith(".")
        assert "\n" not in diagnostic.message


def test_checks_are_those_that_can_check() -> None:
    """Modules with a check function run on every federation."""
    assert {module for module in FAULTS if hasattr(module, "check")} == set(CHECKS)
