"""What is found out before anything is written, asked of a real API server."""

from __future__ import annotations

import base64
import importlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderers.cluster import namespaces, rbac, secret_values
from renderers.cluster.api import Api, RefusedError, connect
from renderers.cluster.applying import carry_out, prepare
from renderers.cluster.clock import Deadline
from renderers.cluster.cluster_checks import check_cluster
from renderers.cluster.display import Silent
from renderers.cluster.folder import Desired, Prerequisite, SiteFolder, from_files
from renderers.cluster.namespaces import check_namespaces
from renderers.cluster.operator import operator
from renderers.cluster.outcomes import Options, SiteState
from renderers.cluster.places import Places
from renderers.cluster.prerequisites import missing_prerequisites
from renderers.cluster.quota import exceeded
from renderers.cluster.references import Reference, reference
from renderers.cluster.removing import remove
from renderers.cluster.rights import PURPOSES, Purpose, Right, examine_rights, missing_rights, needed
from renderers.cluster.status import observe
from renderers.probes.cluster.area import probes
from renderers.probes.pods.inside import Inside
from renderers.probes.probe import Said, Truth
from renderers.probes.sight import Sight
from tests.cluster.conftest import Namespaces
from tests.cluster.harness.cluster import Cluster
from tests.conftest import Planned, plan_text
from tests.unit.cluster_double import folder_of, thing, workload

client: Any = importlib.import_module("kubernetes.client")
utils: Any = importlib.import_module("kubernetes.utils")

Clients = Callable[[Cluster | Path], Any]
SITE = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - {{name: bank, address: 192.168.9.1, kubernetes: "{version}"}}
  - {{name: shop, address: 192.168.10.1}}
parties:
  - id: 9999
    cluster: bank
    target: kubernetes
    namespace: {namespace}
    persistence: true
    networkPolicies: true
    components: {{nodemanager: {{replicas: 2}}}}
    credentials: {{fateboard: "env:FATEBOARD_PASSWORD"}}
    {serving}
  - {{id: 10000, cluster: shop}}
defaults:
  credentials: {{mysql: "env:FATE_MYSQL_PASSWORD"}}
