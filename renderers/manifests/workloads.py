"""Pods of Deployments and StatefulSets, and the Services that lead to them.

A Service leads to the pods of its namespace that have all the labels of its selector, at the container port that its
targetPort names; one that selects nobody, or names a port that no container has, accepts connections and drops them.
What programs listen on: reference components.md sections 2 to 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from renderers.manifests.objects import Object
from renderers.reading import Exposed
from renderers.values import items, mapping

WORKLOADS: Final = frozenset({"Deployment", "StatefulSet"})
OUTSIDE: Final = frozenset({"NodePort", "LoadBalancer"})
"""The types of Services that are dialled from outside the cluster."""


@dataclass(frozen=True, slots=True)
class Component:
    """What FATE calls a workload's module, the container that matters, and the ports that its program listens on."""

    module: str
    ports: frozenset[int]
    part: Literal["training", "serving"] = "training"
    container: str = ""


def _serving(module: str, *ports: int) -> Component:
    return Component(module, frozenset(ports), "serving")


COMPONENTS: Final[Mapping[str, Component]] = MappingProxyType(
    {
        "mysql": Component("mysql", frozenset({3306})),
        "clustermanager": Component("clustermanager", frozenset({4670})),
        "nodemanager": Component("nodemanager", frozenset({4671})),
        "rollsite": Component("rollsite", frozenset({9370})),
        "osx": Component("osx", frozenset({9370})),
        "python": Component("python", frozenset({9360, 9380}), container="fateflow"),
        "fateboard": Component("fateboard", frozenset({8080})),
        "client": Component("client", frozenset({20000})),
        "nginx": Component("nginx", frozenset({9300, 9302, 9310})),
        "rabbitmq": Component("rabbitmq", frozenset({5672, 15672})),
        "pulsar": Component("pulsar", frozenset({6650, 6651, 8080, 8081})),
        "spark-master": Component("spark", frozenset({6066, 7077, 8080})),
        "spark-worker": Component("spark", frozenset({8081})),
        "namenode": Component("hdfs", frozenset({9000, 9870})),
        "datanode": Component("hdfs", frozenset({9864, 9866, 9867})),
        "traffic-server": Component("trafficServer", frozenset({443, 8080})),
        "serving-server": _serving("servingServer", 8000),
        "serving-proxy": _serving("servingProxy", 8059, 8869, 8879),
        "serving-admin": _serving("servingAdmin", 8350),
        "serving-redis": _serving("servingRedis", 6379),
        "serving-zookeeper": _serving("servingZookeeper", 2181, 2888, 3888),
    }
)
"""The components of FATE by the names of their workloads, which are FATE's own (components.md section 1)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a container sees a volume, or one file or folder of it."""

    volume: str
    path: str
    sub_path: str


@dataclass(frozen=True, slots=True)
class Container:
    """One container: its command with all arguments, its environment, its ports by name, what it mounts.

    `environment` holds plain values; None stands for one that comes from elsewhere.
    """

    name: str
    command: str
    directory: str
    environment: Mapping[str, str | None]
    ports: Mapping[str, int]
    mounts: tuple[Mount, ...]


