"""What the network must let through for one site, and why: from its folder alone.

Between sites everything is TCP. In are the doors at which others dial the site, out are the endpoints that it dials.
Sources: reference components.md "Ports a peer dials"; for what only one's own side needs, service-api.md sections 1
and 8 (the service and its repository of charts) and the Kubernetes API (a NodePort is open on every node).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from planner.channels import Channel
from planner.site_json import Dial, OpenDoor
from planner.wording import label
from renderers.cluster.folder import SiteFolder
from renderers.sound_yaml import UnsoundYamlError, documents

VERSION: Final = 1
"""The version of firewall.json."""
_REASONS: Final[Mapping[Channel, str]] = {
    Channel.ROLLSITE: "control and data of training",
    Channel.NGINX_HTTP: "control of training (FATE-Flow over http)",
    Channel.NGINX_GRPC: "control of training (FATE-Flow over grpc)",
    Channel.RABBITMQ: "data of training (AMQP to RabbitMQ)",
    Channel.PULSAR: "data of training (Pulsar)",
    Channel.SERVING: "inference (grpc to serving-proxy)",
    Channel.LOAD: "FATE-Flow loads models into serving-server",
    Channel.TRANSFER: "serving-server fetches models from FATE-Flow",
}
_INSIDE: Final = re.compile(
    r"(rollsite|osx|proxy|nginx|rabbitmq|pulsar|traffic-server|serving-proxy|serving-server|fateflow(-client)?)\.[^.]+"
)
"""The name of a Service as pods of its own cluster dial it."""
_REDIS: Final = re.compile(r"^redis\.(ip|port)=(\S+)$", re.MULTILINE)
_DOCKER_HUB: Final = "docker.io"
PUBLIC_CHARTS: Final = "https://federatedai.github.io/KubeFATE"
_PORTS: Final = {"http": 80, "https": 443, "oci": 443}
_MYSQL: Final = 3306


@dataclass(frozen=True, slots=True)
class Source:
    """One site that dials another: its key, and the address at which it is itself dialled, if that is known."""

    site: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Inward:
    """A port at which others dial the site. `is_inside`: only pods of its own cluster do."""

    channel: Channel
    address: str
    port: int
    service: str
    namespace: str
    type: str
    sources: tuple[Source, ...]
    reason: str

    @property
    def is_inside(self) -> bool:
        """Whether no firewall stands before it."""
        return self.type == "ClusterIP"

    @property
    def where(self) -> str:
        """Where the port is open, in words."""
        if self.type == "NodePort":
            return "a NodePort: open on every node of the cluster, dialled at this address"
        return "a load balancer" if self.type == "LoadBalancer" else "inside the cluster alone"


@dataclass(frozen=True, slots=True)
class Outward:
    """An endpoint that the site dials, of another site. `is_inside`: it is in the same cluster."""

    channel: Channel
    peer: str
    host: str
    port: int
    reason: str

    @property
    def is_inside(self) -> bool:
        """Whether the endpoint is the name of a Service of the same cluster."""
        return _INSIDE.fullmatch(self.host) is not None


@dataclass(frozen=True, slots=True)
class Around:
    """Something that the site needs on its own side: who dials, which host and port (None: the usual one), what for."""

    who: str
    host: str
    port: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one site."""

    inward: tuple[Inward, ...]
    outward: tuple[Outward, ...]
    around: tuple[Around, ...]


def rules(folder: SiteFolder) -> Rules:
    """What must be let through for a site."""
    addresses = {dial.peer: dial.host for dial in reversed(folder.dials)}
    return Rules(
        tuple(_inward(door, addresses) for door in folder.doors),
        tuple(_outward(dial) for dial in folder.dials),
        tuple(dict.fromkeys(_around(folder))),
    )


