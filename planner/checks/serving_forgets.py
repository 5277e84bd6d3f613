"""A party keeps its training data, and its FATE-Serving forgets the models.

serving-server keeps the models it loaded and the services they are bound to in files of its pod. Without persistence
they go with the pod, and clients get an error until someone loads and binds every model again (KubeFATE issue 704).
FATE-Serving takes over the party's `persistence` unless it says something else.

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
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        persistence: false  # info: FED506
        credentials: {redis: "env:REDIS_PASSWORD", admin: "env:ADMIN_PASSWORD"}

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
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:REDIS_PASSWORD", admin: "env:ADMIN_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.serving_release import serving_modules
from planner.subject import Subject

FAULT = Fault("FED506", "serving_forgets", Severity.INFO)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a remark for every party that keeps its training data and not its models."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        serving = party.serving
        if party.kind == "party" and serving is not None and party.persistence and not serving.persistence:
            if "servingServer" not in serving_modules(party, release):
                continue
            message = f"serving-server of {party.label} keeps its models in the pod, and a restart forgets them"
            hint = "remove `persistence: false`, or load and bind the models again after each restart"
            yield party, Diagnostic(FAULT, message, Place((*party.path, "serving", "persistence")), hint)
