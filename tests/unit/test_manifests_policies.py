"""NetworkPolicies as they are read back: whom they let through, and what is remarked on."""

from __future__ import annotations

from typing import Any

import pytest

from renderers.manifests.connections import guard_of
from renderers.manifests.objects import Object
from renderers.manifests.policies import NAMESPACE, Inside, Outside, admits, stranger
from renderers.manifests.site import Site
from renderers.reading import Exposed

Tree = dict[str, Any]
FLOW = Inside("fate-9999", {"app": "python"}, {"http": 9380, "grpc": 9360})
MYSQL = Inside("fate-9999", {"app": "mysql"}, {"mysql": 3306})
PEER = Outside("192.168.10.1")
ALL: Tree = {}


def policy(spec: Tree, namespace: str = "fate-9999", name: str = "p") -> Object:
    """A policy."""
    data = {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    return Object("05-network-policies.yaml", "NetworkPolicy", namespace, name, data)


DENY = policy({"podSelector": ALL, "policyTypes": ["Ingress", "Egress"]})


def incoming(*rules: Tree, **selector: str) -> Object:
    """A policy for what comes in."""
    return policy({"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": list(rules)})


def outgoing(*rules: Tree, **selector: str) -> Object:
    """A policy for what goes out."""
    return policy({"podSelector": {"matchLabels": selector}, "policyTypes": ["Egress"], "egress": list(rules)})


class TestAdmits:
    """The rules of Kubernetes."""

    def test_without_policies(self) -> None:
        """Everything is open."""
        assert admits([], PEER, MYSQL, 3306)
        assert admits([policy({"podSelector": ALL}, namespace="another")], PEER, MYSQL, 3306)

    def test_a_policy_closes(self) -> None:
        """What a policy selects is closed in its directions, the rest is not."""
        assert not admits([DENY], PEER, MYSQL, 3306)
        assert not admits([DENY], FLOW, PEER, 443)
        assert admits([incoming(app="mysql")], PEER, FLOW, 9380)
        assert admits([incoming(app="mysql")], MYSQL, PEER, 443)
        assert not admits([policy({"podSelector": ALL})], PEER, MYSQL, 3306)
        assert admits([policy({"podSelector": ALL})], MYSQL, PEER, 443)
        assert not admits([policy({"podSelector": ALL, "egress": []})], MYSQL, PEER, 443)

    def test_both_ends_must_agree(self) -> None:
        """The source must be allowed to dial, and the target to hear."""
        to, at = outgoing({}, app="python"), incoming({}, app="mysql")
        assert admits([DENY, to, at], FLOW, MYSQL, 3306)
        assert not admits([DENY, to], FLOW, MYSQL, 3306)
        assert not admits([DENY, at], FLOW, MYSQL, 3306)

    @pytest.mark.parametrize(
        ("ports", "number", "expected"),
        [
            ([], 1, True),
            ([{"port": 9380}], 9380, True),
            ([{"port": 9380}], 9381, False),
            ([{"port": 9380, "protocol": "UDP"}], 9380, False),
            ([{"port": "http"}], 9380, True),
            ([{"port": "other"}], 9380, False),
            ([{"port": 9000, "endPort": 9400}], 9380, True),
            ([{"port": 9000, "endPort": 9300}], 9380, False),
            ([{"protocol": "TCP"}], 7, True),
            ([{"protocol": "UDP"}], 7, False),
        ],
    )
    def test_ports(self, ports: list[Tree], number: int, expected: bool) -> None:
        """By number, by name of the target's port, as a range; without any, all."""
        assert admits([incoming({"ports": ports}, app="python")], PEER, FLOW, number) == expected

    @pytest.mark.parametrize(
        ("peer", "source", "expected"),
        [
            ({"ipBlock": {"cidr": "192.168.10.1/32"}}, PEER, True),
            ({"ipBlock": {"cidr": "192.168.10.2/32"}}, PEER, False),
            ({"ipBlock": {"cidr": "192.168.0.0/16", "except": ["192.168.10.0/24"]}}, PEER, False),
            ({"ipBlock": {"cidr": "192.168.0.0/16"}}, Outside("shop.example.org"), False),
            ({"ipBlock": {"cidr": "0.0.0.0/0"}}, Outside("shop.example.org"), True),
            ({"ipBlock": {"cidr": "no network"}}, PEER, False),
            ({"ipBlock": {"cidr": "0.0.0.0/0"}}, MYSQL, False),
            ({"podSelector": {}}, MYSQL, True),
            ({"podSelector": {}}, PEER, False),
            ({"podSelector": {}}, stranger("another"), False),
            ({"podSelector": {"matchLabels": {"app": "mysql"}}}, MYSQL, True),
            (
                {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["mysql"]}]}},
                MYSQL,
                True,
            ),
            ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}, MYSQL, True),
            ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, MYSQL, False),
            (
                {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}},
                MYSQL,
                True,
            ),
            ({"namespaceSelector": {}}, stranger("another"), True),
            ({"namespaceSelector": {"matchLabels": {NAMESPACE: "another"}}}, stranger("another"), True),
            ({"namespaceSelector": {"matchLabels": {NAMESPACE: "another"}}}, MYSQL, False),
            ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}, stranger("another"), False),
        ],
    )
    def test_peers(self, peer: Tree, source: Any, expected: bool) -> None:
        """Addresses outside, pods of the same namespace, pods of others."""
        assert admits([incoming({"from": [peer]}, app="python")], source, FLOW, 9380) == expected


