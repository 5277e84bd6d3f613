"""Whether it is the right cluster, and whether it has what the site needs."""

from __future__ import annotations

from typing import Any

import pytest

from planner.diagnostics import Diagnostic
from renderers.cluster.cluster_checks import check_cluster, same_server
from renderers.cluster.prerequisites import missing_prerequisites
from tests.unit.cluster_double import DEADLINE, Cluster, folder_of, needs, places_of, secret, thing, workload


def check(cluster: Cluster, **folder: Any) -> list[str]:
    """Code and message of what is found."""
    made = folder_of(workload("python"), thing("PodDisruptionBudget", "n", "policy/v1"), **folder)
    return told(check_cluster(cluster.api, made, DEADLINE, places_of(made)))


def told(found: Any) -> list[str]:
    """Code and message of findings."""
    diagnostics: list[Diagnostic] = list(found)
    return [f"{each.fault.code} {each.message}" for each in diagnostics]


def test_a_cluster_that_serves_everything_is_good() -> None:
    """Also one of another version than the file says, or without a server there."""
    assert check(Cluster()) == []
    assert check(Cluster(), server="https://192.168.9.1:6443/", kubernetes=(1, 21)) == []


def test_another_cluster_is_refused_by_name_before_anything_is_asked() -> None:
    """Nothing is judged of a cluster that is not the one that was meant."""
    cluster = Cluster(server="https://10.0.0.7:6443", version_number=(1, 10), served=lambda *_: False)
    assert check(cluster, server="https://192.168.9.1:6443") == [
        "FED903 context bank-prod leads to https://10.0.0.7:6443, and not to cluster bank"
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://API.example.com", "https://api.example.com:443/", True),
        ("https://api.example.com.", "https://api.example.com", True),
        ("https://[2001:db8::1]:6443", "https://[2001:DB8::1]:6443", True),
        ("https://rancher/k8s/clusters/a", "https://rancher/k8s/clusters/b", False),
        ("https://10.0.0.1:6443", "https://10.0.0.1:6444", False),
        ("http://10.0.0.1:6443", "https://10.0.0.1:6443", False),
        ("https://10.0.0.1:x", "https://10.0.0.1:y", False),
    ],
)
def test_urls_are_compared_by_where_they_lead(one: str, other: str, same: bool) -> None:
    """Case, a default port and a last slash do not count; a path does."""
    assert same_server(one, other) is same


def test_an_api_that_is_not_served_is_named() -> None:
    """With the version of the cluster, which is the way out."""
    cluster = Cluster(version_number=(1, 20), served=lambda version, _: version != "policy/v1")
    assert check(cluster) == ["FED916 cluster bank (Kubernetes 1.20) does not serve policy/v1 PodDisruptionBudget"]


def test_a_cluster_that_is_too_old_is_told_its_age() -> None:
    """There is nothing to write in federation.yaml for it."""
    folder = folder_of()
    (found,) = check_cluster(Cluster(version_number=(1, 19)).api, folder, DEADLINE, places_of(folder))
    assert found.message == (
        "cluster bank (Kubernetes 1.19) does not serve what is written for Kubernetes 1.20 and later"
    )
    assert found.hint == "bring cluster bank to Kubernetes 1.20 at least"


# ---------------------------------------------------------------------------------------------------------------------
# Prerequisites


def lacking(cluster: Cluster, *prerequisites: Any) -> list[str]:
    """What is missing."""
    folder = folder_of(prerequisites=prerequisites)
    return told(missing_prerequisites(cluster.api, folder, DEADLINE, places_of(folder)))


def test_what_is_there_is_no_finding() -> None:
    """Namespaces and databases are not looked for here."""
    there = [secret("certs", a="1", b="2"), thing("StorageClass", "fast", "storage.k8s.io/v1", namespace="")]
    wanted = (
        needs("Secret", "certs", "a", "b"),
        needs("StorageClass", "fast", namespace=""),
        needs("Namespace", "fate-9999", namespace=""),
        needs("Database", "db:3306/fate", namespace=""),
    )
    assert lacking(Cluster(there), *wanted) == []


def test_what_is_missing_is_named_with_its_use() -> None:
    """Secrets, claims and classes."""
    wanted = (
        needs("Secret", "certs", "a"),
        needs("PersistentVolumeClaim", "data"),
        needs("StorageClass", "fast", namespace=""),
    )
    assert lacking(Cluster(), *wanted) == [
        "FED915 Secret fate-9999/certs is not on cluster bank: it is needed",
        "FED915 PersistentVolumeClaim fate-9999/data is not on cluster bank: it is needed",
        "FED915 StorageClass fast is not on cluster bank: it is needed",
    ]


def test_a_secret_without_its_keys_is_as_good_as_none() -> None:
    """Empty ones too."""
    assert lacking(Cluster([secret("certs", a="1", b="")]), needs("Secret", "certs", "a", "b", "c")) == [
        "FED915 Secret fate-9999/certs on cluster bank has no keys b, c: it is needed"
    ]


def test_what_is_being_deleted_is_missing() -> None:
    """A claim that is going cannot be mounted."""
    going = thing("PersistentVolumeClaim", "data", metadata={"deletionTimestamp": "2026-03-01T12:00:00Z"})
    assert len(lacking(Cluster([going]), needs("PersistentVolumeClaim", "data"))) == 1


def test_what_may_not_be_read_is_not_judged() -> None:
    """Pods will tell."""
    assert lacking(Cluster(hidden=frozenset({"Secret"})), needs("Secret", "certs", "a")) == []
