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

from planner.checks.unknown_cluster import MOST_GUESSES, write_known
from planner.checks.unknown_party import also, declared_ids, topology_mentions
from planner.diagnostics import Diagnostic, Fault, Place
from planner.model import Federation, Star
from planner.source import quote
from planner.subject import Subject

FAULT = Fault("FED125", "unknown_exchange")

_NAME: Final = re.compile("[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
"""What an exchange may be called (federation.schema.json); a reference may hold any text."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every undeclared exchange, at its first use, and for every star without one."""
    federation = subject.federation
    if not federation.complete:
        return
    exchanges = _declared(federation)
    for star in _stars(federation):
        if "" in star.exchanges and len(exchanges) != 1:
            yield _nameless(star, tuple(exchanges), federation)
    places: dict[str, list[Place]] = {}
    for name, place in (*_topology_mentions(federation), *_other_mentions(federation)):
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


def topology_known(subject: Subject) -> bool:
    """Whether every party and exchange that the topology names is declared, in a file that was read completely.

    Only then can a check say what a topology lacks: behind an unknown name, anything may have been meant.
    """
    federation = subject.federation
    if not federation.complete:
        return False
    exchanges, parties = _declared(federation), declared_ids(federation)
    return (
        not any("" in star.exchanges for star in _stars(federation))
        and all(name in exchanges for name, _ in _topology_mentions(federation))
        and all(party in parties for party, _ in topology_mentions(federation))
    )


def _declared(federation: Federation) -> dict[str, None]:
    """The names of all exchanges, in file order."""
    return dict.fromkeys(exchange.key.removeprefix("exchange-") for exchange in federation.exchanges)


def _stars(federation: Federation) -> Iterator[Star]:
    return (shape for shape in federation.shapes if isinstance(shape, Star))


def _topology_mentions(federation: Federation) -> Iterator[tuple[str, Place]]:
    """Every exchange, with its place, that decides who talks with whom."""
    for star in _stars(federation):
        for index, key in enumerate(star.exchanges):
            name = key.removeprefix("exchange-")
            if star.balanced:
                yield name, Place((*star.path, "through", index))
            elif star.path[-1:] == ("star",):
                yield name, Place((*star.path, name), on_key=True)
            elif key:
                yield name, Place((*star.path, "through"))
    for site in federation.sites:
        yield from _reference(site.upstream, Place((*site.path, "upstream")))
        yield from _reference(site.polling, Place((*site.path, "polling")))


def _other_mentions(federation: Federation) -> Iterator[tuple[str, Place]]:
    for expectation in federation.expects:
        yield from _reference(expectation.via, Place((*expectation.path, "via")))
    for route in federation.routes:
        yield from _reference(route.source, Place((*route.path, "from")))
        yield from _reference(route.target, Place((*route.path, "to")))


def _reference(key: str | None, place: Place) -> Iterator[tuple[str, Place]]:
    """The exchange that a site key names, if it names one."""
    if key is not None and key.startswith("exchange-"):
        yield key.removeprefix("exchange-"), place


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
