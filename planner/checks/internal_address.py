"""A site is dialled from another cluster where only its own cluster reaches it.

Service names such as `rollsite.fate-10000` and everything under `cluster.local` resolve inside one Kubernetes cluster
only, and a Service of type ClusterIP, the charts' default, has no address outside it (reference: INV-PORT-3 and
INV-PORT-5). Peers on the same cluster may use both; to peers elsewhere the site does not exist.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, exposure: ClusterIP}  # error: FED306
      - {id: 10000, cluster: shop}
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
      - {id: 9999, cluster: bank, exposure: ClusterIP}
      - {id: 10000, cluster: bank, exposure: ClusterIP}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from planner.addresses import Written, is_internal, is_sound, written
from planner.diagnostics import Diagnostic, Fault, Place
from planner.dialled_endpoints import is_unused
from planner.diallers import Diallers
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED306", "internal_address")
_NAMED = 3


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every internal name that is dialled from outside, and every site hidden from its peers."""
    training, serving = Diallers(subject, subject.topology), Diallers(subject, subject.serving)
    namespaces = frozenset(_namespaces(subject))
    for address in written(subject):
        if is_sound(address.text) and is_internal(address.text, namespaces) and _crosses(address, training, serving):
            yield Diagnostic(
                FAULT,
                f"{address.subject} is a name inside one Kubernetes cluster, and is dialled from outside",
                address.place,
                "write an IP address or a DNS name that the dialling site resolves",
            )
    yield from _hidden(subject, training, serving)


def _namespaces(subject: Subject) -> Iterator[str]:
    for site in subject.federation.sites:
        yield site.namespace
        if site.serving is not None:
            yield site.serving.namespace


def _crosses(address: Written, training: Diallers, serving: Diallers) -> bool:
    """Whether someone dials the address from outside the cluster.

    A cluster's address is dialled at NodePorts, which Service names do not have even inside the cluster.
    """
    if address.role == "cluster":
        return not is_unused(address)
    if address.role in {"load balancer", "dmz", "serving"}:
        diallers = serving if address.role == "serving" else training
        return any(next(diallers.elsewhere(site), None) is not None for site in address.sites)
    return address.role == "route" and len({site.cluster for site in address.sites}) > 1


def _hidden(subject: Subject, training: Diallers, serving: Diallers) -> Iterator[Diagnostic]:
    """Sites and serving proxies of type ClusterIP with peers elsewhere; those that inherit the type together."""
    sites = [
        site
        for site in subject.federation.sites
        if site.exposure.type == "ClusterIP" and site.polling is None and site.dmz is None
    ]
    found = list(_dialled(subject, sites, training))
    yield from _told(found, "exposure", "{} is")
    proxies = [
        site
        for site in subject.serving.federation.sites
        if (site.serving is not None and site.kind == "party" and site.serving.exposure.type == "ClusterIP")
        or (site.kind == "exchange" and site.exposure.type == "ClusterIP")
    ]
    hidden = {site.key for site, _ in found}
    proxies = [site for site in proxies if site.key not in hidden]  # it is the exposure of both, and told already
    exchanges = [site for site in proxies if site.kind == "exchange"]
    yield from _told(list(_dialled(subject, exchanges, serving)), "exposure", "{} is")
    own = [site for site in proxies if site.kind == "party"]
    yield from _told(list(_dialled(subject, own, serving)), "serving", "the serving proxy of {} is")


def _dialled(subject: Subject, sites: Sequence[Site], diallers: Diallers) -> Iterator[tuple[Site, Sequence[Site]]]:
    """The sites that somebody dials from elsewhere, each with the first who do."""
    for site in sites:
        if site.cluster in subject.clusters:
            some = tuple(islice(diallers.elsewhere(site), _NAMED + 1))
            if some:
                yield site, some


def _told(found: Sequence[tuple[Site, Sequence[Site]]], key: str, what: str) -> Iterator[Diagnostic]:
    """Findings for hidden sites; those that inherit their exposure together."""
    inheriting = [item for item in found if key not in item[0].given]
    own = [item for item in found if key in item[0].given]
    for site, peers in inheriting[:1] + own:
        more = len(inheriting) - 1 if key not in site.given else 0
        others = f" (and so are {more} more that inherit it)" if more else ""
        yield Diagnostic(
            FAULT,
            f"{what.format(site.label)} exposed inside cluster {site.cluster} only, "
            f"and dialled from elsewhere by {_names(peers)}{others}",
            Place((*site.path, *_where(site, key))),
            "set exposure: NodePort or a load balancer, or place the sites on one cluster",
        )


def _where(site: Site, key: str) -> tuple[str, ...]:
    """The path of an exposure below its site."""
    if key == "serving" and site.serving is not None and "exposure" in site.serving.given:
        return ("serving", "exposure")
    return ("exposure",)


def _names(peers: Sequence[Site]) -> str:
    labels = [peer.label for peer in peers[:_NAMED]]
    if len(peers) > _NAMED:
        return ", ".join(labels) + " and others"
    return labels[0] if len(labels) == 1 else ", ".join(labels[:-1]) + f" and {labels[-1]}"
