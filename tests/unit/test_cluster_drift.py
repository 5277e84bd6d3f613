"""Differences of objects, field by field; who set them is as API servers of 1.20 and later write managedFields."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from renderers.cluster.api import Cause, RefusedError
from renderers.cluster.drift import (
    FieldChange,
    changed_fields,
    conflicts,
    differences,
    keep_marks,
    resolve,
    secret_differences,
    shown,
)
from renderers.cluster.references import Document


def deployment(**container: Any) -> Document:
    """A Deployment with one container."""
    main = {"name": "main", "image": "web:1", "env": [{"name": "A", "value": "1"}], **container}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"replicas": 1, "template": {"metadata": {}, "spec": {"containers": [main]}}},
    }


def managed(document: Document, fields: Any, manager: str = "kubectl-edit", **parts: Any) -> Document:
    """The same, with what the server remembers of another manager."""
    entry = {"manager": manager, "time": "2026-03-01T12:04:05Z", "fieldsV1": fields, **parts}
    return {**document, "metadata": {**document["metadata"], "managedFields": [entry]}}


CONTAINERS = "spec.template.spec.containers"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"image": "web:2"}, ("[main].image", "web:1", "web:2")),
        ({"env": [{"name": "A", "value": "2"}]}, ("[main].env[A].value", "1", "2")),
        ({"env": []}, ("[main].env[A]", '{"name": "A", "value": "1"}', "")),
        ({"args": ["-v"]}, ("[main].args", "", '["-v"]')),
        (
            {"resources": {"limits": {"nvidia.com/gpu": 1}}},
            ("[main].resources", "", '{"limits": {"nvidia.com/gpu": 1}}'),
        ),
        ({"env": [{"name": "A", "value": "a\nb"}]}, ("[main].env[A].value", "", "")),
    ],
)
def test_what_an_apply_changes(container: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Readable paths with both values; texts of several lines only as different."""
    (found,) = changed_fields(deployment(), deployment(**container))
    assert (found.path, found.live, found.desired) == (CONTAINERS + expected[0], *expected[1:])


def test_what_only_the_server_writes_is_no_change() -> None:
    """Its bookkeeping, its status, and the ways to say nothing."""
    before, after = deployment(), deployment(command=[])
    before["metadata"] |= {"resourceVersion": "1", "generation": 1, "uid": "u", "managedFields": [{}]}
    before["status"] = {"replicas": 0}
    after["metadata"]["annotations"] = {}
    assert changed_fields(before, after) == ()
    assert changed_fields(None, after) == ()


def test_order_is_a_change_of_its_own() -> None:
    """Variables may refer to those before them."""
    first, second = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    (found,) = changed_fields(deployment(env=[first, second]), deployment(env=[second, first]))
    assert (found.path, found.live, found.desired) == (f"{CONTAINERS}[main].env", '["A", "B"]', '["B", "A"]')


def test_items_without_names_are_compared_one_by_one() -> None:
    """As rules of an Ingress or a NetworkPolicy are."""
    before = {"kind": "NetworkPolicy", "spec": {"egress": [{"to": [{"ipBlock": {"cidr": "1.2.3.4/32"}}]}]}}
    after = {"kind": "NetworkPolicy", "spec": {"egress": [{"to": [{"ipBlock": {"cidr": "1.2.3.5/32"}}]}]}}
    (found,) = changed_fields(before, after)
    assert found.path == "spec.egress[0].to[0].ipBlock.cidr"
    (longer,) = changed_fields(before, {"spec": {"egress": [{}, {}]}})
    assert longer.path == "spec.egress"


def test_values_that_may_be_secret_are_not_told() -> None:
    """Those of Secrets, of variables with telling names, and of lists that hold such a variable."""
    assert changed_fields({"kind": "Secret", "data": {"a": "x"}}, {"kind": "Secret", "data": {"a": "y"}}) == (
        FieldChange("data.a", "", ""),
    )
    for name in ("MYSQL_PASSWORD", "apiToken", "NOTEBOOK_HASHED_PASSWORD"):
        before = deployment(env=[{"name": name, "value": "hunter2"}])
        assert "hunter2" not in repr(changed_fields(before, deployment(env=[{"name": name, "value": "x"}])))
        assert "hunter2" not in repr(changed_fields(before, deployment(env=[])))
        assert "hunter2" not in repr(changed_fields(before, deployment(name="other")))
    (told,) = changed_fields(deployment(), deployment(envFrom=[{"secretRef": {"name": "mysql"}}]))
    assert told.path == f"{CONTAINERS}[main].envFrom"


EDITED: dict[str, Any] = {
    "f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {"f:image": {}}}}}}
}


def test_drift_names_who_set_a_field_and_when() -> None:
    """From managedFields; our own entry is nobody else's."""
    live = managed(deployment(image="web:2"), EDITED)
    (found,) = differences(live, deployment(), deployment())
    assert found == FieldChange(f"{CONTAINERS}[main].image", "web:2", "web:1", "kubectl-edit", "2026-03-01 12:04 UTC")
    ours = managed(deployment(image="web:2"), EDITED, "fedplan")
    assert differences(ours, deployment(), deployment())[0].manager == ""


def test_the_last_of_several_managers_is_named() -> None:
    """Each may have set the field in its turn."""
    live = managed(deployment(image="web:2"), EDITED)
    live["metadata"]["managedFields"].append({"manager": "helm", "time": "2026-03-02T00:00:00Z", "fieldsV1": EDITED})
    assert differences(live, deployment(), deployment())[0].manager == "helm"


