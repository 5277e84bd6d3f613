"""site.json: what is written is read back, and what was changed, cut or made up is refused with one clause."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from planner import site_json
from planner.plan_json import digest, sha256
from planner.site_json import BrokenFolder, Contents, dump, parse, whole

DOCUMENT: Final[dict[str, Any]] = {
    "version": 1,
    "federation": "credit-risk",
    "site": "party-9999",
    "kind": "party",
    "id": 9999,
    "name": "fate-9999",
    "release": "v1.11.2",
    "target": "kubernetes",
    "installations": [],
    "service": None,
    "charts": None,
    "cluster": {"name": "bank", "address": "192.168.9.1", "context": None, "server": None, "kubernetes": "1.27"},
    "namespaces": {"training": "fate-9999", "serving": "fate-serving-9999"},
    "after": ["exchange-hub"],
    "prerequisites": [
        {"kind": "Secret", "namespace": "fate-9999", "name": "pull", "keys": ["a", "b"], "reason": "images"}
    ],
    "secrets": [
        {
            "namespace": "fate-9999",
            "name": "pull",
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": "file:login.json"},
        }
    ],
    "hotTables": [
        {
            "configMap": "rollsite-config",
            "namespace": "fate-9999",
            "key": "route_table.json",
            "workload": {"kind": "Deployment", "name": "rollsite"},
            "container": "rollsite",
            "path": "/conf/route_table.json",
            "seconds": 60,
            "restartOnRemoval": False,
        }
    ],
    "interfaces": [{"component": "fateboard", "host": "board.example.com", "url": "http://board.example.com"}],
    "dials": {"rollsite": {"exchange-hub": "192.168.0.1:30000", "party-10000": "[fd00::1]:30101"}},
    "doors": [
        {
            "channel": "rollsite",
            "service": "rollsite",
            "namespace": "fate-9999",
            "type": "NodePort",
            "endpoint": "192.168.9.1:30091",
            "alsoDialledBy": ["party-10001"],
        }
    ],
    "files": {"00-site.yaml": "0" * 64, "10-mysql.yaml": "1" * 64, "kustomization.yaml": "2" * 64},
}


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The document with a change, and with the digest that goes with it."""
    document = json.loads(json.dumps(DOCUMENT))
    change(document)
    return json.dumps({**document, "digest": digest(document)}).encode()


def test_what_is_written_is_read_back() -> None:
    """Every value, and the digest; the component files in apply order."""
    folder = parse(dump(DOCUMENT).encode())
    assert isinstance(folder, Contents)
    assert {key: value for key, value in folder.document.items() if key != "digest"} == DOCUMENT
    assert folder.digest == digest(DOCUMENT)
    assert folder.label == "party 9999"
    assert folder.components == ("00-site.yaml", "10-mysql.yaml")
    assert folder.cluster.kubernetes == "1.27"
    assert folder.hot_tables[0].workload == "rollsite"
    assert folder.prerequisites[0].keys == ("a", "b")
    assert folder.interfaces[0].url == "http://board.example.com"


def test_it_can_be_compared_line_by_line() -> None:
    """A file, a peer, a table have a line each."""
    lines = dump(DOCUMENT).splitlines()
    assert f'  "10-mysql.yaml": "{"1" * 64}",' in lines
    assert '  "exchange-hub"' in lines


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "site.json is not JSON"),
        (b"[]", "site.json is not a JSON object"),
        (b'{"version": 1, "version": 1}', "site.json is not JSON"),
        (b'{"version": NaN}', "site.json is not JSON"),
        (b"\xff", "site.json is not JSON"),
        (b"[" * 100_000, "site.json is not JSON"),
        (b'{"version": true}', "site.json has a version other than 1, the one this fedplan reads"),
        (b'{"version": 2}', "site.json has a version other than 1, the one this fedplan reads"),
        (b'{"version": 1}', "site.json does not match its own digest"),
        (b" " * (site_json.MAX_BYTES + 1), "site.json is larger than 4 MiB"),
    ],
)
def test_what_is_no_site_json_is_refused(data: bytes, message: str) -> None:
    """Before anything in it is believed."""
    assert parse(data) == BrokenFolder(message)


def test_one_changed_value_is_noticed() -> None:
    """By the digest."""
    text = dump(DOCUMENT)
    assert parse(text.replace("192.168.9.1", "192.168.9.2").encode()) == BrokenFolder(
        "site.json does not match its own digest"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("dials"),
        lambda document: document.update(more=1),
        lambda document: document.update(id=True),
        lambda document: document.update(id="9999"),
        lambda document: document.update(site="../party-9999"),
        lambda document: document.update(target="kubefate"),
        lambda document: document.update(kind="cluster"),
        lambda document: document.update(namespaces={}),
        lambda document: document["namespaces"].update(training="Fate"),
        lambda document: document["namespaces"].update(more="fate"),
        lambda document: document["cluster"].update(server=1),
        lambda document: document["cluster"].pop("context"),
        lambda document: document["dials"].update({"rollsite": {"../x": "h:1"}}),
        lambda document: document["after"].append(1),
        lambda document: document["prerequisites"].append("x"),
        lambda document: document["prerequisites"][0].update(keys=[1]),
        lambda document: document["hotTables"][0].update(seconds="60"),
        lambda document: document["hotTables"][0].update(workload={}),
        lambda document: document["interfaces"][0].pop("url"),
        lambda document: document["files"].update({"../x.yaml": "0" * 64}),
        lambda document: document["files"].update({"site.json": "0" * 64}),
        lambda document: document["files"].update({"00-site.yaml": "0"}),
    ],
)
def test_what_has_another_shape_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    """Also where the digest is right: a folder may have been written by something else."""
    found = parse(changed(change))
    assert isinstance(found, BrokenFolder)
    assert found.message.startswith("site.json ")


def test_a_folder_is_compared_with_its_table() -> None:
    """What is missing, what was changed, and what was added, each by its name."""
    files = {"a.yaml": b"a", "b.yaml": b"b"}
    document = {**DOCUMENT, "files": {name: sha256(data) for name, data in files.items()}}
    folder = parse(dump(document).encode())
    assert isinstance(folder, Contents)
    assert list(whole(folder, files)) == []
    assert list(whole(folder, {"b.yaml": b"c", "d.yaml": b"d"})) == [
        BrokenFolder("the file is missing", "a.yaml"),
        BrokenFolder("the file is not the one that site.json lists", "b.yaml"),
        BrokenFolder("site.json does not list this file", "d.yaml"),
    ]
