"""KubeFATE's service as it would be deployed: sound objects, no password, mistakes told before anything."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster.namespaces import owner_of
from renderers.kubefate_commands.deploy_command import Request, run_deploy
from renderers.kubefate_commands.next_steps import after_deploying
from renderers.kubefate_service.deployment import Database, Deployment, database_at, host_of, image_of
from renderers.kubefate_service.deployment_folder import Target, folder_of, manifests
from renderers.kubefate_service.versions import GENERATIONS, LATEST, generation_of, told
from tests.matrix.test_sound_manifests import SCHEMAS, schema
from tests.quick_yaml import all_loaded

HOST = "kubefate.bank.example.com"
TARGET = Target("bank", "bank-prod", "192.0.2.10")


def wanted(**more: Any) -> Deployment:
    """A service with these settings."""
    return Deployment(**{"host": HOST, "image": image_of("", "", "").name, **more})


def objects(asked: Deployment) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What is written for it, by kind and name (and namespace, where it is another one)."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for text in manifests(asked, folder_of(asked, TARGET)).values():
        for each in all_loaded(text):
            metadata = each["metadata"]
            space = metadata.get("namespace", asked.namespace)
            name = metadata["name"] if space == asked.namespace else f"{space}/{metadata['name']}"
            found[each["kind"], name] = each
    return found


VARIANTS: Mapping[str, Deployment] = {
    "default": wanted(),
    "tls": wanted(tls_secret="tls", ingress_class="nginx", pull_secret="pull", image="r.example.com/kubefate:1"),
    "ephemeral": wanted(database=Database(is_ephemeral=True), has_network_policy=False),
    "outside": wanted(database=Database(host="db.example.com", name="kf", user="kf", password="env:DB")),
    "narrow": wanted(namespaces=("fate-9999", "fate-10000"), database=Database(storage_class="fast")),
    "narrowest": wanted(namespaces=("fate-9999",), has_cluster_role=False),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("version", [version for version in (SCHEMAS[0], SCHEMAS[-1]) if version])
def test_every_object_is_one_of_kubernetes(variant: str, version: str) -> None:
    """By the strict schemas of the oldest and the newest version that there are any of."""
    asked = VARIANTS[variant]
    for (kind, name), each in objects(asked).items():
        group, _, api = each["apiVersion"].rpartition("/")
        stem = f"{kind.lower()}-{group.partition('.')[0]}-{api}" if group else f"{kind.lower()}-{api}"
        found = schema(version, f"{stem}.json")
        assert found is not None, f"{stem} of {kind} {name}"
        assert not list(found.iter_errors(each)), f"{kind} {name}"


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_password_is_written(variant: str) -> None:
    """The Secret is no manifest, and its own file has places alone."""
    asked = VARIANTS[variant]
    assert "Secret" not in {kind for kind, _ in objects(asked)}
    folder = folder_of(asked, TARGET)
    values = {key: text for each in folder.secrets for key, text in each.document["stringData"].items()}
    passwords = {text for key, text in values.items() if key.endswith("Password")}
    assert passwords <= {"${secret:generate}", "${secret:env:DB}"}
    assert values["kubefateUsername"] == "admin"


@pytest.mark.parametrize("variant", VARIANTS)
def test_pods_are_confined_and_watched(variant: str) -> None:
    """Each says what it needs, is asked how it is, and gains no rights over its node."""
    found = objects(VARIANTS[variant])
    for (kind, name), each in found.items():
        if kind != "Deployment":
            continue
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert each["spec"]["selector"]["matchLabels"].items() <= each["spec"]["template"]["metadata"]["labels"].items()
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert set(container["resources"]) == {"requests", "limits"}
        for container in pod["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), name
    assert found["Deployment", "kubefate"]["spec"]["strategy"] == {"type": "Recreate"}


def test_the_environment_is_that_of_kubefate_s_own_yaml() -> None:
    """Every variable that service-api.md section 9 lists, and the passwords by reference."""
    pod = objects(wanted())["Deployment", "kubefate"]["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert env == {
        "FATECLOUD_DB_TYPE": "mysql",
        "FATECLOUD_DB_HOST": "mariadb",
        "FATECLOUD_DB_PORT": "3306",
        "FATECLOUD_DB_NAME": "kube_fate",
        "FATECLOUD_DB_USERNAME": None,
        "FATECLOUD_DB_PASSWORD": None,
        "FATECLOUD_REPO_NAME": "kubefate",
        "FATECLOUD_REPO_URL": "https://federatedai.github.io/KubeFATE",
        "FATECLOUD_USER_USERNAME": None,
        "FATECLOUD_USER_PASSWORD": None,
        "FATECLOUD_SERVER_ADDRESS": "0.0.0.0",
        "FATECLOUD_SERVER_PORT": "8080",
        "FATECLOUD_LOG_LEVEL": "warn",
        "FATECLOUD_LOG_NOCOLOR": "true",
    }
    assert pod["containers"][0]["image"] == "federatedai/kubefate:v1.4.5"
    assert pod["serviceAccountName"] == "kubefate-admin"


def test_the_state_has_a_claim_unless_asked() -> None:
    """KubeFATE's own yaml loses it with the pod."""
    kept = objects(wanted())
    assert ("PersistentVolumeClaim", "mariadb-data") in kept
    lost = objects(VARIANTS["ephemeral"])
    assert ("PersistentVolumeClaim", "mariadb-data") not in lost
    assert lost["Deployment", "mariadb"]["spec"]["template"]["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert ("Deployment", "mariadb") not in objects(VARIANTS["outside"])


def test_a_change_of_anything_is_another_digest() -> None:
    """And the same service has the same one."""
    digests = [folder_of(asked, TARGET).digest for asked in VARIANTS.values()]
    assert len(set(digests)) == len(VARIANTS)
    assert folder_of(wanted(), TARGET).digest == digests[0]


def rules(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each right of a Role: group, resource, verb."""
    for rule in document["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((group, resource, verb) for verb in rule["verbs"])


def test_the_rights_are_no_more_than_kubefate_s_own() -> None:
    """No namespace is made or changed, nothing is read that it does not need, and nobody is given everything."""
    rights = set(rules(objects(wanted())["ClusterRole", "kubefate-service-kube-fate"]))
    assert {verb for group, resource, verb in rights if resource == "namespaces"} == {"get", "list"}
    assert {verb for group, resource, verb in rights if resource in {"pods", "pods/log", "nodes"}} == {"get", "list"}
    assert not [right for right in rights if "*" in right]
    assert not {verb for _, _, verb in rights} & {"escalate", "bind", "impersonate", "deletecollection", "watch"}
    assert "podsecuritypolicies" not in {resource for _, resource, _ in rights}


def test_rights_in_some_namespaces_alone() -> None:
    """Roles there; across the cluster it may only see namespaces and nodes, or nothing."""
    narrow = objects(VARIANTS["narrow"])
    name = "kubefate-service-kube-fate"
    wide = set(rules(narrow["ClusterRole", name]))
    assert {resource for _, resource, _ in wide} == {"namespaces", "nodes"}
    for space in ("fate-9999", "fate-10000"):
        assert ("Namespace", space) in narrow
        assert narrow["RoleBinding", f"{space}/{name}"]["subjects"][0]["namespace"] == "kube-fate"
        inside = set(rules(narrow["Role", f"{space}/{name}"]))
        everything = set(rules(objects(wanted())["ClusterRole", name]))
        assert inside | wide == everything
    assert ("ClusterRole", name) not in objects(VARIANTS["narrowest"])


def test_every_release_of_kubefate_has_its_image() -> None:
    """As in service-api.md section 1; those on MongoDB are not deployed."""
    assert image_of("v1.11.2", "", "").name == "federatedai/kubefate:v1.4.5"
    assert image_of("1.7.2", "", "r.example.com/fate/").name == "r.example.com/fate/kubefate:v1.4.3"
    assert image_of("v1.4.5", "", "").name == "federatedai/kubefate:v1.1.0"
    assert image_of("", "mine:1", "").name == "mine:1"
    assert "MongoDB" in image_of("v1.4.0", "", "").mistake
    assert "no release" in image_of("v9", "", "").mistake
    assert "leave" in image_of("v1.11.2", "mine:1", "").mistake
    releases = [release for each in GENERATIONS for release in each.releases]
    assert len(set(releases)) == len(releases)
    assert generation_of("2.0.0") is LATEST
    assert told("v1.4.5") == "v1.4.5 (KubeFATE v1.9.0 to v2.0.0)"
    assert told("v1.4.2") == "v1.4.2 (KubeFATE v1.6.1 to v1.7.1)"
    assert told("v1.1.0") == "v1.1.0 (KubeFATE v1.4.4)"
    assert "no release" in told("v7")


def test_databases_by_url() -> None:
    """Never with the password."""
    assert database_at("mysql://kf@db.example.com/kube", "env:P") == Database(
        "db.example.com", 3306, "kube", "kf", "env:P"
    )
    for url in (
        "mysql://kf:secret@db/kube", "mysql://db/kube", "mysql://kf@db", "http://kf@db/kube", "mysql://kf@db:x/kube",
    ):  # fmt: skip
        found = database_at(url, "env:P")
        assert isinstance(found, str)
        assert "secret" not in found
    assert host_of("https://k.example.com:8443/x") == "k.example.com"
    assert host_of("http://[") == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "http://x"}, "without http://"),
        ({"host": ""}, "--host"),
        ({"namespace": "Kube"}, "a namespace is"),
        ({"namespaces": "kube-fate"}, "one of its own"),
        ({"cluster_role": False}, "--namespaces"),
        ({"password": "plain"}, "never the password itself"),
        ({"database": "mysql://a@b/c"}, "--database-password"),
        ({"database": "mysql://a@b/c", "database_password": "env:X", "ephemeral": True}, "--ephemeral"),
        ({"database_password": "env:X"}, "goes with --database"),
        ({"storage": "much"}, "5Gi"),
        ({"repo": "ftp://x"}, "--repo"),
        ({"log_level": "loud"}, "--log-level"),
        ({"tls_secret": "A_B"}, "--tls-secret"),
        ({"ingress_class": "A B"}, "--ingress-class"),
        ({"user": "a b"}, "--user"),
        ({"image": "a b"}, "--image"),
        ({"release": "v1.4.0"}, "MongoDB"),
        ({"timeout": 0}, "--timeout"),
        ({"delete_data": True, "status": True}, "--remove"),
        ({"remove": True, "status": True}, "take one"),
        ({"context": ""}, "--cluster"),
    ],
    ids=str,
)
def test_mistakes_in_options(
    options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are told in one clause, before any cluster is spoken to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    text, code = run_deploy(Request(**{"context": "bank", "host": HOST, **options}), io.StringIO(), io.StringIO(), {})
    assert code == 64, text
    assert words in text
    assert len(text.splitlines()) == 1


def test_federation_yaml_says_most_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, user, class of storage and the reference to the password come from the cluster."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    request = Request(cluster="bank", write="gitops")
    text, code = run_deploy(request, io.StringIO(), io.StringIO(), {"K": "x"})
    assert code == 0, text
    files = sorted(each.name for each in (tmp_path / "gitops").iterdir())
    assert files == [
        "00-namespaces.yaml", "10-rights.yaml", "20-mariadb.yaml", "30-kubefate.yaml", "kustomization.yaml",
    ]  # fmt: skip
    assert "storageClassName: fast" in (tmp_path / "gitops" / "20-mariadb.yaml").read_text()
    assert HOST in (tmp_path / "gitops" / "30-kubefate.yaml").read_text()
    assert '--from-file=kubefatePassword=<(printf %s "$K")' in text
    assert "--from-file=kubefateUsername=<(printf %s operator)" in text
    text, code = run_deploy(request, io.StringIO(), io.StringIO(), {})
    assert code == 0, text
    assert "env:K has no value here" in text
    assert "--from-file=kubefatePassword=<(openssl rand" in text
    outside = Request(cluster="bank", write="gitops", database="mysql://a@b/c", database_password="env:D")
    assert run_deploy(outside, io.StringIO(), io.StringIO(), {})[1] == 0
    assert not (tmp_path / "gitops" / "20-mariadb.yaml").exists()
    assert run_deploy(Request(cluster="shop", host=HOST), io.StringIO(), io.StringIO(), {})[1] == 64


def test_what_is_next_has_no_password_and_every_command() -> None:
    """The line for /etc/hosts, how the password is read, and what federation.yaml says from now on."""
    told = "\n".join(after_deploying(wanted(), "bank", "bank-prod", "192.0.2.10", is_in_file=False))
    assert f"  192.0.2.10 {HOST}" in told
    assert "kubectl --context bank-prod --namespace kube-fate get secret kubefate-secret" in told
    assert f"url: http://{HOST}" in told
    assert "password: env:KUBEFATE_PASSWORD" in told
    assert f"`invoke kubefate.version --url http://{HOST} --user admin --password-env KUBEFATE_PASSWORD`" in told
    known = "\n".join(after_deploying(wanted(password="file:p"), "bank", "c", "lb.example.com", is_in_file=True))
    assert f"{HOST} must lead to lb.example.com" in known
    assert "get secret" not in known
    assert "`invoke kubefate.version --cluster bank`" in known


def test_the_namespace_of_kubefate_is_none_of_kubernetes() -> None:
    """Its name begins as those of the cluster's own programs do."""
    folder = folder_of(wanted(), TARGET)
    assert owner_of(folder, "kube-fate", {"metadata": {}}, ()) == ""
    assert owner_of(folder, "kube-system", {"metadata": {}}, ()) != ""


FEDERATION = f"""\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - name: bank
    address: 192.0.2.1
    context: bank-prod
    storageClass: fast
    kubefate: {{url: "http://{HOST}", user: operator, password: "env:K"}}
  - {{name: shop, address: 192.0.2.2}}
parties:
  - {{id: 9999, cluster: bank}}
  - {{id: 10000, cluster: shop}}
"""
