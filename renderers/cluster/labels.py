"""Labels by which fedplan knows its own objects in a cluster again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.kubernetes_target import COMPONENT_LABEL, FEDERATION_LABEL, MANAGER_LABEL, SITE_LABEL
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import WORKLOADS

OURSELVES: Final = "fedplan"
RELEASE_MARK: Final = "meta.helm.sh/release-name"
"""Annotation that Helm gives to every object it writes (since 3.2): the release."""
_CHARTS_NAME: Final = "name"
"""Label by which KubeFATE's charts tell the objects of a site, and Helm the Secrets of a release."""


def labels_of(document: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an object; empty where it has none."""
    return (document.get("metadata") or {}).get("labels") or {}


def site_labels(folder: SiteFolder) -> dict[str, str]:
    """The labels of what belongs to a site and to none of its components."""
    return {**own_labels(folder), SITE_LABEL: folder.key}


def own_labels(folder: SiteFolder) -> dict[str, str]:
    """The labels of what fedplan keeps for itself beside a site: apply neither counts nor prunes it as the site's."""
    return {MANAGER_LABEL: OURSELVES, FEDERATION_LABEL: folder.federation}


def selector(folder: SiteFolder) -> str:
    """Selects what is written for a site of a federation, and its pods."""
    return of_site(folder) if folder.installations else f"{of_site(folder)},{FEDERATION_LABEL}={folder.federation}"


def of_site(folder: SiteFolder) -> str:
    """Selects these, and the claims that Kubernetes makes for its StatefulSets.

    Charts know a site by the name of its cluster alone (helm-direct.md section 3), which is one in a namespace.
    """
    names = sorted({each.name for each in folder.installations})
    if not names:
        return f"{SITE_LABEL}={folder.key}"
    return f"{_CHARTS_NAME}={names[0]}" if len(names) == 1 else f"{_CHARTS_NAME} in ({','.join(names)})"


def of_runners(folder: SiteFolder) -> str:
    """Selects at least the workloads of a site and their pods: all, where a chart decides on their labels.

    Which workloads are meant is known by their names then, and which pods are theirs by their own selectors.
    """
    return "" if folder.installations else of_site(folder)


def of_component(folder: SiteFolder, namespace: str, workload: str) -> str:
    """Selects the pods of a component, whose workload has its name: what a chart selects them by, it alone knows."""
    if not folder.installations:
        return f"{COMPONENT_LABEL}={workload},{of_site(folder)}"
    for each in folder.objects:
        if each.reference.kind in WORKLOADS and each.reference[2:] == (namespace, workload):
            wanted = each.document.get("spec", {}).get("selector", {}).get("matchLabels") or {}
            return ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    return of_site(folder)


def belongs_to(folder: SiteFolder, document: Mapping[str, Any]) -> bool:
    """Whether an object carries the labels of this site of this federation, or is of one of its releases."""
    found = labels_of(document)
    if found.get(SITE_LABEL) == folder.key and found.get(FEDERATION_LABEL) == folder.federation:
        return True
    named = {found.get(_CHARTS_NAME), release_of(document)}
    return bool(named & _release_names(folder))


def release_of(document: Mapping[str, Any]) -> str:
    """The Helm release that an object was written by; empty where none was."""
    annotations = (document.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(RELEASE_MARK) or "")


def _release_names(folder: SiteFolder) -> set[str | None]:
    return {each.name for each in folder.installations}
