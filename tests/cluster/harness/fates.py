"""What becomes of a pod on the fake node, as a kubelet would write it into the pod's status.

Nothing here talks to anybody: a pod, the fates of its containers and how long they have had them go in, the status,
the events and the time of the next change come out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from tests.cluster.harness.images import full_name

ANNOTATION = "fake/state"
"""The annotation of a pod that names the fate of all its containers."""

_PULLS = 0.6
_FIRST_END = 0.4
_JOB = 0.8


class Fate(StrEnum):
    """What becomes of a container."""

    READY = "ready"
    IMAGE_PULL = "image-pull"
    CRASH = "crash"
    OOM = "oom"
    NEVER_READY = "never-ready"
    NO_CONFIG = "no-config"
    """It asks for a value that is not there; the fake node finds that out by itself."""
    NO_VOLUME = "no-volume"
    """It asks for a volume that is not there; the fake node finds that out by itself."""


Fates = Mapping[str, str] | Callable[[str], str | None]
"""Which fate an image has: parts of the names of images, or a function of the name; None is `ready`."""


def fate_of(image: str, fates: Fates) -> Fate:
    """The fate of an image; the longest part of its name that is listed counts."""
    if callable(fates):
        return Fate(fates(image) or Fate.READY)
    parts = sorted((part for part in fates if part in image), key=len)
    return Fate(fates[parts[-1]]) if parts else Fate.READY


@dataclass(frozen=True, slots=True)
class Lot:
    """A container's fate, for how many seconds it has had it, and what there is to say about it."""

    fate: Fate
    age: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What a kubelet tells about a container."""

    type: str
    reason: str
    message: str
    container: str


@dataclass(slots=True)
class Outcome:
    """A pod's status, the events so far, and in how many seconds there is more."""

    status: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    again: float | None = None

    def later(self, seconds: float) -> None:
        """Ask to be looked at again."""
        self.again = seconds if self.again is None else min(self.again, seconds)


@dataclass(frozen=True, slots=True)
class _Pod:
    """What the pieces of a status have in common."""

    spec: Mapping[str, Any]
    name: str
    namespace: str
    uid: str
    is_job: bool
    now: str
    outcome: Outcome

    @property
    def restarts(self) -> bool:
        """Whether containers that fail are started again."""
        return bool(self.spec.get("restartPolicy", "Always") != "Never")


def outcome(pod: Mapping[str, Any], lots: Mapping[str, Lot], now: str, host: str, address: str) -> Outcome:
    """The status of a pod whose containers have these lots."""
    meta, spec = pod["metadata"], pod["spec"]
    owners = [owner["kind"] for owner in meta.get("ownerReferences", [])]
    result = Outcome({})
    about = _Pod(spec, meta["name"], meta["namespace"], meta["uid"], "Job" in owners, now, result)
    begun, inits = True, []
    for container in spec.get("initContainers", []):
        status = _container(about, container, lots[container["name"]], is_init=True) if begun else _waits(container)
        begun = begun and status["ready"]
        inits.append(status)
    mains = [
        _container(about, container, lots[container["name"]], is_init=False) if begun else _waits(container)
        for container in spec["containers"]
    ]
    _keep_restarts(pod, [*inits, *mains])
    result.status = {
        "phase": _phase(about, inits, mains, begun=begun),
        "startTime": pod.get("status", {}).get("startTime") or now,
        "hostIP": host,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "containerStatuses": mains,
        "conditions": _conditions(pod, inits, mains, now),
    }
    if inits:
        result.status["initContainerStatuses"] = inits
    return result


def _keep_restarts(pod: Mapping[str, Any], statuses: list[dict[str, Any]]) -> None:
    """Restarts that have been counted are not forgotten when a container gets well."""
    before = pod.get("status", {})
    for old in (*before.get("initContainerStatuses", []), *before.get("containerStatuses", [])):
        for new in statuses:
            if new["name"] == old["name"]:
                new["restartCount"] = max(new["restartCount"], old["restartCount"])


def image_id(image: str) -> str:
    """What a registry would have called an image."""
    return f"{image.partition('@')[0]}@sha256:{sha256(image.encode()).hexdigest()}"


def _container(pod: _Pod, container: Mapping[str, Any], lot: Lot, *, is_init: bool) -> dict[str, Any]:
    """The status of a container that had its chance to start."""
    if lot.fate is Fate.IMAGE_PULL:
        return _pulls(pod, container, lot)
    if lot.fate in (Fate.CRASH, Fate.OOM):
        return _ends(pod, container, lot)
    if lot.fate is Fate.NO_VOLUME:
        pod.outcome.events.append(Event("Warning", "FailedMount", lot.reason, ""))
        return _status(container, {"waiting": {"reason": "ContainerCreating"}})
    if lot.fate is Fate.NO_CONFIG:
        pod.outcome.events.append(Event("Warning", "Failed", f"Error: {lot.reason}", container["name"]))
        return _status(container, {"waiting": {"reason": "CreateContainerConfigError", "message": lot.reason}})
    if is_init:
        return _status(container, {"terminated": _terminated(pod, "Completed", 0)}, ready=True)
    return _runs(pod, container, lot)


def _runs(pod: _Pod, container: Mapping[str, Any], lot: Lot) -> dict[str, Any]:
    """A container that starts."""
    if lot.fate is Fate.NEVER_READY:
        said = "Readiness probe failed: the fake node was told that this container never becomes ready"
        pod.outcome.events.append(Event("Warning", "Unhealthy", said, container["name"]))
        return _status(container, {"running": {"startedAt": pod.now}}, started=True)
    if pod.is_job:
        if lot.age >= _JOB:
            return _status(container, {"terminated": _terminated(pod, "Completed", 0)})
        pod.outcome.later(_JOB - lot.age)
    return _status(container, {"running": {"startedAt": pod.now}}, ready=True, started=True)


