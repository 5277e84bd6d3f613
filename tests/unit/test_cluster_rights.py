"""The rights that apply, status, remove and verify ask for, and the Roles that give exactly them."""

from __future__ import annotations

from typing import Any

import pytest

from renderers.cluster import rbac
from renderers.cluster.folder import HotTable, SiteFolder
from renderers.cluster.preview import written_kinds
from renderers.cluster.rights import (
    PRUNED,
    PURPOSES,
    Right,
    examine_rights,
    missing_rights,
    needed,
    needed_for_all,
)
from tests.quick_yaml import all_loaded
from tests.unit.cluster_double import DEADLINE, Cluster, folder_of, needs, places_of, thing, workload

TABLE = HotTable("c", "fate-9999", "k", "Deployment", "rollsite", "rollsite", "/x", 60, restart_on_removal=False)


def site(**others: Any) -> SiteFolder:
    """A party with a Deployment, a ConfigMap and a Secret whose value is taken from another namespace."""
    taken = thing("Secret", "mysql", stringData={"password": "${secret:secret:vault/fate#pw}", "user": "fate"})
    return folder_of(workload("python"), thing("ConfigMap", "c"), secrets=[taken], **others)


def words(rights: tuple[Right, ...]) -> set[str]:
    """Rights as `verb word`."""
    return {f"{right.verb} {right.word}" for right in rights}


def test_apply_needs_what_it_writes_prunes_watches_and_records() -> None:
    """Nothing about kinds that the folder does not have but looking for old ones of ours."""
    found = words(tuple(right for right in needed(site(), "apply") if not right.is_optional))
    assert {"get deployments.apps", "create deployments.apps", "patch deployments.apps"} <= found
    assert {"list statefulsets.apps", "delete statefulsets.apps"} <= found
    assert "create statefulsets.apps" not in found
    assert {"get secrets", "create secrets", "patch secrets", "list pods"} <= found
    assert {"create configmaps", "patch configmaps", "list configmaps", "delete configmaps"} <= found
    assert {"create leases.coordination.k8s.io", "update leases.coordination.k8s.io fedplan-party-9999"} <= found
    assert "get secrets fate" in found
    assert not any(word.startswith(("delete secrets", "delete persistentvolumeclaims")) for word in found)


def test_exec_is_asked_for_only_where_a_route_table_is_hot() -> None:
    """A pod is looked into only to confirm its table."""
    assert "create pods/exec" not in words(needed(site(), "apply"))
    hot = [right for right in needed(site(hot_tables=(TABLE,)), "apply") if right.resource == "pods/exec"]
    assert {right.verb for right in hot} == {"get", "create"}
    assert all(right.is_optional for right in hot)


def test_status_writes_nothing() -> None:
    """It reads; that trying needs `patch` is said as something that is done without."""
    required = {right.verb for right in needed(site(), "status") if not right.is_optional}
    assert required == {"get", "list"}


def test_verify_looks_and_runs_commands() -> None:
    """It writes nothing; what a probe alone needs is asked for where there is such a probe, and never insisted on."""
    required = {(right.verb, right.word) for right in needed(site(), "verify") if not right.is_optional}
    assert required == {
        ("list", "deployments.apps"),
        ("list", "statefulsets.apps"),
        ("get", "configmaps"),
        ("get", "pods"),
        ("list", "pods"),
        ("get", "pods/exec"),
    }
    assert {
        "create pods/exec",
        "get secrets",
        "get secrets fate",
        "list nodes",
        "list persistentvolumeclaims",
    } <= words(needed(site(), "verify"))
    some = {"get persistentvolumeclaims", "get services"}
    assert not some & words(needed(site(), "verify"))
    folder = folder_of(thing("Service", "spark-master"), prerequisites=(needs("PersistentVolumeClaim", "data"),))
    assert some <= words(needed(folder, "verify"))


def test_remove_keeps_data_without_the_right_to_delete_it() -> None:
    """Deleting claims is asked for, and not insisted on."""
    found = {(right.verb, right.resource): right for right in needed(site(), "remove")}
    assert found["delete", "persistentvolumeclaims"].is_optional
    assert not found["delete", "deployments"].is_optional
    wanted = {(right.verb, right.resource): right for right in needed(site(), "remove", delete_data=True)}
    assert not wanted["delete", "persistentvolumeclaims"].is_optional
    assert not wanted["delete", "secrets"].is_optional


def test_a_right_that_is_needed_and_wished_for_is_needed() -> None:
    """Each right is there once for all purposes."""
    rights = needed_for_all(site())
    assert len({right._replace(without="") for right in rights}) == len(rights)
    assert not next(right for right in rights if (right.verb, right.resource) == ("get", "secrets")).is_optional


def test_kinds_looked_through_are_those_that_are_pruned() -> None:
    """`preview` looks through the same kinds."""
    assert (
        tuple((version.rpartition("/")[0], kind) for version, kind in written_kinds(Cluster().api, DEADLINE)) == PRUNED
    )


