"""A server between fedplan and an API server, which passes requests on, or does with them what a test wishes.

It speaks plain HTTP on this side, so that nobody needs a certificate for it:

    with Middleman(cluster) as between:
        between.rule = lambda asked: answer(500) if asked.is_write else None
        use(monkeypatch, kubeconfig(file, bank={"cluster": cluster, "server": between.url}))

Writes are counted: what a dry run or a question about rights sends is none. Commands in containers are refused, since
their connections are no requests; a fake node has none anyway. For these there is a wire, which can be cut:

    with Wire(cluster) as wire:
        use(monkeypatch, kubeconfig(file, bank={"cluster": cluster, "server": wire.url}))
        wire.cut()
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from tests.cluster.harness.cluster import Cluster

_KEPT_BACK: Final = {"connection", "transfer-encoding", "content-length", "keep-alive"}
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `number` counts all of them, `writes` those that write, this one included."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = field(repr=False)
    number: int
    writes: int

    @property
    def is_write(self) -> bool:
        """Whether it changes something in the cluster."""
        return _is_write(self.method, self.path, self.query)

    @property
    def kind(self) -> str:
        """What it is about: `secrets`, `leases`, `namespaces`."""
        parts = self.path.split("?")[0].strip("/").split("/")
        rest = parts[3:] if parts[0] == "apis" else parts[2:]
        if len(rest) > 2 and rest[0] == "namespaces":
            rest = rest[2:]
        return rest[0] if rest else ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the API server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request on its way: `forward` asks the API server, the others say something in its place."""

    def __init__(self, asked: Asked, handler: BaseHTTPRequestHandler, forward: Callable[[], Answered]) -> None:
        """Keep what it takes to answer."""
        self.asked = asked
        self._handler = handler
        self.forward = forward

    def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer in place of the API server."""
        handler = self._handler
        handler.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def pass_on(self, found: Answered | None = None, **headers: str) -> None:
        """Hand over what the API server answers, with other headers where some are given."""
        found = found or self.forward()
        passed = {name: value for name, value in found.headers if name.lower() not in _KEPT_BACK}
        self.answer(found.status, found.body, {**passed, **headers})

    def reset(self, found: Answered | None = None) -> None:
        """Break the connection, in the middle of an answer if there is one."""
        handler = self._handler
        if found is not None:
            handler.send_response_only(found.status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(found.body)))
            handler.end_headers()
            handler.wfile.write(found.body[: len(found.body) // 2])
            handler.wfile.flush()
        connection = handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RD)
        connection.close()


Act = Callable[[Exchange], None]
"""What becomes of a request that a rule picks out."""
Rule = Callable[[Asked], Act | None]
"""Picks requests out; the others are passed on."""


class Middleman:
    """The server. `rule` may be changed at any time; `writes` are those that were passed on."""

    def __init__(self, cluster: Cluster, rule: Rule | None = None) -> None:
        """Stand before a cluster."""
        self.rule = rule
        self.asked: list[Asked] = []
        self.writes: list[Asked] = []
        self._lock = threading.Lock()
        self._count = 0
        self._onward: dict[BaseHTTPRequestHandler, http.client.HTTPSConnection] = {}
        self._target = urlsplit(cluster.server)
        self._tls = ssl.create_default_context(cafile=str(cluster.ca))
        self._server = _server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """End."""
        self.rule = None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def forget(self) -> None:
        """Count from the beginning."""
        with self._lock:
            self.asked, self.writes, self._count = [], [], 0

    # What the handler does

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Do with a request what the rule says."""
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length) if length else b""
        parts = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            self._count += _is_write(handler.command, parts.path, query)
            asked = Asked(handler.command, parts.path, query, body, len(self.asked) + 1, self._count)
            self.asked.append(asked)
        exchange = Exchange(asked, handler, lambda: self._forward(asked, handler))
        act = self.rule(asked) if self.rule is not None else None
        if act is None and parts.path.endswith("/exec"):
            act = answer(403, {"message": "no commands through here", "reason": "Forbidden"})
        with suppress(BrokenPipeError, ConnectionError):
            try:
                (act or Exchange.pass_on)(exchange)
            except (http.client.HTTPException, ssl.SSLError, ConnectionError, TimeoutError):
                exchange.reset()  # the API server is not there, and so nobody is

    def _forward(self, asked: Asked, handler: BaseHTTPRequestHandler) -> Answered:
        """Ask the API server, over the connection that the last request of this client was sent on."""
        host, port = str(self._target.hostname), self._target.port
        passed = {name: value for name, value in handler.headers.items() if name.lower() not in {"host", "connection"}}
        kept: http.client.HTTPSConnection | None = self._onward.pop(handler, None)
        for connection in (kept, http.client.HTTPSConnection(host, port, context=self._tls, timeout=_SECONDS)):
            if connection is None:
                continue
            try:
                connection.request(asked.method, handler.path, asked.body or None, passed)
                response = connection.getresponse()
                found = Answered(response.status, response.getheaders(), response.read())
            except (http.client.HTTPException, OSError):
                connection.close()
                if connection is not kept:
                    raise
                continue
            self._onward[handler] = connection
            break
        if asked.is_write and found.status < 300:
            with self._lock:
                self.writes.append(asked)
        return found

    def forget_client(self, handler: BaseHTTPRequestHandler) -> None:
        """Close what was opened for a client that has gone."""
        connection = self._onward.pop(handler, None)
        if connection is not None:
            connection.close()