def workload(name: str, *ports: int) -> Object:
    """A Deployment."""
    labels = {"app": name}
    container = {"name": name, "ports": [{"containerPort": number} for number in ports]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    data = {"kind": "Deployment", "metadata": {"name": name, "namespace": "fate-9999"}, "spec": spec}
    return Object("10-x.yaml", "Deployment", "fate-9999", name, data)


def door(kind: str = "NodePort") -> Object:
    """The Service of rollsite."""
    spec = {"type": kind, "selector": {"app": "rollsite"}, "ports": [{"port": 9370}]}
    data = {"kind": "Service", "metadata": {"name": "rollsite", "namespace": "fate-9999"}, "spec": spec}
    return Object("30-rollsite.yaml", "Service", "fate-9999", "rollsite", data)


DNS = outgoing({"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]})
AMONG: Tree = {"podSelector": {}}
INSIDE = policy(
    {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [AMONG]}],
        "egress": [{"to": [AMONG]}],
    }
)
PUBLIC = incoming({"ports": [{"port": 9370}]}, app="rollsite")


def remarks(*policies: Object, kind: str = "NodePort") -> list[str]:
    """What is remarked on a party's rollsite and FATE-Flow behind policies."""
    site = Site((workload("rollsite", 9370), workload("python", 9360, 9380), door(kind), *policies))
    guard_of(site)
    return [each.message for each in site.remarks]


class TestGuard:
    """What a site needs open, and closed."""

    def test_none(self) -> None:
        """Without policies there is no guard, and nothing to say."""
        assert guard_of(Site((workload("rollsite", 9370),))) is None

    def test_all_is_well(self) -> None:
        """Closed but for names, the site's own pods and the door."""
        assert remarks(DENY, DNS, INSIDE, PUBLIC) == []

    def test_closed_inside(self) -> None:
        """Eggs listen on ports of their own choice."""
        told = remarks(DENY, DNS, PUBLIC)
        assert "the NetworkPolicies keep python from dialling rollsite at any port" in told
        assert "the NetworkPolicies keep rollsite from dialling python at any port" in told

    def test_no_names(self) -> None:
        """Pods look names up."""
        assert "the NetworkPolicies keep python from looking up names" in remarks(DENY, INSIDE, PUBLIC)

    def test_open_to_everybody(self) -> None:
        """What is no door must be closed."""
        told = remarks(DENY, DNS, INSIDE, PUBLIC, incoming({"ports": [{"port": 9380}]}, app="python"))
        assert told == ["the NetworkPolicies leave port 9380 of python open, which is no door"]
        assert "leave port 9370 of rollsite open" in remarks(DENY, DNS, INSIDE, PUBLIC, kind="ClusterIP")[0]

    def test_not_selected(self) -> None:
        """A pod that no policy selects is open to all, and dials whom it likes."""
        told = remarks(incoming(app="rollsite"), DNS, INSIDE, policy({"podSelector": {"matchLabels": {"a": "b"}}}))
        assert "the NetworkPolicy selects no pods" in told
        told = remarks(policy({"podSelector": {"matchLabels": {"app": "rollsite"}}}))
        assert any("leave port 1 of python open" in each for each in told)
        assert "the NetworkPolicies let python dial anybody at any port" in told

    def test_hears(self) -> None:
        """Whether those outside, or the pods of one namespace, reach the pods behind a Service."""
        exposed = Exposed("rollsite", "NodePort", 9370, 30091, None, (), namespace="fate-9999")
        pods = (workload("rollsite", 9370), door())
        guard = guard_of(Site((*pods, DENY, PUBLIC)))
        assert guard is not None
        assert guard.hears(exposed, None)
        assert guard.hears(exposed, "fate-10000")
        assert not guard.hears(exposed._replace(container_port=1), None)
        only = incoming({"from": [{"namespaceSelector": {"matchLabels": {NAMESPACE: "fate-10000"}}}]}, app="rollsite")
        guard = guard_of(Site((*pods, DENY, only)))
        assert guard is not None
        assert guard.hears(exposed, "fate-10000")
        assert not guard.hears(exposed, "fate-10001")
        assert not guard.hears(exposed, None)
