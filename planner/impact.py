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
from planner.releases import Change as KeyFact
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
_MOST_COMMANDS: Final = 3


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
        if {channel: planned.endpoints(channel) for channel in planned.channels} != earlier.get(planned.key)
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


def effects(release: Release | ServingRelease, before: object, after: object) -> tuple[str, ...]:
    """What happens to a running site when one of its files changes, one clause per kind of effect."""
    clauses: dict[str, None] = {}
    told: set[tuple[str, KeyFact]] = set()
    swapped = _swapped_blocks(before, after)
    for path in changed_paths(before, after):
        fact = _fact(release, path)
        reader = path.partition(".")[0]
        if reader in swapped:
            continue
        if fact is None:
            clauses.setdefault(_effect(path))
        elif (reader, fact) not in told:
            told.add((reader, fact))
            clauses.setdefault(_known_effect(reader, fact, before, after))
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


def _swapped_blocks(before: object, after: object) -> frozenset[object]:
    """The blocks that come or go with their modules, of which the change of `modules` says enough."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return frozenset()
    if before.get("modules") == after.get("modules"):
        return frozenset()
    return frozenset(before.keys() ^ after.keys()) - {"modules"}


def _fact(release: Release | ServingRelease, path: str) -> KeyFact | None:
    """What the release's data says of a key, where it is one that FATE reads."""
    for fact in release.changes:
        if any(path == key or path.startswith(f"{key}.") for key in fact.keys):
            return fact
    return None


def _effect(path: str) -> str:
    """What Kubernetes makes of a change of any other key."""
    top, _, rest = path.partition(".")
    if top in _IDENTITY:
        return f"{top} changes: the site must be removed and installed again"
    if rest.partition(".")[0] in _SERVICE_KEYS:
        return f"the Service of {top} changes, nothing restarts"
    if top in _NO_PODS:
        return "the Ingress changes, nothing restarts"
    return f"{top} restarts" if rest else f"{top} changes: all pods restart"


def _known_effect(reader: str, fact: KeyFact, before: object, after: object) -> str:
    by_hand = _told_by_hand(fact, before, after)
    if fact.restart:
        return f"{', '.join(fact.restart)} must be restarted by hand{by_hand}"
    if fact.each_task:
        return f"the next tasks read the routes of {reader}, nothing restarts{by_hand}"
    again = f"{reader} reads its routes again within {fact.seconds} s"
    if fact.restart_removed and any(_entries(before, key).keys() - _entries(after, key) for key in fact.keys):
        return f"{again}, but {', '.join(fact.restart_removed)} must be restarted by hand to forget what is gone"
    return f"{again}, nothing restarts"


def _told_by_hand(fact: KeyFact, before: object, after: object) -> str:
    """The command for each peer whose entry a process has read and keeps, although it is another or none now."""
    if fact.command is None:
        return ""
    stale: set[str] = set()
    for key in fact.keys:
        later = _entries(after, key)
        stale.update(name for name, entry in _entries(before, key).items() if later.get(name) != entry)
    stale.discard(str(before.get("partyId")) if isinstance(before, Mapping) else "")
    if not stale:
        return ""
    if not all(map(str.isdecimal, stale)):  # the default route, by which any party may have been reached
        return f"; run `{fact.command.replace('{party}', '<party>')}` for each other party"
    if len(stale) > _MOST_COMMANDS:
        return f"; run `{fact.command.replace('{party}', '<party>')}` for each entry that changed"
    commands = (fact.command.replace("{party}", name) for name in sorted(stale, key=int))
    return f"; run {' and '.join(f'`{command}`' for command in commands)}"


def _entries(document: object, key: str) -> Mapping[str, object]:
    """The entries of the table at a dotted key, by name; none where there is no table."""
    for step in key.split("."):
        document = document.get(step) if isinstance(document, Mapping) else None
    return {str(name): entry for name, entry in document.items()} if isinstance(document, Mapping) else {}


def _endpoints(site: Mapping[str, Any]) -> Mapping[str, tuple[Endpoint, ...]]:
    """The endpoints of a site in a plan.json, by channel, the one that others are told first."""
    return {
        channel: tuple(Endpoint(each["host"], each["port"]) for each in found)
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
