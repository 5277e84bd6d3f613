"""The helm binary as a process: found, asked for its version, bounded, ended, and kept from an operator's own setup."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from planner.diagnostics import Diagnostic, Place
from renderers.cluster.clock import Clock, Deadline
from renderers.helm import program
from renderers.helm.program import Helm, HelmError, HelmOverdueError, words

VERSION = 'echo "v3.17.3+g123"'


def script(folder: Path, text: str, name: str = "helm") -> Path:
    """A program of our own in the place of helm."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def helm_of(path: Path, **environ: str) -> Helm:
    return Helm(str(path), (3, 17, 3), {"PATH": os.environ["PATH"], **environ})


def test_found_on_the_path(tmp_path: Path) -> None:
    """The one on the PATH is taken, the one that the variable names before it."""
    script(tmp_path, VERSION)
    found = program.find({"PATH": f"{tmp_path}:/usr/bin:/bin"}, Place())
    assert isinstance(found, Helm)
    assert (found.path, found.version, found.is_3, found.label) == (
        str(tmp_path / "helm"), (3, 17, 3), True, "helm 3.17.3",
    )  # fmt: skip
    other = script(tmp_path, 'echo "WARNING: insecure" >&2; echo "v4.3.1"', "other")
    found = program.find({"PATH": f"{tmp_path}:/usr/bin:/bin", program.VARIABLE: str(other)}, Place())
    assert isinstance(found, Helm)
    assert (found.version, found.is_3) == ((4, 3, 1), False)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('echo "Client: v2.16.1+gbbdfe5e"', "FED951", "is helm 2.16.1, and 3.9 is the oldest"),
        ('echo "v3.8.2+g663a896"', "FED951", "is helm 3.8.2"),
        ('echo "helm, the steering wheel 1.0"', "FED951", "asked for its version it says helm, the steering wheel 1.0"),
        ("echo 'Error: no such\x1b[31m command' >&2; exit 3", "FED951", "no such\\x1b[31m command"),
        ("exit 3", "FED951", "ended with code 3 and without a word"),
        ("exec /nowhere/interpreter", "FED951", "is not a helm that runs here"),
    ],
)
def test_unusable(tmp_path: Path, text: str, code: str, said: str) -> None:
    """Too old, or another program: a finding with its words, safe to print."""
    script(tmp_path, text)
    found = program.find({"PATH": f"{tmp_path}:/usr/bin:/bin"}, Place())
    assert isinstance(found, Diagnostic)
    assert (found.fault.code, said in found.message) == (code, True), found.message


def test_missing(tmp_path: Path) -> None:
    """No helm at all, or one that the variable names and that is not there."""
    found = program.find({"PATH": str(tmp_path)}, Place())
    assert isinstance(found, Diagnostic)
    assert (found.fault.code, found.message) == ("FED950", "helm is not installed: there is no helm on the PATH")
    found = program.find({"PATH": str(tmp_path), program.VARIABLE: "/no/helm"}, Place())
    assert isinstance(found, Diagnostic)
    assert found.message == "FEDPLAN_HELM names /no/helm, which is no program"


def test_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, nothing that an operator has set for helm, the kubeconfig they have, files where it runs."""
    monkeypatch.chdir(tmp_path)
    path = script(tmp_path, "env; pwd; cat in/a; cat")
    helm = helm_of(path, HELM_NAMESPACE="theirs", HELM_PLUGINS="/theirs", KUBECONFIG="kc:/abs/kc", HTTPS_PROXY="p")
    text = helm.run([], Deadline(60), stdin=b"the values", files={"in/a": b"a file\n"}).decode()
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert "HELM_NAMESPACE" not in lines
    assert "HELM_PLUGINS" not in lines
    assert lines["KUBECONFIG"] == f"{tmp_path}/kc:/abs/kc"
    assert lines["HTTPS_PROXY"] == "p"
    home = lines["HELM_CACHE_HOME"].removesuffix("/.cache")
    assert text.endswith(f"{home}\na file\nthe values")
    assert not Path(home).exists()


def test_fails_in_its_words(tmp_path: Path) -> None:
    """What it says after `Error:` is told on one line, without warnings and without our folder's name."""
    path = script(tmp_path, 'echo "WARNING: readable" >&2; echo "Error: in $PWD/chart.tgz:\n  bad" >&2; exit 1')
    with pytest.raises(HelmError, match=r"^in chart\.tgz: bad$"):
        helm_of(path).run([], Deadline(60))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", ""),
        (b"Error: a\nError: b", "a Error: b"),
        (b"W0101 something\nI0101 other\nplain\n", "plain"),
        (b"\xff\xfe Error\nError: \x1b[2Jx", "\\x1b[2Jx"),
        (b"Error: " + b"x" * 5000, f"{'x' * 500} ..."),
    ],
)
def test_words(said: bytes, told: str) -> None:
    """Whatever it says is one clause that is safe to print."""
    assert words(said) == told


def test_overdue(tmp_path: Path) -> None:
    """One that does not end is ended, with all that it has started."""
    told = tmp_path / "pid"
    path = script(tmp_path, f"sleep 300 & echo $! > {told}; wait")

    class Started(Clock):
        """Ten minutes are over as soon as it has started something."""

        def now(self) -> float:
            return 600.0 if told.exists() and told.read_text(encoding="utf-8").endswith("\n") else 0.0

    with pytest.raises(HelmOverdueError, match="did not end within 300 s"):
        helm_of(path).run([], Deadline(300, Started()))
    pid = int(told.read_text(encoding="utf-8"))
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail("a process that helm has started is still there")


def test_says_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without end is read up to a limit."""
    monkeypatch.setattr(program, "_MOST_OUTPUT", 2**17)
    path = script(tmp_path, "yes")
    with pytest.raises(HelmError, match="it says more than"):
        helm_of(path).run([], Deadline(60))


def test_does_not_listen(tmp_path: Path) -> None:
    """One that reads nothing of what it is given, and one whose child holds the pipes, end all the same."""
    assert helm_of(script(tmp_path, "echo done")).run([], Deadline(60), stdin=b"x" * 2**20) == b"done\n"


def test_arguments_hold_no_values(tmp_path: Path) -> None:
    """What goes through standard input is in no argument."""
    path = script(tmp_path, 'tr "\\0" " " < /proc/$$/cmdline; cat')
    told = helm_of(path).run(["upgrade", "--values=-"], Deadline(60), stdin=b"S3cret").decode()
    line, _, rest = told.partition("--values=- ")
    assert "S3cret" not in line
    assert rest == "S3cret"


def test_fetch(tmp_path: Path) -> None:
    """One package is what a fetch brings: anything else is an error."""
    good = helm_of(script(tmp_path, "printf data > fetched/a-1.tgz"))
    assert good.fetch(["pull"], Deadline(60), 10) == b"data"
    for text in ("true", "echo x > fetched/a.txt", "printf 12345678901 > fetched/a.tgz"):
        with pytest.raises(HelmError, match="no package"):
            helm_of(script(tmp_path, text)).fetch(["pull"], Deadline(60), 10)
    with pytest.raises(HelmError, match="unreachable"):
        helm_of(script(tmp_path, "echo 'Error: unreachable' >&2; exit 1")).fetch(["pull"], Deadline(60), 10)