"""
ENVIRON = {"FATE_MYSQL_PASSWORD": "of-mysql", "FATEBOARD_PASSWORD": "of-fateboard"}
Connect = Callable[[Path | Cluster], Api]


@pytest.fixture
def api_of(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """`api_of(cluster)` speaks as its admin, `api_of(kubeconfig)` as somebody else."""

    def made(to: Path | Cluster) -> Api:
        file = to.kubeconfig if isinstance(to, Cluster) else to
        monkeypatch.setenv("KUBECONFIG", str(file))
        context = yaml.safe_load(file.read_text(encoding="utf-8"))["current-context"]
        return connect(to.context if isinstance(to, Cluster) else context)

    return made


def soon() -> Deadline:
    """Long enough for one step."""
    return Deadline(60)


def until(check: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.05)


def planned(cluster: Cluster, namespace: str, serving: str = "") -> Planned:
    """A party with everything that makes rights: claims, budgets, policies, hot tables, Secrets."""
    more = f"serving: {{namespace: {serving}}}" if serving else ""
    return plan_text(SITE.format(version=f"1.{cluster.minor}", namespace=namespace, serving=more))


def site(cluster: Cluster, namespace: str, serving: str = "") -> SiteFolder:
    """The folder of that party."""
    files = planned(cluster, namespace, serving).files()["party-9999"]
    folder = from_files({name: each.encode() for name, each in files.items()}, "party-9999")
    assert isinstance(folder, SiteFolder), folder
    return folder


def small(namespace: str, *documents: dict[str, Any], **others: Any) -> SiteFolder:
    """A folder of a few objects in a namespace."""
    for document in documents:
        document["metadata"]["namespace"] = namespace
    return folder_of(*documents, namespaces={"training": namespace}, **others)


def grant(api_client: Any, text: str) -> None:
    """Apply manifests as an administrator does: what is there already stays."""
    for document in yaml.safe_load_all(text):
        try:
            utils.create_from_dict(api_client, document)
        except utils.FailToCreateError as failure:
            if any(each.status != 409 for each in failure.api_exceptions):
                raise


def token_of(api_client: Any, namespace: str, account: str) -> str:
    """A token of a ServiceAccount."""
    core = client.CoreV1Api(api_client)
    made = core.create_namespaced_service_account_token(account, namespace, {"spec": {"expirationSeconds": 3600}})
    return str(made.status.token)


# The cluster


def test_the_cluster_is_the_one_and_serves_what_is_written(control_plane: Cluster, api_of: Connect) -> None:
    """By its URL and by its APIs."""
    api = api_of(control_plane)
    folder = site(control_plane, "nowhere")
    assert check_cluster(api, replace(folder, server=control_plane.server), soon(), Places(folder)) == ()
    (found,) = check_cluster(api, replace(folder, server="https://10.0.0.7:6443"), soon(), Places(folder))
    assert found.fault.code == "FED903"
    unserved = "policy/v1" if control_plane.minor < 21 else "policy/v1beta1"
    other = folder_of(thing("PodDisruptionBudget", "x", unserved))
    (found,) = check_cluster(api, other, soon(), Places(other))
    assert f"(Kubernetes 1.{control_plane.minor}) does not serve {unserved} PodDisruptionBudget" in found.message


def test_what_is_missing_in_the_cluster_is_found(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """Secrets with their keys, claims and classes."""
    name = namespace(control_plane)
    core = client.CoreV1Api(client_of(control_plane))
    core.create_namespaced_secret(name, {"metadata": {"name": "certs"}, "stringData": {"a": "1"}})
    wanted = [
        Prerequisite("Secret", name, "certs", "it is read", ("a",)),
        Prerequisite("Secret", name, "certs", "it is read", ("a", "b")),
        Prerequisite("Secret", name, "none", "it is read", ("a",)),
        Prerequisite("PersistentVolumeClaim", name, "none", "it is mounted", ()),
        Prerequisite("StorageClass", "", "no-such-class", "volumes are made of it", ()),
    ]
    if not control_plane.is_given:
        wanted.append(Prerequisite("StorageClass", "", "hostpath", "volumes are made of it", ()))
    folder = folder_of(prerequisites=tuple(wanted))
    found = missing_prerequisites(api_of(control_plane), folder, soon(), Places(folder))
    assert [each.message.partition(":")[0] for each in found] == [
        f"Secret {name}/certs on cluster bank has no key b",
        f"Secret {name}/none is not on cluster bank",
        f"PersistentVolumeClaim {name}/none is not on cluster bank",
        "StorageClass no-such-class is not on cluster bank",
    ]


# Rights


@dataclass(frozen=True)
class Deployer:
    """A ServiceAccount that has what `invoke rbac` gives for a site, and nothing else."""

    folder: SiteFolder
    api: Api
    admin: Any

    @property
    def places(self) -> Places:
        """Places in the folder's files."""
        return Places(self.folder)


@pytest.fixture
def deployer(control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients) -> Deployer:
    """Make one, in namespaces that its manifests make."""
    name, serving = (namespace(control_plane, prefix, create=False) for prefix in ("fate", "serving"))
    folder, admin = site(control_plane, name, serving), client_of(control_plane)
    assert set(folder.namespaces.values()) == {name, serving}
    grant(admin, rbac.manifests(folder))
    token = token_of(admin, name, rbac.account(folder))
    api = api_of(control_plane.mint_kubeconfig(token, "deployer"))
    return Deployer(folder, api, admin)


@pytest.mark.usefixtures("fake_node")
def test_with_the_roles_everything_works(deployer: Deployer) -> None:
    """Apply, apply again, status, remove with its data: as somebody who has these rights alone."""
    api, folder, places = deployer.api, deployer.folder, deployer.places

    def is_allowed(purpose: Purpose) -> bool:
        return not missing_rights(api, folder, purpose, soon(), places, delete_data=True)

    for purpose in PURPOSES:
        until(partial(is_allowed, purpose))
        assert {right.namespace for right in examine_rights(api, folder, purpose, soon()).restricting} <= {""}
    options = Options(timeout=400)
    for state in (SiteState.APPLIED, SiteState.UNCHANGED):
        prepared = prepare(api, folder, places, options, ENVIRON)
        assert prepared.is_good, prepared.diagnostics
        outcome = carry_out(prepared, operator(), Silent())
        assert outcome.state is state, outcome.diagnostics
    status = observe(api, folder, None, soon(), places)
    assert not status.drift
    gone = remove(api, folder, places, replace(options, delete_data=True), operator(), Silent())
    assert gone.state is SiteState.REMOVED, gone.diagnostics


