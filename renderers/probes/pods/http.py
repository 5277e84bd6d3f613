"""A request over HTTP, and its answer, as bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import IO, Final
from urllib.parse import urlsplit

from planner.lookup import Endpoint
from renderers.probes.pods.talk import Dialled, Reached, Talked

_HTTP: Final = 80


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer to an HTTP request from inside a pod; `status` is 0 where there was none."""

    dialled: Dialled
    status: int = 0
    body: str = ""


def request(method: str, url: str, body: str, headers: Mapping[str, str]) -> tuple[Endpoint, bytes]:
    """Whom a request is sent to, and its bytes; `url` begins with http://."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    data = body.encode()
    told = {"Host": parts.netloc, "Connection": "close", "Accept": "*/*", **headers}
    if data or method not in {"GET", "HEAD"}:
        told["Content-Length"] = str(len(data))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return Endpoint(parts.hostname or "", parts.port or _HTTP), "\r\n".join(lines).encode() + data


def answer(talked: Talked, method: str) -> HttpAnswer:
    """What came back; status 0 where it is no HTTP."""
    if talked.dialled.reached is not Reached.OPEN:
        return HttpAnswer(talked.dialled)
    response = HTTPResponse(_Read(talked.reply), method=method)  # type: ignore[arg-type] # it only makes a file of it
    try:
        response.begin()
        body = response.read()
    except IncompleteRead as cut:
        body = cut.partial
    except (HTTPException, ValueError, OverflowError):  # the last of a length that no memory has
        return HttpAnswer(talked.dialled, body=talked.reply.decode(errors="replace"))
    return HttpAnswer(talked.dialled, response.status, body.decode(errors="replace"))


class _Read:
    """A connection that has been read."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> IO[bytes]:
        """What was read, as a file."""
        del mode
        return io.BytesIO(self._data)
