"""Party 9999 of target kubefate, whose service is the stand-in: planned and worked on as an operator does."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from renderers.apply_command import Request, run_apply
from renderers.cluster.clock import Clock
from renderers.commands import run_plan
from renderers.remove_command import Request as Removal
from renderers.remove_command import run_remove
from renderers.status_command import Request as Look
from renderers.status_command import run_status
from tests.contract.service import PASSWORD
from tests.standins.kubefate_service.running import InThread

SPEED: Final = 25.0
MYSQL: Final = "Zq7thePassword0fMysql"
BOARD: Final = "Xk2theLogin0fFateboard"
NAME: Final = "fate-9999"


class Fast(Clock):
    """A clock on which a second is a 25th, and goes on only while it is slept: no machine is too slow for a deadline.

    Each operation on a site has one of its own, which no other thread sleeps by.
    """

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        time.sleep(seconds / SPEED)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its report as JSON, its exit code, and all that it printed."""

    report: dict[str, Any]
    code: int
    printed: str

    @property
    def state(self) -> str:
        """How the site ended."""
        found: str = self.report["apply"]["sites"][0]["state"]
        return found

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, but for what is not confirmed, which every apply without a kubeconfig says."""
        return sorted(found["code"] for found in self.report["diagnostics"] if found["code"] != "FED979")

    @property
    def messages(self) -> str:
        """The findings' words."""
        return "\n".join(found["message"] for found in self.report["diagnostics"])


@dataclass(slots=True)
class Site:
    """Party 9999 in a folder of its own."""

    folder: Path
    service: InThread
    release: str = "v1.11.2"
    url: str = ""
    ca: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def plan(self, peers: int = 1, **more: Any) -> Site:
        """Plan it, with so many peers; `more` are settings of the party."""
        about = {"url": self.url or self.service.url, "user": "admin", "password": "env:KUBEFATE_PASSWORD"}
        if self.ca:
            about["ca"] = self.ca
        parties: list[dict[str, Any]] = [{"id": 9999, "cluster": "bank", "namespace": NAME, **self.more, **more}]
        parties += [
            {"id": 10000 + number, "cluster": "shop", "namespace": f"fate-{10000 + number}"} for number in range(peers)
        ]
        document = {
            "version": 1,
            "name": "demo",
            "release": self.release,
            "topology": "mesh",
            "clusters": [
                {"name": "bank", "address": "192.0.2.7", "kubefate": about},
                {"name": "shop", "address": "192.0.2.8"},
            ],
            "parties": parties,
            "defaults": {
                "target": "kubefate",
                "credentials": {"mysql": "env:MYSQL_PW", "fateboard": "env:BOARD_PW"},
            },
        }
        self.folder.mkdir(exist_ok=True)
        self.file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        report, code = run_plan(
            str(self.file), None, "text", check_only=False, with_diff=False, against=None, forget=()
        )
        assert code == 0, report
        return self

    def apply(self, timeout: int = 60, **options: Any) -> Ended:
        """`fedplan apply`."""
        request = Request(
            file=str(self.file), sites=("party-9999",), is_agreed=True, timeout=timeout, format_name="json", **options
        )
        told = io.StringIO()
        text, code = run_apply(request, stderr=told)
        return Ended(json.loads(text), code, told.getvalue() + text)

    def status(self) -> Ended:
        """`fedplan status`."""
        text, code = run_status(Look(file=str(self.file), sites=("party-9999",), format_name="json"))
        return Ended(json.loads(text), code, text)

    def remove(self, timeout: int = 60, **options: Any) -> Ended:
        """`fedplan remove`."""
        request = Removal(
            file=str(self.file), sites=("party-9999",), is_agreed=True, timeout=timeout, format_name="json", **options
        )
        told = io.StringIO()
        text, code = run_remove(request, stderr=told)
        return Ended(json.loads(text), code, told.getvalue() + text)

    @property
    def file(self) -> Path:
        """Its federation.yaml."""
        return self.folder / "federation.yaml"

    @property
    def live(self) -> dict[str, Any]:
        """The spec that runs."""
        return self.service.service.cluster.live(NAME, NAME)

    @property
    def peers(self) -> list[int]:
        """The parties that are dialled by what runs."""
        return [each["partyId"] for each in self.live["rollsite"]["partyList"]]

    def sent(self, method: str, path: str = "/v1/cluster") -> int:
        """How many requests were sent."""
        return self.service.service.count(method, path)


ENVIRONMENT: Final = {"KUBEFATE_PASSWORD": PASSWORD, "MYSQL_PW": MYSQL, "BOARD_PW": BOARD}
