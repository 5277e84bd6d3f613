"""What a plan says to people, and what it says to machines beside its findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planner.changes import Change, Op, counts
from planner.impact import Impact
from planner.plan import Plan, PlannedSite
from planner.plan_json import SHARED
from planner.prerequisites import Prerequisite, prerequisites
from renderers.planning import Outcome
from renderers.report import State, Step
from renderers.report.excerpt import visible
from renderers.script import script_of, steps

SHOWN: Final = 40
"""Sites listed one by one; the rest is told by number."""
NEEDED: Final = 12
"""Prerequisites listed one by one; the rest is told by number."""
_SIGNS: Final = {Op.CREATE: "+", Op.UPDATE: "~", Op.DELETE: "-", Op.KEEP: " "}
_COLOURS: Final = {Op.CREATE: "32", Op.UPDATE: "33", Op.DELETE: "31", Op.KEEP: "2"}


def plan_lines(outcome: Outcome, folder: str, *, colour: bool) -> tuple[str, ...]:
    """The plan as lines of text: what was proved, what changes, who must follow, what is next. `folder` is `out/`."""
    plan = outcome.plan
    if plan is None:
        return ()
    lines = [title(plan, outcome), ""]
    lines += _sites(plan, outcome, colour=colour)
    others = any(party.target != "kubernetes" for party in plan.federation.parties)
    for planned in plan.sites:
        if others and planned.kind == "osx" and planned.site.target == "kubernetes":
            row = f"Parties reach {planned.site.label} by the row `default` of their partyList; no chart deploys it,"
            lines += ["", row, f"so its own manifests in {planned.key}/ are for target kubernetes."]
    lines += ["", f"{outcome.baseline[:1].upper()}{outcome.baseline[1:]}: {counts(outcome.changes)}"]
    lines += _blast_radius(outcome)
    lines += _needed(plan, outcome)
    if plan.is_scripted:
        lines += ["", *steps(script_of(plan), folder)]
    if outcome.diff:
        lines += ["", *diff_lines(outcome.diff, colour=colour)]
    return tuple(lines)


def plan_outcome(outcome: Outcome, folder: str, lock: str) -> str:
    """The clause that ends the last line of a plan."""
    if outcome.is_half_written:
        return f"{folder} is half written; the next plan mends it"
    if outcome.plan is None or outcome.has_errors:
        return "nothing was written"
    if outcome.is_stale:
        return f"{folder} is not what this file plans; `invoke plan` writes it"
    if outcome.written is None:
        return f"{folder} and {lock} are up to date"
    written = outcome.written
    if written.changed == written.removed == 0:
        return (
            f"{folder}/plan.json and {lock} written" if outcome.is_listed_anew else f"{folder} was up to date already"
        )
    removed = f", {_number(written.removed, 'file')} removed" if written.removed else ""
    return f"{_number(written.changed, 'file')} written to {folder}{removed}, {written.unchanged} unchanged"


def plan_steps(outcome: Outcome) -> tuple[Step, ...]:
    """One step per planned site, for formats that list what was done."""
    if outcome.plan is None:
        return ()
    state = State.FAILED if outcome.has_errors else State.PASSED
    sites = tuple(Step(planned.key, state, group="site") for planned in outcome.plan.sites)
    routes = [Step(f"{outcome.pairs} ordered pairs talk", state, group="routes")]
    if outcome.serving_pairs:
        routes.append(Step(f"{outcome.serving_pairs} ordered pairs serve together", state, group="routes"))
    if outcome.written is not None:
        return (*sites, *routes)
    what = "out/ and federation.lock are what this file plans"
    stale = State.FAILED if outcome.is_stale else State.PASSED
    hint = "they are not; run `invoke plan`" if outcome.is_stale else ""
    return (*sites, *routes, Step(what, stale, hint, "written"))


def plan_extra(outcome: Outcome) -> Mapping[str, Any]:
    """The `plan` object of the JSON report."""
    if outcome.plan is None:
        return {"plan": None}
    impacts = {impact.site: impact for impact in outcome.impacts}
    total = counts(outcome.changes)
    return {
        "plan": {
            "federation": outcome.plan.federation.name,
            "pairs": outcome.pairs,
            "servingPairs": outcome.serving_pairs,
            "baseline": outcome.baseline,
            "stale": outcome.is_stale,
            "diff": outcome.diff,
            "sites": [_site(planned) for planned in outcome.plan.sites],
            "counts": {"create": total.create, "update": total.update, "delete": total.delete, "keep": total.keep},
            "changes": [_change(change, impacts.get(change.site)) for change in outcome.changes],
        }
    }


def _site(planned: PlannedSite) -> dict[str, Any]:
    return {
        "site": planned.key,
        "release": planned.release.name,
        "cluster": planned.cluster.name,
        "target": planned.site.target,
        "reached": reached(planned),
    }


def _change(change: Change, impact: Impact | None) -> dict[str, Any]:
    result: dict[str, Any] = {"site": change.site, "change": str(change.op), "files": list(change.files)}
    if impact is not None:
        result |= {"because": list(impact.because), "effects": list(impact.effects), "wave": impact.wave}
    return result


def title(plan: Plan, outcome: Outcome) -> str:
    """How large the federation is, and what was proved."""
    federation, pairs, serving = plan.federation, outcome.pairs, outcome.serving_pairs
    parties, exchanges = len(federation.parties), len(federation.exchanges)
    what = _number(parties, "party", "parties") + (f" and {_number(exchanges, 'exchange')}" if exchanges else "")
    proved = f"{pairs:,} of {pairs:,} routes proved (every pair that must talk, both directions)"
    if serving:
        proved = f"{proved}, and {serving:,} of {serving:,} for serving"
    return f"{federation.name}: {what}, {proved}"


def _sites(plan: Plan, outcome: Outcome, *, colour: bool) -> Iterator[str]:
    kept = [change for change in outcome.changes if change.op is Op.KEEP]
    others = [change for change in outcome.changes if change.op is not Op.KEEP]
    shown = others[:SHOWN] + kept[: max(0, SHOWN - len(others))]
    rows = [_row(plan.by_key.get(change.site), change) for change in shown]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(len(rows[0]) if rows else 0)]
    for change, row in zip(shown, rows, strict=True):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield f"\x1b[{_COLOURS[change.op]}m{text}\x1b[0m" if colour else text
    left = len(outcome.changes) - len(shown)
    if left:
        changed = len(others[SHOWN:])
        yield f"  … and {left:,} more ({changed:,} changed, {left - changed:,} kept)"


def _row(planned: PlannedSite | None, change: Change) -> tuple[str, ...]:
    sign = _SIGNS[change.op]
    if planned is None:
        name = "for all sites" if change.site == SHARED else change.site
        return (sign, name, str(change.op), "", "", ", ".join(change.files) if change.site == SHARED else "")
    release = planned.site.release
    return (sign, change.site, str(change.op), release, f"on {planned.cluster.name}", reached(planned))


def reached(planned: PlannedSite) -> str:
    """How peers reach a site."""
    if planned.site.polling is not None:
        return f"polls {planned.site.polling.replace('-', ' ', 1)}"
    endpoints = list(dict.fromkeys(planned.told(channel) for channel in planned.channels))
    first = endpoints[0]
    more = [str(endpoint.port) if endpoint.host == first.host else str(endpoint) for endpoint in endpoints[1:]]
    text = ", ".join((str(first), *more))
    where = "" if planned.listeners[planned.channels[0]].outside else " (inside the cluster)"
    return f"dialled at {text}{where}"


def _blast_radius(outcome: Outcome) -> Iterator[str]:
    """Who must apply, in which order, why, and what it does there. Sites that say the same are told together."""
    gone = [change.site for change in outcome.changes if change.op is Op.DELETE]
    staying = [impact for impact in outcome.impacts if impact.site not in gone]
    if gone or any(impact.because or impact.effects for impact in staying) or len({i.wave for i in staying}) > 1:
        yield ""
        yield "To apply, in this order:"
        yield from _waves(staying)
    if gone:
        yield f"  then take down {_listed(gone)}, whose ports stay reserved until `invoke plan --forget NAME`"


def _waves(impacts: Sequence[Impact]) -> Iterator[str]:
    groups: dict[tuple[int, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for impact in impacts:
        groups.setdefault((impact.wave, impact.because, impact.effects), []).append(impact.site)
    told = 0
    for (wave, because, effects), sites in groups.items():
        number = "  " if wave == told else f"{wave}."
        told = wave
        yield f"  {number} {_listed(sites)}{f', because of {_listed(because)}' if because else ''}"
        for effect in effects:
            yield f"       {effect}"


def _needed(plan: Plan, outcome: Outcome) -> Iterator[str]:
    """Secrets, claims and databases that must exist before the sites that change are installed.

    plan.json lists them with all others: namespaces are in the sites' own lines, and classes belong to the cluster.
    """
    changing = [change.site for change in outcome.changes if change.op in {Op.CREATE, Op.UPDATE}]
    found = [
        (planned, each)
        for planned in (plan.by_key[site] for site in changing if site in plan.by_key)
        for each in prerequisites(plan, planned)
        if each.kind not in {"Namespace", "StorageClass"} and not _is_given(planned, each)
    ]
    if found:
        yield ""
        yield "What must exist before they are installed, and nothing here creates:"
    for planned, each in found[:NEEDED]:
        where = f" in {each.namespace} on {planned.cluster.name}" if each.namespace else ""
        keys = f" ({', '.join(each.keys)})" if each.keys else ""
        yield f"  {each.kind} {each.name}{where}{keys}: {each.reason}"
    if len(found) > NEEDED:
        yield f"  … and {len(found) - NEEDED:,} more, which plan.json lists"


def _is_given(planned: PlannedSite, wanted: Prerequisite) -> bool:
    """Whether it is a Secret that `secrets` gives the site with all that must be in it: apply makes it."""
    given = planned.site.secrets.get(wanted.name) if wanted.kind == "Secret" else None
    return given is not None and set(wanted.keys) <= given.keys()


def _listed(names: tuple[str, ...] | list[str]) -> str:
    if len(names) <= 4:  # noqa: PLR2004 - a list a person reads at a glance
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3:,} more"


def _number(count: int, singular: str, plural: str | None = None) -> str:
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def diff_lines(diff: str, *, colour: bool) -> Iterator[str]:
    """The lines of a unified diff, each coloured by what it says; nothing in them can act on a terminal."""
    for line in diff.removesuffix("\n").split("\n") if diff else ():
        shown = "\t".join(map(visible, line.split("\t")))
        code = "36" if line.startswith(("---", "+++", "@@")) else {"+": "32", "-": "31"}.get(line[:1])
        yield shown if code is None or not colour else f"\x1b[{code}m{shown}\x1b[0m"
