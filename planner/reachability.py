"""Who could talk with whom before, and who can now: what is lost, gained, and goes another way.

Two sides are compared, each as its written files were read back: every site's route tables, where each site listens,
and who had to talk with whom. A pair talks on a side if it had to there and every message from the first to the second
arrives, on each channel that the first has. A pair that talks on one side only is lost or gained; one that talks on
both, and not the same way, is re-routed.

Nothing walks over pairs that have a route in common. Parties without an entry for each other go through the default
route, so all of them that share one are judged together, once for each destination; only entries are looked at one by
one. A table is kept as two arrays of numbers, since a mesh of a thousand parties has a million entries.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from planner.channels import WORDS, Channel
from planner.lookup import POLLED, Endpoint, Listener, Network, Reason, RouteTable, Trace
from planner.model import Expectation, Site, party_key
from planner.proof import Prover, as_expected
from planner.routes import Topology
from planner.wording import label

EXAMPLES: Final = 3
"""Pairs of a group that are named; the rest is told by number."""
_FEW: Final = 32
"""Groups of parties up to this size are looked at member by member."""
_ELSEWHERE: Final = -1
"""Stands for an endpoint of which each side must be asked."""


class Layer(StrEnum):
    """What two parties talk for."""

    TRAINING = "training"
    SERVING = "serving"


class Fate(StrEnum):
    """What becomes of a pair that talks on one side at least."""

    LOST = "lost"
    REROUTED = "re-routed"
    GAINED = "gained"
    KEPT = "kept"


class Endpoints:
    """A number for each endpoint, the same on both sides."""

    __slots__ = ("_numbers", "known")

    def __init__(self) -> None:
        """Know none."""
        self._numbers: dict[Endpoint, int] = {}
        self.known: list[Endpoint] = []

    def number(self, endpoint: Endpoint) -> int:
        """The number of an endpoint, a new one if it has none."""
        found = self._numbers.get(endpoint)
        if found is None:
            found = self._numbers[endpoint] = len(self.known)
            self.known.append(endpoint)
        return found


@dataclass(frozen=True, slots=True)
class Table:
    """A route table in little space: destinations, and the numbers of their endpoints."""

    own: int | None
    destinations: array[int]
    numbers: array[int]
    default: tuple[Endpoint, ...]
    more: Mapping[int, tuple[Endpoint, ...]]
    domain: str

    @classmethod
    def of(cls, table: RouteTable, endpoints: Endpoints) -> Table:
        """The table as it was read."""
        numbers = array("L", map(endpoints.number, table.entries.values()))
        return cls(table.own, array("q", table.entries), numbers, table.default, dict(table.more), table.domain)

    def entries(self) -> dict[int, int]:
        """The number of the endpoint of each destination that has an entry."""
        return dict(zip(self.destinations, self.numbers, strict=True))

    def read(self, endpoints: Endpoints) -> RouteTable:
        """The table as it was read."""
        entries = {party: endpoints.known[number] for party, number in self.entries().items()}
        return RouteTable(self.own, entries, self.default, self.more, self.domain)


@dataclass(frozen=True, slots=True)
class ReadSite:
    """A site as its files make it: a table on each channel that it sends on, and where it listens.

    `channels` are those it is meant to have; one without a table has no routes. `has_tls` is about rollsite's.
    """

    site: Site
    channels: tuple[Channel, ...]
    tables: Mapping[Channel, Table]
    listeners: Mapping[Channel, Listener]
    has_tls: bool = False


@dataclass(frozen=True)
class Side:
    """One of the two sides.

    `routers` are the sites that pass messages on, by channel. `reached_as` are endpoints that hold for single
    directions, by channel, source and target.
    """

    topologies: Mapping[Layer, Topology]
    sites: Mapping[str, ReadSite]
    routers: Mapping[Channel, frozenset[str]]
    reached_as: Mapping[Channel, Mapping[tuple[str, str], tuple[Endpoint, ...]]]
    endpoints: Endpoints
    _carriers: dict[Channel, _Carrier] = field(default_factory=dict, compare=False, repr=False)

    def carrier(self, channel: Channel) -> _Carrier:
        """What follows messages on a channel."""
        found = self._carriers.get(channel)
        if found is None:
            found = self._carriers[channel] = _Carrier(self, channel)
        return found

    def channels(self, key: str, layer: Layer) -> tuple[Channel, ...]:
        """The channels on which a site sends messages of a layer."""
        known = self.sites.get(key)
        if known is None:
            return ()
        return tuple(each for each in known.channels if (each is Channel.SERVING) == (layer is Layer.SERVING))

    def ways(self, source: int, destination: int, layer: Layer) -> Mapping[Channel, tuple[Trace, ...]]:
        """Every way of a message by the tables, on each channel, whether or not it arrives."""
        key = party_key(source)
        if party_key(destination) not in self.sites:
            return {}
        return {
            channel: self.carrier(channel).traces(self.sites[key], destination) for channel in self.channels(key, layer)
        }


class Way(NamedTuple):
    """The way of a message on one channel: for each branch the sites that answer, at which endpoint, by TLS or not."""

    branches: tuple[tuple[tuple[str | None, Endpoint, bool], ...], ...]
    reason: Reason | None


_NOWHERE: Final = Table(None, array("q"), array("L"), (), {}, "")
_NO_WAY: Final = Way((), Reason.NO_ROUTE)
_Ways = tuple[Way, ...]
"""One on each channel."""


class _Lane:
    """All messages that leave by the same endpoints: the way of each destination, worked out once."""

    __slots__ = ("_carrier", "_domain", "_has_tls", "_hops", "_known")

    def __init__(
        self, carrier: _Carrier, hops: tuple[tuple[Endpoint, str | None], ...], domain: str, *, has_tls: bool
    ) -> None:
        self._carrier, self._hops, self._domain, self._has_tls = carrier, hops, domain, has_tls
        self._known: dict[int, Way] = {}

    def way(self, destination: int) -> Way:
        """The way to a party."""
        found = self._known.get(destination)
        if found is None:
            found = self._known[destination] = self._made(destination)
        return found

    def _made(self, destination: int) -> Way:
        if not self._hops:
            return _NO_WAY
        branches = []
        failure: Reason | None = None
        for endpoint, target in self._hops:
            rest, reason = self._carrier.behind(target, destination, self._domain)
            branches.append(((target, endpoint, self._has_tls), *rest))
            failure = failure or reason
        return Way(tuple(branches), failure)


class _Carrier:
    """One side on one channel."""

    __slots__ = ("_behind", "_dialling", "_lanes", "_prover", "_side", "channel", "network", "routers")

    def __init__(self, side: Side, channel: Channel) -> None:
        self._side, self.channel = side, channel
        listeners = {key: site.listeners[channel] for key, site in side.sites.items() if channel in site.listeners}
        special = side.reached_as.get(channel, {})
        self.network = Network(listeners, special)
        self._dialling = frozenset(source for source, _ in special)
        self.routers: dict[str, RouteTable] = {
            key: side.sites[key].tables[channel].read(side.endpoints)
            for key in side.routers.get(channel, frozenset())
            if key in side.sites and channel in side.sites[key].tables
        }
        layer = Layer.SERVING if channel is Channel.SERVING else Layer.TRAINING
        self._prover = Prover(side.topologies[layer], self.network, self.routers)
        self._lanes: dict[tuple[object, ...], _Lane] = {}
        self._behind: dict[tuple[str, int], tuple[tuple[tuple[str | None, Endpoint, bool], ...], Reason | None]] = {}

    def has_own_endpoints(self, key: str) -> bool:
        """Whether a site dials others where nobody else does."""
        return key in self._dialling

    def traces(self, read: ReadSite, destination: int) -> tuple[Trace, ...]:
        """Every way of one message, hop by hop."""
        packed = read.tables.get(self.channel)
        table = RouteTable(read.site.id, {}) if packed is None else packed.read(self._side.endpoints)
        return self._prover.ways(read.site, table, destination)

    def exact(self, read: ReadSite, table: RouteTable, destination: int) -> Way:
        """The way of one message, without lanes."""
        return self._way(self._prover.ways(read.site, table, destination))

    def lane(self, read: ReadSite, table: Table, endpoints: tuple[Endpoint, ...]) -> _Lane:
        """The lane of the messages that a site sends to these endpoints."""
        site = read.site
        hops = tuple((each, self.network.who_answers(site.key, site.cluster, each)) for each in endpoints)
        key = (hops, table.domain, read.has_tls)
        found = self._lanes.get(key)
        if found is None:
            found = self._lanes[key] = _Lane(self, hops, table.domain, has_tls=read.has_tls)
        return found

    def behind(
        self, target: str | None, destination: int, domain: str
    ) -> tuple[tuple[tuple[str | None, Endpoint, bool], ...], Reason | None]:
        """What becomes of a message behind its first hop."""
        if target is None:
            return (), Reason.NOBODY
        if target == party_key(destination):
            return (), None
        table = self.routers.get(target)
        if table is None:
            return (), Reason.STRANGER
        if not table.find(destination):
            return (), Reason.NO_ROUTE
        if table.domain != domain:
            return (), Reason.UNKNOWN_NAME
        known = self._behind.get((target, destination))
        if known is None:
            way = self._way(self._prover.ways(self._side.sites[target].site, table, destination)[:1])
            known = self._behind[target, destination] = way.branches[0], way.reason
        return known

    def _way(self, traces: Sequence[Trace]) -> Way:
        branches = tuple(
            tuple((hop.target, hop.endpoint, self._side.sites[hop.source].has_tls) for hop in trace.hops)
            for trace in traces
        )
        failure = next((trace.reason for trace in traces if trace.reason is not None), None)
        return _NO_WAY if branches == ((),) else Way(branches, failure)


class Cause(NamedTuple):
    """Why a pair is lost, gained or re-routed: a kind, the site or thing it turns on, and the clause that says so.

    Of some kinds all are told together: `text` then has a place for the parties, `{}`.
    """

    kind: str
    text: str


@dataclass(slots=True)
class Group:
    """Pairs with one fate for one reason: how many, the parties at fault if it is about some, and a few of them."""

    layer: Layer
    fate: Fate
    cause: Cause
    pairs: int = 0
    pivots: set[int] = field(default_factory=set)
    examples: list[tuple[int, int]] = field(default_factory=list)

    def add(self, source: int, destination: int, most: int) -> None:
        """Count one pair."""
        self.pairs += 1
        if len(self.examples) < most:
            self.examples.append((source, destination))


@dataclass(frozen=True, slots=True)
class Judged:
    """An expectation of either side's user: whether it is asked for now, held before, and holds now.

    `is_never` says that the two must not be able to talk. None is a side on which one of the two parties is missing.
    """

    first: int
    second: int
    via: str | None
    is_never: bool
    is_asked: bool
    was_asked: bool
    held: bool | None
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: groups, the most important first, the number of pairs of each fate, and the expectations."""

    groups: tuple[Group, ...]
    counts: Mapping[Fate, int]
    expectations: tuple[Judged, ...]

    @property
    def is_worse(self) -> bool:
        """Whether something that held before does not hold now, or not the same way."""
        return bool(self.counts[Fate.LOST] or self.counts[Fate.REROUTED] or any(map(is_broken, self.expectations)))

    def of(self, fate: Fate) -> tuple[Group, ...]:
        """The groups of one fate."""
        return tuple(group for group in self.groups if group.fate is fate)


