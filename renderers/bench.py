"""`invoke bench`: what planning costs, beside a floor that is measured in the same run.

A case is a federation of a given shape and size. Plan is measured as a whole process: a fresh interpreter that calls
what `invoke plan` calls, with its imports and the git processes that it starts. The floor is what no planner of this
kind can go below: a fresh interpreter that parses the same federation.yaml with PyYAML's C loader and writes the bytes
that plan wrote from memory to files. CPU time is user plus system time of the process and of its own children, in
seconds; memory is the largest resident set of one process, in MB (10^6 bytes). Nothing here judges the numbers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

GOOD: Final = 0
ERRORS: Final = 1
USAGE: Final = 64

PARTIES_PER_CLUSTER: Final = 200
"""Parties on one cluster: its NodePort range has room for 267 blocks of ten (30090 to 32767)."""

_MEGA: Final = 1_000_000
_FILE: Final = "federation.yaml"
_OUT: Final = "out"
_PLAN: Final = """\
import sys
from renderers.commands import run_plan
text, code = run_plan("federation.yaml", None, "text", check_only=False, with_diff=False, against=None, forget=())
if code:
    sys.stdout.write(text)
sys.exit(code)
"""
_FLOOR: Final = """\
import os, sys, time
import yaml
before = time.process_time()
files = {}
for folder, _, names in os.walk("out"):
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            files[os.path.join("floor", os.path.relpath(path, "out"))] = file.read()
sys.stdout.write(str(time.process_time() - before))
with open("federation.yaml", encoding="utf-8") as file:
    yaml.load(file.read(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
for folder in sorted({os.path.dirname(path) for path in files}):
    os.makedirs(folder, exist_ok=True)
for path, data in files.items():
    with open(path, "wb") as file:
        file.write(data)
"""
"""Reading the bytes into memory is no part of the floor: the seconds it took are printed, and taken off."""


@dataclass(frozen=True, slots=True)
class Case:
    """A federation to measure, how often (the best run counts), and whether planning it again is measured too.

    `engine` other than eggroll stands at the end of the name; all parties of such a case have FATE-Serving as well. A
    `target` other than kubefate, which all of its sites have, stands behind that.
    """

    topology: str
    parties: int
    runs: int
    again: bool = False
    engine: str = "eggroll"
    target: str = "kubefate"

    @property
    def name(self) -> str:
        """The name by which `--only` selects the case."""
        engine = () if self.engine == "eggroll" else (self.engine,)
        target = () if self.target == "kubefate" else (self.target,)
        return "-".join((self.topology, str(self.parties), *engine, *target))


CASES: Final = (
    Case("mesh", 2, 3),
    Case("mesh", 100, 3, again=True),
    Case("mesh", 1_000, 1),
    Case("star", 1_000, 3, again=True),
    Case("star", 10_000, 1),
    Case("mesh", 100, 3, engine="spark_pulsar"),
    Case("mesh", 400, 1, engine="spark_rabbitmq"),
    Case("star", 400, 1, engine="spark_pulsar"),
    Case("mesh", 100, 1, target="kubernetes"),
)
"""What is measured, in this order."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds, and the largest resident set in bytes."""

    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `floor` is None where planning again is measured, which has none."""

    name: str
    files: int
    size: int
    floor: Cost | None
    plan: Cost


class _Failed(Exception):  # noqa: N818 - carries what a process said to the edge of this module
    """A measured process that did not end well: its output."""


Note = Callable[[str], None]
"""Tells what is being measured right now."""


def run_bench(only: str, progress: TextIO) -> tuple[str, int]:
    """Measure the cases named in `only` (comma-separated, empty for all): the table, and the exit code.

    What is under way is told on `progress` when that is a terminal.
    """
    wanted = {name.strip() for name in only.split(",") if name.strip()}
    names = [case.name for case in CASES]
    if unknown := sorted(wanted - set(names)):
        return f"--only takes {', '.join(names)}, not {', '.join(map(repr, unknown))}", USAGE
    if not hasattr(os, "wait4"):
        return "bench measures processes with wait4, which this system does not have; use Linux or macOS", USAGE
    chosen = [case for case in CASES if not wanted or case.name in wanted]

    def note(text: str) -> None:
        if progress.isatty():
            progress.write(f"\r\x1b[K{text}")
            progress.flush()

    try:
        with tempfile.TemporaryDirectory(prefix="fedplan-bench-") as folder:
            rows = list(_rows(chosen, Path(folder), note))
    except _Failed as failed:
        return f"a measured process failed:\n{failed}", ERRORS
    finally:
        note("")
    return table(rows), GOOD


def federation(case: Case, extra: int = 0) -> str:
    """A federation.yaml of a case: clusters with addresses of their own, and the parties spread over them in order.

    `extra` parties more are appended on the last cluster, where none of the others notices.
    """
    clusters = max(2, -(-case.parties // PARTIES_PER_CLUSTER))
    name = f"bench-{case.topology}-{case.parties}"
    lines = ["version: 1", f"name: {name}", "release: v1.11.2", f"topology: {case.topology}", "clusters:"]
    if case.topology == "star":
        lines.append("  - {name: hub, address: 10.1.0.1}")
    addresses = [f"10.2.{index // 250}.{index % 250 + 1}" for index in range(clusters)]
    lines += [f"  - {{name: cluster-{index}, address: {address}}}" for index, address in enumerate(addresses)]
    if case.topology == "star":
        lines += ["exchanges:", "  - {name: hub, cluster: hub}"]
    lines.append("parties:")
    each = -(-case.parties // clusters)
    for index in range(case.parties + extra):
        lines.append(f"  - {{id: {10_000 + index}, cluster: cluster-{min(index // each, clusters - 1)}}}")
    lines.append("defaults:")
    lines.append('  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}')
    if case.target != "kubefate":
        lines.append(f"  target: {case.target}")
    if case.engine != "eggroll":
        lines.append(f"  engine: {case.engine}")
        lines.append('  serving: {credentials: {redis: "env:FATE_REDIS_PASSWORD", admin: "env:FATE_ADMIN_PASSWORD"}}')
    return "".join(f"{line}\n" for line in lines)


def table(rows: list[Row]) -> str:
    """The rows as text, numbers to the right."""
    head = ("case", "files", "MB", "floor CPU s", "plan CPU s", "ratio", "floor peak MB", "plan peak MB")
    cells = [head, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join("  ".join(_padded(row, widths)) for row in cells)


def _padded(row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    yield row[0].ljust(widths[0])
    for cell, width in zip(row[1:], widths[1:], strict=True):
        yield cell.rjust(width)


def _cells(row: Row) -> tuple[str, ...]:
    floor = row.floor
    return (
        row.name,
        f"{row.files:,}",
        f"{row.size / _MEGA:.2f}",
        "" if floor is None else f"{floor.cpu:.2f}",
        f"{row.plan.cpu:.2f}",
        "" if floor is None else f"{row.plan.cpu / max(floor.cpu, 0.01):.1f}",
        "" if floor is None else f"{floor.peak / _MEGA:.0f}",
        f"{row.plan.peak / _MEGA:.0f}",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Measuring


def _rows(cases: list[Case], root: Path, note: Note) -> Iterator[Row]:
    """Measure case by case; a run that is not counted comes first, so that no case pays for compiling our modules."""
    note("warming up")
    warm = root / "warm"
    _prepare(warm, federation(CASES[0]))
    _plan(warm)
    for case in cases:
        folder = root / case.name
        _prepare(folder, federation(case))
        yield _first(case, folder, note)
        if case.again:
            yield _unchanged(case, folder, note)
            yield _appended(case, folder, note)
        shutil.rmtree(folder)


def _first(case: Case, folder: Path, note: Note) -> Row:
    """Plan from nothing, and the floor under it."""
    costs = []
    for run in range(case.runs):
        note(f"{case.name}: plan, run {run + 1} of {case.runs}")
        shutil.rmtree(folder / _OUT, ignore_errors=True)
        (folder / _FILE).with_suffix(".lock").unlink(missing_ok=True)
        costs.append(_plan(folder))
    floors = []
    for run in range(case.runs):
        note(f"{case.name}: floor, run {run + 1} of {case.runs}")
        floors.append(_floor(folder))
        shutil.rmtree(folder / "floor")
    sizes = {path: size for path, (size, _) in _stamps(folder / _OUT).items()}
    return Row(case.name, len(sizes), sum(sizes.values()), _best(floors), _best(costs))


def _unchanged(case: Case, folder: Path, note: Note) -> Row:
    """Plan again with the same file: files and bytes are those written anew."""
    note(f"{case.name}: plan again, nothing changed")
    before = _stamps(folder / _OUT)
    costs = [_plan(folder) for _ in range(case.runs)]
    return _again(f"{case.name} unchanged", before, _stamps(folder / _OUT), costs)


def _appended(case: Case, folder: Path, note: Note) -> Row:
    """Plan again with one party more than before, another one in each run: files and bytes are of the last run."""
    costs = []
    before: Mapping[str, tuple[int, object]] = {}
    for run in range(case.runs):
        note(f"{case.name}: one party appended, run {run + 1} of {case.runs}")
        before = _stamps(folder / _OUT)
        (folder / _FILE).write_text(federation(case, run + 1), encoding="utf-8")
        costs.append(_plan(folder))
    return _again(f"{case.name} +1 party", before, _stamps(folder / _OUT), costs)


def _again(
    name: str, before: Mapping[str, tuple[int, object]], after: Mapping[str, tuple[int, object]], costs: list[Cost]
) -> Row:
    written = [size for path, (size, stamp) in after.items() if before.get(path) != (size, stamp)]
    return Row(name, len(written), sum(written), None, _best(costs))


def _best(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.cpu)


def _stamps(root: Path) -> dict[str, tuple[int, object]]:
    """Every file below a folder: its size in bytes, and what tells whether it was written meanwhile."""
    found: dict[str, tuple[int, object]] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            found[str(path)] = (status.st_size, (status.st_ino, status.st_mtime_ns))
    return found


def _prepare(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / _FILE).write_text(text, encoding="utf-8")


def _plan(folder: Path) -> Cost:
    return _measured(_PLAN, folder)[0]


def _floor(folder: Path) -> Cost:
    cost, reading = _measured(_FLOOR, folder)
    return Cost(cost.cpu - float(reading), cost.peak)


def _measured(program: str, folder: Path) -> tuple[Cost, str]:
    """Run a program in a fresh interpreter and wait for it: its cost and its output.

    Linux lets a new process begin with the largest resident set of the one that started it, so no peak is told that is
    below bench's own; this module stays small for that, and imports nothing of the planner. Git looks for no
    repository above the folder.
    """
    source = str(Path(__file__).resolve().parents[1])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
        "GIT_CEILING_DIRECTORIES": str(folder.parent.resolve()),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with process:
        output = "" if process.stdout is None else process.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = output.strip() or f"exit code {process.returncode}"
        raise _Failed(message)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit), output
