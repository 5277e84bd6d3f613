"""A site is placed on a cluster that is not declared.

The cluster gives a site its address, its NodePort range and its kubeconfig context; without it, nobody can be told
where to dial the site (reference: INV-EGG-2).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shpo}  # error: FED124
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, KeyPath, Place
from planner.subject import Subject
from planner.wording import MOST_GUESSES, also, write_known

FAULT = Fault("FED124", "unknown_cluster")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every undeclared cluster, at the first site that is placed on it."""
    if "clusters" in subject.federation.lost:
        return
    places: dict[str, list[KeyPath]] = {}
    for site in subject.federation.sites:
        if site.cluster not in subject.clusters:
            places.setdefault(site.cluster, []).append((*site.path, "cluster"))
    for number, (name, paths) in enumerate(places.items()):
        yield Diagnostic(
            FAULT,
            f"no cluster {name} is declared",
            Place(paths[0]),
            f"{write_known(name, subject.clusters, guess=number < MOST_GUESSES)}declare {name} under clusters",
            also(f"cluster {name} is named here too", paths[1:]),
        )