@dataclass(frozen=True, slots=True)
class Pod:
    """The pods of one workload, which are all alike."""

    workload: Object
    labels: Mapping[str, str]
    init: tuple[Container, ...]
    containers: tuple[Container, ...]
    volumes: Mapping[str, Mapping[str, Any]]
    replicas: int

    @property
    def component(self) -> str:
        """The component, by FATE's name for its workload."""
        return self.workload.name

    @property
    def namespace(self) -> str:
        """Where they run."""
        return self.workload.namespace

    @property
    def main(self) -> Container:
        """The container whose program the component is about."""
        known = COMPONENTS.get(self.component)
        wanted = (known.container or self.component) if known else self.component
        return next((each for each in self.containers if each.name == wanted), self.containers[0])

    def ports(self) -> Iterator[tuple[str, int]]:
        """The ports that containers declare, by name."""
        for each in self.containers:
            yield from each.ports.items()


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a Service."""

    index: int
    number: int
    target: int | str
    node_port: int | None
    protocol: str


@dataclass(frozen=True, slots=True)
class Service:
    """One Service and the pods that it selects."""

    object: Object
    kind: str
    is_headless: bool
    address: str | None
    ports: tuple[Port, ...]
    pods: tuple[Pod, ...]

    def leads_to(self, port: Port) -> Iterator[tuple[Pod, int]]:
        """The pods behind a port, and the container port at which each is dialled."""
        if port.protocol != "TCP":
            return
        for pod in self.pods:
            number = _target(pod, port.number if self.is_headless else port.target)
            if number is not None:
                yield pod, number

    def exposed(self, port: Port) -> Exposed:
        """How a port is exposed."""
        return Exposed(
            service=self.object.name,
            service_type=self.kind,
            container_port=port.number,
            node_port=port.node_port if self.kind in OUTSIDE else None,
            load_balancer=self.address if self.kind == "LoadBalancer" else None,
            path=self.object.at("spec", "type"),
            file=self.object.file,
            namespace=self.object.namespace,
        )


def _target(pod: Pod, target: int | str) -> int | None:
    """The container port that a targetPort means; a name that no container has means none, nor does a wrong number."""
    ports = tuple(pod.ports())
    if isinstance(target, str):
        return next((number for name, number in ports if name == target), None)
    return target if any(number == target for _, number in ports) else None


def pod_of(workload: Object) -> Pod | None:
    """The pods of a workload; None without containers."""
    template = mapping(workload.spec.get("template"))
    spec = mapping(template.get("spec"))
    containers = tuple(_container(mapping(each)) for each in items(spec.get("containers")))
    if not containers:
        return None
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    replicas = workload.spec.get("replicas", 1)
    return Pod(
        workload=workload,
        labels={str(key): str(value) for key, value in labels.items()},
        init=tuple(_container(mapping(each)) for each in items(spec.get("initContainers"))),
        containers=containers,
        volumes={str(mapping(each).get("name")): mapping(each) for each in items(spec.get("volumes"))},
        replicas=replicas if type(replicas) is int else 1,
    )


def _container(data: Mapping[str, Any]) -> Container:
    words = [*items(data.get("command")), *items(data.get("args"))]
    environment: dict[str, str | None] = {}
    for each in items(data.get("env")):
        value = mapping(each).get("value")
        environment[str(mapping(each).get("name"))] = str(value) if value is not None else None
    ports: dict[str, int] = {}
    for each in items(data.get("ports")):
        port = mapping(each)
        if port.get("protocol", "TCP") == "TCP" and type(port.get("containerPort")) is int:
            ports[str(port.get("name", port["containerPort"]))] = port["containerPort"]
    mounts = tuple(
        Mount(str(row.get("name")), str(row.get("mountPath")).rstrip("/"), str(row.get("subPath") or ""))
        for row in map(mapping, items(data.get("volumeMounts")))
    )
    name, directory = str(data.get("name")), str(data.get("workingDir") or "")
    return Container(name, "\n".join(map(str, words)), directory, environment, ports, mounts)


def service_of(data: Object, pods: tuple[Pod, ...]) -> Service:
    """A Service among the pods of its site."""
    spec = data.spec
    selector = mapping(spec.get("selector"))
    selected = tuple(
        pod
        for pod in pods
        if selector
        and pod.namespace == data.namespace
        and all(pod.labels.get(str(key)) == str(value) for key, value in selector.items())
    )
    address = spec.get("loadBalancerIP")
    return Service(
        object=data,
        kind=str(spec.get("type") or "ClusterIP"),
        is_headless=spec.get("clusterIP") == "None",
        address=None if address is None else str(address),
        ports=tuple(_ports(spec)),
        pods=selected,
    )


def _ports(spec: Mapping[str, Any]) -> Iterator[Port]:
    for index, each in enumerate(map(mapping, items(spec.get("ports")))):
        number, node = each.get("port"), each.get("nodePort")
        if type(number) is int:
            target = each.get("targetPort", number)
            yield Port(
                index=index,
                number=number,
                target=target if type(target) is int else str(target),
                node_port=node if type(node) is int else None,
                protocol=str(each.get("protocol", "TCP")),
            )
