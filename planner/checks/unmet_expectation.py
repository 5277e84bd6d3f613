"""An expectation does not hold: a pair cannot talk, or not through the exchange that is named.

Entries under `expect` are what the author of the file wants proved. They add no routes: the topology must make each
pair talk, and with `via` every message between the two must pass that exchange, in both directions.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: [9999, 10000], through: hub}
      - links:
          - [10000, 10001]
    expect:
      - {pair: [9999, 10001]}  # error: FED209
      - {pair: [10000, 10001], via: hub}  # error: FED209
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: [9999, 10000, 10001], through: hub}
    expect:
      - {pair: [9999, 10001]}
      - {pair: [10000, 10001], via: hub}
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.forwarding import Routers, default_route, way
from planner.mentions import topology_known
from planner.model import Expectation, Site, party_key
from planner.routes import POLLED, Topology
from planner.subject import Subject
from planner.wording import label

FAULT = Fault("FED209", "unmet_expectation")

_CHANGE = "change the topology so that it holds, or delete the expectation"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every expected pair that no shape makes talk, or that does not go through `via`."""
    topology = subject.topology
    if not subject.federation.expects or not topology_known(subject.federation):
        return
    routers = Routers(topology)
    for expectation in subject.federation.expects:
        first = topology.sites.get(party_key(expectation.first))
        second = topology.sites.get(party_key(expectation.second))
        if first is None or second is None or first is second or first.id is None or second.id is None:
            continue
        if second.id in topology.never_of.get(first.id, ()):
            continue
        place = Place((*expectation.path, "pair"))
        if not topology.must_talk(first.id, second.id):
            hint = f"add the pair to a shape under topology, for example links: [[{first.id}, {second.id}]]"
            yield unmet(first.label, second.label, place, "no shape has both", hint)
        elif expectation.via is not None and expectation.via in topology.sites:
            yield from _off_the_way(expectation, expectation.via, (first, second), topology, routers)


def unmet(first: str, second: str, place: Place, how: str, hint: str = _CHANGE) -> Diagnostic:
    """Say that `first` and `second` (labels) do not talk as expected; `how` is a clause or the way of a message."""
    return Diagnostic(FAULT, f"{first} and {second} do not talk as expected: {how}", place, hint)


def _off_the_way(
    expectation: Expectation, via: str, pair: tuple[Site, Site], topology: Topology, routers: Routers
) -> Iterator[Diagnostic]:
    """At most one finding, for a message between the two that does not pass the exchange `via`."""
    place = Place((*expectation.path, "via"))
    for source, destination in (pair, pair[::-1]):
        for passed in _ways(source, destination, topology, routers):
            if via not in passed:
                how = f"{way(source.key, passed)} does not pass {label(via)}"
                hint = f"correct via, or let the two meet only in a star through {via.removeprefix('exchange-')}"
                yield unmet(source.label, destination.label, place, how, hint)
                return


def _ways(source: Site, destination: Site, topology: Topology, routers: Routers) -> Iterator[tuple[str, ...]]:
    """The ways that a message may take by the declared tables; one that does not arrive is no concern here."""
    own, goal = source.id or 0, destination.id or 0
    if topology.dials_directly(own, goal):
        yield (destination.key,)
        return
    hops = default_route(source, topology)
    if len(topology.stars_of.get(own, ())) > 1 or source.polling is not None or source.key in topology.clients_of:
        entry = topology.hops(source).entries.get(goal)
        if entry == POLLED:
            hops = (destination.key,)
        elif entry is not None:
            hops = (entry,)
    for hop in hops:
        passed, arrives = routers.follow(hop, goal)
        if arrives:
            yield passed
