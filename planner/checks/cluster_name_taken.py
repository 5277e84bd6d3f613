"""Two sites have one KubeFATE cluster name where it must be unique.

KubeFATE's service knows its clusters by name and namespace (v1.11.2:k8s-deploy/pkg/modules/cluster_db.go). And with
podSecurityPolicy the chart makes a PodSecurityPolicy with that name, an object that belongs to no namespace, so the
second site of the same name on a Kubernetes cluster fails (reference: INV-NS-1, INV-NS-3).

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

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED310", "cluster_name_taken")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site whose name an earlier one has, at its KubeFATE service or as policy.

    Two sites in one namespace of one cluster are another fault (FED309).
    """
    policies: dict[tuple[str, str], Site] = {}
    services: dict[tuple[str, str, str], Site] = {}
    for site in subject.namespaced_sites():
        if site.pod_security_policy:
            earlier = policies.setdefault((site.cluster, site.name), site)
            if earlier.key != site.key and earlier.namespace != site.namespace:
                yield _taken(
                    site, earlier, f"on cluster {site.cluster}, where both have a PodSecurityPolicy of that name"
                )
                continue
        cluster = subject.clusters.get(site.cluster)
        url = None if cluster is None else cluster.kubefate_url
        if url is not None and site.target == "kubefate":
            service = url.rstrip("/").lower()
            earlier = services.setdefault((service, site.namespace, site.name), site)
            if earlier.key != site.key and earlier.cluster != site.cluster:
                where = f"in namespace {site.namespace} at one KubeFATE service, that of clusters"
                yield _taken(site, earlier, f"{where} {earlier.cluster} and {site.cluster}")


def _taken(site: Site, earlier: Site, where: str) -> Diagnostic:
    return Diagnostic(
        FAULT,
        f"{site.label} has the name {site.name} of {earlier.label} {where}",
        Place((*site.path, "name")),
        "give this site a name of its own",
        (Note(f"{earlier.label} has the name here", Place((*earlier.path, "name"))),),
    )
