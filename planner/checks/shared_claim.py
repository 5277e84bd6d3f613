"""Several pods are to use one volume claim, which only one can have.

A claim given for the whole site is mounted by every component that keeps data, and FATE-Flow with several replicas
mounts one claim in each. Kubernetes lets pods on different nodes share a claim only with access mode ReadWriteMany,
and on the volume each needs a directory of its own, by `subPath` (reference: INV-PVC-2).

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
      persistence: {existingClaim: fate-data}  # warning: FED422
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

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from planner.chart_keys import BLOCKS
from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests, offers_setting
from planner.model import Site
from planner.releases import FATE, Release
from planner.subject import Subject

FAULT = Fault("FED422", "shared_claim", Severity.WARNING)
_MANY = "ReadWriteMany"


class _User(NamedTuple):
    """A component that mounts a claim, and how."""

    component: str
    access_mode: str
    sub_path: str


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every claim of several components, and every claim of several FATE-Flows."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        if party.kind != "party" or not party.persistence:
            continue
        place = Place((*party.path, "persistence"))
        for claim, users in _claims(party, release, subject.modules(party)).items():
            if len(users) > 1 and not _may_share(users):
                names = ", ".join(user.component for user in users)
                message = f"{names} of {party.label} share the claim {claim}, each at the same place or alone"
                hint = f"give each a claim or `subPath` of its own under `components`, and accessMode {_MANY}"
                yield party, Diagnostic(FAULT, message, place, hint)
        replicas = party.components.get("python", {}).get("replicas", 1)
        if replicas > 1 and not has_manifests(party) and _setting(party, "python", "accessMode") != _MANY:
            message = f"{replicas} replicas of FATE-Flow of {party.label} share a volume that one pod can have"
            hint = f"add `storage: {{accessMode: {_MANY}}}` to components.python, and a storage class that can do it"
            yield party, Diagnostic(FAULT, message, Place((*party.path, "components", "python", "replicas")), hint)


def _claims(party: Site, release: Release, modules: tuple[str, ...]) -> Mapping[str, list[_User]]:
    """The components that mount each existing claim."""
    result: dict[str, list[_User]] = {}
    names = [module for module in modules if module != "hdfs"] + (["namenode", "datanode"] if "hdfs" in modules else [])
    for name in names:
        claim = _setting(party, name, "existingClaim")
        if claim and _takes_claim(party, release, name):
            user = _User(name, _setting(party, name, "accessMode"), _setting(party, name, "subPath"))
            result.setdefault(claim, []).append(user)
    return result


def _takes_claim(party: Site, release: Release, component: str) -> bool:
    if has_manifests(party):
        return offers_setting(component, "storage", {})
    return release.reads(FATE, f"{BLOCKS.get(component, component)}.existingClaim")


def _setting(party: Site, component: str, key: str) -> str:
    own: Mapping[str, Any] = party.components.get(component, {}).get("storage", {})
    return str(own.get(key) or party.storage.get(key) or "")


def _may_share(users: list[_User]) -> bool:
    paths = {user.sub_path for user in users}
    return len(paths) == len(users) and all(user.access_mode == _MANY for user in users)
