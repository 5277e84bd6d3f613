"""Who talks with whom, told by the fewest shapes that hold for what the tables say.

Parties that all dial each other are a mesh, those that have an exchange as default route a star, the rest are links.
A pair of which one party lists the other counts as a link: that the other side is missing is for the proof to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from planner.channels import Channel
from renderers.importing.drafts import Draft
from renderers.importing.network import Network

_LARGE: int = 3
"""Parties from which a group that all dial each other is worth a mesh of its own."""


def topology(network: Network) -> tuple[Any, str]:
    """The value of `topology` in federation.yaml, and a sentence about it."""
    parties = [draft.id for draft in network.gathered.parties if draft.id is not None]
    stars = _stars(network)
    pairs = _pairs(network)
    shapes: list[dict[str, Any]] = [
        *_training_stars(network, stars),
        *_direct(pairs, parties, _covered(stars)),
        *_serving(network),
    ]
    if shapes == [{"mesh": "all"}]:
        return "mesh", "every party dials every other one"
    exchanges = network.gathered.exchanges
    if len(exchanges) == 1 and shapes == [{"star": sorted(parties), "through": exchanges[0].name}]:
        return "star", "every party dials the one exchange"
    if not shapes:
        return "mesh", "no file names a partner; every party is taken to dial every other one"
    return shapes, "as the route tables have it"


def _stars(network: Network) -> dict[tuple[str, ...], set[int]]:
    """The parties behind each exchange, or behind each set of exchanges that they balance their load over."""
    stars: dict[tuple[str, ...], set[int]] = {}
    for draft in network.gathered.parties:
        if draft.id is None:
            continue
        for channel, exchanges in network.defaults.get(draft.key, {}).items():
            if channel is not Channel.SERVING:
                stars.setdefault(exchanges, set()).add(draft.id)
        server = network.polls.get(draft.key, "")
        if server.startswith("exchange-"):
            stars.setdefault((server,), set()).add(draft.id)
    _add_listed(network, stars)
    _add_beside(network, stars)
    return stars


def _add_listed(network: Network, stars: dict[tuple[str, ...], set[int]]) -> None:
    """Parties that an exchange lists and that do not dial it, where they have no other way."""
    for draft in network.gathered.exchanges:
        if draft.kind == "servingProxy":
            continue
        listed = set(network.direct.get(draft.key, {}))
        behind = {party for key, members in stars.items() if draft.key in key for party in members}
        for party in sorted(listed - behind):
            if _needs(network, party, listed):
                key = next((key for key in stars if draft.key in key), (draft.key,))
                stars.setdefault(key, set()).add(party)


def _add_beside(network: Network, stars: dict[tuple[str, ...], set[int]]) -> None:
    """Parties with an entry that leads to an exchange beside their default route."""
    for source, destinations in network.via.items():
        member = network.gathered.drafts[source]
        if not member.is_party or member.id is None:
            continue
        for party, exchange in destinations.items():
            if not any(exchange in key and member.id in members for key, members in stars.items()):
                stars.setdefault((exchange,), set()).update({member.id, party})


def _needs(network: Network, party: int, listed: Iterable[int]) -> bool:
    """Whether a party that an exchange lists has no other way to the others that it lists."""
    draft = network.gathered.drafts[f"party-{party}"]
    if draft.training is None:
        return True
    own = network.direct.get(draft.key, {})
    has_default = any(channel is not Channel.SERVING for channel in network.defaults.get(draft.key, {}))
    return not has_default and any(other not in own for other in listed if other != party)


def _training_stars(network: Network, stars: Mapping[tuple[str, ...], set[int]]) -> list[dict[str, Any]]:
    """Stars in federation.yaml's words. The first star of a party is its default route."""
    shapes: list[dict[str, Any]] = []
    for exchanges, members in _in_order(network, stars):
        names = [exchange.removeprefix("exchange-") for exchange in exchanges]
        shapes.append({"star": sorted(members), "through": names[0] if len(names) == 1 else names})
    return shapes


def _in_order(network: Network, stars: Mapping[tuple[str, ...], set[int]]) -> list[tuple[tuple[str, ...], set[int]]]:
    """The stars, each after those that hold its members' default routes, as far as that is possible."""
    before: dict[tuple[str, ...], set[tuple[str, ...]]] = {key: set() for key in stars}
    for draft in network.gathered.parties:
        own = [
            keys
            for channel, keys in network.defaults.get(draft.key, {}).items()
            if channel is not Channel.SERVING and keys in stars
        ]
        for key, members in stars.items():
            if own and draft.id in members and key not in own:
                before[key].update(own)
    left, result = dict(stars), []
    while left:
        free = next((key for key in left if not before[key] & left.keys()), next(iter(left)))
        result.append((free, left.pop(free)))
    return result


