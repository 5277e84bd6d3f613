"""The objects of one site together: who selects whom, what leads where, and what was remarked so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from planner.diagnostics import KeyPath
from renderers.manifests.objects import Object
from renderers.manifests.workloads import COMPONENTS, OUTSIDE, WORKLOADS, Pod, Service, pod_of, service_of
from renderers.reading import Exposed, Remark
from renderers.values import mapping

_CLUSTER_NAMES = ("", ".svc", ".svc.cluster.local")


@dataclass
class Site:
    """All objects of a site."""

    objects: tuple[Object, ...]
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, at: Object, path: KeyPath, message: str) -> None:
        """Add a remark on a part of an object."""
        self.remarks.append(Remark((at.title, *path), message, at.file))

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """The pods of all workloads that have containers."""
        found = (pod_of(each) for each in self.objects if each.kind in WORKLOADS)
        return tuple(pod for pod in found if pod is not None)

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """All Services."""
        return tuple(service_of(each, self.pods) for each in self.objects if each.kind == "Service")

    @cached_property
    def config_maps(self) -> Mapping[tuple[str, str], Object]:
        """The ConfigMaps by namespace and name."""
        return {(each.namespace, each.name): each for each in self.objects if each.kind == "ConfigMap"}

    def pod(self, component: str) -> Pod | None:
        """The pods of a component; None where the site does not deploy it."""
        return next((pod for pod in self.pods if pod.component == component), None)

    def doors(self, pod: Pod, number: int) -> tuple[Exposed, ...]:
        """The ports of Services that lead to a container port of a pod."""
        return tuple(self._doors(pod, number))

    def _doors(self, pod: Pod, number: int) -> Iterator[Exposed]:
        for service in self.services:
            for port in service.ports:
                if any(target is pod and at == number for target, at in service.leads_to(port)):
                    yield service.exposed(port)

    def open_ports(self) -> tuple[Exposed, ...]:
        """The ports of Services that are exposed outside the cluster."""
        exposed = (each for each in self.services if each.kind in OUTSIDE or each.object.spec.get("externalIPs"))
        return tuple(each.exposed(port) for each in exposed for port in each.ports)

    def behind(self, namespace: str, host: str, port: int) -> Sequence[tuple[Pod, int]]:
        """The pods that a pod of a namespace reaches when it dials a Service by its name; empty where there is none."""
        for service in self.services:
            name, own = service.object.name, service.object.namespace
            names = {f"{name}.{own}{end}" for end in _CLUSTER_NAMES} | ({name} if own == namespace else set())
            if host in names:
                return [found for each in service.ports if each.number == port for found in service.leads_to(each)]
        return ()

    def expect(
        self, place: tuple[Object, KeyPath], endpoint: tuple[str, int | None], target: tuple[str, int | None], of: str
    ) -> None:
        """Remark on a host and port in a file that should lead to a component of the site's own, and do not.

        `target` is the component and the container port that is meant, None for any that it listens on. `of` is the
        namespace of the pod that reads the file. A component that the site does not deploy may be outside, but not
        behind a bare name.
        """
        (at, path), (host, port), (component, meant) = place, endpoint, target
        wanted = self.pod(component)
        ports = COMPONENTS[component].ports if meant is None else {meant}
        if port is not None and any(pod is wanted and number in ports for pod, number in self.behind(of, host, port)):
            return
        if wanted is None and ("." in host or ":" in host):
            return
        what = f"the site's own {component}" if wanted is not None else f"a {component}, which the site does not have"
        self.remark(at, path, f"{host or 'nothing'}:{port if port is not None else ''} does not lead to {what}")


def check(site: Site) -> None:
    """Remarks on Services that lead nowhere and on pods that never start."""
    for service in site.services:
        _check_service(site, service)
    for pod in site.pods:
        wanted = mapping(mapping(pod.workload.spec.get("selector")).get("matchLabels"))
        if not wanted or any(pod.labels.get(str(key)) != str(value) for key, value in wanted.items()):
            site.remark(pod.workload, ("spec", "selector"), "its selector does not select its own pods")
        if pod.replicas < 1:
            site.remark(pod.workload, ("spec", "replicas"), "it runs no pods")
        if pod.component not in COMPONENTS:
            site.remark(pod.workload, (), f"{pod.component} is no component of FATE")
        names = [mount.volume for each in (*pod.init, *pod.containers) for mount in each.mounts]
        claims = {mapping(mapping(each).get("metadata")).get("name") for each in _templates(pod)}
        for name in dict.fromkeys(names):
            if name not in pod.volumes and name not in claims:
                site.remark(pod.workload, ("spec", "template"), f"its pods mount volume {name}, which they do not have")
        for name, volume in pod.volumes.items():
            _check_volume(site, pod, name, mapping(volume.get("configMap")))


def _templates(pod: Pod) -> Sequence[object]:
    found = pod.workload.spec.get("volumeClaimTemplates")
    return found if isinstance(found, list) else ()


def _check_volume(site: Site, pod: Pod, name: str, volume: Mapping[str, object]) -> None:
    """A ConfigMap that is missing, or lacks a key, keeps pods from starting."""
    if not volume or volume.get("optional") is True:
        return
    wanted = str(volume.get("name"))
    found = site.config_maps.get((pod.namespace, wanted))
    path = ("spec", "template", "spec", "volumes")
    if found is None:
        site.remark(pod.workload, path, f"its pods wait for ConfigMap {wanted}, which is missing")
        return
    data = mapping(found.data.get("data"))
    items = volume.get("items")
    for each in items if isinstance(items, list) else ():
        key = str(mapping(each).get("key"))
        if key not in data:
            site.remark(pod.workload, path, f"volume {name} asks for key {key}, which ConfigMap {wanted} lacks")


def _check_service(site: Site, service: Service) -> None:
    """A Service must select the pods of one component, at ports on which its program listens."""
    if not service.pods:
        site.remark(service.object, ("spec", "selector"), "the Service selects no pods")
        return
    names = sorted({pod.component for pod in service.pods})
    if len(names) > 1:
        site.remark(service.object, ("spec", "selector"), f"the Service selects pods of {' and '.join(names)}")
    for port in service.ports:
        path = ("spec", "ports", port.index)
        found = list(service.leads_to(port))
        if port.protocol != "TCP":
            site.remark(service.object, path, f"port {port.number} is for {port.protocol}, and FATE speaks TCP only")
        elif not found:
            target = port.number if service.is_headless else port.target
            site.remark(service.object, path, f"its pods have no port {target}")
        for pod, number in found:
            known = COMPONENTS.get(pod.component)
            if known is not None and number not in known.ports and not service.is_headless:
                site.remark(service.object, path, f"{pod.component} does not listen on port {number}")
    if service.kind not in OUTSIDE and any(port.node_port is not None for port in service.ports):
        site.remark(service.object, ("spec", "type"), f"a nodePort has no effect while the type is {service.kind}")
