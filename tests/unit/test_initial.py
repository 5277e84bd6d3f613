"""Writing a first federation.yaml by asking."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.pipeline import check
from planner.releases import RELEASE_NAMES
from renderers.initial import (
    MAX_PARTIES,
    TRIES,
    Cluster,
    Draft,
    Exchange,
    Party,
    Refusal,
    collect,
    newest_release,
    rendered,
    run_init,
)
from tests.quick_yaml import loaded

MESH = [
    *("credit-risk", "", "mesh", "2"),
    *("9999", "bank", "192.168.9.1", "bank-prod"),
    *("10000", "shop", "shop.example.com", ""),
    "yes",
]
STAR = [
    *("ring-of-trust", "v1.11.1", "star"),
    *("hub", "centre", "192.168.1.1", ""),
    "2",
    *("9999", "centre"),
    *("10000", "shop", "fd00::10", "arn:aws:eks:eu-1:1:cluster/shop"),
    "",
]


class Terminal(io.StringIO):
    """Input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Interrupted(Terminal):
    """A terminal at which somebody presses Ctrl-C at the second question."""

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # typeshed takes it for bytes
        if self.tell():
            raise KeyboardInterrupt
        return super().readline(-1 if size is None else size)


def text(answers: list[str]) -> str:
    """Give answers as a terminal would."""
    return "".join(f"{answer}\n" for answer in answers)


def started(path: Path, answers: str) -> tuple[str, int, str]:
    """Run init on piped answers: message, exit code and what was shown."""
    shown = io.StringIO()
    message, code = run_init(str(path), io.StringIO(answers), shown)
    return message, code, shown.getvalue()


def refused(answers: list[str], again: str = "") -> str:
    """Give the reason for which the last of these answers is refused."""
    outcome = collect([*answers, *([answers[-1]] * (TRIES - 1)), again])
    assert isinstance(outcome, Refusal)
    return outcome.reason


def test_answers_become_a_draft() -> None:
    """Every answer stands where it belongs; an empty one is the default."""
    assert collect(MESH) == Draft(
        name="credit-risk",
        release="v1.11.2",
        topology="mesh",
        clusters=(Cluster("bank", "192.168.9.1", "bank-prod"), Cluster("shop", "shop.example.com")),
        parties=(Party(9999, "bank"), Party(10000, "shop")),
        credentials=True,
    )


def test_a_star_has_an_exchange() -> None:
    """A star asks for its exchange; a cluster that is known is not asked for its address again."""
    assert collect(STAR) == Draft(
        name="ring-of-trust",
        release="v1.11.1",
        topology="star",
        exchange=Exchange("hub", "centre"),
        clusters=(
            Cluster("centre", "192.168.1.1"),
            Cluster("shop", "fd00::10", "arn:aws:eks:eu-1:1:cluster/shop"),
        ),
        parties=(Party(9999, "centre"), Party(10000, "shop")),
        credentials=True,
    )


def test_defaults_are_a_federation() -> None:
    """Whoever answers nothing but addresses gets two parties on clusters of their own."""
    outcome = collect(["", "", "", "", "", "", "192.168.9.1", "", "", "", "192.168.10.1", "", ""])
    assert isinstance(outcome, Draft)
    assert outcome.parties == (Party(9999, "cluster-9999"), Party(10000, "cluster-10000"))
    assert check(rendered(outcome).encode()).diagnostics == ()


@pytest.mark.parametrize("answers", [MESH, STAR], ids=["mesh", "star"])
def test_written_file_has_no_finding(tmp_path: Path, answers: list[str]) -> None:
    """What init writes is right by all checks, and holds the answers."""
    path = tmp_path / "federation.yaml"
    message, code, shown = started(path, text(answers))
    assert (message.endswith("invoke plan --file " + str(path)), code) == (True, 0)
    assert check(path.read_bytes()).diagnostics == ()
    assert shown.count("\n") > len(answers)
    data: dict[str, Any] = loaded(path.read_text(encoding="utf-8"))
    assert data["defaults"] == {
        "credentials": {"mysql": "env:FATE_MYSQL_PASSWORD", "fateboard": "env:FATEBOARD_PASSWORD"}
    }
    assert [party["id"] for party in data["parties"]] == [9999, 10000]
    assert [entry.name for entry in tmp_path.iterdir()] == ["federation.yaml"]


