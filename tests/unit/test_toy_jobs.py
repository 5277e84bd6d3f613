"""The scripts that start and stop toy examples, run by the shells that images have, and what their words mean."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from planner.channels import Channel
from planner.releases import RELEASE_NAMES, Toy, ToyPlace, load
from renderers.cluster.api import Ran, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.toy import commands
from renderers.toy.guests import Guest, Guests
from renderers.toy.judging import OF_THREE, is_good, judge, reported
from renderers.toy.outcomes import ToyOutcome, ToyState
from renderers.toy.places import Spot, planned_places
from tests.unit.cluster_double import Time

THREE: Final = (9999, 10000, 9998)
SHELLS: Final = [
    pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell[0]), reason=f"no {shell[0]}"))
    for shell in (["dash"], ["bash"], ["busybox", "sh"])
]
FLOW: Final = """#!/bin/sh
echo "$@" >> {folder}/asked
case "$*" in
  'test toy'*)
    echo 'toy test job 7 is running'
    : > {folder}/spoken
    exec sleep 60 ;;
  'job submit -c /dev/stdin -d /dev/fd/3')
    cat /dev/stdin > {folder}/conf
    cat /dev/fd/3 > {folder}/dsl
    cat {folder}/answer ;;
  'job query -j 7 -r guest -p 9999')
    printf '{{\\n    "data": [\\n        {{\\n            "f_job_id": "7",\\n'
    printf '            "f_status": "%s"\\n        }}\\n    ]\\n}}\\n' "$(sed 1q {folder}/statuses)"
    sed -i 1d {folder}/statuses ;;
