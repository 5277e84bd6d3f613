"""Waiting for a roll-out against a real API server: what comes up, what fails and why, and a server that goes away."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Timer
from typing import Any

import pytest

from planner.diagnostics import Diagnostic
from renderers.cluster import installed, rollout, waiting
from renderers.cluster.api import Api, RefusedError, UnreachableError, connect
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.references import Reference, reference
from renderers.cluster.rollout import Phase
from renderers.cluster.waiting import Outcome, wait
from tests.cluster.conftest import Namespaces
from tests.cluster.harness import faults
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.test_preflight import until

SPEED = 30
MINUTE = 60.0


class FastClock(Clock):
    """A clock that goes faster, so that minutes of patience pass in seconds."""

    def now(self) -> float:
        return time.monotonic() * SPEED

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)


def labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "fedplan/site": "party-9999"}


def workload(namespace: str, name: str, kind: str = "Deployment", replicas: int = 1, **pod: Any) -> dict[str, Any]:
    """A workload as the folder has one."""
    selector = labels(name)
    spec = {"replicas": replicas, "selector": {"matchLabels": selector}}
    if kind == "StatefulSet":
        spec |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    container = {"name": "main", "image": f"{name}:1", **pod.pop("container", {})}
    spec["template"] = {"metadata": {"labels": selector}, "spec": {"containers": [container], **pod}}
    metadata = {"name": name, "namespace": namespace, "labels": selector}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def folder_of(namespace: str, *documents: dict[str, Any]) -> SiteFolder:
    """A folder with these objects."""
    return SiteFolder(
        key="party-9999",
        kind="party",
        id=9999,
        name="fate-9999",
        federation="test",
        release="v1.11.2",
        cluster="bank",
        address="192.168.9.1",
        context=None,
        server=None,
        kubernetes=None,
        namespaces={"training": namespace},
        after=(),
        peers=(),
        prerequisites=(),
        hot_tables=(),
        interfaces=(),
        digest="0" * 64,
        objects=tuple(Desired(reference(each), each, "10-all.yaml") for each in documents),
        secrets=(),
        files={},
    )


def write(api: Api, folder: SiteFolder) -> None:
    """Apply every object."""
    for each in folder.objects:
        api.apply(each.document, each.reference, Deadline(30), dry_run=False, force=True)


def roll_out(api: Api, folder: SiteFolder, seconds: float = 100 * MINUTE) -> Outcome:
    """Write, then wait by the fast clock."""
    write(api, folder)
    return wait(api, folder, Deadline(seconds, api.clock), Silent(), Places(folder))


def only(diagnostics: Sequence[Diagnostic]) -> Diagnostic:
    (found,) = diagnostics
    return found


def give_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fast clock hurry only waiting: the cluster has as long for its answers as by another clock."""
    for name in ("_LOG_SECONDS", "_LOOK_SECONDS", "SETTLE"):
        monkeypatch.setattr(waiting, name, getattr(waiting, name) * SPEED)
    monkeypatch.setattr(installed, "_LOOK_SECONDS", installed._LOOK_SECONDS * SPEED)
    monkeypatch.setattr(rollout, "_ENDS_AGAIN", rollout._ENDS_AGAIN * SPEED)


@pytest.fixture
def api(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch) -> Api:
    give_time(monkeypatch)
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return connect(control_plane.context, FastClock())


@pytest.mark.usefixtures("fake_node")
def test_waits_until_all_is_ready(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """Every pod of the newest revision counts, and no pod of the one before is left; a change is waited for again."""
    name = namespace(control_plane)
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    database = workload(name, "mysql", "StatefulSet", 2)
    database["spec"]["volumeClaimTemplates"] = [claim]
    folder = folder_of(name, database, workload(name, "python", replicas=2))
    outcome = roll_out(api, folder)
    assert outcome.diagnostics == ()
    assert [(state.name, state.ready, state.phase) for state in outcome.states] == [
        ("mysql", 2, Phase.READY),
        ("python", 2, Phase.READY),
    ]
    changed = [replace(each, document=_with_image(each.document, "next:2")) for each in folder.objects]
    folder = replace(folder, objects=tuple(changed))
    assert roll_out(api, folder).diagnostics == ()
    pods = api.list("v1", "Pod", name, Deadline(10))
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"next:2"}
    assert len(pods) == 4


def _with_image(document: dict[str, Any], image: str) -> dict[str, Any]:
    template = document["spec"]["template"]
    containers = [{**template["spec"]["containers"][0], "image": image}]
    template = {**template, "spec": {**template["spec"], "containers": containers}}
    return {**document, "spec": {**document["spec"], "template": template}}


FATES = [
    ("image-pull", "pod web-0 cannot pull image web:1:", ()),
    ("crash", "container main of pod web-0 ended [5-9] times, last with exit code 1", ("no route to mysql",)),
    ("oom", "container main of pod web-0 was OOMKilled [3-9] times", ("no route to mysql",)),
]


@pytest.mark.parametrize(("fate", "reason", "log"), FATES, ids=[each[0] for each in FATES])
def test_failures_are_told_in_the_pods_words(
    control_plane: Cluster,
    fake_node: FakeNode,
    api: Api,
    namespace: Namespaces,
    fate: str,
    reason: str,
    log: tuple[str, ...],
) -> None:
    """The pod's own reason and the last lines of its log; a workload that is well is not blamed."""
    name = namespace(control_plane)
    fake_node.decide({"web": fate})
    fake_node.set_log("web-0", "starting\n\nno route to mysql\n", name)
    folder = folder_of(name, workload(name, "web", "StatefulSet"), workload(name, "good"))
    found = only(roll_out(api, folder).diagnostics)
    assert found.fault.code == "FED911"
    assert re.search(reason, found.message), found.message
    notes = [note.message for note in found.notes]
    assert notes[2:] == list(log)


