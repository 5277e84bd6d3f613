"""Who dials whom: every row of every route table, followed to the site that it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from planner.channels import Channel
from planner.diagnostics import Diagnostic, Place
from planner.model import ENGINE_TRIPLES, party_key
from renderers.importing.drafts import Draft, Origin
from renderers.importing.sites import Gathered, place_of, release_of
from renderers.importing.specs import Spec
from renderers.importing.tables import Row

KINDS: Final[Mapping[Channel, tuple[str, ...]]] = {
    Channel.ROLLSITE: ("rollsite", "osx", "proxy"),
    Channel.NGINX_GRPC: ("trafficServer",),
    Channel.PULSAR: ("trafficServer",),
    Channel.SERVING: ("servingProxy",),
}
"""The kinds of exchange that a default route of a channel may lead to."""
BARE: Final = frozenset({"rollsite", "osx", "proxy", "nginx", "rabbitmq", "pulsar", "fateflow", "serving-proxy"})
"""Names by which a site dials itself."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One row that dials a site: whose, in which file, and which row."""

    source: Draft
    spec: Spec
    row: Row

    @property
    def place(self) -> Place:
        """Where the row stands."""
        return place_of(self.spec, self.row.path)

    @property
    def origin(self) -> Origin:
        """Where the row stands, for the origins of words."""
        return Origin(self.spec.source, self.row.path)


@dataclass(slots=True)
class Network:
    """Who dials whom, and where every site is.

    `claims` are the rows that dial a site by its key. `direct` holds the parties that a site dials as such, `defaults`
    the exchanges that are a site's default route, by channel, `via` the exchange that an entry for a party leads to.
    """

    gathered: Gathered
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    direct: dict[str, dict[int, Claim]] = field(default_factory=dict)
    served: dict[str, dict[int, Claim]] = field(default_factory=dict)
    defaults: dict[str, dict[Channel, tuple[str, ...]]] = field(default_factory=dict)
    via: dict[str, dict[int, str]] = field(default_factory=dict)
    polled: dict[str, list[int]] = field(default_factory=dict)
    polls: dict[str, str] = field(default_factory=dict)
    upstream: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    routes: list[tuple[dict[str, object], Claim]] = field(default_factory=list)
    clusters: list[tuple[str, str, Origin | None]] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    def forget(self, draft: Draft) -> None:
        """Leave a site out, with every route to it and from it."""
        for table in (self.direct, self.served):
            table.pop(draft.key, None)
            for claims in table.values():
                if draft.is_party and draft.id is not None:
                    claims.pop(draft.id, None)
        self.via.pop(draft.key, None)
        for entries in self.via.values():
            for party in [party for party, key in entries.items() if draft.key in {key, f"party-{party}"}]:
                del entries[party]
        self.defaults.pop(draft.key, None)
        for channels in self.defaults.values():
            for channel in list(channels):
                channels[channel] = tuple(key for key in channels[channel] if key != draft.key)
                if not channels[channel]:
                    del channels[channel]
        self.upstream.pop(draft.key, None)
        for key in [key for key, upstream in self.upstream.items() if upstream == draft.key]:
            del self.upstream[key]
            self.gathered.drafts[key].words.remove(("upstream",))
        self.polls.pop(draft.key, None)
        for key in [key for key, server in self.polls.items() if server == draft.key]:
            del self.polls[key]
            self.gathered.drafts[key].words.remove(("polling",))
        name = draft.id if draft.is_party else draft.name
        self.routes = [(entry, claim) for entry, claim in self.routes if name not in {entry["from"], entry["to"]}]

    def claim(self, key: str, claim: Claim) -> None:
        """Count a row as one that dials a site."""
        self.claims.setdefault(key, []).append(claim)


