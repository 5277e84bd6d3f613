"""`invoke apply` as far as it goes: which commands install what was planned, for whoever runs them by hand.

fedplan installs nothing itself yet. For the releases before KubeFATE's service it never can: nothing is there to
talk to.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from planner.plan import Plan, PlannedSite
from planner.prerequisites import prerequisites
from renderers import script
from renderers.kubefate import CLUSTER_FILE, SERVING_FILE
from renderers.report.excerpt import visible
from renderers.verifying import Verified, verify
from renderers.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HandOver:
    """What can be told of the sites that were asked for; `usage` says what is wrong with the options, if anything is.

    `verified` is the proof that `out/` is whole and its routes hold; with errors in it there are no `lines`.
    """

    verified: Verified
    lines: tuple[str, ...] = ()
    usage: str = ""


def hand_over(workspace: Workspace, sites: tuple[str, ...]) -> HandOver:
    """The commands for these sites (keys), from a plan that is whole and proved; nothing is installed."""
    verified = verify(workspace)
    plan = verified.plan
    if plan is None or verified.has_errors:
        return HandOver(verified)
    unknown = [site for site in sites if site not in plan.by_key]
    if unknown:
        return HandOver(verified, usage=f"there is no site {visible(unknown[0])} in {workspace.file}")
    folder = str(workspace.out)
    if plan.is_scripted:
        clause, hint = script.nothing_to_apply(plan.sites[0].release.name, folder)
        runbook = script.runbook(script.script_of(plan))
        return HandOver(verified, (clause, f"{hint}:", "", *runbook.splitlines()))
    if not sites:
        return HandOver(verified, ("say which site:", *(f"  {_choice(planned)}" for planned in plan.sites)))
    chosen = [plan.by_key[site] for site in sites]
    head = "fedplan installs nothing itself yet; these commands do, once each ${secret:...} holds its value:"
    return HandOver(verified, (head, *(line for planned in chosen for line in _commands(plan, planned, folder))))


def _choice(planned: PlannedSite) -> str:
    option = f"--party {planned.id}" if planned.site.kind == "party" else f"--site {planned.key}"
    return f"{option}  on {planned.cluster.name}"


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
    if planned.site.target == "kubernetes":
        yield f"    kubectl apply -k {shlex.quote(f'{folder}/{planned.key}')}"
        return
    has_both = planned.serving is not None and planned.site.kind == "party"
    files = [CLUSTER_FILE, SERVING_FILE] if has_both else [CLUSTER_FILE]
    for name in files:
        path = shlex.quote(f"{folder}/{planned.key}/{name}")
        if planned.site.target == "kubefate":
            yield f"    kubefate cluster install --file {path}"
        else:
            yield f"    render {path} through the chart's values-template.yaml, and give the result to helm --values"
