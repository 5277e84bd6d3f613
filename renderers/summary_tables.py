"""The tables of a Markdown summary: what changes site by site, who follows and what that does, who can talk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from planner.changes import Change, Op, counts
from planner.impact import Impact
from planner.plan import Plan
from planner.plan_json import SHARED
from planner.wording import label
from renderers import reachability_report
from renderers.planning import Outcome
from renderers.report import Section
from renderers.summary import reached, title
from renderers.verifying import Verified

_UNFOLDED: Final = 20
"""Rows of a table that are shown without a click."""
_BECAUSE: Final = 3
"""Sites that are named as the cause of a change."""
_HEADER: Final = ("site", "change", "order", "because of", "what applying does", "dialled at")


def plan_brief(outcome: Outcome) -> tuple[str, ...]:
    """What a plan says in two lines."""
    if outcome.plan is None:
        return ()
    baseline = f"{outcome.baseline[:1].upper()}{outcome.baseline[1:]}"
    return (title(outcome.plan, outcome), f"{baseline}: {counts(outcome.changes)}")


def plan_sections(outcome: Outcome) -> tuple[Section, ...]:
    """The sites that a plan changes, and the difference of the files if it was asked for."""
    if outcome.plan is None:
        return ()
    return tuple(_changes(outcome.plan, outcome.changes, outcome.impacts))


def verify_sections(verified: Verified) -> tuple[Section, ...]:
    """Who can talk no more, or otherwise, or now; the sites that change; the ways that were asked for."""
    found: list[Section] = []
    if verified.compared is not None:
        found += reachability_report.sections(verified.compared)
    if verified.sites is not None and verified.plan is not None:
        found += _changes(verified.plan, verified.sites.changes, verified.sites.impacts)
    if verified.ways:
        rows = tuple((way,) for way in verified.ways)
        found.append(Section("The way that was asked for", ("way",), rows, frozenset({0})))
    return tuple(found)


def _changes(plan: Plan, changes: Sequence[Change], impacts: Sequence[Impact]) -> Iterator[Section]:
    """The sites that change, in the order to apply them; those that stay are told by number."""
    changed = [change for change in changes if change.op is not Op.KEEP]
    kept = len(changes) - len(changed)
    if not changed:
        return
    by_site: Mapping[str, Impact] = {impact.site: impact for impact in impacts}
    place = {impact.site: number for number, impact in enumerate(impacts)}
    changed.sort(key=lambda change: (place.get(change.site, len(place)), change.site))
    rows = tuple(_row(plan, change, by_site.get(change.site)) for change in changed)
    yield Section(
        title=f"Sites that change: {len(changed):,}",
        header=_HEADER,
        rows=rows,
        as_code=frozenset({0, 5}),
        is_folded=len(rows) > _UNFOLDED,
        more=f"{kept:,} {'stays' if kept == 1 else 'stay'} as they are" if kept else "",
    )


def _row(plan: Plan, change: Change, impact: Impact | None) -> tuple[str, ...]:
    planned = plan.by_key.get(change.site)
    name = "for all sites" if change.site == SHARED else change.site
    where = "" if planned is None else reached(planned).removeprefix("dialled at ")
    if impact is None:
        return (name, str(change.op), "", "", "", where)
    because = ", ".join(label(site) for site in impact.because[:_BECAUSE])
    if len(impact.because) > _BECAUSE:
        because = f"{because} and {len(impact.because) - _BECAUSE:,} more"
    order = "" if change.op is Op.DELETE else f"{impact.wave}"
    return (name, str(change.op), order, because, "\n".join(impact.effects), where)
