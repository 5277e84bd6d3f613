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

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.mentions import topology_known
from planner.model import Site
from planner.polling import WrongServer, polling_clients, wrong_servers
from planner.routes import Topology
from planner.subject import Subject
from planner.wording import label

FAULT = Fault("FED214", "wrong_polling_server")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every polling client whose server polls itself, or has nothing to do with the client."""
    if polling_clients(subject.federation) and topology_known(subject.federation):
        for wrong in wrong_servers(subject):
            place = Place((*wrong.client.path, "polling"))
            what, hint, notes = _told(wrong, subject.topology)
            yield Diagnostic(FAULT, f"{wrong.client.label} polls {wrong.server.label}, {what}", place, hint, notes)


def _told(wrong: WrongServer, topology: Topology) -> tuple[str, str, tuple[Note, ...]]:
    """What is wrong with a server (a clause), the way out, and the other place that has to do with it."""
    client, server, seat = wrong.client, wrong.server, wrong.seat
    own = "" if seat is None else seat.own[0]
    name = server.key.removeprefix("exchange-")
    if wrong.why == "polls":
        note = Note(f"{server.label} polls here", Place((*server.path, "polling")))
        return "which polls another site itself", "name a site that can be dialled", (note,)
    if wrong.why == "other group":
        hint = f"write polling: {own.removeprefix('exchange-')}, or move {client.id} to the group of {name}"
        notes = () if seat is None else (Note("this star has both exchanges", Place(seat.path)),)
        return f"and is behind {label(own)}", hint, notes
    if wrong.why == "no star":
        poll = f"write polling: {own.removeprefix('exchange-')}, or " if own else ""
        return "and no star puts it behind that exchange", f"{poll}add {client.id} to a star through {name}", ()
    return "with which it need not talk", f"link the two under topology{_or_poll(client, topology)}", ()


def _or_poll(client: Site, topology: Topology) -> str:
    """The half of a hint that names a better server: the client's exchange, or a party that it talks with."""
    exchanges = topology.exchange_of(client.id or 0)
    if exchanges:
        return f", or write polling: {exchanges[0].removeprefix('exchange-')}"
    members = (member for group in topology.groups_of.get(client.id or 0, ()) for member in group)
    better = next((member for member in members if topology.must_talk(client.id or 0, member)), None)
    return "" if better is None else f", or write polling: {better}"