def is_broken(judged: Judged) -> bool:
    """Whether an expectation held before and does not hold now."""
    return judged.was_asked and judged.held is True and judged.holds is False


def compare(before: Side, after: Side, *, most: int = EXAMPLES) -> Difference:
    """Compare two sides that share their numbers of endpoints; of each group at most `most` pairs are named."""
    groups: list[Group] = []
    counts = dict.fromkeys(Fate, 0)
    for layer in Layer:
        comparison = _Comparison(before, after, layer, most)
        comparison.run()
        for group in comparison.groups.values():
            counts[group.fate] += group.pairs
            if group.fate is not Fate.KEPT and group.pairs:
                group.examples = sorted(group.examples)[:most]
                groups.append(group)
    order = list(Fate)
    groups.sort(key=lambda each: (order.index(each.fate), each.layer, -each.pairs, each.cause))
    return Difference(tuple(groups), counts, tuple(_expectations(before, after)))


@dataclass(slots=True)
class _Party:
    """A party on one side: whom it must talk with, and what its messages go by."""

    read: ReadSite | None
    channels: tuple[Channel, ...]
    large: tuple[frozenset[int], ...]
    everyone: frozenset[int]
    few: frozenset[int]
    never: frozenset[int]
    carriers: tuple[_Carrier, ...]
    tables: tuple[Table, ...]
    lanes: tuple[_Lane, ...]
    is_router: bool
    has_own_endpoints: bool
    read_tables: dict[int, RouteTable] = field(default_factory=dict)

    def must(self, destination: int) -> bool:
        """Whether it must talk with another party."""
        return (destination in self.everyone or destination in self.few) and destination not in self.never


