"""`invoke verify --live` against clusters that are played: what jobs write, and what is made of it."""

from __future__ import annotations

import io
import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from rich.console import Console

from planner.channels import Channel
from planner.releases import Toy, load
from planner.toy_schedule import Job
from renderers import verify_live_command
from renderers.cluster.api import Ran, RefusedError, UnreachableError
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.selection import Selection, Wish, select
from renderers.live import report
from renderers.live.display import Lines, LiveTable, Silent, display_for
from renderers.live.running import LiveRun
from renderers.report.report import State
from renderers.toy import places
from renderers.toy.failure_texts import FAILURE_TEXTS, HANGS
from renderers.toy.judging import judge
from renderers.toy.kept import Kept
from renderers.toy.outcomes import ToyOutcome, ToyState
from renderers.verify_live_command import Request, run_verify_live
from renderers.workspace import Workspace
from tests.cluster.sites import FILE, Ended, cluster_at, federation, party, planned
from tests.unit.cluster_double import Time

SUM: Final = "success to calculate secure_sum, it is"
GOOD: Final = f"toy test job 2023 is running\ntoy test job 2023 is success\n[INFO] {SUM} 1999.9999999999998\n"
FAILED: Final = "toy test job 2023 is running\ntoy test job 2023 is failed\n"
ROUTER: Final = json.dumps(
    {"retcode": 104, "retmsg": "Federated schedule error, Please check rollSite: StatusCode.UNAVAILABLE"}
)
CHANNELS: Final = (Channel.ROLLSITE,)
THREE: Final = (9999, 9998, 10000)
"""The job of three parties that is run last."""
Answer = Ran | Exception
_WORDS: Final = re.compile(r"--guest-party-id (\d+) --host-party-id (\d+)")
_OF_THREE: Final = re.compile(r'"guest": \["(\d+)"\], "host": \["(\d+)"\], "arbiter": \["(\d+)"\]')


def toy_of(release: str) -> Toy:
    """The toy example of a release."""
    found = load(release)
    assert found is not None
    return found.toy


ONE, TWO = toy_of("v1.11.2"), toy_of("v2.0.0")


def ran(output: str, code: int | None = 0, errors: str = "") -> Ran:
    """The end of a command."""
    return Ran(code, output, errors)


# The verdict


@pytest.mark.parametrize(
    ("words", "state", "reason"),
    [
        (GOOD, ToyState.PROVED, ""),
        (f"{SUM} 2000.0000000000002", ToyState.PROVED, ""),
        (f"{SUM} 2000", ToyState.PROVED, ""),
        (f"{SUM} 1987.5", ToyState.FAILED, "the sum is 1987.5 instead of 2000"),
        (f"{SUM} nan", ToyState.FAILED, "the sum is nan instead of 2000"),
        (FAILED, ToyState.FAILED, "job 2023 ended as failed"),
        ("job status is running\njob status is failed\n", ToyState.FAILED, "failed"),
        (ROUTER, ToyState.FAILED, "Federated schedule error, Please check rollSite: StatusCode.UNAVAILABLE"),
        ("toy test job 7 is running\ncheck job status timeout", ToyState.FAILED, "job 7 had not ended after 1 minute"),
        ("toy test job 7 is success\nget log failed", ToyState.UNCHECKED, "job 7 succeeded, but its number cannot be"),
        ("", ToyState.FAILED, "it ended with exit code 0 and wrote nothing"),
        ("Traceback:\nValueError: failed to exec task, status:1\n", ToyState.FAILED, "ValueError: failed to exec task"),
    ],
)
def test_the_number_decides(words: str, state: ToyState, reason: str) -> None:
    """FATE 1.x: within a millionth of 2000, whatever the exit code is."""
    for code in (0, 1):
        found = judge(ONE.verdict, ran(words, code), CHANNELS, 60, is_late=False)
        assert found.state is state
        assert found.reason.startswith(reason.replace("code 0", f"code {code}"))
        assert found.again == (state is not ToyState.PROVED)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("toy test job 1 is running\ntoy test job 1 is success\nPermissionError: log", ToyState.PROVED),
        ("toy test job 1 is failed\ntoy test job 2 is success", ToyState.FAILED),
        ("toy test job 1 is waiting\ncheck job status timeout", ToyState.FAILED),
        (f"{SUM} 2000", ToyState.FAILED),
    ],
)
def test_the_last_status_decides(words: str, state: ToyState) -> None:
    """FATE 2.x: of the job that was submitted, and of no other."""
    assert judge(TWO.verdict, ran(words, 1), CHANNELS, 60, is_late=False).state is state


