"""Values of secrets: where each comes from, which cannot be used, and that none is ever told."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster.secret_places import is_broken, reference_in
from renderers.cluster.secret_values import (
    LONGEST,
    SecretValues,
    generated,
    resolve,
    restart_mark,
    secrets_read,
    unusable,
    versions,
)
from tests.unit.cluster_double import (
    DEADLINE,
    Cluster,
    desired,
    folder_of,
    places_of,
    secret,
    thing,
    workload,
)


def planned(**values: str) -> dict[str, Any]:
    """A Secret of the folder."""
    return thing("Secret", "mysql", type="Opaque", stringData=values)


def resolved(
    document: dict[str, Any], *live: dict[str, Any], environ: Mapping[str, str] | None = None, **cluster: Any
) -> SecretValues:
    """What becomes of one planned Secret."""
    folder = folder_of(secrets=[document])
    api = Cluster(live, **cluster).api
    return resolve(api, folder, environ or {}, DEADLINE, places_of(folder), generate=lambda: "made")


def values(found: SecretValues) -> dict[str, str]:
    """The values of the one Secret that was resolved."""
    (document,) = found.documents
    return {key: base64.b64decode(value).decode() for key, value in document.document["data"].items()}


def test_each_place_gets_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain text, the environment, a file, another Secret, and one that is made."""
    monkeypatch.chdir(tmp_path)
    Path("pw").write_text("of-file\n", encoding="utf-8")
    found = resolved(
        planned(
            user="fate",
            env="${secret:env:PW}",
            file="${secret:file:pw}",
            other="${secret:secret:vault/fate#a.b}",
            made="${secret:generate}",
        ),
        secret("fate", "vault", **{"a.b": "of-vault"}),
        environ={"PW": "of-env"},
    )
    assert found.diagnostics == ()
    assert values(found) == {
        "user": "fate",
        "env": "of-env",
        "file": "of-file",
        "other": "of-vault",
        "made": "made",
    }
    assert found.changed == (("fate-9999", "mysql"),)
    assert "stringData" not in found.documents[0].document
    assert found.documents[0].document["type"] == "Opaque"


def test_no_value_is_shown() -> None:
    """Not by the repr of the values, of a document, or of its copy."""
    found = resolved(planned(password="${secret:env:PW}"), environ={"PW": "hunter2"})
    encoded = base64.b64encode(b"hunter2").decode()
    shown = f"{found!r} {found.documents!r} {dict(found.documents[0].document)!r}"
    assert "hunter2" not in shown
    assert encoded not in shown
    assert "password" in shown


def test_what_was_made_is_kept() -> None:
    """A generated value is made once, whatever else changes."""
    found = resolved(planned(a="${secret:generate}", b="${secret:generate}"), secret("mysql", a="first"))
    assert values(found) == {"a": "first", "b": "made"}
    assert found.changed == (("fate-9999", "mysql"),)
    again = resolved(planned(a="${secret:generate}"), secret("mysql", a="first"))
    assert again.changed == ()
    assert again.notes == ()


def test_nothing_is_made_where_the_cluster_does_not_show_it() -> None:
    """A new password would lock the data of the old one."""
    found = resolved(planned(a="${secret:generate}"), hidden=frozenset({"Secret"}))
    assert found.documents == ()
    assert [each.fault.code for each in found.diagnostics] == ["FED913"]
    assert found.diagnostics[0].message == (
        "Secret fate-9999/mysql#a has no value: it cannot be seen whether there is one already: secrets is forbidden"
    )


def test_a_value_that_is_not_here_stays_as_it_is() -> None:
    """Another operator set it; a note says so."""
    found = resolved(planned(pw="${secret:env:PW}"), secret("mysql", pw="old"))
    assert values(found) == {"pw": "old"}
    assert found.changed == ()
    assert found.notes == ("env:PW has no value here: Secret fate-9999/mysql keeps its pw",)


def test_a_value_that_is_here_is_taken() -> None:
    """The environment wins over what the cluster has."""
    found = resolved(planned(pw="${secret:env:PW}"), secret("mysql", pw="old"), environ={"PW": "new"})
    assert values(found) == {"pw": "new"}
    assert found.changed == (("fate-9999", "mysql"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${secret:env:PW}", "env:PW has no value: the variable is not set"),
        ("${secret:file:no/such}", "file:no/such has no value: the file does not exist"),
        ("${secret:secret:vault/fate#pw}", "secret:vault/fate#pw has no value: there is no such Secret"),
        ("${secret:secret:vault/there#pw}", "secret:vault/there#pw has no value: the Secret has no such key"),
        (
            "x ${secret:env:PW}",
            "Secret fate-9999/mysql#pw has no value: this is no place of a secret that this fedplan knows",
        ),
    ],
)
def test_what_has_no_value_is_a_finding(text: str, message: str) -> None:
    """And the Secret is not among those to apply."""
    found = resolved(planned(user="fate", pw=text), secret("there", "vault", other="x"))
    assert [each.message for each in found.diagnostics] == [message]
    assert {each.fault.code for each in found.diagnostics} == {"FED913"}
    assert found.documents == ()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "it is empty"),
        ("a\nb", "it has a line break"),
        ("a\r", "it has a line break"),
        ("a b", "it has a blank"),
        ("a\tb", "it has a blank"),
        ("gr\u00fcn", "it has a character beyond plain ASCII"),
        ("\x07", "it has a character beyond plain ASCII"),
        ('a"b', "it has a quotation mark"),
        ("a'b", "it has a quotation mark"),
        ("a`b", "it has a quotation mark"),
        ("a\\b", "it has a backslash"),
        ("a$b", "it has a dollar sign"),
        ("a@@b", "it has @@"),
        ("x" * (LONGEST + 1), "it is longer than 4096 bytes"),
    ],
)
def test_values_that_files_cannot_hold_are_refused(value: str, reason: str) -> None:
    """The reason is told and the value is not."""
    found = resolved(planned(pw="${secret:env:PW}"), environ={"PW": value})
    assert [each.message for each in found.diagnostics] == [f"the value of env:PW cannot be used: {reason}"]
    assert found.documents == ()


