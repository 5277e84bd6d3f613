"""What objects take of a ResourceQuota: how many of each kind there are, and what their pods and volumes ask for.

Counted as the API server's quota admission counts (Kubernetes documentation, "Resource Quotas"): a pod takes what its
containers ask for together, or what its hungriest init container does if that is more; a Service of type NodePort or
LoadBalancer takes a NodePort for each of its ports; a StatefulSet has a claim for each template and replica.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.quantities import quantity

Amounts = Mapping[str, Decimal]
"""Amounts by resource (`memory`, `nvidia.com/gpu`) or by what a ResourceQuota calls them (`requests.memory`)."""
_ONE: Final = Decimal(1)
_NONE: Final = Decimal(0)
_SHORT: Final = frozenset({"configmaps", "persistentvolumeclaims", "pods", "secrets", "services"})
"""Resources that a quota also counts by their bare name."""
_BARE: Final = ("cpu", "memory", "ephemeral-storage", "hugepages-")
"""Resources whose bare name in a quota means what is requested of them."""
_ENDED: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Container:
    """What one container asks for, and what it may take at most."""

    name: str
    requests: Amounts
    limits: Amounts


@dataclass(frozen=True, slots=True)
class Pod:
    """What one pod asks for."""

    containers: tuple[Container, ...]
    init: tuple[Container, ...] = ()
    overhead: Amounts = field(default_factory=dict)
    has_deadline: bool = False
    priority_class: str = ""

    @property
    def all_containers(self) -> tuple[Container, ...]:
        """The containers of both kinds."""
        return (*self.init, *self.containers)

    @property
    def is_best_effort(self) -> bool:
        """Whether it asks for no cpu and memory at all."""
        asked = (amounts for each in self.all_containers for amounts in (each.requests, each.limits))
        return not any(amounts.get(resource) for amounts in asked for resource in ("cpu", "memory"))

    @property
    def requests(self) -> Amounts:
        """What is set aside for it."""
        return self._whole([each.requests for each in self.containers], [each.requests for each in self.init])

    @property
    def limits(self) -> Amounts:
        """What it may take at most, as far as its containers say."""
        return self._whole([each.limits for each in self.containers], [each.limits for each in self.init])

    def _whole(self, together: Sequence[Amounts], one_by_one: Sequence[Amounts]) -> Amounts:
        total = dict(_sum(together))
        for each in one_by_one:
            for resource, amount in each.items():
                total[resource] = max(total.get(resource, _NONE), amount)
        return {resource: amount + self.overhead.get(resource, _NONE) for resource, amount in total.items()}

    @property
    def amounts(self) -> Amounts:
        """What it takes of a quota."""
        found = {"pods": _ONE, "count/pods": _ONE}
        for resource, amount in self.requests.items():
            found[f"requests.{resource}"] = amount
            if resource.startswith(_BARE):
                found[resource] = amount
        return found | {f"limits.{resource}": amount for resource, amount in self.limits.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """A volume that is asked for: its storage class is None where the cluster chooses."""

    name: str
    size: Decimal
    storage_class: str | None

    def amounts(self, default_class: str | None) -> Amounts:
        """What it takes of a quota, where the cluster's own choice of a class is `default_class`."""
        found = {"persistentvolumeclaims": _ONE, "count/persistentvolumeclaims": _ONE, "requests.storage": self.size}
        chosen = self.storage_class if self.storage_class is not None else default_class
        if chosen:
            prefix = f"{chosen}.storageclass.storage.k8s.io"
            found |= {f"{prefix}/persistentvolumeclaims": _ONE, f"{prefix}/requests.storage": self.size}
        return found


def pod(spec: Mapping[str, Any]) -> Pod:
    """A pod by its spec."""
    return Pod(
        containers=tuple(_container(each) for each in spec.get("containers") or ()),
        init=tuple(_container(each) for each in spec.get("initContainers") or ()),
        overhead=_amounts(spec.get("overhead")),
        has_deadline=spec.get("activeDeadlineSeconds") is not None,
        priority_class=str(spec.get("priorityClassName") or ""),
    )


def planned_pods(workload: Document) -> tuple[int, Pod] | None:
    """How many pods a workload will have, and of what kind; None for an object that has none."""
    if workload.get("kind") not in WORKLOADS:
        return None
    return _replicas(workload), pod(workload["spec"]["template"]["spec"])


def lives(document: Document) -> bool:
    """Whether a pod of the cluster still counts: one that has ended does not."""
    return (document.get("status") or {}).get("phase") not in _ENDED


def claims(document: Document) -> Iterator[Claim]:
    """The claims that an object is, or makes."""
    metadata, spec = document["metadata"], document.get("spec") or {}
    if document.get("kind") == "PersistentVolumeClaim":
        yield _claim(metadata["name"], spec)
    elif document.get("kind") == "StatefulSet":
        for template in spec.get("volumeClaimTemplates") or ():
            for ordinal in range(_replicas(document)):
                name = f"{template['metadata']['name']}-{metadata['name']}-{ordinal}"
                yield _claim(name, template.get("spec") or {})


def counts(document: Document) -> Amounts:
    """What an object takes of a quota by being there; claims and pods are counted by themselves."""
    found = reference(document)
    if found.kind == "PersistentVolumeClaim":
        return {}
    amounts = {_counted(found): _ONE}
    if found.resource in _SHORT:
        amounts[found.resource] = _ONE
    if found.kind == "Deployment":
        amounts["count/replicasets.apps"] = _ONE
    if found.kind == "Service":
        amounts |= _of_service(document.get("spec") or {})
    return amounts


def added(amounts: Iterable[Amounts]) -> dict[str, Decimal]:
    """The sum of amounts."""
    return _sum(amounts)


def times(number: int, amounts: Amounts) -> Amounts:
    """So many times the same."""
    return {name: number * amount for name, amount in amounts.items()}


def _counted(found: Reference) -> str:
    return f"count/{found.resource}.{found.group}" if found.group else f"count/{found.resource}"


def _of_service(spec: Mapping[str, Any]) -> Amounts:
    kind, ports = spec.get("type", "ClusterIP"), spec.get("ports") or ()
    if kind == "NodePort":
        return {"services.nodeports": Decimal(len(ports))}
    if kind != "LoadBalancer":
        return {}
    # Without allocateLoadBalancerNodePorts only those ports count that name a NodePort.
    all_have_one = spec.get("allocateLoadBalancerNodePorts", True)
    held = [port for port in ports if all_have_one or port.get("nodePort")]
    return {"services.loadbalancers": _ONE, "services.nodeports": Decimal(len(held))}


def _container(given: Mapping[str, Any]) -> Container:
    """A container; what it limits and does not request, it requests as well."""
    resources = given.get("resources") or {}
    limits = _amounts(resources.get("limits"))
    return Container(str(given.get("name", "")), {**limits, **_amounts(resources.get("requests"))}, limits)


def _claim(name: str, spec: Mapping[str, Any]) -> Claim:
    requests = _amounts((spec.get("resources") or {}).get("requests"))
    return Claim(name, requests.get("storage", _NONE), spec.get("storageClassName"))


def _replicas(workload: Document) -> int:
    return int(workload["spec"].get("replicas", 1))


def _amounts(given: Mapping[str, Any] | None) -> dict[str, Decimal]:
    return {resource: quantity(value) for resource, value in (given or {}).items()}


def _sum(amounts: Iterable[Amounts]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for each in amounts:
        for name, amount in each.items():
            total[name] = total.get(name, _NONE) + amount
    return total
