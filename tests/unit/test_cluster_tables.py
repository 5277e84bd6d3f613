"""Route tables in running pods: what a change takes away, and seeing it where it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from planner.site_json import Installation
from renderers.cluster.api import Api, ApiError, LoginRefusedError, Ran, RefusedError, UnreachableError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import HotTable, SiteFolder
from renderers.cluster.references import Document, Reference
from renderers.cluster.tables import (
    UNREADABLE,
    confirm,
    forget_pulsar_peers,
    mark_of,
    moved_peers,
    removed_entries,
)
from tests.unit.cluster_double import Time, folder_of, places_of, thing
from tests.unit.test_cluster_waiting import Steps

NEW, OLD = '{"route_table": {"10000": {}}}', '{"route_table": {}}'
TABLE = HotTable(
    config_map="rollsite-config",
    namespace="fate-9999",
    key="route_table.json",
    kind="Deployment",
    workload="rollsite",
    container="rollsite",
    path="/conf/route_table.json",
    seconds=60,
    restart_on_removal=False,
)
CHANGED = {("fate-9999", "rollsite-config")}
Answer = Ran | ApiError


def pod(name: str, **metadata: Any) -> Document:
    """A pod that runs."""
    labels = {"app.kubernetes.io/name": name.rpartition("-")[0], "fedplan/site": "party-9999"}
    made = thing("Pod", name, labels=labels, metadata={"creationTimestamp": "2026-03-01T12:00:00Z", **metadata})
    return {**made, "status": {"phase": "Running"}}


@dataclass
class Server:
    """A few pods, and what commands in them answer as time goes by."""

    clock: Time
    answer: Callable[[float, str, tuple[str, ...]], Answer]
    pods: tuple[Document, ...] = (pod("rollsite-0"),)
    changed_at: str = "2026-03-01T12:30:00Z"
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def list(self, _: str, __: str, ___: str, ____: Deadline, *, labels: str) -> list[Document]:
        wanted = dict(part.split("=") for part in labels.split(","))
        return [each for each in self.pods if wanted.items() <= each["metadata"]["labels"].items()]

    def get(self, wanted: Reference, _: Deadline) -> Document:
        return thing("ConfigMap", wanted.name, metadata={"managedFields": [{"time": self.changed_at}]})

    def run(self, _: str, pod: str, __: str, command: tuple[str, ...], ___: Deadline) -> Ran:
        self.ran.append((pod, *command))
        found = self.answer(self.clock.at, pod, tuple(command))
        if isinstance(found, ApiError):
            raise found
        return found


def site(table: HotTable = TABLE, text: str = NEW) -> SiteFolder:
    return folder_of(thing("ConfigMap", table.config_map, data={table.key: text}), hot_tables=(table,))


def confirmed(server: Server, seconds: float = 180, display: Silent | None = None) -> list[str]:
    """The messages of what was not confirmed."""
    folder = site()
    deadline = Deadline(seconds, server.clock)
    found = confirm(cast("Api", server), folder, CHANGED, deadline, display or Silent(), places_of(folder))
    return [each.message for each in found]


def shows(text: str) -> Callable[..., Answer]:
    return lambda *_: Ran(0, text, "")


def test_only_changed_tables_are_looked_at() -> None:
    """Nothing is run for the others."""
    folder = site()
    api = cast("Api", Server(Time(), shows(NEW)))
    assert confirm(api, folder, {("fate-9999", "other")}, Deadline(1), Silent(), places_of(folder)) == ()


def test_a_table_is_seen_and_then_read() -> None:
    """First the file in the pod must be the planned one, then its reader's period must pass."""
    clock, display = Time(), Steps()
    server = Server(clock, lambda now, *_: Ran(0, NEW if now >= 40 else OLD, ""))
    assert confirmed(server, display=display) == []
    assert clock.at == 100
    assert display.said == [
        "waiting until rollsite can see the new route tables",
        "waiting 1 minute until rollsite must have read the new route tables",
    ]
    assert server.ran[0] == ("rollsite-0", "cat", "/conf/route_table.json")


