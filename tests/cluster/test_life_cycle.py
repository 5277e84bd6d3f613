"""The life of a site, by the commands as operators run them, on a real API server with a fake node."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from kubernetes import client

from renderers.apply_command import Request, run_apply
from renderers.live_command import run_live
from renderers.remove_command import Request as Removal
from renderers.remove_command import run_remove
from renderers.report import json_report
from renderers.status_command import Request as StatusRequest
from renderers.status_command import run_status
from tests.cluster.conftest import Namespaces
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import FILE, Ended, apply, cluster_at, federation, kubeconfig, party, planned, remove, use

Objects = dict[tuple[str, str], str]
"""Objects of a namespace by kind and name, with their resourceVersions."""
KINDS = ("ConfigMap", "Secret", "Service", "ServiceAccount", "PersistentVolumeClaim")
APPS = ("Deployment", "StatefulSet")


class Lab:
    """One federation of a party 9999 in a namespace of its own, on the control plane."""

    def __init__(self, folder: Path, cluster: Cluster, namespace: str, clients: Callable[[Cluster], Any]) -> None:
        self.folder = folder
        self.cluster = cluster
        self.namespace = namespace
        self.api = clients(cluster)
        self.core: Any = client.CoreV1Api(self.api)
        self.apps: Any = client.AppsV1Api(self.api)
        self.clusters = [cluster_at("bank"), cluster_at("shop")]

    def plan(self, release: str = "v1.11.2", federation_keys: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Plan the party with these settings."""
        text = federation(
            party(9999, self.namespace, **more), release=release, clusters=self.clusters, **(federation_keys or {})
        )
        planned(self.folder, text)

    def apply(self, **options: Any) -> Ended:
        """Apply it."""
        return apply(self.folder, "party-9999", **options)

    def applied(self, **options: Any) -> Ended:
        """Apply it; the test fails when that does not succeed."""
        ended = self.apply(**options)
        assert ended.code == 0, ended.all
        return ended

    def versions(self) -> Objects:
        """Everything in the namespace that is the site's, and the version it has."""
        found: Objects = {}
        labels = "fedplan/site=party-9999"
        for kind in KINDS:
            listed = getattr(self.core, f"list_namespaced_{_snake(kind)}")(self.namespace, label_selector=labels)
            found |= {(kind, each.metadata.name): each.metadata.resource_version for each in listed.items}
        for kind in APPS:
            listed = getattr(self.apps, f"list_namespaced_{_snake(kind)}")(self.namespace, label_selector=labels)
            found |= {(kind, each.metadata.name): str(each.metadata.generation) for each in listed.items}
        return found

    def config_maps(self) -> set[str]:
        """The names of all ConfigMaps in the namespace."""
        return {each.metadata.name for each in self.core.list_namespaced_config_map(self.namespace).items}

    def claims(self) -> set[str]:
        """The uids of all claims in the namespace."""
        return {each.metadata.uid for each in self.core.list_namespaced_persistent_volume_claim(self.namespace).items}

    def events(self) -> str:
        """The highest resourceVersion of all that fedplan may write: changes with every write."""
        coordination: Any = client.CoordinationV1Api(self.api)
        records = self.core.list_namespaced_config_map(self.namespace)
        leases = coordination.list_namespaced_lease(self.namespace)
        listed = [each.metadata.resource_version for each in (*records.items, *leases.items)]
        return f"{sorted(listed)} {self.versions()}"


