"""Who must talk with whom, and over which next hop: the declared graph of routes.

Nothing here knows an address or a port.
A mesh of n parties is one set of n names, never n² pairs: pairs are produced site by site, as they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from planner.model import Federation, Links, Mesh, Shape, Site, Star, party_key

if TYPE_CHECKING:
    import networkx as nx

POLLED: Final = ""
"""Next hop of a polling client: it is not dialled, its messages wait until it asks for them."""


def is_served(shape: Shape, federation: Federation) -> bool:
    """Whether a shape goes through exchanges of FATE-Serving, and so says nothing about training."""
    serving = {exchange.key for exchange in federation.exchanges if exchange.exchange_kind == "servingProxy"}
    return isinstance(shape, Star) and bool(serving.intersection(shape.exchanges))


def training(federation: Federation) -> Federation:
    """The federation as far as training goes: without the shapes of serving exchanges."""
    if all(exchange.exchange_kind != "servingProxy" for exchange in federation.exchanges):
        return federation
    return replace(federation, shapes=tuple(shape for shape in federation.shapes if not is_served(shape, federation)))


def serving(federation: Federation) -> Federation:
    """The federation as far as FATE-Serving goes: the parties that have it, and who must serve together.

    Parties that train together and both have serving must serve together. Their proxies dial each other, unless one
    serving exchange has them all. Serving knows no polling, and what the user expects to be proved is about training.
    """
    parties = tuple(replace(party, polling=None) for party in federation.parties if party.serving is not None)
    served = {party.id for party in parties}
    exchanges = tuple(exchange for exchange in federation.exchanges if exchange.exchange_kind == "servingProxy")
    stars = [shape for shape in federation.shapes if is_served(shape, federation)]
    behind = [frozenset(shape.members) for shape in stars if isinstance(shape, Star)]
    shapes: list[Shape] = []
    for shape in federation.shapes:
        if isinstance(shape, Links):
            pairs = tuple(pair for pair in shape.pairs if served.issuperset(pair))
            pairs = tuple(pair for pair in pairs if not any(group.issuperset(pair) for group in behind))
            if pairs:
                shapes.append(replace(shape, pairs=pairs))
        elif shape in stars:
            shapes.append(shape)
        else:
            members = tuple(member for member in shape.members if member in served)
            if len(members) > 1 and not any(group.issuperset(members) for group in behind):
                shapes.append(Mesh(members, shape.path))
    return replace(federation, shapes=tuple(shapes), parties=parties, exchanges=exchanges, expects=(), routes=())


@dataclass(frozen=True, slots=True)
class NextHops:
    """One site's routes by name.

    `entries` maps a destination party to the site that is dialled for it (the party itself or an exchange),
    `default` holds the sites dialled for everything else (several when the load is balanced).
    """

    entries: Mapping[int, str]
    default: tuple[str, ...]


@dataclass(frozen=True)
class Topology:
    """The shapes of a federation, indexed by party."""

    federation: Federation
    _hops: dict[str, NextHops] = field(default_factory=dict, compare=False, repr=False)
    _of_latest: dict[str, NextHops] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def sites(self) -> Mapping[str, Site]:
        """Every site by its key; of two with the same key the first."""
        result: dict[str, Site] = {}
        for site in self.federation.sites:
            result.setdefault(site.key, site)
        return result

    @cached_property
    def groups(self) -> tuple[frozenset[int], ...]:
        """Sets of parties of which every two must talk, one per mesh and star and one per link."""
        groups: list[frozenset[int]] = []
        for shape in self.federation.shapes:
            if isinstance(shape, Links):
                groups.extend(frozenset(pair) for pair in shape.pairs)
            else:
                groups.append(frozenset(shape.members))
        return tuple(groups)

    @cached_property
    def groups_of(self) -> Mapping[int, tuple[frozenset[int], ...]]:
        """The groups of each party."""
        result: dict[int, list[frozenset[int]]] = {}
        for group in self.groups:
            for member in group:
                result.setdefault(member, []).append(group)
        return {member: tuple(groups) for member, groups in result.items()}

    @cached_property
    def never_of(self) -> Mapping[int, frozenset[int]]:
        """The parties that each party must not be able to talk with."""
        result: dict[int, set[int]] = {}
        for pair in self.federation.never:
            result.setdefault(pair.first, set()).add(pair.second)
            result.setdefault(pair.second, set()).add(pair.first)
        return {party: frozenset(others) for party, others in result.items()}

    @cached_property
    def stars_of(self) -> Mapping[int, tuple[tuple[Star, str], ...]]:
        """The stars of each party, in file order, each with the exchange this party dials in it.

        The exchange is empty where the star balances over several.
        """
        result: dict[int, list[tuple[Star, str]]] = {}
        for shape in self.federation.shapes:
            if isinstance(shape, Star):
                for member in shape.pool:
                    result.setdefault(member, []).append((shape, ""))
                for exchange, members in shape.groups:
                    for member in members:
                        result.setdefault(member, []).append((shape, exchange))
        return {member: tuple(stars) for member, stars in result.items()}

    @cached_property
    def members_of(self) -> Mapping[str, tuple[int, ...]]:
        """The parties that dial each exchange (site key), in file order of the stars."""
        result: dict[str, list[int]] = {}
        for shape in self.federation.shapes:
            if isinstance(shape, Star):
                for exchange in shape.balanced:
                    result.setdefault(exchange, []).extend(shape.pool)
                for exchange, members in shape.groups:
                    result.setdefault(exchange, []).extend(members)
        return {exchange: tuple(dict.fromkeys(members)) for exchange, members in result.items()}

    @cached_property
    def clients_of(self) -> Mapping[str, frozenset[int]]:
        """The polling clients of each polling server (site key)."""
        result: dict[str, set[int]] = {}
        for party in self.federation.parties:
            if party.polling is not None and party.id is not None:
                result.setdefault(party.polling, set()).add(party.id)
        return {server: frozenset(clients) for server, clients in result.items()}

    @cached_property
    def _server_of(self) -> Mapping[int, str]:
        """The site that each polling client polls."""
        return {client: server for server, clients in self.clients_of.items() for client in clients}

    @cached_property
    def _link_partners(self) -> Mapping[int, frozenset[int]]:
        result: dict[int, set[int]] = {}
        for shape in self.federation.shapes:
            if isinstance(shape, Links):
                for first, second in shape.pairs:
                    result.setdefault(first, set()).add(second)
                    result.setdefault(second, set()).add(first)
        return {party: frozenset(others) for party, others in result.items()}

    @cached_property
    def _meshes_of(self) -> Mapping[int, tuple[frozenset[int], ...]]:
        result: dict[int, list[frozenset[int]]] = {}
        for shape in self.federation.shapes:
            if isinstance(shape, Mesh):
                mesh = frozenset(shape.members)
                for member in mesh:
                    result.setdefault(member, []).append(mesh)
        return {member: tuple(meshes) for member, meshes in result.items()}

    def partners(self, party: int) -> frozenset[int]:
        """The parties that `party` must talk with."""
        groups = self.groups_of.get(party, ())
        everyone = groups[0] if len(groups) == 1 else frozenset[int]().union(*groups)
        return everyone - self.never_of.get(party, frozenset()) - {party}

    def count_partners(self, party: int) -> int:
        """Number of parties that `party` must talk with."""
        groups = self.groups_of.get(party, ())
        if len(groups) != 1:
            return len(self.partners(party))
        barred = sum(1 for other in self.never_of.get(party, ()) if other in groups[0])
        return len(groups[0]) - 1 - barred

    def count_pairs(self) -> int:
        """Number of ordered pairs that must talk."""
        return sum(map(self.count_partners, self.groups_of))

    def must_talk(self, first: int, second: int) -> bool:
        """Whether the two parties must talk."""
        if first == second or second in self.never_of.get(first, ()):
            return False
        return any(second in group for group in self.groups_of.get(first, ()))

    def dials_directly(self, first: int, second: int) -> bool:
        """Whether a mesh or a link makes the two parties dial each other."""
        if second in self._link_partners.get(first, ()):
            return True
        return any(second in mesh for mesh in self._meshes_of.get(first, ()))

    def exchange_of(self, party: int) -> tuple[str, ...]:
        """The exchanges (site keys) that are the default route of `party`; several when it balances its load."""
        return self._exchanges_of.get(party, ())

    @cached_property
    def _exchanges_of(self) -> Mapping[int, tuple[str, ...]]:
        """The default exchanges of each party: those it balances its load over, or that of its first star."""
        balanced: dict[int, tuple[str, ...]] = {}
        single: dict[int, tuple[str, ...]] = {}
        for shape in self.federation.shapes:
            if isinstance(shape, Star):
                for member in shape.pool:
                    balanced.setdefault(member, shape.balanced)
                for exchange, members in shape.groups:
                    for member in members:
                        single.setdefault(member, (exchange,))
        return {**single, **balanced}

    def hops(self, site: Site) -> NextHops:
        """The next hops of a site: those of every exchange and of the latest party are remembered."""
        if site.kind == "exchange":
            known = self._hops.get(site.key)
            if known is None:
                known = self._hops[site.key] = self._exchange_hops(site)
            return known
        known = self._of_latest.get(site.key)
        if known is None:
            self._of_latest.clear()
            known = self._party_hops(self.sites.get(site.key, site))  # serving knows the party without its polling
            self._of_latest[site.key] = known
        return known

    def _exchange_hops(self, site: Site) -> NextHops:
        own: list[int] = []
        entries: dict[int, str] = {}
        for shape in self.federation.shapes:
            if not isinstance(shape, Star) or site.key not in shape.exchanges:
                continue
            own.extend(shape.pool)
            for exchange, members in shape.groups:
                if exchange == site.key:
                    own.extend(members)
                else:
                    for member in members:
                        entries.setdefault(member, exchange)
        for member in own:
            polled = self._server_of.get(member, site.key)
            if polled == site.key or member not in entries:  # who polls elsewhere is reached there, if it can be
                entries[member] = party_key(member)
        for client in self.clients_of.get(site.key, ()):
            if client in entries:
                entries[client] = POLLED
        return NextHops(entries, () if site.upstream is None else (site.upstream,))

    def _party_hops(self, site: Site) -> NextHops:
        own = site.id
        if own is None:
            return NextHops({}, ())
        default = (site.polling,) if site.polling is not None else self.exchange_of(own)
        barred = self.never_of.get(own, frozenset()) | {own}
        direct = frozenset[int]().union(*self._meshes_of.get(own, ()), self._link_partners.get(own, ()))
        entries = {member: party_key(member) for member in direct - barred}
        for star, exchange in self.stars_of.get(own, ()):
            through = star.balanced or (exchange,)
            if through != default:
                for member in star.members:
                    entries.setdefault(member, through[0])
        for client in self.clients_of.get(site.key, ()):
            if self.must_talk(own, client):
                entries[client] = POLLED
        return NextHops(
            {
                member: entries[member]
                for member in sorted(entries)
                if member not in barred and entries[member] != site.polling
            },
            default,
        )

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """The declared routes: sites and shapes as nodes, who dials whom as edges.

        A mesh is one node with an edge to and from each member, and so is a star of several exchanges, so that the
        graph grows with the parties and never with the pairs. Edge attribute `kind` is `mesh`, `link`, `star`
        (party and exchange, both ways), `forwards` (exchange and star node, both ways), `upstream` (an exchange's
        default route) or `polls`.
        """
        import networkx as nx  # it takes as long as planning two parties, and most plans do without

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.sites)
        for number, shape in enumerate(self.federation.shapes, 1):
            for kind, first, second in _shape_edges(shape, number):
                graph.add_edge(first, second, kind=kind)
                graph.add_edge(second, first, kind=kind)
        for site in self.sites.values():
            if site.upstream is not None:
                graph.add_edge(site.key, site.upstream, kind="upstream")
            if site.polling is not None:
                graph.add_edge(site.key, site.polling, kind="polls")
                graph.remove_edges_from([(site.polling, site.key)])  # a polling client is not dialled
        return graph

    def default_cycles(self) -> Iterator[tuple[str, ...]]:
        """Cycles of default routes among exchanges, each starting at its smallest site key."""
        if all(site.upstream is None for site in self.federation.exchanges):
            return
        import networkx as nx

        edges = self.graph.edges(data=True)
        defaults: nx.DiGraph[str] = nx.DiGraph(
            (first, second) for first, second, data in edges if data["kind"] == "upstream"
        )
        yield from sorted(_from_smallest(cycle) for cycle in nx.simple_cycles(defaults))


def _shape_edges(shape: Shape, number: int) -> Iterator[tuple[str, str, str]]:
    """The edges of one shape, each told once: kind and two nodes."""
    if isinstance(shape, Mesh):
        yield from (("mesh", f"mesh {number}", party_key(member)) for member in shape.members)
    elif isinstance(shape, Links):
        yield from (("link", party_key(first), party_key(second)) for first, second in shape.pairs)
    else:
        for exchange in shape.balanced:
            yield from (("star", party_key(member), exchange) for member in shape.pool)
        for exchange, members in shape.groups:
            yield from (("star", party_key(member), exchange) for member in members)
            if len(shape.groups) > 1:
                yield "forwards", exchange, f"star {number}"


def _from_smallest(cycle: list[str]) -> tuple[str, ...]:
    start = cycle.index(min(cycle))
    return tuple(cycle[start:] + cycle[:start])
