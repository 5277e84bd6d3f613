"""`invoke verify --against` from end to end, in real repositories: what it compares, says, and exits with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from planner.plan_json import dump, sha256
from renderers.commands import run_plan, run_verify
from renderers.report import json_report
from tests.quick_yaml import loaded

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: install it to run these")

STAR = """\
version: 1
name: demo
release: v1.11.2
topology:
  - {star: [9999, 10000, 10001], through: hub}
expect:
  - {pair: [9999, 10000], via: hub}
clusters:
  - {name: bank, address: 192.168.9.1}
exchanges:
  - {name: hub, cluster: bank}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: bank}
  - {id: 10001, cluster: bank}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""


class Repository:
    """A repository with a federation that was planned."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, path / "federation.yaml"
        self.git("init", "-q")

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *arguments], cwd=self.path, check=True, capture_output=True)

    def plan(self, text: str) -> None:
        self.file.write_text(text)
        report, code = run_plan(
            str(self.file), None, "text", check_only=False, with_diff=False, against=None, forget=()
        )
        assert code == 0, report

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def verify(self, against: str = "HEAD", format_name: str = "text") -> tuple[str, int]:
        return run_verify(str(self.file), None, format_name, against=against)

    def edited(self, site: str, **changed: Any) -> None:
        """One written file with other values, and plan.json with the digest of it."""
        path, listing = self.path / "out" / site / "cluster.yaml", self.path / "out" / "plan.json"
        data = loaded(path.read_text())
        data["rollsite"] |= changed
        path.write_text(yaml.safe_dump(data))
        document = json.loads(listing.read_text())
        entry = next(each for each in document["sites"] if each["site"] == site)
        entry["files"]["cluster.yaml"] = sha256(path.read_bytes())
        listing.write_text(dump({key: value for key, value in document.items() if key != "digest"}))


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which a star is planned and committed."""
    made = Repository(tmp_path_factory.mktemp("star"))
    made.plan(STAR)
    made.commit()
    return made.path


