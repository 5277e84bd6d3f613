"""Whether what the site needs and apply does not make is in the cluster.

Namespaces have a check of their own, a database outside cannot be looked at from here, and what the operator may not
read is not judged: pods will say it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from planner.checks.missing_prerequisite import missing_keys, missing_prerequisite
from planner.diagnostics import Diagnostic, Place
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import Prerequisite, SiteFolder
from renderers.cluster.given_secrets import is_given, is_own
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference

API_VERSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"Secret": "v1", "PersistentVolumeClaim": "v1", "StorageClass": "storage.k8s.io/v1"}
)
"""The kinds that are looked for, and the version of the API that every cluster has them in."""


def missing_prerequisites(api: Api, folder: SiteFolder, deadline: Deadline, places: Places) -> Sequence[Diagnostic]:
    """A finding for each thing that is missing, or is a Secret without the keys that pods will look for."""
    found: list[Diagnostic] = []
    for wanted in folder.prerequisites:
        if wanted.kind not in API_VERSIONS:
            continue
        reference = Reference(API_VERSIONS[wanted.kind], wanted.kind, wanted.namespace, wanted.name)
        try:
            live = api.get(reference, deadline)
        except RefusedError as refusal:
            if refusal.is_forbidden:
                continue
            raise
        if is_given(folder, wanted) and (live is None or is_own(live)):
            continue
        found += judge_prerequisite(folder, wanted, live, place_of(wanted, places))
    return tuple(found)


def judge_prerequisite(
    folder: SiteFolder, wanted: Prerequisite, live: Document | None, place: Place
) -> Iterator[Diagnostic]:
    """What is wrong with one prerequisite as the cluster has it. One that is being deleted is as good as gone."""
    name = f"{wanted.namespace}/{wanted.name}" if wanted.namespace else wanted.name
    what = f"{wanted.kind} {name}"
    if live is None or live.get("metadata", {}).get("deletionTimestamp"):
        yield missing_prerequisite(place, what, folder.cluster, wanted.reason, wanted.keys)
        return
    lacking = tuple(key for key in wanted.keys if not (live.get("data") or {}).get(key))
    if lacking:
        yield missing_keys(place, what, folder.cluster, wanted.reason, lacking)


def place_of(wanted: Prerequisite, places: Places) -> Place:
    """Where a prerequisite is mended."""
    planned = places.planned
    if planned is not None and wanted.kind == "StorageClass" and planned.cluster.storage_class == wanted.name:
        return places.of_cluster("storageClass")
    return places.of_site()
