"""`invoke docs`: the reference pages, generated from the schema, the checks' docstrings and the release files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from planner.invariants import INVARIANTS
from planner.releases import RELEASE_NAMES, Release, load
from renderers import reference
from renderers.commands import DIFFERENT, GOOD, USAGE, manual_pages


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
    charts = ", ".join(f"{item.chart} {item.version}" for item in release.exchanges)
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
        "has": ", ".join(word for word, has in words if has) or "none of these",
        "Kubernetes": _kubernetes(release),
    }


def _kubernetes(release: Release) -> str:
    low, below = release.kubernetes.minimum, release.kubernetes.below
    parts = [f"{low[0]}.{low[1]} and later"] if low is not None else []
    parts += [f"before {below[0]}.{below[1]}"] if below is not None else []
    return ", ".join(parts) or "any"


def invariants_page() -> str:
    """The page that says where each invariant is upheld."""
    words = {
        "check": "check",
        "construction": "impossible by construction",
        "test": "property with a test",
        "probe": "probe",
    }
    lines = [
        "# Invariants",
        "",
        "Where each rule that spans several parties is upheld. A probe is a sentence that can only be found true live.",
        "",
        "| invariant | what holds | how | where |",
        "| --- | --- | --- | --- |",
    ]
    for invariant in INVARIANTS:
        for how, where in invariant.upheld:
            shown = f"[{where}](checks/{where}.md)" if how == "check" else where if how == "probe" else f"`{where}`"
            lines.append(f"| {invariant.id} | {invariant.statement} | {words[how]} | {shown} |")
    return "\n".join(lines) + "\n"
