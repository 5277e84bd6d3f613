"""The secrets of a cluster.yaml: filled in where their places are, and shown nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from planner.plan import PlannedSite
from renderers.cluster.placed_secrets import Filled, filled
from renderers.cluster.places import Places
from tests.unit.cluster_double import DEADLINE, Cluster, folder_of, places_of, secret

ENVIRON = {"MYSQL": "Aa1", "HASH": "argon2:$argon2id$v=19$m=1", "EMPTY": "", "DIGITS": "123456", "BLANK": "Zz9 Yy8"}
PLACES = places_of(folder_of())


def put(data: dict[str, Any], cluster: Cluster | None = None, **environ: str) -> Filled:
    api = None if cluster is None else cluster.api
    return filled(data, api, {**ENVIRON, **environ}, DEADLINE, PLACES)


def test_every_place_is_filled() -> None:
    """Wherever it stands; everything else stays as it is."""
    data = {
        "name": "fate-9999",
        "partyId": 9999,
        "mysql": {"user": "fate", "password": "${secret:env:MYSQL}"},
        "list": [{"key": "${secret:secret:fate-9999/db#password}"}, None, True],
        "client": {"notebook_hashed_password": "${secret:env:HASH}"},
    }
    found = put(data, Cluster((secret("db", password="Bb2"),)))
    assert found.data == {
        **data,
        "mysql": {"user": "fate", "password": "Aa1"},
        "list": [{"key": "Bb2"}, None, True],
        "client": {"notebook_hashed_password": ENVIRON["HASH"]},
    }
    assert data["mysql"] == {"user": "fate", "password": "${secret:env:MYSQL}"}
    assert found.diagnostics == ()
    assert found.values == ("Aa1", "Bb2", ENVIRON["HASH"])
    assert found.paths == {
        ("mysql", "password"),
        ("list", 0, "key"),
        ("client", "notebook_hashed_password"),
    }


def test_values_are_never_shown() -> None:
    """Neither those that are found nor those that are refused."""
    found = put({"a": "${secret:env:MYSQL}", "b": "${secret:env:BLANK}"})
    assert "Aa1" not in repr(found)
    assert "Yy8" not in repr(found)


def test_a_file_is_read(tmp_path: Path) -> None:
    """Without the line break at its end."""
    path = tmp_path / "password"
    path.write_text("Cc3\n", encoding="utf-8")
    assert put({"a": f"${{secret:file:{path}}}"}).values == ("Cc3",)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("env:NONE", "env:NONE has no value: the variable is not set"),
        ("file:/nowhere/at/all", "file:/nowhere/at/all has no value: the file "),
        ("secret:a/b#c", "secret:a/b#c has no value: there is no such Secret"),
        ("secret:fate-9999/db#user", "secret:fate-9999/db#user has no value: the Secret has no such key"),
        ("generate", "generate has no value: this is no reference that this fedplan knows"),
        ("other:x", "a has no value: this is no place of a secret that this fedplan knows"),
        ("env:EMPTY", "the value of env:EMPTY cannot be used: it is empty"),
        ("env:BLANK", "the value of env:BLANK cannot be used: it has a blank"),
        ("env:HASH", "the value of env:HASH cannot be used: it has a dollar sign"),
        ("env:DIGITS", "a chart writes it without quotes, and YAML reads it as a number"),
    ],
)
def test_what_has_no_value_is_told(reference: str, words: str) -> None:
    """Once, by its reference; then the data are not whole."""
    place = f"${{secret:{reference}}}"
    found = put({"a": place, "b": place}, Cluster((secret("db", password="Bb2"),)))
    assert words in found.diagnostics[0].message
    assert found.data["a"] == ""
    assert found.values == ()
    assert ("a",) in found.paths


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("true", "something else than text"),
        ("y", "something else than text"),
        ("~", "something else than text"),
        ("a:", "something else than text"),
        ("#a", "something else than text"),
        ("2026-03-01", "something else than text"),
        ("1.5", "a number"),
        ("1e5", "a number"),
        ("0o17", "a number"),
        ("1_000", "a number"),
        ("0x1F", "a number"),
        ("[a", "YAML cannot read it so"),
        ("*a", "YAML cannot read it so"),
        ("&", "YAML cannot read it so"),
    ],
)
def test_what_yaml_reads_as_something_else_is_refused(value: str, kind: str) -> None:
    """The values template writes it as it is."""
    (found,) = put({"a": "${secret:env:V}"}, V=value).diagnostics
    assert kind in found.message


def test_a_caller_may_look_itself_what_a_chart_makes_of_a_value() -> None:
    """Where it has the chart: then only what no file of FATE can hold is refused."""
    data = {"a": "${secret:env:DIGITS}", "b": "${secret:env:BLANK}"}
    found = filled(data, None, ENVIRON, DEADLINE, PLACES, are_proved=True)
    assert found.values == ("123456",)
    assert [each.fault.code for each in found.diagnostics] == ["FED914"]


def test_without_a_cluster_no_secret_of_it_is_read() -> None:
    """An operator of KubeFATE's service may have no kubeconfig."""
    (found,) = put({"a": "${secret:secret:a/b#c}"}).diagnostics
    assert "without a kubeconfig no Secret of the cluster can be read" in found.message


def test_without_the_right_it_is_told() -> None:
    """In the server's words; each Secret is asked for once."""
    cluster = Cluster((), hidden=frozenset({"Secret"}))
    found = put({"a": "${secret:secret:a/b#c}", "b": "${secret:secret:a/b#d}"}, cluster)
    assert [each.message.partition(": ")[2] for each in found.diagnostics] == ["secrets is forbidden"] * 2


def test_the_place_is_where_federation_yaml_has_the_reference() -> None:
    """Below the site, else anywhere; else the site."""
    planned = cast("PlannedSite", SimpleNamespace(site=SimpleNamespace(path=("parties", 1))))
    given = {
        "defaults": {"credentials": {"mysql": "env:A", "fateboard": "env:B"}},
        "parties": [{"credentials": {"mysql": "env:A"}}, {"credentials": {"mysql": "env:A"}}],
    }
    places = replace(Places(folder_of()), planned=planned, given=given)
    paths = [
        filled({"a": f"${{secret:{name}}}"}, None, {}, DEADLINE, places).diagnostics[0].place.path
        for name in ("env:A", "env:B", "env:C")
    ]
    assert paths == [("parties", 1, "credentials", "mysql"), ("defaults", "credentials", "fateboard"), ("parties", 1)]