def test_a_hanging_job_and_a_broken_exec_are_told_apart() -> None:
    """Both end without an exit code: one at its deadline, the other before."""
    hanging = judge(ONE.verdict, ran("toy test job 7 is running\n", None), CHANNELS, 600, is_late=True)
    assert (hanging.state, hanging.reason) == (ToyState.FAILED, "job 7 had not ended after 10 minutes")
    assert hanging.suspicion is not None
    assert hanging.suspicion.hop == HANGS.hop
    assert hanging.suspicion.invariants == ("INV-EGG-17",)
    assert hanging.suspicion.codes() == ("FED414",)
    broken = judge(ONE.verdict, ran("toy test job 7 is running\n", None), CHANNELS, 600, is_late=False)
    assert broken.state is ToyState.UNCHECKED
    assert "job 7 may still run" in broken.reason
    assert judge(ONE.verdict, ran(GOOD, None), CHANNELS, 600, is_late=False).state is ToyState.PROVED
    killed = judge(ONE.verdict, ran("toy test job 7 is running\n", 137), CHANNELS, 600, is_late=False)
    assert (killed.state, "exit code 137" in killed.reason) == (ToyState.UNCHECKED, True)
    nobody = judge(ONE.verdict, ran("", 127, "sh: flow: not found"), CHANNELS, 600, is_late=False)
    assert (nobody.state, nobody.reason) == (
        ToyState.UNCHECKED,
        "the container cannot run it: sh: flow: not found",
    )


@pytest.mark.parametrize(
    ("words", "hop"),
    [
        ('{"retcode": 103, "retmsg": "create job failed"}', "the guest's own FATE-Flow, which does not take"),
        (ROUTER, "the way from the guest's router to the host"),
        ("[Roll Site Error TransInfo] location msg=UNAVAILABLE: io exception", "the rollsite that the text names"),
        ("remote http request error: Expecting value: line 1 column 1 (char 0)", "nginx of guest or host"),
        ('"retcode": 100, Connection refused, Please check if the fate flow service is started', "the guest's own"),
        ("The routing table not have current party=10000 and default party", "the broker's route table"),
        ("check job status timeout", "the data path"),
    ],
)
def test_known_texts_accuse_a_hop(words: str, hop: str) -> None:
    """Every text of the table, and ids that exist."""
    found = judge(ONE.verdict, ran(words), tuple(Channel), 60, is_late=False).suspicion
    assert found is not None
    assert found.hop.startswith(hop)
    assert found.invariants
    assert len(FAILURE_TEXTS) > 6


# The command


def job_of(line: Sequence[str]) -> Job:
    """The job that a command starts."""
    found = _WORDS.search(line[2]) or _OF_THREE.search(line[2])
    assert found is not None
    return tuple(map(int, found.groups()))