class _Combination:
    """All parties whose default routes and large groups are the same ones, on both sides."""

    __slots__ = ("apart", "fates", "first", "number")

    def __init__(self, fates: Mapping[int, tuple[Fate, Cause, int | None]]) -> None:
        self.fates = fates
        self.number = 0
        self.apart: dict[int, int] = {}
        self.first: list[tuple[int, frozenset[int]]] = []


class _Comparison:
    """The comparison of one layer."""

    def __init__(self, before: Side, after: Side, layer: Layer, most: int) -> None:
        self.sides, self.layer, self.most = (before, after), layer, most
        self.groups: dict[tuple[Fate, Cause], Group] = {}
        self._known: dict[tuple[int, tuple[frozenset[int], ...]], frozenset[int]] = {}
        self._changed: dict[tuple[object, object], frozenset[int]] = {}
        self._combinations: dict[tuple[object, ...], _Combination] = {}
        self._plain: dict[Channel, list[int]] = {}

    def run(self) -> None:
        """Count every pair."""
        parties = {party for side in self.sides for party in side.topologies[self.layer].groups_of}
        for party in sorted(parties):
            self._party(party, *(self._on(side, party) for side in self.sides))
        for combination in self._combinations.values():
            self._close(combination)

    def _on(self, side: Side, party: int) -> _Party:
        topology, key = side.topologies[self.layer], party_key(party)
        groups = topology.groups_of.get(party, ())
        read = side.sites.get(key) if groups else None
        channels = side.channels(key, self.layer) if read is not None else ()
        large = tuple(group for group in groups if len(group) > _FEW)
        few = frozenset[int]().union(*(group for group in groups if len(group) <= _FEW)) - {party}
        carriers = tuple(side.carrier(channel) for channel in channels)
        tables: tuple[Table, ...] = ()
        lanes: tuple[_Lane, ...] = ()
        if read is not None:
            tables = tuple(read.tables.get(channel, _NOWHERE) for channel in channels)
            lanes = tuple(
                carrier.lane(read, table, table.default) for carrier, table in zip(carriers, tables, strict=True)
            )
        return _Party(
            read=read,
            channels=channels,
            large=large,
            everyone=self._everyone(side, large),
            few=few,
            never=topology.never_of.get(party, frozenset()) | {party},
            carriers=carriers,
            tables=tables,
            lanes=lanes,
            is_router=any(key in carrier.routers for carrier in carriers),
            has_own_endpoints=any(carrier.has_own_endpoints(key) for carrier in carriers),
        )

    def _everyone(self, side: Side, groups: tuple[frozenset[int], ...]) -> frozenset[int]:
        key = id(side), groups  # equal sets of the two sides must not meet: they would be compared member by member
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = groups[0] if len(groups) == 1 else frozenset[int]().union(*groups)
        return known

    def _party(self, party: int, old: _Party, new: _Party) -> None:
        """All pairs of which `party` is the first."""
        both = [[table.entries() for table in side.tables] for side in (old, new)]
        special = {party, *old.never, *new.never, *old.few, *new.few}
        if old.is_router or new.is_router:
            special |= old.everyone | new.everyone
        else:
            for side in both:
                for entries in side:
                    special.update(entries)
        if old.everyone or new.everyone:
            self._combine(party, special, old, new)
        special -= old.never & new.never
        looked_at = self._looked_at(special, old, new, both)
        if looked_at is not special:
            self._add_kept(len((special & old.everyone | special & old.few) - looked_at))
        for destination in sorted(looked_at):
            ways = [
                self._ways(side, entries, destination) if side.must(destination) else None
                for side, entries in zip((old, new), both, strict=True)
            ]
            told = self._told(party, destination, old, new, ways)
            if told is not None:
                fate, cause, pivots = told
                group = self._group(fate, cause)
                group.add(party, destination, self.most)
                group.pivots.update(pivots)

    def _add_kept(self, number: int) -> None:
        if number:
            self._group(Fate.KEPT, _AS_BEFORE).pairs += number

    def _group(self, fate: Fate, cause: Cause) -> Group:
        found = self.groups.get((fate, cause))
        if found is None:
            found = self.groups[fate, cause] = Group(self.layer, fate, cause)
        return found

    def _looked_at(
        self, special: set[int], old: _Party, new: _Party, both: Sequence[Sequence[Mapping[int, int]]]
    ) -> set[int]:
        """The destinations of `special` that must be judged one by one: of all others the way is what it was."""
        if old.read is None or new.read is None or old.channels != new.channels:
            return special
        if any(side.is_router or side.has_own_endpoints or _has_alternatives(side) for side in (old, new)):
            return special
        if old.read.has_tls != new.read.has_tls:
            return special
        found = special & self._joining(old, new) | (old.few ^ new.few) | (old.never ^ new.never)
        for number, channel in enumerate(old.channels):
            before, after = both[0][number], both[1][number]
            plain = self._plain_endpoints(channel)
            if before == after:
                found.update([party for party, at in after.items() if plain[at] != party])
            else:
                found.update([party for party, at in after.items() if before.get(party) != at or plain[at] != party])
                found.update(before.keys() - after.keys())
            rest = special - after.keys() - before.keys() - found
            lanes = old.lanes[number], new.lanes[number]
            found.update([party for party in rest if not _is_same(lanes[0].way(party), lanes[1].way(party))])
        return found & special

    def _joining(self, old: _Party, new: _Party) -> frozenset[int]:
        """The parties that are in the large groups of one side only."""
        known = self._changed.get((old.large, new.large))
        if known is None:
            known = self._changed[old.large, new.large] = old.everyone ^ new.everyone
        return known

    def _plain_endpoints(self, channel: Channel) -> list[int]:
        """For each endpoint the party that answers there on both sides, whoever dials it."""
        known = self._plain.get(channel)
        if known is None:
            first, second = (side.carrier(channel).network for side in self.sides)
            known = self._plain[channel] = []
            for endpoint in self.sides[0].endpoints.known:
                target = first.who_answers("", "", endpoint)
                is_plain = target is not None and target == second.who_answers("", "", endpoint)
                known.append(_number(target) if is_plain else _ELSEWHERE)
        return known

    def _ways(self, side: _Party, entries: Sequence[Mapping[int, int]], destination: int) -> _Ways:
        """The ways of one message, a channel each; none where the party or the channel has no files."""
        if side.read is None:
            return ()
        return tuple(
            self._way(side, number, entries[number].get(destination), destination)
            for number in range(len(side.channels))
        )

    def _way(self, side: _Party, number: int, at: int | None, destination: int) -> Way:
        carrier, table, read = side.carriers[number], side.tables[number], side.read
        if read is None:
            return _NO_WAY
        known = self.sides[0].endpoints.known
        if side.is_router or (at is not None and known[at] == POLLED):
            whole = side.read_tables.get(number)
            if whole is None:
                whole = side.read_tables[number] = table.read(self.sides[0].endpoints)
            return carrier.exact(read, whole, destination)
        if at is None:
            return side.lanes[number].way(destination)
        return carrier.lane(read, table, (known[at], *table.more.get(destination, ()))).way(destination)

    def _told(
        self, party: int, destination: int, old: _Party, new: _Party, ways: Sequence[_Ways | None]
    ) -> tuple[Fate, Cause, tuple[int, ...]] | None:
        """What becomes of a pair, why, and the parties at fault; None where it talks on neither side."""
        before, after = ways
        had, has = _arrives(before), _arrives(after)
        if not had and not has:
            return None
        if had and has and before is not None and after is not None:
            if old.channels == new.channels and before == after:
                return Fate.KEPT, _AS_BEFORE, ()
            return Fate.REROUTED, _other_way(self.layer, destination, (old, new), (before, after)), ()
        fate, missing, other = (Fate.LOST, 1, after) if had else (Fate.GAINED, 0, before)
        absent = tuple(each for each in (party, destination) if party_key(each) not in self.sides[missing].sites)
        if absent:
            return fate, _ABSENT[fate], absent
        return fate, _apart(fate, other), ()

    def _combine(self, party: int, special: set[int], old: _Party, new: _Party) -> None:
        """Let a party's pairs beyond `special` be judged with those of all parties like it."""
        is_here = tuple(party_key(party) in side.sites for side in self.sides)
        key = (old.lanes, new.lanes, old.large, new.large, old.channels, new.channels, is_here)
        found = self._combinations.get(key)
        if found is None:
            fates: dict[int, tuple[Fate, Cause, int | None]] = {}
            for destination in old.everyone | new.everyone:
                ways = [
                    tuple(lane.way(destination) for lane in side.lanes) if destination in side.everyone else None
                    for side in (old, new)
                ]
                told = self._told(party, destination, old, new, ways)
                if told is not None:
                    fate, cause, pivots = told
                    fates[destination] = fate, cause, destination if destination in pivots else None
            found = self._combinations[key] = _Combination(fates)
        if found.fates:
            found.number += 1
            for destination in special:
                if destination in found.fates:
                    found.apart[destination] = found.apart.get(destination, 0) + 1
            if len(found.first) < self.most + 1 or not all(is_here):
                found.first.append((party, frozenset(special) if len(found.first) < self.most + 1 else frozenset()))

    def _close(self, combination: _Combination) -> None:
        """Count what the parties of a combination have in common."""
        by_group: dict[int, tuple[Group, list[int]]] = {}
        gone = [party for party, _ in combination.first]
        for destination, (fate, cause, pivot) in combination.fates.items():
            pairs = combination.number - combination.apart.get(destination, 0)
            if pairs:
                group = self._group(fate, cause)
                group.pairs += pairs
                by_group.setdefault(id(group), (group, []))[1].append(destination)
                if pivot is not None:
                    group.pivots.add(pivot)
        for group, destinations in by_group.values():
            if group.fate is Fate.KEPT:
                continue
            if group.cause in _ABSENT.values():
                missing = self.sides[1 if group.fate is Fate.LOST else 0].sites
                group.pivots.update(party for party in gone if party_key(party) not in missing)
            destinations.sort()
            for party, special in combination.first[: self.most + 1]:
                some = _first(destinations, special, self.most)
                group.examples += [(party, destination) for destination in some]


