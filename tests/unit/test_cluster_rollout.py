"""When a workload counts as ready, and which reason its pods give when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from renderers.cluster.references import Document, Reference
from renderers.cluster.rollout import Phase, WorkloadState, judge, missing, restarts_of

NAMESPACE = "fate-9999"


def workload(kind: str = "StatefulSet", **status: Any) -> Document:
    """A workload `web` of one pod, all of it as written."""
    known: dict[str, Any] = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    if kind == "StatefulSet":
        known |= {"currentRevision": "web-b", "updateRevision": "web-b"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": NAMESPACE, "uid": "u-web", "generation": 2},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}}},
        "status": {**known, **status},
    }


def pod(container: dict[str, Any] | None = None, name: str = "web-0", **parts: Any) -> Document:
    """A pod of the newest revision; `container` is what its status says beyond the usual."""
    status = {"name": "main", "ready": False, "restartCount": 0, "state": {}, **(container or {})}
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"u-{name}",
        "creationTimestamp": "2026-03-01T12:00:00Z",
        "labels": {"app.kubernetes.io/name": "web", "controller-revision-hash": "web-b", "pod-template-hash": "b"},
        **parts.pop("metadata", {}),
    }
    ready = {"type": "Ready", "status": "True" if status["ready"] else "False"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "main", "image": "web:1"}], **parts.pop("spec", {})},
        "status": {"phase": "Pending", "containerStatuses": [status], "conditions": [ready], **parts},
    }


def event(uid: str, reason: str, message: str, time: str = "2026-03-01T12:00:05Z", **parts: Any) -> Document:
    """An event about an object."""
    return {
        "metadata": {"resourceVersion": "7"},
        "involvedObject": {"uid": uid},
        "reason": reason,
        "message": message,
        "lastTimestamp": time,
        **parts,
    }


def waits(reason: str, message: str = "", **parts: Any) -> dict[str, Any]:
    """A container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}, **parts}


def ended(restarts: int, reason: str = "Error", code: int = 1, **state: Any) -> dict[str, Any]:
    """A container that has ended before."""
    last = {"terminated": {"reason": reason, "exitCode": code}}
    now = state or {"waiting": {"reason": "CrashLoopBackOff"}}
    return {"state": now, "lastState": last, "restartCount": restarts}


UNREADY: dict[str, Any] = {"readyReplicas": 0}


def unready(*found: Any, **parts: Any) -> WorkloadState:
    """The state of `web` with these pods."""
    return judge(workload(**UNREADY), found, **parts)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_ready_is_what_the_controller_and_the_pods_say(kind: str) -> None:
    """All replicas of the newest revision, and no other pod."""
    state = judge(workload(kind), [pod({"ready": True})])
    assert (state.phase, state.ready, state.wanted, state.reason) == (Phase.READY, 1, 1, "")
    assert state.what == f"{kind} fate-9999/web"


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"readyReplicas": 0},
        {"readyReplicas": None},
        {"updatedReplicas": 0},
        {"replicas": 2},
        {"currentRevision": "web-a"},
    ],
)
def test_any_doubt_is_waited_for(status: dict[str, Any]) -> None:
    """A controller that has not looked yet, pods that are missing, are not ready or are of another revision."""
    assert judge(workload(**status), [pod({"ready": True})]).phase is Phase.WAITING


def test_old_pods_are_waited_for_and_not_blamed() -> None:
    """A pod of an earlier revision does not count, and what is wrong with it is no reason."""
    old = pod(ended(9), name="web-1", metadata={"uid": "u-old", "labels": {"app.kubernetes.io/name": "web"}})
    state = judge(workload(), [pod({"ready": True}), old])
    assert (state.phase, state.restarts, state.reason) == (Phase.WAITING, 0, "")
    old["metadata"]["deletionTimestamp"] = "2026-03-01T12:01:00Z"
    state = judge(workload(), [pod({"ready": True}), old])
    assert state.reason == "pod web-1, which was there before, has not ended yet"
    assert state.trouble is not None
    assert state.trouble.patience is None


