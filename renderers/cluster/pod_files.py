"""What pods have of ConfigMaps and Secrets, and which of it they learn of while they run.

A file that is mounted by itself (subPath) and a variable are never refreshed; of a mounted directory the kubelet
refreshes the files, and it is up to the program whether it reads them again (helm-direct.md section 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from renderers.cluster.folder import HotTable, SiteFolder
from renderers.cluster.references import WORKLOADS, Document, Reference


class Reread(NamedTuple):
    """A file that its reader reads again while it runs: how often, and whether it forgets what is gone from it."""

    key: str
    seconds: int
    forgets: bool = True


REREAD: Final[Mapping[str, Reread]] = MappingProxyType(
    {
        "rollsite-config": Reread("route_table.json", 60),
        "osx-config": Reread("route_table.json", 3),
        "nginx-config": Reread("route_table.yaml", 5, forgets=False),
        "rabbitmq-route-table": Reread("rabbitmq_route_table.yaml", 0),
        "pulsar-route-table": Reread("pulsar_route_table.yaml", 0),
    }
)
"""The file of each ConfigMap that is read again, where it is mounted in a directory.

rollsite every 60 seconds, OSX every 3, nginx every 5, FATE-Flow's tables with each job (helm-direct.md section 7,
components.md section 12.1). FATE-Serving's and Traffic Server's tables are not among them: the first is mounted by
itself, the second is read at the start alone.
"""
_FIRST_START: Final = "/docker-entrypoint-initdb.d"
"""Scripts in there are run for an empty database alone: a restart reads none."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a container has of a ConfigMap or Secret: these keys (None: all), `at_start` alone or kept fresh.

    `folder` is where they are mounted; empty for variables.
    """

    source: Reference
    container: str
    at_start: bool
    keys: frozenset[str] | None = None
    folder: str = ""


def read_again(use: Use) -> Reread | None:
    """The file of a mounted directory that its reader reads again; None where there is none."""
    return REREAD.get(use.source.name) if use.source.kind == "ConfigMap" and not use.at_start else None


def hot_tables(running: SiteFolder) -> tuple[HotTable, ...]:
    """The route tables of a release that are read again while their readers run."""
    found: dict[HotTable, None] = {}
    texts = {each.reference.key: each.document.get("data") or {} for each in running.objects}
    for each in running.objects:
        if each.reference.kind not in WORKLOADS:
            continue
        for use in uses_of(each.document):
            again = read_again(use)
            if again is not None and again.key in texts.get(use.source.key, {}):
                table = HotTable(
                    config_map=use.source.name,
                    namespace=use.source.namespace,
                    key=again.key,
                    kind=each.reference.kind,
                    workload=each.reference.name,
                    container=use.container,
                    path=f"{use.folder}/{again.key}",
                    seconds=again.seconds,
                )
                found[table] = None
    return tuple(found)


def uses_of(workload: Document) -> tuple[Use, ...]:
    """Every use of a ConfigMap or Secret by the containers of a workload."""
    spec = (workload.get("spec", {}).get("template") or {}).get("spec") or {}
    namespace = workload["metadata"]["namespace"]
    volumes = {str(volume.get("name")): tuple(_in_volume(volume, namespace)) for volume in spec.get("volumes") or ()}
    found: list[Use] = []
    for is_init, key in ((True, "initContainers"), (False, "containers")):
        for container in spec.get(key) or ():
            found += _in_variables(container, namespace)
            found += _in_mounts(container, volumes, is_init=is_init)
    return tuple(dict.fromkeys(found))


def _in_variables(container: Mapping[str, Any], namespace: str) -> Iterator[Use]:
    name = str(container.get("name"))
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        for kind, word in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            ref = source.get(word) or {}
            if ref.get("name"):
                yield Use(
                    _reference(kind, namespace, ref["name"]), name, at_start=True, keys=frozenset({str(ref.get("key"))})
                )
    for source in container.get("envFrom") or ():
        for kind, word in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            ref = source.get(word) or {}
            if ref.get("name"):
                yield Use(_reference(kind, namespace, ref["name"]), name, at_start=True)


def _in_mounts(
    container: Mapping[str, Any],
    volumes: Mapping[str, Sequence[tuple[Reference, Mapping[str, str] | None]]],
    *,
    is_init: bool,
) -> Iterator[Use]:
    for mount in container.get("volumeMounts") or ():
        if str(mount.get("mountPath", "")).rstrip("/") == _FIRST_START:
            continue
        sub = mount.get("subPath") or mount.get("subPathExpr") or ""
        for source, paths in volumes.get(str(mount.get("name")), ()):
            keys = None if paths is None else frozenset(paths.values())
            if sub:
                named = (paths or {}).get(sub, sub)
                keys = frozenset({named}) if keys is None or named in keys else keys
            folder = str(mount.get("mountPath", "")).rstrip("/")
            yield Use(source, str(container.get("name")), bool(sub) or is_init, keys, folder)


def _in_volume(volume: Mapping[str, Any], namespace: str) -> Iterator[tuple[Reference, Mapping[str, str] | None]]:
    """What a volume is made of; and by path the keys that are in it, None where all are under their own names."""
    for kind, source, word in (
        ("ConfigMap", volume.get("configMap"), "name"),
        ("Secret", volume.get("secret"), "secretName"),
    ):
        if source and source.get(word):
            yield _reference(kind, namespace, source[word]), _paths(source)
    for part in (volume.get("projected") or {}).get("sources") or ():
        for kind, key in (("ConfigMap", "configMap"), ("Secret", "secret")):
            source = part.get(key)
            if source and source.get("name"):
                yield _reference(kind, namespace, source["name"]), _paths(source)


def _paths(source: Mapping[str, Any]) -> Mapping[str, str] | None:
    items = source.get("items")
    return {str(each.get("path")): str(each.get("key")) for each in items} if items else None


def _reference(kind: str, namespace: str, name: str) -> Reference:
    return Reference("v1", kind, namespace, str(name))
