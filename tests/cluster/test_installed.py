"""What a release really runs, against a real API server: Helm's records, its objects, stale pods and live tables.

The test plays Helm: it writes objects as Helm 3 does (no server-side apply, its own field manager, its mark on every
object), and a Secret for each revision.
"""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from planner.channels import Channel
from planner.site_json import Dial, Installation, OpenDoor
from renderers.cluster.api import Api, connect
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import SiteFolder
from renderers.cluster.installed import NO_RELEASES, Confirmed, Releases, confirm, observe, releases
from renderers.cluster.places import Places
from renderers.cluster.record import Record
from renderers.cluster.references import Reference, reference
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.sites import node_ports
from tests.cluster.test_rollout import FastClock, folder_of, give_time

NAME: Final = "fate-9999"
PEER: Final = "192.168.10.1:30101"
TICK: Final = 1.1
"""The server's times are whole seconds: what comes later than another thing must do so by more."""


def labels(module: str) -> dict[str, str]:
    return {"fateMoudle": module, "name": NAME, "partyId": "9999", "owner": "kubefate", "cluster": "fate"}


def workload(module: str, kind: str, config: str, path: str) -> dict[str, Any]:
    """A workload as KubeFATE's charts write them: without namespace, protocol or checksum."""
    container = {
        "name": module,
        "image": f"{module}:1",
        "ports": [{"containerPort": 9380}],
        "volumeMounts": [{"name": "conf", "mountPath": path}],
    }
    pod = {"containers": [container], "volumes": [{"name": "conf", "configMap": {"name": config}}]}
    spec: dict[str, Any] = {"replicas": 1, "selector": {"matchLabels": labels(module)}}
    spec["template"] = {"metadata": {"labels": labels(module)}, "spec": pod}
    spec |= {"serviceName": module} if kind == "StatefulSet" else {"strategy": {"type": "Recreate"}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": module, "labels": labels(module)}, "spec": spec}


def config_map(name: str, **data: str) -> dict[str, Any]:
    texts = {key.replace("__", "."): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels("x")}, "data": texts}


def table(endpoint: str = PEER) -> str:
    host, _, port = endpoint.partition(":")
    return json.dumps({"route_table": {"10000": {"default": [{"ip": host, "port": int(port)}]}}})


def objects(
    node_port: int, conf: str = "threads: 1\n", routes: str | None = None, kind: str = "NodePort"
) -> list[dict[str, Any]]:
    """A small site: FATE-Flow and rollsite."""
    port = {
        "name": "tcp-grpc",
        "port": 9370,
        "targetPort": 9370,
        **({"nodePort": node_port} if kind == "NodePort" else {}),
    }
    spec = {"type": kind, "ports": [port], "selector": labels("rollsite")}
    return [
        config_map("python-config", service_conf__yaml=conf),
        config_map("rollsite-config", route_table__json=routes or table()),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "rollsite", "labels": labels("x")}, "spec": spec},
        workload("rollsite", "Deployment", "rollsite-config", "/data/projects/fate/eggroll/conf/route_table/"),
        workload("python", "StatefulSet", "python-config", "/data/projects/fate/conf-tmp/"),
    ]


