"""Polling clients, and servers that cannot hold their messages.

A server must be dialled itself, and it must be on the way: the exchange that the client is behind, in every star that
has both, or a party that the client talks with (reference: INV-EGG-1, INV-EGG-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from planner.diagnostics import KeyPath
from planner.mentions import stars
from planner.model import Federation, Site
from planner.routes import Topology
from planner.subject import Subject


class Seat(NamedTuple):
    """A party's place in a star: the exchanges of the star, and those of them that the party dials."""

    path: KeyPath
    exchanges: frozenset[str]
    own: tuple[str, ...]


class WrongServer(NamedTuple):
    """A client with a server that cannot serve it, and why.

    `polls`: the server polls another site itself. `other group`: `seat` is in a star that has the server for others.
    `no star`: none puts the client behind the server; `seat` is its first one, if any. `apart`: no shape has both.
    """

    client: Site
    server: Site
    why: Literal["polls", "other group", "no star", "apart"]
    seat: Seat | None = None


def polling_clients(federation: Federation) -> tuple[Site, ...]:
    """The parties that poll another site."""
    return tuple(site for site in federation.parties if site.polling not in (None, site.key))


def wrong_servers(subject: Subject) -> tuple[WrongServer, ...]:
    """The polling clients whose server polls itself, or has nothing to do with the client."""
    topology = subject.topology
    clients = polling_clients(subject.federation)
    seats = _seats(topology.federation, frozenset(client.id for client in clients if client.id is not None))
    found = (_judged(client, topology, seats) for client in clients)
    return tuple(wrong for wrong in found if wrong is not None)


def _judged(client: Site, topology: Topology, seats: Mapping[int, list[Seat]]) -> WrongServer | None:
    server = topology.sites.get(client.polling or "")
    if server is None or client.id is None:
        return None
    if server.polling is not None:
        return WrongServer(client, server, "polls")
    if server.kind == "exchange":
        return _misplaced(client, server, seats.get(client.id, []))
    return None if _are_together(client, server, topology) else WrongServer(client, server, "apart")


def _misplaced(client: Site, server: Site, seats: list[Seat]) -> WrongServer | None:
    """Whether a client is not behind the exchange it polls, or not in every star that has both."""
    elsewhere = next((seat for seat in seats if server.key in seat.exchanges and server.key not in seat.own), None)
    if elsewhere is not None:
        return WrongServer(client, server, "other group", elsewhere)
    if any(server.key in seat.own for seat in seats):
        return None
    return WrongServer(client, server, "no star", seats[0] if seats else None)


def _are_together(client: Site, server: Site, topology: Topology) -> bool:
    """Whether a shape has both; a pair that must never talk is another mistake (FED203)."""
    if server.id in topology.never_of.get(client.id or 0, ()):
        return True
    return any(server.id in group for group in topology.groups_of.get(client.id or 0, ()))


def _seats(federation: Federation, clients: frozenset[int]) -> Mapping[int, list[Seat]]:
    """The seats of each polling client, in file order."""
    result: dict[int, list[Seat]] = {}
    for star in stars(federation):
        exchanges = frozenset(star.exchanges)
        for own, members in ((star.balanced, star.pool), *(((key,), group) for key, group in star.groups)):
            for member in clients.intersection(members):
                result.setdefault(member, []).append(Seat(star.path, exchanges, own))
    return result
