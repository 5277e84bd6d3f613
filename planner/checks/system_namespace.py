"""A site is placed in a namespace that belongs to Kubernetes itself.

Quotas, policies and clean-up of `kube-system` and its like are made for the cluster's own components, and whoever
removes the site by removing its namespace removes the cluster's with it. `default` is shared by everything that names
no namespace, and fedplan could not tell what there is the site's (reference: INV-NS-1 wants a namespace per site).

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
      - {id: 10000, cluster: shop, namespace: kube-system}  # warning: FED320
    defaults:
      engine: spark_pulsar
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
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.subject import Subject

FAULT = Fault("FED320", "system_namespace", Severity.WARNING)
SYSTEM: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that every Kubernetes cluster has from the start."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site and serving cluster in such a namespace."""
    for site in subject.namespaced_sites():
        if site.namespace in SYSTEM:
            yield _finding(site.label, site.namespace, Place((*site.path, "namespace")))
        if site.kind == "party" and site.serving is not None and site.serving.namespace in SYSTEM:
            place = Place((*site.path, "serving", "namespace"))
            yield _finding(f"FATE-Serving of {site.label}", site.serving.namespace, place)


def _finding(who: str, namespace: str, place: Place) -> Diagnostic:
    message = f"{who} is placed in namespace {namespace}, which every Kubernetes cluster has for itself"
    return Diagnostic(FAULT, message, place, "give it a namespace of its own, or leave `namespace` out")
