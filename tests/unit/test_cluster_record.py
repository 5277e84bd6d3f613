"""The record in the cluster: anybody who may write ConfigMaps may have spoiled it, and nothing of that is believed."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from renderers.cluster import record
from renderers.cluster.folder import SiteFolder, from_directory
from renderers.cluster.references import Document, Reference
from tests.unit.cluster_double import DEADLINE, Cluster

SITE = (
    Path(__file__).resolve().parents[1] / "golden" / "kubernetes" / "eggroll-mesh-v1.11.2" / "expected" / "party-9999"
)


@cache
def site() -> SiteFolder:
    """A planned site."""
    found = from_directory(SITE)
    assert isinstance(found, SiteFolder)
    return found


def told(folder: SiteFolder, number: int = 1) -> dict[str, Any]:
    """What a revision says of itself."""
    return {
        "revision": number,
        "digest": folder.digest,
        "state": "applied",
        "by": "anna@ops-1",
        "at": "2026-03-01T12:04:00Z",
        "release": folder.release,
        "federation": folder.federation,
        "site": folder.key,
        "of": None,
    }


def revision(folder: SiteFolder, number: int = 1, *, text: str | None = None, files: object = None) -> Document:
    """A revision as the cluster has it, whatever was written into it."""
    packed = gzip.compress(files if isinstance(files, bytes) else json.dumps(files or dict(folder.files)).encode())
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"fedplan-{folder.key}-v{number}",
            "namespace": folder.home,
            "labels": {record.RECORD_OF: folder.key},
        },
        "data": {"record.json": json.dumps(told(folder, number)) if text is None else text},
        "binaryData": {"files.json.gz": base64.b64encode(packed).decode()},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 200_000,
        "[]",
        "null",
        *(
            json.dumps({**told(site()), **change})
            for change in (
                {"revision": 1e400},
                {"revision": 7},
                {"revision": "1"},
                {"state": ["applied"]},
                {"state": "better"},
                {"at": "2026-03-01\x1b10:00:00"},
                {"at": 5},
                {"digest": "\x1b[31m"},
                {"of": "x"},
                {"site": "party-1"},
            )
        ),
    ],
)
def test_a_spoiled_revision_is_one_that_did_not_end_well(text: str) -> None:
    """What it wrote is not known, so it is not passed over; a roll-back goes behind it."""
    folder = site()
    last, before = record.history(Cluster([revision(folder), revision(folder, 2, text=text)]).api, folder, DEADLINE)
    assert (last.revision, last.digest, last.state) == (2, record.UNREADABLE, "failed")
    assert record.before_latest((last, before)) == before


def test_words_of_a_record_are_safe_to_show() -> None:
    folder = site()
    text = json.dumps({**told(folder), "by": "anna\x1b[31m"})
    (found,) = record.history(Cluster([revision(folder, text=text)]).api, folder, DEADLINE)
    assert found.by == "anna\\x1b[31m"


def test_the_next_revision_has_a_number_of_its_own() -> None:
    """One that cannot be read has its number all the same; a ConfigMap of another name is no revision."""
    folder = site()
    stranger = revision(folder, 9)
    stranger["metadata"]["name"] = "somebodys"
    documents = [revision(folder, 1), revision(folder, 4, text="spoiled"), stranger]
    found = record.all_references(Cluster(documents).api, folder, DEADLINE)
    assert found == [Reference("v1", "ConfigMap", folder.home, f"fedplan-{folder.key}-v{number}") for number in (1, 4)]
    assert 1 + max(map(record._number, documents)) == 5


def test_the_files_of_a_revision() -> None:
    folder = site()
    cluster = Cluster([revision(folder)])
    (last,) = record.history(cluster.api, folder, DEADLINE)
    assert record.folder_of(cluster.api, folder, last, DEADLINE) == folder


@pytest.mark.parametrize(
    "files",
    [
        b"[" * 200_000,
        b"[]",
        b'{"site.json": 5}',
        b'{"site.json": "{}"}',
        b" " * (record._MOST_UNPACKED + 1),
        {"site.json": "\ud800"},
    ],
)
def test_spoiled_files_are_not_taken(files: object) -> None:
    folder = site()
    cluster = Cluster([revision(folder, files=files)])
    (last,) = record.history(cluster.api, folder, DEADLINE)
    assert isinstance(record.folder_of(cluster.api, folder, last, DEADLINE), str)


def test_files_of_another_plan_or_site_are_not_taken() -> None:
    """What is gone back to is what the record names."""
    folder = site()
    cluster = Cluster([revision(folder)])
    (last,) = record.history(cluster.api, folder, DEADLINE)
    other = replace(last, digest="0" * 64)
    assert "are not those that were applied" in str(record.folder_of(cluster.api, folder, other, DEADLINE))
    moved = replace(folder, namespaces={"training": folder.home, "serving": "x"}, federation="other")
    assert "is of another site" in str(record.folder_of(cluster.api, moved, last, DEADLINE))
