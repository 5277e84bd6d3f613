"""A plain client of the stand-in, which shares nothing with fedplan's: it says what comes back, and no more."""

from __future__ import annotations

import base64
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

PASSWORD: Final = "correct-horse-battery"
CREDENTIALS: Final = {"username": "admin", "password": PASSWORD}
QUICK: Final = {"v1.3.0", "v1.5.0", "v1.11.2"}
"""A release of each kind of rows: these are tried in every run, the others with --slow."""
ENDED: Final = {"Success", "Failed", "Rollback", "Canceled"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """What it is about."""
        return self.json["data"]


@dataclass(slots=True)
class Plain:
    """Sends requests, with a token after `log_in`."""

    url: str
    token: str = ""

    def __call__(self, method: str, path: str, value: Any = None, **headers: str) -> Reply:
        """Send one, and follow nothing."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        body = value if isinstance(value, bytes) else None if value is None else json.dumps(value).encode()
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def log_in(self) -> Plain:
        """Get a token."""
        self.token = self("POST", "/v1/user/login", CREDENTIALS).json["token"]
        return self

    def ended(self, job: Any) -> Any:
        """A job, when it has ended."""
        return self.until(f"/v1/job/{job['uuid']}", lambda found: found["status"] in ENDED)

    def until(self, path: str, is_so: Any, seconds: float = 60.0) -> Any:
        """What stands at a path, as soon as it is as wished."""
        end = time.monotonic() + seconds
        while True:
            found = self("GET", path).data
            if is_so(found):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.002)

    def install(self, **more: Any) -> Any:
        """Install a cluster, and wait for the end of the job."""
        return self.ended(self("POST", "/v1/cluster", arguments(**more)).data)

    def update(self, **more: Any) -> Any:
        """Update it, and wait for the end of the job."""
        return self.ended(self("PUT", "/v1/cluster", arguments(**more)).data)

    def only_cluster(self) -> Any:
        """The cluster that there is, as the list has it."""
        (found,) = self("GET", "/v1/cluster/").data
        return found


def spec(**more: Any) -> dict[str, Any]:
    """A cluster.yaml of party 9999, as small as may be."""
    return {
        "name": "fate-9999",
        "namespace": "fate-9999",
        "chartName": "fate",
        "chartVersion": "v1.11.2",
        "partyId": 9999,
        "modules": ["rollsite", "mysql", "python"],
        "rollsite": {"type": "NodePort", "nodePort": 30091, "partyList": []},
        "mysql": {"user": "fate", "password": "fate_dev"},
        **more,
    }


def arguments(*, sent: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What a client sends: the spec, and of it who it is; `sent` replaces some of that."""
    data = spec(**more)
    return {
        "name": data["name"],
        "namespace": data["namespace"],
        "chart_name": data["chartName"],
        "chart_version": data["chartVersion"],
        "cover": False,
        "data": base64.b64encode(json.dumps(data).encode()).decode(),
        **(sent or {}),
    }
