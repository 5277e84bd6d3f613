"""TLS is on at one end of a link and off at the other.

Parties that dial each other, and a party and its exchange, must agree on `tls`: a router with certificates and one
without do not understand each other (reference: INV-EGG-12). All sites that are connected with each other, directly
or through exchanges, therefore have the same value. What TLS does not do, see FED803.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, tls: true}  # warning: FED803
      - {id: 10000, cluster: bank, tls: true}
      - {id: 10001, cluster: bank}  # error: FED216
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: bank}
      - {id: 10001, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Links, Site, Star, party_key
from planner.partners import has_partner
from planner.subject import Subject

FAULT = Fault("FED216", "tls_mismatch")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site that differs from most of the sites it is connected with.

    Of two halves the one with TLS is taken to be right. Sites whose release or engine has no TLS are not looked at.
    What several sites have from `defaults` is said once.
    """
    sites = [
        site
        for site in subject.topology.sites.values()
        if (release := subject.release(site)) is not None and release.has_tls and _has_rollsite(subject, site)
    ]
    if len({site.tls for site in sites}) < 2:  # noqa: PLR2004 - all on, or all off
        return
    for connected in _connected(sites, subject):
        with_tls = [site for site in connected if site.tls]
        without = [site for site in connected if not site.tls]
        if with_tls and without:
            right, wrong = (with_tls, without) if len(with_tls) >= len(without) else (without, with_tls)
            yield from _findings(right, wrong)


def _has_rollsite(subject: Subject, site: Site) -> bool:
    """Whether a site has a router that could have certificates; true also where its engine is unknown."""
    modules = subject.modules(site)
    return not modules or "rollsite" in modules or "lbrollsite" in modules


def _connected(sites: Sequence[Site], subject: Subject) -> Iterator[list[Site]]:
    """The sites that are connected with each other, exchanges first, in file order.

    A mesh counts as connected, whatever pairs of it are under `never`, as long as a party has a partner left.
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph(_links(subject))
    graph.add_nodes_from(subject.topology.sites)
    number_of = {key: number for number, keys in enumerate(nx.connected_components(graph)) for key in keys}
    result: dict[int, list[Site]] = {}
    for site in sites:
        if _talks(site, subject):
            result.setdefault(number_of[site.key], []).append(site)
    yield from result.values()


def _links(subject: Subject) -> Iterator[tuple[str, str]]:
    """Who dials whom, as far as it matters who is connected: a mesh or a star is a node of its own."""
    for index, shape in enumerate(subject.topology.federation.shapes):
        if isinstance(shape, Links):
            yield from ((party_key(first), party_key(second)) for first, second in shape.pairs)
        else:
            node = f"shape #{index}"
            yield from ((node, party_key(member)) for member in shape.members)
            yield from ((node, exchange) for exchange in (shape.exchanges if isinstance(shape, Star) else ()))
    for site in subject.topology.sites.values():
        for other in (site.upstream, site.polling):
            if other is not None:
                yield site.key, other


def _talks(site: Site, subject: Subject) -> bool:
    """Whether a party with forbidden pairs has a partner left: a mesh may hold it and nobody that it dials."""
    if site.kind != "party" or not subject.topology.never_of.get(site.id or 0):
        return True
    return has_partner(site.id or 0, subject.topology)


def _findings(right: Sequence[Site], wrong: Sequence[Site]) -> Iterator[Diagnostic]:
    witness = right[0]
    has, lacks = ("on", "off") if witness.tls else ("off", "on")
    others = witness.label if len(right) == 1 else f"{witness.label} and {len(right) - 1} more"
    note = Note(f"{witness.label} has it {has}", Place((*witness.path, "tls")))
    value = str(witness.tls).lower()
    shared = [site for site in wrong if "tls" not in site.given and site.tls]
    for site in wrong:
        if site.tls and "tls" not in site.given and site is not shared[0]:
            continue
        who = site.label
        if shared and site is shared[0] and len(shared) > 1:
            who = f"{site.label} and {len(shared) - 1} more"
        yield Diagnostic(
            FAULT,
            f"TLS is {lacks} at {who}, and {has} at the sites on the other end of the link ({others})",
            Place((*site.path, "tls")),
            f"set tls: {value} here, or tls: {str(not witness.tls).lower()} at all sites it is connected with",
            (note,),
        )