@pytest.mark.usefixtures("fake_node")
def test_with_the_roles_verify_can_look(control_plane: Cluster, deployer: Deployer) -> None:
    """Every probe that a fake node can answer is true; without one right that one is named, and nothing is false."""
    folder, api = deployer.folder, deployer.api
    until(lambda: missing_rights(api, folder, "apply", soon(), deployer.places) == ())
    prepared = prepare(api, folder, deployer.places, Options(timeout=400), ENVIRON)
    assert carry_out(prepared, operator(), Silent()).state is SiteState.APPLIED
    plan = planned(control_plane, folder.home, folder.namespaces["serving"]).checked.plan
    assert plan is not None
    sight = Sight(plan, plan.by_key["party-9999"], folder, deployer.places, api, Inside(api, folder))
    told = said_by(sight)
    assert len(told) > 5
    assert {sentence: said for sentence, said in told.items() if said != Said()} == {}
    rbac_api = client.RbacAuthorizationV1Api(deployer.admin)
    here = [right for right in needed(folder, "verify") if right.namespace == folder.home]
    assert {right.is_optional for right in here} == {True, False}
    for right in here:
        set_role(rbac_api, folder, [each for each in here if each != right])
        until(partial(lacks, deployer, right))
        for sentence, said in said_by(sight).items():
            is_named = "run commands in its pods" in sentence and not right.is_optional
            assert (said is not None and said.truth is Truth.FALSE) == is_named, (right, sentence, said)
            assert not is_named or (said is not None and f"may not {right.verb} {right.word} in" in said.reason)


def said_by(sight: Sight) -> dict[str, Said | None]:
    """What the probes of the API server say, by their sentences; None for one that the operator may not ask."""
    found: dict[str, Said | None] = {}
    for each in probes(sight):
        if each.sort.id != "clocks-agree":
            try:
                found[each.sentence] = each.ask(soon())
            except RefusedError as refusal:
                if not refusal.is_forbidden:
                    raise
                found[each.sentence] = None
    return found


def lacks(deployer: Deployer, right: Right) -> bool:
    """Whether the cluster says that this right is missing, and no other one of the namespace."""
    found = examine_rights(deployer.api, deployer.folder, "verify", soon())
    return [each for each in (*found.missing, *found.restricting) if each.namespace == right.namespace] == [right]


def test_a_missing_verb_is_told_before_anything_is_written(deployer: Deployer) -> None:
    """Taken out of the Role one by one, each is named; the rest is not."""
    folder, rbac_api = deployer.folder, client.RbacAuthorizationV1Api(deployer.admin)
    until(lambda: missing_rights(deployer.api, folder, "apply", soon(), deployer.places) == ())
    here = [right for right in needed(folder, "apply") if right.namespace == folder.home]
    required = [right for right in here if not right.is_optional]
    assert len(required) > 40
    for right in random.Random(4).sample(required, 6):
        set_role(rbac_api, folder, [each for each in here if each != right])
        word = f"may not {right.verb} {right.word} in namespace {folder.home} on cluster bank"
        until(partial(is_told, deployer, word))
        assert len(messages(deployer)) == 1
    assert client.CoreV1Api(deployer.admin).list_namespaced_service(folder.home).items == []


def is_told(deployer: Deployer, word: str) -> bool:
    """Whether the deployer is told so."""
    return word in " ".join(messages(deployer))


def messages(deployer: Deployer) -> list[str]:
    """What the deployer is told to lack."""
    found = missing_rights(deployer.api, deployer.folder, "apply", soon(), deployer.places)
    return [each.message for each in found]


def set_role(rbac_api: Any, folder: SiteFolder, rights: list[Right]) -> None:
    """Give other rights in the site's namespace."""
    body = {"metadata": {"name": rbac.account(folder)}, "rules": list(rbac.rules(rights))}
    rbac_api.replace_namespaced_role(rbac.account(folder), folder.home, body)


def test_a_stranger_is_told_in_few_lines(control_plane: Cluster, namespace: Namespaces, api_of: Connect) -> None:
    """And apply stops there."""
    if control_plane.is_given:
        pytest.skip("a given cluster has no stranger")
    folder = site(control_plane, namespace(control_plane))
    api = api_of(control_plane.stranger_kubeconfig())
    prepared = prepare(api, folder, Places(folder), Options(), ENVIRON)
    assert {each.fault.code for each in prepared.diagnostics} == {"FED909"}
    assert len(prepared.diagnostics) < 10
    assert not prepared.is_good


