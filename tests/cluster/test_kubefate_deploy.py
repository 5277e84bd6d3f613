"""KubeFATE's service deployed by `kubefate.deploy` on a real API server: again, changed, looked at, taken down."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from renderers.kubefate_commands.deploy_command import Request, run_deploy
from tests.cluster.conftest import Namespaces, wait_for_account
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.fake_node import FakeNode
from tests.cluster.sites import Ended, kubeconfig, use

RBAC = "rbac.authorization.k8s.io"
OURS = "fedplan/site=kubefate-service"
MADE = "fedplan/test=kubefate-service"


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        """Pretend to be a person."""
        return True


@dataclass(slots=True)
class Lab:
    """The service in a namespace of its own."""

    namespace: str
    host: str
    cluster: Cluster
    folder: Path
    core: Any
    apps: Any
    rbac: Any
    networking: Any

    def deploy(self, *, says: str = "", environ: dict[str, str] | None = None, **options: Any) -> Ended:
        """Run the command, with --yes unless somebody answers."""
        given = {"context": "bank", "namespace": self.namespace, "host": self.host, "is_agreed": not says}
        told = io.StringIO()
        text, code = run_deploy(Request(**{**given, **options}), Terminal(says), told, environ or {})
        return Ended(text, code, told.getvalue())

    def become(self, monkeypatch: pytest.MonkeyPatch, *rules: dict[str, Any], spaces: tuple[str, ...]) -> None:
        """Be somebody with all rights in some namespaces, and these rules in the whole cluster."""
        account = {"kind": "ServiceAccount", "name": "default", "namespace": spaces[0]}
        all_rights = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
        for space in spaces:
            binding = {"metadata": {"name": "somebody"}, "roleRef": all_rights, "subjects": [account]}
            self.rbac.create_namespaced_role_binding(space, binding)
        metadata = {"name": self.namespace, "labels": dict([MADE.split("=")])}
        self.rbac.create_cluster_role({"metadata": metadata, "rules": list(rules)})
        role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": self.namespace}
        self.rbac.create_cluster_role_binding({"metadata": metadata, "roleRef": role, "subjects": [account]})
        wait_for_account(self.core, self.cluster, spaces[0])
        made = self.core.create_namespaced_service_account_token("default", spaces[0], {"spec": {}})
        token = {"cluster": self.cluster, "token": str(made.status.token)}
        use(monkeypatch, kubeconfig(self.folder / "somebody", bank=token))

    def secret(self) -> dict[str, str]:
        """The values of its Secret."""
        data = self.core.read_namespaced_secret("kubefate-secret", self.namespace).data
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def versions(self) -> dict[str, str]:
        """Everything in its namespace that it consists of, and what tells each thing from another of its name."""
        found: dict[str, str] = {}
        for listed in (
            self.core.list_namespaced_secret(self.namespace, label_selector=OURS),
            self.core.list_namespaced_service(self.namespace, label_selector=OURS),
            self.core.list_namespaced_service_account(self.namespace, label_selector=OURS),
            self.core.list_namespaced_persistent_volume_claim(self.namespace, label_selector=OURS),
            self.networking.list_namespaced_ingress(self.namespace, label_selector=OURS),
            self.networking.list_namespaced_network_policy(self.namespace, label_selector=OURS),
        ):
            found |= {f"{type(each).__name__} {each.metadata.name}": each.metadata.uid for each in listed.items}
        for each in self.apps.list_namespaced_deployment(self.namespace, label_selector=OURS).items:
            found[f"Deployment {each.metadata.name}"] = str(each.metadata.generation)
        return found

    def roles(self) -> set[str]:
        """Where it has rights: `cluster`, and namespaces."""
        name = f"kubefate-service-{self.namespace}"
        wide = self.rbac.list_cluster_role(label_selector=OURS).items
        inside = self.rbac.list_role_for_all_namespaces(label_selector=OURS).items
        found = {"cluster" for each in wide if each.metadata.name == name}
        return found | {each.metadata.namespace for each in inside if each.metadata.name == name}


@pytest.fixture
def lab(
    control_plane: Cluster,
    fake_node: FakeNode,
    namespace: Namespaces,
    client_of: Callable[[Cluster], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    """A namespace that is not there yet, in a folder without a federation.yaml."""
    assert fake_node is not None
    use(monkeypatch, kubeconfig(tmp_path / "kubeconfig", bank=control_plane))
    monkeypatch.chdir(tmp_path)
    name = namespace(control_plane, "service", create=False)
    api = client_of(control_plane)
    rbac: Any = client.RbacAuthorizationV1Api(api)
    core, apps, networking = client.CoreV1Api(api), client.AppsV1Api(api), client.NetworkingV1Api(api)
    yield Lab(name, f"{name}.example.com", control_plane, tmp_path, core, apps, rbac, networking)
    for kind in ("cluster_role", "cluster_role_binding"):
        for label in (OURS, MADE):
            for each in getattr(rbac, f"list_{kind}")(label_selector=label).items:
                if each.metadata.name in {name, f"kubefate-service-{name}"}:
                    getattr(rbac, f"delete_{kind}")(each.metadata.name)


def test_it_is_deployed_and_the_same_again_writes_nothing(lab: Lab) -> None:
    """Passwords are made once, stand in no output, and stay; what to do next is told."""
    first = lab.deploy()
    assert first.code == 0, first.all
    assert "2 of 2 workloads ready" in first.text
    assert lab.host in first.text
    assert "get secret kubefate-secret" in first.text
    values = lab.secret()
    passwords = [value for key, value in values.items() if key.endswith("Password")]
    assert len(set(passwords)) == 3
    assert not [value for value in passwords if value in first.all]
    before = lab.versions()
    again = lab.deploy()
    assert again.code == 0, again.all
    assert lab.versions() == before
    assert lab.secret() == values
    assert lab.roles() == {"cluster"}


def test_a_change_is_shown_before_it_is_written(lab: Lab) -> None:
    """A dry run ends with 2 and writes nothing; no is no; a new password starts the pod again and is never shown."""
    assert lab.deploy().code == 0
    before = lab.versions()
    tried = lab.deploy(dry_run=True, log_level="info")
    assert tried.code == 2, tried.all
    assert "FATECLOUD_LOG_LEVEL" in tried.text
    declined = lab.deploy(says="n\n", log_level="info")
    assert declined.code == 1
    assert lab.versions() == before
    environ = {"NEW": "Stronger-Than-Before-1"}
    changed = lab.deploy(says="y\n", password="env:NEW", environ=environ)
    assert changed.code == 0, changed.all
    assert lab.secret()["kubefatePassword"] == environ["NEW"]
    assert environ["NEW"] not in changed.all
    assert lab.versions()["Deployment kubefate"] != before["Deployment kubefate"]


def test_a_dry_run_needs_no_namespace(lab: Lab) -> None:
    """And makes none."""
    ended = lab.deploy(dry_run=True, namespaces="nowhere-yet", tls_secret="tls", ephemeral=True)
    assert ended.code == 2, ended.all
    assert "Role nowhere-yet/" in ended.text
    assert "there is no Secret" in ended.text
    names = {each.metadata.name for each in lab.core.list_namespace().items}
    assert not names & {lab.namespace, "nowhere-yet"}


def test_a_well_known_password_is_refused(lab: Lab) -> None:
    """And nothing is left behind, not even the namespace."""
    ended = lab.deploy(password="env:NEW", environ={"NEW": "admin"}, format_name="json")
    assert ended.code == 1, ended.all
    assert "FED945" in ended.codes
    states = {each.metadata.name: each.status.phase for each in lab.core.list_namespace().items}
    assert states.get(lab.namespace, "Terminating") == "Terminating"


def test_rights_are_given_in_some_namespaces_alone(lab: Lab, namespace: Namespaces, control_plane: Cluster) -> None:
    """A Role in each, made with the namespace where it is missing; those that are left out go."""
    first = namespace(control_plane, "fate")
    second = namespace(control_plane, "fate", create=False)
    ended = lab.deploy(namespaces=f"{first},{second}")
    assert ended.code == 0, ended.all
    assert lab.roles() == {"cluster", first, second}
    rules = lab.rbac.read_cluster_role(f"kubefate-service-{lab.namespace}").rules
    assert [(rule.resources, rule.verbs) for rule in rules] == [(["namespaces", "nodes"], ["get", "list"])]
    narrowed = lab.deploy(namespaces=first, cluster_role=False)
    assert narrowed.code == 0, narrowed.all
    assert lab.roles() == {first}
    gone = lab.deploy(remove=True)
    assert gone.code == 0, gone.all
    assert lab.roles() == set()


def test_a_namespace_made_for_a_role_goes_again_when_nothing_is_deployed(
    lab: Lab, namespace: Namespaces, control_plane: Cluster
) -> None:
    """As that of the service does."""
    other = namespace(control_plane, "fate", create=False)
    assert lab.deploy(says="n\n", namespaces=other).code == 1
    states = {each.metadata.name: each.status.phase for each in lab.core.list_namespace().items}
    assert {states.get(name, "Terminating") for name in (other, lab.namespace)} == {"Terminating"}


def test_it_is_taken_down_and_keeps_its_state(lab: Lab) -> None:
    """Only after its name was written; with --delete-data nothing is left of it."""
    assert lab.deploy().code == 0
    values = lab.secret()
    declined = lab.deploy(says="kubefate\n", remove=True)
    assert declined.code == 1
    assert "Deployment kubefate" in lab.versions()
    removed = lab.deploy(says="kubefate-service\n", remove=True)
    assert removed.code == 0, removed.all
    assert set(lab.versions()) == {"V1Secret kubefate-secret", "V1PersistentVolumeClaim mariadb-data"}
    assert lab.roles() == set()
    back = lab.deploy()
    assert back.code == 0, back.all
    assert lab.secret() == values
    ended = lab.deploy(remove=True, delete_data=True)
    assert ended.code == 0, ended.all
    assert lab.versions() == {}
    assert lab.deploy(remove=True).text.startswith("KubeFATE's service: nothing of it is in")


def test_a_database_of_ones_own_takes_the_place_of_the_other_one(lab: Lab) -> None:
    """Which is a workload that goes, so it needs --force; its claim stays."""
    assert lab.deploy().code == 0
    options = {"database": "mysql://kf@db.example.com/kube", "database_password": "env:DB"}
    environ = {"DB": "Known-To-The-Database-1"}
    refused = lab.deploy(environ=environ, **options)
    assert refused.code == 1
    assert "FED928" in refused.text
    assert "- Deployment" in refused.told
    ended = lab.deploy(environ=environ, force=True, **options)
    assert ended.code == 0, ended.all
    assert "Deployment mariadb" not in lab.versions()
    assert "V1PersistentVolumeClaim mariadb-data" in lab.versions()
    assert lab.secret()["mariadbPassword"] == environ["DB"]


def test_a_database_whose_password_is_gone_is_told(lab: Lab) -> None:
    """Before a new one is generated, which it would not know."""
    assert lab.deploy().code == 0
    lab.core.delete_namespaced_secret("kubefate-secret", lab.namespace)
    assert "keeps the password that it was made with" in lab.deploy(dry_run=True).text


def test_status_tells_what_somebody_has_changed(lab: Lab) -> None:
    """And who deployed which revision, under the host that its ingress has."""
    never = lab.deploy(status=True)
    assert never.code == 1
    assert lab.deploy().code == 0
    good = lab.deploy(status=True, host="")
    assert good.code == 0, good.all
    assert "revision 1" in good.text
    assert f"http://{lab.host}/" in good.text
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "kubefate", "image": "other:1"}]}}}}
    lab.apps.patch_namespaced_deployment("kubefate", lab.namespace, patch)
    drifted = lab.deploy(status=True, format_name="json")
    assert drifted.code in {1, 2}, drifted.all
    assert "other:1" in drifted.text


def test_a_host_that_is_taken_and_a_class_that_is_missing_are_told(
    lab: Lab, namespace: Namespaces, control_plane: Cluster
) -> None:
    """Two services with one host would be one to their operators; without a controller nobody reaches it."""
    other = namespace(control_plane, "fate")
    backend = {"service": {"name": "client", "port": {"number": 80}}}
    rule = {"host": lab.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    lab.networking.create_namespaced_ingress(other, {"metadata": {"name": "client"}, "spec": {"rules": [rule]}})
    taken = lab.deploy(format_name="json", ingress_class="nowhere")
    assert taken.code == 1, taken.all
    assert set(taken.codes) == {"FED946", "FED949"}


def test_somebody_elses_service_is_not_taken_over(lab: Lab) -> None:
    """What KubeFATE's own files have made is left alone."""
    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    port = {"port": 8080, "protocol": "TCP"}
    lab.core.create_namespaced_service(lab.namespace, {"metadata": {"name": "kubefate"}, "spec": {"ports": [port]}})
    ended = lab.deploy()
    assert ended.code == 1
    assert "which fedplan did not make" in ended.text
    assert "--namespace" in ended.text