def test_a_pod_that_began_after_the_change_has_read_it() -> None:
    """Nobody waits for what a reader did when it started."""
    clock = Time()
    server = Server(clock, shows(NEW), (pod("rollsite-0", creationTimestamp="2026-03-01T12:31:00Z"),))
    assert confirmed(server) == []
    assert clock.at == 0


def test_every_pod_of_the_workload_counts() -> None:
    """Those that are being deleted do not."""
    pods = (pod("rollsite-0"), pod("rollsite-1"), pod("rollsite-2", deletionTimestamp="2026-03-01T12:31:00Z"))
    server = Server(Time(), lambda _, name, __: Ran(0, OLD if name == "rollsite-1" else NEW, ""), pods)
    assert confirmed(server) == ["pod rollsite-1 still has another route_table.json after 3 minutes"]
    assert not any(name == "rollsite-2" for name, *_ in server.ran)


FINAL: list[tuple[Answer, str]] = [
    (RefusedError(403, "Forbidden", "pods is forbidden"), "pods is forbidden"),
    (Ran(127, "", "sh: cat: not found"), "sh: cat: not found"),
    (Ran(None, "", 'exec: "cat": executable file not found in $PATH'), "executable file not found"),
]
PASSING: list[tuple[Answer, str]] = [
    (RefusedError(500, "", "container not found"), "container not found"),
    (UnreachableError("refused"), "refused"),
    (Ran(1, "", "cat: /conf/route_table.json: No such file"), "No such file"),
    (Ran(None, "", ""), "cat ends with None"),
]


@pytest.mark.parametrize(("answer", "reason"), [*FINAL, *PASSING])
def test_what_cannot_be_read_is_told(answer: Answer, reason: str) -> None:
    """At once where looking again cannot help, at the deadline otherwise."""
    clock = Time()
    (message,) = confirmed(Server(clock, lambda *_: answer))
    assert message.startswith("route_table.json of pod rollsite-0 could not be read: ")
    assert reason in message
    assert clock.at == (0 if (answer, reason) in FINAL else 180)


def test_a_reader_that_comes_back_is_confirmed() -> None:
    """A connection that breaks is tried again."""
    server = Server(Time(), lambda now, *_: UnreachableError("reset") if now < 10 else Ran(0, NEW, ""))
    assert confirmed(server) == []


def test_a_login_that_has_run_out_is_the_callers_to_tell() -> None:
    with pytest.raises(LoginRefusedError):
        confirmed(Server(Time(), lambda *_: LoginRefusedError("expired")))


NGINX = "10000:\n  fateflow:\n  - host: 1.2.3.4\n    http_port: 30107\n  proxy:\n  - host: 1.2.3.4\n"


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("", NEW, set()),
        (NEW, NEW, set()),
        (OLD, NEW, set()),
        (NEW, OLD, {"10000"}),
        (NGINX, "9999: {}\n", {"10000"}),
        (NGINX, "10000:\n  fateflow:\n  - host: 1.2.3.5\n", {"10000.proxy"}),
        (NGINX, NGINX.replace("1.2.3.4", "1.2.3.5"), set()),
        ("{", NEW, {UNREADABLE}),
        ("- a\n", NEW, {UNREADABLE}),
        (NEW, "", {"10000"}),
    ],
)
def test_removed_entries(old: str, new: str, gone: set[str]) -> None:
    """Keys that a table has no more, in JSON and in YAML."""
    assert removed_entries(old, new) == gone


def test_a_mark_tells_tables_apart() -> None:
    """And is a legal annotation."""
    assert mark_of(OLD) != mark_of(NEW)
    assert mark_of(NEW).isalnum()


PULSAR = HotTable(
    config_map="pulsar-route-table",
    namespace="fate-9999",
    key="pulsar_route_table.yaml",
    kind="StatefulSet",
    workload="python",
    container="fateflow",
    path="/t",
    seconds=0,
    restart_on_removal=False,
)
BEFORE = "10000: {host: 1.1.1.1, port: 30104}\n9998: {host: 2.2.2.2}\ndefault: {proxy: '3.3.3.3:443'}\n"
AFTER = "10000: {host: 1.1.1.9, port: 30104}\n9998: {host: 2.2.2.2}\ndefault: {proxy: '3.3.3.3:443'}\n"


