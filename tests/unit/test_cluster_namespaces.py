"""Whose a namespace is, and what becomes of one that is missing."""

from __future__ import annotations

from typing import Any

import pytest

from renderers.cluster.api import RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.namespaces import NamespaceState, check_namespaces, create, remove
from tests.unit.cluster_double import DEADLINE, Cluster, Time, folder_of, places_of, secret, thing, workload

SPACE = thing("Namespace", "fate-9999", namespace="", labels={})
HELM = {"app.kubernetes.io/managed-by": "Helm"}


def look(*documents: dict[str, Any], **cluster: Any) -> NamespaceState:
    """What is said of the namespace of a party with a Service, a Deployment and a Secret."""
    planned = [thing("Service", "rollsite"), workload("python")]
    folder = folder_of(*planned, secrets=[thing("Secret", "mysql", stringData={})])
    return check_namespaces(Cluster(documents, **cluster).api, folder, Deadline(60, Time()), places_of(folder))


def owner(*documents: dict[str, Any], **cluster: Any) -> str:
    """What the namespace is said to hold; empty where it may be used."""
    found = look(SPACE, *documents, **cluster).diagnostics
    if not found:
        return ""
    (diagnostic,) = found
    assert diagnostic.fault.code == "FED904"
    prefix = "namespace fate-9999 on cluster bank holds "
    assert diagnostic.message.startswith(prefix)
    return diagnostic.message.removeprefix(prefix)


def release(name: str, status: str, kind: str = "Secret") -> dict[str, Any]:
    """What Helm remembers of a release."""
    labels = {"owner": "helm", "name": name, "status": status}
    typed = {"type": "helm.sh/release.v1"} if kind == "Secret" else {}
    return thing(kind, f"sh.helm.release.v1.{name}.v1", labels=labels, **typed)


def test_an_empty_namespace_may_be_used() -> None:
    """What Kubernetes puts into each is nobody's."""
    default = [thing("ServiceAccount", "default", labels={}), thing("ConfigMap", "kube-root-ca.crt", labels={})]
    state = look(SPACE, *default)
    assert (state.existing, state.missing, state.diagnostics) == (("fate-9999",), (), ())


def test_our_own_namespace_may_be_used_again() -> None:
    """With everything that an earlier apply has made."""
    claim = thing("PersistentVolumeClaim", "data-mysql-0", labels={"fedplan/site": "party-9999"})
    ours = [thing("Service", "rollsite"), workload("python"), secret("mysql", pw="x"), claim]
    assert owner(*ours) == ""


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            thing("Service", "a", labels={"fedplan/site": "party-10000", "fedplan/federation": "demo"}),
            "party 10000",
        ),
        (
            thing("ConfigMap", "r", labels={"fedplan/record-of": "exchange-hub", "fedplan/federation": "demo"}),
            "exchange hub",
        ),
        (
            thing("Service", "a", labels={"fedplan/site": "party-9999", "fedplan/federation": "other"}),
            "party 9999 of federation other",
        ),
        (thing("PersistentVolumeClaim", "d", labels={"fedplan/site": "party-10000"}), "party 10000"),
        (release("fate-9999", "deployed"), "the Helm release fate-9999"),
        (release("fate-9999", "failed", "ConfigMap"), "the Helm release fate-9999"),
        (
            thing("Service", "x", labels=HELM, metadata={"annotations": {"meta.helm.sh/release-name": "shop"}}),
            "the Helm release shop",
        ),
        (thing("Service", "x", labels={"heritage": "Helm", "release": "shop"}), "the Helm release shop"),
        (
            thing("Service", "rollsite", labels={"owner": "kubefate", "name": "fate-9999", "heritage": "Helm"}),
            "the KubeFATE cluster fate-9999",
        ),
        (thing("Service", "rollsite", labels={}), "Service rollsite, which fedplan did not make"),
        (
            secret("mysql") | {"metadata": {"name": "mysql", "namespace": "fate-9999"}},
            "Secret mysql, which fedplan did not make",
        ),
    ],
)
def test_what_somebody_else_has_there_is_named(document: dict[str, Any], expected: str) -> None:
    """Another site, a release, a KubeFATE cluster, or an object of the same name."""
    assert owner(document) == expected


