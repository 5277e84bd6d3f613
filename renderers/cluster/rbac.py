"""What an administrator applies so that somebody may deploy a site: the namespaces, and a Role in each.

The rights are those that `rights` asks the cluster for, and no others. A Role of a namespace may also give a right to
that very namespace, so nothing here reaches the whole cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from planner.wording import label
from renderers.canonical import block
from renderers.cluster import namespaces
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import site_labels
from renderers.cluster.rights import Right, needed_for_all

_GROUP: Final = "rbac.authorization.k8s.io"
_API_VERSION: Final = f"{_GROUP}/v1"


def manifests(folder: SiteFolder, *, user: str = "", group: str = "") -> str:
    """The text of the manifests: for a user or a group of the cluster, else for a ServiceAccount made for it."""
    rights = needed_for_all(folder)
    documents = list(_objects(folder, rights, user, group))
    head = _head(folder, rights, user, group)
    return head + "---\n".join(block(document) for document in documents)


def account(folder: SiteFolder) -> str:
    """The name of the Role and RoleBindings, and of the ServiceAccount where nobody else is named."""
    return f"fedplan-{folder.key}"


def _objects(folder: SiteFolder, rights: Sequence[Right], user: str, group: str) -> Iterator[dict[str, Any]]:
    ours = list(dict.fromkeys(folder.namespaces.values()))
    for name in ours:
        yield namespaces.manifest(folder, name)
    subject = _subject(folder, user, group)
    if not user and not group:
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _metadata(folder, folder.home),
            "automountServiceAccountToken": False,
        }
    others = [right.namespace for right in rights if right.namespace and right.namespace not in ours]
    for name in dict.fromkeys((*ours, *others)):
        inside = [right for right in rights if right.namespace == name]
        yield {
            "apiVersion": _API_VERSION,
            "kind": "Role",
            "metadata": _metadata(folder, name),
            "rules": list(rules(inside)),
        }
        yield {
            "apiVersion": _API_VERSION,
            "kind": "RoleBinding",
            "metadata": _metadata(folder, name),
            "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": account(folder)},
            "subjects": [subject],
        }


def rules(rights: Sequence[Right]) -> Iterator[dict[str, Any]]:
    """Rights of one namespace as the rules of a Role: resources that are allowed the same stand together."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for right in rights:
        verbs.setdefault((right.group, right.name, right.resource), []).append(right.verb)
    resources: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (api_group, name, resource), found in verbs.items():
        resources.setdefault((api_group, name, tuple(sorted(found))), []).append(resource)
    for (api_group, name, allowed), names in sorted(resources.items()):
        rule: dict[str, Any] = {"apiGroups": [api_group], "resources": sorted(names)}
        if name:
            rule["resourceNames"] = [name]
        yield {**rule, "verbs": list(allowed)}


def _metadata(folder: SiteFolder, namespace: str) -> dict[str, Any]:
    return {"name": account(folder), "namespace": namespace, "labels": site_labels(folder)}


def _subject(folder: SiteFolder, user: str, group: str) -> dict[str, str]:
    if user:
        return {"apiGroup": _GROUP, "kind": "User", "name": user}
    if group:
        return {"apiGroup": _GROUP, "kind": "Group", "name": group}
    return {"kind": "ServiceAccount", "name": account(folder), "namespace": folder.home}


def _head(folder: SiteFolder, rights: Sequence[Right], user: str, group: str) -> str:
    """Comments: what this is, whom it is for, and what it does not give."""
    lines = [
        f"The rights to deploy and verify {label(folder.key)} on cluster {folder.cluster}, and no more.",
        "Written by fedplan for an administrator of the cluster: kubectl apply -f FILE",
    ]
    if not user and not group:
        lines += [
            f"A token of its ServiceAccount: kubectl create token {account(folder)} -n {folder.home}",
            "(Kubernetes 1.24 and later; before, the Secret of the ServiceAccount holds one).",
        ]
    wide = [right for right in rights if not right.namespace]
    if wide:
        lines.append("Rights to the whole cluster are not among them. Without them:")
        lines += [f"- {right.without} ({right.verb} {right.word})" for right in wide]
    return "".join(f"# {line}\n" for line in lines)