def _snake(kind: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")


@pytest.fixture
def lab(
    tmp_path: Path,
    control_plane: Cluster,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    """A federation on the control plane; the namespace is not there yet."""
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    return Lab(tmp_path / "federation", control_plane, namespace(control_plane, create=False), client_of)


def test_plan_apply_status_remove(lab: Lab) -> None:
    """The whole of it, in order: nothing is there, everything is, nothing changes, all but the data is gone."""
    lab.plan(persistence=True)
    first = lab.applied()
    assert "revision 1" in first.text
    assert "7 of 7 workloads ready" in first.text
    before = lab.events()
    again = lab.applied()
    assert "unchanged" in again.text
    assert lab.events() == before, "re-applying an unchanged plan wrote something"
    text, code = run_status(StatusRequest(str(lab.folder / FILE), sites=("party-9999",)))
    assert code == 0, text
    assert "revision 1" in text
    assert "drift: none" in text
    gone = remove(lab.folder, "party-9999")
    assert gone.code == 0, gone.all
    left = {kind for kind, _ in lab.versions()}
    assert left == {"Secret", "PersistentVolumeClaim"}
    assert "--delete-data" in gone.text
    text, code = run_status(StatusRequest(str(lab.folder / FILE), sites=("party-9999",)))
    assert (code, "removed" in text) == (1, True), text
    wiped = remove(lab.folder, "party-9999", delete_data=True)
    assert wiped.code == 0, wiped.all
    assert not lab.versions()
    assert not [
        each for each in lab.core.list_namespaced_config_map(lab.namespace).items if "fedplan" in each.metadata.name
    ]


def test_data_comes_back_after_a_remove(lab: Lab) -> None:
    """Claims and Secrets are taken up again by the next apply: no password is made anew."""
    lab.plan(persistence=True)
    lab.applied()
    password = lab.core.read_namespaced_secret("mysql", lab.namespace).data["password"]
    claims = lab.claims()
    remove(lab.folder, "party-9999")
    lab.applied()
    assert lab.core.read_namespaced_secret("mysql", lab.namespace).data["password"] == password
    assert {
        each.metadata.uid for each in lab.core.list_namespaced_persistent_volume_claim(lab.namespace).items
    } == claims


def test_a_change_writes_what_changed_and_nothing_else(lab: Lab) -> None:
    """One setting of one component: one object gets a new generation."""
    lab.plan()
    lab.applied()
    before = lab.versions()
    lab.plan(components={"fateboard": {"resources": {"requests": {"cpu": "150m", "memory": "1Gi"}}}})
    ended = lab.applied()
    assert "1 changed" in ended.text
    assert "restarts: fateboard" in ended.told
    after = lab.versions()
    assert {key for key in before if before[key] != after.get(key)} == {("Deployment", "fateboard")}


def test_what_the_plan_has_no_more_goes(lab: Lab) -> None:
    """A module that is left out: its objects are deleted with --force, its Secret stays, strangers are left alone."""
    lab.plan()
    lab.applied()
    lab.core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "ours-not-yours"}})
    copied = {"fedplan/site": "party-9999", "fedplan/federation": "demo", "app.kubernetes.io/managed-by": "fedplan"}
    lab.core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "copied-labels", "labels": copied}})
    lab.plan(modules=["rollsite", "clustermanager", "nodemanager", "mysql", "python", "client"])
    refused = lab.apply(format_name="json")
    assert (refused.code, refused.codes) == (1, ["FED928"]), refused.all
    assert ("Deployment", "fateboard") in lab.versions()
    ended = lab.applied(force=True)
    left = lab.versions()
    assert {name for kind, name in left if "fateboard" in name} == {"fateboard"}, "only the Secret stays"
    assert ("Secret", "fateboard") in left
    assert "FED925" in ended.text
    assert {"ours-not-yours", "copied-labels"} <= lab.config_maps()
    lab.applied(delete_data=True)
    assert ("Secret", "fateboard") not in lab.versions()


def test_conflicts_are_shown_and_taken_only_by_force(lab: Lab) -> None:
    """A field that somebody else has applied is told with both values, and nothing is written."""
    lab.plan()
    lab.applied()
    lab.apps.patch_namespaced_deployment(
        "rollsite", lab.namespace, {"spec": {"replicas": 0}}, field_manager="kubectl-edit"
    )
    before = lab.events()
    text, code = run_status(StatusRequest(str(lab.folder / FILE), sites=("party-9999",), format_name="json"))
    assert code in {1, 2}
    assert "kubectl-edit" in text
    refused = lab.apply()
    assert refused.code == 1
    assert "FED908" in refused.text
    assert "kubectl-edit set spec.replicas of Deployment" in refused.text
    assert lab.events() == before
    lab.applied(force_conflicts=True)
    assert lab.apps.read_namespaced_deployment("rollsite", lab.namespace).spec.replicas == 1


