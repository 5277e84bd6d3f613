"""How far a workload has come, judged from what the API has of it: the workload, its pods, their claims and events.

The reason that is told is the pod's own. What it means is decided by how long such a thing may last before it counts
as a failure, the `patience` of a `Trouble`:

- at once: an image's name that is none, a lost volume, five ends of a container in a row (three for want of memory);
- 10 seconds: an image that the registry does not have or refuses;
- 30 seconds: a container that cannot be made, since a Secret or ConfigMap or a key of it is missing; a paused roll-out;
- 1 minute: pods that quota or admission refuse, pods that failed as a whole (evicted), a Secret that cannot be mounted;
- 2 minutes: a claim that nobody provisions;
- 3 minutes: an image that could not be pulled for another reason, a volume that cannot be mounted, a pod for which no
  node has room (with an autoscaler at work: until the deadline);
- 5½ minutes, longer than Kubernetes ever waits between two tries: a container that was already ending again and again.

Everything else (a slow pull, a program that is not ready yet) is told at the deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from renderers.cluster.references import Document, Reference, reference

ENDS: Final = 5
"""So many times a container may end before waiting is given up."""
MEMORY_ENDS: Final = 3
"""So many times it may be killed for want of memory."""
_AT_ONCE: Final = 0.0
_NO_IMAGE: Final = 10.0
_NO_CONFIG: Final = 30.0
_REFUSED: Final = 60.0
_NO_VOLUME: Final = 120.0
_MAY_PASS: Final = 180.0
_ENDS_AGAIN: Final = 330.0
_PULL_REASONS: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"})
_NAME_REASONS: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_MAKE_REASONS: Final = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_CRASH_REASON: Final = "CrashLoopBackOff"
_MOUNT_EVENTS: Final = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"})
_CLAIM_EVENTS: Final = frozenset({"ProvisioningFailed", "FailedBinding"})
_HOPELESS_PULL: Final = re.compile(
    r"not found|does not exist|(?:manifest|name|repository) unknown|unknown authority|no match for platform"
    r"|denied|forbidden|unauthorized|authentication required|no basic auth"
)
_GRPC: Final = re.compile(r"^(?:rpc error: code = \w+ desc = )+")
MISSING: Final = "missing"
"""The sort of trouble of a workload that is not in the cluster."""
_TEMPLATE_HASH: Final = "pod-template-hash"
_REVISION_HASH: Final = "controller-revision-hash"


class Phase(StrEnum):
    """Where a workload is on its way."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a workload from being ready, in the words of the pod.

    `sort` stays the same while the words change, `patience` is how many seconds it may last (None: until the
    deadline), `has_ended` says that the log of the container's last run tells more than that of the present one.
    """

    sort: str
    reason: str
    patience: float | None
    pod: str = ""
    container: str = ""
    has_ended: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same trouble a moment later."""
        return self.sort, self.pod, self.container


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """A workload at one moment. Pods of an earlier revision count neither as `ready` nor among the `restarts`."""

    reference: Reference
    ready: int
    wanted: int
    updated: int
    restarts: int
    phase: Phase
    trouble: Trouble | None = None
    last_event: str = ""
    unready: tuple[str, str] = ("", "")
    """A pod that is not ready, and its container that is not; empty where there is none."""

    @property
    def kind(self) -> str:
        """Deployment or StatefulSet."""
        return self.reference.kind

    @property
    def name(self) -> str:
        """Its name."""
        return self.reference.name

    @property
    def what(self) -> str:
        """`StatefulSet fate-9999/mysql`, as findings name it."""
        return f"{self.kind} {self.reference.namespace}/{self.name}"

    @property
    def reason(self) -> str:
        """Why it is not ready; empty where nothing is wrong."""
        return "" if self.trouble is None else self.trouble.reason

    @property
    def pod(self) -> str:
        """The pod that the reason is about."""
        return "" if self.trouble is None else self.trouble.pod

    @property
    def is_ready(self) -> bool:
        """Whether all of it runs as it was written."""
        return self.phase is Phase.READY

    @property
    def is_failed(self) -> bool:
        """Whether waiting any longer is in vain."""
        return self.phase is Phase.FAILED

    def failed(self) -> WorkloadState:
        """The same, given up."""
        return replace(self, phase=Phase.FAILED)


