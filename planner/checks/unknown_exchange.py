"""An exchange is used that is not declared, or a star does not say which exchange it goes through.

`through`, the groups of a star, `via`, `upstream`, `polling` and `routes` speak of exchanges by name. A star may
leave out `through` only where the file has exactly one exchange, and so may `topology: star`. Parties whose
exchange does not exist have no default route: their messages loop back to themselves and time out (reference:
cluster-yaml.md 2.1, INV-EGG-4).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: all, through: hbu}  # error: FED125
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology:
      - {star: all, through: hub}
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.mentions import declared_exchanges, exchanges_elsewhere, exchanges_of_topology, stars
from planner.model import Federation, Star
from planner.source import quote
from planner.subject import Subject
from planner.wording import MOST_GUESSES, also, write_known

FAULT = Fault("FED125", "unknown_exchange")

_NAME: Final = re.compile("[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
"""What an exchange may be called (federation.schema.json); a reference may hold any text."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every undeclared exchange, at its first use, and for every star without one."""
    federation = subject.federation
    if "exchanges" in federation.lost:
        return
    exchanges = declared_exchanges(federation)
    for star in stars(federation):
        if "" in star.exchanges and len(exchanges) != 1 and federation.complete:  # a misspelt `through` is told already
            yield _nameless(star, tuple(exchanges), federation)
    places: dict[str, list[Place]] = {}
    for name, place in (*exchanges_of_topology(federation), *exchanges_elsewhere(federation)):
        if name not in exchanges:
            places.setdefault(name, []).append(place)
    for number, (name, found) in enumerate(places.items()):
        shown = name if _NAME.fullmatch(name) else quote(name)
        yield Diagnostic(
            FAULT,
            f"no exchange {shown} is declared",
            found[0],
            _hint(name, exchanges, federation, guess=number < MOST_GUESSES),
            also(f"exchange {shown} is named here too", [place.path for place in found[1:]]),
        )


def _hint(name: str, exchanges: dict[str, None], federation: Federation, *, guess: bool) -> str:
    if name.isdecimal() and any(party.key == f"party-{name}" for party in federation.parties):
        return f"write {name} without quotes if you mean the party"
    write = write_known(name, exchanges, guess=guess)
    if _NAME.fullmatch(name):
        return f"{write}declare {name} under exchanges"
    return f"{write}name a party by its id"


def _nameless(star: Star, exchanges: Sequence[str], federation: Federation) -> Diagnostic:
    is_whole = star.path == ("topology",)
    place = Place(star.path) if is_whole else Place((*star.path, "star"), on_key=True)
    if not exchanges:
        cluster = federation.clusters[0].name if federation.clusters else "bank"
        hint = f"declare one, for example exchanges: [{{name: hub, cluster: {cluster}}}]"
        return Diagnostic(FAULT, "this star has no exchange to go through: the file declares none", place, hint)
    way_out = (
        f"write topology: [{{star: all, through: {exchanges[0]}}}]" if is_whole else f"add through: {exchanges[0]}"
    )
    names = f"the other exchange is {exchanges[1]}" if len(exchanges) == 2 else "or name another one"  # noqa: PLR2004
    return Diagnostic(
        FAULT,
        f"this star does not say which of the {len(exchanges)} exchanges it goes through",
        place,
        f"{way_out} ({names})",
    )