def test_a_quota_without_room_is_known_before_anything_is_written(lab: Lab, namespace: Namespaces) -> None:
    """The sum is too much although each object alone would pass."""
    lab.namespace = namespace(lab.cluster)
    lab.core.create_namespaced_resource_quota(
        lab.namespace, {"metadata": {"name": "small"}, "spec": {"hard": {"count/configmaps": "4", "services": "3"}}}
    )
    while not lab.core.read_namespaced_resource_quota("small", lab.namespace).status.hard:
        time.sleep(0.05)  # until it has been counted it holds nobody up
    lab.plan()
    refused = lab.apply(format_name="json")
    assert refused.code == 1
    assert set(refused.codes) == {"FED907"}, refused.all
    assert not [kind for kind, _ in lab.versions() if kind != "ServiceAccount"]


def test_a_node_port_of_somebody_else_is_named(lab: Lab, namespace: Namespaces) -> None:
    """With the Service that has it, at the line of the pin; nothing is written, and the new namespace is gone again."""
    low = int(lab.clusters[0]["nodePorts"].partition("-")[0])
    other = namespace(lab.cluster, "other")
    ports = [{"port": 80, "protocol": "TCP", "nodePort": low + 1}]
    lab.core.create_namespaced_service(
        other, {"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": ports, "selector": {"a": "b"}}}
    )
    lab.plan(ports={"rollsite": low + 1})
    refused = lab.apply(format_name="json")
    assert (refused.code, refused.codes) == (1, ["FED906"]), refused.all
    found = refused.data["diagnostics"][0]
    assert f"Service {other}/web" in found["message"]
    line = (lab.folder / FILE).read_text().splitlines()[found["span"]["line"] - 1]
    assert "rollsite" in line
    phases = {each.metadata.name: each.status.phase for each in lab.core.list_namespace().items}
    assert phases.get(lab.namespace, "Terminating") == "Terminating"


def test_a_failed_roll_out_and_the_way_back(lab: Lab, fake_node: FakeNode) -> None:
    """The pod's own reason is shown, the record says that it failed, and the roll-back takes up what ran before."""
    lab.plan()
    lab.applied()
    lab.plan(components={"fateboard": {"imageTag": "no-such-tag"}})
    fake_node.decide({"no-such-tag": "image-pull"})
    failed = lab.apply(timeout=40)
    assert failed.code == 1
    assert "FED911" in failed.text
    assert "no-such-tag" in failed.text
    assert "--rollback" in failed.text
    back = lab.applied(rollback=True)
    assert "revision 3" in back.text
    image = lab.apps.read_namespaced_deployment("fateboard", lab.namespace).spec.template.spec.containers[0].image
    assert "no-such-tag" not in image
    text, _ = run_status(StatusRequest(str(lab.folder / FILE), sites=("party-9999",)))
    history = text.partition("history:")[2]
    states = [re.findall(r"applied|failed", line) for line in history.splitlines() if line.startswith("    ")]
    assert states == [["applied"], ["failed"], ["applied"]]
    assert "revision 1 again" in history


def test_nothing_to_roll_back_to(lab: Lab) -> None:
    """A site that was never applied, and one of which only one plan was."""
    lab.plan()
    never = lab.apply(rollback=True, format_name="json")
    assert (never.code, never.codes) == (1, ["FED919"]), never.all
    lab.applied()
    once = lab.apply(rollback=True, format_name="json")
    assert (once.code, once.codes) == (1, ["FED919"]), once.all


def test_live_shows_what_an_apply_would_write(lab: Lab) -> None:
    """Before the first apply everything is new; afterwards nothing; after an edit exactly that."""
    lab.plan()
    file = str(lab.folder / FILE)
    text, code = run_live(file, None, "text", context="", with_diff=False)
    assert (code, "28 to create" in text) == (2, True), text
    assert lab.namespace not in {each.metadata.name for each in lab.core.list_namespace().items}
    lab.applied()
    text, code = run_live(file, None, "text", context="", with_diff=False)
    assert (code, "runs as planned" in text) == (0, True), text
    lab.core.patch_namespaced_config_map(
        "rollsite-config", lab.namespace, {"data": {"route_table.json": "{}"}}, field_manager="vi"
    )
    text, code = run_live(file, None, "json", context="", with_diff=True)
    found = json.loads(text)["live"][0]["changes"]
    assert (code, [(each["kind"], each["name"]) for each in found]) == (2, [("ConfigMap", "rollsite-config")])


