"""NetworkPolicies: whom a pod may dial, and whom it hears.

A pod that no policy selects for a direction is open in it; once one does, only what some rule says is allowed. A
connection needs both: its source may dial, its target hears (Kubernetes: NetworkPolicy). What a policy says of a
Service's address is not defined, so it is the pod's own port that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final, Literal

from renderers.manifests.objects import Object
from renderers.manifests.workloads import Pod
from renderers.values import items, mapping

NAMESPACE: Final = "kubernetes.io/metadata.name"
"""The label of a namespace that holds its name (set by Kubernetes from 1.21 on)."""
Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True, slots=True)
class Inside:
    """A pod: its namespace, its labels, and the ports that it names."""

    namespace: str
    labels: Mapping[str, str]
    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outside:
    """A place outside the cluster by its address; with a name instead, or nothing, it may be any address."""

    host: str


End = Inside | Outside


def end_of(pod: Pod) -> Inside:
    """The pods of a workload as policies see them."""
    return Inside(pod.namespace, pod.labels, dict(pod.ports()))


def stranger(namespace: str) -> Inside:
    """Some pod of a namespace, of which nothing else is known."""
    return Inside(namespace, {}, {})


def admits(
    policies: Sequence[Object], source: End, target: End, port: int, protocol: Literal["TCP", "UDP"] = "TCP"
) -> bool:
    """Whether a connection is let through by these policies, at both of its ends."""
    return _allows(policies, "Egress", source, target, (port, protocol)) and _allows(
        policies, "Ingress", target, source, (port, protocol)
    )


def _allows(policies: Sequence[Object], direction: Direction, here: End, other: End, at: tuple[int, str]) -> bool:
    if isinstance(here, Outside):
        return True
    rules = list(_rules(policies, direction, here))
    named = here.ports if direction == "Ingress" else other.ports if isinstance(other, Inside) else {}
    return not rules or any(
        _has_port(rule, at, named) and _has_peer(rule, direction, policy, other)
        for policy, rule in rules
        if rule is not None
    )


def _rules(
    policies: Sequence[Object], direction: Direction, here: Inside
) -> Iterator[tuple[Object, Mapping[str, Any] | None]]:
    """The rules that hold for a pod; None of a policy that only closes it."""
    for policy in policies:
        spec = policy.spec
        types = [str(each) for each in items(spec.get("policyTypes"))]
        types = types or ["Ingress", *(["Egress"] if "egress" in spec else [])]
        if direction not in types or policy.namespace != here.namespace:
            continue
        if selects(mapping(spec.get("podSelector")), here.labels):
            yield policy, None
            yield from ((policy, mapping(rule)) for rule in items(spec.get(direction.lower())))


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches all."""
    plain = mapping(selector.get("matchLabels"))
    if any(labels.get(str(key)) != str(value) for key, value in plain.items()):
        return False
    return all(_matches(mapping(each), labels) for each in items(selector.get("matchExpressions")))


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    found = labels.get(str(expression.get("key")))
    values = [str(each) for each in items(expression.get("values"))]
    return {
        "In": found in values,
        "NotIn": found not in values,
        "Exists": found is not None,
        "DoesNotExist": found is None,
    }.get(str(expression.get("operator")), False)


def _has_port(rule: Mapping[str, Any], at: tuple[int, str], named: Mapping[str, int]) -> bool:
    if not items(rule.get("ports")):
        return True
    number, protocol = at
    for each in map(mapping, items(rule.get("ports"))):
        written = each.get("port")
        if each.get("protocol", "TCP") != protocol:
            continue
        first = named.get(written) if isinstance(written, str) else written
        last = each.get("endPort", first)
        if written is None or (isinstance(first, int) and isinstance(last, int) and first <= number <= last):
            return True
    return False


def _has_peer(rule: Mapping[str, Any], direction: Direction, policy: Object, other: End) -> bool:
    peers = items(rule.get("from" if direction == "Ingress" else "to"))
    return not peers or any(_is_peer(mapping(each), policy, other) for each in peers)


def _is_peer(peer: Mapping[str, Any], policy: Object, other: End) -> bool:
    if "ipBlock" in peer:
        return isinstance(other, Outside) and _in_block(mapping(peer["ipBlock"]), other.host)
    if isinstance(other, Outside):
        return False
    if "namespaceSelector" in peer:
        if not selects(mapping(peer["namespaceSelector"]), {NAMESPACE: other.namespace}):
            return False
    elif other.namespace != policy.namespace:
        return False
    return selects(mapping(peer.get("podSelector")), other.labels)


def _in_block(block: Mapping[str, Any], host: str) -> bool:
    """Whether an address is in a block; a name or nothing may be any address, and is only in what holds all."""
    try:
        network = ip_network(str(block.get("cidr")), strict=False)
        if _is_name(host):
            return network.prefixlen == 0 and not items(block.get("except"))
        found = ip_address(host)
        kept_out = (ip_network(str(each), strict=False) for each in items(block.get("except")))
        return found in network and not any(found in each for each in kept_out)
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False
