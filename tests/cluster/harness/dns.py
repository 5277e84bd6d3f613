"""The cluster's DNS: answers for Services and for pods behind headless ones, straight from the API server.

Run on the node as `python -m tests.cluster.harness.dns ADDRESS SERVER CA`, with the token in the environment.
"""

from __future__ import annotations

import os
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.cluster.harness.api import UNREACHABLE, Api, ApiError, Endpoint

TOKEN = "FEDPLAN_DNS_TOKEN"
"""Name of the variable with the token."""
DOMAIN = ("svc", "cluster", "local")
_HEADER = struct.Struct(">6H")
_A, _IN = 1, 1
_ANSWER, _NO_SUCH_NAME, _FAILED = 0x8580, 3, 2
_KEPT = 1.0
_TTL = 2


class Names:
    """What the names of a cluster stand for, asked of its API server and kept for a moment.

    While that is away names go on to stand for what they stood for, as with the DNS of other clusters.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Ask an API server."""
        self._endpoint = endpoint
        self._local = threading.local()
        self._kept: dict[tuple[str, ...], tuple[float, list[str] | None]] = {}

    def addresses(self, name: str) -> list[str] | None:
        """The addresses of a name; None when there is no such name."""
        labels = tuple(name.lower().rstrip(".").split("."))
        kept = self._kept.get(labels)
        if kept is None or kept[0] < time.monotonic():
            try:
                kept = (time.monotonic() + _KEPT, self._look_up(labels))
            except (ApiError, *UNREACHABLE):
                if kept is None:
                    raise
                kept = (time.monotonic() + _KEPT, kept[1])
            self._kept[labels] = kept
        return kept[1]

    def _look_up(self, labels: tuple[str, ...]) -> list[str] | None:
        """Ask for `service.namespace.svc.cluster.local`, or a pod's hostname before it."""
        if labels[-3:] != DOMAIN or len(labels) not in (5, 6):
            return None
        pod, service, namespace = ("", *labels)[-6:-3] if len(labels) == 5 else labels[:3]
        service_found = self._find(f"/api/v1/namespaces/{namespace}/services/{service}")
        if service_found is None:
            return None
        address = service_found["spec"].get("clusterIP", "None")
        if address != "None" and not pod:
            return [address]
        return _ready(self._find(f"/api/v1/namespaces/{namespace}/endpoints/{service}") or {}, pod)

    def _find(self, path: str) -> Any:
        if not hasattr(self._local, "api"):
            self._local.api = Api(self._endpoint)
        try:
            return self._local.api.find(path)
        except ApiError as refused:
            if refused.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
                return None
            raise


def _ready(endpoints: Mapping[str, Any], pod: str) -> list[str] | None:
    """The addresses behind a headless Service, or that of one of its pods."""
    listed = [address for subset in endpoints.get("subsets", []) for address in subset.get("addresses", [])]
    return [address["ip"] for address in listed if not pod or address.get("hostname") == pod] or None


def answer(question: bytes, names: Names) -> bytes:
    """The answer to one question."""
    end, labels = _HEADER.size, []
    while question[end]:
        labels.append(question[end + 1 : end + 1 + question[end]].decode("ascii", errors="replace"))
        end += 1 + question[end]
    kind, _ = struct.unpack_from(">2H", question, end + 1)
    asked = question[_HEADER.size : end + 5]
    number = struct.unpack_from(">H", question)[0]
    try:
        found = names.addresses(".".join(labels))
    except (ApiError, *UNREACHABLE):
        return _HEADER.pack(number, _ANSWER | _FAILED, 1, 0, 0, 0) + asked
    if found is None:
        return _HEADER.pack(number, _ANSWER | _NO_SUCH_NAME, 1, 0, 0, 0) + asked
    records = [
        struct.pack(">3HIH4B", 0xC000 | _HEADER.size, _A, _IN, _TTL, 4, *map(int, address.split(".")))
        for address in (found if kind == _A else [])
    ]
    return _HEADER.pack(number, _ANSWER, 1, len(records), 0, 0) + asked + b"".join(records)


def serve(address: str, names: Names) -> None:
    """Answer for ever."""

    class Handler(socketserver.BaseRequestHandler):
        """Answers one question."""

        def handle(self) -> None:
            """Answer."""
            question, connection = self.request
            connection.sendto(answer(question, names), self.client_address)

    socketserver.ThreadingUDPServer.allow_reuse_address = True
    with socketserver.ThreadingUDPServer((address, 53), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], Names(Endpoint(sys.argv[2], Path(sys.argv[3]), os.environ[TOKEN])))
