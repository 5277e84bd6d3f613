"""What of Kubernetes runs: the control plane alone, or a node with containers as well."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How much of Kubernetes is wanted; each level has what the one before it has."""

    CONTROL = "control"
    NODE = "node"

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs of Kubernetes this level runs."""
        control = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        return control if self is Level.CONTROL else (*control, "kubelet", "kube-proxy")
