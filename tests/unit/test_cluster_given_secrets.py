"""Secrets that federation.yaml gives a site: made where they are missing, left alone where they are somebody's own."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from planner import site_json
from planner.interpret import interpret
from planner.lock import Lock
from planner.plan import Plan, examine, resolve
from planner.site_json import GivenSecret
from renderers import kubefate
from renderers.cluster import given_secrets, rights
from renderers.cluster.api import RefusedError
from renderers.cluster.given_secrets import Given
from renderers.cluster.prerequisites import missing_prerequisites
from renderers.cluster.preview import Action
from renderers.commands import run_plan
from tests.unit.cluster_double import DEADLINE, Cluster, folder_of, needs, places_of, secret

LOGIN = GivenSecret("fate-9999", "harbor", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": "file:login.json"})
PASSWORD = '{"auths": {"harbor": {"auth": "c2VjcmV0"}}}'


def look(*live: dict[str, Any], given: GivenSecret = LOGIN, **cluster: Any) -> Given:
    """What becomes of one Secret that is given."""
    folder = folder_of(given=(given,))
    return given_secrets.look(Cluster(live, **cluster).api, folder, {}, DEADLINE, places_of(folder))


@pytest.fixture(autouse=True)
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file with the login, as its owner has it."""
    monkeypatch.chdir(tmp_path)
    Path("login.json").write_text(f"{PASSWORD}\n", encoding="utf-8")


