"""Where a user mends what a cluster reports: a line of federation.yaml, or a file of a folder that was handed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from planner import site_json
from planner.diagnostics import KeyPath, Place
from planner.plan import PlannedSite
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Reference

_WORDS = {
    "python": "python",
    "spark-master": "sparkMaster",
    "spark-worker": "sparkWorker",
    "traffic-server": "trafficServer",
    "serving-server": "servingServer",
    "serving-proxy": "servingProxy",
    "serving-admin": "servingAdmin",
    "serving-redis": "servingRedis",
    "serving-zookeeper": "servingZookeeper",
}
"""What federation.yaml calls a component where it is not the name of its workload."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one site. Without `planned` (a folder that was handed over) they are files of the folder."""

    folder: SiteFolder
    planned: PlannedSite | None = None
    given: Any = field(default=None)
    """federation.yaml as data, to tell which keys are written there."""

    def of_site(self) -> Place:
        """The site itself."""
        return self._at(())

    def of_cluster(self, key: str = "") -> Place:
        """The cluster that the site is on, or one of its keys if it is written there."""
        if self.planned is None:
            return self._file(site_json.NAME)
        path = self.planned.cluster.path
        return Place((*path, key) if key and self._has((*path, key)) else path)

    def of_namespace(self) -> Place:
        """The namespace, where the site says one."""
        return self._at(("namespace",))

    def of_object(self, reference: Reference) -> Place:
        """What is said of the component that an object belongs to; the site where nothing is."""
        name = self._component(reference)
        word = _WORDS.get(name, name)
        return self._at(("components", word), ("serving", "components", word), file=self._file_of(reference))

    def of_node_port(self, port: int, reference: Reference) -> Place:
        """The pin of a NodePort; the site where it was not pinned."""
        if self.planned is not None:
            for name, number in self.planned.ports.items():
                if number == port:
                    return self._at(("ports", name), file=self._file_of(reference))
        return self._at((), file=self._file_of(reference))

    def of_secret(self, name: str) -> Place:
        """The reference of a credential (`mysql`, `fateboard`), where the site says one."""
        word = name.removeprefix("serving-")
        return self._at(
            ("credentials", word),
            ("mysql", "password"),
            ("serving", "credentials", word),
            ("serving", "redis", "password"),
            file=site_json.SECRETS,
        )

    def _component(self, reference: Reference) -> str:
        for desired in self.folder.objects:
            if desired.reference.key == reference.key:
                labels = desired.document.get("metadata", {}).get("labels", {})
                return str(labels.get("app.kubernetes.io/name", reference.name))
        return reference.name

    def _file_of(self, reference: Reference) -> str:
        found = (desired.file for desired in self.folder.objects if desired.reference.key == reference.key)
        return next(found, site_json.NAME)

    def _at(self, *candidates: KeyPath, file: str = site_json.NAME) -> Place:
        """The first key below the site that is written in federation.yaml, else the site."""
        if self.planned is None:
            return self._file(file)
        path = self.planned.site.path
        for candidate in candidates:
            if candidate and self._has((*path, *candidate)):
                return Place((*path, *candidate))
        return Place(path)

    def _file(self, name: str) -> Place:
        return Place(document=f"{self.folder.key}/{name}")

    def _has(self, path: KeyPath) -> bool:
        node = self.given
        for key in path:
            is_there = key in node if isinstance(node, dict) else isinstance(node, list) and key in range(len(node))
            if not is_there:
                return False
            node = node[key]
        return True
