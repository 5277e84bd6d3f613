"""FATE-Flow counts on other cores than eggroll has.

FATE-Flow hands out `python.clustermanager.nodes` times `cores_per_node` cores; eggroll has as many nodemanagers as
`nodemanager.replicas` says (`count` until v1.8.1) with `sessionProcessorsPerNode` processors each. If the first is
more, jobs start and wait for processors that never come; if it is less, machines idle (reference: INV-EGG-17; v1.6.1
to v1.11.2).

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
      - id: 10000
        cluster: shop
        components:
          nodemanager: {replicas: 2, sessionProcessorsPerNode: 4}
        overrides:
          python:
            clustermanager:
              nodes: 3  # warning: FED414
              cores_per_node: 4
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
      - id: 10000
        cluster: shop
        components:
          nodemanager: {replicas: 2, sessionProcessorsPerNode: 4}
        overrides:
          python:
            clustermanager:
              nodes: 2
              cores_per_node: 4
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.diagnostics import Diagnostic, Fault, KeyPath, Note, Place, Severity
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.overrides import value_at
from planner.subject import Subject

FAULT = Fault("FED414", "cores_differ", Severity.WARNING)
_SAME: Final = (("nodes", "replicas"), ("cores_per_node", "sessionProcessorsPerNode"))
"""What FATE-Flow is told, and the setting of the nodemanagers that it should equal."""
_BLOCK: Final = ("python", "clustermanager")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a warning for every number that FATE-Flow is told and the nodemanagers do not have."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party in subject.federation.parties:
        release, engine = subject.release(party), subject.engine(party)
        if release is None or engine is None or engine.broker is not None or has_manifests(party):
            continue
        for key, setting in _SAME:
            dotted = ".".join((*_BLOCK, key))
            told = _number(party.overrides, (*_BLOCK, key))
            if told is None or not release.reads("fate", dotted) or release.is_dead("fate", dotted):
                continue
            scale = engine.scale_key.rpartition(".")[2] if setting == "replicas" else setting
            path: KeyPath = ("overrides", "nodemanager", scale)
            real = _number(party.overrides, path[1:])
            if real is None:
                path = ("components", "nodemanager", setting)
                real = _number(party.components, path[1:])
            if real is not None and real != told:
                yield (
                    party,
                    Diagnostic(
                        FAULT,
                        f"FATE-Flow is told {dotted} {told}, and nodemanager has {setting} {real}",
                        Place((*party.path, "overrides", *_BLOCK, key)),
                        f"write {key}: {real}",
                        (Note(f"nodemanager's {setting} stands here", Place((*party.path, *path))),),
                    ),
                )


def _number(tree: Mapping[str, Any], path: KeyPath) -> int | None:
    value = value_at(tree, path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
