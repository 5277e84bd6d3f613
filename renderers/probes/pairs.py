"""What probes say about pairs: whose way is open, which sentence closes it, and what nobody could look at.

A way is what `planner.proof` makes of the route tables: hops from site to site. A probe concerns every pair whose way
has its hop, or passes its site. Pairs are never gone through one by one: what holds for all messages of a site, or for
all that go on from an exchange, is worked out once, so that the cost grows with the routes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal

from planner.channels import CONTROL, OWN, Channel
from planner.lookup import POLLED, Endpoint, RouteTable, Trace
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.proof import Prover
from planner.routes import Topology
from planner.toy_schedule import Pair
from planner.wording import label
from renderers.probes.probe import ProbeOutcome, Truth

Concern = Literal["hop", "peer", "table", "end", "site"]
CONCERNS: Final[Mapping[str, Concern]] = {
    "namespace-exists": "site",
    "tables-planned": "table",
    "table-read": "table",
    "components-answer": "site",
    "fateflow-answers": "end",
    "mysql-takes-login": "end",
    "nginx-finds-fateflow": "end",
    "pulsar-peers": "peer",
    "broker-links": "peer",
    "peer-accepts": "hop",
    "peer-speaks-tls": "hop",
    "peer-certificate": "hop",
    "peer-answers": "peer",
}
"""Which sorts decide on ways: of one hop, of the way to one party, of all that a site's table leads to, of all that
begins or ends at a site, and of all that passes it. What no sort here says leaves every way open, and so does what is
said of no peer by one that asks about many: the broken link of one job, for example."""
SERVING_CONCERNS: Final[Mapping[str, Concern]] = {"namespace-exists": "site", "serving-peers": "hop"}
"""The same for what the parties' serving says to each other."""
CLOSED: Final[Mapping[Concern, str]] = {
    "hop": "the ways that take this hop",
    "peer": "the ways to each party that it finds cut off",
    "table": "the ways that take the entry, or all that the table leads to",
    "end": "the ways that begin or end at the site",
    "site": "the ways that pass the site",
}
"""What a false sentence of each concern closes, in words."""
_DATA: Final = frozenset({Channel.ROLLSITE, Channel.RABBITMQ, Channel.PULSAR})
"""What carries the data of a job: it flows both ways, whoever began."""
_HANGING: Final = frozenset({"peer-accepts", "pulsar-peers", "broker-links"})
"""Sorts whose false sentences about a way let a job on it hang."""
_MOST_SOME: Final = 3
TablesOf = Callable[[PlannedSite], Mapping[Channel, RouteTable]]


@dataclass(frozen=True, slots=True, eq=False)
class Obstacle:
    """Why a way is not known to be open: a probe of a site that is false, or something that could not be found out."""

    site: str
    reason: str
    outcome: ProbeOutcome | None = None

    @property
    def where(self) -> str:
        """The hop or the site: `party 9999 -> exchange hub (192.168.9.1:30000)`."""
        probe = None if self.outcome is None else self.outcome.probe
        if probe is None or not probe.peer:
            return label(self.site)
        endpoint = f" ({probe.endpoint})" if probe.endpoint is not None else ""
        return f"{label(probe.site)} -> {label(probe.peer)}{endpoint}"

    @property
    def doubt(self) -> str:
        """Of which site it is not known, why, and what, as a clause; the same for all that its site dials."""
        sort = "" if self.outcome is None else f" ({self.outcome.probe.sort.id})"
        return f"{label(self.site)}: {self.reason}{sort}"

    @property
    def is_false(self) -> bool:
        """Whether the way is known to be closed."""
        return self.outcome is not None and self.outcome.said.truth is Truth.FALSE

    @property
    def is_closed(self) -> bool:
        """Whether it is known to let a job hang: an endpoint that accepts no connection, or that nobody dials."""
        return self.is_false and self.outcome is not None and self.outcome.probe.sort.id in _HANGING


