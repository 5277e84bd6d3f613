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


def test_manual_pages_are_whole() -> None:
    """Every fault has a title, an explanation, and an example."""
    pages = {module.FAULT.code: _page(module) for module in FAULTS}
    assert [code for code, manual in pages.items() if not manual.title] == []
    assert [code for code, manual in pages.items() if len(manual.prose.split()) <= 15] == []
    assert [code for code, manual in pages.items() if not (manual.bad or manual.example)] == []


SHOWN = [module for module in FAULTS if _page(module).bad]


@pytest.mark.parametrize("module", SHOWN, ids=[module.FAULT.code for module in SHOWN])
def test_the_bad_example_is_found(module: ModuleType, plan_of: Callable[[str], Any]) -> None:
    """The bad example has exactly the findings its comments announce, on these lines, and each says what to do."""
    manual = _page(module)
    expected = sorted((marker.line, str(marker.severity), marker.code) for marker in markers(manual.bad))
    planned = plan_of(manual.bad)
    assert planned.found == expected
    assert module.FAULT.code in {code for _, _, code in expected}
    for diagnostic in planned.diagnostics:
        assert diagnostic.hint
        assert not diagnostic.hint.endswith(".")
        assert not diagnostic.message.endswith(".")
        assert "\n" not in diagnostic.message


@pytest.mark.parametrize("module", SHOWN, ids=[module.FAULT.code for module in SHOWN])
def test_the_good_example_is_good(module: ModuleType, plan_of: Callable[[str], Any]) -> None:
    """The good example has no finding at all."""
    assert plan_of(_page(module).good).found == []


def test_checks_are_those_that_can_check() -> None:
    """Modules with a check function run on every federation."""
    assert {module for module in FAULTS if hasattr(module, "check")} == set(CHECKS)
