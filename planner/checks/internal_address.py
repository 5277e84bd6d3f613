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
    diallers = Diallers(subject)
    namespaces = frozenset(site.namespace for site in subject.federation.sites)
    for address in written(subject):
        if is_sound(address.text) and is_internal(address.text, namespaces) and _crosses(address, diallers):
            yield Diagnostic(
                FAULT,
                f"{address.subject} is a name inside one Kubernetes cluster, and is dialled from outside",
                address.place,
                "write an IP address or a DNS name that the dialling site resolves",
            )
    yield from _hidden(subject, diallers)


def _crosses(address: Written, diallers: Diallers) -> bool:
    """Whether someone dials the address from outside the cluster.

    A cluster's address is dialled at NodePorts, which Service names do not have even inside the cluster.
    """
    if address.role == "cluster":
        return not is_unused(address)
    if address.role == "load balancer":
        return any(next(diallers.elsewhere(site), None) is not None for site in address.sites)
    return address.role == "route" and len({site.cluster for site in address.sites}) > 1


def _hidden(subject: Subject, diallers: Diallers) -> Iterator[Diagnostic]:
    """Sites of type ClusterIP with peers elsewhere; those that inherit the type together."""
    found: list[tuple[Site, Sequence[Site]]] = []
    for site in subject.federation.sites:
        if site.exposure.type == "ClusterIP" and site.polling is None and site.cluster in subject.clusters:
            some = tuple(islice(diallers.elsewhere(site), _NAMED + 1))
            if some:
                found.append((site, some))
    inheriting = [item for item in found if "exposure" not in item[0].given]
    own = [item for item in found if "exposure" in item[0].given]
    for site, peers in inheriting[:1] + own:
        more = len(inheriting) - 1 if "exposure" not in site.given else 0
        others = f" (and so are {more} more that inherit it)" if more else ""
        yield Diagnostic(
            FAULT,
            f"{site.label} is exposed inside cluster {site.cluster} only, "
            f"and dialled from elsewhere by {_names(peers)}{others}",
            Place((*site.path, "exposure")),
            "set exposure: NodePort or a load balancer, or place the sites on one cluster",
        )


def _names(peers: Sequence[Site]) -> str:
    labels = [peer.label for peer in peers[:_NAMED]]
    if len(peers) > _NAMED:
        return ", ".join(labels) + " and others"
    return labels[0] if len(labels) == 1 else ", ".join(labels[:-1]) + f" and {labels[-1]}"