@dataclass
class Helm:
    """Does what Helm does, with nothing but the API."""

    cluster: Cluster
    api: Api
    namespace: str
    port: int = field(default_factory=lambda: int(node_ports().partition("-")[0]))
    revision: int = 0
    _written: set[tuple[str, str]] = field(default_factory=set)

    @property
    def installation(self) -> Installation:
        return Installation("training", "cluster.yaml", NAME, self.namespace, "fate", "v1.11.2")

    @property
    def folder(self) -> SiteFolder:
        """The site's folder, as S and H have it."""
        host, _, port = PEER.partition(":")
        return replace(
            folder_of(self.namespace),
            target="helm",
            installations=(self.installation,),
            dials=(Dial(Channel.ROLLSITE, "party-10000", host, int(port)),),
            doors=(
                OpenDoor(Channel.ROLLSITE, "rollsite", self.namespace, "NodePort", "h", self.port, ("party-10000",)),
            ),
            files={"cluster.yaml": "name: fate-9999\n"},
        )

    def upgrade(self, documents: Sequence[Mapping[str, Any]], status: str = "deployed", **info: str) -> None:
        """Write a revision down, then its objects."""
        self.revision += 1
        info = {"status": status, "description": "Upgrade complete", "first_deployed": "2026-03-01T12:00:00Z", **info}
        release = {
            "name": NAME,
            "namespace": self.namespace,
            "version": self.revision,
            "info": info,
            "chart": {"metadata": {"name": "fate", "version": "v1.11.2"}},
            "config": {"mysql": {"password": "s3cret"}},
            "manifest": "\n".join(
                f"---\n# Source: fate/templates/x.yaml\n{yaml.safe_dump(each)}" for each in documents
            ),
        }
        packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
        name = f"sh.helm.release.v1.{NAME}.v{self.revision}"
        told = {"owner": "helm", "name": NAME, "status": status, "version": str(self.revision)}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": {"name": name, "labels": told},
            "data": {"release": base64.b64encode(packed).decode()},
        }
        self._write(secret, {}, {})
        for each in documents:
            marks = {"meta.helm.sh/release-name": NAME, "meta.helm.sh/release-namespace": self.namespace}
            self._write(each, marks, {"app.kubernetes.io/managed-by": "Helm"})

    def _write(self, document: Mapping[str, Any], marks: Mapping[str, str], more: Mapping[str, str]) -> None:
        metadata = document["metadata"]
        whole = {
            **metadata,
            "namespace": self.namespace,
            "annotations": marks,
            "labels": {**metadata["labels"], **more},
        }
        body = {**document, "metadata": whole}
        where, named = reference(body), (document["kind"], metadata["name"])
        with self.cluster.api() as raw:
            if named in self._written:
                raw.call("PATCH", f"{where.path}?fieldManager=helm", body, "application/strategic-merge-patch+json")
            else:
                raw.call("POST", f"{where.path.rpartition('/')[0]}?fieldManager=helm", body)
        self._written.add(named)

    def confirmed(self, before: Releases = NO_RELEASES, seconds: float = 90) -> Confirmed:
        places = Places(self.folder)
        deadline = Deadline(seconds, self.api.clock)
        return confirm(self.api, self.folder, (self.installation,), before, deadline, Silent(), places)

    def releases(self) -> Releases:
        return releases(self.api, self.folder, Deadline(20))

    def pods(self) -> dict[str, str]:
        """The uids of the pods, by what they are pods of."""
        found = self.api.list("v1", "Pod", self.namespace, Deadline(10))
        return {each["metadata"]["labels"]["fateMoudle"]: each["metadata"]["uid"] for each in found}


@pytest.fixture
def helm(control_plane: Cluster, monkeypatch: pytest.MonkeyPatch, namespace: Namespaces) -> Helm:
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    return Helm(control_plane, connect(control_plane.context), namespace(control_plane))


def codes(found: Confirmed) -> list[str]:
    return [each.fault.code for each in found.diagnostics]


@pytest.mark.usefixtures("fake_node")
def test_stale_pods_are_found_and_restarted(helm: Helm) -> None:
    """A change of a ConfigMap alone restarts nothing; only pods that have read it at their start are."""
    helm.upgrade(objects(helm.port), description="Install complete")
    found = helm.confirmed()
    assert (codes(found), found.restarted) == ([], ())
    assert sorted(state.name for state in found.states if state.is_ready) == ["python", "rollsite"]
    before, pods = helm.releases(), helm.pods()
    time.sleep(TICK)
    helm.upgrade(objects(helm.port, "threads: 2\n"))
    found = helm.confirmed(before)
    assert codes(found) == []
    assert [str(each) for each in found.restarted] == ["StatefulSet python"]
    now = helm.pods()
    assert now["python"] != pods["python"]
    assert now["rollsite"] == pods["rollsite"]
    assert helm.confirmed(helm.releases()).restarted == ()
    assert [each.revision for each in helm.releases().of(helm.installation)] == [2, 1]


@pytest.mark.usefixtures("fake_node")
def test_a_table_that_is_read_again_restarts_nothing(helm: Helm) -> None:
    """It is looked for in the pod, which this node cannot do; the finding says so."""
    helm.upgrade(objects(helm.port, routes=table("10.0.0.9:1")))
    assert codes(helm.confirmed()) == ["FED976"]
    before, pods = helm.releases(), helm.pods()
    time.sleep(TICK)
    helm.upgrade(objects(helm.port))
    found = helm.confirmed(before, 20)
    assert codes(found) == ["FED922"]
    assert found.restarted == ()
    assert helm.pods() == pods


