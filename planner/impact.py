"""The blast radius of a plan: which sites must apply because another one changed, what it does to them, in which order.

Facts about what takes effect when are release data (`Release.changes`); the rest follows from Kubernetes: a Service's
type and port change without a restart, an Ingress too, and labels that Deployments select by cannot change at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.changes import Change, Op
from planner.model import party_key
from planner.plan import Plan, PlannedSite, dialled_at
from planner.releases import Release
from planner.routes import POLLED

_SERVICE_KEYS: Final = (
    "type",
    "nodePort",
    "httpNodePort",
    "grpcNodePort",
    "loadBalancerIP",
    "fateflowType",
    "fateflowNodePort",
)
_IDENTITY: Final = ("name", "namespace", "partyId", "chartName")
_NO_PODS: Final = ("ingress", "ingressClassName", "host")


@dataclass(frozen=True, slots=True)
class Impact:
    """What a plan means for one site.

    `because` names the sites whose change makes this one follow (empty when it changed for its own sake), `effects` are
    clauses that say what happens when it is applied, and sites of a lower `wave` are applied first.
    """

    site: str
    because: tuple[str, ...]
    effects: tuple[str, ...]
    wave: int


def impacts(
    plan: Plan, changed: Sequence[Change], before: Mapping[str, Any] | None, effects: Mapping[str, tuple[str, ...]]
) -> tuple[Impact, ...]:
    """The impact on every site that is created, updated or deleted, in the order to apply them.

    `before` is the plan.json of the baseline, None where there is none; `effects` are the clauses per updated site.
    """
    touched = [change for change in changed if change.op is not Op.KEEP]
    causes = _causes(plan, touched, before)
    because = {change.site: _because(plan, change, causes) for change in touched}
    waves = _waves(plan, touched, because)
    found = [
        Impact(change.site, because[change.site], effects.get(change.site, ()), waves[change.site])
        for change in touched
    ]
    return tuple(sorted(found, key=lambda impact: impact.wave))


def effects(release: Release, paths: Sequence[str]) -> tuple[str, ...]:
    """What happens to a running site when these keys of its cluster.yaml change, one clause per kind of effect."""
    clauses: dict[str, None] = {}
    for path in paths:
        clauses.setdefault(_effect(release, path))
    return tuple(clauses)


def changed_paths(before: object, after: object, path: str = "") -> Iterator[str]:
    """Dotted key paths at which two documents differ; a list counts as one value."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{path}.{key}" if path else str(key)
            old, new = before.get(key), after.get(key)
            if isinstance(old, Mapping) or isinstance(new, Mapping):
                yield from changed_paths(old or {}, new or {}, here)
            elif key not in before or key not in after or old != new:
                yield here
    elif before != after:
        yield path


def _effect(release: Release, path: str) -> str:
    top, _, rest = path.partition(".")
    if top in _IDENTITY:
        return f"{top} changes: the site must be removed and installed again"
    known = _known_effect(release, path)
    if known is not None:
        return known
    if rest.partition(".")[0] in _SERVICE_KEYS:
        return f"the Service of {top} changes, nothing restarts"
    if top in _NO_PODS:
        return "the Ingress changes, nothing restarts"
    return f"{top} restarts" if rest else f"{top} changes: all pods restart"


def _known_effect(release: Release, path: str) -> str | None:
    """What the release's data says of a key that FATE reads."""
    for change in release.changes:
        if any(path == key or path.startswith(f"{key}.") for key in change.keys):
            if change.restart:
                return f"{', '.join(change.restart)} must be restarted by hand"
            return f"{path.partition('.')[0]} reads its routes again within {change.seconds} s, nothing restarts"
    return None


def _causes(plan: Plan, touched: Sequence[Change], before: Mapping[str, Any] | None) -> frozenset[str]:
    """Sites whose change others can see: they came, they left, or they are dialled elsewhere."""
    earlier = {site["site"]: site for site in before["sites"]} if before is not None else {}
    causes = set()
    for change in touched:
        is_new_or_gone = change.op in {Op.CREATE, Op.DELETE}
        if is_new_or_gone or _endpoint_of(plan.by_key[change.site]) != earlier.get(change.site, {}).get("endpoint"):
            causes.add(change.site)
    return frozenset(causes)


def _endpoint_of(planned: PlannedSite) -> Mapping[str, Any]:
    endpoint = dialled_at(planned)
    return {"host": endpoint.host, "port": endpoint.port}


def _because(plan: Plan, change: Change, causes: frozenset[str]) -> tuple[str, ...]:
    """The other sites that make this one follow; only an update follows."""
    if change.op is not Op.UPDATE:
        return ()
    hops = plan.topology.hops(plan.by_key[change.site].site)
    dialled = {*hops.entries.values(), *hops.default} - {POLLED}
    listed = {party_key(party) for party in hops.entries}
    seen = sorted((dialled | listed) & causes - {change.site})
    if seen:
        return tuple(seen)
    return tuple(sorted(cause for cause in causes if cause not in plan.by_key))


def _waves(plan: Plan, touched: Sequence[Change], because: Mapping[str, tuple[str, ...]]) -> Mapping[str, int]:
    """Waves of a safe order: exchanges before the parties that go through them, causes before those that follow."""
    present = {change.site for change in touched}
    edges = [(cause, change.site) for change in touched for cause in because[change.site] if cause in present]
    for change in touched:
        planned = plan.by_key.get(change.site)
        if planned is not None and planned.site.kind == "party":
            defaults = plan.topology.hops(planned.site).default
            edges += [(exchange, change.site) for exchange in defaults if exchange in present]
    if not edges:
        return dict.fromkeys(present, 1)
    import networkx as nx  # only where the order matters: importing it takes as long as planning two parties

    order: nx.DiGraph[str] = nx.DiGraph(edges)
    order.add_nodes_from(present)
    condensed = nx.condensation(order)
    waves = {}
    for wave, components in enumerate(nx.topological_generations(condensed), 1):
        for component in components:
            for site in condensed.nodes[component]["members"]:
                waves[site] = wave
    return waves
