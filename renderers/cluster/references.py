"""Which object of a cluster is meant, and where the API has it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import quote

PLURALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ClusterRole": "clusterroles",
        "ClusterRoleBinding": "clusterrolebindings",
        "ConfigMap": "configmaps",
        "CronJob": "cronjobs",
        "Deployment": "deployments",
        "Event": "events",
        "Ingress": "ingresses",
        "IngressClass": "ingressclasses",
        "Job": "jobs",
        "Lease": "leases",
        "LimitRange": "limitranges",
        "Namespace": "namespaces",
        "NetworkPolicy": "networkpolicies",
        "Node": "nodes",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Pod": "pods",
        "PodDisruptionBudget": "poddisruptionbudgets",
        "ReplicaSet": "replicasets",
        "ResourceQuota": "resourcequotas",
        "Role": "roles",
        "RoleBinding": "rolebindings",
        "Secret": "secrets",
        "SelfSubjectAccessReview": "selfsubjectaccessreviews",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
        "StatefulSet": "statefulsets",
        "StorageClass": "storageclasses",
    }
)
"""The API's resource name of each kind that fedplan reads or writes."""

WORKLOADS: Final = ("Deployment", "StatefulSet")
"""The kinds that run a site's pods."""
Document = dict[str, Any]
"""An object as the API has it."""


class Reference(NamedTuple):
    """One object: `namespace` is empty for what belongs to the whole cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Deployment python`, as messages name it."""
        return f"{self.kind} {self.name}"

    @property
    def group(self) -> str:
        """The API group, empty for the core's."""
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""

    @property
    def resource(self) -> str:
        """The API's resource name."""
        return PLURALS[self.kind]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays the same when an object moves to another version of its API."""
        return self.group, self.kind, self.namespace, self.name

    @property
    def path(self) -> str:
        """The object's path in the API."""
        return f"{collection(self.api_version, self.kind, self.namespace)}/{quote(self.name, safe=':')}"


Live = Mapping[tuple[str, str, str, str], Document]
"""Objects as a cluster has or had them, by the keys of their references."""


def collection(api_version: str, kind: str, namespace: str) -> str:
    """The path of all objects of a kind, in one namespace or (with an empty one) in the whole cluster."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    inside = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{inside}/{PLURALS[kind]}"


def reference(document: Mapping[str, Any]) -> Reference:
    """The reference of a document that names itself. Raises KeyError for one that does not."""
    metadata = document["metadata"]
    return Reference(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])