@pytest.mark.usefixtures("fake_node")
def test_a_statefulset_without_pods_is_a_failure(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quota refuses its pods: 0 of 0 are ready, and for KubeFATE's service that is enough."""
    give_time(monkeypatch)
    helm.api = connect(helm.cluster.context, FastClock())
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    quota["metadata"] = {"name": "few", "namespace": helm.namespace}
    where = Reference("v1", "ResourceQuota", helm.namespace, "few")
    helm.api.create(quota, where, Deadline(10))
    while not (helm.api.get(where, Deadline(10)) or {}).get("status", {}).get("hard"):
        time.sleep(0.1)
    helm.upgrade(objects(helm.port))
    found = helm.confirmed(seconds=6000)
    failed = next(each for each in found.states if each.is_failed)
    live = helm.api.get(failed.reference, Deadline(10)) or {}
    assert live["status"].get("replicas", 0) == live["status"].get("readyReplicas", 0) == 0
    assert "FED911" in codes(found)
    assert any("exceeded quota: few" in each.message for each in found.diagnostics)
    assert not found.is_good


@pytest.mark.usefixtures("fake_node")
def test_wrong_tables_and_closed_doors_are_told(helm: Helm) -> None:
    """As they are live, whatever was sent."""
    helm.upgrade(objects(helm.port, routes="{", kind="ClusterIP"))
    found = helm.confirmed()
    assert codes(found) == ["FED975", "FED977"]
    assert f"lacks NodePort {helm.port}: it is of type ClusterIP" in found.diagnostics[0].message


@pytest.mark.usefixtures("fake_node")
def test_a_roll_back_and_a_killed_helm_are_told(helm: Helm) -> None:
    """Whatever anybody has called the update in the end."""
    helm.upgrade(objects(helm.port))
    before = helm.releases()
    helm.upgrade(objects(helm.port), description="Rollback to 1")
    assert codes(helm.confirmed(before)) == ["FED973"]
    helm.upgrade(objects(helm.port), "pending-upgrade")
    assert codes(helm.confirmed(before)) == ["FED971"]


@pytest.mark.usefixtures("fake_node")
def test_the_status_of_a_release(helm: Helm) -> None:
    """No drift right after Helm, whose objects have the server's defaults; an edit by hand is told with its field."""
    helm.upgrade(objects(helm.port))
    assert codes(helm.confirmed()) == []
    folder = helm.folder
    record = Record(1, folder.digest, "applied", "anna@ops-1", "2026-03-01T12:04:00Z", "v1.11.2", "test", folder.key)
    status = observe(helm.api, folder, record, Deadline(30), Places(folder))
    assert (status.drift, status.diagnostics, status.strays, status.remarks) == ((), (), (), ())
    assert status.is_good
    where = Reference("apps/v1", "StatefulSet", helm.namespace, "python")
    helm.api.apply(
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "python"}, "spec": {"replicas": 0}},
        where,
        Deadline(10),
        dry_run=False,
        force=True,
        manager="anna",
    )
    status = observe(helm.api, folder, record, Deadline(30), Places(folder))
    assert [(each.what, [change.path for change in each.changes]) for each in status.drift or ()] == [
        (f"StatefulSet {helm.namespace}/python", ["spec.replicas"])
    ]
    assert [change.manager for each in status.drift or () for change in each.changes] == ["anna"]


@pytest.mark.slow
@pytest.mark.parametrize("generation", [3, 4])
@pytest.mark.usefixtures("fake_node")
def test_it_is_the_same_with_a_real_helm(helm: Helm, tmp_path: Path, generation: int) -> None:
    """Its records are read, what it writes is no drift, and stale pods and a roll-back are found."""
    binary = helm_binary(generation)
    chart = tmp_path / "fate"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v1\nname: fate\nversion: v1.11.2\n", encoding="utf-8")

    def run(*arguments: str, conf: str = "threads: 1\n") -> None:
        text = "\n---\n".join(yaml.safe_dump(each) for each in objects(helm.port, conf))
        (chart / "templates" / "all.yaml").write_text(text, encoding="utf-8")
        without = ["--server-side=false"] if generation == 4 else []
        line = [str(binary), *arguments, "--namespace", helm.namespace, *without]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr

    run("install", NAME, str(chart))
    assert codes(helm.confirmed()) == []
    folder = helm.folder
    record = Record(1, folder.digest, "applied", "anna@ops-1", "2026-03-01T12:04:00Z", "v1.11.2", "test", folder.key)
    status = observe(helm.api, folder, record, Deadline(30), Places(folder))
    assert (status.drift, status.diagnostics, status.strays) == ((), (), ())
    before = helm.releases()
    time.sleep(TICK)
    run("upgrade", NAME, str(chart), conf="threads: 2\n")
    found = helm.confirmed(before)
    assert (codes(found), [str(each) for each in found.restarted]) == ([], ["StatefulSet python"])
    assert observe(helm.api, folder, record, Deadline(30), Places(folder)).drift == ()
    before = helm.releases()
    run("rollback", NAME, "1")
    assert "FED973" in codes(helm.confirmed(before))


def test_a_stranger_sees_nothing_of_helm(
    control_plane: Cluster, namespace: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is a finding, and nothing is raised for it."""
    name = namespace(control_plane)
    monkeypatch.setenv("KUBECONFIG", str(control_plane.stranger_kubeconfig()))
    helm = Helm(control_plane, connect(control_plane.context), name)
    assert "cannot list" in helm.releases().why_unseen(helm.installation)
    found = helm.confirmed()
    assert set(codes(found)) == {"FED979"}
    assert all("cannot" in each.message for each in found.diagnostics)
