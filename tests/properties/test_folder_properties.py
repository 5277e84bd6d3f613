"""Every site of a valid federation is proved by its folder alone, and a spoiled table or port is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given

from planner.plan_json import digest, sha256
from renderers.cluster.folder import SiteFolder, from_files
from renderers.folder_proof import prove_folder
from renderers.planning import render_site
from tests.properties.test_valid_federations import BRIEF, QUICK, Drawn, federations, planned


def folders(drawn: Drawn) -> Iterator[SiteFolder]:
    """The folders of a federation as they are handed over."""
    plan = planned(drawn.text, warned=drawn.warned)
    for each in plan.sites:
        yield read(render_site(plan)(each))


def read(files: Mapping[str, str]) -> SiteFolder:
    """One folder."""
    found = from_files({name: text.encode() for name, text in files.items()}, "site")
    assert isinstance(found, SiteFolder), found
    return found


def with_dials(folder: SiteFolder, channel: str, peer: str, endpoint: str) -> SiteFolder:
    """The folder with another endpoint in its site.json."""
    document = json.loads(folder.files["site.json"])
    document["dials"][channel][peer] = endpoint
    document["files"] = {name: sha256(folder.files[name].encode()) for name in document["files"]}
    del document["digest"]
    return read({**folder.files, "site.json": json.dumps({**document, "digest": digest(document)})})


@given(federations())
@QUICK
@pytest.mark.slow
def test_every_folder_of_a_valid_federation_is_proved(drawn: Drawn) -> None:
    """Every release, engine, topology, exposure and kind of serving."""
    for folder in folders(drawn):
        assert [each.message for each in prove_folder(folder).diagnostics] == []


@given(federations())
@BRIEF
@pytest.mark.slow
def test_no_endpoint_can_differ(drawn: Drawn) -> None:
    """A site.json that names another endpoint than the tables is told, once for each of the two."""
    for folder in folders(drawn):
        for dial in folder.dials[:2]:
            port = dial.port % 60000 + 1
            host = f"[{dial.host}]" if ":" in dial.host else dial.host
            changed = with_dials(folder, str(dial.channel), dial.peer, f"{host}:{port}")
            assert prove_folder(changed).diagnostics
