"""The smallest client of an API server that the harness itself needs: requests and watches, JSON in and out.

Tests use the package `kubernetes`. This one has no dependencies, so that programs of the harness run with any Python.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

MERGE = "application/strategic-merge-patch+json"


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the status code and what the server said."""
        super().__init__(f"{status}: {message}")
        self.status = status


UNREACHABLE = (OSError, http.client.HTTPException)
"""What is raised while there is no API server, or it goes away."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an API server is, and the token to show there."""

    server: str
    ca: Path
    token: str

    def connect(self, seconds: float = 10) -> http.client.HTTPSConnection:
        """Make a connection, which opens with its first request."""
        parts = urlsplit(self.server)
        context = ssl.create_default_context(cafile=str(self.ca))
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds, context=context)


class Api:
    """One connection to an API server; each thread has its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Connect at the first request."""
        self.endpoint = endpoint
        self._connection = endpoint.connect()
        self._headers = {"Authorization": f"Bearer {endpoint.token}", "Accept": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Send one request and return what the server answers with; once more if an idle connection was closed."""
        try:
            return self._call(method, path, body, content_type)
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, BrokenPipeError, ConnectionResetError):
            self.close()
            return self._call(method, path, body, content_type)
        except UNREACHABLE:
            self.close()
            raise

    def get(self, path: str) -> Any:
        """Read something."""
        return self.call("GET", path)

    def find(self, path: str) -> Any:
        """Read something that need not be there; None when it is not."""
        try:
            return self.get(path)
        except ApiError as refused:
            if refused.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def is_ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            self.get("/readyz")
        except (ApiError, *UNREACHABLE):
            return False
        return True

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._connection.close()

    def _call(self, method: str, path: str, body: Any, content_type: str) -> Any:
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, body=data, headers={**self._headers, "Content-Type": content_type})
        response = self._connection.getresponse()
        text = response.read().decode(errors="replace")
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(response.status, _message(text))
        return json.loads(text) if text[:1] in "{[" and text else text


class Watch:
    """The events of a list after a version of it, until the server ends them or `stop` does."""

    def __init__(self, endpoint: Endpoint, path: str, version: str, seconds: int = 60) -> None:
        """Ask for events of at most so many seconds."""
        joined = "&" if "?" in path else "?"
        self._path = (
            f"{path}{joined}watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}"
        )
        self._headers = {"Authorization": f"Bearer {endpoint.token}", "Accept": "application/json"}
        self._connection = endpoint.connect(seconds + 15)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield one event after the other."""
        try:
            self._connection.request("GET", self._path, headers=self._headers)
            response = self._connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise ApiError(response.status, _message(response.read().decode(errors="replace")))
            while line := response.readline():
                yield json.loads(line)
        finally:
            self._connection.close()

    def stop(self) -> None:
        """End the events, from any thread."""
        opened = self._connection.sock
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)


def _message(text: str) -> str:
    """What a refusal says."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:500]


def answers(port: int, path: str, host: str = "127.0.0.1", *, tls: bool = True) -> bool:
    """Whether a component says that it is healthy; its certificate does not matter."""
    context = ssl._create_unverified_context()  # these components sign their own certificates
    kind = http.client.HTTPSConnection(host, port, timeout=5, context=context) if tls else None
    connection = kind or http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except UNREACHABLE:
        return False
    finally:
        connection.close()
