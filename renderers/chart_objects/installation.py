"""One installation of a chart: its objects, who it says it is, and what was remarked about it so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename
from types import MappingProxyType
from typing import Final, NamedTuple

from planner.diagnostics import KeyPath
from planner.wording import spoken
from renderers.manifests.sight import Seen, see
from renderers.manifests.site import Site
from renderers.manifests.texts import Reader
from renderers.manifests.workloads import OUTSIDE, Container, Pod, Port, Service
from renderers.reading import Exposed, Remark
from renderers.values import mapping, number

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mysql": "mysql",
        "clustermanager": "clustermanager",
        "nodemanager": "nodemanager",
        "osx": "osx",
        "python": "python",
        "fateboard": "fateboard",
        "client": "client",
        "nginx": "nginx",
        "rabbitmq": "rabbitmq",
        "pulsar": "pulsar",
        "spark-master": "spark",
        "spark-worker": "spark",
        "namenode": "hdfs",
        "datanode": "hdfs",
        "traffic-server": "trafficServer",
        "serving-server": "servingServer",
        "serving-proxy": "servingProxy",
        "serving-admin": "servingAdmin",
        "serving-redis": "servingRedis",
        "serving-zookeeper": "servingZookeeper",
    }
)
"""The charts' modules by the names of their workloads (helm-direct.md section 4)."""
_BESIDE_PYTHON: Final = ("fateboard", "client")
"""Modules that are containers of FATE-Flow's pod in older charts: fateboard before v1.10.0, client before v1.6.0."""
BALANCER: Final = "exchange"
"""The container of lbrollsite that balances over its exchanges, and its Service."""
_DOORS: Final[Mapping[str, KeyPath]] = MappingProxyType(
    {
        "rollsite": ("rollsite", "type"),
        "osx": ("osx", "type"),
        "nginx": ("nginx", "type"),
        "fateflow": ("python", "type"),
        "fateflow-client": ("python", "type"),
        "rabbitmq": ("rabbitmq", "type"),
        "pulsar": ("pulsar", "type"),
        "pulsar-public-tls": ("pulsar", "publicLB", "enabled"),
        "traffic-server": ("trafficServer", "type"),
        "serving-proxy": ("servingProxy", "type"),
        "serving-server": ("servingServer", "type"),
    }
)
"""The key of cluster.yaml that says how a Service is exposed, by its name."""


class Source(NamedTuple):
    """Where rendered objects come from: the site's file, the chart and the version that rendered it, and where to."""

    file: str
    chart: str
    version: str
    namespace: str


class Found(NamedTuple):
    """A file that a component reads; `is_elsewhere` says that it is not where the component looks."""

    seen: Seen
    is_elsewhere: bool


