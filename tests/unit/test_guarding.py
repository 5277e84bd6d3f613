"""What manifests deploy, open and close otherwise than planned is found, site by site."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from planner.pipeline import check
from planner.plan import Plan
from renderers.planning import render_site
from renderers.proving import prove

Tree = dict[str, Any]
Files = Mapping[str, Mapping[str, str]]
FEDERATION = """\
version: 1
name: guarded
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: shop.example.org}
parties:
  - {id: 9999, cluster: bank, serving: {}}
  - {id: 10000, cluster: shop, networkPolicies: false}
  - {id: 10001, cluster: bank, networkPolicies: true, exposure: ClusterIP}
defaults: {target: kubernetes, networkPolicies: true}
routes:
  - {from: 10001, to: 10000, address: 10.4.0.2}
"""
INSIDE_ONLY = FEDERATION.replace("cluster: shop, ", "cluster: bank, exposure: ClusterIP, ").replace(
    "serving: {}", "serving: {}, exposure: ClusterIP"
)


@functools.cache
def planned(text: str = INSIDE_ONLY) -> tuple[Plan, Files]:
    """A plan and the files of its sites."""
    checked = check(text.partition("routes:")[0].encode())
    assert checked.plan is not None, [each.message for each in checked.diagnostics]
    render = render_site(checked.plan)
    return checked.plan, {each.key: render(each) for each in checked.plan.sites}


OPEN = FEDERATION.replace(", exposure: ClusterIP", "")


def found(text: str, site: str, file: str, change: Callable[[list[Tree]], object] | None) -> str:
    """What the proof finds when the objects of a file are changed, or the file is missing."""
    plan, rendered = planned(text)
    files = dict(rendered[site])
    if change is None:
        del files[file]
        files["kustomization.yaml"] = files["kustomization.yaml"].replace(f"  - {file}\n", "")
    else:
        objects = list(yaml.load_all(files[file], Loader=yaml.CSafeLoader))
        change(objects)
        files[file] = yaml.dump_all(objects, Dumper=yaml.CSafeDumper)
    proved = prove(plan, lambda each: files if each.key == site else rendered[each.key])
    assert all(str(each.place.document).startswith(f"{site}/") for each in proved.diagnostics)
    return "\n".join(each.message for each in proved.diagnostics)


@pytest.mark.parametrize("text", [OPEN, INSIDE_ONLY])
def test_as_planned(text: str) -> None:
    """Nothing is found, exposed outside or inside, with policies or without."""
    plan, files = planned(text)
    assert [each.message for each in prove(plan, lambda each: files[each.key]).diagnostics] == []


def workload(objects: list[Tree]) -> Tree:
    """The workload of a file."""
    return next(each for each in objects if each["kind"] in {"Deployment", "StatefulSet"})


def service(objects: list[Tree]) -> Tree:
    """The first Service of a file."""
    return next(each for each in objects if each["kind"] == "Service")


def label(key: str, value: str) -> Callable[[list[Tree]], object]:
    """A workload with another label."""
    return lambda objects: workload(objects)["metadata"]["labels"].update({key: value})


def text_of(objects: list[Tree], name: str, old: str, new: str) -> None:
    """Another text in the ConfigMap of a file."""
    data = next(each for each in objects if each["kind"] == "ConfigMap" and name in each["data"])["data"]
    assert old in data[name]
    data[name] = data[name].replace(old, new)


def with_port(objects: list[Tree], **port: Any) -> None:
    """A further port of rollsite's Service, and of its container."""
    service(objects)["spec"]["ports"].append({"name": "more", "port": 8080, "targetPort": 8080, **port})
    container = workload(objects)["spec"]["template"]["spec"]["containers"][0]
    container["ports"].append({"name": "more", "containerPort": 8080})


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("30-rollsite.yaml", label("app.kubernetes.io/instance", "x"), "its name is x instead of fate-9999"),
        ("30-rollsite.yaml", label("app.kubernetes.io/version", "v1.0"), "it says it is release v1.0"),
        ("30-rollsite.yaml", label("partyId", "7"), "its party id is 7 instead of 9999"),
        ("20-clustermanager.yaml", label("partyId", "7"), "its label partyId is 7"),
        ("10-mysql.yaml", None, "it deploys no mysql"),
        ("76-serving-proxy.yaml", None, "it deploys no servingProxy"),
        ("30-rollsite.yaml", with_port, "port 8080 of Service rollsite is open at a NodePort that Kubernetes picks"),
        (
            "30-rollsite.yaml",
            lambda objects: with_port(objects, nodePort=30999),
            "port 8080 of Service rollsite is open at NodePort 30999, which is not planned",
        ),
        (
            "30-rollsite.yaml",
            lambda objects: text_of(
                objects, "eggroll.properties", "9999\n", "9999\neggroll.rollsite.polling.client.enabled=true\n"
            ),
            "its rollsite polls",
        ),
        (
            "50-python.yaml",
            lambda objects: text_of(objects, "service_conf.yaml", "federation: eggroll", "federation: rollsite"),
            "FATE-Flow is set to eggroll/rollsite/eggroll instead of eggroll/eggroll/eggroll",
        ),
        ("05-network-policies.yaml", None, "it has no NetworkPolicies"),
    ],
)
def test_something_else_is_deployed(file: str, change: Callable[[list[Tree]], object] | None, message: str) -> None:
    """Another name, party, release, engine or module, and ports that are open to the outside."""
    assert message in found(OPEN, "party-9999", file, change)


def test_policies_that_nobody_asked_for() -> None:
    """They may close what nobody thinks of."""
    policy = {
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "fate-10000"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
    }
    told = found(OPEN, "party-10000", "30-rollsite.yaml", lambda objects: objects.append(policy))
    assert "it has NetworkPolicies, which nobody asked for" in told


def rules_of(
    component: str, direction: str, change: Callable[[list[Tree]], list[Tree]]
) -> Callable[[list[Tree]], object]:
    """Other rules of a component's policy."""

    def apply(objects: list[Tree]) -> None:
        spec = next(each for each in objects if each["metadata"]["name"] == component)["spec"]
        spec[direction] = change(spec[direction])

    return apply


def without(word: str) -> Callable[[list[Tree]], list[Tree]]:
    """The rules that do not say a word."""
    return lambda rules: [rule for rule in rules if word not in yaml.safe_dump(rule)]


@pytest.mark.parametrize(
    ("text", "direction", "word", "message"),
    [
        (OPEN, "egress", "30101", "its NetworkPolicies refuse 192.168.9.1:30101"),
        (
            OPEN,
            "egress",
            "fate-10001",
            "its NetworkPolicies refuse 192.168.9.1:30101, as port 9370 of namespace fate-10001",
        ),
        (OPEN, "egress", "30091", "its NetworkPolicies refuse shop.example.org:30091"),
        (OPEN, "ingress", "port: 9370", "its NetworkPolicies keep its peers from port 9370 of rollsite"),
        (INSIDE_ONLY, "egress", "port: 9370", "its NetworkPolicies refuse rollsite.fate-10001:9370, as port 9370"),
        (INSIDE_ONLY, "ingress", "fate-10001", "keep the pods of namespace fate-10001 from port 9370 of rollsite"),
    ],
)
def test_a_hop_that_policies_refuse(text: str, direction: str, word: str, message: str) -> None:
    """What the route tables need must be open, to the outside and to namespaces of the same cluster."""
    change = rules_of("rollsite", direction, without(word))
    assert message in found(text, "party-9999", "05-network-policies.yaml", change)
