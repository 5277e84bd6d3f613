"""Measuring plan against a floor."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from planner.pipeline import check
from renderers import bench
from renderers.bench import CASES, Case, Cost, Row, federation, run_bench, table

ROOT = Path(__file__).resolve().parents[2]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure two parties only, once, planning again too."""
    monkeypatch.setattr(bench, "CASES", (Case("mesh", 2, 1, again=True),))


@pytest.mark.parametrize("case", [CASES[0], Case("mesh", 401, 1), Case("star", 7, 1), Case("star", 250, 1)], ids=str)
@pytest.mark.parametrize("extra", [0, 3])
def test_federation_has_no_finding(case: Case, extra: int) -> None:
    """What is measured is a federation without a finding, of the size that its name says."""
    text = federation(case, extra)
    assert check(text.encode()).diagnostics == ()
    data = yaml.load(text, yaml.CSafeLoader)
    assert (data["topology"], len(data["parties"])) == (case.topology, case.parties + extra)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if case.parties > 1000 else ()) for case in CASES],
    ids=lambda case: case.name,
)
def test_clusters_have_room(case: Case) -> None:
    """No cluster has more parties than its ports suffice for, and each has an address of its own."""
    data = yaml.load(federation(case), yaml.CSafeLoader)
    placed = [party["cluster"] for party in data["parties"]]
    assert max(Counter(placed).values()) <= bench.PARTIES_PER_CLUSTER
    addresses = [cluster["address"] for cluster in data["clusters"]]
    assert len(set(addresses)) == len(addresses)
    assert {cluster["name"] for cluster in data["clusters"]} - {"hub"} == set(placed)


def test_appending_only_appends() -> None:
    """A party more leaves every other line as it was."""
    before, after = federation(CASES[1]).splitlines(), federation(CASES[1], 1).splitlines()
    added = [line for line in after if line not in before]
    assert added == ["  - {id: 10100, cluster: cluster-1}"]
    assert [line for line in after if line in before] == before


def test_unknown_case_is_a_usage_error() -> None:
    """`--only` names what there is."""
    assert run_bench("mesh-2, mesh-3", io.StringIO()) == (
        f"--only takes {', '.join(case.name for case in CASES)}, not 'mesh-3'",
        64,
    )


def test_table_is_aligned() -> None:
    """Numbers stand under each other; a row without a floor leaves its columns empty."""
    rows = [
        Row("mesh-2", 3, 4_500, Cost(0.05, 20_000_000), Cost(0.5, 60_400_000)),
        Row("mesh-2 unchanged", 0, 0, None, Cost(12.5, 160_000_000)),
    ]
    assert table(rows).splitlines() == [
        "case              files    MB  floor CPU s  plan CPU s  ratio  floor peak MB  plan peak MB",
        "mesh-2                3  0.00         0.05        0.50   10.0             20            60",
        "mesh-2 unchanged      0  0.00                    12.50                                 160",
    ]


@pytest.mark.slow
def test_bench_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest case, all the way: three rows, a floor that costs less than plan, and nothing on a pipe."""
    small(monkeypatch)
    progress = io.StringIO()
    text, code = run_bench("", progress)
    assert (code, progress.getvalue()) == (0, "")
    head, first, unchanged, appended = text.splitlines()
    assert head.startswith("case")
    assert first.split()[:2] == ["mesh-2", "5"]
    assert unchanged.split()[:4] == ["mesh-2", "unchanged", "0", "0.00"]
    assert appended.split()[:4] == ["mesh-2", "+1", "party", "7"]


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the run is told, and wiped away at the end."""
    small(monkeypatch)
    monkeypatch.setattr(bench, "_plan", lambda _folder: Cost(1.0, 1))
    monkeypatch.setattr(bench, "_floor", lambda folder: (folder.joinpath("floor").mkdir(), Cost(1.0, 1))[1])
    progress = Terminal()
    assert run_bench("", progress)[1] == 0
    assert "mesh-2: plan, run 1 of 1" in progress.getvalue()
    assert progress.getvalue().endswith("\r\x1b[K")


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a measured process says when it fails reaches the user."""
    small(monkeypatch)
    monkeypatch.setattr(bench, "_PLAN", "raise SystemExit('no plan today')")
    assert run_bench("", io.StringIO()) == ("a measured process failed:\nno plan today", 1)


def test_cost_is_the_processs_own(tmp_path: Path) -> None:
    """CPU time is that of the measured process; memory grows with what it holds.

    A process begins with the memory of the one that starts it, so a small one does.
    """
    code = """\
from pathlib import Path
from renderers import bench
idle, _ = bench._measured("", Path())
code = "import time; data = b'x' * 400_000_000\\nwhile time.process_time() < 0.4: pass\\nprint(len(data))"
busy, output = bench._measured(code, Path())
assert output.strip() == "400000000"
assert busy.cpu > idle.cpu + 0.2
assert busy.peak > max(idle.peak, 400_000_000), (idle, busy)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
