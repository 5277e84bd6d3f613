"""A party polls a site that does not serve it.

A polling client cannot be dialled: its messages wait at its polling server until it asks for them. The server must
be dialled itself, so it cannot poll, and it must be on the way: either the exchange that the client is behind, in
every star that has both, or a party that the client talks with (reference: INV-EGG-1, INV-EGG-11).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10000, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank, polling: 9999}  # error: FED214
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [10000, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank, polling: 10000}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.checks.unknown_exchange import topology_known
from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.model import Site, Star
from planner.routes import Topology
from planner.subject import Subject

FAULT = Fault("FED214", "wrong_polling_server")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every polling client whose server polls itself, or has nothing to do with the client."""
    topology = subject.topology
    clients = [site for site in subject.federation.parties if site.polling not in (None, site.key)]
    if not clients or not topology_known(subject):
        return
    seats = _seats(subject, frozenset(client.id for client in clients if client.id is not None))
    for client in clients:
        server = topology.sites.get(client.polling or "")
        if server is None or client.id is None:
            continue
        place = Place((*client.path, "polling"))
        if server.polling is not None:
            message = f"{client.label} polls {server.label}, which polls another site itself"
            note = Note(f"{server.label} polls here", Place((*server.path, "polling")))
            yield Diagnostic(FAULT, message, place, "name a site that can be dialled", (note,))
        elif server.kind == "exchange":
            yield from _misplaced(client, server, seats.get(client.id, []))
        elif server.kind == "party" and not _are_together(client, server, topology):
            message = f"{client.label} polls {server.label}, with which it need not talk"
            hint = f"link the two under topology{_or_poll(client, topology)}"
            yield Diagnostic(FAULT, message, place, hint)


@dataclass(frozen=True, slots=True)
class _Seat:
    """A party's place in a star: the exchanges of the star, and those of them that the party dials."""

    path: KeyPath
    exchanges: frozenset[str]
    own: tuple[str, ...]


def _seats(subject: Subject, clients: frozenset[int]) -> Mapping[int, list[_Seat]]:
    """The seats of each polling client, in file order."""
    result: dict[int, list[_Seat]] = {}
    for star in subject.federation.shapes:
        if isinstance(star, Star):
            exchanges = frozenset(star.exchanges)
            for own, members in ((star.balanced, star.pool), *(((key,), group) for key, group in star.groups)):
                for member in clients.intersection(members):
                    result.setdefault(member, []).append(_Seat(star.path, exchanges, own))
    return result


def _misplaced(client: Site, server: Site, seats: list[_Seat]) -> Iterator[Diagnostic]:
    """At most one finding for a client that is not behind the exchange it polls, or not in every star that has both."""
    place = Place((*client.path, "polling"))
    name = server.key.removeprefix("exchange-")
    elsewhere = next((seat for seat in seats if server.key in seat.exchanges and server.key not in seat.own), None)
    if elsewhere is not None:
        yield Diagnostic(
            FAULT,
            f"{client.label} polls {server.label}, and is behind {elsewhere.own[0].replace('-', ' ', 1)}",
            place,
            f"write polling: {elsewhere.own[0].removeprefix('exchange-')}, or move {client.id} to the group of {name}",
            (Note("this star has both exchanges", Place(elsewhere.path)),),
        )
    elif not any(server.key in seat.own for seat in seats):
        message = f"{client.label} polls {server.label}, and no star puts it behind that exchange"
        join = f"add {client.id} to a star through {name}"
        poll = f"write polling: {seats[0].own[0].removeprefix('exchange-')}, or " if seats else ""
        yield Diagnostic(FAULT, message, place, poll + join)


def _are_together(client: Site, server: Site, topology: Topology) -> bool:
    """Whether a shape has both; a pair that must never talk is left to forbidden_route."""
    if server.id in topology.never_of.get(client.id or 0, ()):
        return True
    return any(server.id in group for group in topology.groups_of.get(client.id or 0, ()))


def _or_poll(client: Site, topology: Topology) -> str:
    """The half of a hint that names a better server: the client's exchange, or a party that it talks with."""
    exchanges = topology.exchange_of(client.id or 0)
    if exchanges:
        return f", or write polling: {exchanges[0].removeprefix('exchange-')}"
    members = (member for group in topology.groups_of.get(client.id or 0, ()) for member in group)
    better = next((member for member in members if topology.must_talk(client.id or 0, member)), None)
    return "" if better is None else f", or write polling: {better}"
