"""The site's namespaces: whether they are there, whether somebody else is in them, and making those that are missing.

FATE's names of objects are the same at every site (`rollsite`, `python`, `mysql`), so two sites, or a site and a chart
of FATE, cannot share a namespace (cluster-yaml.md INV-NS-1). Helm keeps its releases in Secrets or ConfigMaps labelled
`owner=helm`; KubeFATE's charts label what they make `owner=kubefate` (helm-direct.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.checks.foreign_namespace import foreign_namespace
from planner.checks.namespace_missing import namespace_missing
from planner.diagnostics import Diagnostic
from planner.kubernetes_target import FEDERATION_LABEL, MANAGER_LABEL, SITE_LABEL
from planner.wording import label, some
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import belongs_to, labels_of, site_labels
from renderers.cluster.places import Places
from renderers.cluster.record import RECORD_OF
from renderers.cluster.references import Document, Reference, reference
from renderers.cluster.visible import visible

POD_SECURITY: Final = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "baseline",
}
"""Labels by which Kubernetes keeps privileged pods out of a namespace, from 1.23 on. FATE's images run as root, so
`restricted` would keep them out too."""
_OF_THE_CLUSTER: Final = "kube-"
_OF_KUBEFATE: Final = "kube-fate"
"""The namespace of KubeFATE's service (service-api.md section 9), which sounds like one of Kubernetes itself."""
_LISTED: Final = (
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
)
"""Kinds that are looked through besides those of the folder."""
_ENDING_SECONDS: Final = 60.0
_PAUSE: Final = 0.5
_MOST: Final = 3
_HELM_TYPE: Final = "helm.sh/release.v1"


@dataclass(frozen=True, slots=True)
class NamespaceState:
    """The site's namespaces by whether they are there, and what forbids to use them or to make them."""

    existing: tuple[str, ...]
    missing: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def check_namespaces(api: Api, folder: SiteFolder, deadline: Deadline, places: Places) -> NamespaceState:
    """Look into the site's namespaces."""
    existing: list[str] = []
    missing: list[str] = []
    diagnostics: list[Diagnostic] = []
    for name in dict.fromkeys(folder.namespaces.values()):
        is_there, document = _find(api, folder, name, deadline)
        end = Deadline(min(_ENDING_SECONDS, deadline.left), deadline.clock)
        while document is not None and _is_ours_and_ending(folder, document) and end.wait(_PAUSE):
            is_there, document = _find(api, folder, name, deadline)
        if is_there:
            existing.append(name)
            owner = owner_of(folder, name, document or {}, _contents(api, folder, name, deadline))
        else:
            missing.append(name)
            owner = ""
            if not api.may("create", "", "namespaces", "", deadline):
                place = places.of_namespace()
                diagnostics.append(namespace_missing(place, name, folder.cluster, api.user, folder.key))
        if owner:
            diagnostics.append(foreign_namespace(places.of_namespace(), name, folder.cluster, owner, folder.key))
    return NamespaceState(tuple(existing), tuple(missing), tuple(diagnostics))


def _is_ours_and_ending(folder: SiteFolder, document: Document) -> bool:
    """Whether a namespace was made for this site and is on its way out: an apply that was not made took it away."""
    ending = document["metadata"].get("deletionTimestamp")
    return bool(ending) and belongs_to(folder, document)


def create(api: Api, folder: SiteFolder, names: Sequence[str], deadline: Deadline) -> tuple[str, ...]:
    """Make namespaces; those that were made, without any that somebody else made in the meantime."""
    made = []
    for name in names:
        try:
            api.create(manifest(folder, name), _namespace(name), deadline)
        except RefusedError as refusal:
            if not refusal.is_conflict:
                raise
            continue
        made.append(name)
    return tuple(made)


def remove(api: Api, folder: SiteFolder, names: Sequence[str], deadline: Deadline) -> tuple[str, ...]:
    """Take away namespaces that were made for the site, while nothing of anybody is in them; those that went.

    One that the operator may make and not delete stays.
    """
    gone = []
    for name in names:
        if any(_is_content(document) for document in _contents(api, folder, name, deadline)):
            continue
        live = api.get(_namespace(name), deadline)
        if live is None or labels_of(live).get(SITE_LABEL) != folder.key:
            continue
        try:
            if api.delete(_namespace(name), deadline, uid=live["metadata"].get("uid", "")):
                gone.append(name)
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
    return tuple(gone)