def joined(network: Network, shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stars whose exchanges list each other's parties become one star of several exchanges."""
    groups: list[set[str]] = []
    for source, destinations in network.via.items():
        if not source.startswith("exchange-"):
            continue
        ends = {source, *destinations.values()}
        touching = [group for group in groups if group & ends]
        groups = [group for group in groups if group not in touching] + [ends.union(*touching)]
    result = list(shapes)
    for group in groups:
        names = {key.removeprefix("exchange-") for key in group}
        inside = [shape for shape in result if isinstance(shape.get("through"), str) and shape["through"] in names]
        if len(inside) > 1:
            merged = {"star": {shape["through"]: shape["star"] for shape in inside}}
            result = [
                merged if shape is inside[0] else shape for shape in result if shape is inside[0] or shape not in inside
            ]
    return result


def _covered(stars: Mapping[tuple[str, ...], set[int]]) -> set[int]:
    return {party for members in stars.values() for party in members}


def _pairs(network: Network) -> dict[int, set[int]]:
    """Parties that dial each other directly, in at least one direction."""
    partners: dict[int, set[int]] = {}
    for scripted in network.gathered.scripted:
        members = [party for party in scripted.mesh if network.gathered.drafts[f"party-{party}"].cluster]
        for party in members if not scripted.exchange else ():
            partners.setdefault(party, set()).update(other for other in members if other != party)
    polled = {client for clients in network.polled.values() for client in clients}
    for draft in network.gathered.parties:
        if draft.id is None:
            continue
        others = set(network.direct.get(draft.key, {}))
        others |= {client for client in network.polled.get(draft.key, ()) if client in polled}
        for other in network.served.get(draft.key, {}):
            if draft.training is None or network.gathered.drafts[f"party-{other}"].training is None:
                others.add(other)
        for other in others - {draft.id}:
            partners.setdefault(draft.id, set()).add(other)
            partners.setdefault(other, set()).add(draft.id)
    return partners


def _direct(partners: Mapping[int, set[int]], parties: list[int], covered: set[int]) -> list[dict[str, Any]]:
    """Meshes of those who all dial each other, largest first, and links for what is left."""
    left = {party: set(others) for party, others in partners.items()}
    shapes: list[dict[str, Any]] = []
    while True:
        clique = _clique(left)
        if not clique or (len(clique) < _LARGE and not (len(clique) == len(left) == len(parties))):
            break
        shapes.append({"mesh": "all" if set(clique) == set(parties) else sorted(clique)})
        for party in clique:
            left[party] -= clique
            if not left[party]:
                del left[party]
    links = sorted((first, second) for first, others in left.items() for second in others if first < second)
    alone = sorted(set(parties) - covered - partners.keys())
    if links:
        shapes.append({"links": [list(pair) for pair in links]})
    if alone and not shapes and not covered and len(alone) == len(parties):
        return []
    return shapes


def _clique(partners: Mapping[int, set[int]]) -> set[int]:
    """A large set of parties that all dial each other: grown greedily from whoever has most partners."""
    order = sorted(partners, key=lambda party: (-len(partners[party]), party))
    clique: set[int] = set()
    for party in order:
        if clique <= partners[party]:
            clique.add(party)
    return clique


def _serving(network: Network) -> list[dict[str, Any]]:
    """Stars of the serving exchanges."""
    stars: dict[str, set[int]] = {}
    for draft in network.gathered.parties:
        exchanges = network.defaults.get(draft.key, {}).get(Channel.SERVING, ())
        if len(exchanges) == 1 and draft.id is not None:
            stars.setdefault(exchanges[0], set()).add(draft.id)
    for draft in network.gathered.exchanges:
        if draft.kind == "servingProxy":
            listed = {
                party
                for party in network.served.get(draft.key, {})
                if _lacks_serving_file(network.gathered.drafts[f"party-{party}"])
            }
            if listed or draft.key in stars:
                stars.setdefault(draft.key, set()).update(listed)
    return [
        {"star": sorted(members), "through": exchange.removeprefix("exchange-")} for exchange, members in stars.items()
    ]


def _lacks_serving_file(draft: Draft) -> bool:
    return draft.serving is None
