"""Charts on disk and in repositories: what is taken for the planned one, and what is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from planner.diagnostics import Diagnostic, Place
from renderers.cluster.clock import Deadline
from renderers.helm.charts import PUBLIC, Chart, find
from renderers.helm.program import HelmError
from tests import charts

VERSION = "v1.11.2"


@dataclass
class Repository:
    """A helm that fetches what it is given, and remembers how it was asked."""

    answer: bytes | HelmError = b""
    asked: list[Sequence[str]] = field(default_factory=list)
    path: str = field(default_factory=lambda: uuid.uuid4().hex)

    def fetch(self, arguments: Sequence[str], _deadline: Deadline, _limit: int) -> bytes:
        self.asked.append(arguments)
        if isinstance(self.answer, HelmError):
            raise self.answer
        return self.answer


def look(source: str, base: Path, helm: Any = None, name: str = "fate", version: str = VERSION) -> Chart | Diagnostic:
    program: Any = helm or Repository()
    return find(name, version, source, base, program, Deadline(30), Place())


def chart(found: Chart | Diagnostic) -> Chart:
    assert isinstance(found, Chart), found
    return found


def refusal(found: Chart | Diagnostic) -> tuple[str, str]:
    assert isinstance(found, Diagnostic), found
    return found.fault.code, found.message


def test_package_folder_and_chart(tmp_path: Path) -> None:
    """A package, a folder with packages, a chart, and a folder with charts of any name all serve."""
    path = charts.write_package(tmp_path / "packages", "fate", VERSION)
    charts.write_package(tmp_path / "packages", "fate", "v1.10.0")
    package = chart(look("packages/fate-v1.11.2.tgz", tmp_path))
    assert (package.name, package.version, package.package) == ("fate", VERSION, path.read_bytes())
    assert (package.argument, package.files) == ("./chart.tgz", {"chart.tgz": path.read_bytes()})
    assert chart(look("packages", tmp_path)).version == VERSION
    assert chart(look(str(tmp_path / "packages"), Path("/"), version="1.10.0")).version == "v1.10.0"
    direct = chart(look("fate", charts.HERE))
    assert (direct.folder, direct.argument, direct.files) == (charts.HERE / "fate", str(charts.HERE / "fate"), {})
    assert chart(look(".", charts.HERE, name="fate-serving", version="v2.1.6")).name == "fate-serving"
    assert chart(look(".", charts.HERE.parent, name="fate-exchange")).name == "fate-exchange"
    assert "rollsite" in direct.template


def test_not_there(tmp_path: Path) -> None:
    """What is there instead is told."""
    assert refusal(look("nothing", tmp_path)) == (
        "FED952", "chart fate v1.11.2 is not in nothing: there is no such file or folder",
    )  # fmt: skip
    (tmp_path / "empty").mkdir()
    assert "it holds no package and no chart" in refusal(look("empty", tmp_path))[1]
    charts.write_package(tmp_path / "packages", "fate", "v1.10.0")
    assert refusal(look("packages", tmp_path)) == (
        "FED952", "chart fate v1.11.2 is not in packages: it holds fate v1.10.0",
    )  # fmt: skip
    assert refusal(look("packages/fate-v1.10.0.tgz", tmp_path)) == (
        "FED953", "packages/fate-v1.10.0.tgz is chart fate v1.10.0, and fate v1.11.2 is planned",
    )  # fmt: skip


def packed(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


GOOD = ("fate/Chart.yaml", b"name: fate\nversion: v1.11.2\n")
TEMPLATE = ("fate/values-template.yaml", b"a: {{ .a }}\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no archive", "it is no package of a chart"),
        (b"", "it is no package of a chart"),
        (gzip.compress(b"no tar" * 200, mtime=0), "it is no package of a chart"),
        (packed(TEMPLATE), "it has no Chart.yaml"),
        (packed(GOOD), "it has no values-template.yaml"),
        (packed(("fate/Chart.yaml", b"[1]"), TEMPLATE), "does not say which chart it is"),
        (packed(("fate/Chart.yaml", b"{a: [}"), TEMPLATE), "its Chart.yaml cannot be read"),
        (packed(GOOD, ("fate/values-template.yaml", b"\xff\xfe")), "is not UTF-8"),
        (packed(GOOD, TEMPLATE, ("fate/../../x", b"")), "a name in it leads out of it"),
        (packed(GOOD, TEMPLATE, ("/etc/x", b"")), "a name in it leads out of it"),
        (packed(GOOD, TEMPLATE)[:-40], "it is no package of a chart"),
    ],
)
def test_broken_packages(tmp_path: Path, data: bytes, said: str) -> None:
    """What is no chart, or a trap, is refused with the reason."""
    (tmp_path / "x.tgz").write_bytes(data)
    code, message = refusal(look("x.tgz", tmp_path))
    assert (code, said in message) == ("FED953", True), message


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that stands for more than memory holds is given up early."""
    (tmp_path / "x.tgz").write_bytes(packed(GOOD, TEMPLATE, ("fate/big", b"\0" * (3 * 2**20))))
    monkeypatch.setattr("renderers.helm.charts._MOST_UNPACKED", 2 * 2**20)
    assert "is larger than 2 MiB unpacked" in refusal(look("x.tgz", tmp_path))[1]


def test_repositories() -> None:
    """Without a source it is the public repository; others by URL, those of registries too."""
    data = charts.package("fate", VERSION)
    helm = Repository(data)
    assert chart(look("", Path(), helm)).package == data
    assert chart(look("https://charts.example.com/x", Path(), helm)).source == "https://charts.example.com/x"
    chart(look("oci://registry.example.com/charts/", Path(), helm))
    assert helm.asked == [
        ["pull", "fate", f"--repo={PUBLIC}", "--version=v1.11.2"],
        ["pull", "fate", "--repo=https://charts.example.com/x", "--version=v1.11.2"],
        ["pull", "oci://registry.example.com/charts/fate", "--version=v1.11.2"],
    ]
    look("", Path(), helm)
    assert len(helm.asked) == 3  # what is there is not fetched again
    code, message = refusal(look("", Path(), Repository(HelmError("no route to host"))))
    assert (code, message) == (
        "FED952", f"chart fate v1.11.2 cannot be fetched from {PUBLIC}: no route to host",
    )  # fmt: skip
    assert refusal(look("", Path(), Repository(charts.package("fate", "v1.9.0"))))[0] == "FED953"