@dataclass(slots=True)
class Evidence:
    """Obstacles by what they concern: hops by site and endpoint, ways to a party by site and that party."""

    hops: dict[str, dict[Endpoint, Obstacle]] = field(default_factory=dict)
    peers: dict[str, dict[str, Obstacle]] = field(default_factory=dict)
    dials: dict[str, dict[str, Obstacle]] = field(default_factory=dict)
    """Hops again, by site and the site that is dialled: who polls dials where nobody dials it."""
    tables: dict[str, Obstacle] = field(default_factory=dict)
    ends: dict[str, Obstacle] = field(default_factory=dict)
    sites: dict[str, Obstacle] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in any way."""
        return not (self.hops or self.peers or self.tables or self.ends or self.sites)

    def add(self, concern: Concern, obstacle: Obstacle) -> None:
        """Take up what is in the way; of two at one place the first stays, unless one accepts no connection at all."""
        site = obstacle.site
        probe = None if obstacle.outcome is None else obstacle.outcome.probe
        if concern in {"hop", "table"} and probe is not None and probe.endpoint is not None:
            known = self.hops.setdefault(site, {}).get(probe.endpoint)
            if known is None or (obstacle.is_closed and not known.is_closed):
                self.hops[site][probe.endpoint] = obstacle
            self.dials.setdefault(site, {}).setdefault(probe.peer, obstacle)
        elif concern in {"hop", "peer"} and probe is not None and probe.peer:
            self.peers.setdefault(site, {}).setdefault(probe.peer, obstacle)
        elif concern == "table":
            self.tables.setdefault(site, obstacle)
        elif concern == "end":
            self.ends.setdefault(site, obstacle)
        else:
            self.sites.setdefault(site, obstacle)


def evidence(
    outcomes: Iterable[ProbeOutcome],
    unseen: Mapping[str, str],
    concerns: Mapping[str, Concern] = CONCERNS,
    *,
    false_alone: bool,
) -> Evidence:
    """What is in the way by these outcomes; with `unseen`, sites that could not be probed and why.

    With `false_alone` what is not known is left out.
    """
    found = Evidence()
    wanted = {Truth.FALSE} if false_alone else {Truth.FALSE, Truth.UNKNOWN, Truth.HELD}
    for outcome in outcomes:
        concern = concerns.get(outcome.probe.sort.id)
        if concern is None or outcome.said.truth not in wanted:
            continue
        if concern == "peer" and not outcome.probe.peer:
            for peer in outcome.said.peers:
                about = replace(outcome, probe=replace(outcome.probe, peer=peer))
                found.add(concern, Obstacle(outcome.probe.site, outcome.said.reason, about))
        else:
            found.add(concern, Obstacle(outcome.probe.site, outcome.said.reason, outcome))
    if not false_alone:
        for key, why in unseen.items():
            found.add("site", Obstacle(key, why))
    return found


@dataclass(slots=True, eq=False)
class _Reach:
    """What is in the way of messages from one site on one channel: for all of them, by party, or for all others.

    `onward` are the routers to which messages for single parties go, `otherwise` those for all parties without entry.
    Routers dial each other, so what one reaches is looked up in the other when it is asked for, and never copied.
    A router may be a party itself (`own`), which others poll: a message for it has arrived and needs no table.
    """

    everything: Obstacle | None = None
    own: int | None = None
    special: dict[int, Obstacle] = field(default_factory=dict)
    onward: dict[int, _Reach] = field(default_factory=dict)
    entries: Collection[int] = ()
    otherwise: tuple[_Reach, ...] = ()

    def to(self, party: int, passed: tuple[_Reach, ...] = ()) -> Obstacle | None:
        """What is in the way of a message to this party, which has passed these already."""
        if party == self.own:
            return None
        if self.everything is not None or self in passed:
            return self.everything
        found = self.special.get(party)
        if found is not None:
            return found
        on = (self.onward[party],) if party in self.onward else () if party in self.entries else self.otherwise
        return next((each for reach in on if (each := reach.to(party, (*passed, self))) is not None), None)

    def candidates(self, passed: tuple[_Reach, ...] = ()) -> set[int] | None:
        """The parties to which something may be in the way; None when these are all."""
        if self.everything is not None:
            return None
        found = {*self.special, *(party for party, reach in self.onward.items() if reach.to(party) is not None)}
        for reach in self.otherwise:
            more = set[int]() if reach in passed else reach.candidates((*passed, self))
            if more is None:
                return None
            found |= more
        return found


@dataclass(slots=True)
class Ways:
    """The ways of all pairs that must talk by one topology."""

    plan: Plan
    topology: Topology
    channels: Sequence[Channel]
    tables_of: TablesOf
    _provers: dict[Channel, Prover] = field(init=False)
    _routers: dict[Channel, dict[str, RouteTable]] = field(init=False)

    def __post_init__(self) -> None:
        """Look up the tables through which messages of others pass."""
        self._routers = {channel: {} for channel in self.channels}
        for planned in self.plan.sites:
            passing = [channel for channel in self.channels if self.plan.is_router(planned, channel)]
            tables = self.tables_of(planned) if passing else {}
            for channel in passing:
                if channel in tables:
                    self._routers[channel][planned.key] = tables[channel]
        self._provers = {
            channel: Prover(self.topology, self.plan.network(channel), tables)
            for channel, tables in self._routers.items()
        }

    def spoken(self, planned: PlannedSite) -> tuple[Channel, ...]:
        """The channels that decide whether a site's messages arrive: of nginx's two the one that FATE-Flow speaks.

        Where there are both it speaks http (components.md: `fateflow.protocol: default` is http for nginx).
        """
        found = tuple(channel for channel in planned.channels if channel in self.channels)
        has_both = set(CONTROL) <= set(found)
        return tuple(channel for channel in found if not (has_both and channel is Channel.NGINX_GRPC))

    def traces(self, pair: Pair) -> Iterator[tuple[Channel, Trace]]:
        """The ways of messages from the first party to the second, by channel."""
        planned = self.plan.by_key[party_key(pair[0])]
        tables = self.tables_of(planned)
        for channel in self.spoken(planned):
            if channel in tables:
                for found in self._provers[channel].ways(planned.site, tables[channel], pair[1]):
                    yield channel, found

    def sites(self, pair: Pair) -> tuple[str, ...]:
        """The sites on the ways of a pair, both directions; by key, the two parties first."""
        found = dict.fromkeys(map(party_key, pair))
        for each in (pair, (pair[1], pair[0])):
            for _, trace in self.traces(each):
                found.update((hop.target, None) for hop in trace.hops if hop.target is not None)
        return tuple(found)

    def hops(self, pair: Pair) -> frozenset[tuple[str, Endpoint]]:
        """The site and the endpoint of every hop between two parties, both directions."""
        both = (pair, (pair[1], pair[0]))
        return frozenset(
            (hop.source, hop.endpoint) for each in both for _, way in self.traces(each) for hop in way.hops
        )

    def obstacles(self, pair: Pair, found: Evidence) -> Iterator[Obstacle]:
        """Everything that is in the way from the first party to the second, each once."""
        yield from dict.fromkeys(each for _, each in self._in_the_way(pair, found))

    def closing(self, pair: Pair, found: Evidence) -> Obstacle | None:
        """What is known to keep a job of these two from ending well, so that it need not be tried.

        That is an endpoint which accepts no connection: on the way to the host, or on the data's way back.
        """
        back = ((channel, each) for channel, each in self._in_the_way((pair[1], pair[0]), found) if channel in _DATA)
        for _, each in (*self._in_the_way(pair, found), *back):
            if each.is_closed:
                return each
        return None

    def _in_the_way(self, pair: Pair, found: Evidence) -> Iterator[tuple[Channel | None, Obstacle]]:
        first, second = map(party_key, pair)
        own = (found.sites.get(first), found.ends.get(first))
        yield from ((None, each) for each in own if each is not None)
        for channel, way in self.traces(pair):
            for hop in way.hops:
                dialled = found.hops.get(hop.source, {}).get(hop.endpoint)
                if hop.endpoint == POLLED and hop.target is not None:
                    dialled = found.dials.get(hop.target, {}).get(hop.source)
                passed = None if hop.target is None else found.sites.get(hop.target)
                for each in (found.tables.get(hop.source), dialled, passed):
                    if each is not None:
                        yield channel, each
        last = (found.ends.get(second), found.peers.get(first, {}).get(second))
        yield from ((None, each) for each in last if each is not None)

    # All pairs

    def not_open(self, found: Evidence) -> Iterator[tuple[Obstacle, int, tuple[Pair, ...]]]:
        """By what is in the way: how many pairs are not known to be open, and some of them; one thing may come twice.

        Parties whose messages all go on from the same exchanges are taken together.
        """
        if found.is_empty:
            return
        behind: dict[tuple[Channel, str], _Reach] = {}
        down = {number: each for number in self.topology.groups_of if (each := _at_the_end(found, number)) is not None}
        alike: dict[object, tuple[list[int], list[_Reach]]] = {}
        for party in sorted(self.topology.groups_of):
            planned = self.plan.by_key[party_key(party)]
            everything = down.get(party)
            reaches = [] if everything is not None else list(self._reaches(planned, found, behind))
            everything = everything or next((each.everything for each in reaches if each.everything is not None), None)
            if everything is not None:
                some = tuple((party, other) for other in sorted(self.topology.partners(party))[:_MOST_SOME])
                yield everything, self.topology.count_partners(party), some
                continue
            groups = self.topology.groups_of[party]
            peers = {self.plan.by_key[key].id: each for key, each in found.peers.get(planned.key, {}).items()}
            if peers or len(groups) > 1 or party in self.topology.never_of or any(each.entries for each in reaches):
                yield from self._tallied([party], self._others(party, reaches, down, peers))
            else:
                ways_on = tuple(id(reach) for each in reaches for reach in each.otherwise)
                alike.setdefault((groups[0], ways_on), ([], reaches))[0].append(party)
        for parties, reaches in alike.values():
            yield from self._tallied(parties, self._others(parties[0], reaches, down, {}))

    def _others(
        self, party: int, reaches: Sequence[_Reach], down: Mapping[int, Obstacle], peers: Mapping[int, Obstacle]
    ) -> Mapping[Obstacle, Sequence[int]]:
        """By what is in the way: the parties that messages of one party do not come to, itself among them if it is."""
        found: dict[Obstacle, list[int]] = {}
        for other in sorted(self._candidates(party, reaches, {*down, *peers})):
            each = next((each for reach in reaches if (each := reach.to(other)) is not None), None)
            each = each or down.get(other) or peers.get(other)
            if each is not None and (other == party or self.topology.must_talk(party, other)):
                found.setdefault(each, []).append(other)
        return found

    @staticmethod
    def _tallied(
        parties: Sequence[int], others: Mapping[Obstacle, Sequence[int]]
    ) -> Iterator[tuple[Obstacle, int, tuple[Pair, ...]]]:
        own = set(parties)
        for obstacle, found in others.items():
            number = len(own) * len(found) - sum(other in own for other in found)
            if number:
                pairs = ((party, other) for party in parties for other in found if other != party)
                yield obstacle, number, tuple(islice(pairs, _MOST_SOME))

    def _candidates(self, party: int, reaches: Iterable[_Reach], known: set[int]) -> Collection[int]:
        for reach in reaches:
            more = reach.candidates()
            if more is None:
                return self.topology.partners(party)
            known |= more
        return known

    def _reaches(
        self, planned: PlannedSite, found: Evidence, behind: dict[tuple[Channel, str], _Reach]
    ) -> Iterator[_Reach]:
        """What is in the way of a party's own messages, by channel; nothing where that is plain without its tables."""
        if not any(self._routers.values()) and planned.key not in found.hops and planned.key not in found.tables:
            return
        tables = self.tables_of(planned)
        for channel in self.spoken(planned):
            if channel in tables:
                yield self._reach(planned, channel, tables[channel], found, behind)

    def _reach(
        self,
        planned: PlannedSite,
        channel: Channel,
        table: RouteTable,
        found: Evidence,
        behind: dict[tuple[Channel, str], _Reach],
    ) -> _Reach:
        """What is in the way of a site's messages by its table."""
        reach = _Reach(found.tables.get(planned.key), entries=table.entries.keys())
        if reach.everything is None:
            self._fill(reach, planned, channel, table, found, behind)
        return reach

    def _fill(
        self,
        reach: _Reach,
        planned: PlannedSite,
        channel: Channel,
        table: RouteTable,
        found: Evidence,
        behind: dict[tuple[Channel, str], _Reach],
    ) -> None:
        key, network = planned.key, self.plan.network(channel)
        hops = found.hops.get(key, {})
        for destination, endpoint in table.entries.items():
            if endpoint == POLLED:
                dialled = found.dials.get(party_key(destination), {}).get(key)
            else:
                dialled = next((hops[e] for e in (endpoint, *table.more.get(destination, ())) if e in hops), None)
            if dialled is not None:
                reach.special[destination] = dialled
            elif self._routers[channel] and endpoint != POLLED:
                for each in (endpoint, *table.more.get(destination, ())):
                    target = network.who_answers(key, planned.site.cluster, each)
                    if target != party_key(destination):
                        reach.onward[destination] = self._behind(target, channel, found, behind)
        for endpoint in table.default:
            if endpoint in hops:
                reach.otherwise += (_Reach(hops[endpoint]),)
            else:
                target = network.who_answers(key, planned.site.cluster, endpoint)
                reach.otherwise += (self._behind(target, channel, found, behind),)
        if not table.entries:
            known = (each.everything for each in reach.otherwise if each.own is None)
            reach.everything = next((each for each in known if each is not None), None)

    def _behind(
        self, router: str | None, channel: Channel, found: Evidence, behind: dict[tuple[Channel, str], _Reach]
    ) -> _Reach:
        """What is in the way of messages that have come to a router; worked out once."""
        key = (channel, router or "")
        known = behind.get(key)
        if known is None:
            known = behind[key] = _Reach()
            table = self._routers[channel].get(key[1])
            if table is not None:
                site = self.plan.by_key[key[1]].site
                known.own = site.id if site.kind == "party" else None
                known.everything = found.sites.get(key[1]) or found.tables.get(key[1])
                known.entries = table.entries.keys()
            if table is not None and known.everything is None:
                self._fill(known, self.plan.by_key[key[1]], channel, table, found, behind)
        return known


