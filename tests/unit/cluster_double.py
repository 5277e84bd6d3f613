"""A cluster of a few objects for unit tests, and a site's folder of a few objects."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from planner.prerequisites import Kind
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import Desired, Prerequisite, SiteFolder, from_files
from renderers.cluster.places import Places
from renderers.cluster.references import Document, Reference, reference

LABELS = {"fedplan/site": "party-9999", "fedplan/federation": "demo", "fedplan/part": "training"}


class Time(Clock):
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        """The time that was slept."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let it be later."""
        self.at += seconds


DEADLINE = Deadline(60)


def thing(kind: str, name: str, api_version: str = "v1", namespace: str = "fate-9999", **parts: Any) -> Document:
    """An object with the labels of party 9999; `labels` are others."""
    metadata: dict[str, Any] = {"name": name, "labels": dict(parts.pop("labels", LABELS))}
    if namespace:
        metadata["namespace"] = namespace
    metadata |= parts.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def workload(
    name: str,
    *,
    kind: str = "Deployment",
    replicas: int = 1,
    requests: dict[str, str] | None = None,
    limits: dict[str, str] | None = None,
    pod: dict[str, Any] | None = None,
    **spec: Any,
) -> Document:
    """A Deployment or StatefulSet of pods with one container of the same name."""
    resources = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
    container = {"name": name, "image": "i", "resources": resources}
    inside = {"containers": [container], **(pod or {})}
    template = {"metadata": {"labels": LABELS}, "spec": inside}
    return thing(kind, name, "apps/v1", spec={"replicas": replicas, "template": template, **spec})


def secret(name: str, namespace: str = "fate-9999", version: str = "1", **values: str) -> Document:
    """A Secret as the API has it."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return thing("Secret", name, namespace=namespace, data=data, metadata={"resourceVersion": version})


def desired(document: Document, file: str = "10-x.yaml") -> Desired:
    """A document as a planned object."""
    return Desired(reference(document), document, file)


def folder_of(*documents: Document, secrets: Iterable[Document] = (), **others: Any) -> SiteFolder:
    """A folder of party 9999 with these objects."""
    values: dict[str, Any] = {
        "key": "party-9999",
        "kind": "party",
        "id": 9999,
        "name": "fate-9999",
        "federation": "demo",
        "release": "v1.11.2",
        "cluster": "bank",
        "address": "192.168.9.1",
        "context": None,
        "server": None,
        "kubernetes": None,
        "namespaces": {"training": "fate-9999"},
        "after": (),
        "peers": (),
        "prerequisites": (),
        "hot_tables": (),
        "interfaces": (),
        "digest": "d" * 64,
        "objects": tuple(desired(document) for document in documents),
        "secrets": tuple(desired(document, "secrets.yaml") for document in secrets),
        "files": {},
    }
    return SiteFolder(**{**values, **others})


def folder_from(files: Mapping[str, str], key: str) -> SiteFolder:
    """A site's rendered files, read as apply reads them."""
    folder = from_files({name: text.encode() for name, text in files.items()}, key)
    assert isinstance(folder, SiteFolder), folder
    return folder


def places_of(folder: SiteFolder) -> Places:
    """The places of a folder that was handed over."""
    return Places(folder)


def needs(kind: Kind, name: str, *keys: str, namespace: str = "fate-9999") -> Prerequisite:
    """Something that must be there."""
    return Prerequisite(kind, namespace, name, "it is needed", keys)


def forbidden() -> RefusedError:
    """The server's no to somebody without a right."""
    return RefusedError(403, "Forbidden", "secrets is forbidden")


def everything(*_: str) -> bool:
    """The rights of an administrator."""
    return True


@dataclass
class Cluster:
    """What the API server would answer. `hidden` are kinds that the operator may not read."""

    documents: Sequence[Document] = ()
    hidden: frozenset[str] = frozenset()
    allows: Callable[..., bool] = everything
    served: Callable[[str, str], bool] = everything
    version_number: tuple[int, int] = (1, 27)
    server: str = "https://192.168.9.1:6443"
    context: str = "bank-prod"
    user: str = "anna"
    trial: RefusedError | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    made: list[Document] = field(default_factory=list)
    deleted: list[Reference] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """Typed as what it stands for."""
        return cast("Api", self)

    def get(self, wanted: Reference, _: Deadline) -> Document | None:
        self._look(wanted.kind)
        return next((each for each in self.documents if reference(each).key == wanted.key), None)

    def list(
        self, api_version: str, kind: str, namespace: str, _: Deadline, *, labels: str = "", fields: str = ""
    ) -> Sequence[Document]:
        self._look(kind)
        found: list[Any] = [
            each
            for each in self.documents
            if (each["apiVersion"], each["kind"]) == (api_version, kind)
            and namespace in {"", reference(each).namespace}
        ]
        if fields:
            key, value = fields.split("=")
            found = [each for each in found if each.get(key) == value]
        if labels:
            key, value = labels.split("=")
            found = [each for each in found if each["metadata"]["labels"].get(key) == value]
        return found

    def may(self, verb: str, group: str, resource: str, namespace: str, _: Deadline, *, name: str = "") -> bool:
        self.asked.append((verb, group, resource, namespace, name))
        return self.allows(verb, group, resource, namespace, name)

    def serves(self, api_version: str, kind: str, _: Deadline) -> bool:
        return self.served(api_version, kind)

    def version(self, _: Deadline) -> tuple[int, int]:
        return self.version_number

    def apply(self, document: Document, _: Reference, __: Deadline, *, dry_run: bool, force: bool = False) -> Document:
        del force
        assert dry_run
        if self.trial is not None:
            raise self.trial
        return document

    def create(self, document: Document, wanted: Reference, deadline: Deadline) -> Document:
        if self.get(wanted, deadline) is not None:
            raise RefusedError(409, "AlreadyExists", "it exists")
        self.made.append(document)
        return document

    def delete(self, wanted: Reference, _: Deadline, *, uid: str = "") -> bool:
        self.deleted.append(wanted)
        return bool(uid) or True

    def _look(self, kind: str) -> None:
        if kind in self.hidden:
            raise forbidden()