def test_what_others_have_added_is_drift() -> None:
    """Although every field of ours is as it was; labels, annotations and controllers are left alone."""
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    fields: dict[str, Any] = {
        'k:{"name":"main"}': {"f:env": {'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}}}
    }
    added = {"f:spec": {"f:template": {"f:spec": {"f:containers": fields}}}, "f:metadata": {"f:labels": {"f:x": {}}}}
    live = managed(deployment(env=env), added)
    (found,) = differences(live, deployment(), deployment(env=env))
    assert (found.path, found.manager) == (f"{CONTAINERS}[main].env[B]", "kubectl-edit")
    assert found.desired == ""
    assert differences(managed(deployment(env=env), added, "kube-controller-manager"), deployment(), live) == ()
    assert differences(managed(deployment(env=env), added, subresource="status"), deployment(), live) == ()
    restarted: dict[str, Any] = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:restartedAt": {}}}}}}
    again = deployment()
    again["spec"]["template"]["metadata"] = {"annotations": {"restartedAt": "now"}}
    assert differences(managed(again, restarted), deployment(), again) == ()


def test_without_a_trial_only_what_is_named_is_compared() -> None:
    """The server's defaults are not seen as drift, nor its spelling of quantities."""
    written = deployment(resources={"requests": {"cpu": "1000m", "memory": "1Gi"}})
    live = deployment(resources={"requests": {"cpu": "1", "memory": "1024Mi"}}, imagePullPolicy="Always")
    assert differences(live, written) == ()
    live["spec"]["replicas"] = 0
    assert [each.path for each in differences(live, written)] == ["spec.replicas"]
    assert [each.path for each in differences(live, deployment(tty=True))][-1] == f"{CONTAINERS}[main].tty"


def test_our_own_marks_are_kept() -> None:
    """They are on live pods and in no file."""
    live = deployment()
    live["spec"]["template"]["metadata"] = {"annotations": {"fedplan/secrets": "1", "other": "x"}}
    kept = keep_marks(deployment(), live)
    assert kept["spec"]["template"]["metadata"] == {"annotations": {"fedplan/secrets": "1"}}
    assert keep_marks(deployment(), deployment()) == deployment()
    assert keep_marks({"kind": "Service", "spec": {}}, live) == {"kind": "Service", "spec": {}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_secrets_are_compared_without_a_word_about_their_values() -> None:
    """A missing key, another plain value; what a place stood for is not known."""
    wanted = {"stringData": {"user": "fate", "password": "${secret:generate}", "key": "${secret:env:K}"}}
    live = {"metadata": {}, "data": {"user": encoded("fate"), "password": encoded("any"), "key": "e"}}
    assert secret_differences(live, wanted) == ()
    live["data"] = {"user": encoded("root"), "password": encoded("any")}
    assert secret_differences(live, wanted) == (FieldChange("data.user", "", ""), FieldChange("data.key", "", ""))
    live["data"] = {"user": "%%%", "password": "", "key": ""}
    assert [each.path for each in secret_differences(live, wanted)] == ["data.user"]


def test_conflicts_are_told_field_by_field() -> None:
    """In the server's words for old and new versions of Kubernetes."""
    causes = [
        Cause(
            "FieldManagerConflict",
            '.spec.template.spec.containers[name="main"].image',
            'conflict with "helm" using apps/v1',
        ),
        Cause(
            "FieldManagerConflict",
            ".spec.replicas",
            'conflict with "kubectl" with subresource "scale" using apps/v1 at 2026-03-01T12:04:05Z',
        ),
        Cause("FieldManagerConflict", ".spec.replicas", "something new"),
    ]
    refusal = RefusedError(409, "Conflict", "Apply failed with 3 conflicts", causes)
    live = deployment(image="web:2")
    live["spec"]["replicas"] = 0
    assert conflicts(refusal, live, deployment()) == (
        FieldChange(f"{CONTAINERS}[main].image", "web:2", "web:1", "helm"),
        FieldChange("spec.replicas", "0", "1", "kubectl"),
        FieldChange("spec.replicas", "0", "1", "somebody else"),
    )
    assert conflicts(refusal, None, deployment())[0].live == ""


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (".data.route_table.json", "data[route_table.json]"),
        (".data.other.json", "data.other.json"),
        (".metadata.annotations.a.b/c", "metadata.annotations[a.b/c]"),
        ('.spec.ports[port=9370,protocol="TCP"].nodePort', "spec.ports[grpc].nodePort"),
        ('.spec.ports[port=1,protocol="TCP"].nodePort', "spec.ports[1].nodePort"),
        ('.metadata.finalizers[="a.b"]', "metadata.finalizers[a.b]"),
        (".spec.rules[0].host", "spec.rules[0].host"),
    ],
)
def test_the_servers_paths_are_read_with_the_document_at_hand(field: str, expected: str) -> None:
    """A dot in a name and a dot between two names look alike."""
    document = {
        "data": {"route_table.json": "{}"},
        "metadata": {"annotations": {"a.b/c": "x"}},
        "spec": {"ports": [{"name": "grpc", "port": 9370, "protocol": "TCP"}]},
    }
    assert shown(resolve(field, document)) == expected