def _at_the_end(found: Evidence, party: int) -> Obstacle | None:
    """What is in the way of all messages that begin or end at a party."""
    key = party_key(party)
    return found.sites.get(key) or found.ends.get(key)


@dataclass(frozen=True, slots=True)
class Closed:
    """A sentence that is not true, how many pairs cannot talk for it, and some of these."""

    outcome: ProbeOutcome
    pairs: int
    some: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What probes say about all pairs that must talk."""

    pairs: int
    closed: tuple[Closed, ...] = ()
    unchecked: int = 0
    reasons: tuple[str, ...] = ()
    """Why pairs are unchecked, each clause once."""

    @property
    def shut(self) -> int:
        """How many ways are known to be closed."""
        return sum(each.pairs for each in self.closed)

    @property
    def open(self) -> int:
        """How many ways were found open, hop by hop."""
        return self.pairs - self.shut - self.unchecked


def training_ways(plan: Plan, tables_of: TablesOf) -> Ways:
    """The ways of training: control and data."""
    channels = [each for each in plan.channels if each is not Channel.SERVING and each not in OWN]
    return Ways(plan, plan.topology, channels, tables_of)


def serving_ways(plan: Plan, tables_of: TablesOf) -> Ways:
    """The ways of FATE-Serving."""
    return Ways(plan, plan.served, [Channel.SERVING], tables_of)


def verdicts(
    ways: Ways,
    outcomes: Sequence[ProbeOutcome],
    unseen: Mapping[str, str],
    concerns: Mapping[str, Concern] = CONCERNS,
) -> Verdicts:
    """What the probes say about every pair that must talk: known to be closed, else unchecked, else open."""
    sure = evidence(outcomes, unseen, concerns, false_alone=True)
    all_of_it = evidence(outcomes, unseen, concerns, false_alone=False)
    return _summed(ways.topology.count_pairs(), ways.not_open(sure), ways.not_open(all_of_it))


def verdicts_on(
    ways: Ways, pairs: Collection[Pair], outcomes: Sequence[ProbeOutcome], unseen: Mapping[str, str]
) -> Verdicts:
    """The same about some pairs alone."""

    def not_open(found: Evidence) -> Iterator[tuple[Obstacle, int, tuple[Pair, ...]]]:
        for pair in pairs:
            yield from ((obstacle, 1, (pair,)) for obstacle in islice(ways.obstacles(pair, found), 1))

    sure, all_of_it = (evidence(outcomes, unseen, false_alone=alone) for alone in (True, False))
    return _summed(len(pairs), not_open(sure), not_open(all_of_it))


def _summed(
    number_of_pairs: int,
    closing: Iterable[tuple[Obstacle, int, tuple[Pair, ...]]],
    not_open: Iterable[tuple[Obstacle, int, tuple[Pair, ...]]],
) -> Verdicts:
    """What is in the way, put together: what is known to close ways, and what leaves them in doubt as well."""
    closed: dict[Obstacle, tuple[int, tuple[Pair, ...]]] = {}
    for obstacle, number, pairs in closing:
        before, some = closed.get(obstacle, (0, ()))
        closed[obstacle] = before + number, (*some, *pairs)[:_MOST_SOME]
    told = [Closed(each.outcome, number, some) for each, (number, some) in closed.items() if each.outcome is not None]
    reasons: dict[str, None] = {}
    in_doubt = -sum(each.pairs for each in told)
    for obstacle, number, _ in not_open:
        in_doubt += number
        if not obstacle.is_false:
            reasons[obstacle.doubt] = None
    return Verdicts(number_of_pairs, tuple(told), in_doubt, tuple(reasons))
