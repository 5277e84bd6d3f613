"""Folders that were handed over: those that fedplan writes are taken, and nothing else is, whole as it may be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from planner.plan_json import digest, sha256
from renderers.cluster.folder import SiteFolder, from_directory, from_files

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "kubernetes"
SITE = GOLDEN / "eggroll-mesh-v1.11.2" / "expected" / "party-9999"
SITES = sorted(path.parent for path in GOLDEN.glob("*/expected/*/site.json"))
FILE = "90-x.yaml"


def contents() -> dict[str, Any]:
    """The site.json of a good folder."""
    found: dict[str, Any] = json.loads((SITE / "site.json").read_bytes())
    return found


def folder(
    change: Callable[[dict[str, Any]], object] | None = None, files: Mapping[str, bytes] = MappingProxyType({})
) -> dict[str, bytes]:
    """A good folder with other files in it, and a site.json that says it is whole."""
    found = {path.name: path.read_bytes() for path in SITE.iterdir()} | dict(files)
    document = contents()
    del document["digest"]
    document["files"] = {name: sha256(data) for name, data in sorted(found.items()) if name != "site.json"}
    if change is not None:
        change(document)
    found["site.json"] = json.dumps({**document, "digest": digest(document)}).encode()
    return found


def thing(kind: str = "ConfigMap", version: str = "v1", name: str = "x", space: str = "", more: str = "") -> bytes:
    """An object with the labels of the site."""
    given = contents()
    labels = f"{{fedplan/site: {given['site']}, fedplan/federation: {given['federation']}}}"
    space = space or given["namespaces"]["training"]
    head = f"apiVersion: {version}\nkind: {kind}\n"
    return f"{head}metadata: {{name: {name}, namespace: {space}, labels: {labels}}}\n{more}\n".encode()


def pods(spec: str) -> bytes:
    """A Deployment of pods."""
    return thing("Deployment", "apps/v1", more=f"spec: {{template: {{spec: {{containers: [], {spec}}}}}}}")


QUIET = "automountServiceAccountToken: false"
BOMB = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}' if n else 'a'] * 10)}]\n" for n in range(9)).encode()


@pytest.mark.parametrize("site", SITES, ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_what_fedplan_writes_is_taken(site: Path) -> None:
    """Of every engine and release."""
    assert isinstance(from_directory(site), SiteFolder)


def test_another_object_of_the_site_is_taken() -> None:
    assert isinstance(
        from_files(folder(files={FILE: thing() + b"---\n" + pods(QUIET).replace(b": x,", b": y,")}), "f"), SiteFolder
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB, "it has an alias (*), which nothing here needs"),
        (b"a: " + b"[" * 400_000, "it nests deeper than 64 levels"),
        (b"a: [b", "it is not YAML"),
        (b"---\n---\n", "a document is no object as JSON has it"),
        (thing(more="data: {a: 2001-01-01}"), "a document is no object as JSON has it"),
        (thing(more="data: {1: a}"), "a document is no object as JSON has it"),
        (thing(more="x: .nan"), "a document is no object as JSON has it"),
        (thing().decode().encode("utf-16"), "it is not UTF-8"),
        (thing("ClusterRole", "rbac.authorization.k8s.io/v1"), "ClusterRole x is of a kind never found there"),
        (thing("RoleBinding", "rbac.authorization.k8s.io/v1"), "RoleBinding x is of a kind never found there"),
        (thing("Pod"), "Pod x is of a kind never found there"),
        (thing("Secret", more="data: {a: Yg==}"), "Secret x is of a kind never found there"),
        (thing(version='"v1/../.."'), "ConfigMap x is of a kind never found there"),
        (thing("[a]"), "an object has an odd kind"),
        (thing(space="kube-system"), "ConfigMap x is in a namespace that is not the site's"),
        (thing(name='"../../kube-system/configmaps/x"'), "has a name that cannot be"),
        (thing(name="5"), "an object has an odd metadata.name"),
        (thing(name='"a\\e[31m"'), "an object has an odd metadata.name"),
        (thing().replace(b"fedplan/site", b"fedplan/other"), "does not have the labels of the site"),
        (thing(more="data: {a: '${secret:env:X}'}"), "it has the place of a secret, which only secrets.yaml may have"),
        (thing("Deployment", "apps/v1", more="spec: null"), "has no pods"),
        (thing("Deployment", "apps/v1", more="spec: []"), "an object has an odd spec"),
        (pods(QUIET).replace(b"{template", b"{replicas: 1000000000, template"), "or more than 10000"),
        (pods(""), "has pods that reach out of their containers"),
        (pods(f"{QUIET}, hostNetwork: true"), "has pods that reach out of their containers"),
        (
            pods(f"{QUIET}, volumes: [{{name: a, hostPath: {{path: /}}}}]"),
            "has pods that reach out of their containers",
        ),
        (
            pods(f"{QUIET}, initContainers: [{{name: a, securityContext: {{privileged: true}}}}]"),
            "has pods that reach out of their containers",
        ),
    ],
)
def test_what_no_site_has_is_refused(data: bytes, words: str) -> None:
    """A digest proves that a folder is whole, not that it is good."""
    found = from_files(folder(files={FILE: data}), "handed-over")
    assert isinstance(found, tuple)
    assert found[0].place.document == f"handed-over/{FILE}"
    assert words in found[0].message


def test_an_object_is_there_once() -> None:
    found = from_files(folder(files={FILE: thing() + b"---\n" + thing()}), "f")
    assert isinstance(found, tuple)
    assert found[0].message == "ConfigMap x is there twice"


@pytest.mark.parametrize(
    "data",
    [
        thing(),
        thing("Secret", more="data: {a: Yg==}"),
        thing("Secret", more="type: kubernetes.io/service-account-token"),
        thing("Secret", more="stringData: {a: 5}"),
        thing("Secret", more="stringData: [a]"),
    ],
)
def test_secrets_have_nothing_but_texts_and_places(data: bytes) -> None:
    """No value that somebody else has put in, and no token of the cluster."""
    found = from_files(folder(files={"secrets.yaml": data}), "f")
    assert isinstance(found, tuple)
    assert found[0].place.document == "f/secrets.yaml"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda given: given.update(federation="demo,a in (b)"), "names its federation in a way"),
        (lambda given: given.update(release="v1\x1b[31m"), "has a text that no terminal may be given"),
        (lambda given: given.update(site="exchange-x"), "names its site in a way"),
        (lambda given: given.update(after=["party-9999"]), "waits for something other than exchanges"),
        (lambda given: given["hotTables"][0].update(seconds=10**9), "takes too long to be read"),
        (lambda given: given["hotTables"][0].update(seconds=-1), "takes too long to be read"),
        (lambda given: given["hotTables"][0].update(configMap="x"), "which no file has"),
        (
            lambda given: given["prerequisites"].append(
                {"kind": "Secret", "namespace": "", "name": "a/b", "keys": [], "reason": "r"}
            ),
            "has a prerequisite with a name that cannot be",
        ),
    ],
)
def test_a_site_json_that_cannot_be_meant(change: Callable[[dict[str, Any]], object], words: str) -> None:
    found = from_files(folder(change), "f")
    assert isinstance(found, tuple)
    assert words in found[0].message


# ---------------------------------------------------------------------------------------------------------------------
# Folders on the disk


def put(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a folder."""
    path.mkdir()
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def test_ten_thousand_files_are_not_read(tmp_path: Path) -> None:
    where = put(tmp_path / "f", {f"{number}": b"" for number in range(300)})
    found = from_directory(where)
    assert isinstance(found, tuple)
    assert found[0].message == "it has more than 200 files, which no site's folder has"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """Pipes, devices behind a link, links that go round, folders."""
    made: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
        "round": lambda path: path.symlink_to(path),
        "inner": Path.mkdir,
    }
    for name, make in made.items():
        where = put(tmp_path / f"in-{name}", folder())
        make(where / name)
        found = from_directory(where)
        assert isinstance(found, tuple)
        assert found[0].place.document == f"in-{name}/{name}"