def test_secrets_are_resolved_kept_and_changed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference is read when it is applied; a new value restarts its readers only; no value is ever printed."""
    monkeypatch.setenv("FATE_MYSQL", "first-Value-1")
    lab.plan(credentials={"mysql": "env:FATE_MYSQL"})
    told = lab.applied().all
    before = lab.versions()
    monkeypatch.delenv("FATE_MYSQL")
    kept = lab.applied()
    assert "unchanged" in kept.text
    monkeypatch.setenv("FATE_MYSQL", "second-Value-2")
    changed = lab.applied()
    after = lab.versions()
    moved = {key for key in before if before[key] != after[key]}
    assert ("Secret", "mysql") in moved
    assert {name for kind, name in moved if kind in APPS} == {"mysql", "clustermanager", "python"}
    for text in (told, kept.all, changed.all):
        assert "Value-1" not in text
        assert "Value-2" not in text
    everything = [path.read_text() for path in lab.folder.rglob("*") if path.is_file()]
    assert not any("Value-" in text for text in everything)
    documents = lab.core.list_namespaced_config_map(lab.namespace)
    assert "Value-" not in str(documents)


def test_a_missing_value_stops_the_first_apply(lab: Lab) -> None:
    """FED913 at the line of the reference, and nothing is written."""
    lab.plan(credentials={"mysql": "env:FATE_NOT_SET"})
    refused = lab.apply(format_name="json")
    assert (refused.code, refused.codes) == (1, ["FED913"]), refused.all


def test_a_folder_that_was_handed_over(lab: Lab, tmp_path: Path) -> None:
    """It needs no federation.yaml; a changed file and a wrong digest are refused; the right digest is taken."""
    lab.plan()
    folder = tmp_path / "handed" / "party-9999"
    shutil.copytree(lab.folder / "out" / "party-9999", folder)
    digest = json.loads((folder / "site.json").read_text())["digest"]
    wrong = handed_over(folder, digest="0" * 64)
    assert (wrong.code, "--digest" in wrong.text) == (64, True)
    good = handed_over(folder, digest=digest)
    assert good.code == 0, good.all
    manifest = folder / "30-rollsite.yaml"
    manifest.write_text(manifest.read_text().replace("30", "31"))
    refused = handed_over(folder)
    assert (refused.code, "FED923" in refused.text, "30-rollsite.yaml" in refused.text) == (1, True, True)


def handed_over(folder: Path, **options: Any) -> Ended:
    """Apply a folder by itself."""
    text, code = run_apply(Request(file="no/such.yaml", folder=str(folder), is_agreed=True, **options))
    return Ended(text, code)


def test_a_stale_plan_is_not_applied(lab: Lab) -> None:
    """federation.yaml was changed and not planned: nothing is sent to any cluster."""
    lab.plan()
    file = lab.folder / FILE
    file.write_text(file.read_text() + "# a remark\n")
    refused = lab.apply()
    assert (refused.code, "nothing was applied" in refused.text) == (1, True), refused.all
    assert lab.namespace not in {each.metadata.name for each in lab.core.list_namespace().items}


def test_training_and_serving_apart(lab: Lab, namespace: Namespaces) -> None:
    """--only writes, awaits and prunes one half, and leaves the other alone."""
    serving = namespace(lab.cluster, "serving", create=False)
    lab.plan(serving={"namespace": serving})
    lab.applied(only="training")
    assert not lab.core.list_namespaced_service(serving).items
    ended = lab.applied(only="serving")
    assert "4 of 4 workloads ready" in ended.text or "5 of 5 workloads ready" in ended.text
    names = {each.metadata.name for each in lab.core.list_namespaced_service(serving).items}
    assert {"serving-server", "serving-proxy"} <= names
    assert "unchanged" in lab.applied().text or "nothing to write" in lab.applied().text


def test_a_site_that_left_the_file_is_removed_by_its_record(lab: Lab) -> None:
    """Its tombstone is in the lock, its files are in the cluster."""
    lab.plan()
    lab.applied()
    text = yaml.safe_load((lab.folder / FILE).read_text())
    text["parties"] = [party(10000, "fate-10000", "shop"), party(10001, "fate-10001", "shop")]
    planned(lab.folder, yaml.safe_dump(text, sort_keys=False))
    gone = remove(lab.folder, "party-9999")
    assert gone.code == 0, gone.all
    assert "invoke plan --forget party-9999" in gone.text
    assert {kind for kind, _ in lab.versions()} == {"Secret"}


def test_a_namespace_of_something_else_is_left_alone(lab: Lab) -> None:
    """Another federation's site in the namespace: refused, and nothing of it is touched."""
    lab.plan()
    lab.applied()
    other = Lab(lab.folder.parent / "other", lab.cluster, lab.namespace, lambda _: lab.api)
    other.plan(federation_keys={"name": "rivals"})
    before = lab.events()
    refused = other.apply(format_name="json")
    assert (refused.code, refused.codes) == (1, ["FED904"]), refused.all
    assert lab.events() == before


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_the_operator_is_asked(lab: Lab) -> None:
    """Without a terminal --yes is required; with one, anything but yes declines and leaves nothing behind."""
    lab.plan()
    request = Request(file=str(lab.folder / FILE), sites=("party-9999",))
    text, code = run_apply(request, stdin=io.StringIO("y\n"), stderr=io.StringIO())
    assert (code, "--yes" in text) == (64, True)
    told = io.StringIO()
    text, code = run_apply(request, stdin=Terminal("no\n"), stderr=told)
    assert (code, "declined" in text) == (1, True)
    assert "[y/N]" in told.getvalue()
    phases = {each.metadata.name: each.status.phase for each in lab.core.list_namespace().items}
    assert phases.get(lab.namespace, "Terminating") == "Terminating"


