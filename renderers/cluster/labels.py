"""Labels by which fedplan knows its own objects in a cluster again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.kubernetes_target import FEDERATION_LABEL, MANAGER_LABEL, SITE_LABEL
from renderers.cluster.folder import SiteFolder

OURSELVES: Final = "fedplan"


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
    return f"{of_site(folder)},{FEDERATION_LABEL}={folder.federation}"


def of_site(folder: SiteFolder) -> str:
    """Selects these, and the claims that Kubernetes makes for its StatefulSets."""
    return f"{SITE_LABEL}={folder.key}"


def belongs_to(folder: SiteFolder, document: Mapping[str, Any]) -> bool:
    """Whether an object carries the labels of this site of this federation."""
    found = labels_of(document)
    return found.get(SITE_LABEL) == folder.key and found.get(FEDERATION_LABEL) == folder.federation