def test_the_youngest_pod_shows_the_revision_of_a_deployment() -> None:
    """A Deployment does not tell it; before it has a pod of it, all pods are old."""
    label = {"app.kubernetes.io/name": "web", "pod-template-hash": "a"}
    old = pod(ended(9), name="web-a", metadata={"creationTimestamp": "2026-02-01T00:00:00Z", "labels": label})
    state = judge(workload("Deployment", replicas=2), [old, pod({"ready": True}, name="web-b")])
    assert (state.ready, state.restarts, state.reason) == (1, 0, "")
    state = judge(workload("Deployment", updatedReplicas=0), [old])
    assert (state.ready, state.updated, state.reason) == (0, 0, "")


def test_pods_of_others_are_left_alone() -> None:
    """Neither another namespace's nor another component's."""
    other = pod(ended(9), metadata={"namespace": "shop"})
    another = pod(ended(9), metadata={"labels": {"app.kubernetes.io/name": "mysql"}})
    assert judge(workload(), [pod({"ready": True}), other, another]).is_ready


FAILED_PULL = event(
    "u-web-0", "Failed", 'Failed to pull image "web:1": rpc error: code = NotFound desc = web:1: not found'
)
CASES: list[tuple[dict[str, Any], list[Document], str, float | None]] = [
    (waits("InvalidImageName", "bad name"), [], "pod web-0 cannot have image web:1: bad name", 0),
    (waits("ErrImagePull", "rpc error: code = Unknown desc = i/o timeout"), [], "image web:1: i/o timeout", 180),
    (waits("ImagePullBackOff", 'Back-off pulling image "web:1"'), [FAILED_PULL], "web:1: web:1: not found", 10),
    (waits("ImagePullBackOff", 'Back-off pulling image "web:1"'), [], "web:1: Back-off pulling image", 180),
    (
        waits("ImagePullBackOff", 'Back-off pulling image "web:1": ErrImagePull: denied'),
        [],
        "pull image web:1: denied",
        10,
    ),
    (
        waits("CreateContainerConfigError", 'secret "mysql" not found'),
        [],
        'container main of pod web-0 cannot be started: secret "mysql" not found',
        30,
    ),
    (ended(0, running={}), [], "", None),
    (ended(1, running={}), [], "container main of pod web-0 ended, with exit code 1", 330),
    (ended(3), [], "container main of pod web-0 ended 4 times, last with exit code 1", 330),
    (ended(4), [], "container main of pod web-0 ended 5 times, last with exit code 1", 0),
    (ended(5, running={}), [], "ended 5 times, last with exit code 1", 0),
    (ended(2, "OOMKilled", 137), [], "container main of pod web-0 was OOMKilled 3 times", 0),
    (ended(1, "ContainerCannotRun", 128), [], "with exit code 128 (ContainerCannotRun)", 330),
    (
        ended(2, running={}),
        [event("u-web-0", "Unhealthy", "Liveness probe failed: refused")],
        "with exit code 1 (Liveness probe failed: refused)",
        330,
    ),
    (
        waits("ContainerCreating"),
        [event("u-web-0", "FailedMount", 'secret "pulsar-cert" not found')],
        'pod web-0 cannot be set up: secret "pulsar-cert" not found',
        60,
    ),
    (
        waits("ContainerCreating"),
        [event("u-web-0", "FailedAttachVolume", "in use"), event("u-web-0", "Scheduled", "to node-1")],
        "be set up: in use",
        180,
    ),
    (
        waits("ContainerCreating"),
        [event("u-web-0", "FailedAttachVolume", "in use"), event("u-web-0", "SuccessfulAttachVolume", "done")],
        "",
        None,
    ),
]


@pytest.mark.parametrize(("container", "events", "reason", "patience"), CASES)
def test_reasons(container: dict[str, Any], events: list[Document], reason: str, patience: float | None) -> None:
    """What a container's status means, and how long it may stay so."""
    state = unready(pod(container), events=events)
    assert reason in state.reason
    assert (None if state.trouble is None else state.trouble.patience) == patience
    assert state.is_failed == (patience == 0)
    assert bool(reason) == (state.pod == "web-0")


