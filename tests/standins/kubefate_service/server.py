"""The program: an HTTP server, the process behind it, and a way in for tests under /_control."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.standins.kubefate_service import gotypes, routes
from tests.standins.kubefate_service.answers import PANIC, Answer, Request
from tests.standins.kubefate_service.charts import Published, Repository
from tests.standins.kubefate_service.faults import Fault, Faults, Kind, fault, twisted
from tests.standins.kubefate_service.generations import LATEST, Generation
from tests.standins.kubefate_service.memory import Fate, MemoryCluster
from tests.standins.kubefate_service.platform import Platform
from tests.standins.kubefate_service.process import Pace, Process
from tests.standins.kubefate_service.store import Store
from tests.standins.kubefate_service.tokens import HALF_AN_HOUR, Tokens

CONTROL: Final = "/_control"
USER: Final = "admin"
_BLOCK: Final = 65536


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is started."""

    state: Path
    generation: Generation = LATEST
    user: str = USER
    password: str = USER
    token_lifetime: float = HALF_AN_HOUR
    pace: Pace = field(default_factory=Pace)
    ready_after: float = 0.0
    repository: Repository = field(default_factory=Published)
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came in: its body is not kept."""

    method: str
    path: str
    has_token: bool


class Service:
    """The service over all of its restarts."""

    def __init__(self, settings: Settings, platform: Platform | None = None) -> None:
        """Start its first process."""
        settings.state.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.cluster = MemoryCluster(settings.state / "cluster.json", settings.ready_after)
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.restarts = 0
        self._platform: Platform = platform if platform is not None else self.cluster
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.process = self._start()

    @property
    def store(self) -> Store:
        """The database."""
        return self.process.store

    def restart(self) -> None:
        """End the process and start the next: connections break, tokens die, and jobs stay as they are."""
        with self._lock:
            self.end()
            self.process = self._start()
            self.restarts += 1
            for connection in list(self._connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """End the process."""
        self.process.is_over.set()
        self.process.store.close()

    def count(self, method: str, path: str) -> int:
        """How many requests of a method came in for a path."""
        return sum(seen.method == method and seen.path == path for seen in self.seen)

    @contextmanager
    def connected(self, connection: socket.socket) -> Iterator[None]:
        """Know a connection while it lasts."""
        self._connections.add(connection)
        try:
            yield
        finally:
            self._connections.discard(connection)

    def control(self, wish: Mapping[str, Any]) -> Any:
        """What a test asks for when the service is another process."""
        match wish["do"]:
            case "fault":
                self.faults.add(fault(wish["fault"]))
            case "restart":
                self.restart()
            case "namespace":
                self.cluster.add_namespace(wish["name"])
            case "fate":
                self.cluster.set_fate(wish["workload"], Fate(wish["fate"]))
            case "fail":
                self.cluster.fail(wish["operation"], wish["text"], leaves_revision=wish.get("leaves_revision", True))
            case "history":
                return self.cluster.history(wish["name"], wish["namespace"])
            case "seen":
                return [[seen.method, seen.path, seen.has_token] for seen in self.seen]
        return None

    def _start(self) -> Process:
        settings = self.settings
        process = Process(
            settings.generation,
            Store(settings.state / "database.json"),
            self._platform,
            settings.repository,
            Tokens(settings.token_lifetime),
            settings.pace,
            self.restart,
        )
        routes.first_user(process, settings.user, settings.password)
        return process


class _Server(ThreadingHTTPServer):
    """Keeps a thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service, port: int) -> None:
        """Bind a port of 127.0.0.1."""
        self.service = service
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what is tested."""


def serve(service: Service, port: int = 0) -> ThreadingHTTPServer:
    """A server that is bound, on 127.0.0.1, and answers once `serve_forever` is called."""
    server = _Server(service, port)
    settings = service.settings
    if settings.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: _Server

    protocol_version = "HTTP/1.1"
    wbufsize = _BLOCK
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
        """Say nothing."""

    def handle(self) -> None:
        """Answer until the client goes away."""
        with self.server.service.connected(self.connection), suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request."""
        length = int(self.headers.get("Content-Length") or 0)
        target = urlsplit(self.path)
        request = Request(
            self.command,
            unquote(target.path),
            dict(parse_qsl(target.query, keep_blank_values=True)),
            dict(self.headers.items()),
            self.rfile.read(length),
        )
        if request.path == CONTROL:
            self._send(Answer(200, self.server.service.control(json.loads(request.body))))
            return
        self.server.service.seen.append(Seen(request.method, request.path, "Authorization" in request.headers))
        struck = self.server.service.faults.take(request.method, request.path)
        if struck is not None:
            self._strike(request, struck)
        else:
            self._answer(request)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 - named so there

    def _answer(self, request: Request) -> None:
        self._send(_answered(self.server.service.process, request))

    def _strike(self, request: Request, struck: Fault) -> None:
        instead = struck.answer
        if instead is not None:
            self._send(instead)
            return
        match struck.kind:
            case Kind.REFUSE | Kind.HANG:
                time.sleep(struck.seconds)
                self._reset()
            case Kind.SLOW:
                time.sleep(struck.seconds)
                self._answer(request)
            case Kind.HUGE:
                self._send_much(struck.size)
            case Kind.TWIST:
                self._send(twisted(_answered(self.server.service.process, request), struck.size))
            case _:
                self._spoil(request, struck)

    def _spoil(self, request: Request, struck: Fault) -> None:
        """Carry a request out, and spoil its answer."""
        answer = _answered(self.server.service.process, request)
        if struck.kind is Kind.UNANSWERED:
            self._reset()
            return
        body = _body(answer)
        self._head(answer, len(body) + (100 if struck.kind is Kind.SHORT else 0))
        if struck.kind is Kind.TRICKLE:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(struck.seconds)
            return
        self.wfile.write(body if struck.kind is Kind.SHORT else body[: len(body) // 2])
        self.wfile.flush()
        if struck.kind is Kind.DROP:
            self._reset()
        self.close_connection = True

    def _send(self, answer: Answer) -> None:
        body = _body(answer)
        self._head(answer, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, answer: Answer, length: int) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        kind = answer.content_type if answer.text is not None else "application/json"
        if kind:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send_much(self, size: int) -> None:
        self._head(Answer(200), size)
        with suppress(OSError):
            for _ in range(size // _BLOCK):
                self.wfile.write(b" " * _BLOCK)
        self.close_connection = True

    def _reset(self) -> None:
        """End the connection hard."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def _answered(process: Process, request: Request) -> Answer:
    """A panic of a handler is an empty 500 (Gin's recovery)."""
    try:
        return routes.answer(process, request)
    except gotypes.PanicError:
        return PANIC


def _body(answer: Answer) -> bytes:
    return gotypes.marshal(answer.value) if answer.text is None else answer.text.encode()
