"""NetworkPolicies of a site: who may dial whom, worked out from the routes. Written where federation.yaml asks for it.

Everything is closed for the site's pods, both ways, and then opened hop by hop: inside the site by the table `INSIDE`,
to other sites as the route tables say, and from outside to the doors that others dial, and to nothing else.

What a NetworkPolicy cannot say, and what is done instead:

- A NodePort or a load balancer may hide who dials (the node puts its own address in). Such a door is open to every
  address, on its port.
- Policies know no names. A peer that has a DNS name may be any address, on its port.
- A peer on the same cluster is dialled at a NodePort, but most networks look at the packet after it was sent on to the
  pod. So its namespace is allowed too, on the door's own port.
- An Ingress controller is some pod of the cluster: the port behind an Ingress is open to the cluster's pods.

Sources: reference components.md sections 3.1 (random ports of eggroll) and 12, row 13.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from planner.channels import OWN, Channel
from planner.contacts import dialled_sites, those_who_dial, used
from planner.dialled_endpoints import namespace_of, service_type
from planner.doors import Door, doors
from planner.kubernetes_target import COMPONENT_LABEL, PART_LABEL, SITE_LABEL
from planner.lookup import Endpoint
from planner.plan import Plan, PlannedSite
from renderers.kubernetes.component import Component
from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import WORKLOADS

ORDER: Final = 5
NAMESPACE: Final = "kubernetes.io/metadata.name"
"""The label of a namespace that holds its name; Kubernetes itself sets it from 1.21 on."""
DNS: Final = 53


class Hop(NamedTuple):
    """Components that dial other components of their own site, on these ports; no port stands for all of TCP."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    ports: tuple[int, ...] = ()


_EGGROLL: Final = ("python", "clustermanager", "nodemanager", "rollsite", "osx")
_SPARK: Final = ("python", "spark-master", "spark-worker")
INSIDE: Final = (
    Hop(("python", "clustermanager"), ("mysql",), (3306,)),
    Hop(_EGGROLL, _EGGROLL),
    Hop(_SPARK, _SPARK),
    Hop(("python", "spark-worker", "datanode"), ("namenode",), (9000, 9870)),
    Hop(("python", "spark-worker", "datanode"), ("datanode",), (9864, 9866, 9867)),
    Hop(("python",), ("nginx",), (9300, 9310)),
    Hop(("nginx", "fateboard", "client"), ("python",), (9360, 9380)),
    Hop(("python", "spark-worker"), ("rabbitmq",), (5672, 15672)),
    Hop(("python", "spark-worker"), ("pulsar",), (6650, 8080)),
    Hop(("python", "serving-proxy"), ("serving-server",), (8000,)),
    Hop(("serving-server",), ("python",), (9380,)),
    Hop(("serving-server",), ("serving-proxy",), (8879,)),
    Hop(("serving-server",), ("serving-redis",), (6379,)),
    Hop(("serving-server", "serving-proxy", "serving-admin"), ("serving-zookeeper",), (2181,)),
    Hop(("serving-admin",), ("serving-server",), (8000,)),
    Hop(("serving-admin",), ("serving-proxy",), (8059, 8869, 8879)),
)
"""Who dials whom inside a site, by the names of components."""
REGISTRY: Final = Hop(("python",), ("serving-zookeeper",), (2181,))
"""With `useRegistry` FATE-Flow asks the registry for its serving-server."""
_DIALLERS: Final[Mapping[Channel, tuple[str, ...]]] = {
    Channel.ROLLSITE: ("rollsite", "osx"),
    Channel.NGINX_HTTP: ("nginx",),
    Channel.NGINX_GRPC: ("nginx",),
    Channel.RABBITMQ: ("rabbitmq",),
    Channel.PULSAR: ("pulsar", "traffic-server"),
    Channel.SERVING: ("serving-proxy",),
    Channel.LOAD: ("python",),
    Channel.TRANSFER: ("serving-server",),
}
"""The component that dials other sites, or the other half of its own, on each channel."""


_Peers = dict[tuple[int, ...], dict[str, Manifest]]
"""Who is dialled or may dial, by the ports; no ports stand for all. Each peer stands there once, under its text."""


@dataclass(slots=True)
class _Rules:
    """What one component may do: who may dial it, whom it may dial, and the ports that are open to every address."""

    ingress: _Peers = field(default_factory=dict)
    egress: _Peers = field(default_factory=dict)
    anywhere_in: set[int] = field(default_factory=set)
    anywhere_out: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Pods:
    """The pods of one component: the half they belong to, their container ports by name."""

    half: Installation
    role: str
    ports: Mapping[str, int]