esac
"""
OLD: Final = """#!/bin/sh
echo "$@" >> {folder}/asked
for last; do :; done
case "$*" in
  'run_toy_example.py 9999 10000 1')
    echo 'stdout:{{"jobId": "2020", "retcode": 0}}'
    echo job status is running
    echo 'ValueError: job running time exceed, please check federation or eggroll log' >&2
    exit 1 ;;
  '../../fate_flow/fate_flow_client.py -f query_job -j 2020 -r guest')
    printf '{{\n    "data": [{{\n        "f_status": "%s"\n' "$(sed 1q {folder}/statuses)"
    sed -i 1d {folder}/statuses ;;
  '../../fate_flow/fate_flow_client.py -f job_log -j 2020 -o '*)
    echo '{{"retcode": 0}}'
    mkdir -p "$last/job_2020_log/guest/9999/secure_add_example_0"
    cp {folder}/*.log "$last/job_2020_log/guest/9999/secure_add_example_0" ;;
  '../../fate_flow/fate_flow_client.py -f stop_job -j 2020')
    echo '{{"retcode": 0}}' ;;
esac
"""
"""FATE's tool until 1.6, after its hundred questions."""
ACCEPTED: Final = {"retcode": 0, "retmsg": "success", "jobId": "7", "data": {"job_id": "7", "board_url": "http://x"}}


def toy_of(release: str) -> Toy:
    """The toy example of a release."""
    found = load(release)
    assert found is not None
    return found.toy


ONE, TWO = toy_of("v1.11.2"), toy_of("v2.0.0")


# The commands


def test_the_command_of_each_release() -> None:
    """The container's folder, what must be done there first, and a time-out that ends before ours."""
    client, fateflow = ONE.places
    shell, flag, script = commands.start(ONE, client, (9999, 10000), "eggroll", 600)
    assert (shell, flag) == ("sh", "-c")
    assert script.startswith("cd /tmp || exit 126\nexport PYTHONUNBUFFERED=1\nflow test toy ")
    assert "flow test toy --guest-party-id 9999 --host-party-id 10000 --timeout 480 &" in script
    assert "left=600" in script
    script = commands.start(ONE, fateflow, (1, 2), "eggroll", 60)[2]
    assert script.startswith("cd /tmp || exit 126\nflow init --ip fateflow --port 9380 || exit 126\n")
    script = commands.start(TWO, TWO.places[0], (1, 2), "eggroll", 600)[2]
    assert "flow test toy --guest-party-id 1 --host-party-id 2 --timeout 660 &" in script  # it stops the job then
    assert "left=720" in script
    assert "+ 480))" in commands.start(TWO, TWO.places[0], (1, 2, 3), "eggroll", 600)[2]
    old = toy_of("v1.4.0")
    script = commands.start(old, old.places[0], (1, 2), "eggroll", 60)[2]
    assert script.startswith("cd /data/projects/fate/python/examples/toy_example || exit 126\n")
    assert "\npython run_toy_example.py 1 2 1 &\n" in script
    assert planned_places(TWO, ("python", "osx")) == ()
    assert [place.name for place in planned_places(ONE, ("python", "rollsite"))] == ["python"]


@pytest.mark.parametrize(
    ("release", "engine", "backend"),
    [
        ("v1.5.1", "eggroll", 0),
        ("v1.5.1", "spark_rabbitmq", 1),
        ("v1.6.0", "spark_pulsar", 2),
        ("v1.6.1", "spark_rabbitmq", 1),
    ],
)
def test_the_engine_is_named_where_the_command_asks_for_it(release: str, engine: str, backend: int) -> None:
    """FATE 1.5 and 1.6, in jobs of two and of three; a job for Eggroll never ends on Spark."""
    toy = toy_of(release)
    script = commands.start(toy, toy.places[0], (1, 2), engine, 60)[2]
    assert f"python run_toy_example.py 1 2 1 -b {backend} &" in script
    assert f'"backend": {backend}}}' in commands.start(toy, toy.places[0], (1, 2, 3), engine, 60)[2]


@pytest.mark.parametrize("name", RELEASE_NAMES)
def test_every_release_knows_a_job_of_three_and_how_to_stop_one(name: str) -> None:
    """For every engine; nothing is left to be filled in."""
    release = load(name)
    assert release is not None
    toy = release.toy
    for engine in (*release.engines, *release.own_engines):
        script = commands.start(toy, toy.places[0], THREE, engine.name, 600)[2]
        first, *others = re.split(r"\nEND\n", script.partition("END'\n")[2])
        assert set(map(str, THREE)) <= set(re.findall(r"\d+", json.dumps(json.loads(first))))
        assert len(others) == len(toy.three.documents)
        assert not re.search(r"\{(guest|host|third|backend|job)\}", script)
        assert ("{backend}" in " ".join(toy.command)) == bool(toy.backend(engine.name))
    assert commands.stop(toy, toy.places[0], "7")[2].endswith("7")


# Run by real shells


class Container:
    """A folder with a `flow` of ours, a `sleep` that is thirty times as fast, and a clock that goes on with `flow`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (
            ("flow", FLOW.format(folder=folder)),
            ("python", OLD.format(folder=folder)),
            ("date", f"#!/bin/sh\necho $((10 * $(cat {folder}/asked 2> /dev/null | wc -l)))\n"),
            ("sleep", f'#!/bin/sh\nexec {shutil.which("sleep")} "$(($1 * 33))e-3"\n'),
        ):
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)

    def run(self, shell: Sequence[str], job: tuple[int, ...], seconds: int) -> subprocess.CompletedProcess[str]:
        """Start a job."""
        return self.carry_out(shell, commands.start(ONE, self.place(), job, "eggroll", seconds))

    def place(self, directory: str = "", prepare: tuple[str, ...] = ()) -> ToyPlace:
        """Where the container is; in its own folder by default."""
        return replace(ONE.places[0], directory=directory or str(self.folder), prepare=prepare)

    def carry_out(self, shell: Sequence[str], command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a script by this shell."""
        environ = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "TMPDIR": str(self.folder)}
        line = [*shell, *command[1:]]
        return subprocess.run(line, env=environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """A container."""
    return Container(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_program_that_never_ends_is_ended(container: Container, shell: list[str]) -> None:
    """What it wrote is told, and nothing of it is left. The seconds of its deadline begin when it has written."""
    real, spoken = shutil.which("sleep"), container.folder / "spoken"
    text = f"until [ -e {spoken} ]; do {real} 0.01; done\n[ $1 = 60 ] || set 0.01\nexec {real} $1\n"
    (container.folder / "sleep").write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
    ended = container.run(shell, (9999, 10000), 3)
    assert ended.stdout == "toy test job 7 is running\n"
    assert ended.returncode != 0


@pytest.mark.parametrize("shell", SHELLS)
def test_a_job_of_three_is_submitted_and_followed(container: Container, shell: list[str]) -> None:
    """The documents arrive whole, no file is left, and the words are those of `flow test toy`."""
    before = {"asked", "answer", "conf", "date", "dsl", "flow", "python", "sleep", "statuses"}
    (container.folder / "answer").write_text(json.dumps(ACCEPTED, indent=4))
    (container.folder / "statuses").write_text("waiting\nrunning\nsuccess\n")
    ended = container.run(shell, THREE, 60)
    assert ended.stdout.splitlines()[-3:] == [f"toy test job 7 is {each}" for each in ("waiting", "running", "success")]
    assert (ended.stderr, ended.returncode) == ("", 0)
    conf = json.loads((container.folder / "conf").read_text())
    assert conf["role"] == {"guest": ["9999"], "host": ["10000"], "arbiter": ["9998"]}
    assert json.loads((container.folder / "dsl").read_text())["components"]
    assert {each.name for each in container.folder.iterdir()} == before
    found = judge(OF_THREE, Ran(0, ended.stdout, ""), (), 60, is_late=False)
    assert found.state is ToyState.PROVED


def test_a_refused_job_of_three_is_not_followed(container: Container) -> None:
    """Though the answer has an id."""
    refused = {"retcode": 104, "retmsg": "Federated schedule error: StatusCode.UNAVAILABLE", "jobId": "7"}
    (container.folder / "answer").write_text(json.dumps(refused, indent=4))
    ended = container.run(["sh"], THREE, 60)
    assert (container.folder / "asked").read_text().count("\n") == 1
    found = judge(OF_THREE, Ran(0, ended.stdout, ""), (), 60, is_late=False)
    assert (found.state, found.reason) == (ToyState.FAILED, "Federated schedule error: StatusCode.UNAVAILABLE")


def test_a_job_of_three_that_hangs_is_left_before_the_deadline(container: Container) -> None:
    """In the words of FATE 2.x; whoever reads them stops it."""
    (container.folder / "answer").write_text(json.dumps(ACCEPTED, indent=4))
    (container.folder / "statuses").write_text("running\n" * 99)
    ended = container.run(["sh"], THREE, 60)
    assert ended.stdout.splitlines()[-1] == "timeout..."
    found = judge(OF_THREE, Ran(0, ended.stdout, ""), (), 60, is_late=False)
    assert (found.state, found.hanging) == (ToyState.FAILED, "7")


def begun_by_the_old_tool(
    container: Container, *statuses: str, shell: Sequence[str] = ("sh",), breaks: Exception | None = None
) -> tuple[ToyOutcome, str]:
    """How a job of FATE 1.4 ends that has these statuses after its tool gave up, and all that FATE was asked."""
    (container.folder / "statuses").write_text("\n".join(statuses))
    clock = Time()

    class Shell:
        """The API server, whose exec is a shell of ours; what runs takes its time."""

        def __init__(self) -> None:
            self.clock = clock

        def run(self, _: str, __: str, ___: str, command: Sequence[str], ____: Deadline) -> Ran:
            is_first = "run_toy_example" in command[2]
            if breaks is not None and not is_first:
                raise breaks
            clock.sleep(150 if is_first else 330)
            ended = container.carry_out(shell, command)
            return Ran(ended.returncode, ended.stdout, ended.stderr)

    release, channels = load("v1.4.0"), (Channel.ROLLSITE,)
    planned: Any = SimpleNamespace(release=release, engine=None, channels=channels)
    nothing: Any = None
    api: Any = Shell()
    guests = Guests(nothing, {}, lambda _: "", nothing, 600)
    spot = Spot("fate-9999", "python-0", "python", container.place())
    outcome = guests._run(Guest(planned, nothing, api), (9999, 10000), spot)
    return outcome, (container.folder / "asked").read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_job_that_outlives_its_tool_is_followed(container: Container, shell: list[str]) -> None:
    """FATE until 1.6, whose tool asks a hundred times: the number is read from the log, and no file is left."""
    line = "[INFO] secure_add_guest.py[line:137]: success to calculate secure_sum, it is 1999.9999999999998\n"
    (container.folder / "INFO.log").write_text(f"[INFO] begin\n{line}")
    (container.folder / "ERROR.log").write_text("")
    before = {each.name for each in container.folder.iterdir()} | {"asked", "statuses"}
    outcome, asked = begun_by_the_old_tool(container, "waiting", "running", "success", shell=shell)
    assert (outcome.state, outcome.reason) == (ToyState.PROVED, "")
    assert outcome.words.endswith(f"toy test job 2020 is success\n{line}")
    assert "stop_job" not in asked
    assert {each.name for each in container.folder.iterdir()} == before


def test_a_job_whose_log_cannot_be_had_is_unchecked(container: Container) -> None:
    """It has succeeded: nobody fails it or stops it."""
    outcome, asked = begun_by_the_old_tool(container, "success")
    assert (outcome.state, outcome.again) == (ToyState.UNCHECKED, True)
    assert outcome.reason == "job 2020 succeeded, but its number cannot be read"
    assert "stop_job" not in asked


def test_a_job_that_fails_after_its_tool_gave_up(container: Container) -> None:
    """It is judged by its own errors, and not by those of the tool."""
    (container.folder / "ERROR.log").write_text("grpc.RpcError: StatusCode.UNAVAILABLE\n")
    outcome, asked = begun_by_the_old_tool(container, "running", "failed")
    reason = "job 2020 ended as failed: RpcError: StatusCode.UNAVAILABLE"
    assert (outcome.state, outcome.reason) == (ToyState.FAILED, reason)
    assert outcome.suspicion is not None
    assert outcome.suspicion.hop.startswith("the way from the guest's router to the host")
    assert "job running time exceed" in outcome.words
    assert "stop_job" not in asked
    (container.folder / "ERROR.log").write_text("")
    outcome, _ = begun_by_the_old_tool(container, "failed")
    assert (outcome.reason, outcome.suspicion) == ("job 2020 ended as failed", None)


def test_a_job_that_hangs_after_its_tool_gave_up(container: Container) -> None:
    """It is stopped, but not before our own deadline is near."""
    outcome, asked = begun_by_the_old_tool(container, *["running"] * 99)
    assert (outcome.state, outcome.reason) == (
        ToyState.FAILED,
        "job 2020 had not ended after 8 minutes, and was stopped",
    )
    assert asked.count("query_job") > 20
    assert outcome.suspicion is not None
    assert outcome.suspicion.hop.startswith("the data path")


def test_a_job_that_cannot_be_followed_is_unchecked(container: Container) -> None:
    """The connection is gone, and the job may go on."""
    outcome, _ = begun_by_the_old_tool(container, breaks=UnreachableError("connection refused"))
    assert (outcome.state, outcome.again) == (ToyState.UNCHECKED, True)
    assert outcome.reason == "connection refused, and job 2020 may still run"


def test_a_job_is_followed_where_the_tool_gives_up_by_itself() -> None:
    """A tool that is told how long to wait has waited as long."""
    for name in RELEASE_NAMES:
        toy = toy_of(name)
        command = commands.follow(toy, toy.places[0], (1, 2), "7", 60)
        assert bool(command) == (toy.command[0] == "python")
        assert commands.follow(toy, toy.places[0], THREE, "7", 60) == ()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("directory", "prepare", "why"),
    [
        ("/nowhere/toy_example", (), "/nowhere/toy_example"),
        ("", ("flow", "init", "--ip", "fateflow"), "no space left on device"),
        ("", ("nobody",), "nobody"),
    ],
)
def test_a_container_in_which_nothing_can_be_begun(
    container: Container, shell: list[str], directory: str, prepare: tuple[str, ...], why: str
) -> None:
    """Nothing is learnt about the pair: it is unchecked, with the words of what failed."""
    (container.folder / "flow").write_text("#!/bin/sh\necho no space left on device\nexit 1\n")
    command = commands.start(ONE, container.place(directory, prepare), (9999, 10000), "eggroll", 60)
    ended = container.carry_out(shell, command)
    assert ended.returncode == commands.CANNOT_RUN
    found = judge(ONE.verdict, Ran(ended.returncode, ended.stdout, ended.stderr), (), 60, is_late=False)
    assert (found.state, found.again, found.failed) == (ToyState.UNCHECKED, True, "")
    assert found.reason.startswith("the container cannot run it: ")
    assert why in found.reason


# What words mean


@pytest.mark.parametrize(
    ("words", "hop"),
    [
        ("502 Server Error: Bad Gateway for url: http://nginx:9300/v2/partner/job/create", "the hop behind nginx"),
        ("504 Server Error: Gateway Time-out for url: http://nginx:9300/v2/partner/job/create", "the hop behind nginx"),
        ("404 Client Error: Not Found for url: http://nginx:9300/v2/partner/job/create", "nginx of the guest, whose"),
        (
            "500 Server Error: Internal Server Error for url: http://nginx:9300/v2/partner/job/create",
            "nginx of guest or",
        ),
        (
            "HTTPConnectionPool(host='nginx', port=9300): Read timed out. (read timeout=10)",
            "the way from the guest's router to the host, on which nobody answers at all",
        ),
        (
            "Max retries exceeded with url: /v2/partner/job/create (NewConnectionError('Connection refused'))",
            "the guest's own router",
        ),
    ],
)
def test_what_fate_2_says_of_a_job_that_it_could_not_create(words: str, hop: str) -> None:
    """Its message is told, and accuses a hop."""
    answer = json.dumps({"code": 1002, "message": f"Federated schedule error, {words}"}, indent=4)
    found = judge(TWO.verdict, Ran(0, answer, ""), (Channel.NGINX_HTTP,), 60, is_late=False)
    assert (found.state, found.reason) == (ToyState.FAILED, f"Federated schedule error, {words}")
    assert found.suspicion is not None
    assert found.suspicion.hop.startswith(hop)
    assert "INV-NGX-1" in found.suspicion.invariants


def test_a_broker_table_without_the_peer() -> None:
    """What an error log has of it."""
    words = (
        "toy test job 7 is running\ntoy test job 7 is failed\n"
        '  File "_federation.py", line 9, in _upstream_uri\n'
        "AttributeError: 'NoneType' object has no attribute 'get'\n"
    )
    found = judge(TWO.verdict, Ran(0, words, ""), (Channel.RABBITMQ,), 60, is_late=False)
    assert found.suspicion is not None
    assert found.suspicion.hop.startswith("the broker's route table")
    assert "INV-RMQ-1" in found.suspicion.invariants


def test_what_a_task_of_fate_2_died_of() -> None:
    """Of all that FATE tells about a task this alone leaves the container; the last error is told."""
    script = commands.report(TWO, TWO.places[0], "7")[2]
    filtered = script.partition(" | ")[2]
    trace = "Traceback (most recent call last):\n  File \"x.py\", in _upstream_uri\nAttributeError: 'NoneType' object\n"
    task = {"conf": {"password": "fate"}, "error_report": trace, "status": "failed"}
    answer = json.dumps({"code": 0, "data": [task, {**task, "error_report": ""}]}, indent=4, sort_keys=True)
    ended = subprocess.run(["sh", "-c", filtered], input=answer, capture_output=True, text=True, timeout=20, check=True)
    assert "password" not in ended.stdout
    assert reported(Ran(0, ended.stdout, "")) == trace
    words = "toy test job 7 is running\ntoy test job 7 is failed\n"
    found = judge(TWO.verdict, Ran(0, words, trace), (Channel.RABBITMQ,), 60, is_late=False)
    assert (found.reason, found.failed) == ("job 7 ended as failed: AttributeError: 'NoneType' object", "7")
    assert found.suspicion is not None
    found = judge(TWO.verdict, Ran(0, words, "fate.arch.x.ApplyError: no\n"), (), 60, is_late=False)
    assert found.reason == "job 7 ended as failed: ApplyError: no"
    assert commands.report(ONE, ONE.places[0], "7") == ()
    assert reported(Ran(127, "sh: flow: not found\n", "")) == ""


def test_fate_2_gives_up_a_silent_job() -> None:
    """A broker's wrong port: the status stays running, and the client prints nothing but this."""
    words = "toy test job 7 is running\n" * 9 + "timeout...\nYou can use the command of 'flow job download-log'\n"
    found = judge(TWO.verdict, Ran(0, words, ""), (Channel.RABBITMQ,), 480, is_late=False)
    assert (found.state, found.reason, found.hanging) == (ToyState.FAILED, "job 7 had not ended after 8 minutes", "7")
    assert found.suspicion is not None
    assert found.suspicion.hop.startswith("the data path")


def test_an_old_job_that_hangs_is_known_by_its_id() -> None:
    """`run_toy_example.py` tells it in the answer to the submitted job alone."""
    answer = json.dumps({"data": {"job_dsl_path": "x"}, "jobId": "2020", "retcode": 0, "retmsg": "success"}, indent=4)
    words = f"stdout:{answer}\njob status is running\njob status is running\n"
    found = judge(toy_of("v1.4.0").verdict, Ran(None, words, ""), (), 60, is_late=True)
    assert (found.reason, found.hanging) == ("job 2020 had not ended after 1 minute", "2020")


def test_the_last_answer_counts() -> None:
    """`flow init` answers first, in the container of FATE-Flow."""
    init = json.dumps({"retcode": 0, "retmsg": "Fate Flow CLI has been initialized successfully."}, indent=4)
    refused = json.dumps({"retcode": 104, "retmsg": "Federated schedule error"}, indent=4)
    found = judge(ONE.verdict, Ran(0, f"{init}\n\n{refused}\n", ""), (), 60, is_late=False)
    assert found.reason == "Federated schedule error"
    assert is_good(Ran(0, f"{init}\n\n{init}\n", ""))
    assert not is_good(Ran(0, f"{init}\n\n{refused}\n", ""))
    assert not is_good(Ran(127, "", "sh: flow: not found"))
