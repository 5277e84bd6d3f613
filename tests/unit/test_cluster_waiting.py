"""Waiting for a roll-out: how long trouble may last, and faults of the server on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from renderers.cluster.api import Api, ApiError, LoginRefusedError, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Document
from renderers.cluster.waiting import Outcome, wait
from tests.unit.cluster_double import Time, folder_of, places_of
from tests.unit.test_cluster_rollout import ended, event, pod, waits, workload

LABELS = {"fedplan/site": "party-9999"}


@dataclass
class Server:
    """What the API server has, as time goes by; an error is raised instead."""

    clock: Time
    at: Callable[[float], Sequence[Document] | ApiError]
    events: Sequence[Document] | ApiError = ()
    logs: dict[bool, str] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def list(self, _: str, kind: str, __: str, ___: Deadline, **____: str) -> Sequence[Document]:
        found = self.events if kind == "Event" else self.at(self.clock.at)
        if isinstance(found, ApiError):
            raise found
        return found if kind == "Event" else [each for each in found if each["kind"] == kind]

    def server_time(self, _: Deadline) -> datetime:
        return datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)

    def log(self, *_: Any, lines: int, previous: bool = False) -> str:
        assert lines
        return self.logs.get(previous, "")


class Steps(Silent):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str) -> None:
        self.said.append(text)


def site() -> SiteFolder:
    return folder_of(workload())


GOOD: Sequence[Document] = (workload(), pod({"ready": True}))


def bad(container: dict[str, Any]) -> Sequence[Document]:
    """A workload whose pod is not ready."""
    return workload(readyReplicas=0), pod(container)


def waited(server: Server, seconds: float = 600, display: Silent | None = None) -> Outcome:
    folder = site()
    deadline = Deadline(seconds, server.clock)
    return wait(cast("Api", server), folder, deadline, display or Silent(), places_of(folder))


def test_a_site_without_workloads_is_ready() -> None:
    """Nothing is asked."""
    folder = folder_of()
    assert wait(cast("Api", None), folder, Deadline(1), Silent(), places_of(folder)) == Outcome((), ())


def test_trouble_may_pass() -> None:
    """A registry that fails for a minute is no failure; one that does for three is, once it has lasted."""
    clock = Time()
    pull = bad(waits("ErrImagePull", "i/o timeout"))
    assert waited(Server(clock, lambda now: pull if now < 60 else GOOD)).diagnostics == ()
    clock = Time()
    outcome = waited(Server(clock, lambda _: pull))
    assert [each.fault.code for each in outcome.diagnostics] == ["FED911"]
    assert 180 <= clock.at < 200
    clock = Time()
    in_between = waited(Server(clock, lambda now: pull[:1] if 100 < now < 102 else pull))
    assert in_between.diagnostics[0].fault.code == "FED911"
    assert clock.at > 280


def test_what_failed_tells_its_log() -> None:
    """That of the run that ended; blank lines are left out, and no more than ten are shown."""
    text = "\n".join(["", *(f"line {number}" for number in range(12))])
    server = Server(Time(), lambda _: bad(ended(4)), logs={True: text, False: "new"})
    (found,) = waited(server).diagnostics
    notes = [note.message for note in found.notes]
    assert notes == ["last lines of the log of web-0:", *(f"line {number}" for number in range(2, 12))]
    (found,) = waited(Server(Time(), lambda _: bad(ended(4)), logs={False: "only this"})).diagnostics
    assert found.notes[-1].message == "only this"


def test_the_deadline_tells_what_was_heard_last() -> None:
    """And what the container that runs has logged."""
    clock = Time()
    told = [event("u-web-0", "Unhealthy", "Readiness probe failed: refused")]
    server = Server(clock, lambda _: bad({"state": {"running": {}}}), events=told, logs={False: "waiting for mysql"})
    (found,) = waited(server, 120).diagnostics
    assert found.message == "StatefulSet fate-9999/web has 0 of 1 pods ready after 2 minutes"
    assert [note.message for note in found.notes] == [
        "pod web-0: Readiness probe failed: refused",
        "last lines of the log of web-0:",
        "waiting for mysql",
    ]


def test_a_last_look_that_the_deadline_cuts_short_takes_nothing_away() -> None:
    """What was seen a moment before is told; a server that was away by then is told instead."""
    late = bad({"state": {"running": {}}})
    cut = UnreachableError("it does not answer in time")
    (found,) = waited(Server(Time(), lambda now: late if now < 119 else cut), 120).diagnostics
    assert found.fault.code == "FED912"
    with pytest.raises(UnreachableError):
        waited(Server(Time(), lambda now: late if now < 100 else cut), 120)
    with pytest.raises(UnreachableError):
        waited(Server(Time(), lambda _: cut), 1)


def test_events_that_may_not_be_read_are_done_without() -> None:
    """The pod's own words remain."""
    server = Server(Time(), lambda _: bad(waits("ContainerCreating")), events=RefusedError(403, "Forbidden", "no"))
    (found,) = waited(server, 20).diagnostics
    assert found.notes[0].message == "pod web-0: ContainerCreating"


@pytest.mark.parametrize(
    "fault", [UnreachableError("refused"), RefusedError(500, "", "etcd"), RefusedError(429, "", "")]
)
def test_a_server_that_comes_back_is_waited_for(fault: ApiError) -> None:
    """It is said once that it is away, and that it is back."""
    display = Steps()
    server = Server(Time(), lambda now: GOOD if now > 100 else fault if now > 20 else bad({}))
    assert waited(server, display=display).diagnostics == ()
    assert len(display.said) == 2
    assert display.said[1] == "cluster bank answers again"
    with pytest.raises(type(fault)):
        waited(Server(Time(), lambda _: fault))


@pytest.mark.parametrize("fault", [LoginRefusedError("expired"), RefusedError(403, "Forbidden", "may not list pods")])
def test_what_does_not_pass_is_told_at_once(fault: ApiError) -> None:
    """An expired token and a missing right."""
    clock = Time()
    with pytest.raises(type(fault)):
        waited(Server(clock, lambda now: bad({}) if now < 10 else fault))
    assert clock.at < 15


def test_one_failure_leaves_the_others_a_moment() -> None:
    """What is merely late then is not blamed."""
    clock = Time()
    other = workload()
    other["metadata"] = {**other["metadata"], "name": "mysql", "uid": "u-mysql"}
    other["spec"] = {"replicas": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "mysql"}}}
    other["status"] = {}
    folder = folder_of(workload(), other)
    server = Server(clock, lambda _: [*bad(ended(4)), other])
    outcome = wait(cast("Api", server), folder, Deadline(600, clock), Silent(), places_of(folder))
    assert [each.message.split()[1] for each in outcome.diagnostics] == ["fate-9999/web"]
    assert 10 <= clock.at < 20


def test_a_workload_that_was_taken_away() -> None:
    """It is looked for a little while."""
    (found,) = waited(Server(Time(), lambda _: ())).diagnostics
    assert found.message == "StatefulSet fate-9999/web does not start: it is not in the cluster any more"