def network_policies(
    plan: Plan, planned: PlannedSite, found: Sequence[tuple[Installation, Sequence[Component]]]
) -> Component:
    """The policies of a site: for each half one that closes everything and one for DNS, then one per component."""
    pods = _pods(found)
    rules = {name: _Rules() for name in pods}
    _inside(planned, pods, rules)
    _outside(plan, planned, rules)
    _doors(plan, planned, rules)
    _other_half(plan, planned, rules)
    _externals(planned, rules)
    _ingresses(found, pods, rules)
    objects = [policy for half, _ in found for policy in _closed(half)]
    objects += [_policy(pods[name].half, name, rules[name]) for name in pods]
    return Component(ORDER, "network-policies", tuple(objects))


def _pods(found: Sequence[tuple[Installation, Sequence[Component]]]) -> dict[str, _Pods]:
    """The pods of a site by component, in apply order."""
    result = {}
    for half, components in found:
        for made in (made for component in components for made in component.objects):
            if made["kind"] not in WORKLOADS:
                continue
            containers = made["spec"]["template"]["spec"]["containers"]
            ports = {port["name"]: port["containerPort"] for each in containers for port in each.get("ports", ())}
            name = made["spec"]["selector"]["matchLabels"][COMPONENT_LABEL]
            result[name] = _Pods(half, made["metadata"]["labels"]["app.kubernetes.io/component"], ports)
    return result


def _inside(planned: PlannedSite, pods: Mapping[str, _Pods], rules: Mapping[str, _Rules]) -> None:
    """Open what the site's own components dial among themselves."""
    serving = planned.serving
    hops = (*INSIDE, REGISTRY) if serving is not None and serving.settings.use_registry else INSIDE
    for hop in hops:
        for target in (name for name in hop.targets if name in pods):
            for source in (name for name in hop.sources if name in pods):
                _add(rules[target].ingress, hop.ports, _selected(pods, target, source))
                _add(rules[source].egress, hop.ports, _selected(pods, source, target))


def _selected(pods: Mapping[str, _Pods], here: str, other: str) -> Manifest:
    """The pods of `other` in a policy of `here`."""
    peer: Manifest = {"podSelector": {"matchLabels": pods[other].half.selector(other)}}
    if pods[here].half.namespace == pods[other].half.namespace:
        return peer
    return {**_namespace(pods[other].half.namespace), **peer}


def _outside(plan: Plan, planned: PlannedSite, rules: Mapping[str, _Rules]) -> None:
    """Open what the route tables say to the component that dials by each of them."""
    for channel in planned.channels:
        dialler = next((name for name in _DIALLERS[channel] if name in rules), None)
        if dialler is None:
            continue
        for target in dialled_sites(plan, planned, channel):
            door = plan.door(planned, target, channel)
            _open(rules[dialler], plan.endpoint(planned, target, door))
            if target.cluster.name == planned.cluster.name:
                _add(rules[dialler].egress, (door.port,), _namespace(namespace_of(target.site, door)))


def _doors(plan: Plan, planned: PlannedSite, rules: Mapping[str, _Rules]) -> None:
    """Open the doors at which other sites dial this one. Nobody dials a party that polls."""
    for channel in planned.channels:
        if planned.site.polling is not None and channel is Channel.ROLLSITE:
            continue
        diallers = tuple(those_who_dial(plan, planned, channel))
        found = doors(planned.site, planned.release, plan.topology, channel)
        for door in used(plan, channel, diallers, found):
            target = rules.get(_component(door))
            if target is None:
                continue
            if service_type(planned.site, door) != "ClusterIP":
                target.anywhere_in.add(door.port)
                continue
            for dialler in diallers:
                if dialler.cluster.name == planned.cluster.name:
                    _add(target.ingress, (door.port,), _namespace(_namespace_on(dialler, channel)))


def _namespace_on(planned: PlannedSite, channel: Channel) -> str:
    """The namespace of the component of a site that dials on a channel."""
    if channel is Channel.SERVING and planned.site.kind == "party" and planned.serving is not None:
        return planned.serving.settings.namespace
    return planned.site.namespace


def _component(door: Door) -> str:
    """The component behind a door: that of its Service, but FATE-Flow's pods are called python."""
    return "python" if door.component == "python" else door.service


def _other_half(plan: Plan, planned: PlannedSite, rules: Mapping[str, _Rules]) -> None:
    """Open what training and serving of a party dial of each other where that goes through the outside."""
    for channel in OWN:
        listener = planned.listeners.get(channel)
        dialler = _DIALLERS[channel][0]
        if listener is None or dialler not in rules:
            continue
        for endpoint in listener.outside:
            _open(rules[dialler], endpoint)
        for door in doors(planned.site, planned.release, plan.topology, channel)[:1]:
            if _component(door) in rules and listener.outside:
                rules[_component(door)].anywhere_in.add(door.port)


