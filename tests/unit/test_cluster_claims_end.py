"""Claims whose end Kubernetes holds up: whoever deletes them waits for it, and for no others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from renderers.cluster.api import Api
from renderers.cluster.claims_end import await_end_of_claims, delete_claims
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.references import Document, Reference
from tests.unit.cluster_double import Time, folder_of, places_of

FOLDER = folder_of()
SECONDS = 10.0


@dataclass
class Server:
    """Claims that are let go some seconds after they were deleted."""

    clock: Time
    held_for: float
    deleted: dict[str, float] = field(default_factory=dict)

    def list(self, _: str, __: str, ___: str, ____: Deadline, **_____: Any) -> list[Document]:
        now = self.clock.at
        return [
            self._claim(name)
            for name in ("data-mysql-0", "nodemanager-0")
            if name not in self.deleted or now < self.deleted[name] + self.held_for
        ]

    def _claim(self, name: str) -> Document:
        going = {"deletionTimestamp": "2026-03-01T12:00:00Z"} if name in self.deleted else {}
        metadata = {"name": name, "namespace": "fate-9999", "uid": f"uid of {name}", **going}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}

    def delete(self, reference: Reference, _: Deadline, *, uid: str = "") -> None:
        assert uid == f"uid of {reference.name}"
        self.deleted[reference.name] = self.clock.at


def test_their_end_is_waited_for() -> None:
    server = Server(Time(), held_for=3)
    deadline = Deadline(SECONDS, server.clock)
    assert delete_claims(cast("Api", server), FOLDER, places_of(FOLDER), Silent(), deadline) is None
    assert server.clock.at >= 3
    assert not server.list("", "", "", deadline)


def test_those_that_stay_hold_nobody_up() -> None:
    server = Server(Time(), held_for=0)
    assert await_end_of_claims(cast("Api", server), FOLDER, places_of(FOLDER), Silent(), Deadline(SECONDS)) is None
    assert (server.clock.at, server.deleted) == (0, {})


def test_one_that_does_not_end_is_named() -> None:
    server = Server(Time(), held_for=99)
    found = delete_claims(cast("Api", server), FOLDER, places_of(FOLDER), Silent(), Deadline(SECONDS, server.clock))
    assert found is not None
    assert found.fault.code == "FED905"
    assert "PersistentVolumeClaim fate-9999/data-mysql-0" in found.message
    assert "it does not end" in found.message