def test_the_administrator_needs_no_role(control_plane: Cluster, api_of: Connect) -> None:
    """And loses no time: everything is asked at once for each namespace."""
    folder, api = site(control_plane, "not-yet"), api_of(control_plane)
    asked: list[str] = []
    counting = _Counting(api, asked)
    assert missing_rights(counting, folder, "apply", soon(), Places(folder)) == ()  # type: ignore[arg-type]  # counts
    assert len(asked) == 2


class _Counting:
    """An Api that remembers what it was asked."""

    def __init__(self, api: Api, asked: list[str]) -> None:
        self._api, self._asked, self.user = api, asked, api.user

    def may(self, *args: Any, **options: Any) -> bool:
        self._asked.append(str(args))
        return self._api.may(*args, **options)


# Namespaces


def test_a_namespace_is_made_and_taken_away_again(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect
) -> None:
    """As apply does around a trial that fails."""
    name = namespace(control_plane, create=False)
    folder, api = site(control_plane, name), api_of(control_plane)
    state = check_namespaces(api, folder, soon(), Places(folder))
    assert (state.existing, state.missing, state.diagnostics) == ((), (name,), ())
    assert namespaces.create(api, folder, (name,), soon()) == (name,)
    assert namespaces.create(api, folder, (name,), soon()) == ()
    assert check_namespaces(api, folder, soon(), Places(folder)).existing == (name,)
    assert namespaces.remove(api, folder, (name,), soon()) == (name,)
    space = Reference("v1", "Namespace", "", name)
    found = check_namespaces(api, folder, soon(), Places(folder))
    assert api.get(space, soon()) is None or [each.fault.code for each in found.diagnostics] == ["FED904"]


