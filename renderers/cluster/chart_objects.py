"""The objects of a site's releases as Helm wrote them down, in the form in which the life cycle takes a site's objects.

What a chart does not say and Helm or the server adds is added here too (the namespace, the protocol of a port), so that
looking for differences tells only of what somebody else has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from planner.wording import spoken
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.helm_releases import HelmRelease, Releases
from renderers.cluster.references import WORKLOADS, Document, reference
from renderers.cluster.shapes import OddShapeError, as_object
from renderers.sound_yaml import UnsoundYamlError, documents

_LOOKED_AT: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("apps", "Deployment"): "apps/v1",
        ("apps", "StatefulSet"): "apps/v1",
        ("networking.k8s.io", "Ingress"): "networking.k8s.io/v1",
        ("networking.k8s.io", "NetworkPolicy"): "networking.k8s.io/v1",
        ("", "ConfigMap"): "v1",
        ("", "PersistentVolumeClaim"): "v1",
        ("", "Service"): "v1",
        ("", "ServiceAccount"): "v1",
        ("policy", "PodDisruptionBudget"): "policy/v1",
    }
)
"""Group and kind of what is looked at, and the version of the API that is asked for."""
_BREAK: Final = re.compile(r"(?m)^---(?=\s|$)")
_MOST_PARTS: Final = 20_000
"""Lists, mappings and values of an object. That of the largest pod has a few hundred."""
_WORKLOADS_ONCE: Final = "extensions"
"""The group in which Deployments were before apps/v1; the server has one and the same object under both."""


@dataclass(frozen=True, slots=True)
class AsInstalled:
    """A site's folder whose objects are those of its releases' manifests; `skipped` are those that are not looked at.

    waiting.wait, waiting.look, status and drift work on `folder`.
    """

    folder: SiteFolder
    skipped: tuple[str, ...]


def as_folder(folder: SiteFolder, found: Releases) -> AsInstalled:
    """The folder with the objects of what Helm wrote last; of the revision before, where nothing of that one is known.

    Helm writes the objects of a revision before it calls it deployed, so the latest one is what is in the cluster,
    unless it failed before that: then its own objects are the ones that somebody waits for all the same.
    """
    objects: dict[tuple[str, str, str, str], Desired] = {}
    skipped: dict[str, None] = {}
    for installation in folder.installations:
        release = _readable(found.of(installation))
        if release is None:
            continue
        for each in _objects(release):
            if isinstance(each, str):
                skipped[each] = None
            else:
                found_as = reference(each)
                objects[found_as.key] = Desired(found_as, each, installation.file)
    return AsInstalled(replace(folder, objects=tuple(objects.values()), secrets=()), tuple(skipped))


def config_data(release: HelmRelease | None) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """The data of a revision's ConfigMaps, by namespace and name."""
    return MappingProxyType(
        {
            (each["metadata"]["namespace"], each["metadata"]["name"]): each.get("data") or {}
            for each in (() if release is None else _objects(release))
            if not isinstance(each, str) and each["kind"] == "ConfigMap"
        }
    )


def _readable(revisions: tuple[HelmRelease, ...]) -> HelmRelease | None:
    """The latest revision that has objects in the cluster."""
    return next((each for each in revisions if each.manifest.strip() and each.status != "uninstalled"), None)


def _objects(release: HelmRelease) -> Iterator[Document | str]:
    """The objects of a manifest, or what is skipped of it in a few words."""
    for text in _BREAK.split(release.manifest):
        try:
            found = documents(text.encode(), aliases=True)
        except UnsoundYamlError as error:
            yield f"an object of {release.what}: {error}"
            continue
        for document in found:
            if not _is_small(document):
                yield f"an object of {release.what}, which is too large to be one"
            elif document is not None:
                yield _object(document, release)


def _is_small(document: Any) -> bool:
    """Whether an object has no more parts than one may, with all that its aliases stand for."""
    left, parts = [document], 0
    while left:
        parts += 1
        if parts > _MOST_PARTS:
            return False
        node = left.pop()
        left.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return True


def _object(document: Any, release: HelmRelease) -> Document | str:
    kind, named = _named(document)
    if not kind:
        return f"an object of {release.what} that does not say what it is"
    group, slash, _ = str(document.get("apiVersion", "")).rpartition("/")
    group = group if slash else ""
    if group == _WORKLOADS_ONCE and kind in WORKLOADS:
        group = "apps"
    version = _LOOKED_AT.get((group, kind))
    is_other = version is not None and kind not in WORKLOADS and document.get("apiVersion") != version
    if version is None or is_other:
        return f"{kind} {named}"
    metadata = document.get("metadata") or {}
    whole = {**metadata, "namespace": metadata.get("namespace") or release.namespace}
    try:
        return _with_defaults(as_object({**document, "apiVersion": version, "metadata": whole}, is_named=True))
    except OddShapeError as error:
        return f"{kind} {named}, which has an odd {str(error).lstrip('.')}"


def _named(document: Any) -> tuple[str, str]:
    """Kind and name of a document as messages show them; empty where it has none."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict) or not isinstance(document.get("kind"), str):
        return "", ""
    return spoken(document["kind"]), spoken(str(metadata.get("name", "")))


def _with_defaults(document: Document) -> Document:
    """An object with the protocols of its ports, which charts leave out and the server knows its ports by."""
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return document
    if document["kind"] == "Service" and isinstance(spec.get("ports"), list):
        return {**document, "spec": {**spec, "ports": _with_protocols(spec["ports"])}}
    pods = (spec.get("template") or {}).get("spec") if isinstance(spec.get("template"), dict) else None
    if document["kind"] not in WORKLOADS or not isinstance(pods, dict):
        return document
    changed = {
        key: [
            {**each, "ports": _with_protocols(each["ports"])} if isinstance(each.get("ports"), list) else each
            for each in pods[key]
        ]
        for key in ("containers", "initContainers")
        if key in pods
    }
    return {**document, "spec": {**spec, "template": {**spec["template"], "spec": {**pods, **changed}}}}


def _with_protocols(ports: list[Any]) -> list[Any]:
    return [{"protocol": "TCP", **each} if isinstance(each, dict) else each for each in ports]