Restarts = Mapping[tuple[str, str], int]
"""How often containers had been restarted before: by the uid of the pod and the name of the container."""


@dataclass(frozen=True, slots=True)
class _Pods:
    """The pods of a workload as it is written now, and what was heard of them."""

    current: Sequence[Document]
    old: Sequence[Document]
    events: Mapping[str, Sequence[Document]]
    claims: Mapping[str, Document]
    before: Restarts = field(default_factory=dict)


def judge(
    workload: Document,
    pods: Sequence[Document],
    events: Sequence[Document] = (),
    claims: Sequence[Document] = (),
    before: Restarts | None = None,
) -> WorkloadState:
    """The state of a Deployment or StatefulSet; pods, events and claims may be those of the whole namespace."""
    own = _own(workload, pods)
    current = [pod for pod in own if _is_current(workload, pod, own)]
    old = [pod for pod in own if pod not in current]
    seen = _Pods(current, old, _by_subject(events), {each["metadata"]["name"]: each for each in claims}, before or {})
    wanted = int(workload.get("spec", {}).get("replicas", 1))
    is_ready = _is_settled(workload, wanted) and not old
    found = [] if is_ready else [*_of_workload(workload, wanted, seen), *_of_pods(seen)]
    trouble = min(found, key=_urgency, default=None)
    phase = Phase.READY if is_ready else Phase.WAITING
    if trouble is not None and trouble.patience == _AT_ONCE:
        phase = Phase.FAILED
    return WorkloadState(
        reference(workload),
        sum(map(_is_ready_pod, current)),
        wanted,
        int(workload.get("status", {}).get("updatedReplicas") or 0) if _is_observed(workload) else 0,
        sum(int(status.get("restartCount") or 0) for pod in current for status, _ in _containers(pod)),
        phase,
        trouble,
        "" if is_ready else _last_heard(workload, seen),
        ("", "") if is_ready else _unready(current),
    )


def missing(wanted: Reference) -> WorkloadState:
    """The state of a workload that is not there: somebody has deleted it."""
    trouble = Trouble(MISSING, "it is not in the cluster any more", _NO_IMAGE)
    return WorkloadState(wanted, 0, 1, 0, 0, Phase.WAITING, trouble)


def restarts_of(pods: Sequence[Document]) -> dict[tuple[str, str], int]:
    """How often each container has been restarted so far."""
    return {
        (pod["metadata"]["uid"], status["name"]): int(status.get("restartCount") or 0)
        for pod in pods
        for status, _ in _containers(pod)
    }


# Whose pod it is


def _own(workload: Document, pods: Sequence[Document]) -> list[Document]:
    """The pods that a workload's selector finds in its namespace."""
    metadata = workload["metadata"]
    labels = workload.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    return [
        pod
        for pod in pods
        if labels
        and pod["metadata"].get("namespace") == metadata.get("namespace")
        and labels.items() <= (pod["metadata"].get("labels") or {}).items()
    ]


def _is_observed(workload: Document) -> bool:
    """Whether the controller has taken up what was written last."""
    seen = int(workload.get("status", {}).get("observedGeneration") or 0)
    return seen >= int(workload["metadata"].get("generation") or 0)


