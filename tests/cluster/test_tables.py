"""Route tables in pods of a real node: the kubelet brings the new one, and commands run in the pod see it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from renderers.cluster.api import Api, RefusedError, connect
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import Desired, HotTable, SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.references import Document, reference
from renderers.cluster.tables import confirm, forget_pulsar_peers
from renderers.cluster.waiting import wait
from tests.cluster.conftest import Namespaces
from tests.cluster.harness import standin
from tests.cluster.harness.cluster import Cluster
from tests.cluster.test_rollout import folder_of, labels, workload
from tests.unit.test_cluster_waiting import Steps

FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"]
STAND_IN = {"image": standin.STANDIN, "command": FOREVER}
OLD, NEW = '{"route_table": {}}', '{"route_table": {"10000": "é"}}'
BROKER = """mkdir /tmp/clusters; cd /tmp/clusters; touch standalone 10000 9998
trap 'exit 0' TERM; while :; do sleep 1; done"""
ADMIN = """#!/bin/sh
cd /tmp/clusters
case "$2" in
list) ls ;;
delete) rm "$3" ;;
esac
"""


def api_of(cluster: Cluster, patch: pytest.MonkeyPatch) -> Api:
    patch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    return connect(cluster.context)


def table(namespace: str, config_map: str, key: str, name: str) -> HotTable:
    """A table that a workload with a container `main` reads."""
    return HotTable(
        config_map=config_map,
        namespace=namespace,
        key=key,
        kind="StatefulSet",
        workload=name,
        container="main",
        path=f"/tables/{key}",
        seconds=3,
        restart_on_removal=False,
    )


def config_map(namespace: str, name: str, data: dict[str, str]) -> Document:
    metadata = {"name": name, "namespace": namespace, "labels": labels(name)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def mounting(namespace: str, workload_name: str, mounts: dict[str, str], **container: Any) -> Document:
    """A workload that sees ConfigMaps, by the path of their folder."""
    volumes = [{"name": each, "configMap": {"name": each, "defaultMode": 0o755}} for each in mounts.values()]
    seen = [{"name": each, "mountPath": path} for path, each in mounts.items()]
    return workload(
        namespace,
        workload_name,
        "StatefulSet",
        volumes=volumes,
        terminationGracePeriodSeconds=1,
        container={**STAND_IN, "volumeMounts": seen, **container},
    )


def put(api: Api, document: Document) -> None:
    api.apply(document, reference(document), Deadline(20), dry_run=False, force=True)


def with_table(folder: SiteFolder, text: str) -> SiteFolder:
    """The folder with another table in its first ConfigMap."""
    first = folder.objects[0]
    ((key, _),) = first.document["data"].items()
    changed = Desired(first.reference, {**first.document, "data": {key: text}}, first.file)
    return replace(folder, objects=(changed, *folder.objects[1:]))


def come_up(api: Api, folder: SiteFolder) -> None:
    for each in folder.objects:
        put(api, each.document)
    assert wait(api, folder, Deadline(120), Steps(), Places(folder)).diagnostics == ()


def test_a_changed_table_is_seen_in_the_pod(
    real_node: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kubelet takes a while; the file in the pod is what counts, byte by byte."""
    api, name = api_of(real_node, monkeypatch), namespace(real_node)
    hot = table(name, "rollsite-config", "route_table.json", "rollsite")
    folder = folder_of(
        name,
        config_map(name, "rollsite-config", {"route_table.json": OLD}),
        mounting(name, "rollsite", {"/tables": "rollsite-config"}),
    )
    folder = replace(folder, hot_tables=(hot,))
    come_up(api, folder)
    time.sleep(1.1)  # times of objects are whole seconds
    changed = with_table(folder, NEW)
    put(api, changed.objects[0].document)
    steps = Steps()
    found = confirm(api, changed, {(name, "rollsite-config")}, Deadline(180), steps, Places(changed))
    assert found == ()
    assert steps.said[-1].startswith("waiting ")
    assert api.run(name, "rollsite-0", "main", ["cat", hot.path], Deadline(20)).output == NEW
    before = Clock().now()
    late = with_table(folder, "never written")
    (told,) = confirm(api, late, {(name, "rollsite-config")}, Deadline(5), Steps(), Places(late))
    assert told.message == "pod rollsite-0 still has another route_table.json after 5 seconds"
    assert Clock().now() - before < 15


