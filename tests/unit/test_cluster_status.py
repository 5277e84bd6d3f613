"""What status tells of a site, for people and for programs; and how a command in a pod is understood to have ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from renderers.cluster.api import (
    Api,
    LoginRefusedError,
    Ran,
    RefusedError,
    UnreachableError,
    _no_websocket,
    _ran,
)
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import Interface, SiteFolder
from renderers.cluster.record import Record
from renderers.cluster.references import Document, Reference
from renderers.cluster.status import SiteStatus, lines, observe, to_json
from tests.unit import cluster_double
from tests.unit.cluster_double import folder_of, forbidden, places_of, secret, thing
from tests.unit.test_cluster_rollout import ended, pod, workload

CONFIG = thing("ConfigMap", "config", data={"a": "planned"})
PLANNED_SECRET = thing("Secret", "mysql", stringData={"user": "fate", "password": "${secret:generate}"})


def site(**others: Any) -> SiteFolder:
    pages = (
        Interface("fateboard", "board.example", "http://board.example"),
        Interface("client", "notebook.example", "http://notebook.example"),
    )
    return folder_of(CONFIG, live_workload(), secrets=[PLANNED_SECRET], interfaces=pages, **others)


def live_workload() -> Document:
    """The workload with the labels that it has in a cluster."""
    found = workload()
    found["metadata"] = {**found["metadata"], "labels": {"fedplan/site": "party-9999"}}
    return found


def live_pod(container: dict[str, Any]) -> Document:
    found = pod(container)
    found["metadata"]["labels"]["fedplan/site"] = "party-9999"
    return found


ALL = (CONFIG, live_workload(), live_pod({"ready": True}), secret("mysql", user="fate", password="x"))
RECORD = Record(
    revision=3,
    digest="d" * 64,
    state="applied",
    by="anna@ops-1",
    at="2026-03-01T12:04:05Z",
    release="v1.11.2",
    federation="demo",
    site="party-9999",
)


@dataclass
class Cluster(cluster_double.Cluster):
    """A cluster where applying is tried, as status does it."""

    may_try: bool = True
    tried: list[Reference] = field(default_factory=list)

    def apply(  # type: ignore[override]  # status takes conflicting fields in its trial
        self, document: Document, wanted: Reference, _: Deadline, *, dry_run: bool, force: bool
    ) -> Document:
        assert dry_run
        assert force
        self.tried.append(wanted)
        if not self.may_try:
            raise forbidden()
        return document


def seen(
    documents: tuple[Document, ...] = ALL,
    found: Record | None = RECORD,
    folder: SiteFolder | None = None,
    **cluster: Any,
) -> SiteStatus:
    folder = folder or site()
    api = cast("Api", Cluster(documents, **cluster))
    return observe(api, folder, found, Deadline(10), places_of(folder))


def test_a_site_that_is_well() -> None:
    """Who applied what and when, each workload, and how to open the pages."""
    status = seen()
    assert status.is_good
    assert status.diagnostics == ()
    assert lines(status) == (
        "party 9999 on cluster bank (https://192.168.9.1:6443)",
        "  applied: revision 3, plan dddddddddddd, release v1.11.2",
        "           by anna@ops-1 on 2026-03-01 12:04 UTC",
        "  workloads:",
        "    web  1/1  ready",
        "  drift: none",
        "  pages:",
        "    fateboard  http://board.example",
        "    client     http://notebook.example",
        "  for /etc/hosts of whoever opens them, where no DNS has these names:",
        "    192.168.9.1 board.example",
        "    192.168.9.1 notebook.example",
    )


def test_the_same_for_programs() -> None:
    """Everything is plain data."""
    data = json.loads(json.dumps(to_json(seen())))
    assert data["applied"]["by"] == "anna@ops-1"
    assert data["planned"] == {"digest": "d" * 64, "isApplied": True}
    assert data["isReady"] is True
    assert data["workloads"][0]["phase"] == "ready"
    assert data["pages"][0]["hostsLine"] == "192.168.9.1 board.example"
    assert data["drift"] == []


def test_a_name_is_no_address_for_a_hosts_file() -> None:
    """It is said where the page's name must lead."""
    told = lines(seen(folder=site(address="bank.example")))
    assert told[-1] == "    notebook.example must lead to bank.example"
    assert not any("/etc/hosts" in line for line in told)