# What a rule may do with a request


def answer(status: int, body: str | Mapping[str, Any] = "", **headers: str) -> Act:
    """Answer in place of the API server: with a text, or with a Status in the words of Kubernetes."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
    text = json.dumps({**told, **body}) if isinstance(body, Mapping) else body
    kind = "application/json" if isinstance(body, Mapping) else "text/html" if body.startswith("<") else "text/plain"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.answer(status, text.encode(), {"Content-Type": kind, **named})


def reset_midway(exchange: Exchange) -> None:
    """Ask the API server, and lose the connection in the middle of its answer."""
    exchange.reset(exchange.forward())


def delayed(seconds: float) -> Act:
    """Ask the API server, and be slow to tell what it said."""

    def act(exchange: Exchange) -> None:
        found = exchange.forward()
        time.sleep(seconds)
        exchange.pass_on(found)

    return act


def times(number: int, rule: Rule) -> Rule:
    """Follow a rule so many times, and then never again."""
    left = [number]
    lock = threading.Lock()

    def limited(asked: Asked) -> Act | None:
        act = rule(asked)
        if act is None:
            return None
        with lock:
            left[0] -= 1
            return act if left[0] >= 0 else None

    return limited


class Wire:
    """Passes bytes on to an API server and back, whatever they are: TLS ends at either side of it."""

    def __init__(self, cluster: Cluster) -> None:
        """Lead to a cluster."""
        self._target = urlsplit(cluster.server)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """Where it begins; the API server's certificate is good for this address too."""
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        """Begin."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """End."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection there is; new ones are taken."""
        with self._lock:
            cut, self._open = self._open, set()
        for each in cut:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        """Take connections until the end."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((str(self._target.hostname), self._target.port or 443), _SECONDS)
                far.settimeout(None)
                with self._lock:
                    self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Hand bytes over until one side ends."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _is_write(method: str, path: str, query: Mapping[str, str]) -> bool:
    return method not in {"GET", "HEAD"} and "dryRun" not in query and not path.endswith("accessreviews")


def _server(between: Middleman) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        """Hands requests over."""

        protocol_version = "HTTP/1.1"
        timeout = _SECONDS

        def do_GET(self) -> None:
            """Any request."""
            between.handle(self)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of http.server

        def finish(self) -> None:
            """End with the client."""
            between.forget_client(self)
            with suppress(OSError):
                super().finish()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        """Says nothing of clients that have gone."""

        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Leave it: that connections break is what is tested."""

    return Server(("127.0.0.1", 0), Handler)
