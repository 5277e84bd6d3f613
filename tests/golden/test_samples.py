"""KubeFATE's own samples: what fedplan writes agrees with them, but for the differences that are listed with a reason.

A case is a folder below `samples/`: `federation.yaml`, the facts of each sample in `sample/<site>.yaml` (of a party's
FATE-Serving in `sample/<site>.serving.yaml`), the listed `differences.yaml` and the whole rendered tree in `expected/`.
FEDPLAN_UPDATE_GOLDEN=1 rewrites `expected/`. Keys under `absent` are those of a sample that fedplan does not write.

A fact is a key path and its value. Lists are facts as wholes; a list of maps is the list of their ids or names, and
each map's own keys are facts below it, so `rollsite.partyList[10000].partyPort` does not depend on the order of rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from planner.channels import Channel
from planner.pipeline import check
from planner.plan import Plan
from renderers.kubefate import CLUSTER_FILE, SERVING_FILE
from renderers.proving import prove
from renderers.reading import Reading
from renderers.target import TARGETS

SAMPLES: Final = Path(__file__).parent / "samples"
REFERENCE: Final = Path(__file__).parents[3] / "shared"
CASES: Final = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
SITES: Final[list[tuple[str, str]]] = sorted((path.parts[-3], path.stem) for path in SAMPLES.glob("*/sample/*.yaml"))
IN_WIKI: Final = {
    "cluster describe": r"^Spec +\t(.*?)^Info",
    "cluster-exchange.yaml": r"tee cluster-exchange\.yaml *\n(.*?)^EOF",
}
"""Parts of the wiki page on v1.5 that are specs."""
EMPTY: Final = frozenset({"pullPolicy"})
"""Keys that have no value in any sample, so that the chart's own holds."""
NOT_OURS: Final = EMPTY | {"servingIp", "servingPort"}
"""Keys of samples that a plan without FATE-Serving leaves out."""
SERVING: Final = ".serving"
"""What the name of a sample of FATE-Serving ends with."""
NAMING: Final = ("partyId", "name", "fqdn")
"""Keys that tell the items of a list apart; an endpoint of nginx's table has none, so its list is one fact."""
UPDATE: Final = os.environ.get("FEDPLAN_UPDATE_GOLDEN") == "1"

Facts = Mapping[str, Any]


