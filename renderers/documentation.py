"""`invoke docs`: the reference pages, generated from the schema, the checks' docstrings and the release files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from planner.invariants import INVARIANTS
from planner.probes import BY_ID, PROBES, ProbeSort
from planner.releases import RELEASE_NAMES, Release, load
from renderers import reference
from renderers.commands import DIFFERENT, GOOD, USAGE, manual_pages
from renderers.probes.pairs import CLOSED, CONCERNS, SERVING_CONCERNS


def run_docs(*, check_only: bool) -> tuple[str, int]:
    """Write the reference pages of this checkout, or tell which of them are stale."""
    root = Path(__file__).resolve().parent.parent / "docs" / "reference"
    if not root.parent.is_dir():
        return "there is no docs/ here: reference pages are generated in a checkout of fedplan only", USAGE
    wanted = reference_pages()
    existing = {str(path.relative_to(root)) for path in root.rglob("*.md")} if root.is_dir() else set()
    stale = sorted(name for name, text in wanted.items() if name not in existing or (root / name).read_text() != text)
    extra = sorted(existing - wanted.keys())
    if check_only:
        lines = [f"docs/reference/{name} is stale" for name in (*stale, *extra)]
        return "\n".join(lines) or "the reference pages are up to date", DIFFERENT if lines else GOOD
    for name in stale:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(wanted[name])
    for name in extra:
        (root / name).unlink()
    return f"{len(stale)} pages written, {len(extra)} removed, {len(wanted) - len(stale)} unchanged", GOOD


def reference_pages() -> Mapping[str, str]:
    """Every generated reference page: its path below docs/reference/ and its text."""
    pages = manual_pages()
    result = {
        "federation.md": reference.federation_page(_schema("planner", "federation.schema.json")),
        "plan-json.md": reference.plan_json_page(_schema("planner", "plan.schema.json")),
        "report-json.md": reference.report_json_page(_schema("renderers.report", "report.schema.json")),
        "releases.md": reference.releases_page([_release_row(name) for name in RELEASE_NAMES]),
        "invariants.md": invariants_page(),
        "probes.md": probes_page(),
        "kubefate-samples.md": samples_page(),
        "checks/index.md": reference.checks_index(list(pages.values())),
    }
    result |= {f"checks/{code}.md": reference.check_page(item) for code, item in pages.items()}
    return result


def _schema(package: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(resources.files(package).joinpath(name).read_text())
    return schema


def _release_row(name: str) -> dict[str, str]:
    release = load(name)
    if release is None:
        msg = f"{name} is listed and has no file"
        raise ValueError(msg)
    engine = release.engines[0]
    selector = ", ".join(f"{key}: {value}" for key, value in engine.selector)
    charts = ", ".join(f"{item.kind} ({item.chart} {item.version})" for item in release.exchanges)
    words = [
        ("polling", release.has_polling),
        ("load balancing", release.has_load_balancing),
        ("external MySQL", release.has_external_mysql),
        ("TLS keys", release.has_tls),
    ]
    return {
        "release": name,
        "published": "yes" if release.chart.published else "no",
        "router": release.module,
        "selector": selector or "none",
        "scale": engine.scale_key,
        "exchange": charts or "none",
        "engines": ", ".join(each.name for each in release.engines + release.own_engines),
        "serving": release.serving or "none",
        "has": ", ".join(word for word, has in words if has) or "none of these",
        "Kubernetes": _kubernetes(release),
    }


def _kubernetes(release: Release) -> str:
    low, below = release.kubernetes.minimum, release.kubernetes.below
    parts = [f"{low[0]}.{low[1]} and later"] if low is not None else []
    parts += [f"before {below[0]}.{below[1]}"] if below is not None else []
    return ", ".join(parts) or "any"


def samples_page() -> str:
    """The page that lists what import finds in KubeFATE's own samples."""
    listed = yaml.safe_load(resources.files("renderers.importing").joinpath("sample_defects.yaml").read_text())
    lines = [
        "# What import finds in KubeFATE's samples",
        "",
        "Sample files are copied, and their mistakes with them. This is what `invoke import` says about the",
        "`cluster.yaml` files in KubeFATE's repository, each imported together with its partner and its exchange.",
        "A test holds the list against the files. Whatever only says what else was imported is left out, and so is the",
        "warning about published passwords, which every sample has.",
        "",
        "Paths are `tag:path`. The codes link to the pages that say why each matters.",
    ]
    tag = ""
    for path, found in listed.items():
        if path.partition(":")[0] != tag:
            tag = path.partition(":")[0]
            lines += ["", f"## {tag}", "", "| file | line | finding | |", "| --- | --- | --- | --- |"]
        file = path.partition(":")[2].removeprefix("k8s-deploy/")
        for each in found:
            lines.append(f"| `{file}` | {each['line']} | [{each['code']}](checks/{each['code']}.md) | {each['what']} |")
    return "\n".join(lines) + "\n"