def follow(gathered: Gathered) -> Network:
    """Follow every row of every table; sites that only tables name come into being."""
    network = Network(gathered)
    drafts = list(gathered.drafts.values())
    for scripted in gathered.scripted:
        for party in scripted.mesh if scripted.exchange else ():
            network.defaults[party_key(party)] = {Channel.ROLLSITE: (scripted.exchange,)}
    defaults = [
        Claim(draft, spec, row) for draft in drafts for spec, dialled in draft.tables() for row in dialled.defaults
    ]
    unclear = [claim for claim in defaults if not _follow_default(network, claim, surely=True)]
    for claim in unclear:
        _follow_default(network, claim, surely=False)
    doors = _exchange_doors(network)
    for draft in drafts:
        for spec, dialled in draft.tables():
            for row in dialled.rows:
                _follow(network, Claim(draft, spec, row), doors)
            for own in (dialled.load, dialled.transfer):
                if own is not None:
                    network.claim(draft.key, Claim(draft, spec, own))
    for draft in drafts:
        _follow_polling(network, draft)
    _fill_in_stubs(network)
    return network


def _follow_default(network: Network, claim: Claim, *, surely: bool) -> bool:
    """A default route: find the exchange it leads to, or take note of one that no file describes.

    With `surely` nothing is done where several exchanges, or none, could be meant; the answer says whether it was done.
    """
    source, row = claim.source, claim.row
    if row.host in BARE or row.host.startswith("0."):
        return True  # itself, or nowhere: what fedplan writes where the chart's own default would go live
    candidates = _candidates(network, claim)
    if surely and len(candidates) != 1:
        return False
    key = candidates[0].key if candidates else _unknown_exchange(network, claim)
    network.claim(key, claim)
    if source.is_party:
        known = network.defaults.setdefault(source.key, {})
        known[row.channel] = (*known.get(row.channel, ()), key)
    else:
        network.upstream[source.key] = key
    return True


def _candidates(network: Network, claim: Claim) -> list[Draft]:
    """The exchanges that a default route can mean, best first: by host, by port, and by whom they list."""
    row, source = claim.row, claim.source
    known = [
        draft
        for draft in network.gathered.exchanges
        if draft.kind in KINDS[row.channel] and draft is not source and not _lists(draft, row)
    ]
    named = [draft for draft in known if row.exchange is not None and draft.id == row.exchange]
    if len(named) == 1:
        return named
    by_host = [draft for draft in known if row.host in _hosts(network, draft)]
    fits = [draft for draft in known if has_port(draft, row)]
    exact = [
        draft for draft in by_host if draft in fits or (draft.is_named_only and _dialled_alike(network, draft, row))
    ]
    if exact:
        return exact
    free = [draft for draft in fits if not _hosts(network, draft)] or fits
    if free:
        listing = [draft for draft in free if source.id is not None and _lists_party(draft, source.id)]
        return listing or free
    listing = [draft for draft in known if source.id is not None and _lists_party(draft, source.id)]
    if len(listing) == 1:
        return listing
    if by_host:
        return by_host if len(by_host) == 1 and not by_host[0].is_named_only else []
    described = [draft for draft in known if not draft.is_named_only]
    return described if len(described) == len(known) == 1 else []


def _dialled_alike(network: Network, draft: Draft, row: Row) -> bool:
    """Whether somebody dials an exchange exactly as a row does; of an exchange without a file that is all one knows."""
    return any(
        claim.row.host == row.host
        and (claim.row.channel is not row.channel or dict(claim.row.ports) == dict(row.ports))
        for claim in network.claims.get(draft.key, ())
    )


def _lists_party(draft: Draft, party: int) -> bool:
    return any(row.party == party for _, dialled in draft.tables() for row in dialled.rows)


def _unknown_exchange(network: Network, claim: Claim) -> str:
    """An exchange that no file describes."""
    kinds = KINDS[claim.row.channel]
    kind = kinds[0]
    if claim.row.channel is Channel.ROLLSITE:
        release = release_of(claim.source)
        kind = release.module if release is not None else kind
    draft = network.gathered.exchange(kind, claim.origin)
    if kind == "osx":  # no chart deploys it
        draft.words.put(("target",), "kubernetes", claim.origin)
    return draft.key


def _lists(draft: Draft, row: Row) -> bool:
    """Whether an exchange has a row that leads where this one does; no exchange lists itself."""
    return any(
        each.host == row.host and set(each.ports.values()) & set(row.ports.values())
        for _, dialled in draft.tables()
        for each in dialled.rows
    )