@dataclass(slots=True)
class Installation:
    """One installation of a chart.

    `party` is the id that the objects' labels name, 0 where it is none; `name` that of the cluster.
    """

    site: Site
    source: Source
    party: int
    name: str
    remarks: list[Remark] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site, source: Source) -> Installation:
        """The installation of some objects: who it is says the workload that has both labels."""
        labels = [pod.labels for pod in site.pods if {"partyId", "name"} <= pod.labels.keys()]
        known = labels[0] if labels else {}
        found = cls(site, source, number(known.get("partyId")) or 0, str(known.get("name", "")))
        if not found.party:
            found.remark(("partyId",), f"the objects' label partyId is {known.get('partyId') or 'missing'}")
        return found

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of the chart that are deployed."""
        return tuple(dict.fromkeys(self._modules()))

    def _modules(self) -> Iterator[str]:
        for pod in self.site.pods:
            name = pod.component
            if name == "rollsite":
                yield "lbrollsite" if self.balancer is not None else name
            elif name.startswith("nodemanager-"):  # one workload for each before chart v1.9.0
                yield "nodemanager"
            elif name in _MODULES:
                yield _MODULES[name]
            if name == "python":
                yield from (each.name for each in pod.containers if each.name in _BESIDE_PYTHON)

    @property
    def balancer(self) -> Container | None:
        """The container of lbrollsite that balances over its exchanges."""
        pod = self.pod("rollsite")
        return None if pod is None else next((each for each in pod.containers if each.name == BALANCER), None)

    def pod(self, component: str) -> Pod | None:
        """The pods of a component, by the name of its workload."""
        return self.site.pod(component)

    def remark(self, path: KeyPath, message: str) -> None:
        """Add a remark; `path` is the key of cluster.yaml. What a chart wrote is shown without control characters."""
        self.remarks.append(Remark(path, spoken(message)))

    def take_remarks(self, path: KeyPath) -> bool:
        """Take what was remarked on objects while they were read over as remarks on a key of cluster.yaml.

        Whether there was anything.
        """
        for each in self.site.remarks:
            title, *steps = map(str, each.path)
            place = ", ".join([title.replace("/", " ", 1), *steps[1:]])
            self.remark(path, f"in {place}: {each.message}")
        found = bool(self.site.remarks)
        self.site.remarks.clear()
        return found

    def check(self) -> None:
        """Remarks on what Kubernetes refuses, and on pods that wait for a ConfigMap that nobody makes."""
        for service in self.site.services:
            if service.kind in OUTSIDE or service.object.name not in _DOORS:
                continue
            if any(port.node_port is not None for port in service.ports):
                path = (_DOORS[service.object.name][0], "nodePort")
                self.remark(
                    path, f"Kubernetes refuses Service {service.object.name}: a nodePort of type {service.kind}"
                )
        for pod in self.site.pods:
            for volume in pod.volumes.values():
                wanted = mapping(volume.get("configMap"))
                if not wanted or wanted.get("optional") is True:
                    continue
                if (pod.namespace, str(wanted.get("name"))) not in self.site.config_maps:
                    message = (
                        f"the pods of {pod.component} wait for ConfigMap {wanted.get('name')}, which nothing makes"
                    )
                    self.remark(("modules",), message)

    def doors(self, component: str, container_port: int) -> tuple[Exposed, ...]:
        """The ports of Services that lead to a port of a component.

        A number leads there whether or not the container declares it: serving-server's declares another one.
        """
        pod = self.pod(component)
        return () if pod is None else tuple(self._doors(pod, container_port))

    def _doors(self, pod: Pod, container_port: int) -> Iterator[Exposed]:
        for service in self.site.services:
            if all(pod is not each for each in service.pods):
                continue
            for port in service.ports:
                if port.protocol == "TCP" and _leads_to(service, port, pod) == container_port:
                    path = _DOORS.get(service.object.name, ("modules",))
                    yield service.exposed(port)._replace(path=path, namespace="")

    def is_own(self, host: str) -> bool:
        """Whether a name is that of a Service of the installation."""
        return any(service.object.name == host for service in self.site.services)

    def reader(self, component: str) -> Reader | None:
        """The program of a component, which reads files."""
        pod = self.pod(component)
        return None if pod is None else Reader(self.site, pod, pod.main)

    def find(self, reader: Reader, paths: tuple[str, ...], key: str) -> Found | None:
        """The file that a program finds at the first of some paths where there is one.

        Where there is none, it is the text of that key in a ConfigMap that its pod mounts: a start command that names
        the place may bring it to where it is looked for in ways that are not understood here.
        """
        for path in paths:
            seen = see(reader.site, reader.pod, reader.container, path)
            if seen is not None:
                return Found(seen, is_elsewhere=False)
        for mount in reader.container.mounts:
            volume = mapping(reader.pod.volumes.get(mount.volume, {}).get("configMap"))
            source = self.site.config_maps.get((reader.pod.namespace, str(volume.get("name"))))
            text = None if source is None else mapping(source.data.get("data")).get(key)
            if source is not None and isinstance(text, str) and (not mount.sub_path or mount.sub_path == key):
                moved = mount.path in reader.container.command or basename(mount.path) in reader.container.command
                return Found(Seen(text, source, key, is_hot=False), is_elsewhere=not moved)
        return None


def _leads_to(service: Service, port: Port, pod: Pod) -> int | None:
    """The container port at which a Service's port dials a pod."""
    if service.is_headless:
        return port.number
    return port.target if isinstance(port.target, int) else dict(pod.ports()).get(port.target)
