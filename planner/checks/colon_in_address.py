"""The address has colons, where kube.cfg splits address and port.

create-helm-deploy.sh takes what stands before the last colon of `address:port` for the address, and what stands behind
the first one for the port (v1.2.0:k8s-deploy/create-helm-deploy.sh). An IPv6 address falls apart there.

Bad:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: "2001:db8::9"}  # error: FED614
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}

Good:

    version: 1
    name: demo
    release: v1.2.0
    topology: mesh
    clusters:
      - {name: bank, address: bank.example.com}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.kube_cfg import scripted_sites
from planner.subject import Subject

FAULT = Fault("FED614", "colon_in_address")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every IPv6 address that would stand in kube.cfg."""
    used: dict[str, None] = {}
    for site in scripted_sites(subject):
        if site.dmz is None:
            used[site.cluster] = None
        elif ":" in site.dmz:
            yield _finding(site.dmz, Place((*site.path, "dmz", "address")))
    for name in used:
        cluster = subject.clusters.get(name)
        if cluster is not None and ":" in cluster.address:
            yield _finding(cluster.address, Place((*cluster.path, "address")))


def _finding(address: str, place: Place) -> Diagnostic:
    return Diagnostic(
        FAULT, f"kube.cfg cannot hold {address}", place, "write a name that stands for it, or an IPv4 address"
    )
