"""The shape of what an API server answers, as far as it is looked at here.

Kubernetes keeps its types, so nothing else is expected of it; a proxy, a webhook that rewrites objects or an extension
server in its place may not. What has another shape ends as one plain error here, and not as a traceback wherever it is
read. An empty value (`null`) is taken out: the API makes no difference between that and nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from renderers.cluster.references import Document
from renderers.quantities import quantity

_Leaf: TypeAlias = Callable[[Any], bool]
_Shape: TypeAlias = "_Leaf | list[_Shape] | dict[str, _Shape]"
"""A test of a value, the items of a list, or the keys of a mapping: `name!` must be there, `*` are all others."""


class OddShapeError(ValueError):
    """Where an answer has another shape than the API's, as a path."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and value != ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_quantity(value: Any) -> bool:
    try:
        quantity(value)
    except (ValueError, TypeError, ArithmeticError):
        return False
    return True


def _are_fields(value: Any) -> bool:
    """Whether it is a set of fields as managedFields has them: mappings all the way down."""
    if not isinstance(value, dict):
        return False
    for key, inner in value.items():
        if key.startswith("k:"):
            try:
                if not isinstance(json.loads(key[2:]), dict):
                    return False
            except (ValueError, RecursionError):
                return False
        if not _are_fields(inner):
            return False
    return True


_TEXTS: Final[_Shape] = {"*": _is_text}
_AMOUNTS: Final[_Shape] = {"*": _is_quantity}
_OWNER: Final[_Shape] = {"manager": _is_text, "operation": _is_text, "time": _is_text, "fieldsV1": _are_fields}
_METADATA: Final[dict[str, _Shape]] = {
    "name": _is_name,
    "namespace": _is_name,
    "uid": _is_text,
    "resourceVersion": _is_text,
    "creationTimestamp": _is_time,
    "deletionTimestamp": _is_text,
    "generation": _is_number,
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "managedFields": [_OWNER],
    "continue": _is_text,
}
_SECRET_NAME: Final[_Shape] = {"name": _is_name}
_VARIABLE: Final[_Shape] = {"name": _is_text, "valueFrom": {"secretKeyRef": _SECRET_NAME}}
_CONTAINER: Final[_Shape] = {
    "name": _is_name,
    "image": _is_text,
    "env": [_VARIABLE],
    "envFrom": [{"secretRef": _SECRET_NAME}],
    "resources": {"requests": _AMOUNTS, "limits": _AMOUNTS},
    "securityContext": _is_mapping,
}
_VOLUME: Final[_Shape] = {
    "secret": {"secretName": _is_name},
    "persistentVolumeClaim": {"claimName": _is_name},
    "projected": {"sources": [{"secret": _SECRET_NAME}]},
}
_POD: Final[dict[str, _Shape]] = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [_VOLUME],
    "overhead": _AMOUNTS,
    "priorityClassName": _is_text,
}
_CLAIM: Final[_Shape] = {"metadata": {**_METADATA, "name!": _is_name}, "spec": {"resources": {"requests": _AMOUNTS}}}
_LIMIT: Final[_Shape] = {
    "type": _is_text,
    **dict.fromkeys(("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"), _AMOUNTS),
}
_SCOPE: Final[_Shape] = {"scopeName!": _is_text, "operator!": _is_text, "values": [_is_text]}
_SPEC: Final[_Shape] = {
    **_POD,
    "replicas": _is_number,
    "paused": _is_truth,
    "type": _is_text,
    "selector": {"matchLabels": _TEXTS},
    "template": {"metadata": _METADATA, "spec": _POD},
    "volumeClaimTemplates": [_CLAIM],
    "ports": [{"nodePort": _is_number}],
    "holderIdentity": _is_text,
    "leaseDurationSeconds": _is_number,
    "leaseTransitions": _is_number,
    "renewTime": _is_time,
    "hard": _AMOUNTS,
    "limits": [_LIMIT],
    "scopes": [_is_text],
    "scopeSelector": {"matchExpressions": [_SCOPE]},
    "resources": {"requests": _AMOUNTS},
    "storageClassName": _is_text,
}
_REASON: Final[dict[str, _Shape]] = {"reason": _is_text, "message": _is_text}
_STATE: Final[_Shape] = {
    "waiting": _REASON,
    "running": _is_mapping,
    "terminated": {**_REASON, "exitCode": _is_number},
}
_RUN: Final[_Shape] = {
    "name!": _is_name,
    "image": _is_text,
    "ready": _is_truth,
    "restartCount": _is_number,
    "state": _STATE,
    "lastState": _STATE,
}
_STATUS: Final[_Shape] = {
    **_REASON,
    "phase": _is_text,
    "conditions": [{**_REASON, "type": _is_text, "status": _is_text}],
    "containerStatuses": [_RUN],
    "initContainerStatuses": [_RUN],
    **dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "observedGeneration"), _is_number),
    "currentRevision": _is_text,
    "updateRevision": _is_text,
    "hard": _AMOUNTS,
    "used": _AMOUNTS,
    "allowed": _is_truth,
}
_OBJECT: Final[dict[str, _Shape]] = {
    "apiVersion": _is_text,
    "kind": _is_text,
    "metadata": _METADATA,
    "spec": _SPEC,
    "status": _STATUS,
    "data": _TEXTS,
    "binaryData": _TEXTS,
    **_REASON,
    "lastTimestamp": _is_text,
    "eventTime": _is_text,
    "series": {"lastObservedTime": _is_text},
    "involvedObject": {"uid": _is_text},
    "resources": [{"kind": _is_text}],
}
_NAMED: Final[_Shape] = {**_OBJECT, "metadata!": {**_METADATA, "name!": _is_name}}
_LIST: Final[_Shape] = {**_OBJECT, "items": [_NAMED]}
_NO_OBJECT: Final[_Shape] = {"kind": _is_text, **_REASON}


def as_object(answer: Mapping[str, Any], *, is_named: bool = False) -> Document:
    """An answer without empty values. Raises OddShapeError for one of another shape than the API's.

    It may be an object, a list of objects, or what the server says of a request (kind Status). One that `is_named`
    must name itself.
    """
    shape = _NO_OBJECT if answer.get("kind") == "Status" else _NAMED if is_named else _LIST
    try:
        found: Document = _checked(answer, shape, "")
    except RecursionError:
        msg = "it nests too deep"
        raise OddShapeError(msg) from None
    return found


def _checked(value: Any, shape: _Shape, path: str) -> Any:
    if callable(shape):
        if not shape(value):
            raise OddShapeError(path)
        return value
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise OddShapeError(path)
        return [_checked(each, shape[0], f"{path}[{index}]") for index, each in enumerate(value)]
    if not isinstance(value, dict):
        raise OddShapeError(path)
    return _mapping(value, shape, path)


def _mapping(value: dict[str, Any], shape: dict[str, _Shape], path: str) -> dict[str, Any]:
    others = shape.get("*")
    found = {}
    for key, inner in value.items():
        wanted = shape.get(f"{key}!") or shape.get(key) or others
        if wanted is None:
            found[key] = inner
        elif inner is not None:
            found[key] = _checked(inner, wanted, f"{path}.{key}")
    for key in shape:
        if key.endswith("!") and key[:-1] not in found:
            path = f"{path}.{key[:-1]}"
            raise OddShapeError(path)
    return found