def has_port(draft: Draft, row: Row) -> bool:
    """Whether a row dials one of the NodePorts that a site's files fix."""
    return any(port in service.ports.values() for service in draft.services for port in row.ports.values())


def _hosts(network: Network, draft: Draft) -> set[str]:
    found = {claim.row.host for claim in network.claims.get(draft.key, ())}
    return found | {service.address for service in draft.services if service.address}


def _exchange_doors(network: Network) -> Mapping[tuple[str, int], str]:
    """The exchanges by every host and port at which somebody's default route dials them."""
    doors: dict[tuple[str, int], str] = {}
    for draft in network.gathered.exchanges:
        for claim in network.claims.get(draft.key, ()):
            for port in claim.row.ports.values():
                doors.setdefault((claim.row.host, port), draft.key)
    return doors


def _follow(network: Network, claim: Claim, doors: Mapping[tuple[str, int], str]) -> None:
    """A row for a party: it leads to that party, or to an exchange that knows it."""
    source, row = claim.source, claim.row
    if row.party is None:  # OSX's row `default`
        _follow_default(network, claim, surely=False)
        return
    if source.is_party and row.party == source.id:
        return
    target = network.gathered.party(row.party, claim.origin)
    if not target.release:
        target.release = network.gathered.release
    if row.polled:
        network.polled.setdefault(source.key, []).append(row.party)
        return
    exchange = next((doors[row.host, port] for port in row.ports.values() if (row.host, port) in doors), None)
    if exchange is not None and exchange != source.key:
        network.claim(exchange, claim)
        network.via.setdefault(source.key, {})[row.party] = exchange
        return
    network.claim(target.key, claim)
    table = network.served if row.channel is Channel.SERVING else network.direct
    table.setdefault(source.key, {}).setdefault(row.party, claim)


def _follow_polling(network: Network, draft: Draft) -> None:
    """A polling client's server: the one that lists it, or else the one that listens at that port."""
    for spec, dialled in draft.tables():
        row = dialled.polls
        if row is None or draft.id is None:
            continue
        claim = Claim(draft, spec, row)
        servers = [key for key, clients in network.polled.items() if draft.id in clients]
        fits = [key for key in servers if has_port(network.gathered.drafts[key], row)] or servers
        if not fits:
            fits = [
                other.key for other in network.gathered.drafts.values() if other is not draft and has_port(other, row)
            ]
        key = fits[0] if fits else network.gathered.exchange("rollsite", claim.origin).key
        network.claim(key, claim)
        network.polls[draft.key] = key
        server = network.gathered.drafts[key]
        word: int | str = server.id if server.is_party and server.id is not None else server.name
        draft.words.put(("polling",), word, claim.origin)


def _fill_in_stubs(network: Network) -> None:
    """What the tables of others say about sites that have no file of their own, or no training file."""
    for draft in network.gathered.drafts.values():
        if not draft.release:
            draft.release = network.gathered.release
        if draft.training is None and draft.is_party and not draft.address:
            _guess_engine(network, draft)
        if draft.is_party and draft.serving is None:
            _guess_serving(network, draft)


def _guess_serving(network: Network, draft: Draft) -> None:
    """A party whose serving proxy is dialled has FATE-Serving, whether or not its file was imported."""
    for claim in network.claims.get(draft.key, ()):
        if claim.row.channel is Channel.SERVING and not draft.words.has(("serving",)):
            draft.words.put(("serving",), {}, claim.origin)


def _guess_engine(network: Network, draft: Draft) -> None:
    """A party without a training file has the engine of those who dial it."""
    engines = Counter(
        str(claim.source.words.get(("engine",)))
        for claim in network.claims.get(draft.key, ())
        if claim.source.is_party and claim.source.training is not None
    )
    channels = {claim.row.channel for claim in network.claims.get(draft.key, ())}
    if engines:
        name = engines.most_common(1)[0][0]
        if name in ENGINE_TRIPLES:
            draft.words.put(("engine",), name, draft.origin)
    elif Channel.RABBITMQ in channels:
        draft.words.put(("engine",), "spark_rabbitmq", draft.origin)
    elif Channel.PULSAR in channels:
        draft.words.put(("engine",), "spark_pulsar", draft.origin)
