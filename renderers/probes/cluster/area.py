"""Probes of what the API server knows of the site; that it answers is known from opening the connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.checks.foreign_namespace import foreign_namespace
from planner.checks.namespace_missing import namespace_gone
from planner.diagnostics import Diagnostic
from renderers.cluster.api import RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.cluster.rights import examine_rights, judge_rights
from renderers.cluster.visible import visible
from renderers.probes.cluster import certificates as cluster_certificates
from renderers.probes.cluster import clocks as cluster_clocks
from renderers.probes.cluster import needs as cluster_needs
from renderers.probes.cluster import nodes as cluster_nodes
from renderers.probes.cluster import tables as cluster_tables
from renderers.probes.cluster import volumes as cluster_volumes
from renderers.probes.cluster import workloads as cluster_workloads
from renderers.probes.cluster.objects import Objects
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_ENDING: Final = "objects that are being deleted together with it"


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a site, in order."""
    objects, label = Objects(sight), sight.folder.label
    spaces = tuple(dict.fromkeys(sight.folder.namespaces.values()))
    exist = f"namespace {spaces[0]} exists" if len(spaces) == 1 else f"namespaces {' and '.join(spaces)} exist"

    def rights(deadline: Deadline) -> Said:
        found = examine_rights(sight.api, sight.folder, "verify", deadline)
        return judged(tuple(judge_rights(sight.api.user, sight.folder, found, sight.places)))

    def namespaces(deadline: Deadline) -> Said:
        return _namespaces(sight, spaces, deadline)

    yield probe(sight, "rights-suffice", f"the operator may look at {label}, and run commands in its pods", rights)
    yield probe(sight, "namespace-exists", f"{exist}, not being deleted", namespaces)
    yield from cluster_needs.probes(sight, objects)
    yield from cluster_volumes.probes(sight, objects)
    yield from cluster_nodes.probes(sight, objects)
    yield from cluster_workloads.probes(sight, objects)
    yield from cluster_tables.probes(sight)
    yield from cluster_certificates.probes(sight)
    yield from cluster_clocks.probes(sight)


def _namespaces(sight: Sight, names: tuple[str, ...], deadline: Deadline) -> Said:
    """Whether all are there. A namespace that may not be read is there when something in it can be seen."""
    found: list[Diagnostic] = []
    hidden = ""
    for name in names:
        try:
            document = sight.api.get(Reference("v1", "Namespace", "", name), deadline)
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            if not visible(sight.api, "v1", "Pod", name, deadline):
                hidden = hidden or f"no right to get namespace {name}, and there is no pod in it"
            continue
        place, folder = sight.places.of_namespace(), sight.folder
        if document is None:
            found.append(namespace_gone(place, name, folder.cluster, folder.key))
        elif document["metadata"].get("deletionTimestamp"):
            found.append(foreign_namespace(place, name, folder.cluster, _ENDING, folder.key))
    return unknown(hidden) if hidden and not found else judged(found)
