"""What an operator is told instead of an apply: the sites to choose from, or the whole runbook.

The releases before KubeFATE's service have nothing to talk to.
"""

from __future__ import annotations

from collections.abc import Sequence

from planner.plan import Plan, PlannedSite
from renderers import script


def whole_runbook(plan: Plan, folder: str) -> Sequence[str]:
    """The runbook of a federation that is deployed by kube.cfg, under a line that says why nothing is applied."""
    clause, hint = script.nothing_to_apply(plan.sites[0].release.name, folder)
    return (clause, f"{hint}:", "", *script.runbook(script.script_of(plan)).splitlines())


def nothing_to_talk_to(plan: Plan, folder: str) -> Sequence[str]:
    """Why a federation that is deployed by kube.cfg is neither looked at nor taken down by fedplan."""
    return script.nothing_to_apply(plan.sites[0].release.name, folder)


def choices(sites: Sequence[PlannedSite]) -> Sequence[str]:
    """The options that name each site."""
    options = [f"--party {p.id}" if p.site.kind == "party" else f"--site {p.key}" for p in sites]
    width = max(map(len, options), default=0)
    return [f"  {option.ljust(width)}  on {p.cluster.name}" for option, p in zip(options, sites, strict=True)]
