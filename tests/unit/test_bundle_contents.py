"""What a bundle tells: all that its receiver needs of the own site, and of other sites the endpoints that it dials.

Every site of these federations has an unmistakable word in each of its names, an address of its own, and a comment.
Whoever is no peer may not be in a bundle at all; of a peer only its id and where it is dialled may be.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from planner.channels import Channel
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from renderers.bundling import bundle
from renderers.cluster.folder import SiteFolder, from_files
from renderers.planning import render_site

WORDS = ("quokka", "wombat", "numbat", "dugong", "echidna", "potoroo")
TARGETS = ("kubernetes", "kubefate", "helm")
HEX = re.compile(r"[0-9a-f]{64}")


def port(number: int) -> int:
    """A NodePort that no other site has."""
    return 30100 + number * 10


def settings(number: int, *, serving: bool) -> dict[str, Any]:
    """What every site says of itself, its word in each of it."""
    word = WORDS[number]
    found: dict[str, Any] = {"name": f"nm-{word}", "namespace": f"ns-{word}", "cluster": f"cl-{word}"}
    found["registry"] = f"harbor.{word}.example/fate"
    found["imagePullSecrets"] = [f"pull-{word}"]
    if serving:
        found["serving"] = {"namespace": f"srv-{word}", "name": f"sn-{word}"}
    return found


def party(number: int, *, serving: bool) -> dict[str, Any]:
    """A party, with secrets and databases of its own."""
    word = WORDS[number]
    found = {"id": 710001 + number, **settings(number, serving=serving)}
    found["ingress"] = {
        "domain": f"{word}.example",
        "fateboard": {"hosts": [f"board.{word}.example"], "tlsSecret": f"tls-{word}"},
    }
    found["credentials"] = {"fateboard": f"env:BOARD_{word.upper()}"}
    found["mysql"] = {
        "host": f"db.{word}.example",
        "database": f"base_{word}",
        "user": f"user_{word}",
        "password": f"secret:ns-{word}/db-{word}#key-{word}",
    }
    if serving:
        found["serving"] |= {
            "credentials": {"admin": f"file:{word}/admin.txt"},
            "redis": {"host": f"redis.{word}.example", "password": f"env:REDIS_{word.upper()}"},
        }
    return found


def exchange(number: int, name: str, *, serving: bool) -> dict[str, Any]:
    """An exchange: for training, or for serving."""
    found = settings(number, serving=False)
    found["name"] = name
    return found | ({"kind": "servingProxy"} if serving else {})


def federation(
    shape: str, targets: tuple[str, ...], engine: str = "eggroll", release: str = "v1.11.2", *, serving: bool = False
) -> str:
    """Four parties, and the exchanges that the shape needs, as federation.yaml."""
    parties = [party(number, serving=serving) for number in range(4)]
    exchanges = [] if shape in {"mesh", "links"} else [exchange(4, "hub", serving=False)]
    if shape == "two stars":
        exchanges.append(exchange(5, "yard", serving=False))
    ids = [each["id"] for each in parties]
    shapes: dict[str, list[dict[str, Any]]] = {
        "mesh": [{"mesh": "all"}],
        "links": [{"links": [ids[:2], ids[2:]]}],
        "star": [{"star": "all", "through": "hub"}],
        "two stars": [{"star": ids[:2], "through": "hub"}, {"star": ids[1:], "through": "yard"}],
    }
    topology = shapes[shape]
    if serving and exchanges:
        topology = [*topology, {"star": "all", "through": "online"}]
        exchanges.append(exchange(5, "online", serving=True))
    clusters = [
        {
            "name": f"cl-{word}",
            "address": f"10.{number + 1}.7.7",
            "context": f"ctx-{word}",
            "server": f"https://api.{word}.example:6443",
            "storageClass": f"class-{word}",
            "kubefate": {
                "url": f"https://kubefate.{word}.example",
                "user": f"login-{word}",
                "password": f"env:LOGIN_{word.upper()}",
                "ca": f"file:{word}.pem",
            },
        }
        for number, word in enumerate(WORDS)
    ]
    for number, each in enumerate((*parties, *exchanges)):
        each["target"] = targets[number % len(targets)]
        if each["target"] != "kubernetes":
            each["charts"] = f"https://charts.{WORDS[number]}.example/repo"
    data = {
        "version": 1,
        "name": "menagerie",
        "release": release,
        "topology": topology,
        "clusters": clusters,
        "exchanges": exchanges,
        "parties": parties,
        "defaults": {"engine": engine},
    }
    notes = "".join(f"# {word} is in trouble with its auditors\n" for word in WORDS)
    return notes + yaml.safe_dump({key: value for key, value in data.items() if value}, sort_keys=False)


@dataclass(frozen=True)
class Packed:
    """One site of a plan, its folder, and all the text of its bundle, whatever is packed in it."""

    plan: Plan
    planned: PlannedSite
    folder: SiteFolder
    text: str


def packed(text: str) -> Iterator[Packed]:
    """The bundles of all sites of a federation."""
    checked = check(text.encode())
    assert checked.plan is not None, [(each.message, each.hint) for each in checked.diagnostics if each.is_error]
    for planned in checked.plan.sites:
        files = render_site(checked.plan)(planned)
        folder = from_files({name: content.encode() for name, content in files.items()}, planned.key)
        assert isinstance(folder, SiteFolder), folder
        charts = {"charts/own.tgz": bundle(folder, {}).packed()} if folder.installations else {}
        made = bundle(replace(folder, charts=folder.charts), charts, tuple(charts))
        yield Packed(checked.plan, planned, folder, "\n".join(unpacked(made.packed())))


def unpacked(data: bytes) -> Iterator[str]:
    """The names and contents of an archive, and of archives in it."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        for entry in archive:
            inside = archive.extractfile(entry)
            content = b"" if inside is None else inside.read()
            yield entry.name
            if entry.name.endswith((".tgz", ".gz")):
                yield from unpacked(content)
            else:
                yield content.decode()


