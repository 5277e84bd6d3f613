"""Who must be able to dial whom, held against the NetworkPolicies of a site.

Inside a site the components dial each other as `INSIDE` says; eggs, drivers and executors listen on ports of their
own choice, so all of TCP is open among those. From outside only the doors are dialled, and what an Ingress leads to.
Sources: reference components.md section 3.1, section 4.1, sections 5 and 6, and section 12, row 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from planner.channels import Channel
from planner.diagnostics import KeyPath
from planner.lookup import Endpoint
from renderers.manifests.objects import Object
from renderers.manifests.policies import Inside, Outside, admits, end_of, selects, stranger
from renderers.manifests.site import Site
from renderers.manifests.workloads import COMPONENTS, OUTSIDE, Pod
from renderers.reading import Exposed
from renderers.values import items, mapping

_ANY: Final = (1, 4711, 33333, 65535)
"""Ports that stand for all of TCP."""
_DNS: Final = Inside("kube-system", {"k8s-app": "kube-dns"}, {"dns": 53, "dns-tcp": 53})
_FOREIGN: Final = (Outside("203.0.113.77"), Outside("2001:db8::77"), stranger("a-namespace-of-somebody-else"))
"""Places that have nothing to do with a site, outside the cluster (RFC 5737, RFC 3849) and inside."""
_NETS: Final = (Outside("10.11.12.13"), Outside("172.20.1.1"), Outside("192.168.77.77"), *_FOREIGN)


class Connection(NamedTuple):
    """Components that dial others of their site on some ports."""

    sources: frozenset[str]
    targets: frozenset[str]
    ports: tuple[int, ...] = _ANY


def _each(*names: str) -> frozenset[str]:
    return frozenset(names)


_EGGS: Final = _each("python", "clustermanager", "nodemanager", "rollsite", "osx")
_SPARK: Final = _each("python", "spark-master", "spark-worker")
_HADOOP: Final = _each("python", "spark-worker", "datanode")
INSIDE: Final = (
    Connection(_each("python", "clustermanager"), _each("mysql"), (3306,)),
    Connection(_EGGS, _EGGS),
    Connection(_each("fateboard", "client"), _each("python"), (9380,)),
    Connection(_each("python"), _each("nginx"), (9300, 9310)),
    Connection(_each("nginx"), _each("python"), (9360, 9380)),
    Connection(_each("python", "spark-worker"), _each("rabbitmq"), (5672,)),
    Connection(_each("python"), _each("rabbitmq"), (15672,)),
    Connection(_each("python", "spark-worker"), _each("pulsar"), (6650,)),
    Connection(_each("python"), _each("pulsar"), (8080,)),
    Connection(_SPARK, _SPARK),
    Connection(_HADOOP, _each("namenode"), (9000,)),
    Connection(_HADOOP, _each("datanode"), (9866, 9867)),
    Connection(_each("serving-proxy", "python"), _each("serving-server"), (8000,)),
    Connection(_each("serving-server"), _each("serving-proxy"), (8879,)),
    Connection(_each("serving-server"), _each("serving-redis"), (6379,)),
    Connection(_each("serving-server"), _each("python"), (9380,)),
    Connection(_each("serving-server", "serving-proxy", "serving-admin"), _each("serving-zookeeper"), (2181,)),
)
DIALLERS: Final[Mapping[Channel, frozenset[str]]] = MappingProxyType(
    {
        Channel.ROLLSITE: _each("rollsite", "osx"),
        Channel.NGINX_HTTP: _each("nginx"),
        Channel.NGINX_GRPC: _each("nginx"),
        Channel.RABBITMQ: _each("rabbitmq"),
        Channel.PULSAR: _each("pulsar", "traffic-server"),
        Channel.SERVING: _each("serving-proxy"),
        Channel.LOAD: _each("python"),
        Channel.TRANSFER: _each("serving-server"),
    }
)
"""The components that dial on each channel."""


@dataclass(frozen=True, slots=True)
class PolicyGuard:
    """The NetworkPolicies of a site, by its channels and Services; a `Guard` of renderers/reading.py."""

    site: Site
    policies: tuple[Object, ...]

    @property
    def place(self) -> tuple[str, KeyPath]:
        """The file that they stand in, and the first of them."""
        return self.policies[0].file, self.policies[0].at()

    def dials(self, channel: Channel, endpoint: Endpoint) -> bool:
        """Whether the pods that dial on a channel may dial an endpoint outside the cluster."""
        place = Outside(endpoint.host)
        return all(admits(self.policies, end_of(pod), place, endpoint.port) for pod in self._diallers(channel))

    def dials_inside(self, channel: Channel, namespace: str, port: int) -> bool:
        """Whether they may dial a port of pods of a namespace."""
        ends = [end_of(pod) for pod in self.site.pods if pod.namespace == namespace] or [stranger(namespace)]
        return all(
            any(admits(self.policies, end_of(pod), end, port) for end in ends) for pod in self._diallers(channel)
        )

    def hears(self, exposed: Exposed, namespace: str | None) -> bool:
        """Whether the pods behind a Service's port hear pods of a namespace, or with None everybody outside."""
        found = [
            (pod, number)
            for service in self.site.services
            if (service.object.name, service.object.namespace) == (exposed.service, exposed.namespace)
            for port in service.ports
            if port.number == exposed.container_port
            for pod, number in service.leads_to(port)
        ]
        places = _NETS[:-1] if namespace is None else (stranger(namespace),)
        return bool(found) and all(
            admits(self.policies, place, end_of(pod), number) for pod, number in found for place in places
        )

    def _diallers(self, channel: Channel) -> Iterator[Pod]:
        yield from (pod for pod in self.site.pods if pod.component in DIALLERS[channel])