def test_default_file_needs_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command is named as it has to be typed."""
    monkeypatch.chdir(tmp_path)
    message, code = run_init("federation.yaml", Terminal(text(MESH)), io.StringIO())
    assert (message, code) == ("federation.yaml is written. Look it over, then run: invoke plan", 0)


def test_written_file_is_for_people(tmp_path: Path) -> None:
    """The whole file, so that a change of its looks is seen."""
    path = tmp_path / "federation.yaml"
    started(path, text(STAR))
    assert path.read_text(encoding="utf-8") == (
        "# 2 parties that talk through one exchange. `invoke plan` checks this file and writes out/.\n"
        "version: 1\n"
        "name: ring-of-trust\n"
        "# The FATE release (KubeFATE chart version) that every site runs.\n"
        "release: v1.11.1\n"
        "# mesh: every party dials every other one. star: every party dials the exchange.\n"
        "topology: star\n"
        "# Where sites are placed. `address` is what peers dial; `context` is the cluster's name in your kubeconfig.\n"
        "clusters:\n"
        "  - name: centre\n"
        "    address: 192.168.1.1\n"
        "  - name: shop\n"
        '    address: "fd00::10"\n'
        "    context: arn:aws:eks:eu-1:1:cluster/shop\n"
        "exchanges:\n"
        "  - name: hub\n"
        "    cluster: centre\n"
        "# In this order they take their ports, which federation.lock keeps: append new parties at the end.\n"
        "parties:\n"
        "  - id: 9999\n"
        "    cluster: centre\n"
        "  - id: 10000\n"
        "    cluster: shop\n"
        "defaults:\n"
        "  # References, never secrets: each operator's own environment holds the value.\n"
        "  credentials:\n"
        "    mysql: env:FATE_MYSQL_PASSWORD\n"
        "    fateboard: env:FATEBOARD_PASSWORD\n"
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["Bank A"], "write for example bank-a"),
        (["../x"], "could lead out of the folder"),
        (["a\x1b[31mb"], "control character"),
        (["", "v1.11.0"], "did you mean v1.11.1?"),
        (["", "", "ring"], "it is one of mesh, star"),
        (["", "", "", "1"], f"init asks for 2 to {MAX_PARTIES} parties"),
        (["", "", "", "9" * 5000], f"init asks for 2 to {MAX_PARTIES} parties"),
        (["", "", "", "two"], f"init asks for 2 to {MAX_PARTIES} parties"),
        (["", "", "", "", "0"], "choose an id from 1 to 999999"),
        (["", "", "", "", "1000000"], "at most six digits"),
        (["", "", "", "", "9" * 5000], "a whole number from 1 to 999999"),
        (["", "", "", "", "²"], "a whole number from 1 to 999999"),
        (["", "", "", "", "", "nul"], "reserved for a device"),
        (["", "", "", "", "", "", ""], "there is no default"),
        (["", "", "", "", "", "", "x" * 300], "at most 253 are allowed"),
        (["", "", "", "", "", "", "127.0.0.1"], "127.0.0.1"),
        (["", "", "", "", "", "", "bank.svc.cluster.local"], "bank.svc.cluster.local"),
        (["", "", "", "", "", "", "10.0.0.256"], "10.0.0.256"),
        (["", "", "", "", "", "", "https://10.0.0.1"], "https://10.0.0.1"),
        (["", "", "", "", "", "", "10.0.0.1", "", "9999"], "party id 9999 is taken"),
        ([*MESH[:4], "77", "", "10.0.0.1", "", "78", "", "10.0.0.1"], "party 77 and party 78 are both dialled at"),
        ([*MESH[:-1], "maybe"], "answer yes or no"),
    ],
)
def test_bad_answer_is_refused_with_a_reason(answers: list[str], words: str) -> None:
    """An answer that plan would find fault with is not taken, and init says why."""
    assert words in refused(answers)


def test_bad_answer_is_asked_again(tmp_path: Path) -> None:
    """After a bad answer the same question comes again, with the reason above it."""
    path = tmp_path / "federation.yaml"
    _, code, shown = started(path, text(["Bank A", *MESH]))
    assert code == 0
    assert shown.count("Name of the federation [demo]: ") == 2
    assert '  the name "Bank A" is not lower-case letters' in shown


def test_too_many_bad_answers_end_it(tmp_path: Path) -> None:
    """A question is asked a few times only, and then nothing is written."""
    message, code, _ = started(tmp_path / "federation.yaml", text(["Bank A"] * 10))
    assert (message.startswith("3 answers could not be taken"), code) == (True, 64)
    assert list(tmp_path.iterdir()) == []


def test_default_passwords_are_a_choice(tmp_path: Path) -> None:
    """Without references the file names no credentials, and init says what that means."""
    path = tmp_path / "federation.yaml"
    message, code, _ = started(path, text([*MESH[:-1], "no"]))
    assert (message.startswith("warning[FED802]: "), code) == (True, 0)
    assert "credentials" not in path.read_text(encoding="utf-8")


def test_a_remark_of_the_checks_is_told(tmp_path: Path) -> None:
    """Release v2.0.0 can be chosen, and what has to be done for it is said at the end."""
    message, code, _ = started(tmp_path / "federation.yaml", text([MESH[0], "v2.0.0", *MESH[2:]]))
    assert (message.startswith("info[FED403]: chart fate v2.0.0 is in no public repository"), code) == (True, 0)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is, and no question is asked."""
    path = tmp_path / "federation.yaml"
    path.write_text("mine", encoding="utf-8")
    message, code, shown = started(path, text(MESH))
    assert (message, code, shown) == (
        f"{path} exists already, and init overwrites nothing: name another file with --file",
        1,
        "",
    )
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    """A link that points at nothing counts as a file that exists."""
    path = tmp_path / "federation.yaml"
    path.symlink_to(tmp_path / "elsewhere.yaml")
    assert started(path, text(MESH))[1] == 1
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    """A file that somebody wrote while the questions were answered is not overwritten."""
    path = tmp_path / "federation.yaml"

    class Slow(Terminal):
        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # typeshed takes it for bytes
            path.write_text("theirs", encoding="utf-8")
            return super().readline(-1 if size is None else size)

    assert run_init(str(path), Slow(text(MESH)), io.StringIO())[1] == 1
    assert path.read_text(encoding="utf-8") == "theirs"