@dataclass
class Played:
    """A cluster whose jobs end as `answers` say; the others succeed."""

    context: str
    answers: Mapping[Job, Answer | Callable[[], Answer]] = field(default_factory=dict)
    pods: Sequence[str] = ("client-0", "python-0")
    is_away: bool = False
    clock: Clock = field(default_factory=Clock)
    given_up: str = ""
    ran: list[Job] = field(default_factory=list)

    @property
    def server(self) -> str:
        return f"https://{self.context}:6443"

    def version(self, _: Deadline) -> tuple[int, int]:
        if self.is_away:
            msg = "connection refused"
            raise UnreachableError(msg)
        return 1, 27

    def list(self, *_: object, **__: object) -> Sequence[dict[str, Any]]:
        names = {"client": "client", "python": "fateflow"}
        return [
            {
                "metadata": {"name": pod},
                "status": {"containerStatuses": [{"name": names[pod.partition("-")[0]], "ready": True}]},
            }
            for pod in self.pods
        ]

    def run(self, _: str, __: str, ___: str, line: Sequence[str], ____: Deadline) -> Ran:
        job = job_of(line)
        self.ran.append(job)
        answer = self.answers.get(job, ran(GOOD))
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parties, one of them on a cluster of its own; the kubeconfig has a context for each cluster."""
    folder = tmp_path_factory.mktemp("live")
    parties = (party(9999, "fate-9999"), party(9998, "fate-9998"), party(10000, "fate-10000", "shop"))
    clusters = [cluster_at("bank", sites=2), cluster_at("shop")]
    planned(folder, federation(*parties, clusters=clusters))
    config = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443"}} for name in ("bank", "shop")],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in ("bank", "shop")],
    }
    (folder / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    return folder


_SELECTED: Final[dict[tuple[str, str, Wish], Selection]] = {}


def remembered(space: Workspace, wish: Wish) -> Selection:
    """What was planned is read and proved once, and not by each test."""
    key = (str(Path.cwd()), os.environ["KUBECONFIG"], wish)
    if key not in _SELECTED:
        _SELECTED[key] = select(space, wish)
    return _SELECTED[key]


class Live:
    """Runs the command against clusters that are played."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.monkeypatch = monkeypatch
        monkeypatch.setenv("KUBECONFIG", str(home / "kubeconfig"))
        monkeypatch.setattr(verify_live_command, "select", remembered)
        monkeypatch.chdir(home)

    def __call__(self, *clusters: Played, **options: Any) -> Ended:
        by_context = {each.context: each for each in (Played("bank"), Played("shop"), *clusters)}

        def connect(context: str) -> Any:
            return by_context[context]

        self.monkeypatch.setattr(verify_live_command, "Connections", lambda: Connections(connect))
        told = io.StringIO()
        given = {"format_name": "json", "file": FILE, "only": "toy", **options}
        text, code = run_verify_live(Request(**given), stderr=told)
        return Ended(text, code, told.getvalue())


