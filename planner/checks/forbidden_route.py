"""Two parties that must never talk can reach each other.

Exchanges route by destination: whatever arrives for a party goes to that party, whoever sent it. Route tables are
therefore no access control, and two parties behind one exchange can always talk, whatever their own tables say. The
same holds behind exchanges that pass messages on to each other, and behind a party that others poll (reference:
cluster-yaml.md 2.1, `permission.default_allow`), and behind an exchange for FATE-Serving. Only parties that share no
router can be kept apart.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: star
    never:
      - [9999, 10001]  # error: FED203
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
      - {star: [9999, 10000], through: hub-a}
      - {star: [10000, 10001], through: hub-b}
    never:
      - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub-a, cluster: bank}
      - {name: hub-b, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.forwarding import Routers, default_route, way
from planner.model import Pair, party_key
from planner.pairs import contradicted, smaller_first
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault("FED203", "forbidden_route")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every forbidden pair of which one can reach the other by the declared default routes."""
    routers = [Routers(topology) for topology in (subject.topology, subject.serving)]
    seen = set(contradicted(subject))
    for pair in subject.federation.never:
        key = smaller_first(pair.first, pair.second)
        if pair.first == pair.second or key in seen:
            continue
        seen.add(key)
        found = list(_judged(pair, subject.topology, routers[0]))
        yield from found or _judged(pair, subject.serving, routers[1])


_APART = "put one of the two behind an exchange of its own, or drop the pair from never"


def forbidden(
    first: str, second: str, place: Place, how: str, hint: str = _APART, notes: tuple[Note, ...] = ()
) -> Diagnostic:
    """Say that `first` reaches `second` (both labels) although it must not; `how` is the way of a message."""
    return Diagnostic(FAULT, f"{first} and {second} must never talk, and can: {how}", place, hint, notes)


def _judged(pair: Pair, topology: Topology, routers: Routers) -> Iterator[Diagnostic]:
    """At most one finding for a forbidden pair: neither party has an entry for the other, but a default route."""
    first, second = topology.sites.get(party_key(pair.first)), topology.sites.get(party_key(pair.second))
    if first is None or second is None:
        return
    for source, destination in ((first, second), (second, first)):
        for hop in default_route(source, topology):
            passed, arrives = routers.follow(hop, destination.id or 0)
            if arrives:
                how = way(source.key, passed)
                if hop == source.polling:
                    hint = "poll another site, or drop the pair from never"
                    note = Note(f"{source.label} polls here", Place((*source.path, "polling")))
                else:
                    hint = _APART
                    router = topology.sites[passed[-2]]
                    note = Note(f"{router.label} delivers whatever arrives, whoever sent it", Place(router.path))
                yield forbidden(source.label, destination.label, Place(pair.path), how, hint, (note,))
                return
