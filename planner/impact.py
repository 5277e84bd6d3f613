"""The blast radius of a plan: which sites must apply because another one changed, what it does to them, in which order.

Facts about what takes effect when are release data (`Release.changes`); the rest follows from Kubernetes: a Service's
type and port change without a restart, an Ingress too, and labels that Deployments select by cannot change at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.changes import Change, Op
from planner.lookup import Endpoint
from planner.model import party_key
from planner.plan import Plan
from planner.plan_json import SHARED
from planner.releases import Release, ServingRelease

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
_PLACE: Final = ("cluster", "namespace", "target")
"""What says, in plan.json, where a site is installed."""
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
    plan: Plan,
    changed: Sequence[Change],
    before: Mapping[str, Any] | None,
    effects: Mapping[str, tuple[str, ...]],
    dialled_before: Mapping[str, frozenset[Endpoint]],
) -> tuple[Impact, ...]:
    """The impact on every site that is created, updated or deleted, in the order to apply them.

    `before` is the plan.json of the baseline, None where there is none. `effects` are the clauses per updated site, and
    `dialled_before` the endpoints that stood in its route table.
    """
    touched = [change for change in changed if change.op is not Op.KEEP and change.site != SHARED]
    earlier = {site["site"]: _endpoints(site) for site in before["sites"]} if before is not None else {}
    causes = frozenset(
        planned.key
        for planned in plan.sites
        if {channel: frozenset(planned.endpoints(channel)) for channel in planned.channels} != earlier.get(planned.key)
    )
    gone = {
        site: frozenset[Endpoint]().union(*found.values()) for site, found in earlier.items() if site not in plan.by_key
    }
    because: dict[str, tuple[str, ...]] = {}
    for change in touched:
        seen = _seen(plan, change) & causes - {change.site} if change.op is Op.UPDATE else set()
        left = {site for site, endpoints in gone.items() if endpoints & dialled_before.get(change.site, frozenset())}
        because[change.site] = tuple(sorted(seen | left))
    waves = _waves(plan, touched, because)
    found = [
        Impact(change.site, because[change.site], effects.get(change.site, ()), waves[change.site])
        for change in touched
    ]
    return tuple(sorted(found, key=lambda impact: impact.wave))


def moves(changed: Sequence[Change], before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes, with an update for every site whose files stay the same and whose place does not."""
    earlier = {site["site"]: site for site in before["sites"]}
    moved = {
        site["site"] for site in after["sites"] if site["site"] in earlier and move_effect(earlier[site["site"]], site)
    }
    return tuple(
        Change(change.site, Op.UPDATE) if change.op is Op.KEEP and change.site in moved else change
        for change in changed
    )


def move_effect(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What a change of place means for a site, given its entries in two plan.json; empty when it stays."""
    if all(before[key] == after[key] for key in _PLACE):
        return ()
    places = [f"{site['namespace']} on {site['cluster']} ({site['target']})" for site in (before, after)]
    return (f"it moves from {places[0]} to {places[1]}: remove it there, install it here",)


def effects(release: Release | ServingRelease, paths: Sequence[str]) -> tuple[str, ...]:
    """What happens to a running site when these keys of one of its files change, one clause per kind of effect."""
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


def _effect(release: Release | ServingRelease, path: str) -> str:
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


def _known_effect(release: Release | ServingRelease, path: str) -> str | None:
    """What the release's data says of a key that FATE reads."""
    for change in release.changes:
        if any(path == key or path.startswith(f"{key}.") for key in change.keys):
            command = (change.command or "").replace("{party}", "<party>")
            by_hand = f"; run `{command}` for each entry that changed" if command else ""
            if change.restart:
                return f"{', '.join(change.restart)} must be restarted by hand{by_hand}"
            if change.each_task:
                return f"the next tasks read the routes of {path.partition('.')[0]}, nothing restarts{by_hand}"
            return f"{path.partition('.')[0]} reads its routes again within {change.seconds} s, nothing restarts"
    return None


def _endpoints(site: Mapping[str, Any]) -> Mapping[str, frozenset[Endpoint]]:
    """The endpoints of a site in a plan.json, by channel."""
    return {
        channel: frozenset(Endpoint(each["host"], each["port"]) for each in found)
        for channel, found in site.get("endpoints", {}).items()
    }


def _seen(plan: Plan, change: Change) -> set[str]:
    """The sites that stand in a site's route tables, by their own endpoint or as a destination."""
    planned = plan.by_key[change.site]
    destinations: set[int] = set()
    for topology in {id(topology): topology for topology in map(plan.topology_of, planned.channels)}.values():
        destinations |= topology.hops(planned.site).entries.keys()
    return {*plan.peers(planned), *map(party_key, destinations)}


def _waves(plan: Plan, touched: Sequence[Change], because: Mapping[str, tuple[str, ...]]) -> Mapping[str, int]:
    """Waves of a safe order: exchanges before the parties that go through them, causes before those that follow.

    What leaves is taken down last, when nobody's table names it any more.
    """
    present = {change.site for change in touched if change.op is not Op.DELETE}
    edges = [(cause, site) for site in present for cause in because[site] if cause in present]
    for site in present:
        planned = plan.by_key[site]
        if planned.site.kind == "party":
            for topology in (plan.topology, plan.served):
                edges += [(exchange, site) for exchange in topology.hops(planned.site).default if exchange in present]
    waves = dict.fromkeys(present, 1)
    if edges:
        waves |= _generations(edges)
    last = max(waves.values(), default=0) + 1
    return waves | {change.site: last for change in touched if change.op is Op.DELETE}


def _generations(edges: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Each site's place in an order that follows the edges; sites that depend on each other share one."""
    import networkx as nx  # only where the order matters: importing it takes as long as planning two parties

    condensed = nx.condensation(nx.DiGraph(edges))
    return {
        site: wave
        for wave, components in enumerate(nx.topological_generations(condensed), 1)
        for component in components
        for site in condensed.nodes[component]["members"]
    }