def _loaded(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def document(case: str, name: str) -> dict[str, Any]:
    """A YAML file of a case."""
    data: dict[str, Any] = _loaded(SAMPLES / case / name) or {}
    return data


def is_restated(source: str) -> bool:
    """Whether facts were taken from a spec; those from prose were read by a person."""
    return source.startswith("v") or source.rpartition(": ")[2] in IN_WIKI


RESTATED: Final = [(case, site) for case, site in SITES if is_restated(document(case, f"sample/{site}.yaml")["source"])]


@pytest.mark.parametrize("case", CASES)
def test_the_rendered_tree_is_the_expected_one(case: str) -> None:
    """Every file of every site, byte for byte; a plain `git diff` shows what a change of the renderers does."""
    rendered = {f"{site}/{name}": text for site, files in rendered_files(case).items() for name, text in files.items()}
    folder = SAMPLES / case / "expected"
    if UPDATE:
        rewrite(folder, rendered)
    expected = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert rendered == expected


@pytest.mark.parametrize("case", CASES)
def test_every_rendered_file_reads_back_as_planned(case: str) -> None:
    """No key is lost, and the route tables that the charts make of the files are the planned ones."""
    plan = plan_of(case)
    files = rendered_files(case)
    assert prove(plan, lambda planned: files[planned.key]).diagnostics == ()


@pytest.mark.parametrize(("case", "site"), SITES)
def test_the_sample_agrees_but_for_the_listed_differences(case: str, site: str) -> None:
    """A difference that is not listed fails, and so does a listed one that is there no more."""
    sample = moved(case, site, document(case, f"sample/{site}.yaml")["facts"])
    ours = our_facts(case, site)
    found = {
        key: {"sample": sample[key], "ours": ours[key]} for key in sample if key in ours and sample[key] != ours[key]
    }
    listed = {
        entry["key"]: {"sample": entry["sample"], "ours": entry["ours"]}
        for entry in differences(case, "differences")
        if site in entry["sites"]
    }
    assert found == listed


@pytest.mark.parametrize("case", CASES)
def test_every_difference_has_a_reason_and_a_sample(case: str) -> None:
    """Each entry names sites that have a sample, and says why, with the rule or the place it rests on."""
    sites = {site for name, site in SITES if name == case}
    for section in ("differences", "moved", "absent"):
        for entry in differences(case, section):
            assert set(entry["sites"]) <= sites
            assert len(entry["why"]) > 20
            assert entry["reference"]


@pytest.mark.parametrize(("case", "site"), SITES)
def test_what_a_sample_sets_and_its_chart_reads_is_set_by_us(case: str, site: str) -> None:
    """An empty pullPolicy, and what is listed as absent, are left out; the rest is there to be compared."""
    facts = moved(case, site, document(case, f"sample/{site}.yaml")["facts"])
    missing = {key for key in set(facts) - set(our_facts(case, site)) if is_read(case, site, key)}
    listed = {key for entry in differences(case, "absent") if site in entry["sites"] for key in entry["keys"]}
    serving = plan_of(case).by_key[site.removesuffix(SERVING)].serving
    assert missing - (NOT_OURS if serving is None else EMPTY) == listed


@pytest.mark.parametrize(("case", "site"), RESTATED)
def test_the_restated_facts_are_those_of_the_original(case: str, site: str) -> None:
    """Values carry over unchanged; only the form is ours."""
    restated = document(case, f"sample/{site}.yaml")
    original = original_text(restated["source"])
    if original is None:
        pytest.skip("no copy of the original is at hand")
    assert dict(restated["facts"]) == dict(flatten(yaml.load(original, Loader=yaml.CSafeLoader)))


def is_read(case: str, site: str, key: str) -> bool:
    """Whether the chart that a sample is for reads a key."""
    planned = plan_of(case).by_key[site.removesuffix(SERVING)]
    if site.endswith(SERVING):
        return planned.serving is not None and planned.serving.release.reads(key)
    return planned.release.reads(planned.chart, key)


@cache
def plan_of(case: str) -> Plan:
    """The plan of a case, which has no error."""
    checked = check((SAMPLES / case / "federation.yaml").read_bytes())
    assert [diagnostic for diagnostic in checked.diagnostics if diagnostic.is_error] == []
    assert checked.plan is not None
    return checked.plan


@cache
def rendered_files(case: str) -> Mapping[str, Mapping[str, str]]:
    """The files of every site of a case."""
    plan = plan_of(case)
    return {planned.key: TARGETS[planned.site.target].render(plan, planned) for planned in plan.sites}


def our_facts(case: str, site: str) -> Facts:
    """What fedplan says about a site: its cluster.yaml or serving.yaml, or the same facts out of the manifests."""
    files = rendered_files(case)[site.removesuffix(SERVING)]
    if CLUSTER_FILE in files:
        name = SERVING_FILE if site.endswith(SERVING) else CLUSTER_FILE
        return dict(flatten(yaml.load(files[name], Loader=yaml.CSafeLoader)))
    objects = list(yaml.load_all(files["30-osx.yaml"], Loader=yaml.CSafeLoader))
    deployment = next(each for each in objects if each["kind"] == "Deployment")
    (reading,) = TARGETS["kubernetes"].read_back(plan_of(case).by_key[site], files)
    assert isinstance(reading, Reading)
    gate = reading.gate(Channel.ROLLSITE)
    assert gate is not None
    rows = [
        {"partyId": party, "partyIp": endpoint.host, "partyPort": endpoint.port}
        for party, endpoint in gate.table.entries.items()
    ]
    manifests = {
        "name": deployment["metadata"]["labels"]["app.kubernetes.io/instance"],
        "namespace": reading.namespace,
        "chartName": None,
        "chartVersion": None,
        "partyId": reading.party,
        "imagePullSecrets": deployment["spec"]["template"]["spec"].get("imagePullSecrets"),
        "modules": [reading.module],
        "osx": {"type": gate.exposed[0].service_type, "nodePort": gate.exposed[0].node_port, "partyList": rows},
    }
    return dict(flatten(manifests))


def moved(case: str, site: str, facts: Facts) -> Facts:
    """The facts under the names that the planned release has for them."""
    result = dict(facts)
    for entry in differences(case, "moved"):
        if site in entry["sites"]:
            pattern = re.compile(rf"{re.escape(entry['from'])}(?=[.\[]|$)")
            assert any(pattern.match(key) for key in result), entry
            result = {pattern.sub(entry["to"], key): value for key, value in result.items()}
    return result


def flatten(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """The facts of a YAML document."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        name_key = next((key for key in NAMING if all(key in item for item in value)), None)
        if name_key is None:
            yield path, value
            return
        names = [item[name_key] for item in value]
        yield path, sorted(names, key=lambda name: (isinstance(name, str), name))
        for name, item in zip(names, value, strict=True):
            rest = {key: inner for key, inner in item.items() if key != name_key}
            if rest:
                yield from flatten(rest, f"{path}[{name}]")
    else:
        yield path, value


def differences(case: str, section: str) -> list[dict[str, Any]]:
    """The entries of one section of a case's differences.yaml; empty where a case has no such file."""
    path = SAMPLES / case / "differences.yaml"
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = (_loaded(path) or {}).get(section, [])
    return entries


def original_text(source: str) -> str | None:
    """The sample that facts were taken from, where a copy of it is at hand.

    `source` is `<tag>:k8s-deploy/<file>` or `<tag>:k8s-deploy/examples/<folder>/<file>`, or a part of the wiki page on
    v1.5.
    """
    if source.startswith("v"):
        tag, _, path = source.partition(":")
        above, name = Path(path).parts[-2:]
        folder = above if "examples" in path else "root"
        copy = REFERENCE / "reference" / "kubefate" / "data" / f"{tag}__{folder}__{name}"
        return copy.read_text(encoding="utf-8") if copy.exists() else None
    pages = sorted((REFERENCE / "seeds").glob("001_*.txt"))
    if not pages:
        return None
    pattern = re.compile(IN_WIKI[source.rpartition(": ")[2]], re.MULTILINE | re.DOTALL)
    found = pattern.search(pages[0].read_text(encoding="utf-8"))
    return found and re.sub(r"^ +\t", "", found[1], flags=re.MULTILINE)


def rewrite(folder: Path, rendered: Mapping[str, str]) -> None:
    """Replace the golden tree."""
    for path in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
        path.rmdir() if path.is_dir() else path.unlink()
    for name, text in rendered.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
