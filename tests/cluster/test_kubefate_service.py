"""Target kubefate against a real API server, through the stand-in of KubeFATE's service with a real helm.

The first tests are about the stand-in: what was derived from the service's code is so with a real Helm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status
from tests import charts
from tests.cluster import sites
from tests.cluster.conftest import Namespaces, helm_binary
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import FILE, Ended, cluster_at, federation, kubeconfig, party, planned, use
from tests.contract.service import Plain
from tests.standins.kubefate_service.charts import Folder
from tests.standins.kubefate_service.process import Pace
from tests.standins.kubefate_service.real import RealCluster
from tests.standins.kubefate_service.running import InThread, in_thread
from tests.standins.kubefate_service.server import Settings

PASSWORD = "correct-horse-battery"
MYSQL = "Zq7thePassword0fMysql"
TYPO = "relaese"
LOGIN = "Xk2theLogin0fFateboard"


class Patient(Plain):
    """A client that waits as long as a real helm may take."""

    def until(self, path: str, is_so: Any, seconds: float = 200.0) -> Any:
        """What stands at a path, as soon as it is as wished."""
        return super().until(path, is_so, seconds)


@pytest.fixture
def service(control_plane: Cluster, fake_node: FakeNode, tmp_path: Path) -> Iterator[InThread]:
    """A service of the test's cluster, whose repository has the small charts."""
    del fake_node
    binary = helm_binary(3)
    for name in ("fate", "fate-serving"):
        charts.write_package(tmp_path / "packages", name, "v1.11.2" if name == "fate" else "")
    settings = Settings(
        tmp_path / "state", password=PASSWORD, pace=Pace(speed=0.1), repository=Folder(tmp_path / "packages")
    )
    with in_thread(settings, RealCluster(control_plane.kubeconfig, binary)) as running:
        yield running


def spec(namespace: str, **more: Any) -> dict[str, Any]:
    """A cluster.yaml of the small chart."""
    return {
        "name": f"p-{namespace}",
        "namespace": namespace,
        "modules": ["rollsite", "clustermanager", "nodemanager", "mysql", "python", "fateboard", "client"],
        "rollsite": {"type": "ClusterIP", "partyList": [{"partyId": 10000, "partyIp": "192.0.2.1", "partyPort": 1}]},
        **more,
    }


def test_life_of_a_cluster(
    service: InThread, control_plane: Cluster, namespace: Namespaces, client_of: Callable[[Any], Any]
) -> None:
    """It installs what the chart makes of the spec, updates it, and takes it away again."""
    space = namespace(control_plane, "kubefate")
    plain = Patient(service.url).log_in()
    job = plain.install(**spec(space))
    assert (job["status"], job["states"][-1]) == ("Success", "job run Success"), job["states"]
    apps: Any = client.AppsV1Api(client_of(control_plane))
    made = {item.metadata.name for item in apps.list_namespaced_deployment(space).items}
    made |= {item.metadata.name for item in apps.list_namespaced_stateful_set(space).items}
    assert set(job["sub_jobs"]) == made
    cluster = plain("GET", f"/v1/cluster/{job['cluster_id']}").data
    assert cluster["status"] == "Running"
    assert set(cluster["Info"]["status"]["containers"].values()) == {"Running"}
    assert space in [each["Name"] for each in plain("GET", "/v1/namespace/").data]
    core: Any = client.CoreV1Api(client_of(control_plane))
    before = {item.metadata.name: item.data for item in core.list_namespaced_config_map(space).items}
    parties = [{"partyId": 10001, "partyIp": "192.0.2.2", "partyPort": 2}]
    job = plain.update(**spec(space, rollsite={"type": "ClusterIP", "partyList": parties}))
    assert (job["status"], job["states"]) == ("Success", ["Cluster update Success"])
    after = {item.metadata.name: item.data for item in core.list_namespaced_config_map(space).items}
    assert {name for name in after if after[name] != before.get(name)} != set()
    job = plain.ended(plain("DELETE", f"/v1/cluster/{job['cluster_id']}").data)
    assert (job["status"], job["states"]) == ("Success", ["uninstall Success"])


