"""Federations of target kubernetes whose whole rendered tree is kept: `git diff` shows what a change of a writer does.

A case is a folder below `kubernetes/`: `federation.yaml` and the tree in `expected/`. FEDPLAN_UPDATE_GOLDEN=1 rewrites
`expected/`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from planner.pipeline import check
from planner.plan import Plan
from renderers.planning import render_site
from renderers.proving import prove

SAMPLES: Final = Path(__file__).parent / "kubernetes"
CASES: Final = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
UPDATE: Final = os.environ.get("FEDPLAN_UPDATE_GOLDEN") == "1"


@cache
def plan_of(case: str) -> Plan:
    """The plan of a case, in which nothing may be wrong."""
    checked = check((SAMPLES / case / "federation.yaml").read_bytes())
    assert checked.plan is not None, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.plan


@cache
def rendered(case: str) -> Mapping[str, str]:
    """The files of a case by their path below `out/`."""
    plan = plan_of(case)
    render = render_site(plan)
    return {f"{planned.key}/{name}": text for planned in plan.sites for name, text in render(planned).items()}


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_tree_is_the_expected_one(case: str) -> None:
    """Every file of every site, byte for byte."""
    folder = SAMPLES / case / "expected"
    if UPDATE:
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in rendered(case).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    found = (path for path in folder.rglob("*") if path.is_file())
    expected = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}
    assert rendered(case) == expected


@pytest.mark.parametrize("case", CASES)
def test_every_rendered_tree_reads_back_as_planned(case: str) -> None:
    """The route tables and doors that Kubernetes and FATE make of the files are the planned ones."""
    plan = plan_of(case)
    assert prove(plan, render_site(plan)).diagnostics == ()