def firewall_json(folder: SiteFolder, found: Rules) -> str:
    """The rules for machines."""
    document = {
        "version": VERSION,
        "federation": folder.federation,
        "site": folder.key,
        "in": [_inward_data(each) for each in found.inward],
        "out": [_outward_data(each) for each in found.outward],
        "around": [
            {"from": each.who, "host": each.host, "port": each.port, "protocol": "TCP", "reason": each.reason}
            for each in found.around
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def contents(folder: SiteFolder) -> Iterator[tuple[str, Any]]:
    """The YAML documents of a site's files, each with the name of its file; a file that is no YAML has none."""
    for name, text in folder.files.items():
        if name.endswith(".yaml"):
            try:
                found = documents(text.encode())
            except UnsoundYamlError:
                continue
            for each in found:
                yield name, each


def _inward(door: OpenDoor, addresses: Mapping[str, str]) -> Inward:
    sources = tuple(Source(key, addresses.get(key, "")) for key in door.dialled_by)
    reason = _REASONS[door.channel]
    return Inward(door.channel, door.host, door.port, door.service, door.namespace, door.type, sources, reason)


def _outward(dial: Dial) -> Outward:
    return Outward(dial.channel, dial.peer, dial.host, dial.port, _REASONS[dial.channel])


def _inward_data(each: Inward) -> dict[str, Any]:
    return {
        "address": each.address,
        "port": each.port,
        "protocol": "TCP",
        "everyNode": each.type == "NodePort",
        "insideCluster": each.is_inside,
        "channel": str(each.channel),
        "service": f"{each.namespace}/{each.service}",
        "from": [{"site": source.site, "address": source.address or None} for source in each.sources],
        "reason": each.reason,
    }


def _outward_data(each: Outward) -> dict[str, Any]:
    return {
        "host": each.host,
        "port": each.port,
        "protocol": "TCP",
        "insideCluster": each.is_inside,
        "channel": str(each.channel),
        "site": each.peer,
        "reason": each.reason,
    }


def _around(folder: SiteFolder) -> Iterator[Around]:
    """What is dialled on one's own side: by the operator, by the nodes, by the pods, by people."""
    operator = "the operator's machine"
    if folder.target != "kubefate" or folder.context or folder.server:
        host, port = _split(folder.server or "")
        yield Around(operator, host or f"the API server of {folder.cluster}", port, "kubectl and fedplan speak to it")
    if folder.target == "kubefate":
        host, port = _split("" if folder.service is None else folder.service.url)
        yield Around(operator, host or f"KubeFATE's service on {folder.cluster}", port, "fedplan speaks to it")
    yield from _charts(folder, operator)
    for registry in _registries(folder):
        host, _, port_text = registry.partition(":")
        yield Around("every node", host, int(port_text or 443), "images are pulled from this registry")
    yield from _databases(folder)
    for each in folder.interfaces:
        host, port = _split(each.url)
        yield Around("those who use it", host, port, f"web page of {each.component}, through the ingress controller")


def _charts(folder: SiteFolder, operator: str) -> Iterator[Around]:
    """The repository that charts are fetched from, where they are fetched."""
    if not folder.installations or (folder.charts is not None and "://" not in folder.charts):
        return
    host, port = _split(folder.charts or PUBLIC_CHARTS)
    if folder.target == "kubefate" and folder.charts is None:
        reason = "charts are fetched from it, unless they were uploaded before"
        yield Around("KubeFATE's service", host, port, reason)
    else:
        yield Around(operator, host, port, "charts are fetched from it")


def _registries(folder: SiteFolder) -> Sequence[str]:
    """The registries of a site's images, sorted."""
    found: set[str] = set()
    for name, data in contents(folder):
        if folder.target == "kubernetes":
            found.update(_registry(image) for image in _values(data, "image") if isinstance(image, str))
        elif name in {each.file for each in folder.installations} and isinstance(data, dict):
            given = data.get("registry")
            found.add(_registry(f"{given}/image") if isinstance(given, str) and given else _DOCKER_HUB)
    return sorted(found)


def _registry(image: str) -> str:
    """The registry of an image: what is before the first slash if it can be a host, else Docker Hub."""
    first, slash, _ = image.partition("/")
    return first if slash and (set(first) & {".", ":"} or first == "localhost") else _DOCKER_HUB


def _databases(folder: SiteFolder) -> Iterator[Around]:
    """MySQL and Redis that are somebody else's."""
    for each in folder.prerequisites:
        if each.kind == "Database":
            host, port = _split(f"mysql://{each.name}")
            yield Around("pods of the site", host, port or _MYSQL, "its MySQL, which the site keeps its tables in")
    for host, port in _redis(folder):
        yield Around("pods of the site", host, port, "its Redis, which FATE-Serving keeps models in")


def _redis(folder: SiteFolder) -> Iterator[tuple[str, int]]:
    for name, data in contents(folder):
        if not isinstance(data, dict):
            continue
        if name in {each.file for each in folder.installations}:
            given, number = data.get("externalRedisIp"), data.get("externalRedisPort")
            if isinstance(given, str) and isinstance(number, int):
                yield given, number
        elif data.get("kind") == "ConfigMap":
            for text in (data.get("data") or {}).values():
                found = dict(_REDIS.findall(text)) if isinstance(text, str) else {}
                if "." in found.get("ip", "") and found.get("port", "").isdecimal():  # not the site's own Service
                    yield found["ip"], int(found["port"])


def _values(data: Any, key: str) -> Iterable[Any]:
    """Every value of a key in some data, however deep."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key:
                yield value
            else:
                yield from _values(value, key)
    elif isinstance(data, list):
        for each in data:
            yield from _values(each, key)


def _split(url: str) -> tuple[str, int | None]:
    """Host and port of a URL; no host where it is none."""
    try:
        found = urlsplit(url)
        return found.hostname or "", found.port or _PORTS.get(found.scheme)
    except ValueError:
        return "", None


def told(source: Source) -> str:
    """A source as a person reads it."""
    return f"{label(source.site)} (dialled at {source.address})" if source.address else label(source.site)