def test_failed_second_update(
    service: InThread, control_plane: Cluster, namespace: Namespaces, client_of: Callable[[Any], Any]
) -> None:
    """What Kubernetes refuses is rolled back: after one good update to the first install."""
    space = namespace(control_plane, "kubefate")
    plain = Patient(service.url).log_in()
    assert plain.install(**spec(space))["status"] == "Success"
    parties = [{"partyId": 10000, "partyIp": "192.0.2.222", "partyPort": 1}]
    assert plain.update(**spec(space, rollsite={"partyList": parties}))["status"] == "Success"
    job = plain.update(**spec(space, partyId=1))
    assert (job["status"], job["states"][-1]) == ("Rollback", "Cluster run rollback Success")
    assert "field is immutable" in job["states"][0]
    assert plain.only_cluster()["Spec"]["rollsite"]["partyList"] == parties
    core: Any = client.CoreV1Api(client_of(control_plane))
    releases = [item.metadata.labels for item in core.list_namespaced_secret(space).items if item.metadata.labels]
    assert {(found["version"], found["status"]) for found in releases if found.get("owner") == "helm"} == {
        ("1", "superseded"),
        ("2", "superseded"),
        ("3", "failed"),
        ("4", "deployed"),
    }
    live = "".join(str(item.data) for item in core.list_namespaced_config_map(space).items)
    assert ("192.0.2.1" in live, "192.0.2.222" in live) == (True, False)


def test_missing_namespace(service: InThread) -> None:
    """The service makes no namespace."""
    plain = Patient(service.url).log_in()
    job = plain.install(**spec("absent-for-ever"))
    job = plain.until(f"/v1/job/{job['uuid']}", lambda found: "error" in found["states"][-1])
    assert 'namespaces "absent-for-ever" not found' in job["states"][-1]
    assert plain("GET", "/v1/cluster/").data == []


# fedplan, through the service and with the cluster's own word


class Lab:
    """Party 9999 of target kubefate in a namespace of its own, whose operator has a kubeconfig."""

    def __init__(self, folder: Path, namespace: str, service: InThread, api: Any) -> None:
        self.folder = folder
        self.namespace = namespace
        self.service = service
        self.core: Any = client.CoreV1Api(api)
        self.apps: Any = client.AppsV1Api(api)
        about = {"url": service.url, "user": "admin", "password": "env:KUBEFATE_PW"}
        self.clusters = [cluster_at("bank", kubefate=about), cluster_at("shop")]

    def plan(self, address: str = "192.0.2.70", **more: Any) -> None:
        """Plan the party; its peer is at this address."""
        self.clusters[1]["address"] = address
        credentials = {"mysql": "env:MYSQL_PW", "fateboard": "env:FB_PW"}
        defaults = {"target": "kubefate", "credentials": credentials}
        site = party(9999, self.namespace, **more)
        planned(self.folder, federation(site, clusters=self.clusters, defaults=defaults))

    def apply(self, **options: Any) -> Ended:
        """Apply it; the report is JSON."""
        return sites.apply(self.folder, "party-9999", format_name="json", **options)

    def applied(self, **options: Any) -> Ended:
        """Apply it; the test fails when that does not succeed."""
        found = self.apply(**options)
        assert found.code == 0, found.all
        return found

    def status(self) -> tuple[dict[str, Any], int]:
        """What status tells of it."""
        text, code = run_status(StatusRequest(file=str(self.folder / FILE), sites=("party-9999",), format_name="json"))
        return json.loads(text), code

    def releases(self) -> dict[int, str]:
        """The status of every revision of the release, by Helm's own labels."""
        found = self.core.list_namespaced_secret(self.namespace, label_selector="owner=helm").items
        return {int(each.metadata.labels["version"]): each.metadata.labels["status"] for each in found}

    def peer(self) -> str:
        """Where rollsite's live route table finds party 10000."""
        data = self.core.read_namespaced_config_map("rollsite-config", self.namespace).data
        table: dict[str, Any] = json.loads(data["route_table.json"])["route_table"]
        found: str = table["10000"]["default"][0]["ip"]
        return found

    def pods(self, name: str) -> set[str]:
        """The uids of a workload's pods."""
        found = self.core.list_namespaced_pod(self.namespace).items
        return {each.metadata.uid for each in found if each.metadata.name.startswith(f"{name}-")}