def _first(destinations: Iterable[int], special: frozenset[int], most: int) -> Iterator[int]:
    """The first destinations that are not special."""
    for destination in destinations:
        if most <= 0:
            return
        if destination not in special:
            most -= 1
            yield destination


_AS_BEFORE: Final = Cause("kept", "as before")
_ABSENT: Final[Mapping[Fate, Cause]] = {
    Fate.LOST: Cause("absent", "{} gone"),
    Fate.GAINED: Cause("absent", "{} new"),
}
_UNASKED: Final[Mapping[Fate, Cause]] = {
    Fate.LOST: Cause("unasked", "no shape has the two any more"),
    Fate.GAINED: Cause("unasked", "no shape had the two before"),
}


def _has_alternatives(side: _Party) -> bool:
    """Whether an entry has more than one endpoint."""
    return any(table.more for table in side.tables)


def _number(key: str | None) -> int:
    """The id of a party by its key; of no party for an exchange."""
    kind, _, number = (key or "").partition("-")
    return int(number) if kind == "party" else _ELSEWHERE


def _is_same(before: Way, after: Way) -> bool:
    return before.reason is None and before == after


def _arrives(ways: _Ways | None) -> bool:
    return bool(ways) and all(way.reason is None for way in ways or ())


def _apart(fate: Fate, ways: _Ways | None) -> Cause:
    """Why a pair does not talk on the side on which it has both parties."""
    if ways is None:
        return _UNASKED[fate]
    failing = next((way for way in ways if way.reason is not None), None)
    when = "now" if fate is Fate.LOST else "before"
    if failing is None or failing.reason is None:
        return Cause("unread", f"the sender has no route table {when}")
    hops = next((hops for hops in failing.branches if hops), ())
    where = f" at {hops[-1][1]}" if hops and failing.reason in {Reason.NOBODY, Reason.STRANGER} else ""
    if failing.reason is Reason.NO_ROUTE and hops:
        where = f" at {label(hops[-1][0] or '')}"
    return Cause("broken", f"{when}: {failing.reason}{where}")