def _externals(planned: PlannedSite, rules: Mapping[str, _Rules]) -> None:
    """Open what federation.yaml names outside of the federation: MySQL, Redis, an adapter's URL."""
    mysql = planned.site.mysql
    for name in ("python", "clustermanager"):
        if mysql is not None and name in rules:
            _open(rules[name], Endpoint(mysql.host, mysql.port))
    serving = planned.serving
    if serving is None or "serving-server" not in rules:
        return
    redis, url = serving.settings.redis, serving.settings.adapters.get("url")
    if redis is not None:
        _open(rules["serving-server"], Endpoint(redis.host, redis.port))
    if url:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        _open(rules["serving-server"], Endpoint(parts.hostname or "", port))


def _ingresses(
    found: Sequence[tuple[Installation, Sequence[Component]]],
    pods: Mapping[str, _Pods],
    rules: Mapping[str, _Rules],
) -> None:
    """Open the ports behind Ingresses to the pods of the cluster, for one of them is the Ingress controller."""
    made = [each for _, components in found for component in components for each in component.objects]
    services = {each["metadata"]["name"]: each["spec"] for each in made if each["kind"] == "Service"}
    for each in made:
        if each["kind"] != "Ingress":
            continue
        for rule in each["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                spec = services[backend["name"]]
                name = spec["selector"][COMPONENT_LABEL]
                number = _container_port(spec, backend["port"], pods[name].ports)
                _add(rules[name].ingress, (number,), {"namespaceSelector": {}})


def _container_port(spec: Mapping[str, Any], wanted: Mapping[str, Any], ports: Mapping[str, int]) -> int:
    """The container's port behind a Service's port, which an Ingress names or numbers."""
    port = next(
        port for port in spec["ports"] if port["port"] == wanted.get("number") or port["name"] == wanted.get("name")
    )
    target = port.get("targetPort", port["port"])
    return target if isinstance(target, int) else ports[target]


# ---------------------------------------------------------------------------------------------------------------------
# Objects


def _open(rules: _Rules, endpoint: Endpoint) -> None:
    """Allow a component to dial an endpoint: its address, or any where it has a name."""
    try:
        address = ipaddress.ip_address(endpoint.host)
    except ValueError:
        rules.anywhere_out.add(endpoint.port)
        return
    _add(rules.egress, (endpoint.port,), {"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}})


def _add(rules: _Peers, ports: tuple[int, ...], peer: Manifest) -> None:
    rules.setdefault(ports, {})[repr(peer)] = peer


def _namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE: name}}}


def _closed(half: Installation) -> Iterator[Manifest]:
    """Nothing may come in or go out but what another policy allows; and names may be looked up."""
    pods = {"podSelector": {"matchLabels": {SITE_LABEL: half.planned.key, PART_LABEL: half.part}}}
    labels = half.labels("network-policies", "network-policy")
    both = {"policyTypes": ["Ingress", "Egress"]}
    yield half.object("NetworkPolicy", f"default-deny-{half.part}", labels, spec={**pods, **both})
    ports = [{"protocol": protocol, "port": DNS} for protocol in ("UDP", "TCP")]
    spec = {**pods, "policyTypes": ["Egress"], "egress": [{"ports": ports}]}
    yield half.object("NetworkPolicy", f"allow-dns-{half.part}", labels, spec=spec)


def _policy(half: Installation, name: str, rules: _Rules) -> Manifest:
    """What one component may do besides."""
    spec: Manifest = {
        "podSelector": {"matchLabels": half.selector(name)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": list(_written(rules.ingress, rules.anywhere_in, "from")),
        "egress": list(_written(rules.egress, rules.anywhere_out, "to")),
    }
    spec = {key: value for key, value in spec.items() if value}
    return half.object("NetworkPolicy", name, half.labels(name, "network-policy"), spec=spec)


def _written(rules: _Peers, anywhere: set[int], word: str) -> Iterator[Manifest]:
    """The rules of one direction: those for every address first, then for each set of ports who may use it."""
    if anywhere:
        yield {"ports": [_port(port) for port in sorted(anywhere)]}
    for ports, peers in rules.items():
        left = tuple(port for port in ports if port not in anywhere)
        if left or not ports:
            yield {word: list(peers.values()), "ports": [_port(port) for port in left] or [{"protocol": "TCP"}]}


def _port(number: int) -> Manifest:
    return {"protocol": "TCP", "port": number}