def mine(**data: str) -> dict[str, Any]:
    """The Secret as apply has made it."""
    found = secret("harbor")
    found["metadata"].setdefault("labels", {})["app.kubernetes.io/managed-by"] = "fedplan"
    return {**found, "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


def test_a_missing_one_is_made() -> None:
    """With its type and its value, which is neither shown nor part of any words."""
    found = look()
    ((reference, document),) = found.documents
    assert (reference.namespace, reference.name, document["type"]) == ("fate-9999", "harbor", LOGIN.type)
    assert base64.b64decode(document["data"][".dockerconfigjson"]).decode() == PASSWORD
    assert [change.action for change in found.changes] == [Action.CREATE]
    assert "c2VjcmV0" not in repr(found)
    assert PASSWORD in found.values


def test_the_same_value_changes_nothing() -> None:
    """What apply has made before and has this value is not written again."""
    assert look(mine(**{".dockerconfigjson": PASSWORD})).changes == ()


def test_another_value_is_an_update() -> None:
    """The key is named, and neither value."""
    (change,) = look(mine(**{".dockerconfigjson": "old", "more": "x"})).changes
    assert (change.action, [each.path for each in change.fields]) == (
        Action.UPDATE,
        ["data..dockerconfigjson", "data.more"],
    )
    assert {(each.live, each.desired) for each in change.fields} == {("", "")}


def test_somebody_elses_is_left_alone() -> None:
    """An operator may have made it by hand, with another value."""
    found = look(secret("harbor", **{".dockerconfigjson": "theirs"}))
    assert (found.changes, found.diagnostics) == ((), ())
    assert found.notes == ("Secret fate-9999/harbor is there and is left as it is",)


def test_a_value_that_is_not_here() -> None:
    """It is an error where the Secret is missing, and a note where apply has made it before."""
    given = GivenSecret("fate-9999", "harbor", "Opaque", {"a": "env:NOT_SET"})
    (found,) = look(given=given).diagnostics
    assert found.fault.code == "FED913"
    kept = look(mine(a="x"), given=given)
    assert (kept.diagnostics, kept.changes) == ((), ())
    assert "keeps what it has" in kept.notes[0]


def test_who_may_not_look_may_still_write() -> None:
    """Then it counts as missing; the server has the last word."""
    assert [change.action for change in look(hidden=frozenset({"Secret"})).changes] == [Action.CREATE]


def test_what_the_cluster_would_refuse() -> None:
    """Is told before anything is written, without the value that the cluster repeats."""
    found = look(trial=RefusedError(422, "Invalid", f"data[.dockerconfigjson]: Invalid value: {PASSWORD!r}"))
    (refused,) = found.diagnostics
    assert (refused.fault.code, PASSWORD in refused.message, found.documents) == ("FED905", False, ())
    assert "Secret fate-9999/harbor" in refused.message


def test_what_cannot_be_tried() -> None:
    """In a namespace that is still to be made, or by somebody who may only look."""
    for refusal in (RefusedError(404, "NotFound", "no namespace"), RefusedError(403, "Forbidden", "no right")):
        assert [change.action for change in look(trial=refusal).changes] == [Action.CREATE]
        kept = look(mine(**{".dockerconfigjson": PASSWORD}), trial=refusal)
        assert (kept.changes, kept.diagnostics) == ((), ())


def test_bytes_that_are_no_text() -> None:
    """A keystore is taken as it is: its last byte may look like a line break."""
    Path("keys.p12").write_bytes(b"\x30\x82\xff\n")
    given = GivenSecret("fate-9999", "keys", "Opaque", {"keys.p12": "file:keys.p12"})
    ((_, document),) = look(given=given).documents
    assert base64.b64decode(document["data"]["keys.p12"]) == b"\x30\x82\xff\n"


def test_somebody_elses_lacks_a_key() -> None:
    """It is left alone, so what pods look for must be in it."""
    folder = folder_of(given=(LOGIN,), prerequisites=(needs("Secret", "harbor", ".dockerconfigjson"),))
    for live, codes in ((secret("harbor", other="x"), ["FED915"]), (mine(other="x"), [])):
        found = missing_prerequisites(Cluster((live,)).api, folder, DEADLINE, places_of(folder))
        assert [each.fault.code for each in found] == codes


def test_a_given_secret_is_no_missing_prerequisite() -> None:
    """Unless it lacks a key that pods look for."""
    for keys, codes in (((".dockerconfigjson",), []), (("ca.pem",), ["FED915"])):
        folder = folder_of(given=(LOGIN,), prerequisites=(needs("Secret", "harbor", *keys),))
        found = missing_prerequisites(Cluster(()).api, folder, DEADLINE, places_of(folder))
        assert [each.fault.code for each in found] == codes


def test_the_rights_to_make_it_are_asked_for() -> None:
    """Nothing is made that nobody may make."""
    folder = folder_of(given=(LOGIN,))
    words = {(right.verb, right.word) for right in rights.needed(folder, "apply")}
    assert {("create", "secrets"), ("patch", "secrets")} <= words


def planned(**party: Any) -> Plan:
    """A pair of parties, the first with more settings."""
    data = {
        "version": 1,
        "name": "demo",
        "release": "v1.11.2",
        "topology": "mesh",
        "clusters": [{"name": "bank", "address": "192.168.9.1"}, {"name": "shop", "address": "192.168.10.1"}],
        "parties": [{"id": 9999, "cluster": "bank", **party}, {"id": 10000, "cluster": "shop"}],
    }
    return resolve(examine(interpret(data, complete=True), Lock()))


def test_a_site_names_its_secrets() -> None:
    """In each namespace that needs one, with the type that its keys tell, and with references for values."""
    plan = planned(
        serving={},
        imagePullSecrets=["harbor"],
        secrets={
            "harbor": {".dockerconfigjson": "file:login.json"},
            "board": {"tls.crt": "file:tls.crt", "tls.key": "env:KEY"},
        },
    )
    text = kubefate.render(plan, plan.by_key["party-9999"])[site_json.NAME]
    contents = site_json.parse(text.encode())
    assert isinstance(contents, site_json.Contents)
    assert [(each.namespace, each.name, each.type) for each in contents.secrets] == [
        ("fate-9999", "harbor", "kubernetes.io/dockerconfigjson"),
        ("fate-serving-9999", "harbor", "kubernetes.io/dockerconfigjson"),
        ("fate-9999", "board", "kubernetes.io/tls"),
    ]
    assert contents.secrets[2].data == {"tls.crt": "file:tls.crt", "tls.key": "env:KEY"}


def test_plan_does_not_ask_for_what_apply_makes(tmp_path: Path) -> None:
    """Unless the Secret lacks a key that pods look for."""
    text = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters: [{name: bank, address: 192.168.9.1}, {name: shop, address: 192.168.10.1}]
parties:
  - {id: 9999, cluster: bank, imagePullSecrets: [harbor, quay], secrets: {harbor: {.dockerconfigjson: "file:x"}}}
  - {id: 10000, cluster: shop}
defaults: {target: kubernetes}
"""
    file = tmp_path / "federation.yaml"
    file.write_text(text, encoding="utf-8")
    report, code = run_plan(str(file), None, "text", check_only=False, with_diff=False, against=None, forget=())
    assert (code, "Secret quay in fate-9999" in report, "Secret harbor" in report) == (0, True, False), report
