"""Whether what the site needs and does not make itself is there, and every Secret that its pods read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from planner.checks.missing_prerequisite import missing_keys, missing_prerequisite
from planner.diagnostics import Diagnostic
from planner.prerequisites import Prerequisite
from planner.wording import option
from renderers.cluster.clock import Deadline
from renderers.cluster.pod_files import uses_of
from renderers.cluster.prerequisites import API_VERSIONS, judge_prerequisite, place_of
from renderers.cluster.references import Document, Reference
from renderers.probes.cluster.objects import Objects, name_of
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe
from renderers.probes.sight import Sight

_SORT: Final = "prerequisites-exist"


def probes(sight: Sight, objects: Objects) -> Iterator[Probe]:
    """A sentence for each thing that must be there beforehand, and one for what the pods read."""
    for wanted in sight.folder.prerequisites:
        if wanted.kind in API_VERSIONS:
            yield probe(sight, _SORT, _sentence(wanted), partial(_look, sight, wanted))
    label = sight.folder.label
    yield probe(
        sight,
        _SORT,
        f"every Secret that the pods of {label} read exists, with its keys",
        lambda deadline: _read(sight, objects, deadline),
    )


class SecretRead(NamedTuple):
    """A Secret without which a workload's pods do not start, with the keys that they name."""

    source: Reference
    workload: str
    keys: tuple[str, ...]


def read_by_pods(workloads: Iterable[Document]) -> Iterator[SecretRead]:
    """The Secrets without which pods do not start, each once with all keys that are named."""
    found: dict[Reference, tuple[str, set[str]]] = {}
    for workload in workloads:
        optional = set(_optional(workload["spec"]))
        for use in uses_of(workload):
            if use.source.kind == "Secret" and use.source.name not in optional:
                _, keys = found.setdefault(use.source, (name_of(workload), set()))
                keys.update(use.keys or ())
    for source, (workload_name, keys) in found.items():
        yield SecretRead(source, workload_name, tuple(sorted(keys)))


def _optional(node: Any) -> Iterator[str]:
    """The names of Secrets that pods can do without."""
    if isinstance(node, dict):
        if node.get("optional") is True:
            yield str(node.get("name") or node.get("secretName"))
        for each in node.values():
            yield from _optional(each)
    elif isinstance(node, list):
        for each in node:
            yield from _optional(each)


def _look(sight: Sight, wanted: Prerequisite, deadline: Deadline) -> Said:
    reference = Reference(API_VERSIONS[wanted.kind], wanted.kind, wanted.namespace, wanted.name)
    live = sight.api.get(reference, deadline)
    return judged(tuple(judge_prerequisite(sight.folder, wanted, live, place_of(wanted, sight.places))))


def _read(sight: Sight, objects: Objects, deadline: Deadline) -> Said:
    """Those that are told one by one are left out."""
    told = {(each.namespace, each.name) for each in sight.folder.prerequisites if each.kind == "Secret"}
    found: list[Diagnostic] = []
    for source, workload, keys in read_by_pods(objects.workloads(deadline)):
        if (source.namespace, source.name) in told:
            continue
        live = sight.api.get(source, deadline)
        what, reason = f"Secret {source.namespace}/{source.name}", f"{workload} reads it"
        place, cluster = sight.places.of_secret(source.name), sight.folder.cluster
        if live is None:
            missing = missing_prerequisite(place, what, cluster, reason)
            found.append(replace(missing, hint=f"apply again: `invoke apply {option(sight.folder.key)}`"))
            continue
        lacking = tuple(key for key in keys if key not in (live.get("data") or {}))
        if lacking:
            found.append(missing_keys(place, what, cluster, reason, lacking))
    return judged(found)


def _sentence(wanted: Prerequisite) -> str:
    name = f"{wanted.namespace}/{wanted.name}" if wanted.namespace else wanted.name
    keys = f" with {', '.join(wanted.keys)}" if wanted.keys else ""
    return f"{wanted.kind} {name} exists{keys}"
