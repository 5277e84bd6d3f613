"""What the service may do in a cluster: the least with which it installs, updates and deletes clusters of FATE.

It starts from the ClusterRole of KubeFATE's own `rbac-config.yaml` (service-api.md section 9) and leaves out what the
service does not do: it makes and changes no namespace (`k8s-deploy/pkg/modules/cluster_helm.go` has that in comments),
and PodSecurityPolicies ended with Kubernetes 1.25. What a chart gives rights to (the Role of the upgrade manager), the
service must hold itself, so the rest stays as it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from renderers.cluster.references import Document
from renderers.kubefate_service.deployment import Deployment

ACCOUNT: Final = "kubefate-admin"
GROUP: Final = "rbac.authorization.k8s.io"
API_VERSION: Final = f"{GROUP}/v1"
_CHANGES: Final = ("create", "delete", "get", "list", "patch", "update")
_UNLISTED: Final = ("create", "delete", "get", "patch", "update")
_LOOKS: Final = ("get", "list")
_INSIDE: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("", ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"), _CHANGES),
    ("", ("pods", "pods/log"), _LOOKS),
    ("apps", ("deployments", "deployments/status", "statefulsets", "statefulsets/status"), _CHANGES),
    ("batch", ("jobs",), _CHANGES),
    ("networking.istio.io", ("gateways", "virtualservices"), _UNLISTED),
    ("networking.k8s.io", ("ingresses",), _CHANGES),
    (GROUP, ("rolebindings", "roles"), _UNLISTED),
)
"""What it does inside a namespace: the group, the resources and the verbs."""
_ACROSS: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (("", ("namespaces", "nodes"), _LOOKS),)
"""What no Role of a namespace can give: which namespaces there are, and a node's address for the info of a cluster."""
WITHOUT_CLUSTER_ROLE: Final = (
    "without a ClusterRole the service can neither list namespaces nor describe a cluster, "
    "which needs the address of a node"
)


def rights_objects(wanted: Deployment, labels: dict[str, str]) -> Iterator[Document]:
    """The ServiceAccount, and the Roles and bindings that give it its rights; cluster-wide ones first."""
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": wanted.namespace, "labels": labels},
    }
    if wanted.has_cluster_role:
        rules = _ACROSS if wanted.namespaces else (*_ACROSS, *_INSIDE)
        yield from _role(wanted, "", rules, labels)
    for namespace in wanted.namespaces:
        yield from _role(wanted, namespace, _INSIDE, labels)


def _role(
    wanted: Deployment,
    namespace: str,
    rules: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]],
    labels: dict[str, str],
) -> Iterator[Document]:
    kind = "Role" if namespace else "ClusterRole"
    metadata: dict[str, Any] = {"name": wanted.role, "labels": labels}
    if namespace:
        metadata["namespace"] = namespace
    yield {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "rules": [
            {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
            for group, resources, verbs in rules
        ],
    }
    yield {
        "apiVersion": API_VERSION,
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": wanted.role},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": wanted.namespace}],
    }
