"""What the service needs of Helm and of Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.standins.kubefate_service.charts import Chart


class HelmError(Exception):
    """Why Helm failed, in its words. `leaves_revision` says that the failed attempt is in the release's history."""

    def __init__(self, text: str, *, leaves_revision: bool = True) -> None:
        super().__init__(text)
        self.leaves_revision = leaves_revision


class KubernetesError(Exception):
    """Why the API server did not answer as wished."""


@dataclass(frozen=True, slots=True)
class Release:
    """Where a release is: its name and its namespace."""

    name: str
    namespace: str


class Platform(Protocol):
    """Helm and Kubernetes together. Everything raises HelmError or KubernetesError."""

    def install(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """`helm install` with the values that the chart's template makes of a spec; does not wait."""

    def upgrade(self, release: Release, chart: Chart, spec: Mapping[str, Any]) -> None:
        """`helm upgrade`."""

    def uninstall(self, release: Release) -> None:
        """`helm uninstall`."""

    def rollback(self, release: Release, revision: int) -> None:
        """`helm rollback`; revision 0 is the one before."""

    def deployments(self, release: Release) -> dict[str, str]:
        """Deployments and the condition that the service shows for each."""

    def stateful_sets(self, release: Release) -> dict[str, str]:
        """StatefulSets, as the service judges them."""

    def containers(self, release: Release) -> dict[str, str]:
        """Containers and the phase of their pod."""

    def is_job_done(self, namespace: str, name: str) -> bool:
        """Whether a Job is complete."""

    def namespaces(self) -> Sequence[Mapping[str, Any]]:
        """The namespaces, as /v1/namespace/ shows them."""

    def node(self) -> str:
        """The address of the last node."""

    def port(self, release: Release) -> int:
        """The node port of the service `rollsite`; 0 when there is none."""

    def hosts(self, release: Release) -> list[str]:
        """The hosts of the Ingresses."""

    def log(self, release: Release, container: str) -> str:
        """What the containers wrote."""