def guard_of(site: Site) -> PolicyGuard | None:
    """The NetworkPolicies of a site, with remarks on what they break or leave open; None without any."""
    policies = tuple(each for each in site.objects if each.kind == "NetworkPolicy")
    if not policies:
        return None
    guard = PolicyGuard(site, policies)
    for message in (*_closed_inside(site, policies), *_left_open(site, policies)):
        site.remark(policies[0], (), message)
    for policy in policies:
        _check_selection(site, policy)
    return guard


def _check_selection(site: Site, policy: Object) -> None:
    """A policy that selects no pod says nothing."""
    chosen = mapping(policy.spec.get("podSelector"))
    if not any(pod.namespace == policy.namespace and selects(chosen, pod.labels) for pod in site.pods):
        site.remark(policy, ("spec", "podSelector"), "the NetworkPolicy selects no pods")


def _closed_inside(site: Site, policies: tuple[Object, ...]) -> Iterator[str]:
    """What the components of a site need of each other, and the policies refuse."""
    pods = {pod.component: pod for pod in site.pods}
    for source in pods.values():
        here = end_of(source)
        if not any(admits(policies, here, _DNS, 53, protocol) for protocol in ("UDP", "TCP")):
            yield f"the NetworkPolicies keep {source.component} from looking up names"
        for connection in INSIDE:
            if source.component not in connection.sources:
                continue
            for target in (pods[name] for name in sorted(connection.targets & pods.keys())):
                closed = [port for port in connection.ports if not admits(policies, here, end_of(target), port)]
                if closed:
                    what = "any port" if connection.ports == _ANY else f"port {closed[0]}"
                    yield f"the NetworkPolicies keep {source.component} from dialling {target.component} at {what}"


def _left_open(site: Site, policies: tuple[Object, ...]) -> Iterator[str]:
    """What the policies leave open to everybody, though nobody is meant to dial it; and pods that may dial anybody."""
    meant = set(_meant(site))
    for pod in site.pods:
        here = end_of(pod)
        numbers = {*_ANY, *here.ports.values(), *COMPONENTS[pod.component].ports} if pod.component in COMPONENTS else ()
        for number in sorted(numbers):
            if (pod.component, number) in meant:
                continue
            if any(admits(policies, place, here, number) for place in _NETS):
                yield f"the NetworkPolicies leave port {number} of {pod.component} open, which is no door"
                break
        if any(all(admits(policies, here, place, port) for port in _ANY) for place in _NETS):
            yield f"the NetworkPolicies let {pod.component} dial anybody at any port"


def _meant(site: Site) -> Iterator[tuple[str, int]]:
    """The components and container ports behind Services that are exposed, and behind Ingresses."""
    for service in site.services:
        if service.kind in OUTSIDE:
            for port in service.ports:
                yield from ((pod.component, number) for pod, number in service.leads_to(port))
    for ingress in (each for each in site.objects if each.kind == "Ingress"):
        for name, wanted in backends(ingress):
            for service in site.services:
                if (service.object.namespace, service.object.name) != (ingress.namespace, name):
                    continue
                for port in service.ports:
                    if port.number == wanted:
                        yield from ((pod.component, number) for pod, number in service.leads_to(port))


def backends(ingress: Object) -> Iterator[tuple[str, int | None]]:
    """The Services that an Ingress leads to, and their ports by number."""
    for rule in map(mapping, items(ingress.spec.get("rules"))):
        for path in map(mapping, items(mapping(rule.get("http")).get("paths"))):
            service = mapping(mapping(path.get("backend")).get("service"))
            number = mapping(service.get("port")).get("number")
            yield str(service.get("name")), number if type(number) is int else None


def check_ingresses(site: Site, guard: PolicyGuard | None) -> None:
    """Remarks on Ingresses that lead nowhere, or to a port that policies close to the controller."""
    for ingress in (each for each in site.objects if each.kind == "Ingress"):
        for name, number in backends(ingress):
            found = site.behind(ingress.namespace, name, number or 0)
            if not found:
                site.remark(ingress, ("spec", "rules"), f"no pod is behind {name}:{number}")
            for pod, port in found:
                if guard is not None and not admits(guard.policies, stranger("ingress-controller"), end_of(pod), port):
                    message = f"the NetworkPolicies keep the Ingress controller from dialling {pod.component}"
                    site.remark(ingress, ("spec", "rules"), message)
