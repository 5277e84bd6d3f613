"""KubeFATE's own kube.cfg files: the federations they describe are written as they are, and as before.

A case is a folder below `kube_cfg/`: `federation.yaml`, the facts of a file or text of KubeFATE's in `sample.yaml`, and
the rendered files in `expected/`. FEDPLAN_UPDATE_GOLDEN=1 rewrites `expected/`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from planner.pipeline import check
from renderers import script
from renderers.bash import Settings, parse
from tests.quick_yaml import loaded

CASES_FOLDER: Final = Path(__file__).parent / "kube_cfg"
CASES: Final = sorted(path.name for path in CASES_FOLDER.iterdir())
UPDATE: Final = os.environ.get("FEDPLAN_UPDATE_GOLDEN") == "1"


@cache
def rendered(case: str) -> Mapping[str, str]:
    """The files of a case."""
    plan = check((CASES_FOLDER / case / "federation.yaml").read_bytes()).plan
    assert plan is not None
    return script.render(plan)


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_files_are_the_expected_ones(case: str) -> None:
    """Byte for byte; a plain `git diff` shows what a change of the writer does."""
    folder = CASES_FOLDER / case / "expected"
    if UPDATE:
        folder.mkdir(exist_ok=True)
        for name, text in rendered(case).items():
            (folder / name).write_text(text, encoding="utf-8")
    assert rendered(case) == {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.mark.parametrize("case", CASES)
def test_the_settings_are_those_of_kubefate(case: str) -> None:
    """Every setting of KubeFATE's file or text has the same words here."""
    sample = loaded((CASES_FOLDER / case / "sample.yaml").read_text(encoding="utf-8"))
    assert sample.pop("source")
    settings = parse(rendered(case)[script.KUBE_CFG_FILE])
    assert isinstance(settings, Settings)
    assert {name: [value.text for value in settings.values(name)] for name in sample} == sample