def _other_way(layer: Layer, destination: int, sides: tuple[_Party, _Party], ways: tuple[_Ways, _Ways]) -> Cause:
    """What is different about two ways that both arrive."""
    old, new = sides
    if old.channels != new.channels:
        names = [" and ".join(dict.fromkeys(map(str, side.channels))) for side in sides]
        return Cause("channel", f"over {names[1]} instead of {names[0]}")
    number = next(number for number in range(len(old.channels)) if ways[0][number] != ways[1][number])
    before, after = ways[0][number], ways[1][number]
    where = WORDS[old.channels[number]]
    words = f", {where}" if where and layer is Layer.TRAINING else ""
    goal = party_key(destination)
    passed = [_passed(way, goal) for way in (before, after)]
    if passed[0] != passed[1]:
        return Cause("way", f"{passed[1]} instead of {passed[0]}{words}")
    for one, other in zip(before.branches, after.branches, strict=True):
        for was, now in zip(one, other, strict=True):
            if was == now:
                continue
            if was[2] != now[2]:
                return Cause("tls", f"TLS is {'on' if now[2] else 'off'} now{words}")
            who = label(now[0] or "")
            if POLLED in {was[1], now[1]}:
                is_client = now[1] == POLLED
                return Cause("polling", f"{who} {'polls' if is_client else 'no longer polls'}{words}")
            return Cause("endpoint", f"{who} is dialled at another endpoint{words}")
    return Cause("way", f"another way{words}")


