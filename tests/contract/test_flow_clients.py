"""FATE's own clients from PyPI, started by our scripts: their options, what they send, and the words they write.

FATE-Flow is played, as far as a toy example asks it for something. Clients are kept beside the programs of the harness.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlparse

import pytest

from planner.releases import Toy, load
from renderers.cluster.api import Ran
from renderers.toy import commands
from renderers.toy.judging import OF_THREE, Judged, is_good, judge, reported
from renderers.toy.outcomes import ToyState
from tests.cluster.conftest import REQUIRE
from tests.cluster.harness import places
from tests.cluster.harness.steps import alone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CLIENTS: Final = {
    "v1.11.2": ("fate-client==1.11.2", "pandas", "poetry-core", "loguru"),
    "v2.0.0": ("fate-client==2.0.0", "pandas", "networkx", "pydantic==1.10.26"),
}
"""By release the client of its FATE, and what it imports. It asks for more, and for a click that is too old."""
SHARED: Final = ("click", "requests", "requests-toolbelt", "ruamel.yaml==0.16.13", "setuptools==80.9.0", "urllib3<3")
JOB: Final = "202311221120"
ENDED: Final = 143
"""The exit code of a program that is ended at the deadline."""
INFO: Final = "[INFO] secure_add_guest.py[line:126]: success to calculate secure_sum, it is 1999.9999999999998\n"


@dataclass
class FateFlow:
    """A FATE-Flow of both generations: its jobs have these statuses, one after the other, the last one for ever."""

    statuses: Sequence[str] = ("waiting", "running", "success")
    refusal: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        """What is answered to a request."""
        self.asked.append((path, given))
        two = path.startswith("/v2/")
        code, said, name, prefix = ("code", "message", "job_id", "") if two else ("retcode", "retmsg", "jobId", "f_")
        match path.split("/")[2:4]:
            case ["job", "submit"] if self.refusal:
                return {code: 1002 if two else 104, said: self.refusal}
            case ["job", "submit"]:
                return {code: 0, said: "success", name: JOB, "data": {"job_id": JOB}}
            case ["job", "task"]:
                return {code: 0, "data": [{"conf": {}, "error_report": "ValueError: no", "status": "failed"}]}
            case ["job", "query"]:
                now = self.statuses[min(self.times("/job/query"), len(self.statuses)) - 1]
                job = {f"{prefix}job_id": JOB, f"{prefix}status": now, "f_runtime_conf": {}, "f_dsl": {}}
                return {code: 0, said: "success", "data": [job]}
        return {code: 0, said: "success", "data": {"party_id": "9999"}}

    def times(self, path: str) -> int:
        """How often it was asked for something."""
        return sum(path in each for each, _ in self.asked)

    def sent(self, path: str) -> dict[str, Any]:
        """The latest that it was sent there."""
        return next(given for each, given in reversed(self.asked) if path in each)


class Server:
    """FATE-Flow's HTTP port."""

    def __init__(self) -> None:
        self.plays = FateFlow()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlparse(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                given = {**dict(parse_qsl(url.query)), **json.loads(self.rfile.read(length) or b"{}")}
                found = outer.plays.answer(url.path, given)
                body = logs() if "/log" in url.path else json.dumps(found).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - as http.server names it

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> str:
        """Where it listens."""
        return str(self.server.server_address[1])


def logs() -> bytes:
    """A job's logs, as FATE-Flow 1.x packs them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in (("INFO.log", INFO), ("ERROR.log", "ValueError: no\n")):
            member = tarfile.TarInfo(f"guest/9999/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


@dataclass
class Client:
    """FATE's client of a release, in a container of the guest 9999."""

    toy: Toy
    folder: Path
    programs: Path
    server: Server

    def start(self, *job: int, seconds: int = 60) -> tuple[Judged, str]:
        """Run a toy example, and judge it by its words."""
        ran = self._run(commands.start(self.toy, self._place, job, "eggroll", seconds))
        rule = self.toy.verdict if len(job) == 2 else OF_THREE
        is_late = ran.code == ENDED
        heard = replace(ran, code=None) if is_late else ran  # nobody listens any more then
        return judge(rule, heard, (), seconds, is_late=is_late), ran.output

    def report(self) -> str:
        """What FATE says that the job died of."""
        command = commands.report(self.toy, self._place, JOB)
        return reported(self._run(command)) if command else ""

    def stop(self) -> bool:
        """Stop the job."""
        return is_good(self._run(commands.stop(self.toy, self._place, JOB)))

    @property
    def _place(self) -> Any:
        init = ("flow", "init", "--ip", "127.0.0.1", "--port", self.server.port)
        return replace(self.toy.places[0], directory=str(self.folder), prepare=init)

    def _run(self, command: Sequence[str]) -> Ran:
        environ = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        found = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=200, check=False)
        return Ran(found.returncode, found.stdout, found.stderr)


