"""What is done inside a site's own pods: commands, connections, handshakes and HTTP requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, Final

from planner.lookup import Endpoint
from renderers.cluster.api import Api, Ran
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import of_site
from renderers.cluster.references import Document
from renderers.cluster.side_by_side import side_by_side
from renderers.probes.pods import http as inside_http
from renderers.probes.pods import tls as inside_tls
from renderers.probes.pods.http import HttpAnswer
from renderers.probes.pods.talk import AT_ONCE, Dialled, Reached, Talked, talk
from renderers.probes.pods.tls import Handshake

__all__ = ["Dialled", "Handshake", "HttpAnswer", "Inside", "Reached", "Spot"]

_LONGEST_DIAL: Final = 5
"""Seconds in which an endpoint must take a connection: a SYN is sent again after one and after three."""
_MARGIN: Final = 2
"""Seconds that starting a command in a pod may take."""
_COMMANDS: Final = 8
"""Commands that run in one pod at once."""
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORKLOADS: Final = {"fateflow": "python", "lbrollsite": "rollsite"}
"""Components whose workload is called otherwise, in charts and in our manifests (components.md sections 3 and 4.1)."""
_FLOW: Final = ("fateflow", "python")
_SIDECAR: Final = "istio-proxy"


@dataclass(frozen=True, slots=True)
class Spot:
    """A container that is ready."""

    namespace: str
    pod: str
    container: str
    component: str
    address: str = ""
    """The pod's own address."""
    is_proxied: bool = False
    """Whether a sidecar of Istio takes what is dialled here, before it has reached anybody."""