def test_a_remove_takes_the_site_s_name(lab: Lab) -> None:
    """Typed as it is; yes, or another site's, leaves everything as it was."""
    lab.plan()
    lab.applied()
    before = lab.events()
    request = Removal(file=str(lab.folder / FILE), sites=("party-9999",))
    assert run_remove(request, stdin=io.StringIO("party-9999\n"), stderr=io.StringIO())[1] == 64
    for typed in ("yes\n", "party-10000\n", "\n", ""):
        told = io.StringIO()
        text, code = run_remove(request, stdin=Terminal(typed), stderr=told)
        assert (code, "nothing was removed" in text, "rollsite" in told.getvalue()) == (1, True, True), text
    assert lab.events() == before
    text, code = run_remove(request, stdin=Terminal("party-9999\n"), stderr=io.StringIO())
    assert (code, {kind for kind, _ in lab.versions()}) == (0, {"Secret"}), text


def test_reports_are_what_their_schema_says(lab: Lab) -> None:
    """The JSON of every command that works on clusters, of a site that is there and of one whose cluster is away."""
    lab.plan()
    file = str(lab.folder / FILE)
    reports = [lab.apply(format_name="json").text, lab.apply(format_name="json").text]
    reports += [apply(lab.folder, format_name="json").text, apply(lab.folder, "party-10000", format_name="json").text]
    lab.apps.patch_namespaced_deployment("rollsite", lab.namespace, {"spec": {"replicas": 0}}, field_manager="vi")
    reports.append(run_live(file, None, "json", context="", with_diff=False)[0])
    reports.append(run_status(StatusRequest(file, format_name="json"))[0])
    reports.append(remove(lab.folder, "party-9999", format_name="json").text)
    reports.append(run_status(StatusRequest(file, format_name="json"))[0])
    for text in reports:
        jsonschema.validate(json.loads(text), json_report.schema())
    assert {key for text in reports for key in json.loads(text)} >= {"apply", "live", "status", "remove"}