def invariants_page() -> str:
    """The page that says where each invariant is upheld."""
    words = {
        "check": "check",
        "proof": "found in rendered files",
        "construction": "impossible by construction",
        "test": "property with a test",
        "listed": "listed before installing",
        "import": "found in imported files",
        "probe": "probe",
        "unplanned": "not planned",
    }
    lines = [
        "# Invariants",
        "",
        "Where each rule that spans several parties is upheld: the 94 of the reference, twelve facts that cost much",
        "time if missed, and two issues of FATE. A [probe](probes.md) is a sentence that can only be found true live,",
        "by `verify --live`.",
        "",
        "| invariant | what holds | how | where |",
        "| --- | --- | --- | --- |",
    ]
    for invariant in INVARIANTS:
        for how, where in invariant.upheld:
            shown = f"`{where}`"
            if how in {"check", "proof", "import"}:
                shown = f"[{where}](checks/{where}.md)"
            elif how == "probe":
                shown = f"[{where}](probes.md#{where}): {BY_ID[where].sentence}"
            elif how == "unplanned":
                shown = where
            lines.append(f"| {invariant.id} | {invariant.statement} | {words[how]} | {shown} |")
    return "\n".join(lines) + "\n"


def probes_page() -> str:
    """The page of all probes, in the order in which they are asked."""
    areas = {
        "cluster": "Asked of the API server",
        "inside": "Asked of the site's own components",
        "ways": "Asked of whom the site dials",
        "serving": "Asked of FATE-Serving",
    }
    lines = [
        "# Probes",
        "",
        "What `invoke verify --live` asks of each site that your kubeconfig leads to, in this order ([how to",
        "use it](../how-to/verify-live.md)). Each is a sentence that is true when all is well. One that is false is an",
        "error with the code that its table links to, or a more exact one. Where a probe needs another one that is",
        "false, it is not asked: the answer would say nothing new. What cannot be found out is neither true nor false",
        "([FED999](checks/FED999.md)), and a cluster that cannot be used leaves everything about its sites unchecked.",
        "Some decide on the [verdict on pairs](../how-to/verify-live.md#the-verdict-on-pairs): what one of them",
        "closes when it is false stands in its table.",
    ]
    for area, title in areas.items():
        lines += ["", f"## {title}"]
        for sort in (each for each in PROBES if each.area == area):
            lines += ["", *_probe(sort)]
    return "\n".join(lines) + "\n"


def _probe(sort: ProbeSort) -> list[str]:
    needs = ", ".join(f"[{need}](#{need})" for need in sort.needs) or "nothing"
    upheld = [f"{each.id}: {each.statement}" for each in INVARIANTS if ("probe", sort.id) in each.upheld]
    rows = [
        ("false", f"[{sort.code}](checks/{sort.code}.md)"),
        ("found out by", sort.how),
        ("needs", needs),
        ("deadline", f"{sort.seconds} seconds{f', {sort.tries} tries' if sort.tries > 1 else ''}"),
    ]
    concern = {**CONCERNS, **SERVING_CONCERNS}.get(sort.id)
    rows.insert(1, ("closes", "no way" if concern is None else CLOSED[concern]))
    rows += [("[invariants](invariants.md)", "; ".join(upheld))] if upheld else []
    head = [f"### {sort.id}", "", f"{sort.sentence[0].upper()}{sort.sentence[1:]}.", "", "| | |", "| --- | --- |"]
    return [*head, *(f"| {name} | {text} |" for name, text in rows)]