class Inside:
    """The pods of one site. Used by several threads; pods are listed once."""

    def __init__(self, api: Api, folder: SiteFolder) -> None:
        """Work in the pods of this site."""
        self._api = api
        self._folder = folder
        self._lock = Lock()
        self._pods: dict[str, Sequence[Document]] = {}

    def spots(self, component: str, deadline: Deadline, *, serving: bool = False) -> tuple[Spot, ...]:
        """The containers of a component that are ready, of whatever target; by pod. Raises ApiError.

        A component is called as in cluster.yaml (`rollsite`, `servingServer`), FATE-Flow `fateflow` or `python`.
        """
        namespaces = self._folder.namespaces
        namespace = (namespaces.get("serving") if serving else None) or namespaces["training"]
        return tuple(spots_in(self._listed(namespace, deadline), component))

    def _listed(self, namespace: str, deadline: Deadline) -> Sequence[Document]:
        with self._lock:
            found = self._pods.get(namespace)
            if found is None:
                found = self._api.list("v1", "Pod", namespace, deadline, labels=of_site(self._folder))
                self._pods[namespace] = found
            return found

    def run(self, spot: Spot, command: Sequence[str], deadline: Deadline) -> Ran:
        """Run a command in a container. Raises ApiError."""
        return self._api.run(spot.namespace, spot.pod, spot.container, command, deadline)

    def dial(self, spot: Spot, endpoint: Endpoint, deadline: Deadline) -> Dialled:
        """Open a connection from a container and close it again. Raises ApiError."""
        return self.dial_all(spot, (endpoint,), deadline)[endpoint]

    def dial_all(self, spot: Spot, endpoints: Iterable[Endpoint], deadline: Deadline) -> Mapping[Endpoint, Dialled]:
        """Open a connection to each endpoint from a container, and close it again. Raises ApiError."""
        found = self._talk(spot, endpoints, b"", deadline)
        return {endpoint: talked.dialled for endpoint, talked in found.items()}

    def shake_hands(self, spot: Spot, endpoint: Endpoint, server_name: str, deadline: Deadline) -> Handshake:
        """Try a TLS handshake from a container. Raises ApiError."""
        return self.shake_all(spot, (endpoint,), server_name, deadline)[endpoint]

    def shake_all(
        self, spot: Spot, endpoints: Iterable[Endpoint], server_name: str, deadline: Deadline
    ) -> Mapping[Endpoint, Handshake]:
        """Try a TLS handshake with each endpoint from a container, asking all for one name. Raises ApiError."""
        found = self._talk(spot, endpoints, inside_tls.hello(server_name), deadline)
        return {endpoint: inside_tls.judged(talked, is_proxied=spot.is_proxied) for endpoint, talked in found.items()}

    def ask(
        self,
        spot: Spot,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send an HTTP request (to a URL of http://) from a container. Raises ApiError.

        The request is an argument of the command, which the log of an API server may keep: no secret may be in it.
        """
        endpoint, said = inside_http.request(method, url, body, headers or {})
        (talked,) = talk(partial(self._command, spot, deadline), (endpoint,), _seconds(deadline), said)
        return inside_http.answer(talked, method)

    def _talk(
        self, spot: Spot, endpoints: Iterable[Endpoint], said: bytes, deadline: Deadline
    ) -> Mapping[Endpoint, Talked]:
        """Say the same to many endpoints, with a few commands at once."""
        parts = list(_parts(sorted(set(endpoints)), AT_ONCE))
        seconds = min(_LONGEST_DIAL, _seconds(deadline))
        run = partial(self._command, spot, deadline)
        found = side_by_side(lambda part: talk(run, part, seconds, said), parts, _COMMANDS)
        return {
            each: talked for part, row in zip(parts, found, strict=True) for each, talked in zip(part, row, strict=True)
        }

    def _command(self, spot: Spot, deadline: Deadline, command: Sequence[str]) -> Ran:
        return self.run(spot, command, deadline)


def _seconds(deadline: Deadline) -> int:
    """How long a talk may take, so that its end is still heard of."""
    return max(1, int(deadline.left) - _MARGIN)


def _parts(endpoints: Sequence[Endpoint], size: int) -> Iterator[Sequence[Endpoint]]:
    return (endpoints[start : start + size] for start in range(0, len(endpoints), size))


def spots_in(pods: Iterable[Document], component: str) -> Iterator[Spot]:
    """The containers of a component that are ready, one for each of its pods, by the names of the pods."""
    name = _HUMP.sub("-", component).lower()
    workload = _WORKLOADS.get(name, name)
    # a Deployment's, a StatefulSet's, or one of the numbered Deployments that charts 1.4 and 1.5 make of nodemanager
    called = re.compile(rf"{re.escape(workload)}(?:-\d+)?-(?:\d+|[a-z0-9]+-[a-z0-9]+)")
    wanted = _FLOW if workload == "python" else (name, workload)
    for pod in sorted(pods, key=lambda each: str(each["metadata"]["name"])):
        metadata, status = pod["metadata"], pod.get("status") or {}
        if not called.fullmatch(str(metadata["name"])) or metadata.get("deletionTimestamp"):
            continue
        container = _container(pod, wanted)
        if container:
            address = str(status.get("podIP") or "")
            is_proxied = _SIDECAR in _names(pod, "containers") + _names(pod, "initContainers")
            yield Spot(str(metadata["namespace"]), str(metadata["name"]), container, component, address, is_proxied)


def _container(pod: Document, wanted: Sequence[str]) -> str:
    """The ready container of a pod that is called as is wanted, else the first one that is ready; empty for none."""
    listed = _names(pod, "containers")
    found = set(ready(pod))
    named = [each for each in wanted if each in listed] or listed[:1]
    return next((each for each in named if each in found), "")


def _names(pod: Document, kind: str) -> list[str]:
    """What the containers of a kind are called in a pod."""
    return [str(each.get("name")) for each in (pod.get("spec") or {}).get(kind) or ()]


def ready(pod: Mapping[str, Any]) -> Iterator[str]:
    """The containers of a pod that are ready."""
    for each in (pod.get("status") or {}).get("containerStatuses") or ():
        if each.get("ready"):
            yield str(each.get("name"))
