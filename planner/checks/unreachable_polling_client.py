"""A polling client must talk with parties that cannot reach it.

A polling client is not dialled: messages for it wait at its polling server. So it can hear from the server itself,
if that is a party, and from the parties that send through the server, which is the exchange they share with it.
Everybody else would have to dial it (reference: INV-EGG-1, INV-EGG-11).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank, polling: 9999}  # error: FED207
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - links:
          - [9999, 10000]
          - [9999, 10001]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank, polling: 9999}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.mentions import link_paths, topology_known
from planner.model import Links, Mesh, Site, Star
from planner.polling import polling_clients, wrong_servers
from planner.subject import Subject
from planner.wording import MOST_NOTES, label, some_parties

FAULT = Fault("FED207", "unreachable_polling_client")


class _Circle(NamedTuple):
    """Parties that talk with each other: a mesh, a star with its exchanges, or a link."""

    word: str
    members: tuple[int, ...]
    unique: frozenset[int]
    exchanges: tuple[str, ...]
    path: KeyPath


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every polling client that somebody would have to dial.

    Clients with a wrong server are left to wrong_polling_server, those that must never talk with it to
    forbidden_route.
    """
    clients = polling_clients(subject.federation)
    if not clients or not topology_known(subject.federation):
        return
    misplaced = {wrong.client.path for wrong in wrong_servers(subject)}
    circles = _circles(subject, frozenset(site.id for site in clients if site.id is not None))
    for client in clients:
        if client.path not in misplaced and client.id is not None:
            yield from _judged(client, circles.get(client.id, []), subject)


def _judged(client: Site, circles: list[_Circle], subject: Subject) -> Iterator[Diagnostic]:
    server = client.polling or ""
    barred = subject.topology.never_of.get(client.id or 0, frozenset())
    served = subject.topology.sites.get(server)
    reaching = {client.id, *barred}
    if served is not None and served.kind == "party":
        if served.id in barred:
            return
        reaching.add(served.id)
    polled = "a site that is not declared" if served is None else served.label
    notes: list[Note] = []
    message = ""
    for circle in circles:
        if server in circle.exchanges:
            continue
        count = len(circle.unique) - sum(1 for party in reaching if party in circle.unique)
        if count == 0:
            continue
        if not message:
            who = some_parties((member for member in circle.members if member not in reaching), count)
            dial = "dials" if count == 1 else "dial"
            message = f"{client.label} cannot be dialled (it polls {polled}), and {who} {dial} it"
        notes.append(Note(f"they must talk because of this {circle.word}", Place(circle.path)))
    if message:
        yield Diagnostic(FAULT, message, Place((*client.path, "polling")), _hint(server), tuple(notes[:MOST_NOTES]))


def _hint(server: str) -> str:
    """The way out; naming the pair under `never` is none, because the server would still let the client reach it."""
    if server.startswith("exchange-"):
        return f"let them meet in a star through {server.removeprefix('exchange-')} only, or keep them in shapes apart"
    return f"let them meet in a star through one exchange and poll that exchange, or link it with {label(server)} only"


def _circles(subject: Subject, clients: frozenset[int]) -> Mapping[int, list[_Circle]]:
    """The meshes, stars and links of each polling client, in file order."""
    result: dict[int, list[_Circle]] = {}
    federation = subject.federation
    for shape in subject.topology.federation.shapes:
        if isinstance(shape, Links):
            for pair, path in link_paths(shape, federation):
                if not clients.isdisjoint(pair):
                    _add(result, clients, _Circle("link", pair, frozenset(pair), (), path))
        elif not isinstance(shape, Star) or not shape.balanced:  # broken_balance speaks of those
            members = shape.members
            if not clients.isdisjoint(members):
                word = "mesh" if isinstance(shape, Mesh) else "star"
                exchanges = shape.exchanges if isinstance(shape, Star) else ()
                _add(result, clients, _Circle(word, members, frozenset(members), exchanges, shape.path))
    return result


def _add(result: dict[int, list[_Circle]], clients: frozenset[int], circle: _Circle) -> None:
    for client in circle.unique & clients:
        result.setdefault(client, []).append(circle)