def test_a_release_that_is_gone_does_not_count() -> None:
    """Helm keeps a history where it is asked to."""
    assert owner(release("old", "uninstalled"), release("old", "superseded")) == ""


def test_a_release_beside_us_is_no_reason_any_more() -> None:
    """The namespace is ours already; only objects of the same name would collide."""
    assert owner(thing("Service", "rollsite"), release("agent", "deployed")) == ""


def test_the_namespaces_of_the_cluster_are_not_for_sites() -> None:
    """Whatever is in them."""
    folder = folder_of(namespaces={"training": "kube-system"})
    space = thing("Namespace", "kube-system", namespace="", labels={})
    (found,) = check_namespaces(Cluster([space]).api, folder, DEADLINE, places_of(folder)).diagnostics
    assert found.message == "namespace kube-system on cluster bank holds the cluster's own programs"


def test_a_namespace_that_is_going_takes_nothing_any_more() -> None:
    """Apply must wait until it is gone."""
    going = thing("Namespace", "fate-9999", namespace="", metadata={"deletionTimestamp": "2026-03-01T12:00:00Z"})
    (found,) = look(going).diagnostics
    assert found.message.endswith("holds objects that are being deleted together with it")


def test_a_missing_namespace_is_made_by_who_may() -> None:
    """And is a finding for anybody else."""
    state = look()
    assert (state.existing, state.missing, state.diagnostics) == ((), ("fate-9999",), ())
    state = look(allows=lambda *_: False)
    assert state.missing == ("fate-9999",)
    assert [each.fault.code for each in state.diagnostics] == ["FED927"]


def test_a_namespace_that_cannot_be_read_is_tried() -> None:
    """A dry run inside it tells whether it is there."""
    hidden = frozenset({"Namespace"})
    assert look(hidden=hidden).existing == ("fate-9999",)
    assert look(hidden=hidden, trial=RefusedError(403, "Forbidden", "no")).existing == ("fate-9999",)
    gone = RefusedError(404, "NotFound", 'namespaces "fate-9999" not found')
    assert look(hidden=hidden, trial=gone).missing == ("fate-9999",)


def test_what_may_not_be_looked_at_is_not_judged() -> None:
    """Least rights: Secrets may be hidden, and labels of other kinds still tell a chart."""
    kubefate = thing("Service", "rollsite", labels={"owner": "kubefate", "name": "fate-9999"})
    hidden = frozenset({"Secret", "StatefulSet"})
    assert owner(kubefate, release("fate-9999", "deployed"), hidden=hidden) == "the KubeFATE cluster fate-9999"
    assert owner(release("fate-9999", "deployed"), hidden=hidden) == ""


def test_namespaces_are_made_with_our_labels() -> None:
    """One that somebody else makes at the same moment is not ours."""
    cluster, folder = Cluster([SPACE]), folder_of()
    assert create(cluster.api, folder, ("fate-9999", "serving"), DEADLINE) == ("serving",)
    assert cluster.made[0]["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "fedplan",
        "fedplan/federation": "demo",
        "fedplan/site": "party-9999",
        "kubernetes.io/metadata.name": "serving",
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "baseline",
    }


def test_only_an_empty_namespace_of_ours_is_taken_away() -> None:
    """Nobody's objects go with it."""
    ours = thing("Namespace", "fate-9999", namespace="")
    root = thing("ConfigMap", "kube-root-ca.crt", labels={})
    foreign = thing("ConfigMap", "theirs", labels={})
    folder = folder_of()
    assert remove(Cluster([ours, root]).api, folder, ("fate-9999",), DEADLINE) == ("fate-9999",)
    for documents in ([ours, root, foreign], [SPACE], []):
        cluster = Cluster(documents)
        assert remove(cluster.api, folder, ("fate-9999",), DEADLINE) == ()
        assert cluster.deleted == []