def told(found: Packed, number: int, key: str) -> list[str]:
    """What a bundle tells of another site beyond what its own site dials it by."""
    text = HEX.sub("", found.text)
    is_peer = key in found.folder.peers or is_named(found, key)
    strange = [each for each in (WORDS[number],) if each in text.lower()]
    if key not in {dial.peer for dial in found.folder.dials} and f"10.{number + 1}.7.7" in text:
        strange.append(f"10.{number + 1}.7.7")
    if not is_peer:
        ids = [key, key.replace("-", " ", 1), key.partition("-")[2]]
        strange += [each for each in ids if re.search(rf"\b{each}\b", text)]
    return strange


def is_named(found: Packed, key: str) -> bool:
    """Whether a site of two stars must tell by id which parties it reaches through its second exchange."""
    other, own = found.plan.by_key[key], found.planned
    exchanges = [each for each in own_exchanges(found) if each.startswith("exchange-")]
    both_parties = other.site.kind == own.site.kind == "party"
    return both_parties and len(exchanges) > 1 and found.plan.topology.must_talk(own.id, other.id)


def own_exchanges(found: Packed) -> set[str]:
    """The sites that carry a party's training."""
    return {dial.peer for dial in found.folder.dials if dial.channel is Channel.ROLLSITE}


CASES: Mapping[str, str] = {
    "mesh": federation("mesh", TARGETS),
    "mesh of Spark": federation("mesh", TARGETS, "spark_rabbitmq"),
    "mesh with serving": federation("mesh", TARGETS, serving=True),
    "links": federation("links", TARGETS),
    "star": federation("star", TARGETS),
    "two stars": federation("two stars", TARGETS),
    "star of Spark": federation("star", TARGETS, "spark_pulsar"),
    "star with serving": federation("star", TARGETS, serving=True),
    "star with serving on manifests": federation("star", ("kubernetes",), serving=True),
    "star of OSX": federation("star", ("kubernetes",), release="v2.0.0"),
}


QUICK = ("mesh", "star with serving")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CASES]
)
def test_a_bundle_tells_of_others_what_the_site_dials_and_no_more(name: str) -> None:
    """No word, address, id or name of a site that is no peer; of a peer its id and endpoint alone.

    A party behind one exchange hears of no other party at all.
    """
    for found in packed(CASES[name]):
        numbers = {each.key: WORDS.index(each.cluster.name.removeprefix("cl-")) for each in found.plan.sites}
        assert found.folder.address in found.text
        assert WORDS[numbers[found.planned.key]] in found.text
        for key, number in numbers.items():
            if key != found.planned.key:
                assert told(found, number, key) == [], f"{found.planned.key} tells of {key}"
        if name.startswith("star") and found.planned.site.kind == "party":
            assert all(each.startswith("exchange-") for each in found.folder.peers)
            assert not re.search(r"7100\d\d", HEX.sub("", found.text).replace(str(found.planned.id), ""))


def test_the_search_finds_what_should_not_be_there() -> None:
    """A word, an address or an id of another party would be noticed."""
    found = next(each for each in packed(CASES["star"]) if each.planned.key == "party-710001")
    for planted in (WORDS[1], "10.2.7.7", "710002", "party-710002"):
        assert told(replace(found, text=f"{found.text}{planted} "), 1, "party-710002")