@pytest.fixture
def lab(
    control_plane: Cluster,
    service: InThread,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    for name, value in {"MYSQL_PW": MYSQL, "FB_PW": LOGIN, "KUBEFATE_PW": PASSWORD}.items():
        monkeypatch.setenv(name, value)
    return Lab(tmp_path / "lab", namespace(control_plane, create=False), service, client_of(control_plane))


def test_a_life(lab: Lab) -> None:
    """The namespace is made, all comes up, a change is applied and taken back, and all goes again."""
    lab.plan()
    first = lab.applied()
    assert lab.releases() == {1: "deployed"}
    assert [secret for secret in (MYSQL, LOGIN, PASSWORD) if secret in first.all] == []
    assert "FED979" not in first.codes
    found, code = lab.status()
    assert (code, found["status"]["sites"][0]["isReady"]) == (0, True), json.dumps(found, indent=1)
    again = lab.applied()
    assert again.data["apply"]["sites"][0]["state"] == "unchanged"
    assert lab.releases() == {1: "deployed"}

    lab.plan(address="192.0.2.77")
    lab.applied()
    assert (lab.peer(), lab.releases()) == ("192.0.2.77", {1: "superseded", 2: "deployed"})
    found, code = lab.status()
    assert (code, len(found["status"]["sites"][0]["history"])) == (0, 2)

    back = lab.applied(rollback=True)
    assert lab.peer() == "192.0.2.70", back.all

    gone = sites.remove(lab.folder, "party-9999")
    assert gone.code == 0, gone.all
    assert lab.releases() == {}
    assert not lab.apps.list_namespaced_stateful_set(lab.namespace).items
    assert sites.remove(lab.folder, "party-9999").code == 0


def test_stale_pods(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a ConfigMap that is read at the start only is an instant success; fedplan starts its pods anew."""
    lab.plan()
    lab.applied()
    before = lab.pods("fateboard") | lab.pods("python")
    monkeypatch.setenv("FB_PW", "An0therPassw0rd")
    ended = lab.applied()
    assert (lab.pods("fateboard") | lab.pods("python")) - before, ended.all
    assert "An0therPassw0rd" not in ended.all


def test_stateful_sets_without_pods(lab: Lab) -> None:
    """A StatefulSet that may make no pods is Available for the service, and not for fedplan."""
    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    quota = {"metadata": {"name": "no-claims"}, "spec": {"hard": {"persistentvolumeclaims": "0"}}}
    lab.core.create_namespaced_resource_quota(lab.namespace, quota)
    end = time.monotonic() + 200
    while not lab.core.read_namespaced_resource_quota("no-claims", lab.namespace).status.hard:
        assert time.monotonic() < end, "the quota is not counted"
        time.sleep(0.05)
    lab.plan(persistence={"size": "1Gi"})
    ended = lab.apply(timeout=25)
    plain = Patient(lab.service.url).log_in()
    plain.until("/v1/job/", lambda jobs: jobs[-1]["status"] == "Success")
    assert ended.code == 1, ended.all
    assert "mysql" in ended.text


def test_roll_back_to_the_first_install(lab: Lab) -> None:
    """A second update that fails leaves the first install running, which is seen; the next apply mends it."""
    lab.plan()
    lab.applied()
    lab.plan(address="192.0.2.71")
    lab.applied()
    platform = lab.service.service.process.platform
    assert isinstance(platform, RealCluster)
    lab.plan(address="192.0.2.72")
    platform.spoil_next_upgrade()
    failed = lab.apply()
    assert (failed.code, lab.peer()) == (1, "192.0.2.70"), failed.all
    assert lab.releases()[4] == "deployed"
    lab.plan(address="192.0.2.71")
    seen = lab.apply()
    assert lab.peer() == "192.0.2.71" or seen.code != 0, seen.all
    lab.plan(address="192.0.2.72")
    assert (lab.applied().code, lab.peer()) == (0, "192.0.2.72")


def test_release_that_the_service_does_not_know(lab: Lab) -> None:
    """A release of that name which the service does not know is seen first: the service would take it away."""
    lab.plan()
    lab.applied()
    lab.service.service.store.delete("clusters", name="fate-9999")
    plain = Patient(lab.service.url).log_in()
    assert plain("GET", "/v1/cluster/").data == []
    refused = lab.apply()
    assert (refused.code, lab.releases()) == (1, {1: "deployed"}), refused.all


def test_an_image_that_nobody_can_pull(lab: Lab, fake_node: FakeNode) -> None:
    """The service would wait for an hour; the pods say within seconds what is wrong, and how the job is ended."""
    fake_node.decide({TYPO: "image-pull"})
    lab.plan(registry=f"hub.example.com/{TYPO}")
    stopped = lab.apply(timeout=90)
    assert (stopped.code, "FED911" in stopped.codes, "FED941" in stopped.codes) == (1, True, True), stopped.all
    assert "cannot come up as it is" in stopped.text
    job = Patient(lab.service.url).log_in()("GET", "/v1/job/").data[-1]
    assert f"invoke kubefate.jobs --stop {job['uuid']}" in stopped.text
    assert TYPO in stopped.text


def test_killed_midway(lab: Lab) -> None:
    """Killed while the service installs, it has begun a job that the next apply follows; nothing is sent twice."""
    lab.plan()
    first = sites.begun(lab.folder, "apply", "--party", "9999", "--yes")
    plain = Patient(lab.service.url).log_in()
    try:
        end = time.monotonic() + 200
        while not any(job["status"] == "Running" for job in plain("GET", "/v1/job/").data or ()):
            assert time.monotonic() < end, "no job is begun"
            time.sleep(0.02)
    finally:
        first.kill()
        sites.ended(first)
    again = lab.applied()
    assert "FED920" in again.codes, again.all
    assert [job["status"] for job in plain("GET", "/v1/job/").data] == ["Success"]
    assert lab.releases() == {1: "deployed"}