@pytest.mark.parametrize("value", ["x" * LONGEST, "a@b#c%d^e&f*(g)-_=+[h]{i};:,.<j>/?|~!"])
def test_everything_else_can_be_used(value: str) -> None:
    """What programs read alike."""
    assert unusable(value.encode()) == ""


def test_a_hash_may_have_dollar_signs() -> None:
    """Jupyter's hashes do."""
    assert unusable(b"argon2:$argon2id$v=19$m=10240,t=10,p=8$a$b", is_hash=True) == ""


def test_files_are_read_without_their_last_line_break(tmp_path: Path) -> None:
    """Only the last one: others are part of the value, which is then refused."""
    file = tmp_path / "pw"
    for data, codes in ((b"x\r\n", []), (b"x\n\n", ["FED914"]), (b"\n", ["FED914"]), (b"\xff", ["FED914"])):
        file.write_bytes(data)
        found = resolved(planned(pw=f"${{secret:file:{file}}}"))
        assert [each.fault.code for each in found.diagnostics] == codes
    file.write_bytes(b"x" * 100_000)
    assert [each.fault.code for each in resolved(planned(pw=f"${{secret:file:{file}}}")).diagnostics] == ["FED913"]


def test_a_key_that_is_planned_no_more_changes_the_secret() -> None:
    """If fedplan has put it there; what others keep in it is theirs."""
    live = secret("mysql", a="x", b="y")
    assert resolved(planned(a="x"), live).changed == ()
    fields: dict[str, Any] = {"f:data": {".": {}, "f:a": {}, "f:b": {}}}
    live["metadata"]["managedFields"] = [{"manager": "fedplan", "operation": "Apply", "fieldsV1": fields}]
    assert resolved(planned(a="x"), live).changed == (("fate-9999", "mysql"),)


def test_generated_values_are_long_and_never_the_same() -> None:
    """32 letters and digits."""
    made = {generated() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 32 and each.isalnum() and each.isascii() for each in made)
    assert not any(unusable(each.encode()) for each in made)


def test_places_are_whole_texts() -> None:
    """Anything around a place makes it none."""
    assert reference_in("${secret:generate}") == "generate"
    assert reference_in("${secret:env:A}") == "env:A"
    assert reference_in("plain") is None
    assert is_broken("${secret:generate} ")
    assert is_broken("${secret:other:A}")
    assert not is_broken("${other}")


# ---------------------------------------------------------------------------------------------------------------------
# Restarts

POD = {
    "initContainers": [
        {"name": "configure", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "mysql", "key": "pw"}}}]}
    ],
    "volumes": [
        {"name": "certs", "secret": {"secretName": "pulsar-cert"}},
        {"name": "all", "projected": {"sources": [{"secret": {"name": "tls"}}, {"configMap": {"name": "c"}}]}},
        {"name": "config", "configMap": {"name": "c"}},
    ],
    "imagePullSecrets": [{"name": "pull"}],
}


def test_secrets_are_found_wherever_pods_read_them() -> None:
    """In environments, volumes and projections; not those that images are pulled with."""
    pod = {**POD, "containers": [{"name": "m", "envFrom": [{"secretRef": {"name": "env"}}], "env": [{"name": "X"}]}]}
    found = secrets_read(desired(workload("python", pod=pod)))
    assert [name for _, name in found] == ["env", "mysql", "pulsar-cert", "tls"]
    assert secrets_read(desired(thing("ConfigMap", "c"))) == ()


def test_the_mark_changes_with_the_secrets_that_are_read() -> None:
    """And with no others; pods that read none have none."""
    pods = desired(workload("python", pod=POD))
    key = ("fate-9999", "mysql")
    first = restart_mark(pods, {key: "1"})
    assert first == restart_mark(pods, {key: "1", ("fate-9999", "other"): "7"})
    assert first != restart_mark(pods, {key: "2"})
    assert first != restart_mark(pods, {})
    assert restart_mark(desired(workload("plain")), {key: "1"}) == ""


def test_versions_are_those_of_the_cluster() -> None:
    """Of the Secrets that are there."""
    folder = folder_of(workload("python", pod=POD))
    cluster = Cluster([secret("mysql", version="17", pw="x"), secret("other", version="3")])
    assert versions(cluster.api, folder, DEADLINE) == {("fate-9999", "mysql"): "17"}
