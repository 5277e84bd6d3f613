"""What installing a chart would change, field by field, and nothing of a secret's value."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any

import pytest

from planner.site_json import Installation
from renderers.cluster.helm_releases import HelmRelease
from renderers.cluster.kept_claims import claims_in, without_claims
from renderers.cluster.preview import Action, Change
from renderers.cluster.references import Document
from renderers.helm.differences import Secrecy, changes, desired_of, normal, secret_lines, unowned
from renderers.helm.rendering import broken_by, objects_of, places_of

HERE = Installation("training", "cluster.yaml", "fate-9999", "ns", "fate", "v1.11.2")
OURS = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "fate-9999", "meta.helm.sh/release-namespace": "ns"},
}


def config(name: str = "rollsite-config", **data: str) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(port: int = 30091, **metadata: Any) -> Document:
    spec = {"type": "NodePort", "ports": [{"name": "a", "port": 9370, "nodePort": port}], "selector": {"x": "y"}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "rollsite", **metadata}, "spec": spec}


def deployment(replicas: int = 1, **env: str) -> Document:
    container = {
        "name": "main", "image": "x", "ports": [{"containerPort": 1}],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }  # fmt: skip
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "python"}, "spec": spec}


def gateway(host: str) -> Document:
    spec = {"servers": [{"hosts": [host]}]}
    return {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "g"}, "spec": spec}


def live_of(*documents: Document) -> dict[tuple[str, str, str, str], Document]:
    """These objects as a server has them: with defaults and things of its own."""
    desired, _ = desired_of(HERE, documents)
    found = {}
    for each in desired:
        metadata = {**each.document["metadata"], **OURS, "uid": "u", "resourceVersion": "1"}
        metadata["managedFields"] = [{"manager": "helm", "fieldsV1": {"f:spec": {"f:defaulted": {}}}}]
        document = {**each.document, "metadata": metadata, "status": {"x": 1}}
        if "spec" in document:
            document["spec"] = {**document["spec"], "defaulted": "Cluster"}
        found[each.reference.key] = document
    return found


def told(
    new: Sequence[Document],
    old: Sequence[Document],
    live: Sequence[Document] | None = None,
    secrecy: Secrecy | None = None,
) -> list[Change]:
    desired, others = desired_of(HERE, new)
    before, others_before = desired_of(HERE, old)
    found = live_of(*(old if live is None else live))
    return list(changes(desired, others, before, others_before, found, secrecy or Secrecy()))


def summed(found: Sequence[Change]) -> list[tuple[str, str, list[str]]]:
    return [
        (str(each.action), each.reference.kind, [f"{it.path}: {it.live} -> {it.desired}" for it in each.fields])
        for each in found
        if each.action is not Action.KEEP
    ]


def test_nothing_and_everything() -> None:
    """What is there as planned is kept; in an empty namespace everything is made."""
    documents = [config(a="1"), service(), deployment(), gateway("a")]
    assert summed(told(documents, documents)) == []
    assert summed(told(documents, [], [])) == [
        ("create", kind, []) for kind in ("ConfigMap", "Service", "Deployment", "Gateway")
    ]


def test_changed_added_and_dropped() -> None:
    """Fields that change, come, or were in the release before; whole objects that go."""
    old = [config(a="1", b="2"), service(), deployment(1, A="x", B="y"), gateway("a")]
    new = [config(a="3", c="4"), deployment(2, A="x"), gateway("b")]
    assert summed(told(new, old)) == [
        ("update", "ConfigMap", ["data.a: 1 -> 3", "data.c:  -> 4", "data.b: 2 -> "]),
        ("update", "Deployment", [
            "spec.replicas: 1 -> 2", 'spec.template.spec.containers[main].env[B]: {"name": "B", "value": "y"} -> ',
        ]),
        ("delete", "Service", []),
        ("update", "Gateway", ['spec.servers[0].hosts: ["a"] -> ["b"]']),
    ]  # fmt: skip


def test_drift() -> None:
    """What somebody has changed or deleted is set right, though the plan is the same; what they have added stays."""
    planned = [service(), deployment(1), config(a="1")]
    live = [service(30099), deployment(3, ADDED="z")]
    assert summed(told(planned, planned, live)) == [
        ("update", "Service", ["spec.ports[a].nodePort: 30099 -> 30091"]),
        ("update", "Deployment", ["spec.replicas: 3 -> 1"]),
        ("create", "ConfigMap", []),
    ]


def test_kept_by_helm() -> None:
    """An object that Helm is told to keep does not go with the release."""
    kept = service(annotations={"helm.sh/resource-policy": "keep"})
    assert summed(told([], [kept, config()])) == [("delete", "ConfigMap", [])]


def test_normal() -> None:
    """Protocols, namespaces and plain texts of Secrets are filled in; empty values are nothing."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}, "type": None}
    found = normal(secret, "ns")
    assert found == {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "ns", "name": "s"},
        "data": {"a": base64.b64encode(b"b").decode()},
    }  # fmt: skip
    assert normal(service(), "ns")["spec"]["ports"][0]["protocol"] == "TCP"
    container = normal(deployment(), "ns")["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"protocol": "TCP", "containerPort": 1}]
    assert normal({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}, "ns")["metadata"] == {
        "name": "n"
    }


def test_secrets_are_not_told() -> None:
    """Neither the new value, nor the old one, nor the line in which one stands, though nothing names it a secret."""
    old = [config(f="user=a\nlogin=0ldPw\n"), deployment(1, X="0ldPw")]
    new = [config(f="user=b\nlogin=n3wPw\n"), deployment(1, X="n3wPw")]
    lines = {("ConfigMap", "rollsite-config", "f"): ("login=",)}
    for secrecy in (Secrecy(("n3wPw", "0ldPw")), Secrecy(("n3wPw", "0ldPw"), lines)):
        found = told(new, old, secrecy=secrecy)
        assert not {"n3wPw", "0ldPw"} & set(re.findall(r"\w+", str(found)))
        assert found[0].fields[0].lines == ("- user=a", "- ...", "+ user=b", "+ ...")
        assert found[1].fields[0].path == "spec.template.spec.containers[main].env[X].value"
    # changed by hand: nobody knows that value, and its line is known
    found = told(new, new, [config(f="user=b\nlogin=byHand\n"), new[1]], Secrecy(("n3wPw",), lines))
    assert "byHand" not in str(found)


def test_secret_lines() -> None:
    """The beginnings of the lines in which words stand."""
    documents = [config(f="a: 1\n  key: w1x\n", g="w1x\n"), deployment(1, X="w1x")]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    encoded = {**secret, "data": {"p": base64.b64encode(b"w1x").decode(), "q": "!"}}
    found = list(places_of([*documents, encoded], ["w1x"]))
    assert [(named[0], path[-1]) for named, path, _ in found] == [
        ("ConfigMap", "f"), ("ConfigMap", "g"), ("Deployment", "value"), ("Secret", "p"),
    ]  # fmt: skip
    assert secret_lines(found, ["w1x"]) == {
        ("ConfigMap", "rollsite-config", "f"): ("key: ",), ("ConfigMap", "rollsite-config", "g"): ("",),
    }  # fmt: skip


def test_unowned() -> None:
    """Helm touches nothing that is not of its release: neither a stranger's object, nor another release's."""
    desired, _ = desired_of(HERE, [config(), service(), deployment()])
    live = live_of(config(), service(), deployment())
    assert list(unowned(desired, (), live, "fate-9999")) == []
    assert len(list(unowned(desired, (), live, "other"))) == 3
    assert list(unowned(desired, desired, live, "other")) == []
    key = desired[0].reference.key
    live[key] = {**live[key], "metadata": {**live[key]["metadata"], "labels": {}}}
    assert list(unowned(desired, (), live, "fate-9999")) == [desired[0].reference]


@pytest.mark.parametrize(
    ("word", "value", "where"),
    [
        (config(a="w"), config(a="S"), ""),
        (deployment(1, X="w"), deployment(1, X="12"), ""),
        (config(a="w"), {**config(), "data": {"a": 12}}, "ConfigMap rollsite-config"),
        (config(a="w"), config(a="S", b="x"), "ConfigMap rollsite-config"),
        (config(a="w"), config("other", a="w"), "the objects"),
    ],
)
def test_broken_by(word: Document, value: Document, where: str) -> None:
    """Values may stand where words do; nothing else may become of them."""
    assert broken_by([word], [value]) == where


def test_objects_of() -> None:
    """Helm's text as objects; what is none, with the reason."""
    assert objects_of("---\n# Source: x\nnull\n---\napiVersion: v1\nkind: A\nmetadata: {name: b}\n") == (
        {"apiVersion": "v1", "kind": "A", "metadata": {"name": "b"}},
    )
    assert objects_of("a: [") == "it is not YAML (line 2)"
    assert objects_of("- 1") == "it makes something that is no object of Kubernetes"
    assert objects_of("kind: A\nmetadata: {name: 1}") == "it makes something that is no object of Kubernetes"


def test_claims_of_a_release() -> None:
    """Claims are taken out of a manifest, and nothing else is changed."""
    claim = "# Source: c\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"
    other = "# Source: d\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: PersistentVolumeClaim}\n"
    manifest = f"---\n{claim}---\n{other}---\n{claim.replace('name: data', 'name: more')}"
    assert claims_in(manifest) == ("data", "more")
    left = without_claims(manifest)
    assert (claims_in(left), objects_of(left)) == ((), objects_of(other))
    release = HelmRelease("ns", "fate-9999", 1, "deployed", manifest=manifest)
    assert "Source" not in repr(release)