def test_commands_in_pods(real_node: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their output, how they end, and why they cannot be run."""
    api, name = api_of(real_node, monkeypatch), namespace(real_node)
    come_up(api, folder_of(name, workload(name, "web", "StatefulSet", container=STAND_IN)))

    def run(*command: str, container: str = "main", pod: str = "web-0", seconds: float = 20) -> Any:
        return api.run(name, pod, container, command, Deadline(seconds))

    ran = run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ran.code, ran.output, ran.errors) == (3, "out\n", "err\n")
    assert run("python3", "-c", "print('é' * 400_000, end='')").output == "é" * 400_000
    absent = run("absent")
    assert absent.code != 0
    assert "executable file not found" in absent.errors
    assert run("sleep", "30", seconds=1).code is None
    with pytest.raises(RefusedError) as refused:
        run("true", container="other")
    assert refused.value.status == 400
    with pytest.raises(RefusedError) as refused:
        run("true", pod="other")
    assert refused.value.is_not_found
    monkeypatch.setenv("KUBECONFIG", str(real_node.stranger_kubeconfig()))
    with pytest.raises(RefusedError, match="pods/exec") as refused:
        connect(real_node.context).run(name, "web-0", "main", ["true"], Deadline(5))
    assert refused.value.status == 403


def test_pulsar_forgets_a_peer_that_has_moved(
    real_node: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own administration program, in its own folder."""
    api, name = api_of(real_node, monkeypatch), namespace(real_node)
    key = "pulsar_route_table.yaml"
    folder = folder_of(
        name,
        config_map(name, "pulsar-route-table", {key: "10000: {host: 1.1.1.1}\n9998: {host: 2.2.2.2}\n"}),
        config_map(name, "admin", {"pulsar-admin": ADMIN}),
        mounting(
            name,
            "pulsar",
            {"/pulsar/bin": "admin"},
            name="pulsar",
            workingDir="/pulsar",
            command=["sh", "-c", BROKER],
        ),
    )
    folder = replace(folder, hot_tables=(table(name, "pulsar-route-table", key, "python"),))
    come_up(api, folder)
    live = {each.reference.key: each.document for each in folder.objects}
    changed = with_table(folder, "10000: {host: 1.1.1.9}\n9998: {host: 2.2.2.2}\n")
    assert forget_pulsar_peers(api, changed, live, Deadline(60), Places(changed)) == ()
    left = api.run(name, "pulsar-0", "pulsar", ["bin/pulsar-admin", "clusters", "list"], Deadline(20))
    assert left.output == "9998\nstandalone\n"


def test_a_real_crash_tells_its_log(real_node: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubelet's own words are understood: the end, its code, and the log of the run that ended."""
    api, name = api_of(real_node, monkeypatch), namespace(real_node)
    probe = {"exec": {"command": ["false"]}}  # without one it is ready for the instant that it lives
    container = {**STAND_IN, "command": ["sh", "-c", "echo no route to mysql; exit 7"], "readinessProbe": probe}
    folder = folder_of(name, workload(name, "web", "StatefulSet", container=container))
    for each in folder.objects:
        put(api, each.document)
    (found,) = wait(api, folder, Deadline(25), Steps(), Places(folder)).diagnostics
    assert found.fault.code == "FED912"
    assert "container main of pod web-0 ended" in found.notes[0].message
    assert found.notes[0].message.endswith("with exit code 7")
    assert found.notes[-1].message == "no route to mysql"
