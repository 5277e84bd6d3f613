"""Quotas and LimitRanges: what a site adds to what is in use, counted as the API server counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.cluster.quota import exceeded
from renderers.quantities import quantity, spelled
from tests.unit.cluster_double import DEADLINE, Cluster, desired, folder_of, places_of, secret, thing, workload

GIB = Decimal(2**30)


# ---------------------------------------------------------------------------------------------------------------------
# Quantities


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("500m", Decimal("0.5")),
        ("2", 2),
        ("1.5", Decimal("1.5")),
        (".5", Decimal("0.5")),
        ("5.", 5),
        ("2Gi", 2 * GIB),
        ("1k", 1000),
        ("1E", 10**18),
        ("1e3", 1000),
        ("12E2", 1200),
        ("1Ei", 2**60),
        ("100n", Decimal("1e-7")),
        ("-1Ki", -1024),
    ],
)
def test_quantities_are_read_exactly(text: str, number: Decimal) -> None:
    """Every form that the API takes."""
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "1K", "Gi", "1e", "--1", "1e9999", "0x10"])
def test_what_is_no_quantity_is_an_error(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)


def test_amounts_are_told_as_people_write_them() -> None:
    """Bytes never look smaller than they are."""
    told = [("requests.memory", "12Gi"), ("memory", "1500M"), ("cpu", "1500m"), ("limits.cpu", "3"), ("pods", "7")]
    assert [spelled(name, quantity(value)) for name, value in told] == ["12Gi", "1.4Gi", "1500m", "3", "7"]
    assert spelled("requests.storage", quantity("900")) == "900"
    assert spelled("cpu", quantity("100n")) == "0.0000001"


@given(st.integers(0, 2**63), st.sampled_from(["", "m", "Ki", "Mi", "Gi", "k", "M", "G"]))
def test_a_told_amount_of_bytes_is_never_below_the_amount(number: int, suffix: str) -> None:
    """And less than a tenth of its unit above."""
    value = quantity(f"{number}{suffix}")
    told = quantity(spelled("memory", value))
    assert value <= told <= max(value * Decimal("1.1"), value + 1)


# ---------------------------------------------------------------------------------------------------------------------
# Quotas


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A quota with what is in use of it."""
    return thing(
        "ResourceQuota", "compute", labels={}, spec={"hard": hard, **spec}, status={"hard": hard, "used": used or {}}
    )


def limits(kind: str, **rule: dict[str, str]) -> dict[str, Any]:
    """A LimitRange of one rule."""
    return thing("LimitRange", "bounds", labels={}, spec={"limits": [{"type": kind, **rule}]})


