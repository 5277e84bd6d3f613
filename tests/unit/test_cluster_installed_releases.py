"""What Helm keeps of its releases, and the objects that a site then is."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace

import pytest

from renderers.cluster import helm_releases
from renderers.cluster.chart_objects import as_folder, config_data
from renderers.cluster.helm_releases import HelmRelease, Releases, releases
from renderers.cluster.labels import belongs_to, of_component, of_runners, of_site, selector
from tests.unit.chart_double import (
    FIRST,
    INSTALLATION,
    LATER,
    NAME,
    NAMESPACE,
    Live,
    manifest,
    release,
    site,
    stored,
    workload,
    written,
)
from tests.unit.cluster_double import DEADLINE, folder_of, thing


def found(*documents: dict[str, object], **more: frozenset[str]) -> Releases:
    return releases(Live(documents, **more).api, site(), DEADLINE)  # type: ignore[arg-type]


def test_all_revisions_are_read_the_latest_first() -> None:
    """With status, chart, times and Helm's own words for how it ended."""
    other = release(7, "", name="fate-9999-more")
    seen = found(release(1, "a: 1", status="superseded"), release(10, "", begun=LATER), release(2, ""), other)
    assert [each.revision for each in seen.of(INSTALLATION)] == [10, 2, 1]
    first = seen.of(INSTALLATION)[-1]
    assert (first.status, first.chart, first.chart_version) == ("superseded", "fate", "v1.11.2")
    assert (first.first_deployed, first.recorded) == ("2026-03-01T12:00:00.123456789+01:00", FIRST)
    assert (first.description, first.manifest, first.what) == (
        "Install complete",
        "a: 1",
        "Helm release fate-9999/fate-9999",
    )
    latest, deployed = seen.latest(INSTALLATION), seen.deployed(INSTALLATION)
    assert latest is deployed is seen.of(INSTALLATION)[0]
    assert seen.why_unseen(INSTALLATION) == ""


def test_values_are_never_shown() -> None:
    """They hold the passwords."""
    seen = found(release(1, "password: s3cret"))
    latest = seen.latest(INSTALLATION)
    assert latest is not None
    assert latest.values == {"mysql": {"password": "s3cret"}}
    assert "s3cret" not in repr(seen)


def test_the_older_driver_keeps_config_maps() -> None:
    """They are looked at where no Secret is of the release."""
    assert [each.revision for each in found(release(3, "x: 1", kind="ConfigMap")).of(INSTALLATION)] == [3]


@pytest.mark.parametrize("status", helm_releases.PENDING)
def test_a_helm_that_was_killed_is_recognised(status: str) -> None:
    """The revision that it worked on stays pending; the one before is what is deployed."""
    seen = found(release(1, ""), release(2, "", status=status))
    latest, deployed = seen.latest(INSTALLATION), seen.deployed(INSTALLATION)
    assert latest is not None
    assert deployed is not None
    assert latest.is_pending
    assert deployed.revision == 1


def test_a_roll_back_is_recognised() -> None:
    """Helm says in the description to which revision."""
    seen = found(release(4, "", description="Rollback to 1"))
    latest = seen.latest(INSTALLATION)
    assert latest is not None
    assert latest.rolled_back_to == 1
    assert replace(latest, description="Upgrade complete").rolled_back_to is None


def packed(content: object) -> bytes:
    return base64.b64encode(gzip.compress(json.dumps(content).encode(), mtime=0))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no base64!",
        base64.b64encode(b"\x1f\x8b\x08 but no gzip"),
        base64.b64encode(b"no JSON"),
        packed([]),
        packed({"name": NAME}),
        packed({"name": "another", "info": {"status": "deployed"}}),
        packed({"name": NAME, "info": {"status": "deployed"}, "manifest": 1}),
        packed({"name": NAME, "info": [], "chart": 7}),
        base64.b64encode(gzip.compress(b'{"name": "x"', mtime=0)[:-4]),
    ],
)
def test_what_is_no_release_is_told_as_such(text: bytes) -> None:
    """Its number is known, and nothing else is made up."""
    (one,) = found(stored(NAME, 2, text)).of(INSTALLATION)
    assert (one.revision, one.status) == (2, "unreadable")
    assert one.problem
    assert not one.is_deployed


def test_a_release_that_unpacks_to_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it was packed."""
    monkeypatch.setattr(helm_releases, "_MOST_UNPACKED", 1000)
    (one,) = found(stored(NAME, 2, base64.b64encode(gzip.compress(b" " * 1001)))).of(INSTALLATION)
    assert "unpacks to more than" in one.problem


def test_a_plain_release_without_gzip_is_read() -> None:
    """Helm reads such, too."""
    content = {"name": NAME, "info": {"status": "deployed"}, "chart": {"metadata": {"name": "fate"}}}
    (one,) = found(stored(NAME, 2, base64.b64encode(json.dumps(content).encode()))).of(INSTALLATION)
    assert (one.status, one.chart) == ("deployed", "fate")


def test_without_the_right_to_secrets_nothing_is_known() -> None:
    """That is said in the server's words, and is no error."""
    seen = found(hidden=frozenset({"Secret"}))
    assert seen.of(INSTALLATION) == ()
    assert seen.why_unseen(INSTALLATION) == "secrets is forbidden"


