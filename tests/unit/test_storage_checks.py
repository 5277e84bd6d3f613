"""Checks of volumes, databases, namespaces and NodePorts by override."""

from __future__ import annotations

import pytest

from planner.diagnostics import Diagnostic
from planner.pipeline import check

TEXT = """
version: 1
name: demo
release: {release}
topology: mesh
clusters:
  - {{name: bank, address: 192.168.9.1{bank}}}
  - {{name: shop, address: 192.168.10.1}}
parties:
  - {{id: 9999, cluster: bank{first}}}
  - {{id: 10000, cluster: shop{second}}}
defaults:
  engine: {engine}
  credentials: {{mysql: "env:A"}}
"""


FAST = "{storage: {storageClass: fast}}"


def found(code: str, **parts: str) -> list[Diagnostic]:
    """The findings of one code in a federation of two parties."""
    usual = {"release": "v1.11.2", "bank": "", "first": "", "second": "", "engine": "eggroll"}
    text = TEXT.format(**{**usual, **parts})
    return [each for each in check(text.encode()).diagnostics if each.fault.code == code]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("", 0),
        (", persistence: true", 1),
        (", persistence: {size: 5Gi}", 1),
        (", persistence: {storageClass: fast}", 0),
        (", persistence: {existingClaim: data}", 0),
        (
            ", persistence: true, components: {"
            + ", ".join(f"{name}: {FAST}" for name in ("python", "client", "nodemanager"))
            + "}",
            0,
        ),
        (", persistence: true, components: {python: {storage: {storageClass: fast}}}", 1),
    ],
)
def test_classes_that_hardly_any_cluster_has(first: str, expected: int) -> None:
    """Every volume with a default of the chart needs a class or a claim of its own (INV-PVC-1)."""
    assert len(found("FED421", first=first)) == expected


def test_a_class_of_the_cluster_is_enough() -> None:
    """`storageClass` of the cluster stands in for what sites leave out."""
    assert found("FED421", first=", persistence: true", bank=", storageClass: fast") == []


def test_charts_without_such_defaults_are_left_alone() -> None:
    """Before v1.6.1 the template had none."""
    assert found("FED421", first=", persistence: true", release="v1.5.3") == []


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (", components: {python: {replicas: 2}}", 0),
        (", persistence: {storageClass: fast}, components: {python: {replicas: 2}}", 1),
        (", persistence: {storageClass: nfs, accessMode: ReadWriteMany}, components: {python: {replicas: 2}}", 0),
        (
            ", persistence: {storageClass: a}, components: {nodemanager: {replicas: 2, sessionProcessorsPerNode: 2}}",
            0,
        ),
        (", persistence: {storageClass: fast}, components: {mysql: {storage: {existingClaim: db}}}", 0),
        (", persistence: {existingClaim: data, accessMode: ReadWriteMany}", 1),
    ],
)
def test_volumes_that_only_one_pod_can_have(first: str, expected: int) -> None:
    """FATE-Flow's replicas share one; nodemanagers have one each (INV-PVC-2)."""
    assert len(found("FED422", first=first)) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("20230501", 1), ('"20230501"', 0), ("true", 1), ("1.5", 1), ("fate", 0)]
)
def test_logins_are_text(value: str, expected: int) -> None:
    """A number is one without quotes (INV-DB-2)."""
    assert len(found("FED420", first=f", overrides: {{mysql: {{user: {value}}}}}")) == expected


@pytest.mark.parametrize("namespace", ["default", "kube-system", "kube-public", "kube-node-lease"])
def test_namespaces_of_kubernetes(namespace: str) -> None:
    """Training and serving are told apart."""
    assert len(found("FED320", first=f", namespace: {namespace}")) == 1
    (finding,) = found("FED320", first=f", serving: {{namespace: {namespace}}}")
    assert finding.place.path == ("parties", 0, "serving", "namespace")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("spark: {master: {type: NodePort, nodePort: 30093}}", 1),
        ("spark: {master: {nodePort: 30093}}", 0),
        ("spark: {master: {type: ClusterIP, nodePort: 30093}}", 0),
        ("spark: {master: {type: NodePort, nodePort: 32077}}", 0),
        ("spark: {master: {type: NodePort, nodePort: 8080}}", 1),
    ],
)
def test_node_ports_by_override(override: str, expected: int) -> None:
    """Without a type the chart ignores the port (INV-PORT-1, INV-PORT-2)."""
    assert len(found("FED323", first=f", overrides: {{{override}}}", engine="spark_pulsar")) == expected


def test_the_same_port_on_two_clusters_is_fine() -> None:
    """A NodePort belongs to its cluster."""
    override = ", overrides: {spark: {master: {type: NodePort, nodePort: 32077}}}"
    assert found("FED323", first=override, second=override, engine="spark_pulsar") == []


@pytest.mark.parametrize(("release", "expected"), [("v1.11.2", 0), ("v2.0.0", 1)])
def test_nodemanagers_of_one_name(release: str, expected: int) -> None:
    """Only the chart of v2.0.0 gives all of them one (components.md, fact 9)."""
    first = ", components: {nodemanager: {replicas: 3, sessionProcessorsPerNode: 2}}"
    assert len(found("FED427", first=first, release=release)) == expected


@pytest.mark.parametrize(("user", "expected"), [("fate", 0), ("bank", 1)])
def test_rabbitmq_knows_one_login(user: str, expected: int) -> None:
    """What FATE-Flow is told must be what the chart starts the broker with (INV-RMQ-3)."""
    first = f", overrides: {{python: {{rabbitmq: {{user: {user}}}}}}}"
    assert len(found("FED625", first=first, engine="spark_rabbitmq")) == expected
    assert found("FED625", first=first, engine="spark_pulsar") == []