def _passed(way: Way, goal: str) -> str:
    """What a message passes before it arrives, in words."""
    through = [" and ".join(label(hop[0] or "") for hop in branch if hop[0] != goal) for branch in way.branches]
    named = " or ".join(dict.fromkeys(each for each in through if each))
    return f"through {named}" if named else "directly"


def _expectations(before: Side, after: Side) -> Iterator[Judged]:
    """What either side's user expects, judged on both sides."""
    asked = [_asked(side.topologies[Layer.TRAINING]) for side in (before, after)]
    for key in sorted({*asked[0], *asked[1]}, key=lambda each: (each[3], *each[:2], each[2] or "")):
        first, second, via, is_never = key
        held, holds = (_holds(side, first, second, via, is_never=is_never) for side in (before, after))
        yield Judged(first, second, via, is_never, key in asked[1], key in asked[0], held, holds)


def _asked(topology: Topology) -> frozenset[tuple[int, int, str | None, bool]]:
    federation = topology.federation
    pairs = {(min(each.first, each.second), max(each.first, each.second), None, True) for each in federation.never}
    expects = {(each.first, each.second, each.via, False) for each in federation.expects}
    return frozenset({*pairs, *expects})


def _holds(side: Side, first: int, second: int, via: str | None, *, is_never: bool) -> bool | None:
    """Whether an expectation holds on a side, in both directions and on every channel."""
    if any(party_key(party) not in side.sites for party in (first, second)):
        return None
    layers = tuple(Layer) if is_never else (Layer.TRAINING,)
    found = [
        trace
        for layer in layers
        for pair in ((first, second), (second, first))
        for traces in side.ways(*pair, layer).values()
        for trace in traces
    ]
    if is_never:
        return all(trace.reason is not None for trace in found)
    return bool(found) and all(as_expected(trace, Expectation(first, second, via)) for trace in found)