def test_without_the_right_to_config_maps_there_is_no_release() -> None:
    """Nearly nobody uses that driver."""
    assert found(hidden=frozenset({"ConfigMap"})).latest(INSTALLATION) is None


# Objects


def one(text: str, status: str = "deployed") -> Releases:
    return Releases({(NAMESPACE, NAME): (HelmRelease(NAMESPACE, NAME, 2, status, manifest=text),)}, {})


def test_the_site_is_what_helm_has_written() -> None:
    """Objects get the release's namespace, workloads the API that serves them today, ports their protocol."""
    python = written(workload("python", ports=[{"containerPort": 9380}], kind="StatefulSet"))
    old = {**written(workload("client")), "apiVersion": "extensions/v1beta1"}
    ports = [{"port": 9370}, {"port": 53, "protocol": "UDP"}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "rollsite"}, "spec": {"ports": ports}}
    seen = as_folder(site(), one(manifest(python, old, service)))
    assert [str(each.reference) for each in seen.folder.objects] == [
        "StatefulSet python",
        "Deployment client",
        "Service rollsite",
    ]
    assert {each.reference.namespace for each in seen.folder.objects} == {NAMESPACE}
    assert {each.file for each in seen.folder.objects} == {"cluster.yaml"}
    documents = {each.reference.name: each.document for each in seen.folder.objects}
    assert documents["client"]["apiVersion"] == "apps/v1"
    (container,) = documents["python"]["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"containerPort": 9380, "protocol": "TCP"}]
    assert [each["protocol"] for each in documents["rollsite"]["spec"]["ports"]] == ["TCP", "UDP"]
    assert seen.skipped == ()


def test_what_is_not_looked_at_is_said() -> None:
    """Kinds that fedplan does not know, versions that today's servers do not have, and what is no object."""
    ingress = {"apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress", "metadata": {"name": "fateboard"}}
    gateway = {"apiVersion": "networking.istio.io/v1beta1", "kind": "Gateway", "metadata": {"name": "g"}}
    odd = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "odd"}, "spec": {"ports": "none"}}
    text = manifest(ingress, gateway, odd) + "\n---\n- a list\n---\n{\n---\n# nothing\n"
    assert as_folder(site(), one(text)).skipped == (
        "Ingress fateboard",
        "Gateway g",
        "Service odd, which has an odd spec.ports",
        "an object of Helm release fate-9999/fate-9999 that does not say what it is",
        "an object of Helm release fate-9999/fate-9999: it is not YAML (line 3)",
    )


def test_an_uninstalled_release_has_no_objects() -> None:
    """Helm may keep its history."""
    assert as_folder(site(), one(manifest(written(workload("python"))), "uninstalled")).folder.objects == ()


def test_no_alias_multiplies() -> None:
    """A manifest of a few lines cannot fill the memory, or have no end."""
    steps = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    for text in (f"kind: ConfigMap\na0: &a0 x\n{steps}", "kind: ConfigMap\nmetadata: &a [*a]\n"):
        assert as_folder(site(), one(text)).skipped == (
            "an object of Helm release fate-9999/fate-9999, which is too large to be one",
        )


def test_the_data_of_config_maps() -> None:
    """By namespace and name, as the release has written them."""
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    (revision,) = one(manifest(document)).of(INSTALLATION)
    assert config_data(revision) == {(NAMESPACE, "a"): {"k": "v"}}
    assert config_data(None) == {}


# Labels


def test_a_site_of_charts_is_selected_by_its_names() -> None:
    """That of kubernetes stays selected by its own labels."""
    serving = replace(INSTALLATION, part="serving", name="serving-9999", namespace="serving-9999")
    both = site(installations=(INSTALLATION, serving))
    assert of_site(both) == "name in (fate-9999,serving-9999)"
    assert of_site(site()) == selector(site()) == "name=fate-9999"
    assert of_runners(site()) == ""
    plain = folder_of()
    assert of_site(plain) == of_runners(plain) == "fedplan/site=party-9999"
    assert selector(plain) == "fedplan/site=party-9999,fedplan/federation=demo"
    assert of_component(plain, NAMESPACE, "nginx") == "app.kubernetes.io/name=nginx,fedplan/site=party-9999"


def test_pods_of_a_chart_are_selected_as_their_workload_does() -> None:
    """Charts disagree on the name of that label."""
    nginx = workload("nginx")
    folder = as_folder(site(), one(manifest(written(nginx)))).folder
    assert of_component(folder, NAMESPACE, "nginx") == "fateMoudle=nginx,name=fate-9999,owner=kubefate,partyId=9999"
    assert of_component(folder, NAMESPACE, "osx") == "name=fate-9999"


def test_what_belongs_to_a_release() -> None:
    """Its objects by KubeFATE's label, or by Helm's annotation."""
    by_mark = thing("ConfigMap", "a", labels={}, metadata={"annotations": {"meta.helm.sh/release-name": NAME}})
    assert belongs_to(site(), by_mark)
    assert belongs_to(site(), thing("ConfigMap", "a", labels={"name": NAME}))
    assert not belongs_to(site(), thing("ConfigMap", "a", labels={"name": "fate-10000"}))
    assert not belongs_to(folder_of(), by_mark)
