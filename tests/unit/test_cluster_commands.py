"""What the commands that work on clusters tell where no cluster is needed to know it, and how they end."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from renderers import apply_command, live_command, remove_command, status_command
from renderers.cluster.applying import Prepared
from renderers.cluster.drift import FieldChange
from renderers.cluster.folder import SiteFolder, from_directory
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, Preview
from renderers.cluster.preview_text import preview_lines
from renderers.cluster.record import Record
from renderers.cluster.references import Reference
from renderers.cluster.selection import Chosen, Selection
from renderers.cluster.status import SiteStatus
from tests.cluster.sites import FILE, federation, party, planned

AT: Final = "2026-03-01T12:04:00Z"


class _Api:
    """As much of a connection as a preview names."""

    context = "bank"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a planned federation."""
    return planned(tmp_path_factory.mktemp("commands"), federation(party(9999, "fate-9999")))


@pytest.fixture
def no_kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


@pytest.fixture
def folder(home: Path) -> SiteFolder:
    """The folder of party 9999."""
    found = from_directory(home / "out" / "party-9999")
    assert isinstance(found, SiteFolder)
    return found


def prepared(folder: SiteFolder, *changes: Change, **more: Any) -> Prepared:
    """A site that was looked at, with these changes."""
    api: Any = _Api()
    seen = Preview(changes, (), (), {})
    return Prepared(api, folder, Places(folder), Options(), (), seen, **more)


@pytest.mark.usefixtures("no_kubeconfig")
def test_nothing_seen_is_not_good(home: Path) -> None:
    """Where no site is ours, CI must not take silence for success."""
    file = str(home / FILE)
    assert status_command.run_status(status_command.Request(file))[1] == 3
    assert live_command.run_live(file, None, "text", context="", with_diff=False)[1] == 3


@pytest.mark.usefixtures("no_kubeconfig")
def test_a_removal_that_reached_nobody_says_so(home: Path) -> None:
    """In words, and as a step that was not done."""
    request = remove_command.Request(str(home / FILE), sites=("party-9999",), is_agreed=True)
    text, code = remove_command.run_remove(request, stderr=io.StringIO())
    assert (code, "party 9999: not removed: cluster bank could not be used" in text) == (3, True), text
    text, _ = remove_command.run_remove(replace(request, format_name="json"), stderr=io.StringIO())
    assert json.loads(text)["steps"][0]["state"] == "unchecked"
    text, code = remove_command.run_remove(replace(request, timeout=0))
    assert (code, text) == (64, "--timeout takes seconds, at least 1")


@pytest.mark.parametrize(
    ("state", "changes", "told"),
    [
        (SiteState.REFUSED, 0, "refused on bank: nothing was removed"),
        (SiteState.FAILED, 1, "not wholly removed from bank"),
        (SiteState.FAILED, 0, "failed on bank: nothing was removed"),
    ],
)
def test_a_removal_that_did_not_succeed(folder: SiteFolder, state: SiteState, changes: int, told: str) -> None:
    """What is left of the site is told."""
    gone = (Change(Action.DELETE, Reference("v1", "Service", "fate-9999", "mysql")),) * changes
    (line,) = remove_command._lines(Selection(), [SiteOutcome(folder, state, changes=gone)])
    assert told in line


def test_a_bare_apply_offers_all(home: Path) -> None:
    """Beside each site by its name."""
    text, code = apply_command.run_apply(apply_command.Request(str(home / FILE)))
    assert (code, "--party 9999 " in text, "--all" in text) == (1, True, True), text


def test_a_half_that_no_site_has(home: Path) -> None:
    """`--only serving` of a party without serving does not end as if all were well."""
    request = apply_command.Request(str(home / FILE), sites=("party-9999",), only="serving", is_agreed=True)
    assert apply_command.run_apply(request) == ("--only serving: party 9999 has no serving", 64)


def test_a_digest_is_whole_or_long_enough(home: Path, folder: SiteFolder) -> None:
    """Too few digits name too many folders, though they are the right ones."""
    request = apply_command.Request(folder=str(home / "out" / "party-9999"), is_agreed=True, digest=folder.digest[:7])
    text, code = apply_command.run_apply(request)
    assert (code, "8 digits" in text) == (64, True), text
    text, code = apply_command.run_apply(replace(request, digest="0" * 12))
    assert (code, folder.digest in text, "not the folder that was meant" in text) == (64, True, True), text


def test_what_is_next_after_a_roll_back(folder: SiteFolder) -> None:
    """The plan at hand is the one that was left, unless it is the very one that was taken up again."""
    request = apply_command.Request(rollback=True)
    done = SiteOutcome(replace(folder, digest="0" * 64), SiteState.APPLIED, revision=3)
    selection = Selection(chosen=(Chosen(folder, Places(folder), "bank"),))
    assert "still the one that was left" in "\n".join(apply_command._lines(request, selection, [done]))
    assert "as planned before" in apply_command._outcome(request, [done])
    same = replace(done, folder=folder)
    assert "still the one that was left" not in "\n".join(apply_command._lines(request, selection, [same]))


def test_a_roll_back_is_announced(folder: SiteFolder) -> None:
    """Before the operator says yes to it."""
    assert "  back to the plan of revision 2" in list(preview_lines(prepared(folder, of=2), colour=False))


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("config-sha256", "a configuration that it reads at its start"),
        ("secrets", "a Secret that it reads"),
        ("restart", "its route table"),
    ],
)
def test_our_marks_are_told_by_what_they_mean(folder: SiteFolder, mark: str, told: str) -> None:
    """A digest tells an operator nothing."""
    field = FieldChange(f"spec.template.metadata.annotations[fedplan/{mark}]", "1587b5079979", "8294edf0cc3e")
    deployment = Reference("apps/v1", "Deployment", "fate-9999", "rollsite")
    lines = "\n".join(preview_lines(prepared(folder, Change(Action.UPDATE, deployment, (field,))), colour=False))
    assert told in lines
    assert "1587b5079979" not in lines


def test_what_was_not_compared_does_not_run_as_planned(folder: SiteFolder) -> None:
    """A site whose rights or namespace forbade the dry run has no changes either."""
    refused = replace(prepared(folder), preview=None)
    (line,) = live_command._lines(Selection(), [refused], with_diff=False, colour=False)
    assert "could not be compared" in line
    assert live_command._outcome([refused, prepared(folder)]) == "1 of 2 run as planned"
    assert live_command._step(refused).state.value == "failed"


@pytest.mark.parametrize(("state", "code"), [("applied", 0), ("applying", 1), ("failed", 1), ("removed", 1)])
def test_a_status_is_good_only_after_a_good_apply(folder: SiteFolder, state: Any, code: int) -> None:
    """Pods that run say nothing of what an apply had still to do; what is next is told."""
    record = Record(3, folder.digest, state, "anna@ops-1", AT, "v1.11.2", "demo", folder.key)
    status = SiteStatus(folder, "https://bank", record, (), (), (), (), (), ())
    seen = Seen(Chosen(folder, Places(folder), "bank"), status)
    assert status_command._code([seen]) == code
    told = "\n".join(status_command._lines(Selection(), [seen]))
    assert ("next: " in told) == (state in {"applying", "failed"})
