"""The proof that every pair that must talk can talk, hop by hop, from route tables that were read back.

Tables come one site at a time, so memory holds the routers' tables and never all pairs.
What does not depend on the sender is worked out once: behind one exchange, all senders share its table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.lookup import POLLED, Endpoint, Hop, Network, Reason, RouteTable, Trace
from planner.model import Expectation, Site, party_key
from planner.routes import Topology


@dataclass(frozen=True, slots=True)
class Broken:
    """A pair that must talk, and cannot."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A pair that must not be able to talk, and can."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class Unmet:
    """An expectation that does not hold."""

    expectation: Expectation
    trace: Trace


@dataclass(frozen=True, slots=True)
class Extra:
    """A route to a party that the site need not reach."""

    source: str
    destination: int


Verdict = Broken | Forbidden | Unmet | Extra


def as_expected(trace: Trace, expectation: Expectation) -> bool:
    """Whether a message that takes this way arrives, and passes the exchange that is expected."""
    passed = {hop.target for hop in trace.hops}
    return trace.reason is None and (expectation.via is None or expectation.via in passed)


class Prover:
    """Follows messages through route tables.

    `routers` are the tables of the sites that pass messages on: exchanges and polling servers.
    """

    __slots__ = ("_expected", "_failing", "_network", "_routers", "_topology")

    def __init__(self, topology: Topology, network: Network, routers: Mapping[str, RouteTable]) -> None:
        """Prepare a proof over the routers' tables."""
        self._topology = topology
        self._network = network
        self._routers = routers
        self._failing: dict[tuple[str, frozenset[int]], frozenset[int]] = {}
        self._expected: dict[int, list[Expectation]] = {}
        for expectation in topology.federation.expects:
            self._expected.setdefault(expectation.first, []).append(expectation)
            self._expected.setdefault(expectation.second, []).append(expectation)

    def verdicts(self, site: Site, table: RouteTable) -> Iterator[Verdict]:
        """All that is wrong with the routes of one party, in order of the parties it dials."""
        own = site.id
        if own is None:
            return
        barred = self._topology.never_of.get(own, frozenset())
        failing, extra = self._suspects(site, table, own)
        yield from (Extra(site.key, destination) for destination in extra if destination not in barred)
        for destination in sorted(failing - barred - {own}):
            trace = self.trace(site, table, destination)
            if trace.reason is not None:
                yield Broken(trace)
        for destination in sorted(barred):
            arriving = next((each for each in self.ways(site, table, destination) if each.reason is None), None)
            if arriving is not None:
                yield Forbidden(arriving)
        for expectation in self._expected.get(own, ()):
            other = expectation.second if expectation.first == own else expectation.first
            unmet = next((each for each in self.ways(site, table, other) if not as_expected(each, expectation)), None)
            if unmet is not None:
                yield Unmet(expectation, unmet)

    def _suspects(self, site: Site, table: RouteTable, own: int) -> tuple[set[int], list[int]]:
        """Parties that may not be reached and must be traced, and parties that have an entry without need."""
        groups = self._topology.groups_of.get(own, ())
        failing: set[int] = set()
        extra: list[int] = []
        for group in groups:
            failing |= self._failing_by_default(site, table, group)
        for destination, endpoint in table.entries.items():
            if not any(destination in group for group in groups):
                if destination != own:
                    extra.append(destination)
            elif destination in table.more or not self._arrives_at_once(site, destination, endpoint):
                failing.add(destination)
        return failing, extra

    def trace(self, site: Site, table: RouteTable, destination: int) -> Trace:
        """The way of a message from `site` to the party `destination`.

        Where the load is balanced, every branch must arrive; the first that does not is returned.
        """
        traces = self.ways(site, table, destination)
        return next((trace for trace in traces if trace.reason is not None), traces[0])

    def ways(self, site: Site, table: RouteTable, destination: int) -> tuple[Trace, ...]:
        """Every way that a message may take: one, or as many as the load is balanced over; at least one."""
        endpoints = table.find(destination)
        if not endpoints:
            return (Trace(site.key, destination, (), Reason.NO_ROUTE),)
        return tuple(self._follow(site, endpoint, destination, table.domain) for endpoint in endpoints)

    def _follow(self, site: Site, endpoint: Endpoint, destination: int, domain: str) -> Trace:
        hops: list[Hop] = []
        goal = party_key(destination)
        current, seen = site, {site.key}
        while True:
            hop, reason = self._dial(current, endpoint, destination)
            hops.append(hop)
            if reason is None and hop.target != goal:
                if hop.target is None or hop.target in seen:
                    reason = Reason.LOOP
                elif hop.target not in self._routers:
                    reason = Reason.STRANGER
                elif not self._routers[hop.target].find(destination):
                    reason = Reason.NO_ROUTE
                elif self._routers[hop.target].domain != domain:
                    reason = Reason.UNKNOWN_NAME
            if reason is not None or hop.target is None or hop.target == goal:
                return Trace(site.key, destination, tuple(hops), reason)
            seen.add(hop.target)
            current = self._topology.sites[hop.target]
            endpoint = self._routers[hop.target].find(destination)[0]

    def _dial(self, site: Site, endpoint: Endpoint, destination: int) -> tuple[Hop, Reason | None]:
        if endpoint == POLLED:
            polls = destination in self._topology.clients_of.get(site.key, ())
            return Hop(site.key, endpoint, party_key(destination)), None if polls else Reason.NOT_POLLING
        target = self._network.who_answers(site.key, site.cluster, endpoint)
        return Hop(site.key, endpoint, target), Reason.NOBODY if target is None else None

    def _arrives_at_once(self, site: Site, destination: int, endpoint: Endpoint) -> bool:
        if endpoint == POLLED:
            return False
        return self._network.who_answers(site.key, site.cluster, endpoint) == party_key(destination)

    def _failing_by_default(self, site: Site, table: RouteTable, group: frozenset[int]) -> set[int]:
        """Members of `group` without an entry that the default route does not deliver to.

        The answer is a superset when the way ends at the sender itself: the caller traces each one.
        """
        missing = {*group} - table.entries.keys() if len(table.entries) > 0 else None
        if not table.default:
            return set(group) if missing is None else missing
        failing: set[int] = set()
        for endpoint in table.default:
            target = self._network.who_answers(site.key, site.cluster, endpoint)
            if target is None or target not in self._routers or self._routers[target].domain != table.domain:
                return set(group) if missing is None else missing
            failing |= self._failing_behind(target, group)
        return failing if missing is None else failing & missing

    def _failing_behind(self, router: str, group: frozenset[int]) -> frozenset[int]:
        """Members of `group` that a message at `router` does not reach; worked out once per router and group."""
        known = self._failing.get((router, group))
        if known is None:
            site, table = self._topology.sites[router], self._routers[router]
            known = frozenset(
                member
                for member in group
                if party_key(member) != router and self.trace(site, table, member).reason is not None
            )
            self._failing[router, group] = known
        return known
