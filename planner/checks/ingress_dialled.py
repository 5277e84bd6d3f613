"""Peers are to dial a host name of the ingress.

An Ingress passes on HTTP for user interfaces and for inference clients, on ports 80 and 443. What peers dial is gRPC,
AMQP or Pulsar's protocol on a NodePort or a load balancer, which the ingress does not have; so the same machine needs
two addresses for two purposes (reference: INV-SRV-9, INV-NS-4). It works only as long as the name happens to lead to a
node of the cluster.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: party10000.fateboard.example.com}  # warning: FED322
    parties:
      - {id: 9999, cluster: bank}
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
      - {name: shop, address: node1.shop.example.com}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.addresses import normalised, written
from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity
from planner.hosts import given_hosts, interface_hosts
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED322", "ingress_dialled", Severity.WARNING)
_DIALLED = frozenset({"cluster", "load balancer", "route", "serving"})
"""What peers dial, among the roles of addresses."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every address of a cluster, load balancer or route that is a host of an ingress."""
    hosts = _hosts(subject)
    for address in written(subject):
        found = hosts.get(normalised(address.text))
        if found is None or address.role not in _DIALLED or not address.sites:
            continue
        site, component = found
        yield Diagnostic(
            FAULT,
            f"{address.subject} is the ingress host of {component} of {site.label}, and no ingress answers peers",
            address.place,
            "write the address of a node or of a load balancer that has the ports peers dial",
            (Note(f"{site.label} is declared here", Place(site.path)),),
        )


def _hosts(subject: Subject) -> dict[str, tuple[Site, str]]:
    """Every host of an ingress, the first site that has it, and the component it is for."""
    result: dict[str, tuple[Site, str]] = {}
    for site, release in subject.known_sites():
        for component, hosts in interface_hosts(site, release, subject.modules(site)).items():
            for host in hosts:
                result.setdefault(normalised(host), (site, component))
        if site.serving is not None:
            for component, settings in site.serving.ingress.hosts.items():
                for host in settings.get("hosts", ()):
                    result.setdefault(normalised(host), (site, component))
        for component in site.ingress.hosts:
            for host in given_hosts(site, component):
                result.setdefault(normalised(host), (site, component))
    return result
