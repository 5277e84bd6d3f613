"""Status and drift against a real API server: what it remembers of who set which field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from renderers.cluster.api import Api, RefusedError, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.drift import changed_fields, conflicts
from renderers.cluster.folder import Desired, Interface, SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.record import Record
from renderers.cluster.references import Reference, reference
from renderers.cluster.status import SiteStatus, lines, observe, to_json
from tests.cluster.conftest import Namespaces
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.test_rollout import folder_of, labels, roll_out, workload

Clients = Callable[[Cluster | Path], Any]
EDITOR = "kubectl-edit"


@pytest.fixture
def api(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return connect(control_plane.context)


def site(namespace: str) -> SiteFolder:
    """A site with one object of each kind that can drift in its own way."""
    metadata = {"namespace": namespace, "labels": labels("rollsite")}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "rollsite", **metadata},
        "spec": {
            "type": "ClusterIP",
            "selector": labels("rollsite"),
            "ports": [{"name": "grpc", "port": 9370, "targetPort": 9370, "protocol": "TCP"}],
        },
    }
    table = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "rollsite-config", **metadata},
        "data": {"route_table.json": '{"route_table": {\n}}'},
    }
    container = {
        "image": "rollsite:1",
        "resources": {"requests": {"cpu": "500m", "memory": "1024Mi"}},
        "env": [{"name": "ROLE", "value": "a"}, {"name": "DB_PASSWORD", "value": "planned"}],
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mysql", **metadata},
        "stringData": {"user": "fate", "password": "${secret:generate}"},
    }
    made = folder_of(namespace, service, table, workload(namespace, "rollsite", container=container))
    return replace(
        made,
        secrets=(Desired(reference(secret), secret, "secrets.yaml"),),
        interfaces=(Interface("fateboard", "board.example", "http://board.example"),),
    )


def apply_site(api: Api, folder: SiteFolder) -> None:
    assert roll_out(api, folder, 60).diagnostics == ()
    (secret,) = folder.secrets
    document = {**secret.document, "stringData": {"user": "fate", "password": "made"}}
    api.apply(document, secret.reference, Deadline(10), dry_run=False)


def record(folder: SiteFolder) -> Record:
    """The record of an apply that went well."""
    return Record(3, folder.digest, "applied", "anna@ops-1", "2026-03-01T12:04:00Z", "v1.11.2", "test", folder.key)


def look_at(api: Api, folder: SiteFolder, found: Record | None = None) -> SiteStatus:
    return observe(api, folder, found or record(folder), Deadline(30), Places(folder))


@pytest.mark.usefixtures("fake_node")
def test_what_was_applied_has_not_drifted(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """The server's defaults, its controllers' fields and our own marks on pods are no drift."""
    folder = site(namespace(control_plane))
    apply_site(api, folder)
    mark = {"spec": {"template": {"metadata": {"annotations": {"fedplan/secrets": "abc"}}}}}
    api.merge(mark, folder.objects[2].reference, Deadline(10))
    assert roll_out(api, replace(folder, objects=folder.objects[:2]), 60).diagnostics == ()
    status = look_at(api, folder)
    assert status.drift == ()
    assert status.diagnostics == ()
    assert "  drift: none" in lines(status)
    assert to_json(status)["drift"] == []


@pytest.mark.usefixtures("fake_node")
def test_each_changed_field_is_told_with_who_set_it(
    control_plane: Cluster, api: Api, namespace: Namespaces, client_of: Clients
) -> None:
    """Changed, added, removed and lost: by field, by manager, and nothing of secrets."""
    name = namespace(control_plane)
    folder = site(name)
    apply_site(api, folder)
    opened = client_of(control_plane)
    patches: list[dict[str, Any]] = [
        {"spec": {"replicas": 0}},
        {
            "spec": {
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "main",
                                "image": "rollsite:2",
                                "env": [{"name": "MORE", "value": "x"}, {"name": "DB_PASSWORD", "value": "hunter2"}],
                            }
                        ]
                    }
                }
            }
        },
    ]
    for patch in patches:
        client.AppsV1Api(opened).patch_namespaced_deployment("rollsite", name, patch, field_manager=EDITOR)
    core = client.CoreV1Api(opened)
    core.patch_namespaced_config_map(
        "rollsite-config", name, {"data": {"route_table.json": "{}"}}, field_manager=EDITOR
    )
    core.patch_namespaced_secret("mysql", name, {"stringData": {"user": "root"}}, field_manager=EDITOR)
    api.delete(folder.objects[0].reference, Deadline(10))
    status = look_at(api, folder)
    assert status.drift is not None
    told = {(each.what.split()[0], change.path): change for each in status.drift for change in each.changes}
    image = told["Deployment", "spec.template.spec.containers[main].image"]
    assert (image.live, image.desired, image.manager) == ("rollsite:2", "rollsite:1", EDITOR)
    assert image.when.endswith(" UTC")
    assert told["Deployment", "spec.replicas"].live == "0"
    assert told["Deployment", "spec.template.spec.containers[main].env[MORE]"].manager == EDITOR
    assert told["Deployment", "spec.template.spec.containers[main].env[DB_PASSWORD].value"].live == ""
    assert told["ConfigMap", "data[route_table.json]"].manager == EDITOR
    assert told["Secret", "data.user"].live == ""
    assert len(told) == 6
    assert [each.what for each in status.drift if each.is_gone] == [f"Service {name}/rollsite"]
    text = repr(status) + "".join(lines(status)) + repr(to_json(status))
    assert "hunter2" not in text
    assert {each.fault.code for each in status.diagnostics} == {"FED918"}


@pytest.mark.usefixtures("fake_node")
def test_conflicts_name_the_field_and_its_manager(
    control_plane: Cluster, api: Api, namespace: Namespaces, client_of: Clients
) -> None:
    """A refused server-side apply is told field by field; a forced one shows what it would change."""
    name = namespace(control_plane)
    folder = site(name)
    apply_site(api, folder)
    opened = client_of(control_plane)
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "rollsite:2"}]}}}}
    client.AppsV1Api(opened).patch_namespaced_deployment("rollsite", name, patch, field_manager=EDITOR)
    more = {"spec": {"replicas": 2}}
    client.AppsV1Api(opened).patch_namespaced_deployment("rollsite", name, more, field_manager="scaler")
    port = {"spec": {"ports": [{"port": 9370, "name": "grpc", "targetPort": 9371}]}}
    client.CoreV1Api(opened).patch_namespaced_service("rollsite", name, port, field_manager=EDITOR)
    table = {"data": {"route_table.json": "{}"}}
    client.CoreV1Api(opened).patch_namespaced_config_map("rollsite-config", name, table, field_manager=EDITOR)
    found = {}
    for each in folder.objects:
        live = api.get(each.reference, Deadline(10))
        with pytest.raises(RefusedError) as refusal:
            api.apply(each.document, each.reference, Deadline(10), dry_run=True)
        for conflict in conflicts(refusal.value, live, each.document):
            found[conflict.path] = (conflict.manager, conflict.live, conflict.desired)
        after = api.apply(each.document, each.reference, Deadline(10), dry_run=True, force=True)
        paths = {change.path for change in changed_fields(live, after)}
        assert paths == {each.path for each in conflicts(refusal.value, live, each.document)}
    assert found == {
        "spec.template.spec.containers[main].image": (EDITOR, "rollsite:2", "rollsite:1"),
        "spec.replicas": ("scaler", "2", "1"),
        "spec.ports[grpc].targetPort": (EDITOR, "9371", "9370"),
        "data[route_table.json]": (EDITOR, "", ""),
    }


@pytest.mark.usefixtures("fake_node")
def test_a_reader_without_the_right_to_try(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """Without `patch` the fields that the plan names are compared, whatever the server has made of their spelling."""
    name = namespace(control_plane)
    folder = site(name)
    apply_site(api, folder)
    rules = [
        {"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["get", "list"]},
    ]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reader", "namespace": name},
        "rules": rules,
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader", "namespace": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "User", "name": "stranger", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    _create(control_plane, name, role, binding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(control_plane.stranger_kubeconfig()))
        stranger = connect(control_plane.context)
        deadline = Deadline(10)
        while not stranger.may("list", "apps", "deployments", name, deadline):  # a Role counts a moment later
            assert deadline.wait(0.1)
        assert look_at(stranger, folder).drift == ()
        api.merge({"spec": {"replicas": 0}}, folder.objects[2].reference, Deadline(10))
        status = look_at(stranger, folder)
    assert [change.path for each in status.drift or () for change in each.changes] == ["spec.replicas"]
    assert status.remarks == ("drift is known only of what the plan names: no right to try (patch)",)


def _create(cluster: Cluster, namespace: str, role: dict[str, Any], binding: dict[str, Any]) -> None:
    with cluster.api() as admin:
        for plural, document in (("roles", role), ("rolebindings", binding)):
            admin.call("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{plural}", document)


def test_a_site_that_was_never_applied(control_plane: Cluster, api: Api, namespace: Namespaces) -> None:
    """Nothing runs, and nothing is called gone that never was."""
    folder = site(namespace(control_plane))
    status = observe(api, folder, None, Deadline(30), Places(folder))
    assert [each.fault.code for each in status.diagnostics] == ["FED924"]
    assert (status.states, status.drift) == ((), ())
    assert lines(status)[1:] == (
        "  applied: nothing",
        "  pages:",
        "    fateboard  http://board.example",
        "  for /etc/hosts of whoever opens them, where no DNS has these names:",
        "    192.168.9.1 board.example",
    )


def test_workloads_as_they_are(control_plane: Cluster, fake_node: FakeNode, api: Api, namespace: Namespaces) -> None:
    """Their reasons, what is not in the plan, and that another plan is at hand."""
    folder = site(namespace(control_plane))
    apply_site(api, folder)
    stray = workload(folder.home, "old")
    api.apply(stray, Reference("apps/v1", "Deployment", folder.home, "old"), Deadline(10), dry_run=False)
    fake_node.decide({"rollsite": "image-pull"})
    deployment = folder.objects[2]
    status = look_at(api, replace(folder, digest="1" * 64), record(folder))
    assert status.strays == (f"Deployment {folder.home}/old",)
    assert not status.is_current
    assert status.drift is None
    assert "the record has not kept the files of revision 3" in status.remarks[0]
    assert deployment.reference in {state.reference for state in status.states}
