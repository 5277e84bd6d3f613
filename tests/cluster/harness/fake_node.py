"""A node without containers: pods on it come up in a moment, or fail as a test wishes.

It does what a kubelet does as far as the API server can see: it registers a Node and keeps it ready, writes the status
of the pods that are scheduled there, tells events, lets go of pods that are being deleted, and hands out logs. Images
are never looked at. A pod that asks for a Secret or ConfigMap which is not there waits for it, as it would for real.
"""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.cluster.harness.api import MERGE, UNREACHABLE, Api, ApiError, Watch
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.failures import HarnessError
from tests.cluster.harness.fates import ANNOTATION, Event, Fate, Fates, Lot, fate_of, outcome
from tests.cluster.harness.pki import Pki

_HOST = "127.0.0.1"
_BEAT = 5.0
_RETRY = 0.3
_LOOK_AGAIN = 1.0
_ROOM = {"cpu": "64", "memory": "512Gi", "pods": "1000", "ephemeral-storage": "4Ti"}
_GONE = 410
_ABOUT = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "kubeProxyVersion",
    "containerRuntimeVersion",
)


class FakeNode:
    """A node of a control plane, from `start` to `stop`, or for as long as a block runs."""

    def __init__(
        self, cluster: Cluster, name: str = "fake-1", fates: Fates | None = None, room: Mapping[str, str] | None = None
    ) -> None:
        """Say which images have which fate, and what room there is beside the usual (`nvidia.com/gpu`, say)."""
        if cluster.run is None:
            message = "a given cluster gets no fake node"
            raise HarnessError(message)
        self.cluster = cluster
        self.name = name
        self._first: Fates = fates or {}
        self._fates = self._first
        self._room = _ROOM | dict(room or {})
        self._pki = Pki(cluster.run / "pki")
        self._logs: dict[tuple[str | None, str], str] = {}
        self._pods: dict[str, dict[str, Any]] = {}
        self._due: dict[str, float] = {}
        self._lots: dict[str, dict[str, tuple[Fate, float, str]]] = {}
        self._written: dict[str, str] = {}
        self._told: set[tuple[str, Event]] = set()
        self._addresses: dict[str, str] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._watch: Watch | None = None
        self._threads: list[threading.Thread] = []
        self._beaten = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def decide(self, fates: Fates) -> None:
        """Give images other fates from now on, also those of pods that are there."""
        if isinstance(fates, Mapping):
            fates = {part: Fate(fate) for part, fate in fates.items()}
        with self._changed:
            self._fates = fates
            self._due = dict.fromkeys(self._pods, 0.0)
            self._changed.notify()

    def reset(self) -> None:
        """Forget the logs that were set, and give every image the fate from the start."""
        self._logs.clear()
        self.decide(self._first)

    def set_log(self, pod: str, text: str, namespace: str | None = None) -> None:
        """Set what the containers of a pod have logged; without a namespace, of all pods of that name."""
        self._logs[namespace, pod] = text

    def log(self, namespace: str, pod: str) -> str:
        """What the containers of a pod have logged."""
        either = self._logs.get((None, pod), f"log of {pod}\n")
        return self._logs.get((namespace, pod), either)

    def start(self) -> None:
        """Register the node; return when pods can be scheduled there."""
        self._server = _log_server(self, self._pki)
        loops = (self._server.serve_forever, self._follow, self._work)
        self._threads = [
            threading.Thread(target=loop, name=f"{self.name}-{loop.__name__}", daemon=True) for loop in loops
        ]
        for thread in self._threads:
            thread.start()
        self._wait_for_pods()

    def stop(self) -> None:
        """Stop being a node; the Node is removed if there is a server to ask."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        if self._watch is not None:
            self._watch.stop()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join(15)
        with self.cluster.api() as api, suppress(ApiError, *UNREACHABLE):
            api.call("DELETE", f"/api/v1/nodes/{self.name}")

    def _wait_for_pods(self, seconds: float = 150) -> None:
        """Wait until the control plane trusts the node."""
        deadline = time.monotonic() + seconds
        with self.cluster.api() as api:
            while True:
                with suppress(ApiError, *UNREACHABLE):
                    if self._is_trusted(api.find(f"/api/v1/nodes/{self.name}") or {}):
                        return
                if time.monotonic() > deadline:
                    message = f"node {self.name} is not ready after {seconds:.0f} s"
                    raise HarnessError(message)
                time.sleep(0.1)

    @staticmethod
    def _is_trusted(node: Mapping[str, Any]) -> bool:
        """Whether a Node is ready and nothing keeps pods away from it."""
        conditions = node.get("status", {}).get("conditions", [])
        ready = any((found["type"], found["status"]) == ("Ready", "True") for found in conditions)
        return ready and not node["spec"].get("taints")

    # Watching

    def _follow(self) -> None:
        """Keep the pods of this node at hand."""
        path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{self.name}"
        version = ""
        with self.cluster.api() as api:
            while not self._stopping.is_set():
                try:
                    version = version or self._take_all(api.get(path))
                    self._watch = Watch(api.endpoint, path, version)
                    for event in self._watch.events():
                        version = self._take(event)
                except ApiError:
                    version = ""
                    self._stopping.wait(_RETRY)
                except (*UNREACHABLE, ValueError):
                    self._stopping.wait(_RETRY)

    def _take_all(self, found: Mapping[str, Any]) -> str:
        """Take a whole list of pods."""
        with self._changed:
            self._pods = {pod["metadata"]["uid"]: pod for pod in found["items"]}
            self._due = dict.fromkeys(self._pods, 0.0)
            self._changed.notify()
        return str(found["metadata"]["resourceVersion"])

    def _take(self, event: Mapping[str, Any]) -> str:
        """Take one event and return the version after it; an error says that the server has forgotten where we were."""
        pod = event["object"]
        if event["type"] == "ERROR":
            raise ApiError(int(pod.get("code", _GONE)), str(pod.get("message")))
        if event["type"] != "BOOKMARK":
            uid = pod["metadata"]["uid"]
            with self._changed:
                if event["type"] == "DELETED":
                    self._forget(uid)
                else:
                    self._pods[uid] = pod
                    self._due[uid] = 0.0
                    self._changed.notify()
        return str(pod["metadata"]["resourceVersion"])

    def _forget(self, uid: str) -> None:
        """Drop everything kept about a pod."""
        for kept in (self._pods, self._due, self._lots, self._written, self._addresses):
            kept.pop(uid, None)

    # Writing

    def _work(self) -> None:
        """Write the status of the node and of its pods whenever there is something new to say."""
        with self.cluster.api() as api:
            while not self._stopping.is_set():
                try:
                    self._beat(api)
                    for uid in self._ripe():
                        self._settle(api, uid)
                except (ApiError, *UNREACHABLE):
                    self._stopping.wait(_RETRY)

    def _ripe(self) -> Iterator[str]:
        """The pods to look at now; waits a little when there are none."""
        with self._changed:
            now = time.monotonic()
            ripe = [uid for uid, due in self._due.items() if due <= now]
            if not ripe:
                wait = min([_LOOK_AGAIN, *(due - now for due in self._due.values())])
                self._changed.wait(wait)
        yield from ripe

    def _settle(self, api: Api, uid: str) -> None:
        """Bring one pod to where it should be."""
        with self._changed:
            pod = self._pods.get(uid)
            self._due.pop(uid, None)
        if pod is None:
            return
        try:
            again = self._let_go(api, pod) if pod["metadata"].get("deletionTimestamp") else self._update(api, pod)
        except (ApiError, *UNREACHABLE) as refused:
            again = _RETRY
            if isinstance(refused, ApiError) and refused.status == 404:
                again = None
        if again is not None:
            with self._changed:
                if uid in self._pods:
                    self._due.setdefault(uid, time.monotonic() + again)

    def _let_go(self, api: Api, pod: Mapping[str, Any]) -> float:
        """Let a pod that is being deleted go; returns when to look again, should it still be there."""
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        with suppress(ApiError):
            api.call("DELETE", _path(pod), body)
        return _LOOK_AGAIN

    def _update(self, api: Api, pod: Mapping[str, Any]) -> float | None:
        """Write a pod's status, if it has changed; returns when to look again."""
        uid = pod["metadata"]["uid"]
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return None
        lots = self._decide(api, pod)
        result = outcome(pod, lots, _now(), _HOST, self._address(uid))
        short = _without_times(result.status)
        if self._written.get(uid) != short or _summary(pod.get("status", {})) != _summary(result.status):
            api.call("PATCH", f"{_path(pod)}/status", {"status": result.status}, MERGE)
            self._written[uid] = short
        for event in result.events:
            self._tell(api, pod, event)
        if any(lot.fate in (Fate.NO_CONFIG, Fate.NO_VOLUME) for lot in lots.values()):
            result.later(_LOOK_AGAIN)
        return result.again

    def _decide(self, api: Api, pod: Mapping[str, Any]) -> dict[str, Lot]:
        """The lot of every container of a pod."""
        uid, spec = pod["metadata"]["uid"], pod["spec"]
        asked = pod["metadata"].get("annotations", {}).get(ANNOTATION)
        before = self._lots.get(uid, {})
        containers = [*spec.get("initContainers", []), *spec["containers"]]
        volume = "" if _has_begun(before) else _absent_volume(api, pod)
        now = time.monotonic()
        lots: dict[str, tuple[Fate, float, str]] = {}
        for container in containers:
            name = container["name"]
            fate, reason = self._fate(asked, container["image"])
            if volume:
                fate, reason = Fate.NO_VOLUME, volume
            elif not _has_begun(before) and (absent := _absent_value(api, pod, container)):
                fate, reason = Fate.NO_CONFIG, absent
            since = before[name][1] if name in before and before[name][0] is fate else now
            lots[name] = (fate, since, reason)
        self._lots[uid] = lots
        return {name: Lot(fate, now - since, reason) for name, (fate, since, reason) in lots.items()}

    def _fate(self, asked: str | None, image: str) -> tuple[Fate, str]:
        """The fate a pod asks for, or its image has; and what there is to say about it."""
        if not asked:
            return fate_of(image, self._fates), ""
        if asked not in list(Fate):
            return Fate.NO_CONFIG, f"the annotation {ANNOTATION} names no fate: {asked}"
        return Fate(asked), ""

    def _address(self, uid: str) -> str:
        """An address for a pod that no other pod has."""
        if uid not in self._addresses:
            taken = set(self._addresses.values())
            net = 100 + zlib.crc32(self.name.encode()) % 100
            free = (f"10.{net}.{number // 250}.{number % 250 + 2}" for number in range(60000))
            self._addresses[uid] = next(address for address in free if address not in taken)
        return self._addresses[uid]

    def _tell(self, api: Api, pod: Mapping[str, Any], event: Event) -> None:
        """Tell an event of a pod, once."""
        meta = pod["metadata"]
        if (meta["uid"], event) in self._told:
            return
        about = {"kind": "Pod", "apiVersion": "v1", **{key: meta[key] for key in ("name", "namespace", "uid")}}
        if event.container:
            about["fieldPath"] = f"spec.containers{{{event.container}}}"
        body = {
            "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
            "involvedObject": about,
            "type": event.type,
            "reason": event.reason,
            "message": event.message,
            "source": {"component": "kubelet", "host": self.name},
            "firstTimestamp": _now(),
            "lastTimestamp": _now(),
            "count": 1,
        }
        try:
            api.call("POST", f"/api/v1/namespaces/{meta['namespace']}/events", body)
        except ApiError as refused:  # the namespace may be on its way out; what the server cannot do now is tried again
            if refused.status >= HTTPStatus.TOO_MANY_REQUESTS:
                raise
        self._told.add((meta["uid"], event))

    def _beat(self, api: Api) -> None:
        """Say that the node is well; register it where it is not known."""
        if time.monotonic() - self._beaten < _BEAT:
            return
        path = f"/api/v1/nodes/{self.name}"
        if api.find(path) is None:
            labels = {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
            metadata = {"name": self.name, "labels": labels}
            api.call("POST", "/api/v1/nodes", {"metadata": metadata, "status": self._status()})
        api.call("PATCH", f"{path}/status", {"status": self._status()}, MERGE)
        self._beaten = time.monotonic()

    def _status(self) -> dict[str, Any]:
        """The status of the node."""
        assert self._server is not None
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "fake kubelet is ready"}
        return {
            "capacity": self._room,
            "allocatable": self._room,
            "addresses": [{"type": "InternalIP", "address": _HOST}, {"type": "Hostname", "address": self.name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_address[1]}},
            "nodeInfo": {
                **dict.fromkeys(_ABOUT, "fake"),
                "kubeletVersion": self.cluster.version,
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
            "conditions": [{**ready, "lastHeartbeatTime": _now(), "lastTransitionTime": _now()}],
        }


def _path(pod: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _has_begun(lots: Mapping[str, tuple[Fate, float, str]]) -> bool:
    """Whether all a pod asks for was there once: what is removed later does not matter to it."""
    return bool(lots) and all(fate not in (Fate.NO_CONFIG, Fate.NO_VOLUME) for fate, _, _ in lots.values())


def _summary(status: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """What others may have changed in a status: controllers take pods of a node that was away for unready."""
    return status.get("phase"), {condition["type"]: condition["status"] for condition in status.get("conditions", [])}


def _without_times(status: Any) -> str:
    """A status as text, to compare; times say nothing new."""
    if isinstance(status, dict):
        left = {key: _without_times(value) for key, value in sorted(status.items()) if not key.endswith(("At", "Time"))}
        return str(left)
    return str([_without_times(item) for item in status]) if isinstance(status, list) else repr(status)


def _absent_volume(api: Api, pod: Mapping[str, Any]) -> str:
    """What a kubelet says of the first volume that cannot be mounted; empty when all can."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes", []):
        for kind, plural, key in (("secret", "secrets", "secretName"), ("configMap", "configmaps", "name")):
            source = volume.get(kind)
            if source is None or source.get("optional"):
                continue
            if api.find(f"/api/v1/namespaces/{namespace}/{plural}/{source[key]}") is None:
                shown = f'{kind.lower()} "{source[key]}" not found'
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {shown}'
    return ""


def _absent_value(api: Api, pod: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """What a kubelet says of the first value of the environment that is not there; empty when all are."""
    namespace = pod["metadata"]["namespace"]
    wanted = [(entry.get("secretRef"), entry.get("configMapRef")) for entry in container.get("envFrom", [])]
    sources = [entry["valueFrom"] for entry in container.get("env", []) if "valueFrom" in entry]
    wanted += [(source.get("secretKeyRef"), source.get("configMapKeyRef")) for source in sources]
    for pair in wanted:
        for kind, plural, reference in zip(("Secret", "ConfigMap"), ("secrets", "configmaps"), pair, strict=True):
            if reference is None or reference.get("optional"):
                continue
            found = api.find(f"/api/v1/namespaces/{namespace}/{plural}/{reference['name']}")
            if found is None:
                return f'{kind.lower()} "{reference["name"]}" not found'
            if "key" in reference and reference["key"] not in {**found.get("data", {}), **found.get("binaryData", {})}:
                return f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}"
    return ""


def _log_server(node: FakeNode, pki: Pki) -> ThreadingHTTPServer:
    """The kubelet's own server, of which the API server asks logs."""

    class Handler(BaseHTTPRequestHandler):
        """Answers one request."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Hand out a log."""
            asked = urlsplit(self.path)
            parts = asked.path.strip("/").split("/")
            query = {name: values[-1] for name, values in parse_qs(asked.query).items()}
            if parts[0] != "containerLogs" or len(parts) != 4:
                self._answer(404, "the fake node has logs only\n")
                return
            text = node.log(parts[1], parts[2])
            if "tailLines" in query:
                count = int(query["tailLines"])
                text = "".join(text.splitlines(keepends=True)[-count:]) if count else ""
            self._answer(200, text[: int(query["limitBytes"])] if "limitBytes" in query else text)

        def _answer(self, code: int, text: str) -> None:
            data = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki.ca))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(pki.certificate("kubelet-server"), pki.key("kubelet-server"))
    server = ThreadingHTTPServer((_HOST, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server