def test_a_missing_folder_is_said_first(tmp_path: Path) -> None:
    """Nobody answers ten questions for a file that cannot be written."""
    message, code, shown = started(tmp_path / "no" / "federation.yaml", text(MESH))
    assert (message, code, shown) == (f"there is no folder {tmp_path / 'no'} to write federation.yaml to", 64, "")


@pytest.mark.parametrize("answers", ["", text(MESH[:-1]), "credit-risk\n"])
def test_end_of_input_writes_nothing(tmp_path: Path, answers: str) -> None:
    """Input that ends early is a usage error."""
    message, code, _ = started(tmp_path / "federation.yaml", answers)
    assert (message.startswith("the answers ended before the questions did; nothing was written"), code) == (True, 64)
    assert list(tmp_path.iterdir()) == []


def test_interrupt_writes_nothing(tmp_path: Path) -> None:
    """Ctrl-C goes on to the task, which knows what to say; nothing is written."""
    with pytest.raises(KeyboardInterrupt):
        run_init(str(tmp_path / "federation.yaml"), Interrupted(text(MESH)), io.StringIO())
    assert list(tmp_path.iterdir()) == []


def test_input_that_is_no_text_writes_nothing(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused without a traceback."""
    stdin = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8")
    message, code = run_init(str(tmp_path / "federation.yaml"), stdin, io.StringIO())
    assert (message, code) == ("an answer is no UTF-8 text; nothing was written", 64)
    assert list(tmp_path.iterdir()) == []


def test_newest_release_can_be_fetched() -> None:
    """The default is the newest release whose chart was published."""
    assert newest_release() == "v1.11.2"


@pytest.mark.parametrize("release", RELEASE_NAMES)
def test_every_release_has_a_clean_mesh(release: str) -> None:
    """A mesh of any release can be written without a finding, but for the remark on an unpublished chart."""
    outcome = collect([MESH[0], release, *MESH[2:]])
    assert isinstance(outcome, Draft)
    found = [diagnostic.fault.code for diagnostic in check(rendered(outcome).encode()).diagnostics]
    assert found == (["FED403"] if release == "v2.0.0" else [])


def test_osx_exchange_is_written_as_manifests() -> None:
    """No chart of v2.0.0 deploys an exchange, so init gives it the target that can."""
    outcome = collect([STAR[0], "v2.0.0", *STAR[2:]])
    assert isinstance(outcome, Draft)
    assert [each.fault.code for each in check(rendered(outcome).encode()).diagnostics] == ["FED403"]
    assert loaded(rendered(outcome))["exchanges"] == [{"name": "hub", "cluster": "centre", "target": "kubernetes"}]


def test_release_without_exchange_has_no_star() -> None:
    """Where the release cannot do what is asked, init says so at that question."""
    assert "so it cannot be an exchange" in refused(["", "v1.4.0", "star"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(["", "star", "no", *MESH, *STAR]), st.text(max_size=12)), max_size=25))
def test_any_answers_are_refused_or_right(answers: list[str]) -> None:
    """Whatever is answered, init refuses it, asks on, or has a file without an error; it never fails."""
    try:
        outcome = collect(answers)
    except EOFError:
        return
    if isinstance(outcome, Draft):
        assert not any(diagnostic.is_error for diagnostic in check(rendered(outcome).encode()).diagnostics)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40).filter(lambda text: text.strip().isprintable()))
def test_any_context_comes_out_as_it_went_in(context: str) -> None:
    """Text from the user is data in the file, whatever YAML could make of it."""
    outcome = collect([*MESH[:7], context, *MESH[8:]])
    assert isinstance(outcome, Draft)
    assert loaded(rendered(outcome))["clusters"][0].get("context", "") == context.strip()
