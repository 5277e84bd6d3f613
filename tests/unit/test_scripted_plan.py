"""A federation that is deployed by kube.cfg, from federation.yaml to `out/` and what apply says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from renderers.apply_command import Request, run_apply
from renderers.commands import ERRORS, GOOD, USAGE, run_plan, run_verify
from renderers.remove_command import Request as RemoveRequest
from renderers.remove_command import run_remove
from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status

FEDERATION = """\
version: 1
name: credit-risk
release: v1.2.0
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
"""
SHARED_FILES = {".env", "RUNBOOK.md", "kube.cfg"}


def plan(folder: Path, text: str = FEDERATION) -> tuple[str, int]:
    """Plan a text in a folder."""
    (folder / "federation.yaml").write_text(text)
    return run_plan(
        str(folder / "federation.yaml"), None, "text", check_only=False, with_diff=False, against=None, forget=()
    )


def verify(folder: Path, path: str | None = None) -> tuple[str, int]:
    """Verify what a folder holds."""
    return run_verify(str(folder / "federation.yaml"), None, "text", path=path)


def test_one_set_of_files_and_no_folders(tmp_path: Path) -> None:
    """The files lie in `out/` itself, plan.json lists them beside the sites, and planning twice changes nothing."""
    text, code = plan(tmp_path)
    assert code == GOOD, text
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*SHARED_FILES, "plan.json"}
    listed = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert set(listed["files"]) == SHARED_FILES
    assert [site["files"] for site in listed["sites"]] == [{}, {}]
    assert "was up to date already" in plan(tmp_path)[0]


def test_the_runbook_in_short_ends_the_plan(tmp_path: Path) -> None:
    """What to run, in order, is printed."""
    text, _ = plan(tmp_path)
    assert text.index("create-helm-deploy.sh") < text.index("helm install")


def test_the_written_files_are_proved(tmp_path: Path) -> None:
    """Routes are followed through kube.cfg; an edited file is found, and the next plan mends it."""
    plan(tmp_path)
    text, code = verify(tmp_path, "9999:10000")
    assert (code, "party 9999 -> party 10000 (192.168.10.1:30091)" in text) == (GOOD, True), text
    kube_cfg = tmp_path / "out" / "kube.cfg"
    whole = kube_cfg.read_text()
    kube_cfg.write_text(whole.replace("192.168.10.1:30091", "192.168.10.1:30099"))
    text, code = verify(tmp_path)
    assert code == ERRORS
    assert "kube.cfg: error[FED704]" in text or "FED704" in text
    assert plan(tmp_path)[1] == GOOD
    assert kube_cfg.read_text() == whole


def test_a_newer_release_takes_the_files_away(tmp_path: Path) -> None:
    """What is no longer planned is removed, and the sites get their folders."""
    plan(tmp_path)
    text, code = plan(tmp_path, FEDERATION.replace("v1.2.0", "v1.11.2"))
    assert code == GOOD, text
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"party-9999", "party-10000", "plan.json"}
    text, code = plan(tmp_path)
    assert code == GOOD, text
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*SHARED_FILES, "plan.json"}


def test_apply_says_that_there_is_nothing_to_apply(tmp_path: Path) -> None:
    """It prints the whole runbook, and never ends as if it had done something."""
    plan(tmp_path)
    text, code = run_apply(Request(str(tmp_path / "federation.yaml"), parties=("9999",)))
    assert code == ERRORS
    assert "nothing to apply through today's tools" in text
    runbook = (tmp_path / "out" / "RUNBOOK.md").read_text()
    assert "RUNBOOK.md" in text
    assert all(line in text.splitlines() for line in runbook.splitlines())


def test_status_and_remove_say_that_there_is_nothing_to_talk_to(tmp_path: Path) -> None:
    """Neither ends as if it had looked at something."""
    plan(tmp_path)
    file = str(tmp_path / "federation.yaml")
    for text, code in (run_status(StatusRequest(file)), run_remove(RemoveRequest(file, parties=("9999",)))):
        assert code == ERRORS
        assert "nothing to apply through today's tools" in text


def test_bare_apply_lists_the_choices(tmp_path: Path) -> None:
    """One for each site, with the option that names it."""
    plan(tmp_path, FEDERATION.replace("v1.2.0", "v1.11.2"))
    text, code = run_apply(Request(str(tmp_path / "federation.yaml")))
    assert (code, "--party 9999   on bank" in text, "--party 10000  on shop" in text) == (ERRORS, True, True)


@pytest.mark.parametrize("party", ["12", "x", "9999:1", "-1", ""])
def test_apply_takes_parties_of_the_file(tmp_path: Path, party: str) -> None:
    """Anything else is a mistake of usage."""
    plan(tmp_path)
    assert run_apply(Request(str(tmp_path / "federation.yaml"), parties=(party,)))[1] == USAGE


def test_apply_needs_a_plan_that_is_whole(tmp_path: Path) -> None:
    """Neither without a plan nor with a torn one are commands told."""
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    text, code = run_apply(Request(str(tmp_path / "federation.yaml"), parties=("9999",)))
    assert (code, "kubefate" in text) == (ERRORS, False)
