"""Target helm against a real API server, with real helm of both generations and small charts of our own."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from renderers.live_command import run_live
from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import FILE, Ended, cluster_at, federation, kubeconfig, party, planned, use

PASSWORD = "Zq7thePassword0fMysql"
LOGIN = "Xk2theLogin0fFateboard"


class Lab:
    """Party 9999 of target helm in a namespace of its own, with charts of ours beside federation.yaml."""

    def __init__(self, folder: Path, namespace: str, api: Any) -> None:
        self.folder = folder
        self.namespace = namespace
        self.core: Any = client.CoreV1Api(api)
        self.apps: Any = client.AppsV1Api(api)
        self.clusters = [cluster_at("bank"), cluster_at("shop")]
        charts.write_package(folder / "charts", "fate", "v1.11.2")

    def plan(self, release: str = "v1.11.2", **more: Any) -> None:
        """Plan the party with these settings."""
        defaults = {
            "target": "helm",
            "charts": "charts",
            "credentials": {"mysql": "env:MYSQL_PW", "fateboard": "env:FB_PW"},
        }
        site = party(9999, self.namespace, **more)
        planned(self.folder, federation(site, release=release, clusters=self.clusters, defaults=defaults))

    def chart(self, version: str = "v1.11.2", **files: str) -> None:
        """Put another package of the chart in the place of the first, with these templates too."""
        texts = {f"templates/{name}.yaml": text for name, text in files.items()}
        charts.write_package(self.folder / "charts", "fate", version, texts)

    def apply(self, **options: Any) -> Ended:
        """Apply it."""
        return sites.apply(self.folder, "party-9999", **options)

    def applied(self, **options: Any) -> Ended:
        """Apply it; the test fails when that does not succeed."""
        found = self.apply(**options)
        assert found.code == 0, found.all
        return found

    def status(self) -> tuple[dict[str, Any], int]:
        """What status tells of it."""
        text, code = run_status(StatusRequest(file=str(self.folder / FILE), sites=("party-9999",), format_name="json"))
        return json.loads(text), code

    def live(self) -> tuple[str, int]:
        """What `plan --live` shows."""
        return run_live(str(self.folder / FILE), None, "text", context="", with_diff=True)

    def releases(self) -> dict[int, str]:
        """The status of every revision of the release, by Helm's own labels."""
        found = self.core.list_namespaced_secret(self.namespace, label_selector="owner=helm").items
        return {int(each.metadata.labels["version"]): each.metadata.labels["status"] for each in found}

    def table(self) -> dict[str, Any]:
        """The live route table of rollsite."""
        data = self.core.read_namespaced_config_map("rollsite-config", self.namespace).data
        found: dict[str, Any] = json.loads(data["route_table.json"])["route_table"]
        return found


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helm of each generation, as the one that is used."""
    return used(request.param, monkeypatch)


@pytest.fixture
def helm4(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The newest helm alone, where the generation makes no difference."""
    return used(4, monkeypatch)


