"""FATE-Flow is to find serving-server through a registry that nobody runs.

With `useRegistry` FATE-Flow asks the ZooKeeper of its own serving cluster where serving-server is, and looks at no
address of its own. ZooKeeper came with chart fate-serving v2.0.4, as module servingZookeeper (reference: INV-SRV-5,
INV-SRV-6). Without it, loading a model fails.

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
        credentials: {redis: "env:REDIS_PASSWORD"}
        release: v2.0.0
        useRegistry: true  # error: FED504

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
        useRegistry: true
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.serving_release import serving_modules, serving_release
from planner.subject import Subject

FAULT = Fault("FED504", "registry_without_zookeeper")
_ZOOKEEPER: Final = "servingZookeeper"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party that uses a registry its serving cluster does not have."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        chart = serving_release(party, release)
        if party.serving is None or chart is None or not party.serving.use_registry:
            continue
        if _ZOOKEEPER in serving_modules(party, release):
            continue
        way = f"add {_ZOOKEEPER} to its modules" if _ZOOKEEPER in chart.modules else "use fate-serving v2.0.4 or later"
        message = f"FATE-Flow of {party.label} asks ZooKeeper for serving-server, and its FATE-Serving deploys none"
        place = Place((*party.path, "serving", "useRegistry"))
        yield party, Diagnostic(FAULT, message, place, f"{way}, or remove `useRegistry`")