def manifest(folder: SiteFolder, name: str) -> Document:
    """A namespace of a site."""
    # Kubernetes puts the name among the labels itself from 1.21 on; NetworkPolicies of peers select by it.
    labels = {**site_labels(folder), **POD_SECURITY, "kubernetes.io/metadata.name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


# ---------------------------------------------------------------------------------------------------------------------
# Who is in a namespace


def owner_of(folder: SiteFolder, name: str, namespace: Mapping[str, Any], contents: Sequence[Document]) -> str:
    """What a namespace holds that the site cannot share; empty where it may use the namespace.

    A Helm release beside a site that is there already is its neighbours' business: names that collide are found when
    they do.
    """
    if name.startswith(_OF_THE_CLUSTER) and name != _OF_KUBEFATE:
        return "the cluster's own programs"
    if (namespace.get("metadata") or {}).get("deletionTimestamp"):
        return "objects that are being deleted together with it"
    sites = (_other_site(folder, document) for document in (namespace, *contents))
    other = next(filter(None, sites), "")
    if other:
        return other
    releases = (_release(document) for document in contents)
    release = next(filter(None, releases), "")
    if release and not any(belongs_to(folder, document) for document in contents):
        return release
    return _collisions(folder, name, contents)


def _other_site(folder: SiteFolder, document: Mapping[str, Any]) -> str:
    """The site of an object, where it is another one than ours."""
    labels = labels_of(document)
    site = labels.get(SITE_LABEL) or labels.get(RECORD_OF)
    if not site:
        return ""
    federation = labels.get(FEDERATION_LABEL, folder.federation)
    if federation != folder.federation:
        return f"{label(site)} of federation {federation}"
    return "" if site == folder.key else label(site)


def _release(document: Mapping[str, Any]) -> str:
    """The Helm release or KubeFATE cluster that an object belongs to or describes; empty where it is none."""
    labels = labels_of(document)
    if labels.get("owner") == "kubefate":
        return f"the KubeFATE cluster {labels.get('name') or labels.get('release', '')}".rstrip()
    if labels.get("owner") == "helm" and labels.get("status") not in {"uninstalled", "superseded"}:
        return f"the Helm release {labels.get('name', '')}".rstrip()
    if labels.get(MANAGER_LABEL) == "Helm" or labels.get("heritage") in {"Helm", "Tiller"}:
        annotations = (document.get("metadata") or {}).get("annotations") or {}
        name = annotations.get("meta.helm.sh/release-name") or labels.get("app.kubernetes.io/instance")
        return f"the Helm release {name or labels.get('release', '')}".rstrip()
    return ""


def _collisions(folder: SiteFolder, namespace: str, contents: Sequence[Document]) -> str:
    """Objects that the plan would write and that somebody else has made; empty where there are none."""
    there = {reference(document).key: document for document in contents}
    foreign = [
        f"{each.reference}"
        for each in (*folder.objects, *folder.secrets)
        if each.reference.namespace == namespace
        and each.reference.key in there
        and not belongs_to(folder, there[each.reference.key])
    ]
    return f"{some(foreign, _MOST)}, which fedplan did not make" if foreign else ""


def _is_content(document: Document) -> bool:
    """Whether an object is more than what Kubernetes puts into every new namespace."""
    found = reference(document)
    return (found.kind, found.name) not in {
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
        ("ServiceAccount", "builder"),
        ("ServiceAccount", "deployer"),
    }


# ---------------------------------------------------------------------------------------------------------------------
# Looking


def _find(api: Api, folder: SiteFolder, name: str, deadline: Deadline) -> tuple[bool, Document | None]:
    """Whether a namespace is there, and the namespace itself where the operator may read it."""
    try:
        document = api.get(_namespace(name), deadline)
    except RefusedError as refusal:
        if not refusal.is_forbidden:
            raise
        return _takes_objects(api, folder, name, deadline), None
    return document is not None, document


def _takes_objects(api: Api, folder: SiteFolder, name: str, deadline: Deadline) -> bool:
    """Whether an object can be made in a namespace that cannot be read: a trial, which writes nothing."""
    trial = Reference("v1", "ConfigMap", name, f"fedplan-{folder.key}-trial")
    metadata = {"name": trial.name, "namespace": name, "labels": site_labels(folder)}
    try:
        api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, trial, deadline, dry_run=True)
    except RefusedError as refusal:
        return not refusal.is_not_found
    return True


def _contents(api: Api, folder: SiteFolder, name: str, deadline: Deadline) -> list[Document]:
    """What is in a namespace, as far as the operator may look: Secrets one by one, and the rest by kinds."""
    ours = [each.reference for each in folder.objects if each.reference.namespace == name]
    kinds = dict.fromkeys((each.api_version, each.kind) for each in ours)
    found: list[Document] = []
    for api_version, kind in dict.fromkeys((*_LISTED, *kinds)):
        found += visible(api, api_version, kind, name, deadline)
    found += visible(api, "v1", "Secret", name, deadline, fields=f"type={_HELM_TYPE}")
    return [*found, *_secrets(api, folder, name, deadline)]


def _secrets(api: Api, folder: SiteFolder, name: str, deadline: Deadline) -> Iterator[Document]:
    """The Secrets that the plan would write, where they are there."""
    for desired in folder.secrets:
        if desired.reference.namespace == name:
            try:
                document = api.get(desired.reference, deadline)
            except RefusedError as refusal:
                if not refusal.is_forbidden:
                    raise
                continue
            if document is not None:
                yield document


def _namespace(name: str) -> Reference:
    return Reference("v1", "Namespace", "", name)