@pytest.fixture
def live(home: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    """The command."""
    return Live(home, monkeypatch)


def states(ended: Ended) -> dict[Job, str]:
    """How each job ended."""
    found = ended.data["verify"]["live"]["toyExamples"]
    return {(each["guest"], *each["hosts"]): each["state"] for each in found}


def test_all_is_well(live: Live) -> None:
    """Self tests, a ring of three, then all three at once; the rest is proved on paper, or run on demand."""
    ended = live()
    assert (ended.code, set(states(ended).values())) == (0, {"proved"})
    assert len(states(ended)) == 7
    assert list(states(ended))[-1] == THREE
    assert ended.data["verify"]["live"]["onPaper"] == 3
    assert "7 of 7: " in ended.told
    ended = live(all_pairs=True)
    assert (ended.code, len(states(ended))) == (0, 10)
    text = live(format_name="text").text
    assert re.search(r"^9999 -> \d+  proved live$", text, re.MULTILINE)
    assert re.search(r"^9999 -> 9998, 10000  proved live$", text, re.MULTILINE)
    assert "proved on paper alone: --all-pairs runs each" in text
    assert "7 of 7 toy examples proved live" in text
    assert (live.home / ".fedplan/verify/9999-9999.log").read_text(encoding="utf-8") == GOOD
    assert (live.home / ".fedplan/.gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_guest_runs_a_job_of_three(live: Live) -> None:
    """After its pairs; a named pair has none."""
    assert list(states(live(parties=("10000",)))) == [(10000, 10000), (10000, 9998), (10000, 9999), (10000, 9999, 9998)]
    assert list(states(live(pairs=("10000:9999",)))) == [(10000, 9999)]


def test_what_failed_is_told_with_its_way_and_repeated(live: Live) -> None:
    """A closed port of the host: the pair, the hop, the log; `--failed` runs that pair, and then nothing."""
    text = live(format_name="text", all_pairs=True).text
    assert "FED980" not in text
    where = next(iter((live.home / "out/party-9999").glob("*rollsite*"))).read_text(encoding="utf-8")
    found = re.search(r'"10000":.*?"ip": "(192\.0\.2\.\d+)",?\s+"port": (\d+)', where, re.DOTALL)
    assert found is not None
    words = f"{ROUTER} io exception at {found[1]}:{found[2]}"
    ended = live(Played("bank", {(9999, 10000): ran(words)}), all_pairs=True)
    assert ended.code == 1
    assert {pair for pair, state in states(ended).items() if state != "proved"} == {(9999, 10000), THREE}
    (error,) = [each for each in ended.data["diagnostics"] if each["severity"] == "error"]
    notes = [note["message"] for note in error["notes"]]
    assert error["code"] == "FED980"
    assert "9999 -> 10000" in error["message"]
    assert f"the way: party 9999 -> party 10000 ({found[1]}:{found[2]})" in notes
    assert f"its words name {found[1]}:{found[2]}, where party 9999 dials party 10000" in notes
    assert ".fedplan/verify/9999-10000.log" in error["hint"]
    *_, three = ended.data["verify"]["live"]["toyExamples"]
    assert (three["state"], three["reason"], three["host"]) == ("unchecked", "9999 -> 10000 failed", None)
    (example,) = [each for each in ended.data["verify"]["live"]["toyExamples"] if each["state"] == "failed"]
    assert example["probably"].startswith("the way from the guest's router")
    one = live(pairs=("9998:9999",))
    assert (one.code, list(states(one))) == (0, [(9998, 9999)])
    again = live(failed=True)
    assert (again.code, states(again)) == (0, {(9999, 10000): "proved", THREE: "proved"})
    nothing = live(failed=True, format_name="text")
    assert (nothing.code, "nothing is left to repeat" in nothing.text) == (0, True)


def test_a_party_that_fails_alone_is_not_tried_with_others(live: Live) -> None:
    """Its pairs are unchecked, those of the others are run."""
    bank = Played("bank", {(9999, 9999): ran(FAILED)})
    ended = live(bank, all_pairs=True)
    assert ended.code == 1
    found = states(ended)
    assert found.pop((9999, 9999)) == "failed"
    assert {pair for pair, state in found.items() if state == "unchecked"} == {pair for pair in found if 9999 in pair}
    assert {each["code"] for each in ended.data["diagnostics"]} == {"FED981", "FED982"}
    (hint,) = {each["hint"] for each in ended.data["diagnostics"] if each["code"] == "FED981"}
    assert hint == "mend what is told, and repeat it with --failed"
    assert not [pair for pair in bank.ran if 9999 in pair and pair != (9999, 9999)]
    assert set(states(live(failed=True))) == {pair for pair in (*found, (9999, 9999)) if 9999 in pair}


def test_a_cluster_that_is_away_leaves_its_guests_unchecked(live: Live) -> None:
    """Exit code 3; as a host the party is tried all the same."""
    ended = live(Played("shop", is_away=True), all_pairs=True)
    assert ended.code == 3
    found = states(ended)
    assert {pair for pair, state in found.items() if state == "unchecked"} == {
        pair for pair in found if pair[0] == 10000
    }
    assert {"FED901", "FED981"} == {each["code"] for each in ended.data["diagnostics"]}
    assert "unchecked: cluster shop could not be used" in live(Played("shop", is_away=True), format_name="text").text
    again = live(failed=True)
    assert (again.code, set(states(again))) == (0, {pair for pair in found if pair[0] == 10000} & set(states(again)))
    assert (10000, 10000) in states(again)


@pytest.fixture
def of_bank(live: Live, tmp_path: Path) -> Live:
    """The command of somebody who has no context for cluster shop by that name."""
    config = json.loads((live.home / "kubeconfig").read_text(encoding="utf-8"))
    config["contexts"][1]["name"] = "lab"
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    live.monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    return live


@pytest.mark.parametrize("only", ["", "toy"])
def test_what_cannot_be_reached_stays_unchecked(of_bank: Live, only: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repetition does not make it good: exit code 3 again, and the site is named."""
    monkeypatch.setattr(LiveRun, "_probes", lambda _run, _sight: iter(()))
    ended = of_bank(only=only)
    reason = "not reachable from here (the kubeconfig has no context shop)"
    found = [each for each in ended.data["verify"]["live"]["toyExamples"] if each["guest"] == 10000]
    assert (ended.code, {each["reason"] for each in found}) == (3, {reason}), ended.all
    again = of_bank(only="", failed=True)
    assert (again.code, states(again)) == (3, {}), again.all
    (finding,) = again.data["diagnostics"]
    assert (finding["code"], finding["message"]) == ("FED999", f"party 10000 is unchecked: {reason}")
    assert "invoke verify --live --party 10000" in finding["hint"]


def test_a_context_of_another_name(of_bank: Live) -> None:
    """It leads to the cluster of the party that is named, and to no other."""
    lab = Played("lab")
    ended = of_bank(lab, parties=("10000",), context="lab")
    assert (ended.code, (10000, 10000) in lab.ran) == (0, True), ended.all
    ended = of_bank(lab, parties=("10000",), context="nowhere")
    assert (ended.code, "the kubeconfig has no context nowhere" in ended.text) == (3, True), ended.all
    assert "let an operator of cluster shop run" in ended.text


@pytest.mark.parametrize(("text", "why"), [(None, "there is no kubeconfig (looked for "), ("[]", "it holds something")])
def test_a_kubeconfig_that_cannot_be_read(live: Live, tmp_path: Path, text: str | None, why: str) -> None:
    """That is why no site can be reached, and not the name of a context."""
    if text is not None:
        (tmp_path / "kubeconfig").write_text(text, encoding="utf-8")
    live.monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    ended = live()
    assert (ended.code, f"not reachable from here ({why}" in ended.text) == (3, True), ended.all


def test_a_guest_without_a_place_for_the_job(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can run it either: the way out is the module."""
    monkeypatch.setattr(places, "planned_places", lambda _toy, _modules: ())
    ended = live(parties=("9999",))
    assert ended.code == 3
    (hint,) = {each["hint"] for each in ended.data["diagnostics"]}
    assert hint == "add the module to party 9999 and apply it, or leave toy examples out with `--only probes`"
    assert live(failed=True).code == 3


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (ran(f"{SUM} 1000"), 1, "the sum is 1000 instead of 2000"),
        (ran("toy test job 5 is running\n", None), 3, "the connection into the container broke before the end"),
        (UnreachableError("the connection was closed"), 3, "the connection was closed"),
        (RefusedError(403, "Forbidden", "pods/exec is forbidden"), 3, "it may not be started: pods/exec is forbidden"),
        (RefusedError(500, "", "container not found"), 3, "container not found"),
    ],
)
def test_one_job_ends_badly(live: Live, answer: Answer, code: int, reason: str) -> None:
    """A wrong number, an exec that dies midway or is refused: that pair and no other, which is repeated."""
    ended = live(Played("bank", {(9999, 9998): answer}), all_pairs=True)
    toys = [each for each in ended.data["verify"]["live"]["toyExamples"] if each["host"] is not None]
    (bad,) = [each for each in toys if each["state"] != "proved"]
    assert (ended.code, bad["guest"], bad["host"]) == (code, 9999, 9998)
    assert bad["reason"].startswith(reason)
    assert set(states(live(failed=True))) - {THREE} == {(9999, 9998)}


def test_a_hanging_job_ends_at_its_deadline(live: Live) -> None:
    """What it wrote so far says that it was running."""

    class Sleepy(Played):
        def run(self, _: str, __: str, ___: str, line: Sequence[str], ____: Deadline) -> Ran:
            if line[2].endswith("flow job stop -j 5"):
                return ran(self.answer)
            assert "--timeout 480" in line[2]
            ____.wait(____.left)
            return ran("toy test job 5 is running\n", None)

        answer = '{\n    "retcode": 0,\n    "retmsg": "stop job success"\n}'

    ended = live(Sleepy("bank", clock=Time()), pairs=("9999:9998",))
    (bad,) = ended.data["verify"]["live"]["toyExamples"]
    assert (ended.code, bad["reason"]) == (1, "job 5 had not ended after 10 minutes, and was stopped")
    assert bad["probably"] == HANGS.hop
    Sleepy.answer = '{\n    "retcode": 103,\n    "retmsg": "stop job failed"\n}'
    ended = live(Sleepy("bank", clock=Time()), pairs=("9999:9998",))
    (bad,) = ended.data["verify"]["live"]["toyExamples"]
    assert bad["reason"].endswith(", and could not be stopped: stop job failed")


def test_no_pod_is_ready(live: Live) -> None:
    """The site is not what was planned: it failed, and `status` says more."""
    ended = live(Played("shop", pods=()), parties=("10000",))
    assert ended.code == 1
    (first, *rest) = ended.data["verify"]["live"]["toyExamples"]
    assert first["reason"] == "no container of client or python is ready in namespace fate-10000"
    assert {each["reason"] for each in rest} == {"party 10000 fails the toy example with itself"}


def test_ctrl_c_tells_what_was_done(live: Live) -> None:
    """What runs is unchecked, what was not begun is counted, and `--failed` goes on with both."""
    gate = threading.Event()

    class Pressed(io.StringIO):
        def write(self, text: str) -> int:
            if "1 of 10" in text:
                raise KeyboardInterrupt
            return super().write(text)

    def waits() -> Ran:
        gate.wait(20)
        return ran(GOOD)

    bank = Played("bank", {(9998, 9998): ran(GOOD), (9999, 9999): waits})
    by_context = {"bank": bank, "shop": Played("shop", {(10000, 10000): waits})}
    live.monkeypatch.setattr(verify_live_command, "Connections", lambda: Connections(by_context.__getitem__))  # type: ignore[arg-type]
    text, code = run_verify_live(
        Request(file=FILE, only="toy", all_pairs=True, parallel=2, format_name="json"), stderr=Pressed()
    )
    gate.set()
    found = json.loads(text)["verify"]["live"]
    assert (code, found["interrupted"]) == (3, True)
    assert found["left"] + len(found["toyExamples"]) == 10
    assert found["left"] >= 6
    assert "interrupted; its job may still run" in {each["reason"] for each in found["toyExamples"]}
    again = live(failed=True)
    assert again.code == 0
    assert len(states(again)) == 9


def test_no_party_is_in_two_jobs_at_once_and_the_limit_holds(live: Live) -> None:
    """However many may run."""
    lock, busy, most = threading.Lock(), list[int](), list[int]()
    clashes: list[Job] = []

    class Busy(Played):
        def run(self, _: str, __: str, ___: str, line: Sequence[str], ____: Deadline) -> Ran:
            job = job_of(line)
            with lock:
                clashes.extend([job] if set(job) & set(busy) else [])
                busy.extend(set(job))
                most.append(len(busy))
            threading.Event().wait(0.01)
            with lock:
                for each in set(job):
                    busy.remove(each)
            return ran(GOOD)

    assert live(Busy("bank"), Busy("shop"), all_pairs=True, parallel=2).code == 0
    assert not clashes
    assert max(most) <= 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": ("9999",)}, "--pair takes two party ids, as in 9999:10000, not 9999"),
        ({"pairs": ("9999:7",)}, "--pair: 9999 and 7 are no parties that must talk"),
        ({"parties": ("x",)}, "--party takes a party id, as in 9999, not x"),
        ({"parties": ("7",)}, "--party: there is no party 7 in federation.yaml"),
        ({"all_pairs": True, "failed": True}, "take one of --pair, --party, --all-pairs and --failed"),
        ({"context": "lab"}, "--context leads to the cluster of the party that --party names, and none is named"),
        (
            {"context": "lab", "parties": ("9999", "10000")},
            "--context names one cluster, and the sites are on several: take them one by one",
        ),
        ({"parallel": 0}, "--parallel takes a number of jobs, at least 1"),
        ({"timeout": 0}, "--timeout takes seconds, at least 1"),
    ],
)
def test_options_that_cannot_be_meant(live: Live, options: dict[str, Any], message: str) -> None:
    """Exit code 64."""
    ended = live(**options)
    assert (ended.text, ended.code) == (message, 64)


