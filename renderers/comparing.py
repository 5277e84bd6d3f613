"""What a plan changes against a baseline: site by site, because of whom, with which effects, line by line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from planner import site_json
from planner.changes import Change, Op, changes, unified_diff
from planner.impact import Impact, effects, impacts, move_effect, moves
from planner.lookup import Endpoint
from planner.plan import Plan, PlannedSite
from planner.plan_json import SHARED, path_in_out, sha256
from planner.releases import Release, ServingRelease
from renderers import git
from renderers.kubefate import SERVING_FILE
from renderers.reading import Reading
from renderers.report import LinesDocument, safe_lines
from renderers.sound_yaml import SoundLoader
from renderers.target import TARGETS, Files

EXAMINED: Final = 200
"""Updated sites whose files are compared key by key; beyond that the effects are left to `--diff`."""
Render = Callable[[PlannedSite], Files]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes and what they mean; `baseline` says in one clause what they are relative to."""

    changes: tuple[Change, ...]
    impacts: tuple[Impact, ...]
    baseline: str
    diff: str


def compare(
    plan: Plan,
    render: Render,
    document: Mapping[str, Any],
    baseline: git.Baseline | git.NoBaseline,
    *,
    with_diff: bool,
) -> Comparison:
    """Compare a plan, `document` being its plan.json, with the baseline; the diff is empty unless it is asked for."""
    later = {site["site"]: site for site in document["sites"]}
    after = {site: entry["files"] for site, entry in later.items()}
    if "files" in document:
        after[SHARED] = document["files"]
    if isinstance(baseline, git.NoBaseline):
        changed = changes({}, after)
        diff = "".join(_diff(plan, render, changed, {}, {})) if with_diff else ""
        return Comparison(changed, impacts(plan, changed, None, {}, {}), f"no baseline ({baseline.message})", diff)
    changed = moves(changes(baseline.files, after), baseline.plan, document)
    touched = [change for change in changed if change.op in {Op.UPDATE, Op.DELETE}]
    texts = _texts(baseline, touched if with_diff else touched[:EXAMINED])
    earlier = {site["site"]: site for site in baseline.plan["sites"]}
    updated = (change.site for change in touched[:EXAMINED] if change.op is Op.UPDATE)
    examined = [site for site in updated if site != SHARED]
    clauses = {
        site: move_effect(earlier[site], later[site])
        or _effects(plan.by_key[site], render, texts, earlier[site]["files"])
        for site in examined
    }
    dialled = {site: _dialled(plan.by_key.get(site), earlier[site], texts) for site in examined}
    return Comparison(
        changed,
        impacts(plan, changed, baseline.plan, clauses, dialled),
        f"against out/ at {baseline.ref}",
        "".join(_diff(plan, render, changed, texts, baseline.files)) if with_diff else "",
    )


def _texts(baseline: git.Baseline, wanted: Sequence[Change]) -> Mapping[str, str]:
    """The files that sites had at the baseline, by path."""
    paths = sorted(path_in_out(change.site, name) for change in wanted for name in baseline.files[change.site])
    found = git.read_files(baseline, paths) if paths else {}
    if isinstance(found, git.NoBaseline):
        return {}
    return {path: data.decode("utf-8", "replace") for path, data in found.items()}


def _dialled(planned: PlannedSite | None, site: Mapping[str, Any], texts: Mapping[str, str]) -> frozenset[Endpoint]:
    """The endpoints in the route tables that a site had at the baseline."""
    files = {name: texts.get(path_in_out(site["site"], name), "") for name in site["files"]}
    target = TARGETS.get(site["target"])
    found: set[Endpoint] = set()
    for reading in () if target is None or planned is None else target.read_back(planned, files):
        if isinstance(reading, Reading):
            for gate in reading.gates:
                found.update((*gate.table.entries.values(), *gate.table.default))
    return frozenset(found)


def _effects(
    planned: PlannedSite, render: Render, texts: Mapping[str, str], earlier: Collection[str]
) -> tuple[str, ...]:
    """What applying a site's new files does to it; `earlier` names those it had at the baseline."""
    files = render(planned)
    if planned.site.target == "kubernetes":
        from renderers.kubernetes.effects import effects as effects_of_manifests

        return effects_of_manifests({name: texts.get(path_in_out(planned.key, name), "") for name in earlier}, files)
    clauses: dict[str, None] = {}
    if SERVING_FILE in files and SERVING_FILE not in earlier:
        clauses["FATE-Serving is installed beside it"] = None
    if SERVING_FILE in earlier and SERVING_FILE not in files:
        clauses["FATE-Serving must be removed: planned no more, it would run on"] = None
    written = [name for name in files if name != site_json.NAME]
    if all(texts.get(path_in_out(planned.key, name)) == files[name] for name in written):
        return ("nothing in its cluster changes",)
    for name in written:
        before, text = texts.get(path_in_out(planned.key, name)), files[name]
        if before is None:
            continue
        try:
            old = yaml.load(before, Loader=SoundLoader)  # noqa: S506 - SoundLoader is a safe one
        except yaml.YAMLError:
            continue
        new = yaml.load(text, Loader=SoundLoader)  # noqa: S506 - SoundLoader is a safe one
        release: Release | ServingRelease = planned.release
        if planned.serving is not None and (name == SERVING_FILE or planned.site.kind == "exchange"):
            release = planned.serving.release
        clauses.update(dict.fromkeys(effects(release, old, new)))
    return tuple(clauses) or ("only comments change",)


def _diff(
    plan: Plan,
    render: Render,
    changed: Sequence[Change],
    texts: Mapping[str, str],
    listed: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """The difference of every changed file; `listed` are the digests of what plan wrote at the baseline."""
    for change in changed:
        if change.op is Op.KEEP:
            continue
        planned = plan.sites[0] if change.site == SHARED else plan.by_key.get(change.site)
        new = {} if planned is None else render(planned)
        for name in change.files:
            path = path_in_out(change.site, name)
            before = texts.get(path)
            if before is not None and sha256(before.encode()) != listed[change.site].get(name):
                before = _without_secrets(before)
            yield unified_diff(before, new.get(name), f"out/{path}")


def _without_secrets(text: str) -> str:
    """A file that somebody changed after it was planned: the places of secrets may have been filled in."""
    return "\n".join(safe_lines(LinesDocument.from_text(text), "", ()))