@pytest.fixture(scope="module", params=CLIENTS)
def release(request: pytest.FixtureRequest) -> str:
    """A release whose client is on PyPI."""
    return str(request.param)


@pytest.fixture(scope="module")
def programs(release: str) -> Path:
    """The folder with the client's `flow`, installed once and kept."""
    folder = places.cache() / f"flow-{release}"
    with alone(places.cache() / f"flow-{release}.lock"):
        if not (folder / "bin" / "flow").exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                install(folder, *CLIENTS[release])
            except subprocess.SubprocessError as error:
                if os.environ.get(REQUIRE):
                    raise
                pytest.skip(f"the client cannot be had: {error}")
    return folder / "bin"


def install(folder: Path, client: str, *imports: str) -> None:
    """Install a client into a folder of its own."""
    pip = (str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((sys.executable, "-m", "venv", str(folder)), check=True)
    subprocess.run((*pip, *SHARED, *imports), check=True, timeout=250)
    subprocess.run((*pip, "--no-deps", client), check=True, timeout=100)


@pytest.fixture
def client(release: str, programs: Path, tmp_path: Path) -> Iterator[Client]:
    """The client, and the FATE-Flow that it asks."""
    found, server = load(release), Server()
    assert found is not None
    yield Client(found.toy, tmp_path, programs, server)
    server.server.shutdown()
    server.server.server_close()


def test_a_toy_example_of_two(client: Client) -> None:
    """It goes to the parties that were named, waits for the end, and its words prove it; a hung one can be stopped."""
    judged, words = client.start(9999, 10000)
    assert judged.state is ToyState.PROVED, words
    sent = json.dumps(client.server.plays.sent("/job/submit"))
    assert '["9999"]' in sent
    assert '["10000"]' in sent
    assert client.server.plays.times("/job/query") == 3
    assert client.stop()
    assert client.server.plays.sent("/job/stop") == {"job_id": JOB}


def test_a_toy_example_of_three(client: Client, release: str) -> None:
    """One job: a second host, or an arbiter in 1.x. Nothing is written in the container."""
    judged, words = client.start(9999, 10000, 9998)
    assert judged.state is ToyState.PROVED, words
    assert words.endswith("".join(f"toy test job {JOB} is {each}\n" for each in ("waiting", "running", "success")))
    sent = client.server.plays.sent("/job/submit")
    if release == "v2.0.0":
        parties = sent["dag_schema"]["dag"]["parties"]
        assert [each["party_id"] for each in parties] == [["9999"], ["10000", "9998"]]
    else:
        roles = {"guest": ["9999"], "host": ["10000"], "arbiter": ["9998"]}
        assert sent["job_runtime_conf"]["role"] == roles
        assert sent["job_dsl"] == {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}}
    assert client.server.plays.times("/job/query") == 3
    assert not list(client.folder.iterdir())


@pytest.mark.parametrize("job", [(9999, 10000), (9999, 10000, 9998)])
def test_a_refused_job_is_told_in_fates_words(client: Client, job: tuple[int, ...]) -> None:
    """With its hop."""
    client.server.plays = FateFlow(refusal="Federated schedule error, StatusCode.UNAVAILABLE")
    judged, words = client.start(*job)
    assert (judged.state, judged.reason) == (ToyState.FAILED, "Federated schedule error, StatusCode.UNAVAILABLE"), words
    assert judged.suspicion is not None
    assert client.server.plays.times("/job/query") == 0


@pytest.mark.parametrize("job", [(9999, 10000), (9999, 10000, 9998)])
def test_a_job_that_hangs_is_given_up(client: Client, job: tuple[int, ...]) -> None:
    """By the client itself, or at the deadline; the job is named, so that it can be stopped."""
    client.server.plays = FateFlow(statuses=("running",))
    client.toy = replace(client.toy, timeout_stops=False)  # else a minute more
    judged, words = client.start(*job, seconds=8)
    assert (judged.state, judged.hanging) == (ToyState.FAILED, JOB), words
    assert "toy test job" in words


def test_a_failed_job(client: Client, release: str) -> None:
    """Its end is told, and what it died of: the client of 1.x does so itself."""
    client.server.plays = FateFlow(statuses=("running", "failed"))
    judged, _ = client.start(9999, 10000)
    why = ": ValueError: no" if release == "v1.11.2" else ""
    assert (judged.state, judged.reason) == (ToyState.FAILED, f"job {JOB} ended as failed{why}")
    assert client.report() == ("" if why else "ValueError: no")