def _is_current(workload: Document, pod: Document, own: Sequence[Document]) -> bool:
    """Whether a pod is made as the workload is written now, and stays.

    A StatefulSet tells its newest revision. A Deployment does not; but once it has pods of it, none is made of an
    earlier one, so the youngest pod shows which it is.
    """
    if not _is_observed(workload) or pod["metadata"].get("deletionTimestamp"):
        return False
    status, labels = workload.get("status", {}), pod["metadata"].get("labels") or {}
    if workload["kind"] == "StatefulSet":
        return bool(labels.get(_REVISION_HASH) == status.get("updateRevision"))
    if not status.get("updatedReplicas"):
        return False
    staying = [each for each in own if not each["metadata"].get("deletionTimestamp")]
    youngest = max(staying, key=lambda each: str(each["metadata"].get("creationTimestamp", "")))
    return bool(labels.get(_TEMPLATE_HASH) == (youngest["metadata"].get("labels") or {}).get(_TEMPLATE_HASH))


def _is_settled(workload: Document, wanted: int) -> bool:
    """Whether the controller says that everything is as written."""
    status = workload.get("status", {})
    counts = {int(status.get(name) or 0) for name in ("replicas", "updatedReplicas", "readyReplicas")}
    if workload["kind"] == "StatefulSet" and status.get("currentRevision") != status.get("updateRevision"):
        return False
    return _is_observed(workload) and counts == {wanted}


def _is_ready_pod(pod: Document) -> bool:
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in pod.get("status", {}).get("conditions") or ()
    )


def _containers(pod: Document) -> Iterator[tuple[Document, bool]]:
    """The status of each container, and whether it is an init container."""
    status = pod.get("status", {})
    for each in status.get("initContainerStatuses") or ():
        yield each, True
    for each in status.get("containerStatuses") or ():
        yield each, False


def _unready(pods: Sequence[Document]) -> tuple[str, str]:
    """The first pod that is not ready, and its first container that runs and is not."""
    for pod in pods:
        for status, is_init in _containers(pod):
            running = "running" in (status.get("state") or {})
            if running and (is_init or not status.get("ready")):
                return pod["metadata"]["name"], status["name"]
    return "", ""


# What is wrong


def _urgency(trouble: Trouble) -> tuple[bool, float, str]:
    """The trouble that ends the waiting first comes first."""
    return trouble.patience is None, trouble.patience or 0.0, trouble.pod


def _of_workload(workload: Document, wanted: int, seen: _Pods) -> Iterator[Trouble]:
    """What is wrong before there is a pod."""
    status = workload.get("status", {})
    if workload.get("spec", {}).get("paused"):
        yield Trouble("paused", "somebody has paused its roll-out", _NO_CONFIG)
    for condition in status.get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            yield Trouble("refused", f"its pods are refused: {condition.get('message')}", _REFUSED)
    if workload["kind"] == "StatefulSet" and len(seen.current) < wanted:
        told = [each for each in _about(workload, seen) if each.get("reason") == "FailedCreate"]
        if told:
            yield Trouble("refused", f"its pods are refused: {told[-1].get('message')}", _REFUSED)
    for pod in seen.old:
        if pod["metadata"].get("deletionTimestamp"):
            name = pod["metadata"]["name"]
            yield Trouble("ending", f"pod {name}, which was there before, has not ended yet", None, name)


def _of_pods(seen: _Pods) -> Iterator[Trouble]:
    for pod in seen.current:
        found = [*_of_claims(pod, seen), *_of_containers(pod, seen)]
        yield from found or _of_pod(pod, seen)


