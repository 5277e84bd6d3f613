"""What may stand where an API server should: every answer that is none ends as one plain error, and soon."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websocket import WebSocket

from renderers.cluster import api as cluster_api
from renderers.cluster.api import Api, LoginRefusedError, Ran, RefusedError, UnreachableError, connect
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.references import Reference
from renderers.cluster.shapes import OddShapeError, as_object
from tests.unit.cluster_double import Time

POD = Reference("v1", "Pod", "fate-9999", "python-0")
Answer = tuple[int, bytes, dict[str, str]]
Say = Callable[[int, bytes], Api]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Api]]:
    """A server that answers every request so, and an operator who speaks to it."""
    told: list[Answer] = []
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body, headers = told[-1]
            with suppress(ConnectionError):
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_PATCH = do_GET  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    given = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "users": [],
        "contexts": [{"name": "bank", "context": {"cluster": "c"}}],
    }
    (tmp_path / "config").write_text(json.dumps(given), encoding="utf-8")

    def answering(status: int, body: object, **headers: str) -> Api:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        told.append((status, data, {name.replace("_", "-"): value for name, value in headers.items()}))
        return connect("bank")

    yield answering
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        None,
        b"<html>",
        b"\xff\xfe",
        b"[" * 200_000,
        {"metadata": []},
        {"metadata": {"name": "python-0\x1b[31m"}},
        {"metadata": {"labels": {}}},
        {"metadata": {"name": "p"}, "status": {"containerStatuses": {"a": 1}}},
        {"metadata": {"name": "p"}, "spec": {"template": {"spec": {"containers": "x"}}}},
        {"metadata": {"name": "p", "managedFields": [{"fieldsV1": {"f:spec": []}}]}},
    ],
)
def test_an_answer_of_another_shape(say: Callable[..., Api], body: object) -> None:
    with pytest.raises(UnreachableError, match="does not answer as a Kubernetes API server"):
        say(200, body).get(POD, Deadline(60))


def test_empty_values_are_as_good_as_none() -> None:
    """Wherever they stand; a text in a ConfigMap is only a text."""
    found = as_object(
        {"kind": "ConfigMap", "metadata": {"name": "x", "labels": None}, "spec": None, "data": {"spec": "x"}}
    )
    assert found == {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"spec": "x"}}
    with pytest.raises(OddShapeError, match=r"\.items\[0\]\.metadata\.name"):
        as_object({"items": [{"metadata": {}}]})


@pytest.mark.parametrize(
    "gone",
    [
        b"unable to retrieve container logs for containerd://f5a5cf2e9391",
        b'failed to try resolving symlinks in path "/var/log/pods/a_b_c/rollsite/3.log": lstat: no such file\n',
    ],
)
def test_what_a_node_says_in_place_of_a_log_that_is_gone(say: Callable[..., Api], gone: bytes) -> None:
    """It is no log: the container of a moment later has one, or there is none."""
    later = b"java: not found\n"

    class Moment(Clock):
        def sleep(self, _: float) -> None:
            say(200, later)

    asked = ("fate-9999", "rollsite-0", "rollsite")
    assert say(200, gone).log(*asked, Deadline(60, Moment())) == "java: not found\n"
    later = gone
    assert say(200, gone).log(*asked, Deadline(60, Moment())) == ""
    assert say(200, b"a\n" + gone).log(*asked, Deadline(60, Moment())) == f"a\n{gone.decode()}"


def test_a_huge_answer_is_read_no_further(say: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_api, "_MOST_BYTES", 1000)
    with pytest.raises(UnreachableError, match="its answer is larger than"):
        say(200, b"x" * 200_000).get(POD, Deadline(60))


@pytest.fixture
def command(say: Callable[..., Api]) -> Iterator[Callable[..., Ran]]:
    """Runs a command on a server that writes these parts on its channels, and then hangs up, or not."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(parts: Iterable[bytes], *, ends: bool) -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    talk(peer, parts, ends=ends)

        def talk(peer: socket.socket, parts: Iterable[bytes], *, ends: bool) -> None:
            asked = peer.recv(65536).decode()
            key = asked.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
            told = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
            head = "HTTP/1.1 101 Go on\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            peer.sendall(f"{head}{told.decode()}\r\n\r\n".encode())
            for part in parts:
                peer.sendall(b"\x82\x7e" + len(part).to_bytes(2) + part)
            if ends:
                peer.sendall(b"\x88\x02\x03\xe8")
            peer.recv(65536)

        def run(parts: Iterable[bytes], deadline: Deadline | None = None, *, ends: bool = True) -> Ran:
            api = say(200, {})
            api._client.configuration.host = f"http://127.0.0.1:{server.getsockname()[1]}"
            threading.Thread(target=serve, args=(parts,), kwargs={"ends": ends}, daemon=True).start()
            return api.run("fate-9999", "python-0", "fateflow", ["true"], deadline or Deadline(60))

        yield run