def found(*planned: dict[str, Any], there: list[dict[str, Any]], live: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """The findings for planned objects in a namespace with these things."""
    secrets = [each for each in planned if each["kind"] == "Secret"]
    folder = folder_of(*(each for each in planned if each["kind"] != "Secret"), secrets=secrets)
    known = {desired(each).reference.key: each for each in live}
    diagnostics = exceeded(Cluster(there).api, folder, known, DEADLINE, places_of(folder))
    assert {each.fault.code for each in diagnostics} <= {"FED907", "FED905"}
    return [each.message.removeprefix("quota compute has no room for party 9999: ") for each in diagnostics]


def running(name: str, phase: str = "Running", **requests: str) -> dict[str, Any]:
    """A pod of ours that runs."""
    spec = workload(name, requests=requests)["spec"]["template"]["spec"]
    return thing("Pod", name, spec=spec, status={"phase": phase})


def test_no_quota_no_finding() -> None:
    """Whatever the site asks for."""
    assert found(workload("python", requests={"memory": "100Ti"}), there=[]) == []


def test_the_sum_of_the_site_is_weighed() -> None:
    """Each alone would fit, and both do not."""
    planned = [
        workload("python", requests={"memory": "6Gi"}),
        workload("mysql", requests={"memory": "3Gi"}, replicas=2),
    ]
    assert found(*planned, there=[quota({"requests.memory": "8Gi"})]) == ["requests.memory 12Gi of 8Gi"]
    assert found(*planned, there=[quota({"requests.memory": "12Gi"})]) == []


def test_what_others_use_counts() -> None:
    """With how much that is."""
    planned = workload("python", requests={"memory": "6Gi"})
    there = [quota({"requests.memory": "8Gi"}, {"requests.memory": "4Gi"})]
    assert found(planned, there=there) == ["requests.memory 10Gi of 8Gi (4Gi of it is in use)"]


def test_what_runs_of_the_site_is_not_counted_twice() -> None:
    """An apply of what is there adds nothing; one of more adds the difference."""
    used = {"requests.memory": "8Gi", "pods": "2"}
    hard = {"requests.memory": "8Gi", "pods": "2"}
    there = [quota(hard, used), running("python", memory="6Gi"), running("done", "Succeeded", memory="6Gi")]
    assert found(workload("python", requests={"memory": "6Gi"}), there=there) == []
    assert found(workload("python", requests={"memory": "7Gi"}), there=there) == [
        "requests.memory 9Gi of 8Gi (2Gi of it is in use)"
    ]


def test_a_quota_that_is_overdrawn_already_does_not_stop_who_adds_nothing() -> None:
    """The administrator has lowered it."""
    there = [quota({"pods": "1"}, {"pods": "2"}), running("python")]
    assert found(workload("python"), there=there) == []


def test_figures_that_look_the_same_are_told_in_full() -> None:
    """Both would be 8.1Gi."""
    there = [quota({"requests.memory": "8200Mi"})]
    assert found(workload("python", requests={"memory": "8250Mi"}), there=there) == [
        "requests.memory 8650752000 of 8598323200"
    ]


def test_init_containers_count_if_they_ask_for_more() -> None:
    """They run one by one, before the others."""
    init = [
        {"name": "a", "resources": {"requests": {"memory": "5Gi"}}},
        {"name": "b", "resources": {"requests": {"memory": "4Gi"}}},
    ]
    planned = workload("python", requests={"memory": "2Gi"}, pod=None)
    planned["spec"]["template"]["spec"]["initContainers"] = init
    assert found(planned, there=[quota({"memory": "4Gi"})]) == ["memory 5Gi of 4Gi"]
    assert found(planned, there=[quota({"memory": "5Gi"})]) == []


def test_limits_are_requests_where_nothing_else_is_said() -> None:
    """As the API server fills them in."""
    planned = workload("python", limits={"memory": "2Gi", "nvidia.com/gpu": "1"}, replicas=2)
    there = [quota({"requests.memory": "3Gi", "limits.memory": "9Gi", "requests.nvidia.com/gpu": "1"})]
    assert found(planned, there=there) == ["requests.memory 4Gi of 3Gi; requests.nvidia.com/gpu 2 of 1"]


def test_containers_must_say_what_a_quota_counts() -> None:
    """The quota refuses their pods otherwise."""
    planned = [workload("python", requests={"cpu": "1"}), workload("mysql", limits={"memory": "1Gi"})]
    there = [quota({"limits.memory": "8Gi", "requests.cpu": "4"})]
    assert found(*planned, there=there) == [
        (
            "it asks every container to say its requests.cpu, and mysql/mysql does not; "
            "it asks every container to say its limits.memory, and python/python does not"
        )
    ]


def test_a_limit_range_says_it_for_them() -> None:
    """Its defaults are what pods then ask for."""
    planned = workload("python", replicas=3)
    defaults = limits("Container", default={"memory": "2Gi"}, defaultRequest={"memory": "1Gi"})
    there = [quota({"limits.memory": "5Gi", "requests.memory": "5Gi"}), defaults]
    assert found(planned, there=there) == ["limits.memory 6Gi of 5Gi"]


def test_a_workload_without_pods_asks_for_nothing() -> None:
    """Nor must it say anything."""
    there = [quota({"limits.memory": "1", "pods": "0"}), limits("Container", max={"memory": "1"})]
    assert found(workload("python", replicas=0), there=there) == []


@pytest.mark.parametrize(
    ("scope", "is_counted"),
    [
        ({"scopes": ["NotTerminating"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotBestEffort", "NotTerminating"]}, True),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}}, True),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]
                }
            },
            False,
        ),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}}, False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
    ],
)
def test_a_quota_counts_the_pods_of_its_scopes(scope: dict[str, Any], is_counted: bool) -> None:
    """Pods of a site have no deadline and no priority class."""
    planned = workload("python", requests={"memory": "1Gi", "cpu": "1"})
    assert bool(found(planned, there=[quota({"pods": "0"}, **scope)])) is is_counted


