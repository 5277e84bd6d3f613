"""Sites of targets that fedplan does not talk to: the commands that install what was planned, for whoever runs them.

For the releases before KubeFATE's service it never can: nothing is there to talk to.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from planner.plan import Plan, PlannedSite
from planner.prerequisites import prerequisites
from renderers import script
from renderers.kubefate import CLUSTER_FILE, SERVING_FILE


def whole_runbook(plan: Plan, folder: str) -> Sequence[str]:
    """The runbook of a federation that is deployed by kube.cfg, under a line that says why nothing is applied."""
    clause, hint = script.nothing_to_apply(plan.sites[0].release.name, folder)
    return (clause, f"{hint}:", "", *script.runbook(script.script_of(plan)).splitlines())


def by_hand(plan: Plan, sites: Sequence[PlannedSite], folder: str) -> Sequence[str]:
    """The commands that install these sites, exchanges that one needs first being others' work."""
    head = "fedplan does not talk to these targets; these commands do, once each ${secret:...} holds its value:"
    return (head, *(line for planned in sites for line in _commands(plan, planned, folder)))


def choices(sites: Sequence[PlannedSite]) -> Sequence[str]:
    """The options that name each site."""
    options = [f"--party {p.id}" if p.site.kind == "party" else f"--site {p.key}" for p in sites]
    width = max(map(len, options), default=0)
    return [f"  {option.ljust(width)}  on {p.cluster.name}" for option, p in zip(options, sites, strict=True)]


def _commands(plan: Plan, planned: PlannedSite, folder: str) -> Iterator[str]:
    """The commands of one site, exchanges that it needs first being others' work."""
    waits = [plan.by_key[key].site.label for key in plan.peers(planned) if plan.by_key[key].site.kind == "exchange"]
    after = f" (after {', '.join(waits)})" if waits else ""
    yield f"  {planned.site.label} on {planned.cluster.name}{after}"
    for each in prerequisites(plan, planned):
        if each.kind == "Namespace":
            yield f"    kubectl create namespace {shlex.quote(each.name)}"
        elif each.kind != "StorageClass":
            yield f"    needs {each.kind} {each.name}: {each.reason}"
    has_both = planned.serving is not None and planned.site.kind == "party"
    files = [CLUSTER_FILE, SERVING_FILE] if has_both else [CLUSTER_FILE]
    for name in files:
        path = shlex.quote(f"{folder}/{planned.key}/{name}")
        if planned.site.target == "kubefate":
            yield f"    kubefate cluster install --file {path}"
        else:
            yield f"    render {path} through the chart's values-template.yaml, and give the result to helm --values"
