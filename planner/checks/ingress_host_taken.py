"""Two user interfaces of one cluster have the same host name.

FATEBoards, notebooks and the interfaces of Spark, RabbitMQ, Pulsar and FATE-Serving of all parties on a cluster are
behind one ingress controller, which tells them apart by host name. Two Ingresses with one host and path are merged or
refused, and a user sees another party's jobs (reference: INV-NS-4). The KubeFATE service is behind the same controller.
Left out, hosts are made from the party id. Hosts under `defaults` are the same for every party that inherits them.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
    parties:
      - {id: 9999, cluster: bank, ingress: {fateboard: {hosts: [board.example.com]}}}
      - {id: 10000, cluster: bank, ingress: {fateboard: {hosts: [board.example.com]}}}  # error: FED311
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
      - {id: 9999, cluster: bank, ingress: {fateboard: {hosts: [board.example.com]}}}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place
from planner.hosts import interface_hosts, serving_hosts
from planner.model import Ingress, Site
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject

FAULT = Fault("FED311", "ingress_host_taken")


class _Use(NamedTuple):
    """One host of one interface. `origin` is the list that the host was written in, None for a derived host."""

    cluster: str
    host: str
    label: str
    site: str
    path: KeyPath
    origin: object


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every host name that another interface of its cluster has.

    Derived hosts come first, so that the finding is at one that somebody wrote.
    """
    taken = {(use.cluster, use.host): use for use in _services(subject)}
    uses = list(_uses(subject))
    reported: dict[int, object] = {}
    for use in sorted(uses, key=lambda use: use.origin is not None):
        earlier = taken.setdefault((use.cluster, use.host), use)
        if earlier is use or id(use.origin) in reported or (use.site == earlier.site and use.label == earlier.label):
            continue
        inherited = use.origin is not None and use.origin is earlier.origin
        if use.origin is not None and (inherited or _is_inherited(use, subject)):
            reported[id(use.origin)] = use.origin
        yield Diagnostic(
            FAULT,
            f"{use.label} has the host {use.host}, which {earlier.label} has on cluster {use.cluster}",
            Place(use.path),
            _HINT,
            () if inherited else (Note(f"{earlier.label} has it here", Place(earlier.path)),),
        )


_HINT = "leave the host out (it is then made from the party id), or give each interface one of its own"


def _is_inherited(use: _Use, subject: Subject) -> bool:
    key = use.path[len(subject.topology.sites[use.site].path)]
    return key not in subject.topology.sites[use.site].given


def _services(subject: Subject) -> Iterator[_Use]:
    """The hosts of KubeFATE's services."""
    for cluster in subject.federation.clusters:
        try:
            host = urlsplit(cluster.service.url if cluster.service is not None else "").hostname
        except ValueError:
            continue
        if host:
            label = "the KubeFATE service"
            yield _Use(cluster.name, host.lower(), label, "", (*cluster.path, "kubefate", "url"), None)


def _uses(subject: Subject) -> Iterator[_Use]:
    """The hosts of all sites' interfaces; of several parties with one id only the first counts."""
    for site, release in subject.known_sites():
        if subject.topology.sites[site.key] is not site:
            continue
        found = interface_hosts(site, release, subject.modules(site))
        yield from _of(site, found, site.ingress, ("ingress",))
        chart = serving_release(site, release)
        if chart is not None and site.serving is not None:
            found = serving_hosts(site, chart, serving_modules(site, release))
            above = () if site.kind == "exchange" else ("serving",)
            yield from _of(site, found, site.serving.ingress, (*above, "ingress"))


def _of(site: Site, found: Mapping[str, tuple[str, ...]], ingress: Ingress, above: tuple[str, ...]) -> Iterator[_Use]:
    """The hosts of one cluster.yaml or serving.yaml, each with its place: those derived are made from the domain."""
    for component, hosts in found.items():
        given = ingress.hosts.get(component, {}).get("hosts")
        origin = given if given and hosts[0] == given[0] else None
        for index, host in enumerate(hosts):
            label = f"{_TITLES.get(component, component)} of {site.label}"
            path: KeyPath = (*site.path, "ingress", "domain")
            if origin is not None:
                path = (*site.path, *above, component, "hosts", index)
            yield _Use(site.cluster, host.lower(), label, site.key, path, origin)


_TITLES = {
    "fateboard": "FATEBoard",
    "client": "the notebook",
    "spark": "Spark",
    "rabbitmq": "RabbitMQ",
    "pulsar": "Pulsar",
    "servingProxy": "the serving proxy",
    "servingAdmin": "FATE-Serving's console",
}