def _pulls(pod: _Pod, container: Mapping[str, Any], lot: Lot) -> dict[str, Any]:
    """A container whose image cannot be had."""
    image, name, full = container["image"], container["name"], full_name(container["image"])
    why = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": failed to resolve reference '
        f'"{full}": {full}: not found'
    )
    events = pod.outcome.events
    events.append(Event("Normal", "Pulling", f'Pulling image "{image}"', name))
    events.append(Event("Warning", "Failed", f'Failed to pull image "{image}": {why}', name))
    events.append(Event("Warning", "Failed", "Error: ErrImagePull", name))
    if lot.age < _PULLS:
        pod.outcome.later(_PULLS - lot.age)
        return _status(container, {"waiting": {"reason": "ErrImagePull", "message": why}}, pulled=False)
    backs_off = f'Back-off pulling image "{image}"'
    events.append(Event("Normal", "BackOff", backs_off, name))
    events.append(Event("Warning", "Failed", "Error: ImagePullBackOff", name))
    return _status(container, {"waiting": {"reason": "ImagePullBackOff", "message": backs_off}}, pulled=False)


def _ends(pod: _Pod, container: Mapping[str, Any], lot: Lot) -> dict[str, Any]:
    """A container that starts and ends, over and over; the pauses double, from one second."""
    is_oom = lot.fate is Fate.OOM
    ended = _terminated(pod, "OOMKilled" if is_oom else "Error", 137 if is_oom else 1)
    if lot.age < _FIRST_END or not pod.restarts:
        if pod.restarts:
            pod.outcome.later(_FIRST_END - lot.age)
        return _status(container, {"terminated": ended})
    restarts = 1 + int(math.log2(1 + lot.age))
    pod.outcome.later(2**restarts - 1 - lot.age + 0.01)
    name = container["name"]
    pause = min(10 * 2 ** (restarts - 1), 300)
    shown = f"{pause // 60}m{pause % 60}s" if pause >= 60 else f"{pause}s"
    message = f"back-off {shown} restarting failed container={name} pod={pod.name}_{pod.namespace}({pod.uid})"
    pod.outcome.events.append(Event("Warning", "BackOff", "Back-off restarting failed container", name))
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return _status(container, waiting, last={"terminated": ended}, restarts=restarts)


def _terminated(pod: _Pod, reason: str, code: int) -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, "startedAt": pod.now, "finishedAt": pod.now}


def _waits(container: Mapping[str, Any]) -> dict[str, Any]:
    """A container whose turn comes after the init containers."""
    return _status(container, {"waiting": {"reason": "PodInitializing"}}, pulled=False)


def _status(
    container: Mapping[str, Any],
    state: Mapping[str, Any],
    *,
    ready: bool = False,
    started: bool = False,
    pulled: bool = True,
    last: Mapping[str, Any] | None = None,
    restarts: int = 0,
) -> dict[str, Any]:
    has_run = (pulled and "waiting" not in state) or bool(last)
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": image_id(container["image"]) if has_run else "",
        **({"containerID": f"fake://{sha256(container['name'].encode()).hexdigest()}"} if has_run else {}),
        "ready": ready,
        "started": started,
        "restartCount": restarts,
        "state": dict(state),
        "lastState": dict(last or {}),
    }


def _phase(pod: _Pod, inits: list[dict[str, Any]], mains: list[dict[str, Any]], *, begun: bool) -> str:
    """The phase that follows from the containers."""
    ends = [status["state"].get("terminated") for status in mains]
    failed_init = [status for status in inits if status["state"].get("terminated", {}).get("exitCode")]
    if failed_init and not pod.restarts:
        return "Failed"
    if not begun or any(_never_started(status) for status in mains):
        return "Pending"
    if all(ends) and pod.spec.get("restartPolicy", "Always") != "Always":
        failed = any(end["exitCode"] for end in ends if end)
        if not failed:
            return "Succeeded"
        return "Running" if pod.restarts else "Failed"
    return "Running"


def _never_started(status: Mapping[str, Any]) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def _conditions(
    pod: Mapping[str, Any], inits: list[dict[str, Any]], mains: list[dict[str, Any]], now: str
) -> list[dict[str, Any]]:
    """The conditions that follow from the containers; times stay where nothing changed."""
    before = {condition["type"]: condition for condition in pod.get("status", {}).get("conditions", [])}
    late = [status["name"] for status in inits if not status["ready"]]
    unready = [status["name"] for status in mains if not status["ready"]]
    done = bool(mains) and all(status["state"].get("terminated", {}).get("exitCode") == 0 for status in mains)
    found = [
        _condition(
            "Initialized", late, "ContainersNotInitialized", f"containers with incomplete status: [{_list(late)}]"
        ),
        *(
            _condition(kind, unready, "PodCompleted" if done else "ContainersNotReady", _unready(unready, done=done))
            for kind in ("Ready", "ContainersReady")
        ),
        {"type": "PodScheduled", "status": "True"},
    ]
    for condition in found:
        old = before.get(condition["type"], {})
        same = old.get("status") == condition["status"]
        condition["lastTransitionTime"] = old.get("lastTransitionTime") or now if same else now
    return found


def _unready(names: list[str], *, done: bool) -> str:
    return "" if done else f"containers with unready status: [{_list(names)}]"


def _list(names: list[str]) -> str:
    return " ".join(names)


def _condition(kind: str, against: list[str], reason: str, message: str) -> dict[str, Any]:
    """A condition that holds when nothing is against it; an old reason is taken away."""
    why = {"reason": reason, "message": message} if against else {"reason": None, "message": None}
    return {"type": kind, "status": "False" if against else "True", **why}