def test_objects_are_counted_by_kind() -> None:
    """Those that are there take nothing more; each apply writes a ConfigMap of its own."""
    planned = [
        thing("ConfigMap", "a"),
        thing("ConfigMap", "b"),
        thing("Secret", "s", stringData={}),
        workload("python"),
        thing("Ingress", "i", "networking.k8s.io/v1"),
    ]
    hard = {
        "configmaps": "1",
        "count/configmaps": "1",
        "secrets": "0",
        "count/deployments.apps": "0",
        "count/replicasets.apps": "0",
        "count/ingresses.networking.k8s.io": "0",
    }
    reasons = found(*planned, there=[quota(hard)])[0].split("; ")
    assert reasons == [
        "configmaps 3 of 1",
        "count/configmaps 3 of 1",
        "secrets 1 of 0",
        "count/deployments.apps 1 of 0",
        "count/replicasets.apps 1 of 0",
        "count/ingresses.networking.k8s.io 1 of 0",
    ]
    live = (planned[0], planned[1], secret("s"), planned[3], planned[4])
    used = {**hard, "configmaps": "0", "count/configmaps": "0"}
    assert found(*planned, there=[quota(hard, used)], live=live) == []


@pytest.mark.parametrize(
    ("kind", "others", "ports", "balancers"),
    [
        ("ClusterIP", {}, 0, 0),
        ("NodePort", {}, 2, 0),
        ("LoadBalancer", {}, 2, 1),
        ("LoadBalancer", {"allocateLoadBalancerNodePorts": False}, 1, 1),
    ],
)
def test_services_take_node_ports(kind: str, others: dict[str, Any], ports: int, balancers: int) -> None:
    """A load balancer's Service does too, unless it says not to."""
    spec = {"type": kind, "ports": [{"port": 1, "nodePort": 30091}, {"port": 2}], **others}
    planned = thing("Service", "rollsite", spec=spec)
    hard = {"services.nodeports": "0", "services.loadbalancers": "0", "services": "1"}
    wanted = [f"services.nodeports {ports} of 0"] * bool(ports) + [f"services.loadbalancers {balancers} of 0"] * bool(
        balancers
    )
    assert found(planned, there=[quota(hard)]) == (["; ".join(wanted)] if wanted else [])


def test_claims_are_counted_for_each_replica() -> None:
    """By storage class too, where the quota does; those that are there already are not made again."""
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}}
    planned = workload("mysql", kind="StatefulSet", replicas=3, volumeClaimTemplates=[template])
    hard = {
        "requests.storage": "25Gi",
        "persistentvolumeclaims": "2",
        "fast.storageclass.storage.k8s.io/requests.storage": "5Gi",
    }
    default = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    classes = thing("StorageClass", "fast", "storage.k8s.io/v1", namespace="", metadata=default)
    assert found(planned, there=[quota(hard), classes]) == [
        (
            "requests.storage 30Gi of 25Gi; persistentvolumeclaims 3 of 2; "
            "fast.storageclass.storage.k8s.io/requests.storage 30Gi of 5Gi"
        )
    ]
    there = [thing("PersistentVolumeClaim", f"data-mysql-{number}") for number in range(3)]
    assert found(planned, there=[quota(hard), classes, *there]) == []