def test_init_containers_are_named_as_such() -> None:
    """They fail like others; one that has done its work has not."""
    found = pod(waits("PodInitializing"), initContainerStatuses=[{"name": "configure", **ended(4)}])
    assert unready(found).reason == "init container configure of pod web-0 ended 5 times, last with exit code 1"
    done = {"name": "configure", "ready": True, "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
    assert unready(pod(waits("PodInitializing"), initContainerStatuses=[done])).reason == ""


def test_restarts_from_before_do_not_count() -> None:
    """A pod that has restarted long ago, and now takes its time, is not given up."""
    found = pod(ended(40, running={}))
    before = restarts_of([found])
    assert unready(found, before=before).trouble is None
    looping = unready(pod(ended(40)), before=before)
    assert looping.trouble is not None
    assert looping.trouble.patience == 330
    assert unready(pod(ended(45)), before=before).is_failed


def test_a_pod_that_finds_no_node() -> None:
    """In the scheduler's words; an autoscaler at work is given all the time there is."""
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient memory"}
    found = pod(conditions=[condition], containerStatuses=[])
    state = unready(found)
    assert state.reason == "no node takes pod web-0: 0/3 nodes: Insufficient memory"
    assert state.trouble is not None
    assert state.trouble.patience == 180
    grown = unready(found, events=[event("u-web-0", "TriggeredScaleUp", "1->2")])
    assert grown.trouble is not None
    assert grown.trouble.patience is None


def test_claims_come_before_the_pod_that_waits_for_them() -> None:
    """The scheduler only says that a claim is unbound; its own events say why."""
    condition = {"type": "PodScheduled", "status": "False", "message": "unbound claims"}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data-web-0"}}]
    found = pod(conditions=[condition], spec={"volumes": volumes}, containerStatuses=[])
    claim = {"metadata": {"name": "data-web-0", "uid": "u-claim"}, "status": {"phase": "Pending"}}
    told = event("u-claim", "ProvisioningFailed", 'storageclass "fast" not found')
    state = unready(found, events=[told], claims=[claim])
    assert state.reason == 'PersistentVolumeClaim data-web-0 of pod web-0 is pending: storageclass "fast" not found'
    assert state.last_event == 'claim data-web-0: storageclass "fast" not found'
    lost = {**claim, "status": {"phase": "Lost"}}
    assert unready(found, claims=[lost]).is_failed
    assert "no node" in unready(found, claims=[claim]).reason


def test_pods_that_are_refused() -> None:
    """A Deployment says so in its status, a StatefulSet only in an event, which old pods outlive."""
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    state = judge(workload("Deployment", updatedReplicas=0, conditions=[condition]), [])
    assert state.reason == "its pods are refused: exceeded quota"
    told = event("u-web", "FailedCreate", "exceeded quota")
    assert judge(workload(**UNREADY), [], [told]).reason == "its pods are refused: exceeded quota"
    assert unready(pod(), events=[told]).reason == ""


def test_what_was_deleted_paused_or_evicted() -> None:
    """A workload that is gone, a roll-out that is held, a pod that failed as a whole."""
    assert missing(Reference("apps/v1", "Deployment", NAMESPACE, "web")).reason == "it is not in the cluster any more"
    held = workload("Deployment", updatedReplicas=0)
    held["spec"]["paused"] = True
    assert judge(held, []).reason == "somebody has paused its roll-out"
    evicted = pod(phase="Failed", reason="Evicted", message="low on memory", containerStatuses=[])
    assert unready(evicted).reason == "pod web-0 failed: Evicted: low on memory"


def test_the_last_event_is_told_until_all_is_well() -> None:
    """The latest of the pod's; without the right to see events, what the pod waits for."""
    events = [
        event("u-web-0", "Pulling", "Pulling image", "2026-03-01T12:00:09Z"),
        event("u-web-0", "Scheduled", "assigned", "", eventTime="2026-03-01T12:00:01.123456Z"),
        event("u-other", "Pulled", "done", "2026-03-01T12:00:10Z"),
    ]
    assert unready(pod(), events=events).last_event == "pod web-0: Pulling image"
    assert unready(pod(waits("ContainerCreating"))).last_event == "pod web-0: ContainerCreating"
    assert judge(workload(), [pod({"ready": True})], events).last_event == ""


def test_the_trouble_that_ends_the_waiting_first_is_told() -> None:
    """Of two pods, that which cannot be mended by waiting."""
    state = unready(pod(waits("ErrImagePull", "timeout")), pod(waits("InvalidImageName", "bad"), name="web-1"))
    assert state.pod == "web-1"