def test_a_look_and_the_way_back_need_no_fresh_plan(lab: Lab) -> None:
    """In trouble federation.yaml may be half edited: status, roll-back and remove take what stands in out/."""
    lab.plan()
    lab.applied()
    lab.plan(components={"fateboard": {"resources": {"requests": {"cpu": "150m", "memory": "1Gi"}}}})
    lab.applied()
    file = lab.folder / FILE
    file.write_text(file.read_text() + "this is: [no YAML\n")
    text, code = run_status(StatusRequest(str(file), sites=("party-9999",)))
    assert (code, "revision 2" in text) == (0, True), text
    assert lab.apply().code == 1
    assert "revision 3" in lab.applied(rollback=True).text
    gone = remove(lab.folder, "party-9999", delete_data=True)
    assert gone.code == 0, gone.all


def test_another_router_takes_the_same_port_over(lab: Lab) -> None:
    """From v1.11.2 to v2.0.0 OSX stands where rollsite was: its NodePort goes from one Service to the other."""
    lab.plan()
    lab.applied()
    port = lab.core.read_namespaced_service("rollsite", lab.namespace).spec.ports[0].node_port
    lab.plan(release="v2.0.0", ports={"osx": port})
    ended = lab.apply(force=True)
    assert ended.code == 0, ended.all
    assert lab.core.read_namespaced_service("osx", lab.namespace).spec.ports[0].node_port == port
    assert ("Service", "rollsite") not in lab.versions()


def test_volumes_that_cannot_change_in_place(lab: Lab) -> None:
    """Persistence switched on: the way out is told, and it is one."""
    lab.plan()
    lab.applied()
    lab.plan(persistence=True)
    refused = lab.apply(format_name="json")
    assert (refused.code, set(refused.codes)) == (1, {"FED905"}), refused.all
    assert "invoke remove --party 9999" in refused.data["diagnostics"][0]["hint"]
    assert remove(lab.folder, "party-9999").code == 0
    lab.applied()
    assert lab.claims()


def test_data_of_fate_1_is_not_given_to_fate_2(lab: Lab) -> None:
    """Not by itself, and not with --force for something else: it is told which data that is."""
    lab.plan(persistence=True)
    lab.applied()
    lab.plan(release="v2.0.0", persistence=True)
    refused = lab.apply(format_name="json")
    assert (refused.code, "FED929" in refused.codes) == (1, True), refused.all
    assert ("Deployment", "rollsite") in lab.versions()
    assert remove(lab.folder, "party-9999", delete_data=True).code == 0
    lab.applied()


def test_what_is_not_there_is_not_removed(lab: Lab) -> None:
    """Nothing is written, and it is said; neither before the first apply nor after the last remove."""
    lab.plan()
    never = remove(lab.folder, "party-9999")
    assert (never.code, "nothing of it is on bank" in never.text) == (0, True), never.all
    assert lab.namespace not in {each.metadata.name for each in lab.core.list_namespace().items}
    lab.applied()
    assert "removed from bank" in remove(lab.folder, "party-9999", delete_data=True).text
    before = lab.events()
    again = remove(lab.folder, "party-9999", delete_data=True)
    assert (again.code, "nothing of it is on bank" in again.text) == (0, True), again.all
    assert lab.events() == before


def test_a_namespace_that_an_apply_took_back_is_waited_for(lab: Lab) -> None:
    """A refused apply takes away the namespace it made; the next one does not take that for somebody's."""
    low = int(lab.clusters[0]["nodePorts"].partition("-")[0])
    ports = [{"port": 80, "protocol": "TCP", "nodePort": low + 1}]
    web = {"metadata": {"name": "fedplan-test-web"}, "spec": {"type": "NodePort", "ports": ports}}
    lab.core.create_namespaced_service("default", web)
    try:
        lab.plan(ports={"rollsite": low + 1})
        assert lab.apply(format_name="json").codes == ["FED906"]
    finally:
        lab.core.delete_namespaced_service("fedplan-test-web", "default", _preload_content=False)
    lab.applied()