def test_peers_that_moved() -> None:
    """Those with another entry; with another default, those that have none of their own."""
    peers = {"9998", "10000", "10001"}
    assert moved_peers(BEFORE, AFTER, peers) == ("10000",)
    assert moved_peers(BEFORE, BEFORE.replace("3.3.3.3", "3.3.3.4"), peers) == ("10001",)
    assert moved_peers("", AFTER, peers) == ("9998", "10000", "10001")
    assert moved_peers(AFTER, "", set()) == ()


def forgotten(server: Server, before: str | None) -> list[str]:
    folder = site(PULSAR, AFTER)
    live = {}
    if before is not None:
        live["", "ConfigMap", "fate-9999", "pulsar-route-table"] = {"data": {PULSAR.key: before}}
    found = forget_pulsar_peers(cast("Api", server), folder, live, Deadline(60, server.clock), places_of(folder))
    return [each.message for each in found]


def broker(known: set[str], *, forgets: bool = True) -> Server:
    """A Pulsar that knows these clusters."""

    def answer(_: float, __: str, command: tuple[str, ...]) -> Answer:
        if command[2] == "list":
            return Ran(0, "".join(f"{name}\n" for name in sorted(known)), "")
        if forgets:
            known.discard(command[3])
        return Ran(0, "", "")

    return Server(Time(), answer, (pod("pulsar-0"),))


def test_a_moved_peer_is_taken_out_of_the_broker() -> None:
    """Only it, and not the broker's own cluster; what stays is told."""
    server = broker({"standalone", "10000", "9998"})
    assert forgotten(server, BEFORE) == []
    assert [command[1:] for command in server.ran] == [
        ("bin/pulsar-admin", "clusters", "list"),
        ("bin/pulsar-admin", "clusters", "delete", "10000"),
        ("bin/pulsar-admin", "clusters", "list"),
    ]
    assert forgotten(broker({"10000"}, forgets=False), BEFORE) == [
        "pod pulsar-0 still has another address of party 10000 after 1 second"
    ]


def test_an_unchanged_or_absent_table_runs_nothing() -> None:
    server = broker({"10000"})
    assert forgotten(server, AFTER) == []
    folder = site()
    assert forget_pulsar_peers(cast("Api", server), folder, {}, Deadline(1), places_of(folder)) == ()
    assert server.ran == []


def test_a_folder_narrowed_to_its_other_half_has_no_tables() -> None:
    """Nothing is looked at, and nothing forgotten."""
    server = broker({"10000"})
    folder, api = folder_of(hot_tables=(TABLE, PULSAR)), cast("Api", server)
    assert confirm(api, folder, CHANGED, Deadline(1), Silent(), places_of(folder)) == ()
    assert forget_pulsar_peers(api, folder, {}, Deadline(1), places_of(folder)) == ()
    assert server.ran == []


def test_a_party_of_charts_without_a_broker_is_asked_nothing() -> None:
    """KubeFATE's charts give the table to every party, also to those on Eggroll."""
    server = broker({"10000"})
    table = thing("ConfigMap", PULSAR.config_map, data={PULSAR.key: AFTER})
    chart = (Installation("training", "cluster.yaml", "fate-9999", "fate-9999", "fate", "v1.11.2"),)
    folder = folder_of(table, hot_tables=(PULSAR,), installations=chart)
    assert forget_pulsar_peers(cast("Api", server), folder, {}, Deadline(1), places_of(folder)) == ()
    assert server.ran == []


def test_without_a_table_from_before_every_peer_is_forgotten() -> None:
    """The broker's volume may be older than the table."""
    server = broker({"standalone", "10000", "9998"})
    assert forgotten(server, None) == []
    assert [command[-1] for command in server.ran if "delete" in command] == ["9998", "10000"]


def test_a_broker_that_cannot_be_asked() -> None:
    server = Server(Time(), lambda *_: Ran(1, "", "Connection refused"), (pod("pulsar-0"),))
    assert forgotten(server, BEFORE) == ["the list of peers of pod pulsar-0 could not be read: Connection refused"]
