"""A release of a chart as Helm leaves it in a cluster of a few objects, for unit tests."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from planner.site_json import Dial, Installation, OpenDoor
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.references import Document, Reference, reference
from tests.unit.cluster_double import Cluster, Time, folder_of, thing

NAMESPACE = "fate-9999"
NAME = "fate-9999"
LABELS = {"name": NAME, "partyId": "9999", "owner": "kubefate"}
FIRST = "2026-03-01T12:00:00Z"
"""When the first revision was begun."""
LATER = "2026-03-01T12:30:00Z"
"""When the second was."""
INSTALLATION = Installation("training", "cluster.yaml", NAME, NAMESPACE, "fate", "v1.11.2")


@dataclass
class Live(Cluster):
    """A cluster whose labels are looked at as the API server does, and whose objects can be merged."""

    clock: Clock = field(default_factory=Time)
    merged: list[tuple[Reference, Mapping[str, Any]]] = field(default_factory=list)
    locked: bool = False

    def list(
        self, api_version: str, kind: str, namespace: str, _: Deadline, *, labels: str = "", fields: str = ""
    ) -> Sequence[Document]:
        found = super().list(api_version, kind, namespace, _, fields=fields)
        return [each for each in found if selects(labels, each["metadata"].get("labels") or {})]

    def merge(self, patch: Mapping[str, Any], wanted: Reference, _: Deadline) -> None:
        from tests.unit.cluster_double import forbidden

        if self.locked:
            raise forbidden()
        self.merged.append((wanted, patch))

    def server_time(self, _: Deadline) -> datetime:
        return datetime(2026, 3, 1, 13, 0, tzinfo=UTC)

    def log(self, *_: Any, lines: int, previous: bool = False) -> str:
        assert lines
        return "" if previous else "it is well"


def selects(query: str, labels: Mapping[str, str]) -> bool:
    """Whether labels are what a selector asks for: `a=b`, `a in (b,c)`, and several of them."""
    for part in re.findall(r"[^,(]+(?:\([^)]*\))?", query):
        among = re.fullmatch(r"(\S+) in \((.*)\)", part)
        key, wanted = (among[1], among[2].split(",")) if among else (part.split("=")[0], [part.split("=")[1]])
        if labels.get(key) not in wanted:
            return False
    return True


def manifest(*documents: Document) -> str:
    """Objects as Helm keeps them: with a comment each, and as the chart has written them."""
    parts = [f"---\n# Source: fate/templates/{each['kind'].lower()}.yaml\n{yaml.safe_dump(each)}" for each in documents]
    return "\n".join(parts)


def release(
    revision: int,
    text: str,
    *,
    status: str = "deployed",
    description: str = "Install complete",
    version: str = "v1.11.2",
    begun: str = FIRST,
    kind: str = "Secret",
    name: str = NAME,
    **more: Any,
) -> Document:
    """A revision as Helm's driver stores it."""
    content = {
        "name": name,
        "version": revision,
        "namespace": NAMESPACE,
        "info": {
            "first_deployed": "2026-03-01T12:00:00.123456789+01:00",
            "last_deployed": begun,
            "status": status,
            "description": description,
        },
        "chart": {"metadata": {"name": "fate", "version": version}, "templates": [{"name": "a", "data": "eA=="}]},
        "config": {"mysql": {"password": "s3cret"}},
        "manifest": text,
        **more,
    }
    return stored(name, revision, base64.b64encode(gzip.compress(json.dumps(content).encode())), begun, kind)


def stored(name: str, revision: int, packed: bytes, begun: str = FIRST, kind: str = "Secret") -> Document:
    """The object in which a driver keeps a revision."""
    labels = {"owner": "helm", "name": name, "status": "deployed", "version": str(revision)}
    data = base64.b64encode(packed).decode() if kind == "Secret" else packed.decode()
    return thing(
        kind,
        f"sh.helm.release.v1.{name}.v{revision}",
        namespace=NAMESPACE,
        labels=labels,
        metadata={"creationTimestamp": begun},
        data={"release": data},
    )


def config_map(name: str, changed: str = FIRST, *, manager: str = "helm", **data: str) -> Document:
    """A ConfigMap as it is live; `__` in a key stands for a dot."""
    texts = {key.replace("__", "."): value for key, value in data.items()}
    fields: dict[str, Any] = {"f:data": {f"f:{key}": {} for key in texts}}
    entry = {"manager": manager, "operation": "Update", "time": changed, "fieldsV1": fields}
    return thing("ConfigMap", name, labels=LABELS, metadata={"managedFields": [entry]}, data=texts)


def written(document: Document) -> Document:
    """An object as a chart writes it: without a namespace, and nothing of the server's."""
    metadata = {key: document["metadata"][key] for key in ("name", "labels") if key in document["metadata"]}
    rest = {key: value for key, value in document.items() if key not in {"metadata", "status"}}
    return {**rest, "metadata": metadata}


def workload(
    name: str,
    *volumes: Mapping[str, Any],
    mounts: Sequence[Mapping[str, Any]] = (),
    kind: str = "Deployment",
    replicas: int = 1,
    ready: int = 1,
    **container: Any,
) -> Document:
    """A workload of a chart that has come up."""
    labels = {**LABELS, "fateMoudle": name}
    spec = {"containers": [{"name": name, "image": "i:1", "volumeMounts": list(mounts), **container}]}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas"), ready)
    return thing(
        kind,
        name,
        "apps/v1",
        labels=labels,
        metadata={"uid": f"uid-{name}", "generation": 1},
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**spec, "volumes": list(volumes)}},
        },
        status={**counts, "observedGeneration": 1},
    )


def pod_of(
    owner: Document,
    *,
    made: str = FIRST,
    started: str = "",
    name: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Document:
    """A pod of a workload that runs since it was made, or since its container was started again."""
    named = owner["metadata"]["name"]
    labels = {**owner["spec"]["selector"]["matchLabels"], "pod-template-hash": "a"}
    states = [
        {"name": each["name"], "ready": True, "restartCount": 0, "state": {"running": {"startedAt": started or made}}}
        for each in owner["spec"]["template"]["spec"]["containers"]
    ]
    status = {
        "phase": "Running",
        "startTime": made,
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": states,
    }
    metadata = {"creationTimestamp": made, "uid": f"uid-{named}-pod", "annotations": dict(annotations or {})}
    return thing("Pod", name or f"{named}-0", labels=labels, metadata=metadata, status=status)


def mounted(name: str, path: str, *, sub: str = "", kind: str = "configMap") -> tuple[dict[str, Any], dict[str, Any]]:
    """A volume with a ConfigMap or Secret of a name, and where it is mounted."""
    word = "secretName" if kind == "secret" else "name"
    mount = {"name": name, "mountPath": path, **({"subPath": sub} if sub else {})}
    return {"name": name, kind: {word: name}}, mount


def site(*, dials: Sequence[Dial] = (), doors: Sequence[OpenDoor] = (), **more: Any) -> SiteFolder:
    """The folder of party 9999 of target helm."""
    given: dict[str, Any] = {
        "target": "helm",
        "installations": (INSTALLATION,),
        "dials": tuple(dials),
        "doors": tuple(doors),
        "files": {"cluster.yaml": "name: fate-9999\n"},
        **more,
    }
    return folder_of(**given)


def key_of(document: Document) -> tuple[str, str, str, str]:
    return reference(document).key