def test_a_new_revision_is_not_blamed_for_the_old_one(
    control_plane: Cluster, fake_node: FakeNode, api: Api, namespace: Namespaces
) -> None:
    """Pods of an earlier revision that fail while they are replaced are no failure of this one."""
    name = namespace(control_plane)
    fake_node.decide({"bad": "crash"})
    folder = folder_of(name, workload(name, "web", container={"image": "bad:1"}), workload(name, "bad", "StatefulSet"))
    assert len(roll_out(api, folder).diagnostics) == 2
    changed = [replace(each, document=_with_image(each.document, "good:2")) for each in folder.objects]
    assert roll_out(api, replace(folder, objects=tuple(changed))).diagnostics == ()


WRONGS: list[tuple[dict[str, Any], str]] = [
    (
        {"container": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "a"}}}]}},
        'container main of pod web-0 cannot be started: secret "absent" not found',
    ),
    ({"nodeSelector": {"disk": "none"}}, "no node takes pod web-0: 0/1 nodes are available"),
    ({"volumes": [{"name": "v", "secret": {"secretName": "absent"}}]}, "pod web-0 cannot be set up: MountVolume.SetUp"),
]


@pytest.mark.usefixtures("fake_node")
@pytest.mark.parametrize(("pod", "reason"), WRONGS, ids=["secret", "node", "volume"])
def test_what_a_pod_waits_for_is_told_when_it_does_not_pass(
    control_plane: Cluster, api: Api, namespace: Namespaces, pod: dict[str, Any], reason: str
) -> None:
    """Missing Secrets, nodes without room and volumes that cannot be mounted."""
    name = namespace(control_plane)
    found = only(roll_out(api, folder_of(name, workload(name, "web", "StatefulSet", **pod))).diagnostics)
    assert (found.fault.code, reason in found.message) == ("FED911", True), found.message


@pytest.mark.usefixtures("fake_node")
def test_a_claim_that_nobody_provisions(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """The claim is named, with the controller's words, and not only the pod that waits for it."""
    name = namespace(control_plane)
    database = workload(name, "mysql", "StatefulSet")
    wanted = {
        "storageClassName": "absent",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    database["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": wanted}]
    found = only(roll_out(api, folder_of(name, database)).diagnostics)
    assert "PersistentVolumeClaim data-mysql-0 of pod mysql-0 is pending: storageclass" in found.message


@pytest.mark.usefixtures("fake_node")
def test_pods_that_quota_refuses(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """Both controllers tell it, each in its own place."""
    name = namespace(control_plane)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": name},
        "spec": {"hard": {"pods": "0"}},
    }
    where = Reference("v1", "ResourceQuota", name, "few")
    api.create(quota, where, Deadline(10))
    until(lambda: (api.get(where, Deadline(10)) or {}).get("status", {}).get("hard"))
    folder = folder_of(name, workload(name, "web"), workload(name, "mysql", "StatefulSet"))
    found = roll_out(api, folder).diagnostics
    assert [diagnostic.fault.code for diagnostic in found] == ["FED911", "FED911"]
    assert all("its pods are refused" in each.message and "exceeded quota: few" in each.message for each in found)


def test_the_deadline(control_plane: Cluster, fake_node: FakeNode, api: Api, namespace: Namespaces) -> None:
    """What is not ready in time is told with how far it is and the log of what runs."""
    name = namespace(control_plane)
    fake_node.decide({"web": "never-ready"})
    fake_node.set_log("web-0", "waiting for rollsite\n", name)
    folder = folder_of(name, workload(name, "web", "StatefulSet"))
    write(api, folder)
    until(lambda: [pod for pod in api.list("v1", "Pod", name, Deadline(10)) if pod["status"]["phase"] == "Running"])
    found = only(roll_out(api, folder, 300).diagnostics)
    assert found.fault.code == "FED912"
    assert "has 0 of 1 pods ready after" in found.message
    assert found.notes[-1].message == "waiting for rollsite"


def test_a_server_that_is_away_for_a_while_is_waited_for(
    control_plane: Cluster, fake_node: FakeNode, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait goes on where it was; only a server that is away at the deadline is told."""
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    api, name = connect(control_plane.context), namespace(control_plane)
    fake_node.decide({"web": "never-ready"})
    folder = folder_of(name, workload(name, "web"))
    write(api, folder)
    back = Timer(1, faults.start, (control_plane, "apiserver"))
    faults.stop(control_plane, "apiserver")
    back.start()
    fake_node.decide({})
    try:
        assert wait(api, folder, Deadline(300), Silent(), Places(folder)).diagnostics == ()
    finally:
        back.join()
    with faults.stopped(control_plane, "apiserver"):
        with pytest.raises(UnreachableError):
            wait(api, folder, Deadline(2), Silent(), Places(folder))
        with pytest.raises(UnreachableError, match="refused"):
            api.run(name, "web-0", "main", ["true"], Deadline(2))


def test_a_stranger_may_not_look(
    control_plane: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operator may not read is the caller's to tell."""
    name = namespace(control_plane)
    monkeypatch.setenv("KUBECONFIG", str(control_plane.stranger_kubeconfig()))
    folder = folder_of(name, workload(name, "web"))
    with pytest.raises(RefusedError, match="cannot list"):
        wait(connect(control_plane.context), folder, Deadline(20), Silent(), Places(folder))