def test_what_is_written_touches_no_cluster(lab: Lab, tmp_path: Path) -> None:
    """And holds no Secret; how that is made is told."""
    ended = lab.deploy(write=str(tmp_path / "gitops"))
    assert ended.code == 0, ended.all
    files = sorted((tmp_path / "gitops").iterdir())
    documents = [each for file in files for each in yaml.safe_load_all(file.read_text())]
    assert "Secret" not in {each["kind"] for each in documents}
    assert lab.namespace not in {each.metadata.name for each in lab.core.list_namespace().items}
    assert "create secret generic kubefate-secret" in ended.text


def test_whoever_may_not_give_rights_is_told_so(
    lab: Lab, namespace: Namespaces, control_plane: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator of two namespaces deploys in these alone, without any right to the whole cluster."""
    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    own = namespace(control_plane, "fate")
    lab.become(monkeypatch, spaces=(lab.namespace, own))
    wide = lab.deploy(format_name="json")
    assert (wide.code, set(wide.codes)) == (1, {"FED947"}), wide.all
    narrow = lab.deploy(namespaces=own)
    assert "FED947" in narrow.text
    assert "--no-cluster-role" in narrow.text
    missing = lab.deploy(namespaces=f"{own},nowhere", cluster_role=False)
    assert missing.code == 1, missing.all
    good = lab.deploy(namespaces=own, cluster_role=False)
    assert good.code == 0, good.all
    assert "neither list namespaces" in good.told
    assert lab.roles() == {own}
    assert lab.deploy(status=True).code == 0
    gone = lab.deploy(remove=True, namespaces=own)
    assert gone.code == 0, gone.all
    assert lab.roles() == set()


def test_rights_that_one_does_not_have_cannot_be_given(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though one may write ClusterRoles: the server's list of every right is not repeated."""
    lab.core.create_namespace({"metadata": {"name": lab.namespace}})
    resources = ["clusterroles", "clusterrolebindings"]
    rule = {"apiGroups": [RBAC], "resources": resources, "verbs": ["get", "list", "create", "patch"]}
    lab.become(monkeypatch, rule, spaces=(lab.namespace,))
    ended = lab.deploy()
    assert ended.code == 1
    assert "does not have all the rights that ClusterRole" in ended.text
    assert "attempting to grant" not in ended.text
    assert lab.versions() == {}