def test_a_command_is_heard_to_its_end(command: Callable[..., Ran]) -> None:
    """Output and complaints apart, also where a letter is cut in two; the last word tells how it ended."""
    end = b'\x03{"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}'
    parts = [b"\x01", b"\x02oh", b"\x01\xc3", b"\x01\xa4 b", b"\xff\x01", b"\x02 no", end]
    assert command(parts) == Ran(3, "ä b", "oh no")
    assert command([b"\x01a", b'\x03{"status": "Success"}']) == Ran(0, "a", "")


def test_a_command_that_does_not_end(command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was heard until then, whether it falls silent or goes on and on; of too much nothing is kept."""
    clock, hear = Time(), WebSocket.recv_data_frame

    def hear_slowly(*args: Any, **named: Any) -> Any:
        """Half a minute is nearly over when something is heard, and stands still before."""
        found = hear(*args, **named)
        clock.sleep(29.95)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(cluster_api, "_GRACE", 30.0)
        patch.setattr(WebSocket, "recv_data_frame", hear_slowly)
        assert command([b"\x01a"], Deadline(30, clock), ends=False) == Ran(None, "a", "")
        assert command(itertools.repeat(b"\x01a"), Deadline(30, clock)) == Ran(None, "aa", "")
    monkeypatch.setattr(cluster_api, "_MOST_BYTES", 1000)
    with pytest.raises(UnreachableError, match="a command's output is larger than"):
        command(itertools.repeat(b"\x01" + 500 * b"a"))


def test_a_list_without_an_end(say: Callable[..., Api]) -> None:
    page = {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "again"}}
    with pytest.raises(UnreachableError, match="does not come to the end of a list"):
        say(200, page).list("v1", "Pod", "fate-9999", Deadline(60))


def test_a_redirect_is_not_followed(say: Callable[..., Api]) -> None:
    """It would take the operator's token to whoever it names."""
    with pytest.raises(UnreachableError, match="does not answer as a Kubernetes API server, but with 302"):
        say(302, b"", Location="http://127.0.0.1:1/").get(POD, Deadline(60))


@pytest.mark.parametrize("date", ["rubbish", "Mon, 01 Jan 0001 00:00:00 -2400", "Sun, 22 Nov 2026 10:00:00 -0000"])
def test_a_clock_that_tells_no_time(say: Callable[..., Api], date: str) -> None:
    """What cannot be read is not believed, and every time has a zone."""
    found = say(200, {"major": "1", "minor": "27+"}, Date=date)
    assert found.version(Deadline(60)) == (1, 27)
    assert found.server_time(Deadline(60)).tzinfo is not None


def test_a_version_that_is_none(say: Callable[..., Api]) -> None:
    with pytest.raises(UnreachableError, match="does not answer as"):
        say(200, {"major": "\u00b2", "minor": ""}).version(Deadline(60))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"kind": "Status", "message": ["x"], "details": []}, RefusedError),
        (409, {"kind": "Status", "details": {"causes": [5, {"field": []}]}}, RefusedError),
        (401, b"null", LoginRefusedError),
        (422, b"[" * 100_000, RefusedError),
    ],
)
def test_a_no_in_odd_words(say: Callable[..., Api], status: int, body: object, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        say(status, body).get(POD, Deadline(60))


def test_a_pause_that_is_no_number(say: Callable[..., Api]) -> None:
    with pytest.raises(UnreachableError, match="every try ended with 429"):
        say(429, {}, Retry_After="\u00b2").get(POD, Deadline(60, Time()))


def test_names_stay_in_their_path() -> None:
    """Whatever an object is called, nothing else is asked for."""
    assert Reference("v1", "Pod", "a/../b", "../../x").path == "/api/v1/namespaces/a%2F..%2Fb/pods/..%2F..%2Fx"


def test_a_server_without_tls_is_told_at_once(say: Callable[..., Api], tmp_path: Path) -> None:
    """And not tried until the deadline."""
    api = say(200, {})
    text = (tmp_path / "config").read_text(encoding="utf-8").replace("http://", "https://")
    (tmp_path / "config").write_text(text, encoding="utf-8")
    api = connect("bank")
    deadline: Any = Deadline(30)
    with pytest.raises(UnreachableError, match="it does not speak TLS"):
        api.version(deadline)
    assert deadline.elapsed < 10
