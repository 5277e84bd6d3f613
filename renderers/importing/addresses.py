"""Where every site is: the addresses of the clusters, found in the tables of those who dial them.

A cluster.yaml says which NodePorts a site has, and never at which address it is reached. That stands in the files of
its peers, so it is put to the vote: an address whose ports fit the site's own counts most.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from planner.channels import Channel
from planner.checks.guessed_value import guessed
from planner.diagnostics import Place
from renderers.importing.drafts import Draft, Origin, Service
from renderers.importing.network import BARE, Network, has_port
from renderers.importing.sites import place_of
from renderers.importing.tables import Row, inside

LOOPBACKS: Final = ("127.", "0.0.0.0", "localhost", "::1")  # noqa: S104 - addresses that are looked for, not bound


@dataclass(slots=True)
class _Votes:
    """What is said of one host: by peers in all, by those whose port is the site's own, and by the site itself.

    `to_balancer` holds when nobody dials the host but a load balancer at it.
    """

    peers: set[str] = field(default_factory=set)
    fitting: set[str] = field(default_factory=set)
    own: int = 0
    to_balancer: bool = True


def find_addresses(network: Network) -> None:
    """The address of each site's cluster; empty where nobody names one.

    Sites that dial each other by names of a cluster are on one cluster: a load balancer's address, which is no
    cluster's, gives way to that of a neighbour.
    """
    weak: set[str] = set()
    for key, draft in network.gathered.drafts.items():
        address, is_sure = _voted(network, draft)
        network.addresses[key] = address
        if not is_sure:
            weak.add(key)
    for group in _neighbours(network):
        sure = [network.addresses[key] for key in group if key not in weak]
        known = [network.addresses[key] for key in group if network.addresses[key]]
        address = next(iter((*sure, *known)), "") or _placeholder(network, group)
        for key in group:
            if key in weak:
                network.addresses[key] = address


def _neighbours(network: Network) -> list[list[str]]:
    """Sites that are on one cluster, because one dials the other by a name that is known only there."""
    groups: list[set[str]] = []
    for key, claims in network.claims.items():
        for claim in claims:
            if inside(claim.row.host) and claim.source.key != key:
                ends = {key, claim.source.key}
                touching = [group for group in groups if group & ends]
                groups = [group for group in groups if group not in touching] + [ends.union(*touching)]
    order = [draft.key for draft in (*network.gathered.parties, *network.gathered.exchanges)]
    return [[key for key in order if key in group] for group in groups]


def _placeholder(network: Network, group: list[str]) -> str:
    """An address that no machine has, for sites on one cluster of which nobody knows where it is."""
    return f"address-of-{_cluster_name(network.gathered.drafts[group[0]])}.invalid"


def _cluster_name(draft: Draft) -> str:
    return f"cluster-{draft.id if draft.is_party else draft.name}"


def _voted(network: Network, draft: Draft) -> tuple[str, bool]:
    """The address that most speaks for, and whether it is a cluster's for sure."""
    if draft.address:
        return draft.address, True
    votes = _votes(network, draft)
    candidates = [host for host, found in votes.items() if not found.to_balancer and not host.startswith(LOOPBACKS)]
    if not candidates:
        return next(iter(votes), ""), False
    by_peers = [host for host in candidates if len(votes[host].peers) > 1]
    own = [host for host in candidates if votes[host].own]
    if not by_peers and own:  # one peer may well have an address of its own for the site
        return max(own, key=lambda host: (len(votes[host].peers), votes[host].own)), True
    order = list(votes)
    return max(candidates, key=lambda host: (_weight(votes[host]), -order.index(host))), True


def _weight(votes: _Votes) -> tuple[int, int, int]:
    return len(votes.fitting), len(votes.peers), votes.own


def _votes(network: Network, draft: Draft) -> dict[str, _Votes]:
    """What is said of each host at which a site is dialled."""
    votes: dict[str, _Votes] = {}
    for claim in network.claims.get(draft.key, ()):
        host = claim.row.host
        if inside(host) or not host or host in BARE:
            continue
        found = votes.setdefault(host, _Votes())
        is_own = claim.source is draft
        found.own += is_own
        if not is_own:
            found.peers.add(claim.source.key)
            if has_port(draft, claim.row):
                found.fitting.add(claim.source.key)
        found.to_balancer &= balancer_of(draft, claim.row) is not None
    for service in draft.services:
        if service.type == "LoadBalancer" and service.address:
            votes.setdefault(service.address, _Votes())
    return votes


def balancer_of(draft: Draft, row: Row) -> Service | None:
    """The load balancer that a row dials."""
    for service in draft.services:
        if service.type == "LoadBalancer" and (service.address == row.host or service.component == component(row)):
            return service
    return None


def component(row: Row) -> str:
    """The component that a row dials, by its word in `exposure.addresses`."""
    names = {Channel.NGINX_GRPC: "nginx", Channel.RABBITMQ: "rabbitmq", Channel.PULSAR: "pulsar"}
    return names.get(row.channel) or next(iter(row.ports), "")


def name_clusters(network: Network) -> None:
    """One cluster for each address, named after the first site on it."""
    names: dict[str, str] = {}
    for draft in network.gathered.parties + network.gathered.exchanges:
        name = _cluster_name(draft)
        address = network.addresses[draft.key] or f"address-of-{name}.invalid"
        if address.endswith(".invalid") and address not in names:
            place = _place_of_site(network, draft)
            hint = f"write the address of {name} in federation.yaml, in the place of {address}"
            network.findings.append(guessed(f"no file says at which address {draft.label} is reached", place, hint))
        if address not in names:
            names[address] = name
            network.clusters.append((name, address, _origin_of_address(network, draft, address)))
        draft.cluster = names[address]


def _place_of_site(network: Network, draft: Draft) -> Place:
    for spec in draft.specs.values():
        return place_of(spec, ("partyId",))
    for claim in network.claims.get(draft.key, ()):
        return claim.place
    origin = draft.origin
    return Place(document=origin.document, path=origin.path) if origin is not None else Place()


def _origin_of_address(network: Network, draft: Draft, address: str) -> Origin | None:
    if draft.address:
        return draft.words.origins.get(("address",)) or draft.origin
    for claim in network.claims.get(draft.key, ()):
        if claim.row.host == address:
            return claim.origin
    return draft.origin
