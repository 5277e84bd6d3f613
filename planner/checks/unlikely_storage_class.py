"""Data is to be kept in a storage class that hardly any cluster has.

Where nothing is written, the charts ask for storage classes of the names `python`, `client`, `nodemanager` or
`serving-redis`. They are no classes of Kubernetes or of any provider; on a cluster without them the claims stay
pending, and so do the pods (reference: INV-PVC-1; values-template.yaml of the charts).

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
      - {id: 10000, cluster: shop}
    defaults:
      persistence: true  # warning: FED421
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
      persistence: {storageClass: standard}
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.overrides import value_at
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject

FAULT = Fault("FED421", "unlikely_storage_class", Severity.WARNING)
_CHOICES = ("storageClass", "existingClaim")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site that keeps data and leaves the class to the chart."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        cluster = subject.clusters.get(party.cluster)
        if party.kind != "party" or has_manifests(party) or cluster is None or cluster.storage_class is not None:
            continue
        if party.persistence and release.generation == "kubefate":
            modules = subject.modules(party)
            classes = [(module, name) for module, name in release.storage_classes if module in modules]
            open_ = _open(classes, party.storage, party.components, party.overrides)
            if open_:
                yield party, _finding(party, party.label, open_, Place((*party.path, "persistence")))
        chart, serving = serving_release(party, release), party.serving
        if chart is not None and serving is not None and serving.persistence:
            modules = serving_modules(party, release)
            classes = [(module, name) for module, name in chart.storage_classes if module in modules]
            open_ = _open(classes, serving.storage, serving.components, serving.overrides)
            if open_:
                above = ("serving",) if "persistence" in serving.given else ()
                who = f"FATE-Serving of {party.label}"
                yield party, _finding(party, who, open_, Place((*party.path, *above, "persistence")))


def _open(
    classes: Sequence[tuple[str, str]],
    storage: Mapping[str, str],
    components: Mapping[str, Mapping[str, Any]],
    overrides: Mapping[str, Any],
) -> Sequence[tuple[str, str]]:
    """The modules for which neither a class nor a claim is written, with the class that the chart asks for."""
    if any(key in storage for key in _CHOICES):
        return ()
    return [
        (module, name)
        for module, name in classes
        if not any(key in components.get(module, {}).get("storage", {}) for key in _CHOICES)
        and all(value_at(overrides, (module, key)) is None for key in _CHOICES)
    ]


def _finding(party: Site, who: str, open_: Sequence[tuple[str, str]], place: Place) -> Diagnostic:
    names = ", ".join(f"{name} for {module}" for module, name in open_)
    return Diagnostic(
        FAULT,
        f"{who} keeps data and names no storage class, so the chart asks for {names}",
        place,
        f"write `persistence: {{storageClass: NAME}}`, or `storageClass` of cluster {party.cluster}",
    )