def _of_pod(pod: Document, seen: _Pods) -> Iterator[Trouble]:
    """What is wrong with a pod as a whole."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if status.get("phase") == "Failed":
        told = ": ".join(str(status[key]) for key in ("reason", "message") if status.get(key))
        yield Trouble("failed", f"pod {name} failed" + (f": {told}" if told else ""), _REFUSED, name)
    events = _about(pod, seen)
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            grows = any(each.get("reason") == "TriggeredScaleUp" for each in events)
            reason = f"no node takes pod {name}: {condition.get('message') or condition.get('reason')}"
            yield Trouble("unschedulable", reason, None if grows else _MAY_PASS, name)
    told_last = next((each for each in reversed(events) if each.get("reason") != "Scheduled"), {})
    if told_last.get("reason") in _MOUNT_EVENTS and not _has_begun(pod):
        message = str(told_last.get("message"))
        patience = _REFUSED if "not found" in message else _MAY_PASS
        yield Trouble("mount", f"pod {name} cannot be set up: {message}", patience, name)


def _has_begun(pod: Document) -> bool:
    """Whether any container of a pod has been started."""
    return any({"running", "terminated"} & set(status.get("state") or {}) for status, _ in _containers(pod))


def _of_claims(pod: Document, seen: _Pods) -> Iterator[Trouble]:
    """Volumes that a pod waits for."""
    name = pod["metadata"]["name"]
    for volume in pod.get("spec", {}).get("volumes") or ():
        claim = seen.claims.get((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))
        phase = (claim or {}).get("status", {}).get("phase")
        if claim is None or phase not in {"Pending", "Lost"}:
            continue
        what = f"PersistentVolumeClaim {claim['metadata']['name']} of pod {name}"
        told = [each for each in _about(claim, seen) if each.get("reason") in _CLAIM_EVENTS]
        if phase == "Lost":
            yield Trouble("claim", f"{what} has lost its volume", _AT_ONCE, name)
        elif told:
            yield Trouble("claim", f"{what} is pending: {told[-1].get('message')}", _NO_VOLUME, name)


def _of_containers(pod: Document, seen: _Pods) -> Iterator[Trouble]:
    for status, is_init in _containers(pod):
        found = _of_container(pod, status, is_init=is_init, seen=seen)
        if found is not None:
            yield replace(found, pod=pod["metadata"]["name"], container=status["name"])


def _of_container(pod: Document, status: Document, *, is_init: bool, seen: _Pods) -> Trouble | None:
    """What is wrong with one container."""
    name = pod["metadata"]["name"]
    called = f"{'init container' if is_init else 'container'} {status['name']} of pod {name}"
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message") or "")
    image = _image(pod, status)
    if reason in _NAME_REASONS:
        return Trouble("image", f"pod {name} cannot have image {image}: {message or reason}", _AT_ONCE)
    if reason in _PULL_REASONS:
        words = _why_not_pulled(pod, status, message, seen) or reason
        patience = _NO_IMAGE if _HOPELESS_PULL.search(words.lower()) else _MAY_PASS
        return Trouble("image", f"pod {name} cannot pull image {image}: {words}", patience)
    if reason in _MAKE_REASONS:
        return Trouble("make", f"{called} cannot be started: {_plain(message) or reason}", _NO_CONFIG)
    return _of_ends(pod, status, called, reason, seen)


def _of_ends(pod: Document, status: Document, called: str, reason: str, seen: _Pods) -> Trouble | None:
    """A container that ends although it should run, unless it is well by now."""
    state, before = status.get("state") or {}, seen.before.get((pod["metadata"]["uid"], status["name"]), 0)
    last = state.get("terminated") or (status.get("lastState") or {}).get("terminated")
    if last is None or status.get("ready") or (state.get("terminated") or {}).get("reason") == "Completed":
        return None
    ends = int(status.get("restartCount") or 0) - before + ("running" not in state)
    if ends < 1 and reason != _CRASH_REASON:
        return None
    is_memory = last.get("reason") == "OOMKilled"
    limit = MEMORY_ENDS if is_memory else ENDS
    times = f" {ends} times" if ends > 1 else ""
    if is_memory:
        words = f"{called} was OOMKilled{times}"
    else:
        words = f"{called} ended{times}, {'last ' if times else ''}with {_exit(last)}"
        unwell = [each for each in _about(pod, seen) if each.get("reason") == "Unhealthy"]
        if "running" in state and unwell:
            words += f" ({unwell[-1].get('message')})"
    patience = _AT_ONCE if ends >= limit else _ENDS_AGAIN
    return Trouble("ends", words, patience, has_ended="terminated" not in state)


def _exit(last: Mapping[str, Any]) -> str:
    """How a container ended."""
    words = f"exit code {last.get('exitCode')}"
    if last.get("reason") not in {None, "Error", "Completed"}:
        words += f" ({last['reason']})"
    return words + (f": {last['message']}" if last.get("message") else "")


def _image(pod: Document, status: Document) -> str:
    """The image as it was asked for; its status may name another tag of the same."""
    spec = pod.get("spec", {})
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if container.get("name") == status["name"]:
            return str(container.get("image", ""))
    return str(status.get("image", ""))


def _why_not_pulled(pod: Document, status: Document, message: str, seen: _Pods) -> str:
    """Why an image cannot be pulled; while Kubernetes pauses between two tries only an event tells it."""
    if message and not message.startswith("Back-off pulling image"):
        return _plain(message)
    image = _image(pod, status)
    told = [
        str(each.get("message"))
        for each in _about(pod, seen)
        if each.get("reason") == "Failed" and f'"{image}"' in str(each.get("message"))
    ]
    if told:
        return _plain(told[-1].removeprefix(f'Failed to pull image "{image}": '))
    return _plain(message.partition("ErrImagePull: ")[2] or message)


def _plain(message: str) -> str:
    """What the container runtime said, without how it was carried."""
    return _GRPC.sub("", message)


# What was heard


def _by_subject(events: Sequence[Document]) -> dict[str, list[Document]]:
    """The events by the uid of what they are about, the latest last."""
    found: dict[str, list[Document]] = {}
    for event in sorted(events, key=_moment):
        found.setdefault(str((event.get("involvedObject") or {}).get("uid", "")), []).append(event)
    return found


def _about(document: Document, seen: _Pods) -> Sequence[Document]:
    return seen.events.get(document["metadata"].get("uid", "?"), ())


def _moment(event: Mapping[str, Any]) -> tuple[str, int]:
    """When something was last told; events of one second are told apart by when they were written."""
    series = event.get("series") or {}
    times = (event.get("lastTimestamp"), series.get("lastObservedTime"), event.get("eventTime"))
    metadata = event.get("metadata") or {}
    version = str(metadata.get("resourceVersion", ""))
    found = next((str(time) for time in times if time), str(metadata.get("creationTimestamp", "")))
    return found[:19], int(version) if version.isdecimal() else 0


def _last_heard(workload: Document, seen: _Pods) -> str:
    """The last event of a workload, its pods and their claims; else what its pods wait for."""
    told: list[tuple[tuple[str, int], str]] = []
    for pod in seen.current:
        name = pod["metadata"]["name"]
        told += [(_moment(each), f"pod {name}: {each.get('message')}") for each in _about(pod, seen)[-1:]]
        for volume in pod.get("spec", {}).get("volumes") or ():
            claim = seen.claims.get((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))
            if claim is not None and claim.get("status", {}).get("phase") != "Bound":
                events = _about(claim, seen)[-1:]
                told += [
                    (_moment(each), f"claim {claim['metadata']['name']}: {each.get('message')}") for each in events
                ]
    if not told:
        told = [(_moment(each), str(each.get("message"))) for each in _about(workload, seen)[-1:]]
    return max(told)[1] if told else _what_pods_do(seen)


def _what_pods_do(seen: _Pods) -> str:
    """What the first pod that is not ready waits for, where no event is at hand."""
    for pod in seen.current:
        for status, _ in _containers(pod):
            waiting = (status.get("state") or {}).get("waiting") or {}
            if waiting.get("reason"):
                return f"pod {pod['metadata']['name']}: {waiting['reason']}"
        if not _is_ready_pod(pod):
            return f"pod {pod['metadata']['name']}: {pod.get('status', {}).get('phase', 'Pending')}"
    return ""
