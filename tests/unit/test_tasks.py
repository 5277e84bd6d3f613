"""The tasks as a user calls them: options, exit codes, and what a bug of ours looks like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tasks

ROOT = Path(__file__).resolve().parents[2]
FEDERATION = (ROOT / "federation.yaml").read_text()


def invoke(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run `invoke` the way its own command does, with the tasks of this repository."""
    command = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def fedplan(*arguments: str) -> int:
    """Run the console command in this process and give its exit code."""
    with pytest.raises(SystemExit) as exited:
        tasks.FedplanProgram(namespace=tasks.namespace, name="fedplan", binary="fedplan").run(["fedplan", *arguments])
    return int(exited.value.code or 0)


@pytest.mark.parametrize(
    "arguments",
    [["plan", "--bogus"], ["nope"], ["plan", "--format", "banana"], ["explain", "FED000"], ["explain"]],
    ids=" ".join,
)
def test_usage_errors_exit_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option, task, value or code is a usage error, and says so in one line."""
    assert fedplan(*arguments) == 64
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_usage_errors_exit_64_under_invoke() -> None:
    """Invoke itself would exit 1, as for a failure; with our tasks it exits 64."""
    done = invoke("plan", "--bogus")
    assert (done.returncode, done.stdout) == (64, "")
    assert "--bogus" in done.stderr


def test_the_shipped_example_is_planned() -> None:
    """What stands in the repository is what its federation.yaml plans."""
    done = invoke("plan", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_task_list_reads_well() -> None:
    """Every task says in one sentence what it does."""
    listed = invoke("--list").stdout
    for name in ("plan", "verify", "graph", "explain", "init", "docs", "bench"):
        assert f"  {name} " in listed


def test_a_bug_of_ours_exits_70(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception nobody expected shows its traceback and is not taken for the user's mistake."""

    def broken(*_: object, **__: object) -> None:
        message = "out of reach"
        raise RuntimeError(message)

    monkeypatch.setattr("renderers.commands.run_plan", broken)
    assert fedplan("plan") == 70
    told = capsys.readouterr().err
    assert "RuntimeError: out of reach" in told
    assert "bug of fedplan" in told


def test_an_interrupt_is_no_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with one line and no traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("renderers.commands.run_plan", interrupted)
    assert fedplan("plan") == 3
    assert "Traceback" not in capsys.readouterr().err


def test_the_console_command_names_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside a checkout there is no `invoke plan`, so the installed command speaks of itself."""
    (tmp_path / "federation.yaml").write_text(FEDERATION.replace("id: 10000", "id: 9999"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fedplan", "plan"])
    assert fedplan("plan") == 1
    told = capsys.readouterr().out
    assert "more: fedplan explain FED120" in told
    assert "invoke" not in told


def test_the_graph_of_a_broken_file_is_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to draw, and the findings say why."""
    (tmp_path / "federation.yaml").write_text(FEDERATION.replace("id: 10000", "id: 9999"))
    monkeypatch.chdir(tmp_path)
    assert fedplan("graph") == 1
    assert "FED120" in capsys.readouterr().out


def test_forget_takes_a_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--forget` is repeatable and takes names, not letters."""
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    monkeypatch.chdir(tmp_path)
    assert fedplan("plan", "--forget", "party-1", "--forget", "party-2") == 1
    assert capsys.readouterr().out.count("error[FED317]") == 2


@pytest.mark.slow
@pytest.mark.parametrize("is_wanted", [True, False])
def test_modules_are_compiled_once(is_wanted: bool, tmp_path: Path) -> None:
    """The second run need not compile fedplan again, as invoke would have it; Python's own switch still holds."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "" if is_wanted else "1"}
    command = [sys.executable, "-m", "invoke", "--search-root", str(ROOT), "explain", "all"]
    subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True)
    compiled = {path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert ("catalogue" in compiled) is is_wanted
