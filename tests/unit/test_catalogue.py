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
from planner.invariants import INVARIANTS
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
    assert all(re.fullmatch(r"FED[1-8]\d\d", code) for code in IDS)
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


FAMILIES = {
    "ID": 5,
    "NS": 5,
    "VER": 7,
    "IMG": 2,
    "PORT": 8,
    "EGG": 17,
}


def test_every_invariant_of_the_planned_families_is_upheld() -> None:
    """ID, NS, VER, IMG, PORT and EGG are complete, and so are UPG-3, K8S-1 and CRED-1."""
    expected = {f"INV-{family}-{number + 1}" for family, count in FAMILIES.items() for number in range(count)}
    expected |= {"INV-UPG-3", "INV-K8S-1", "INV-CRED-1"}
    assert {invariant.id for invariant in INVARIANTS} == expected
    assert len(INVARIANTS) == len(expected)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=[invariant.id for invariant in INVARIANTS])
def test_an_invariant_is_upheld_where_it_says(invariant: Any) -> None:
    """Codes exist, code that makes it impossible exists, tests exist, probes are sentences."""
    assert invariant.upheld
    for how, where in invariant.upheld:
        if how == "check":
            assert where in IDS
        elif how == "construction":
            name, _, attribute = where.partition(":")
            value: Any = __import__(name, fromlist=["_"])
            for part in attribute.split("."):
                value = getattr(value, part)
        elif how == "test":
            path, _, name = where.partition("::")
            assert f"def {name}(" in (FOLDER.parent.parent / path).read_text()
        else:
            assert how == "probe"
            assert len(where.split()) > 3
