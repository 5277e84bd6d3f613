"""Two sites have one KubeFATE cluster name where it must be unique.

KubeFATE's service knows its clusters by name and namespace (v1.11.2:k8s-deploy/pkg/modules/cluster_db.go). And with
podSecurityPolicy the chart makes a PodSecurityPolicy with that name, an object that belongs to no namespace, so the
second site of the same name on a Kubernetes cluster fails (reference: INV-NS-1, INV-NS-3). A party's FATE-Serving is a
KubeFATE cluster of its own: with the name of the party's training it needs another namespace. So it does with target
`kubernetes`, where service accounts go by that name.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, kubernetes: "1.24"}
    parties:
      - {id: 9999, cluster: bank, name: fate}
      - {id: 10000, cluster: bank, name: fate}  # error: FED310
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      podSecurityPolicy: true

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1, kubernetes: "1.24"}
    parties:
      - {id: 9999, cluster: bank, name: fate}
      - {id: 10000, cluster: bank}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      podSecurityPolicy: true
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED310", "cluster_name_taken")


class _Named(NamedTuple):
    """One of a site's clusters, with its name and namespace; `path` is where the name stands below the site."""

    site: Site
    label: str
    name: str
    namespace: str
    path: tuple[str, ...]


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site whose name an earlier one has, at its KubeFATE service or as policy.

    Two sites in one namespace of one cluster are another fault (FED309), but for training beside FATE-Serving.
    """
    policies: dict[tuple[str, str], _Named] = {}
    services: dict[tuple[str, str, str], _Named] = {}
    for site in subject.namespaced_sites():
        cluster = subject.clusters.get(site.cluster)
        kubefate = None if cluster is None else cluster.service
        url = None if kubefate is None else kubefate.url
        for named in _clusters(site):
            if site.pod_security_policy and not has_manifests(site):
                earlier = policies.setdefault((site.cluster, named.name), named)
                if _is_other(named, earlier) and (earlier.namespace, earlier.path) != (named.namespace, named.path):
                    yield _taken(
                        named, earlier, f"on cluster {site.cluster}, where both have a PodSecurityPolicy of that name"
                    )
                    continue
            if site.target != "kubefate" and not has_manifests(site):
                continue
            is_served = url is not None and not has_manifests(site)
            service = str(url).rstrip("/").lower() if is_served else f"of cluster {site.cluster}"
            earlier = services.setdefault((service, named.namespace, named.name), named)
            if not _is_other(named, earlier):
                continue
            if earlier.site.cluster != site.cluster:
                where = f"in namespace {named.namespace} at one KubeFATE service, that of clusters"
                yield _taken(named, earlier, f"{where} {earlier.site.cluster} and {site.cluster}")
            elif earlier.path != named.path:
                yield _taken(named, earlier, f"in namespace {named.namespace}")


def _clusters(site: Site) -> Iterator[_Named]:
    yield _Named(site, site.label, site.name, site.namespace, ("name",))
    if site.kind == "party" and site.serving is not None:
        label = f"FATE-Serving of {site.label}"
        yield _Named(site, label, site.serving.name, site.serving.namespace, ("serving", "name"))


def _is_other(named: _Named, earlier: _Named) -> bool:
    """Whether two are not the same; of several parties with one id each counts as the first."""
    return named.site.key != earlier.site.key or named.path != earlier.path


def _taken(named: _Named, earlier: _Named, where: str) -> Diagnostic:
    return Diagnostic(
        FAULT,
        f"{named.label} has the name {named.name} of {earlier.label} {where}",
        Place((*named.site.path, *named.path)),
        "give this site a name of its own",
        (Note(f"{earlier.label} has the name here", Place((*earlier.site.path, *earlier.path))),),
    )