def test_an_administrator_is_asked_once_for_each_namespace() -> None:
    """Who may do everything there may do each single thing."""
    cluster = Cluster()
    assert missing_rights(cluster.api, site(), "apply", DEADLINE, places_of(site())) == ()
    assert {asked[:3] for asked in cluster.asked} == {("*", "*", "*")}
    assert {asked[3] for asked in cluster.asked} == {"", "fate-9999", "vault"}


def test_missing_verbs_are_told_together() -> None:
    """One finding for the resources that lack the same verbs."""

    def allows(verb: str, _: str, resource: str, *__: str) -> bool:
        return verb != "*" and not (verb in {"create", "patch"} and resource in {"deployments", "secrets"})

    folder = site()
    found = missing_rights(Cluster(allows=allows).api, folder, "apply", DEADLINE, places_of(folder))
    assert [each.message for each in found] == [
        "anna may not create or patch deployments.apps and secrets in namespace fate-9999 on cluster bank"
    ]


def test_a_stranger_gets_few_findings() -> None:
    """Not one for each of a hundred rights."""
    folder = site()
    found = missing_rights(Cluster(allows=lambda *_: False).api, folder, "apply", DEADLINE, places_of(folder))
    assert 1 < len(found) < 12
    assert all(each.fault.code == "FED909" for each in found)


def test_what_cannot_be_done_is_said() -> None:
    """Optional rights are no findings."""

    def allows(verb: str, _: str, resource: str, *__: str) -> bool:
        return verb != "*" and resource not in {"resourcequotas", "namespaces"}

    folder = site()
    rights = examine_rights(Cluster(allows=allows).api, folder, "apply", DEADLINE)
    assert rights.missing == ()
    assert rights.restrictions == (
        (
            "it is not known beforehand whether the namespace's quota has room"
            " (no right to list resourcequotas in namespace fate-9999)"
        ),
        (
            "whether namespace fate-9999 is being deleted is not known"
            " (no right to get namespaces fate-9999 in namespace fate-9999)"
        ),
        "a namespace that is missing cannot be made (no right to create namespaces)",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Roles


def loaded(text: str) -> list[Any]:
    """The documents of a text."""
    return all_loaded(text)


def granted(role: dict[str, Any]) -> set[tuple[str, str, str, str, str]]:
    """What a Role gives: verb, group, resource, namespace, name."""
    return {
        (verb, group, resource, role["metadata"]["namespace"], name)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    }


def test_roles_give_exactly_what_is_needed() -> None:
    """No right more and none less, in every namespace."""
    folder = site(
        namespaces={"training": "fate-9999", "serving": "serving-9999"},
        hot_tables=(TABLE,),
        prerequisites=(needs("StorageClass", "fast", namespace=""), needs("Secret", "tls", "k", namespace="vault")),
    )
    documents = loaded(rbac.manifests(folder))
    roles = [each for each in documents if each["kind"] == "Role"]
    found = set().union(*(granted(role) for role in roles))
    wanted = {(r.verb, r.group, r.resource, r.namespace, r.name) for r in needed_for_all(folder) if r.namespace}
    assert found == wanted
    assert [role["metadata"]["namespace"] for role in roles] == ["fate-9999", "serving-9999", "vault"]
    assert [each["metadata"]["name"] for each in documents if each["kind"] == "Namespace"] == [
        "fate-9999",
        "serving-9999",
    ]


def test_no_rule_has_a_wildcard_and_none_reaches_the_whole_cluster() -> None:
    """Least privilege."""
    text = rbac.manifests(site())
    assert "*" not in text
    assert "ClusterRole" not in text


def test_namespaces_keep_privileged_pods_out() -> None:
    """The labels of pod security, and ours."""
    labels = loaded(rbac.manifests(site()))[0]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["fedplan/site"] == "party-9999"


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({}, {"kind": "ServiceAccount", "name": "fedplan-party-9999", "namespace": "fate-9999"}),
        ({"user": "anna"}, {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "anna"}),
        ({"group": "ops: yes"}, {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "ops: yes"}),
    ],
)
def test_the_subject_is_who_was_named(options: dict[str, str], subject: dict[str, str]) -> None:
    """A ServiceAccount is made only where nobody was named."""
    documents = loaded(rbac.manifests(site(), **options))
    assert [each["subjects"] for each in documents if each["kind"] == "RoleBinding"] == [[subject]] * 2
    assert ("ServiceAccount" in {each["kind"] for each in documents}) == (not options)


def test_the_head_says_what_is_not_given() -> None:
    """An administrator reads what the operator does without."""
    head = [line for line in rbac.manifests(site()).splitlines() if line.startswith("#")]
    assert "# - a namespace that is missing cannot be made (create namespaces)" in head


def test_every_purpose_is_known() -> None:
    """The words of the table of purposes."""
    assert all(needed(site(), purpose) for purpose in PURPOSES)
