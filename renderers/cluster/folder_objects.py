"""The objects in the files of a site's folder, each proved to be one that such a folder may hold.

A digest proves that a folder is whole, not that it is good, and what it holds is applied with all the rights of an
operator. So nothing is taken that fedplan never writes: no rights, no nodes, no other namespaces, no pods by
themselves, and no Secret but those whose values the operator gives.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.kubernetes_target import FEDERATION_LABEL, SITE_LABEL
from planner.site_json import SECRETS, Contents
from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.cluster.shapes import OddShapeError, as_object
from renderers.sound_yaml import UnsoundYamlError, documents

_MOST_REPLICAS: Final = 10_000
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_WRITTEN: Final = frozenset(
    {
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("networking.k8s.io/v1", "Ingress"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("policy/v1", "PodDisruptionBudget"),
        ("policy/v1beta1", "PodDisruptionBudget"),
        ("v1", "ConfigMap"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
    }
)
"""All that the numbered files of a site hold."""
_SECRET: Final = ("v1", "Secret")
_SECRET_KEYS: Final = frozenset({"apiVersion", "kind", "metadata", "type", "stringData"})
_OF_THE_NODE: Final = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES: Final = frozenset({"configMap", "emptyDir", "persistentVolumeClaim", "secret"})
"""The sorts of volumes that a site's pods have."""
_PLACE: Final = b"${secret:"


class ForeignObjectError(ValueError):
    """What a file of a folder must not hold, as a clause."""


def objects_in(data: bytes, name: str, contents: Contents) -> Iterator[tuple[Reference, Document]]:
    """The objects of one file. Raises ForeignObjectError for one that does not belong to the site."""
    is_secrets = name == SECRETS
    if not is_secrets and _PLACE in data:
        msg = f"it has the place of a secret, which only {SECRETS} may have"
        raise ForeignObjectError(msg)
    try:
        data.decode()
        found = documents(data)
    except ValueError as error:
        msg = str(error) if isinstance(error, UnsoundYamlError) else "it is not UTF-8"
        raise ForeignObjectError(msg) from None
    for each in found:
        document = _sound(each)
        named = reference(document)
        reason = _foreign(named, document, contents, is_secrets=is_secrets)
        if reason:
            msg = f"{named} {reason}"
            raise ForeignObjectError(msg)
        yield named, document


def _sound(document: Any) -> Document:
    """A document without empty values. Raises ForeignObjectError for one that is no object."""
    if not isinstance(document, dict) or not _is_plain(document):
        msg = "a document is no object as JSON has it"
        raise ForeignObjectError(msg)
    try:
        found = as_object(document, is_named=True)
    except OddShapeError as error:
        msg = f"an object has an odd {str(error).lstrip('.') or 'shape'}"
        raise ForeignObjectError(msg) from None
    if "apiVersion" not in found or "kind" not in found:
        msg = "an object does not say what it is"
        raise ForeignObjectError(msg)
    return found


def _foreign(found: Reference, document: Mapping[str, Any], contents: Contents, *, is_secrets: bool) -> str:
    """Why an object is none of the site's, as what follows its name; empty where it is one."""
    labels = document["metadata"].get("labels") or {}
    owner = labels.get(SITE_LABEL), labels.get(FEDERATION_LABEL)
    faults = (
        (
            (found.api_version, found.kind) not in ({_SECRET} if is_secrets else _WRITTEN),
            "is of a kind never found there",
        ),
        (found.namespace not in contents.namespaces.values(), "is in a namespace that is not the site's"),
        (not _NAME.fullmatch(found.name), "has a name that cannot be"),
        (owner != (contents.site, contents.federation), "does not have the labels of the site"),
        (is_secrets and not _is_secret(document), "is no Secret as fedplan writes them"),
        (found.kind in WORKLOADS and not _has_pods(document), f"has no pods, or more than {_MOST_REPLICAS}"),
        (found.kind in WORKLOADS and _reaches_out(document), "has pods that reach out of their containers"),
    )
    return next((words for is_so, words in faults if is_so), "")


def _is_secret(document: Mapping[str, Any]) -> bool:
    """Whether a Secret has nothing but texts and places of secrets: no values that were put in by somebody."""
    texts = document.get("stringData") or {}
    is_written = document.keys() <= _SECRET_KEYS and document.get("type", "Opaque") == "Opaque"
    return is_written and isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())


def _has_pods(document: Mapping[str, Any]) -> bool:
    spec = document.get("spec", {})
    return bool((spec.get("template") or {}).get("spec")) and 0 <= spec.get("replicas", 1) <= _MOST_REPLICAS


def _reaches_out(workload: Mapping[str, Any]) -> bool:
    """Whether pods would have something of their node, or a login to the cluster: no site's pods need either."""
    spec = workload.get("spec", {}).get("template", {}).get("spec", {})
    if any(spec.get(key) for key in _OF_THE_NODE) or spec.get("automountServiceAccountToken") is not False:
        return True
    if any(key != "name" and key not in _VOLUMES for volume in spec.get("volumes", ()) for key in volume):
        return True
    containers = (*spec.get("initContainers", ()), *spec.get("containers", ()))
    return any((each.get("securityContext") or {}).get("privileged") for each in containers)


def _is_plain(value: Any) -> bool:
    """Whether a value is one of JSON: no dates, no bytes, no keys that are no texts."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
