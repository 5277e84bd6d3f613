"""The clusters of a site as they are planned: each installation with its cluster.yaml as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.broken_site_folder import broken_site_folder
from planner.diagnostics import Diagnostic, KeyPath, Place
from planner.site_json import Installation
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.placed_secrets import filled
from renderers.cluster.places import Places
from renderers.kubefate_service.shapes import ClusterArgs
from renderers.kubefate_service.spec_difference import canonical
from renderers.sound_yaml import UnsoundYamlError, documents

FATE: Final = "fate"
SKIPPED: Final = "skippedKeys"


@dataclass(frozen=True, slots=True)
class PlannedCluster:
    """One cluster of the service as it is planned. `secrets` are the paths of secret values in `data`.

    Where a value is not known its place stands there still, and a finding of the plans tells: it is never sent.
    """

    installation: Installation
    data: Mapping[str, Any] = field(repr=False)
    secrets: frozenset[KeyPath] = frozenset()

    @property
    def shown(self) -> str:
        """`fate-9999/fate-9999`: its namespace and its name, as findings name it."""
        return f"{self.installation.namespace}/{self.installation.name}"

    @property
    def chart(self) -> str:
        """`fate v1.11.2`, as findings name the chart."""
        return f"{self.installation.chart} {self.installation.version}"

    def args(self, instead_of: Mapping[str, Any] | None = None) -> ClusterArgs:
        """What is sent to the service; with `instead_of`, what it has stored, something that it takes for a change.

        The service refuses to do again what it believes to have done (section 4). A list `skippedKeys` without a key
        means nothing to it, to its program or to any chart, and makes the difference.

        A chart fate always says something of `mysql`: the service's upgrade manager takes it for a mapping and would
        crash without one (`v1.11.2:k8s-deploy/pkg/job/fate_upgrade_manager.go`); the chart reads an empty one as none.
        """
        each = self.installation
        needs_mysql = each.chart == FATE and self.data.get("mysql") is None
        data = {**self.data, "mysql": {}} if needs_mysql else dict(self.data)
        if instead_of is not None and not data.get(SKIPPED):
            data.pop(SKIPPED, None)
            if SKIPPED not in instead_of:
                data[SKIPPED] = []
        return ClusterArgs(each.name, each.namespace, each.chart, each.version, data)


@dataclass(frozen=True, slots=True)
class Plans:
    """The clusters of a site in the order in which they are installed, with the values that must be masked."""

    clusters: tuple[PlannedCluster, ...]
    values: tuple[str, ...] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...]


def planned_clusters(
    folder: SiteFolder,
    places: Places,
    only: str,
    api: Api | None,
    environ: Mapping[str, str] | None,
    deadline: Deadline,
) -> Plans:
    """The planned clusters with their secrets filled in; without `environ` the places stay as they are."""
    clusters: list[PlannedCluster] = []
    values: list[str] = []
    diagnostics: list[Diagnostic] = []
    for each in folder.chosen(only):
        data = _read(folder, each)
        if isinstance(data, Diagnostic):
            diagnostics.append(data)
            continue
        if environ is None:
            clusters.append(PlannedCluster(each, data))
            continue
        found = filled(data, api, environ, deadline, places)
        diagnostics += found.diagnostics
        values += found.values
        clusters.append(PlannedCluster(each, found.data, found.paths))
    return Plans(tuple(clusters), tuple(dict.fromkeys(values)), tuple(diagnostics))


def _read(folder: SiteFolder, installation: Installation) -> dict[str, Any] | Diagnostic:
    """The data of a file of the folder."""
    place = Place(document=f"{folder.key}/{installation.file}")
    try:
        found: Sequence[Any] = documents(folder.files.get(installation.file, "").encode())
    except UnsoundYamlError as error:
        return broken_site_folder(place, str(error))
    if len(found) != 1 or not isinstance(found[0], dict):
        return broken_site_folder(place, "it is no cluster.yaml")
    data: dict[str, Any] = canonical(found[0])
    return data