@pytest.fixture
def repository(committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    shutil.copytree(committed, tmp_path / "work")
    found = object.__new__(Repository)
    found.path, found.file = tmp_path / "work", tmp_path / "work" / "federation.yaml"
    return found


def test_nothing_differs(repository: Repository) -> None:
    """The same files: all pairs as before, exit 0, and the steps pass."""
    text, code = repository.verify()
    assert code == 0
    assert "Against out/ at HEAD: 0 pairs lost, 0 re-routed, 0 gained, 6 as before" in text
    assert "Expected of pairs (expect, never): 1 of 1 hold" in text
    report, code = repository.verify(format_name="junit")
    assert (code, 'failures="0"' in report, "what was expected holds" in report) == (0, True, True)


def test_a_party_leaves_and_the_hub_moves(repository: Repository) -> None:
    """What was lost and re-routed is told in every format with both ways, and the exit code is 2."""
    repository.plan(
        STAR.replace("  - {id: 10001, cluster: bank}\n", "")
        .replace(", 10001]", "]")
        .replace("hub, cluster: bank", "hub, cluster: bank, ports: {rollsite: 30050}")
    )
    text, code = repository.verify()
    assert code == 2
    assert "-  4 pairs lost: party 10001 is gone\n     9999:10001   before  party 9999 -> exchange hub" in text
    assert "~  2 pairs re-routed: exchange hub is dialled at another endpoint" in text
    report = json.loads(repository.verify(format_name="json")[0])
    jsonschema.validate(report, json_report.schema())
    against = report["verify"]["against"]
    assert against["counts"] == {"lost": 4, "rerouted": 2, "gained": 0, "kept": 0}
    assert [(each["fate"], each["kind"], each["pairs"], each["parties"]) for each in against["groups"]] == [
        ("lost", "absent", 4, [10001]),
        ("rerouted", "endpoint", 2, []),
    ]
    hops = "party 9999 -> exchange hub (192.168.9.1:{}) -> party 10000 (192.168.9.1:30101)"
    assert against["groups"][1]["examples"][0] == {
        "from": 9999,
        "to": 10000,
        "before": [hops.format(30000)],
        "now": [hops.format(30050)],
    }
    assert [(step["group"], step["state"]) for step in report["steps"]] == [
        ("routes", "passed"),
        ("against", "failed"),
        ("against", "failed"),
        ("against", "passed"),
    ]
    for name in ("sarif", "junit"):
        found, code = repository.verify(format_name=name)
        assert (code, "FED731" in found, "FED732" in found, "4 pairs: party 10001 is gone" in found) == (2, *[True] * 3)
    summary, code = repository.verify(format_name="markdown")
    assert code == 2
    assert summary.startswith("### fedplan verify: differences found\n\ndemo: 2 of 2 routes proved")
    assert "| <code>party-10001</code> | delete |" in summary
    repository.commit()
    repository.plan(STAR)  # the lock keeps the hub's port
    text, code = repository.verify()
    assert (code, "+  4 pairs gained: party 10001 is new" in text) == (0, True)


def test_the_written_files_count_and_not_the_plan(repository: Repository) -> None:
    """Only a written file is changed, its digest put right: expectation, proof and difference see the other way."""
    entry = {"partyId": 10000, "partyIp": "192.168.9.1", "partyPort": 30101}
    repository.edited("party-9999", partyList=[entry])
    text, code = repository.verify()
    assert code == 1
    assert "error[FED209]: party 9999 and party 10000 do not talk as expected: party 9999 -> party 10000" in text
    assert "~  1 pair re-routed: directly instead of through exchange hub" in text
    assert "9999 and 10000 talk through hub: holds at HEAD, does not hold now" in text


def test_a_route_that_must_not_be_is_found_in_the_written_files(repository: Repository) -> None:
    """`never` is proved on what is written as well: a row that plan did not write lets two parties talk."""
    links = "[9999, 10000], through: hub}\n  - {links: [[10000, 10001]]}\nnever: [[9999, 10001]]"
    repository.plan(STAR.replace("[9999, 10000, 10001], through: hub}", links))
    assert run_verify(str(repository.file), None, "text")[1] == 0
    entry = {"partyId": 10001, "partyIp": "192.168.9.1", "partyPort": 30111}
    repository.edited("party-9999", partyList=[entry])
    found, code = run_verify(str(repository.file), None, "text")
    assert code == 1
    assert "error[FED203]: party 9999 and party 10001 must never talk, and can: party 9999 -> party 10001" in found


def test_an_expectation_that_was_dropped(repository: Repository) -> None:
    """Whoever deletes the line and changes the topology is told what the line would have said."""
    dropped = STAR.replace("expect:\n  - {pair: [9999, 10000], via: hub}\n", "")
    repository.plan(dropped.replace("through: hub}", "through: hub}\n  - {links: [[9999, 10000]]}"))
    text, code = repository.verify()
    assert code == 2
    assert "warning[FED733]: expected at HEAD and no longer: 9999 and 10000 talk through hub" in text


def test_a_lost_route_at_the_revision_is_gained_now(repository: Repository) -> None:
    """A revision whose files were spoiled is read as it was: what it could not do is gained."""
    repository.edited("party-9999", exchange={"ip": "192.168.9.1", "port": 1})
    repository.commit()
    repository.plan(STAR)
    text, code = repository.verify()
    assert (code, "+  2 pairs gained: before: nobody listens there at 192.168.9.1:1" in text) == (0, True)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("torn", "out/party-9999/cluster.yaml at HEAD is not the one that plan.json lists"),
        pytest.param("missing", "out/party-9999/cluster.yaml at HEAD is missing", marks=pytest.mark.slow),
        pytest.param("no plan", "there is no out/plan.json at HEAD", marks=pytest.mark.slow),
        pytest.param(
            "broken plan",
            "out/ at HEAD cannot be read: plan.json does not match its own digest",
            marks=pytest.mark.slow,
        ),
        ("other layout", "plan.json at HEAD says less of its sites than this fedplan reads"),
        pytest.param("no file", "there is no federation.yaml at HEAD", marks=pytest.mark.slow),
        ("broken file", "federation.yaml at HEAD does not pass the checks of this fedplan"),
    ],
)
def test_a_revision_that_is_no_use(repository: Repository, what: str, message: str) -> None:
    """The files of now are proved all the same; what stayed unchecked is told, and the exit code is 3."""
    listing, spec = repository.path / "out" / "plan.json", repository.path / "out" / "party-9999" / "cluster.yaml"
    kept = {path: path.read_bytes() for path in (listing, spec, repository.file)}
    if what == "torn":
        spec.write_text(spec.read_text() + "# edited\n")
    elif what == "missing":
        spec.unlink()
    elif what == "no plan":
        listing.unlink()
    elif what == "broken plan":
        listing.write_text(listing.read_text().replace("demo", "other"))
    elif what == "other layout":
        listing.write_text(dump({"version": 1, "sites": [{"site": "party-9999", "files": {}}]}))
    elif what == "no file":
        repository.file.unlink()
    else:
        repository.file.write_text("version: 7\n")
    repository.commit()
    for path, data in kept.items():
        path.write_bytes(data)
    text, code = repository.verify(format_name="json")
    report = json.loads(text)
    assert code == 3
    assert [each["code"] for each in report["diagnostics"]] == ["FED730"]
    assert report["diagnostics"][0]["message"].startswith(f"nothing to compare with: {message}")
    assert (report["verify"]["pairs"], report["verify"]["against"]) == (6, None)
    assert report["steps"][-1]["state"] == "unchecked"


def test_an_unknown_revision_is_a_mistake_in_the_option(repository: Repository) -> None:
    """Like every other mistake in an option: one line, and exit code 64."""
    assert repository.verify("nowhere") == ("--against: git knows no commit 'nowhere'", 64)


def test_a_file_that_was_changed_after_the_plan_of_the_revision(repository: Repository) -> None:
    """Who had to talk is what federation.yaml of the revision says, and that it was not planned is said."""
    repository.file.write_text(STAR.replace(", 10001]", "]") + "# not planned\n")
    repository.commit()
    repository.plan(STAR)
    text, code = repository.verify()
    assert "out/ at HEAD was planned with another federation.yaml than the one there" in text
    assert (code, "+  4 pairs gained" in text) == (0, True)


def test_without_a_repository_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that git does not know is told as such, and what stands there is proved."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    made = object.__new__(Repository)
    made.path, made.file = tmp_path, tmp_path / "federation.yaml"
    made.plan(STAR)
    text, code = made.verify()
    assert (code, "out/ lies in no git repository" in text) == (3, True)
