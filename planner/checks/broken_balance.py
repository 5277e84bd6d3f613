"""Load cannot be balanced over the exchanges of a star as it is written.

A star through several exchanges deploys the load-balancing router, which has one list of exchanges for everything
that a party sends. So a party cannot be in two such stars with different exchanges, and it cannot be a polling
client, whose default route is its polling server (reference: INV-EGG-9, INV-EGG-10).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: [9999, 10000], through: [hub-a, hub-b]}
      - star:
          - 10000  # error: FED217
          - 10001
        through: [hub-b, hub-c]
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub-a, cluster: bank}
      - {name: hub-b, cluster: bank}
      - {name: hub-c, cluster: bank}
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
      - {star: [9999, 10000], through: [hub-a, hub-b]}
      - star:
          - 10000
          - 10001
        through: [hub-b, hub-a]
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

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.mentions import member_paths, stars
from planner.model import Star, party_key
from planner.subject import Subject
from planner.wording import some_parties

FAULT = Fault("FED217", "broken_balance")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every two balanced stars that share parties but not exchanges, and every client in one."""
    sites = subject.topology.sites
    first: dict[int, Star] = {}
    polling: set[int] = set()
    for star in stars(subject.topology.federation):
        if not star.balanced:
            continue
        yield from _other_exchanges(star, first, subject)
        for member in star.pool:
            first.setdefault(member, star)
            site = sites.get(party_key(member))
            if site is not None and site.polling is not None and member not in polling:
                polling.add(member)
                yield Diagnostic(
                    FAULT,
                    f"{site.label} polls one site and balances its load over {len(star.balanced)} exchanges",
                    Place((*site.path, "polling")),
                    "delete polling, or put the party into a star through one exchange",
                    (Note("this star balances its load", Place((*star.path, "through"))),),
                )


def _other_exchanges(star: Star, first: dict[int, Star], subject: Subject) -> Iterator[Diagnostic]:
    """Findings for parties of `star` that an earlier star gave other exchanges; one for each earlier star."""
    wanted = frozenset(star.balanced)
    shared: dict[KeyPath, list[int]] = {}
    for member in dict.fromkeys(star.pool):
        earlier = first.get(member)
        if earlier is not None and party_key(member) in subject.topology.sites and wanted != set(earlier.balanced):
            shared.setdefault(earlier.path, []).append(member)
    if not shared:
        return
    paths = dict(reversed([*member_paths(star, subject.federation)]))
    for path, members in shared.items():
        yield Diagnostic(
            FAULT,
            f"{some_parties(members, len(members))} cannot balance over two sets of exchanges",
            Place(paths.get(members[0], (*star.path, "star"))),
            "name the same exchanges in both stars, or keep the party out of one of them",
            (Note("another star gives it other exchanges", Place((*path, "through"))),),
        )