def test_what_may_not_be_looked_at_is_not_judged() -> None:
    """The roll-out will tell."""
    folder = folder_of(workload("python"))
    for hidden in ({"ResourceQuota", "LimitRange"}, {"Pod", "PersistentVolumeClaim", "StorageClass"}):
        cluster = Cluster([quota({"pods": "5"})], hidden=frozenset(hidden))
        assert exceeded(cluster.api, folder, {}, DEADLINE, places_of(folder)) == ()


def test_a_quota_that_was_just_made_has_nothing_in_use() -> None:
    """Its status is empty for a moment."""
    made = quota({"pods": "0"})
    del made["status"]
    assert found(workload("python"), there=[made]) == ["pods 1 of 0"]


# ---------------------------------------------------------------------------------------------------------------------
# LimitRanges


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (
            limits("Container", max={"memory": "2Gi"}),
            "LimitRange bounds allows container python at most 2Gi memory, and it asks for 4Gi",
        ),
        (
            limits("Container", max={"nvidia.com/gpu": "1"}),
            "LimitRange bounds wants a limit of nvidia.com/gpu for container python, at most 1",
        ),
        (
            limits("Container", min={"cpu": "2"}),
            "LimitRange bounds wants at least 2 cpu for container python, and it asks for 1",
        ),
        (
            limits("Container", maxLimitRequestRatio={"memory": "1"}),
            "LimitRange bounds wants a limit of at most 1 times the requested memory for container python",
        ),
        (
            limits("Pod", max={"memory": "3Gi"}),
            "LimitRange bounds allows its pod at most 3Gi memory, and it asks for 4Gi",
        ),
    ],
)
def test_a_limit_range_refuses_pods(rule: dict[str, Any], reason: str) -> None:
    """The finding names the workload, whose settings are the way out."""
    planned = workload("python", requests={"memory": "2Gi", "cpu": "1"}, limits={"memory": "4Gi", "cpu": "1"})
    assert found(planned, there=[rule]) == [f"the cluster refuses Deployment fate-9999/python: {reason}"]


def test_a_default_limit_below_the_request_refuses_the_pod() -> None:
    """The limit is put in after the request was written, and must not be below it."""
    planned = workload("python", requests={"memory": "2Gi"})
    rule = limits("Container", default={"memory": "1Gi"}, defaultRequest={"memory": "1Gi"}, max={"memory": "8Gi"})
    assert found(planned, there=[rule]) == [
        (
            "the cluster refuses Deployment fate-9999/python: LimitRange bounds limits container python, which says no"
            " limit, to 1Gi memory, and it asks for 2Gi"
        )
    ]
    said = workload("python", requests={"memory": "2Gi"}, limits={"memory": "2Gi"})
    assert found(said, there=[rule]) == []


def test_a_limit_range_takes_what_is_within() -> None:
    """On its very edge too."""
    planned = workload("python", requests={"memory": "2Gi"}, limits={"memory": "4Gi"})
    rule = limits("Container", max={"memory": "4Gi"}, min={"memory": "2Gi"}, maxLimitRequestRatio={"memory": "2"})
    assert found(planned, there=[rule]) == []


def test_a_limit_range_refuses_claims() -> None:
    """Said once for all replicas of a kind."""
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "10Gi"}}}}
    planned = workload("mysql", kind="StatefulSet", volumeClaimTemplates=[template])
    rule = limits("PersistentVolumeClaim", max={"storage": "5Gi"})
    assert found(planned, there=[rule]) == [
        (
            "the cluster refuses StatefulSet fate-9999/mysql: LimitRange bounds allows claim data-mysql-0 at most 5Gi"
            " storage, and it asks for 10Gi"
        )
    ]
