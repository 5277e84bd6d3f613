"""What runs of a site, looked up once for all probes: its planned objects, or those of its charts' releases."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.installed import Releases, judge_releases, releases, what_runs
from renderers.cluster.references import WORKLOADS, Document
from renderers.probes.sight import Sight


class Objects:
    """The objects of one site. Used by several threads."""

    def __init__(self, sight: Sight) -> None:
        """Nothing has been looked up yet."""
        self._sight = sight
        self._lock = Lock()
        self._found: tuple[SiteFolder, Releases] | None = None

    def folder(self, deadline: Deadline) -> SiteFolder:
        """The folder with the objects of the site. Raises ApiError."""
        sight = self._sight
        return self._releases(deadline)[0] if sight.folder.installations else sight.folder

    def workloads(self, deadline: Deadline) -> tuple[Document, ...]:
        """What runs pods, as it was written. Raises ApiError."""
        objects = self.folder(deadline).objects
        return tuple(each.document for each in objects if each.reference.kind in WORKLOADS)

    def faults(self, deadline: Deadline) -> Iterator[Diagnostic]:
        """What is wrong with the releases of the site's charts; nothing without charts. Raises ApiError."""
        folder = self._sight.folder
        if folder.installations:
            yield from judge_releases(folder, self._releases(deadline)[1], None, self._sight.places)

    def _releases(self, deadline: Deadline) -> tuple[SiteFolder, Releases]:
        api, folder = self._sight.api, self._sight.folder
        with self._lock:
            if self._found is None:
                now = releases(api, folder, deadline)
                self._found = what_runs(api, folder, now)[0], now
            return self._found


def pods_of(workload: Document) -> Document:
    """The spec of the pods of a workload."""
    found: Document = (workload.get("spec", {}).get("template") or {}).get("spec") or {}
    return found


def name_of(workload: Document) -> str:
    """`StatefulSet fate-9999/mysql`, as findings name it."""
    metadata = workload["metadata"]
    return f"{workload['kind']} {metadata['namespace']}/{metadata['name']}"