def used(generation: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helm, as the one that is used."""
    path = helm_binary(generation)
    monkeypatch.setenv("FEDPLAN_HELM", str(path))
    return path


@pytest.fixture
def lab(
    control_plane: Cluster,
    fake_node: FakeNode,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    assert fake_node
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    monkeypatch.setenv("MYSQL_PW", PASSWORD)
    monkeypatch.setenv("FB_PW", LOGIN)
    return Lab(tmp_path / "lab", namespace(control_plane, create=False), client_of(control_plane))


@pytest.mark.usefixtures("helm")
def test_a_life(lab: Lab) -> None:
    """Installed, unchanged, upgraded, rolled back, looked at, and taken out."""
    lab.plan()
    first = lab.applied()
    assert PASSWORD not in first.all
    assert LOGIN not in first.all
    assert lab.releases() == {1: "deployed"}
    service = lab.core.read_namespaced_service("rollsite", lab.namespace)
    assert service.spec.type == "NodePort"
    assert "10000" in lab.table()
    found, code = lab.status()
    assert (code, found["status"]["sites"][0]["isReady"]) == (0, True), json.dumps(found, indent=1)

    again = lab.applied()
    assert "unchanged" in again.text or "nothing" in again.text, again.all
    assert lab.releases() == {1: "deployed"}

    lab.clusters[1]["address"] = "192.0.2.77"
    lab.plan()
    second = lab.applied()
    assert "192.0.2.77" in second.all
    assert lab.table()["10000"]["default"][0]["ip"] == "192.0.2.77"
    assert lab.releases() == {1: "superseded", 2: "deployed"}
    back = lab.applied(rollback=True)
    assert lab.table()["10000"]["default"][0]["ip"] != "192.0.2.77", back.all
    assert lab.releases()[3] == "deployed"
    found, _ = lab.status()
    assert [each["state"] for each in found["status"]["sites"][0]["history"]] == ["applied"] * 3

    gone = sites.remove(lab.folder, "party-9999")
    assert gone.code == 0, gone.all
    assert lab.releases() == {}
    assert not lab.apps.list_namespaced_stateful_set(lab.namespace).items
    assert sites.remove(lab.folder, "party-9999").code == 0


SLOW_HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: before
  annotations: {"helm.sh/hook": "pre-upgrade,pre-install", "helm.sh/hook-delete-policy": before-hook-creation}
spec:
  template:
    metadata:
      annotations: {"fake/state": never-ready}
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "sleep:1", readinessProbe: {exec: {command: ["true"]}}}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: python-data
  labels: {name: {{ .Values.partyName }}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""


@pytest.mark.usefixtures("helm")
def test_what_does_not_come_up_is_put_back(lab: Lab, fake_node: FakeNode) -> None:
    """A first installation is taken out again; a failed upgrade gives way to the revision before, and says why."""
    lab.plan()
    fake_node.decide({"fateboard": "image-pull"})
    first = lab.apply(format_name="json")
    assert (first.code, {"FED911", "FED959"} <= set(first.codes)) == (1, True), first.all
    assert "as it is the first installation, it was taken out again" in first.text
    assert lab.releases() == {}
    assert not lab.apps.list_namespaced_deployment(lab.namespace).items

    fake_node.reset()
    lab.applied()
    before = lab.table()
    fake_node.decide({"broken": "image-pull"})
    lab.clusters[1]["address"] = "192.0.2.78"
    lab.plan(registry="broken.example.com")
    second = lab.apply(format_name="json")
    assert (second.code, {"FED911", "FED959"} <= set(second.codes)) == (1, True), second.all
    assert "its revision 1 is back, as revision 3" in second.text
    assert lab.table() == before
    assert lab.releases() == {1: "superseded", 2: "superseded", 3: "deployed"}
    found, _ = lab.status()
    assert [each["state"] for each in found["status"]["sites"][0]["history"]] == ["failed", "applied", "failed"]


@pytest.mark.usefixtures("helm")
def test_killed_midway(lab: Lab) -> None:
    """Killed with its helm while a hook runs, it leaves the release locked; the next apply goes on from there."""
    lab.plan()
    lab.applied()
    lab.clusters[1]["address"] = "192.0.2.79"
    lab.plan()
    lab.chart(hook=SLOW_HOOK)
    first = sites.begun(lab.folder, "apply", "--party", "9999", "--yes")
    try:
        _until(lambda: lab.releases().get(2) == "pending-upgrade")
    finally:
        children = _children(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        for child in children:
            os.kill(child, signal.SIGKILL)
        sites.ended(first)
    assert children
    assert lab.releases() == {1: "deployed", 2: "pending-upgrade"}
    lab.chart()
    again = lab.apply(format_name="json")
    assert (again.code, {"FED920", "FED960"} <= set(again.codes)) == (0, True), again.all
    assert lab.releases() == {1: "superseded", 2: "deployed"}
    assert lab.table()["10000"]["default"][0]["ip"] == "192.0.2.79"


@pytest.mark.usefixtures("helm")
def test_interrupted_while_helm_works(lab: Lab) -> None:
    """Ctrl-C ends helm with it, which writes that down; the next apply goes on."""
    lab.plan()
    lab.applied()
    lab.clusters[1]["address"] = "192.0.2.84"
    lab.plan()
    lab.chart(hook=SLOW_HOOK)
    first = sites.begun(lab.folder, "apply", "--party", "9999", "--yes")
    _until(lambda: lab.releases().get(2) == "pending-upgrade")
    children = _children(first.pid)
    first.send_signal(signal.SIGINT)
    died = sites.ended(first)
    assert (died.code, "Traceback" in died.all) == (3, False), died.all
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert lab.releases()[1] == "deployed"
    lab.chart()
    again = lab.apply(format_name="json")
    assert (again.code, "FED920" in again.codes) == (0, True), again.all
    assert lab.table()["10000"]["default"][0]["ip"] == "192.0.2.84"


@pytest.mark.usefixtures("helm4")
def test_interrupted_while_pods_come_up(lab: Lab, fake_node: FakeNode) -> None:
    """Ctrl-C while pods are waited for leaves no lock: the next apply waits on."""
    fake_node.decide({"fateflow": "never-ready"})
    lab.plan()
    first = sites.begun(lab.folder, "apply", "--party", "9999", "--yes")
    _until(lambda: lab.releases().get(1) == "deployed")
    time.sleep(1)
    first.send_signal(signal.SIGINT)
    died = sites.ended(first)
    assert (died.code, "Traceback" in died.all) == (3, False), died.all
    fake_node.reset()
    for each in lab.core.list_namespaced_pod(lab.namespace).items:
        if each.metadata.name.startswith("python"):
            lab.core.delete_namespaced_pod(each.metadata.name, lab.namespace)
    again = lab.apply(format_name="json")
    assert (again.code, "FED920" in again.codes) == (0, True), again.all
    assert lab.releases() == {1: "deployed"}


@pytest.mark.usefixtures("helm4")
def test_somebody_elses_helm(lab: Lab) -> None:
    """A release that another helm works on is left alone, until the operator says that it was killed."""
    lab.plan()
    lab.applied()
    _mark(lab, 2, "pending-upgrade")
    lab.clusters[1]["address"] = "192.0.2.80"
    lab.plan()
    first = lab.apply(format_name="json")
    assert (first.code, first.codes) == (1, ["FED962"]), first.all
    assert lab.releases() == {1: "deployed", 2: "pending-upgrade"}
    forced = lab.applied(force=True)
    assert lab.releases() == {1: "superseded", 2: "deployed"}, forced.all


@pytest.mark.usefixtures("helm")
def test_values_of_secrets_are_told_to_nobody(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: Path
) -> None:
    """They are in no argument, no file and no word; a changed one starts the pods that read it again."""
    log = tmp_path / "log"
    spy = tmp_path / "helm"
    spy.write_text(f'#!/bin/sh\necho "$@" >> {log}\ngrep -r Th . >> {log}\nexec {helm} "$@"\n', encoding="utf-8")
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("FEDPLAN_HELM", str(spy))
    lab.plan()
    first = lab.applied()
    pods = {each.metadata.name for each in lab.core.list_namespaced_pod(lab.namespace).items}
    told = "Th3otherLogin"
    time.sleep(2)  # the server's times are whole seconds
    monkeypatch.setenv("FB_PW", told)
    second = lab.applied()
    after = {each.metadata.name for each in lab.core.list_namespaced_pod(lab.namespace).items}
    assert [name.partition("-")[0] for name in after - pods] == ["fateboard"], second.all
    assert "upgrade fate-9999" in log.read_text(encoding="utf-8")
    for text in (log.read_text(encoding="utf-8"), first.all, second.all):
        assert not [value for value in (PASSWORD, LOGIN, told) if value in text]
    data = lab.core.read_namespaced_config_map("fateboard-config", lab.namespace).data
    assert f"server.board.login.password={told}" in data["application.properties"]
    secret = lab.core.read_namespaced_secret("mysql-login", lab.namespace).data["password"]
    assert base64.b64decode(secret).decode() == PASSWORD


@pytest.mark.usefixtures("helm")
def test_drift_is_seen_and_set_right(lab: Lab) -> None:
    """What somebody has changed or deleted by hand is told, and an apply of the same plan sets it right."""
    lab.plan()
    lab.applied()
    body = {"spec": {"replicas": 0}}
    lab.apps.patch_namespaced_deployment("fateboard", lab.namespace, body, field_manager="kubectl-edit")
    lab.core.delete_namespaced_service("mysql", lab.namespace, _preload_content=False)
    found, code = lab.status()
    assert (code, {"FED918"} <= {each["code"] for each in found["diagnostics"]}) != (0, False)
    names = {each["name"] for each in found["status"]["sites"][0]["drift"]}
    assert names == {"fateboard", "mysql"}
    again = lab.applied()
    assert "~ Deployment" in again.told
    assert "+ Service" in again.told
    assert lab.apps.read_namespaced_deployment("fateboard", lab.namespace).spec.replicas == 1
    assert lab.core.read_namespaced_service("mysql", lab.namespace)
    found, code = lab.status()
    assert (code, found["status"]["sites"][0]["drift"]) == (0, [])


@pytest.mark.usefixtures("helm4")
def test_data_stays(lab: Lab) -> None:
    """Claims outlive the site, those of the chart's own too, and are found again; --delete-data takes them."""
    lab.chart(claim=CLAIM)
    lab.plan(persistence=True)
    lab.applied()
    names = {"data-mysql-0", "python-data"}
    assert _claims(lab) == names
    first = sites.remove(lab.folder, "party-9999")
    assert first.code == 0, first.all
    assert "2 PersistentVolumeClaims" in first.text
    assert _claims(lab) == names
    lab.applied()
    assert _claims(lab) == names
    last = sites.remove(lab.folder, "party-9999", delete_data=True, is_agreed=True)
    assert last.code == 0, last.all
    assert _claims(lab) == set()


@pytest.mark.usefixtures("helm4")
def test_claims_do_not_go_unasked(lab: Lab) -> None:
    """A chart that has its claims no more would delete them: that needs --force."""
    lab.chart(claim=CLAIM)
    lab.plan()
    lab.applied()
    lab.chart()
    lab.clusters[1]["address"] = "192.0.2.82"
    lab.plan()
    first = lab.apply(format_name="json")
    assert (first.code, first.codes) == (1, ["FED928"]), first.all
    assert "PersistentVolumeClaim python-data" in first.text
    assert _claims(lab) == {"python-data"}
    lab.applied(force=True)
    _until(lambda: _claims(lab) == set())


@pytest.mark.usefixtures("helm")
def test_serving_is_a_release_of_its_own(lab: Lab, namespace: Namespaces, control_plane: Cluster) -> None:
    """Training and FATE-Serving are installed one after the other, looked at and taken out together, or alone."""
    space = namespace(control_plane, create=False)
    charts.write_package(lab.folder / "charts", "fate-serving", "v2.1.6")
    lab.plan(serving={"namespace": space})
    first = lab.applied()
    assert lab.releases() == {1: "deployed"}
    found = lab.core.list_namespaced_secret(space, label_selector="owner=helm").items
    assert [each.metadata.labels["name"] for each in found] == ["fate-serving-9999"]
    assert "serving-proxy 1 of 1 ready" in first.told
    found, code = lab.status()
    assert (code, found["status"]["sites"][0]["drift"]) == (0, []), json.dumps(found, indent=1)
    gone = sites.remove(lab.folder, "party-9999")
    assert gone.code == 0, gone.all
    assert not lab.core.list_namespaced_secret(space, label_selector="owner=helm").items
    assert lab.releases() == {}


@pytest.mark.usefixtures("helm4")
def test_live_difference(lab: Lab) -> None:
    """`plan --live` shows what an apply would change, and writes nothing: no namespace, no release, no record."""
    lab.plan()
    text, code = lab.live()
    assert (code, "16 to create" in text or "to create" in text) == (2, True), text
    assert lab.namespace not in [each.metadata.name for each in lab.core.list_namespace().items]
    lab.applied()
    text, code = lab.live()
    assert code == 0, text
    lab.clusters[1]["address"] = "192.0.2.83"
    lab.plan()
    text, code = lab.live()
    assert (code, "192.0.2.83" in text) == (2, True), text
    assert lab.releases() == {1: "deployed"}


@pytest.mark.usefixtures("helm4")
def test_what_is_known_before(lab: Lab, namespace: Namespaces, control_plane: Cluster) -> None:
    """A NodePort that is taken, an object of somebody else and a chart that is not there stop it before it begins."""
    lab.plan()
    planned_port = yaml.safe_load((lab.folder / "out/party-9999/cluster.yaml").read_text(encoding="utf-8"))
    other = namespace(control_plane)
    port = {"name": "x", "port": 1, "nodePort": planned_port["rollsite"]["nodePort"]}
    lab.core.create_namespaced_service(
        other, {"metadata": {"name": "holder"}, "spec": {"type": "NodePort", "ports": [port], "selector": {"a": "b"}}}
    )
    held = lab.apply(format_name="json")
    assert (held.code, held.codes) == (1, ["FED906"]), held.all
    _until(lambda: lab.namespace not in [each.metadata.name for each in lab.core.list_namespace().items])
    lab.core.delete_namespaced_service("holder", other, _preload_content=False)

    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    foreign = {"metadata": {"name": "rollsite-config"}, "data": {"a": "b"}}
    lab.core.create_namespaced_config_map(lab.namespace, foreign)
    taken = lab.apply(format_name="json")
    assert taken.code == 1
    assert {"FED961", "FED904"} & set(taken.codes), taken.all
    lab.core.delete_namespaced_config_map("rollsite-config", lab.namespace)

    (lab.folder / "charts/fate-v1.11.2.tgz").unlink()
    charts.write_package(lab.folder / "charts", "fate", "v1.10.0")
    missing = lab.apply(format_name="json")
    assert (missing.code, missing.codes) == (1, ["FED952"]), missing.all
    assert "it holds fate v1.10.0" in missing.text
    assert lab.releases() == {}


@pytest.mark.usefixtures("helm4")
def test_helm_fails(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm missing, or one that refuses: its words, and nothing is left half done."""
    lab.plan()
    monkeypatch.setenv("FEDPLAN_HELM", str(tmp_path / "nothing"))
    absent = lab.apply(format_name="json")
    assert (absent.code, absent.codes) == (1, ["FED950"]), absent.all
    monkeypatch.setenv("FEDPLAN_HELM", str(helm_binary(4)))
    lab.applied()
    before = lab.table()
    spy = tmp_path / "helm"
    refusal = "echo 'Error: UPGRADE FAILED: the moon is full' >&2; exit 1"
    spy.write_text(f'#!/bin/sh\n[ "$1" = upgrade ] && {{ {refusal}; }}\nexec {helm_binary(4)} "$@"\n', encoding="utf-8")
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("FEDPLAN_HELM", str(spy))
    lab.clusters[1]["address"] = "192.0.2.81"
    lab.plan()
    failed = lab.apply(format_name="json")
    assert (failed.code, failed.codes) == (1, ["FED958"]), failed.all
    assert "helm could not upgrade fate-9999: UPGRADE FAILED: the moon is full" in failed.text
    assert lab.table() == before
    assert lab.releases() == {1: "deployed"}


def _children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for each in found for word in each.read_text(encoding="utf-8").split()]


def _until(holds: Callable[[], bool], seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.1)


def _claims(lab: Lab) -> set[str]:
    return {each.metadata.name for each in lab.core.list_namespaced_persistent_volume_claim(lab.namespace).items}


def _mark(lab: Lab, revision: int, status: str) -> None:
    """A revision as a helm that was killed leaves it: a copy of the first one, in another state."""
    first = lab.core.read_namespaced_secret("sh.helm.release.v1.fate-9999.v1", lab.namespace)
    content = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(first.data["release"]))))
    content["version"] = revision
    content["info"]["status"] = status
    packed = base64.b64encode(gzip.compress(json.dumps(content).encode()))
    labels = {**first.metadata.labels, "version": str(revision), "status": status}
    name = re.sub(r"v1$", f"v{revision}", first.metadata.name)
    body = {
        "metadata": {"name": name, "labels": labels},
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(packed).decode()},
    }
    lab.core.create_namespaced_secret(lab.namespace, body)