def test_nothing_is_run_before_the_files_are_proved(live: Live, home: Path) -> None:
    """An edited folder is refused as by `verify`."""
    file = next(iter((home / "out/party-9999").glob("*rollsite*")))
    text = file.read_bytes()
    file.write_bytes(text.replace(b"9370", b"9371"))
    live.monkeypatch.setattr(verify_live_command, "select", select)
    try:
        bank = Played("bank")
        ended = live(bank, format_name="text")
    finally:
        file.write_bytes(text)
    assert (ended.code, bank.ran) == (1, [])
    assert "nothing was asked of any cluster" in ended.text


def test_what_is_kept_survives_odd_files(tmp_path: Path) -> None:
    """No earlier run, another federation's, a torn file; a folder that cannot be written ends nothing."""
    kept = Kept(tmp_path / FILE, "demo")
    assert kept.again() is None
    kept.remember([(1, 2)])
    assert kept.again() == ((1, 2),)
    assert Kept(tmp_path / FILE, "other").again() is None
    for odd in ("[1]", "[[1]]", "[[1, 2, 3, 4]]", "[[1, 2, 2]]", "[[1, Infinity]]", '[["a", 1]]', "{}]"):
        text = f'{{"version": 1, "federation": "demo", "again": {odd}}}'
        (tmp_path / ".fedplan/verify/last.json").write_text(text)
        assert kept.again() is None
    (tmp_path / ".fedplan/verify/last.json").write_text('{"version": 1, "federation": "demo", "again": [[1, 1]]}')
    assert (kept.again(), kept.sites()) == (((1, 1),), ()), "an older fedplan kept no sites"
    (tmp_path / "file").write_text("")
    outcome = ToyOutcome((1, 2), ToyState.FAILED, words="x" * 2**21)
    assert Kept(tmp_path / "file" / FILE, "demo").log(outcome).log == ""
    told = kept.log(outcome)
    assert Path(told.log).stat().st_size == 2**20
    assert len(told.words) == 2**16