def test_drift_is_told_object_by_object() -> None:
    """Changed and gone, as findings and in a line."""
    changed = {**CONFIG, "data": {"a": "live"}}
    status = seen((changed, live_workload(), live_pod(ended(4))))
    assert [each.message for each in status.diagnostics] == [
        "data.a of ConfigMap fate-9999/config is live, applied was planned",
        "Secret fate-9999/mysql was applied and is gone",
    ]
    assert "  drift: 1 field of 1 object, 1 object gone" in lines(status)
    drift = to_json(status)["drift"]
    assert drift[0]["fields"] == [{"path": "data.a", "live": "live", "applied": "planned", "setBy": None, "when": None}]
    assert drift[1]["isGone"] is True
    assert not status.is_good


def test_what_is_wrong_with_a_workload() -> None:
    """In a line, with its restarts."""
    broken = live_workload()
    broken["status"] = {**broken["status"], "readyReplicas": 0}
    status = seen((CONFIG, broken, live_pod(ended(4)), ALL[-1]))
    reason = "container main of pod web-0 ended 5 times, last with exit code 1"
    assert f"    web  0/1  failed (4 restarts): {reason}" in lines(status)
    assert to_json(status)["workloads"][0]["reason"] == reason


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"state": "applying"}, "           by anna@ops-1 on 2026-03-01 12:04 UTC, which did not end"),
        ({"state": "failed"}, "           by anna@ops-1 on 2026-03-01 12:04 UTC, which failed"),
        ({"of": 1}, "  applied: revision 3 (revision 1 again), plan dddddddddddd, release v1.11.2"),
    ],
)
def test_how_the_last_apply_ended(change: Mapping[str, Any], line: str) -> None:
    """It is said where it did not end well, or went back."""
    assert line in lines(seen(found=replace(RECORD, **change)))


def test_what_was_never_applied_has_not_drifted() -> None:
    """Nothing is tried; objects without a record were applied by something else than fedplan."""
    status = seen((), None)
    assert [each.message for each in status.diagnostics] == [
        "party 9999 does not run on cluster bank: it was never applied"
    ]
    assert (status.states, status.drift) == ((), ())
    found = seen((CONFIG, live_workload()), None)
    assert "no apply of it is recorded, though its objects are there" in found.diagnostics[0].message
    assert [each.message for each in found.diagnostics[1:]] == ["Secret fate-9999/mysql was applied and is gone"]


def test_another_plan_is_at_hand() -> None:
    """Drift is judged by what was applied; without its files it is not known."""
    status = seen(folder=site(digest="e" * 64))
    assert status.drift is None
    assert "  planned: plan eeeeeeeeeeee: apply it with `invoke apply --party 9999`" in lines(status)
    assert "  drift is not known: the record has not kept the files of revision 3" in lines(status)
    assert not status.is_good
    assert to_json(status)["drift"] is None


def test_what_the_operator_may_not_see() -> None:
    """It is said what is therefore not known."""
    status = seen(hidden=frozenset({"Secret"}), may_try=False)
    assert status.drift == ()
    assert status.remarks == (
        "drift is known only of what the plan names: no right to try (patch)",
        "drift of secrets is not known: no right to get them",
    )


def test_workloads_that_are_in_no_plan() -> None:
    """They carry the site's label."""
    old = thing("Deployment", "old", "apps/v1", spec={}, status={})
    assert "  not in the plan: Deployment fate-9999/old" in lines(seen((*ALL, old)))


@pytest.mark.parametrize(
    ("end", "code", "errors"),
    [
        ('{"status": "Success"}', 0, "e"),
        ('{"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}', 3, "e"),
        ('{"status": "Failure", "message": "no cat"}', None, "e"),
        ("", None, "e"),
    ],
)
def test_how_a_command_ended(end: str, code: int | None, errors: str) -> None:
    """The connection's last word is a Status, or there is none."""
    assert _ran("o", "e", end) == Ran(code, "o", errors)


def test_a_command_that_could_not_be_started_says_why() -> None:
    assert _ran("", "", '{"status": "Failure", "message": "no cat"}').errors == "no cat"


BODY = '{"kind": "Status", "reason": "Forbidden", "message": "may not create pods/exec"}'


@pytest.mark.parametrize("body", [BODY, repr(BODY.encode())])
def test_the_servers_no_to_a_command(body: str) -> None:
    """The client has it only as text in its own words, and older ones only as Python writes bytes."""
    error = _no_websocket(f"Handshake status 403 Forbidden -+-+- {{'a': 'b'}} -+-+- {body}", "https://s")
    assert isinstance(error, RefusedError)
    assert (error.status, error.message) == (403, "may not create pods/exec")


def test_other_ends_of_a_connection() -> None:
    """A login that is not known, and nobody who answers."""
    login = _no_websocket("Handshake status 401 Unauthorized -+-+- {} -+-+- None", "https://s")
    assert isinstance(login, LoginRefusedError)
    gone = _no_websocket("[Errno 111] Connection refused", "https://s")
    assert isinstance(gone, UnreachableError)