def test_a_namespace_with_anything_of_anybody_stays(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """Although we have made it."""
    name = namespace(control_plane, create=False)
    folder, api = site(control_plane, name), api_of(control_plane)
    namespaces.create(api, folder, (name,), soon())
    client.CoreV1Api(client_of(control_plane)).create_namespaced_config_map(name, {"metadata": {"name": "theirs"}})
    assert namespaces.remove(api, folder, (name,), soon()) == ()


def test_a_helm_release_and_colliding_objects_are_seen(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """By what Helm really writes: a typed Secret with labels."""
    name = namespace(control_plane)
    core, api = client.CoreV1Api(client_of(control_plane)), api_of(control_plane)
    folder = site(control_plane, name)
    core.create_namespaced_service(name, {"metadata": {"name": "rollsite"}, "spec": {"ports": [{"port": 9370}]}})
    (found,) = check_namespaces(api, folder, soon(), Places(folder)).diagnostics
    assert found.message.endswith("holds Service rollsite, which fedplan did not make")
    labels = {"owner": "helm", "name": "fate-9999", "status": "deployed", "version": "1"}
    release = {"metadata": {"name": "sh.helm.release.v1.fate-9999.v1", "labels": labels}, "type": "helm.sh/release.v1"}
    core.create_namespaced_secret(name, release)
    (found,) = check_namespaces(api, folder, soon(), Places(folder)).diagnostics
    assert found.message.endswith("holds the Helm release fate-9999")


def test_a_missing_namespace_is_known_without_the_right_to_read_it(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """A dry run inside tells."""
    name, missing = namespace(control_plane), namespace(control_plane, create=False)
    folder, admin = site(control_plane, name), client_of(control_plane)
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "patch"]}]
    rbac_api = client.RbacAuthorizationV1Api(admin)
    rbac_api.create_cluster_role({"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": name}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    rbac_api.create_cluster_role_binding({"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})
    try:
        api = api_of(control_plane.mint_kubeconfig(token_of(admin, name, "default")))
        until(lambda: api.may("patch", "", "configmaps", missing, soon()))
        assert check_namespaces(api, folder, soon(), Places(folder)).existing == (name,)
        other = replace(folder, namespaces={"training": missing})
        state = check_namespaces(api, other, soon(), Places(other))
        assert state.missing == (missing,)
        assert [each.fault.code for each in state.diagnostics] == ["FED927"]
    finally:
        rbac_api.delete_cluster_role_binding(name)
        rbac_api.delete_cluster_role(name)


# Secrets


def test_secrets_are_written_once_and_kept(control_plane: Cluster, namespace: Namespaces, api_of: Connect) -> None:
    """What was generated stays, a new value restarts its readers, and a key that goes is a change."""
    name = namespace(control_plane)
    folder, api = site(control_plane, name), api_of(control_plane)
    first = applied(api, folder)
    assert len(first.changed) == len(folder.secrets)
    live = values(api, folder)
    assert applied(api, folder).changed == ()
    assert values(api, folder) == live
    marks = restart_marks(api, folder)
    again = applied(api, folder, {**ENVIRON, "FATEBOARD_PASSWORD": "another"})
    assert again.changed == ((name, "fateboard"),)
    changed = {key for key, mark in restart_marks(api, folder).items() if mark != marks[key]}
    assert changed
    assert changed < marks.keys()
    assert values(api, folder)["fateboard", "password"] == b"another"
    last = folder.secrets[-1]
    strings = dict(list(last.document["stringData"].items())[1:])
    fewer = replace(folder, secrets=(Desired(last.reference, {**last.document, "stringData": strings}, last.file),))
    assert applied(api, fewer).changed == ((name, last.reference.name),)
    assert applied(api, fewer).changed == ()


def applied(api: Api, folder: SiteFolder, environ: Mapping[str, str] | None = None) -> secret_values.SecretValues:
    """Resolve a folder's Secrets and write them."""
    found = secret_values.resolve(api, folder, environ or ENVIRON, soon(), Places(folder))
    assert found.diagnostics == ()
    for each in found.documents:
        api.apply(each.document, each.reference, soon(), dry_run=False)
    return found


def values(api: Api, folder: SiteFolder) -> dict[tuple[str, str], bytes]:
    """What the cluster has."""
    live = {each.reference.name: api.get(each.reference, soon()) or {} for each in folder.secrets}
    return {(name, key): base64.b64decode(value) for name, each in live.items() for key, value in each["data"].items()}


def restart_marks(api: Api, folder: SiteFolder) -> dict[str, str]:
    """The marks of all workloads."""
    found = secret_values.versions(api, folder, soon())
    marks = ((each.reference.name, secret_values.restart_mark(each, found)) for each in folder.objects)
    return {name: mark for name, mark in marks if mark}


# Quotas


def test_the_verdict_on_quotas_is_the_servers(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """For random sites and random quotas: found exactly where the server refuses an object or a pod."""
    drawn = random.Random(9999)
    verdicts = {
        weigh(control_plane, namespace, api_of(control_plane), client_of(control_plane), drawn) for _ in range(12)
    }
    assert verdicts == {True, False}


def weigh(cluster: Cluster, namespace: Namespaces, api: Api, admin: Any, drawn: random.Random) -> bool:
    """Whether one drawn site has room, as judged beforehand and as the server then shows."""
    name, core = namespace(cluster, "quota"), client.CoreV1Api(admin)
    folder = small(name, *objects(drawn))
    hard = {key: drawn.choice(choices) for key, choices in HARD.items() if drawn.random() < 0.3}
    scopes = drawn.choice([{}, {}, {"scopes": ["NotTerminating"]}, {"scopes": ["BestEffort"]}])
    if scopes:
        hard = {"pods": "3"}
    if drawn.random() < 0.4:
        rule = {"type": "Container", **drawn.choice(RULES)}
        core.create_namespaced_limit_range(name, {"metadata": {"name": "bounds"}, "spec": {"limits": [rule]}})
    core.create_namespaced_resource_quota(name, {"metadata": {"name": "q"}, "spec": {"hard": hard, **scopes}})
    until(lambda: not hard or core.read_namespaced_resource_quota("q", name).status.used)
    found = exceeded(api, folder, {}, soon(), Places(folder))
    refused = carried_out(api, folder, admin)
    assert bool(found) == bool(refused), (hard, scopes, [each.message for each in found], refused)
    return bool(found)


HARD = {
    "pods": ["2", "5"],
    "requests.memory": ["1Gi", "3Gi"],
    "cpu": ["500m", "2"],
    "limits.memory": ["2Gi", "6Gi"],
    "configmaps": ["2", "9"],
    "services.nodeports": ["1", "3"],
    "services.loadbalancers": ["0", "1"],
    "requests.storage": ["5Gi", "20Gi"],
    "count/services": ["1", "4"],
    "persistentvolumeclaims": ["1", "4"],
}
RULES: list[dict[str, Any]] = [
    {"default": {"memory": "1Gi"}, "defaultRequest": {"memory": "512Mi", "cpu": "100m"}},
    {"max": {"memory": "1Gi"}},
    {"min": {"memory": "600Mi"}},
    {"maxLimitRequestRatio": {"memory": "1500m"}},
]


def objects(drawn: random.Random) -> list[dict[str, Any]]:
    """A site of a few drawn workloads, Services and claims."""
    found: list[dict[str, Any]] = [thing("ConfigMap", "c", data={"a": "b"})]
    for number in range(drawn.randint(1, 3)):
        asked = drawn.choice([{}, {"memory": "512Mi"}, {"memory": "1Gi", "cpu": "250m"}])
        most = drawn.choice([{}, {}, {"memory": "1Gi"}, {"memory": "2Gi", "cpu": "1"}])
        init = drawn.choice([None, {"memory": "2Gi"}])
        pods = workload(f"w{number}", replicas=drawn.randint(0, 2), requests=asked or None, limits=most or None)
        if init:
            spec = pods["spec"]["template"]["spec"]
            spec["initContainers"] = [{"name": "first", "image": "i", "resources": {"requests": init}}]
        found.append(pods)
    for number in range(drawn.randint(0, 2)):
        kind = drawn.choice(["ClusterIP", "NodePort", "LoadBalancer"])
        ports = [{"name": f"p{port}", "port": port, "protocol": "TCP"} for port in range(1, drawn.randint(2, 3))]
        found.append(thing("Service", f"s{number}", spec={"type": kind, "ports": ports}))
    for number in range(drawn.randint(0, 2)):
        size = drawn.choice(["1Gi", "8Gi"])
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        found.append(thing("PersistentVolumeClaim", f"v{number}", spec=claim))
    return found


def carried_out(api: Api, folder: SiteFolder, admin: Any) -> list[str]:
    """What the server refuses of a site, whose pods are made here as controllers would."""
    core, refused = client.CoreV1Api(admin), []
    record = thing("ConfigMap", "record", namespace=folder.home)
    for document in (*(each.document for each in folder.objects), record):
        if document["kind"] == "Deployment":
            template = document["spec"]["template"]
            for number in range(document["spec"]["replicas"]):
                pod = {"metadata": {"name": f"{document['metadata']['name']}-{number}"}, "spec": template["spec"]}
                try:
                    core.create_namespaced_pod(folder.home, pod)
                except client.ApiException as refusal:
                    refused.append(str(refusal.body))
            continue
        try:
            api.apply(document, reference(document), soon(), dry_run=False)
        except RefusedError as refusal:
            refused.append(refusal.message)
    return refused


def test_a_full_namespace_takes_the_same_site_again(
    control_plane: Cluster, namespace: Namespaces, api_of: Connect, client_of: Clients
) -> None:
    """What runs of the site is its own: a quota that it fills has room for it, and for nothing more."""
    name, core, api = namespace(control_plane), client.CoreV1Api(client_of(control_plane)), api_of(control_plane)
    planned = workload("w", replicas=2, requests={"memory": "1Gi"})
    planned["spec"]["selector"] = {"matchLabels": planned["spec"]["template"]["metadata"]["labels"]}
    folder = small(name, planned)
    (desired,) = folder.objects
    hard = {"requests.memory": "2Gi", "pods": "2"}
    core.create_namespaced_resource_quota(name, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    until(lambda: core.read_namespaced_resource_quota("q", name).status.hard)
    live = {desired.reference.key: api.apply(desired.document, desired.reference, soon(), dry_run=False)}
    until(lambda: (core.read_namespaced_resource_quota("q", name).status.used or {}).get("pods") == "2")
    assert exceeded(api, folder, live, soon(), Places(folder)) == ()
    more = small(name, workload("w", replicas=3, requests={"memory": "1Gi"}))
    (found,) = exceeded(api, more, live, soon(), Places(more))
    assert sorted(found.message.partition(": ")[2].split("; ")) == ["pods 3 of 2", "requests.memory 3Gi of 2Gi"]