def test_the_table_shows_what_runs_and_what_failed() -> None:
    """On a terminal; anywhere else a line each, and nothing where there is no stream."""
    stream = io.StringIO()
    table = LiveTable(stream, 30)
    table.round(2)
    table.begun((1, 2))
    table.ended(ToyOutcome((3, 4), ToyState.FAILED, reason="job \x1b[2J ended as failed"))
    for number in range(20):
        table.ended(ToyOutcome((5, number), ToyState.PROVED, 2.0))
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(table)
    shown = console.export_text()
    assert "round 1, 21 of 30 toy examples, 20 proved live, 1 failed" in shown
    assert re.search(r"1 -> 2 +running +for 1 second", shown)
    assert re.search(r"3 -> 4 +failed +job \\x1b\[2J ended as failed", shown)
    assert len(shown.splitlines()) < 20
    table.done()
    assert isinstance(display_for(None, 1), Silent)
    assert isinstance(display_for(io.StringIO(), 1), Lines)
    assert State.UNCHECKED.value == ToyState.UNCHECKED.value


def test_what_cannot_be_begun_from_here_is_counted(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand parties that others run, a few lines are enough; what failed is told in full."""
    stream = io.StringIO()
    lines = Lines(stream, 9)
    for number in range(8):
        lines.ended(ToyOutcome((number, 9), ToyState.UNCHECKED, reason="not reachable", is_of_others=True))
    lines.ended(ToyOutcome((8, 9), ToyState.FAILED, reason="job 1 ended as failed", again=True))
    lines.done()
    told = stream.getvalue().splitlines()
    assert (len(told), told[-2], told[-1]) == (
        7,
        "9 of 9: 8 -> 9  failed: job 1 ended as failed",
        "and 3 more unchecked, which cannot be begun from here",
    )
    monkeypatch.setattr(report, "_MOST_SITES", 1)
    text = live(Played("shop", is_away=True), all_pairs=True, format_name="text").text
    assert "and 2 more unchecked, which cannot be begun from here" in text
    assert text.count("cluster shop could not be used") == 2, "one line, and one finding"


def test_a_pair_is_begun_without_a_look_at_all_earlier_ones() -> None:
    """With a million pairs that would never end: only a job of three depends on how pairs went."""

    class Outcomes:
        @property
        def outcomes(self) -> Sequence[ToyOutcome]:
            pytest.fail("the earlier outcomes are looked at", pytrace=False)

    run = LiveRun.__new__(LiveRun)
    run.toys = Outcomes()  # type: ignore[assignment]  # nothing else of it is needed
    assert run._apart((9999, 10000)) is None


@pytest.mark.parametrize("is_away", [False, True])
def test_a_list_of_pods_that_is_lost_once(live: Live, *, is_away: bool) -> None:
    """That job is unchecked, and repeated; the cluster is given up only if its API server answers nothing else."""

    class Lost(Played):
        def list(self, *_: object, **__: object) -> Sequence[dict[str, Any]]:
            self.lists += 1
            if self.lists == 1:
                self.is_away = is_away
                msg = "it does not answer in time"
                raise UnreachableError(msg)
            return super().list()

        lists = 0

    shop = Lost("shop")
    ended = live(shop)
    found = states(ended)
    of_shop = {job for job in found if job[0] == 10000}
    assert len(of_shop) > 1
    assert (ended.code, bool(shop.given_up)) == (3, is_away)
    assert {job for job, state in found.items() if state == "unchecked"} == (of_shop if is_away else {(10000, 10000)})
    (first,) = [each for each in ended.data["verify"]["live"]["toyExamples"] if each["guest"] == each["host"] == 10000]
    assert first["reason"] == ("cluster shop could not be used" if is_away else "it does not answer in time")
    again = live(failed=True)
    assert (again.code, (10000, 10000) in states(again)) == (0, True)
