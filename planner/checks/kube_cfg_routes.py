"""The topology is none that kube.cfg can say.

kube.cfg of v1.2.0 and v1.3.0 lists all parties. Without an exchange, each party's proxy gets a route to every other
party; with one, each gets a default route to the exchange and no other, and the exchange a route to every party
(reference: cluster-yaml.md section 4.4). So there are two topologies: one mesh of all parties, or one star of all
parties through one exchange. There is no way to leave a route out, to add one, or to change it for one party.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology:
      - links: [[9999, 10000]]  # error: FED612
      - links: [[9999, 8888]]
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 8888, cluster: bank}

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: star
    clusters:
      - {name: bank, address: 192.168.9.1}
    exchanges:
      - {name: hub, cluster: bank}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 8888, cluster: bank}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.kube_cfg import scripted_sites
from planner.model import Federation, Links, Mesh, Site, Star
from planner.pairs import smaller_first
from planner.subject import Subject

FAULT = Fault("FED612", "kube_cfg_routes")
_ONE_OF_TWO: Final = "write `topology: mesh`, or `topology: star` with one exchange"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield findings for shapes, forbidden pairs and routes that kube.cfg has no way to say.

    Parties with a proxy in a DMZ get their routes elsewhere; dmz_routes tells what these can do.
    """
    federation = subject.federation
    sites = scripted_sites(subject)
    parties = frozenset(site.id for site in sites if site.kind == "party" and site.id is not None)
    if not parties or any(site.dmz is not None for site in sites):
        return
    exchanges = [site for site in sites if site.kind == "exchange"]
    yield from _exchanges(exchanges)
    if len(exchanges) <= 1:
        yield from _shapes(federation, parties, has_exchange=bool(exchanges))
    for pair in federation.never:
        message = f"kube.cfg lets parties {pair.first} and {pair.second} talk, as it lets all"
        yield Diagnostic(FAULT, message, Place(pair.path), "remove it, or plan the two in federations of their own")
    keys = {site.key for site in sites}
    for route in federation.routes:
        if route.source in keys and route.target in keys:
            message = f"kube.cfg tells every site the same address of {_label(route.target)}"
            yield Diagnostic(
                FAULT, message, Place(route.path), "remove it, and let the cluster's address be one for all"
            )


def _exchanges(exchanges: list[Site]) -> Iterator[Diagnostic]:
    for exchange in exchanges[1:]:
        yield Diagnostic(
            FAULT,
            f"kube.cfg has room for one exchange, and {exchange.label} is another",
            Place(exchange.path),
            f"keep {exchanges[0].label} alone",
            (Note(f"{exchanges[0].label} is here", Place(exchanges[0].path)),),
        )


def _shapes(federation: Federation, parties: frozenset[int], *, has_exchange: bool) -> Iterator[Diagnostic]:
    """A finding for the first shape that is not one for all parties; for none of them where a shape covers all."""
    shapes = federation.shapes
    if not shapes or not federation.complete:
        return
    if has_exchange:
        for shape in shapes:
            if not isinstance(shape, Star):
                message = "beside an exchange kube.cfg has no routes from party to party"
                yield Diagnostic(FAULT, message, Place(shape.path), _ONE_OF_TWO)
                return
    if any(_covers(shape, parties) for shape in shapes) or _links(federation) >= _all_pairs(parties):
        return
    place = Place(shapes[0].path)
    if len(shapes) == 1 and not isinstance(shapes[0], Links) and not parties <= set(shapes[0].members):
        left_out = min(parties - set(shapes[0].members))
        message = f"kube.cfg gives every party routes, and party {left_out} is in no {_word(shapes[0])}"
        yield Diagnostic(FAULT, message, place, _ONE_OF_TWO)
        return
    yield Diagnostic(FAULT, "kube.cfg knows one mesh or one star, of all parties", place, _ONE_OF_TWO)


def _covers(shape: Mesh | Star | Links, parties: frozenset[int]) -> bool:
    if isinstance(shape, Links):
        return False
    return parties <= set(shape.members) and (isinstance(shape, Mesh) or len(shape.exchanges) == 1)


def _links(federation: Federation) -> int:
    """How many pairs are linked."""
    return len(
        {
            smaller_first(*pair)
            for shape in federation.shapes
            if isinstance(shape, Links)
            for pair in shape.pairs
            if pair[0] != pair[1]
        }
    )


def _all_pairs(parties: frozenset[int]) -> int:
    return len(parties) * (len(parties) - 1) // 2


def _word(shape: Mesh | Star | Links) -> str:
    return "mesh" if isinstance(shape, Mesh) else "star"


def _label(key: str) -> str:
    return key.replace("-", " ", 1)
