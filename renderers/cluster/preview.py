"""What an apply would do, found out by trying: a server-side dry run of every object, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from planner.checks.field_conflict import field_conflict
from planner.checks.node_port_held import node_port_held
from planner.checks.object_refused import immutable, object_refused
from planner.diagnostics import Diagnostic
from planner.kubernetes_target import PART_LABEL
from renderers.cluster import moving_ports
from renderers.cluster.api import FIELD_MANAGER, Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.drift import FieldChange, changed_fields, conflicts
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.labels import of_site, selector
from renderers.cluster.places import Places
from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.cluster.side_by_side import side_by_side

_IMMUTABLE: Final = "updates to statefulset spec for fields other than"
_PORT_HELD: Final = re.compile(r"(?:nodePort: Invalid value: |node port )(\d{1,5})[^,]*already allocated")
AT_ONCE: Final = 8
"""Requests that are sent side by side: each takes a round trip, and a site has dozens of objects."""
WRITTEN: Final = (
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "ServiceAccount"),
)
"""Kinds of objects that a plan may have had and has no more, in the order in which they are taken down."""
_DATA: Final = (("v1", "PersistentVolumeClaim"), ("v1", "Secret"))
"""Kinds that hold data: they stay unless the operator says so."""


class Action(StrEnum):
    """What becomes of an object."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one object, and field by field what is different; nothing of a Secret's values."""

    action: Action
    reference: Reference
    fields: tuple[FieldChange, ...] = ()
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The outcome of a dry run: all changes, and what the cluster refuses.

    `kept` are claims and Secrets that belong to nothing any more and stay, `live` the objects as they are now.
    """

    changes: tuple[Change, ...]
    diagnostics: tuple[Diagnostic, ...]
    kept: tuple[Reference, ...]
    live: dict[tuple[str, str, str, str], Document] = field(repr=False)

    @property
    def writes(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(change for change in self.changes if change.action is not Action.KEEP)


def fetched(api: Api, desired: Sequence[Desired], deadline: Deadline) -> dict[tuple[str, str, str, str], Document]:
    """The objects of these that are there, as they are now, by the keys of their references."""
    found = side_by_side(lambda each: api.get(each.reference, deadline), desired, AT_ONCE)
    return {each.reference.key: live for each, live in zip(desired, found, strict=True) if live is not None}


def preview(  # noqa: PLR0913 - what a dry run depends on
    api: Api,
    folder: SiteFolder,
    desired: Sequence[Desired],
    live: dict[tuple[str, str, str, str], Document],
    deadline: Deadline,
    places: Places,
    *,
    force: bool = False,
    delete_data: bool = False,
    only: str = "",
    absent: Collection[str] = (),
) -> Preview:
    """Try to apply every object, and find those that the plan no longer has; `live` is what is there.

    With `force` fields of others are taken; with `delete_data` claims and Secrets go too. `only` is the half of the
    site (training or serving) that is looked at. In `absent` namespaces nothing can be tried: all would be new.
    """
    stale, kept = _stale(api, folder, desired, deadline, delete_data=delete_data, only=only)
    freed = moving_ports.freed(desired, live, stale)

    def tried(each: Desired) -> Document | RefusedError:
        if each.reference.namespace in absent:
            return {}
        try:
            return api.apply(each.document, each.reference, deadline, dry_run=True, force=force)
        except RefusedError as refusal:
            moving = {int(port) for port in _PORT_HELD.findall(refusal.message)}
            if not moving or not moving <= freed:
                return refusal
        try:
            trial = moving_ports.without(each.document, moving)
            return api.apply(trial, each.reference, deadline, dry_run=True, force=force)
        except RefusedError as refusal:
            return refusal

    outcomes = side_by_side(tried, desired, AT_ONCE)
    changes: list[Change] = []
    diagnostics: list[Diagnostic] = []
    for each, after in zip(desired, outcomes, strict=True):
        before = live.get(each.reference.key)
        if isinstance(after, RefusedError):
            diagnostics.extend(_refusal(api, folder, each, before, after, deadline, places))
            continue
        fields = tuple(changed_fields(before, after))
        is_as_planned = before is not None and not fields and ours(before)
        action = Action.CREATE if before is None else Action.KEEP if is_as_planned else Action.UPDATE
        changes.append(Change(action, each.reference, fields))
    changes += [Change(Action.DELETE, reference(each), uid=each["metadata"].get("uid", "")) for each in stale]
    return Preview(tuple(changes), tuple(diagnostics), kept, live)


def ours(document: Document) -> bool:
    """Whether we have applied an object: that its labels are ours alone could be somebody's copy."""
    fields = document.get("metadata", {}).get("managedFields") or ()
    return any(entry.get("manager") == FIELD_MANAGER for entry in fields)


def site_objects(
    api: Api, folder: SiteFolder, kinds: Sequence[tuple[str, str]], deadline: Deadline
) -> Iterator[Document]:
    """The objects of these kinds that carry the site's labels, in all its namespaces."""
    labels = selector(folder)
    for api_version, kind in kinds:
        for namespace in dict.fromkeys(folder.namespaces.values()):
            yield from api.list(api_version, kind, namespace, deadline, labels=labels)


def written_kinds(api: Api, deadline: Deadline) -> Sequence[tuple[str, str]]:
    """The kinds that are taken down with a site or pruned, in order; budgets in the version that the server has."""
    version = "policy/v1" if api.serves("policy/v1", "PodDisruptionBudget", deadline) else "policy/v1beta1"
    return ((version, "PodDisruptionBudget"), *WRITTEN)


def claims(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[Document]:
    """The site's claims: those of StatefulSets have the site's label, and nobody's field manager but Kubernetes'."""
    found: list[Document] = []
    for namespace in dict.fromkeys(folder.namespaces.values()):
        found += api.list("v1", "PersistentVolumeClaim", namespace, deadline, labels=of_site(folder))
    return found


def secrets(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[Document]:
    """The Secrets that apply has made for the site."""
    return [document for document in site_objects(api, folder, _DATA[1:], deadline) if ours(document)]


def _stale(
    api: Api, folder: SiteFolder, desired: Sequence[Desired], deadline: Deadline, *, delete_data: bool, only: str
) -> tuple[list[Document], tuple[Reference, ...]]:
    """Objects of ours that the plan has no more; and those that hold data and stay."""
    if only and only not in folder.namespaces:
        return [], ()
    wanted = {each.reference.key for each in desired}
    stale = [
        document
        for document in site_objects(api, folder, written_kinds(api, deadline), deadline)
        if reference(document).key not in wanted
        and (not only or document["metadata"]["labels"].get(PART_LABEL) == only)
        and ours(document)
    ]
    if only:
        return stale, ()
    data = [each for each in secrets(api, folder, deadline) if reference(each).key not in wanted]
    data += _idle_claims(api, folder, desired, deadline)
    return ([*stale, *data], ()) if delete_data else (stale, tuple(map(reference, data)))


def _idle_claims(api: Api, folder: SiteFolder, desired: Sequence[Desired], deadline: Deadline) -> Iterator[Document]:
    """Claims of components that the plan has no more, or that keep nothing any more."""
    named = {each.reference.key for each in desired}
    for document in claims(api, folder, deadline):
        found = reference(document)
        if found.key not in named and not any(_uses(each.document, found) for each in desired):
            yield document


def _uses(workload: Document, claim: Reference) -> bool:
    """Whether the pods of a workload may have a claim: by a template of its own, or by name."""
    metadata, spec = workload.get("metadata", {}), workload.get("spec", {})
    if workload.get("kind") not in WORKLOADS or metadata.get("namespace") != claim.namespace:
        return False
    for template in spec.get("volumeClaimTemplates") or ():
        stem = f"{template['metadata']['name']}-{metadata['name']}-"
        if claim.name.startswith(stem) and claim.name[len(stem) :].isdecimal():
            return True
    volumes = spec.get("template", {}).get("spec", {}).get("volumes") or ()
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName") == claim.name for volume in volumes)


def _refusal(
    api: Api,
    folder: SiteFolder,
    desired: Desired,
    live: Document | None,
    refusal: RefusedError,
    deadline: Deadline,
    places: Places,
) -> Iterator[Diagnostic]:
    """A refused object as findings: conflicts field by field, a port with its holder, or the server's words."""
    what = called(desired.reference)
    place = places.of_object(desired.reference)
    if refusal.is_conflict and refusal.causes:
        for each in conflicts(refusal, live, desired.document):
            yield field_conflict(place, what, each.path, each.manager, each.live, each.desired)
        return
    held = _PORT_HELD.findall(refusal.message)
    if held:
        for port in dict.fromkeys(held):
            holder = _holder_of(api, int(port), desired.reference, deadline)
            yield node_port_held(places.of_node_port(int(port), desired.reference), what, port, holder)
        return
    if _IMMUTABLE in refusal.message:
        yield immutable(place, what, folder.key)
    else:
        yield object_refused(place, what, refusal.message, folder.key)


def _holder_of(api: Api, port: int, wanted: Reference, deadline: Deadline) -> str:
    """The Service that has a NodePort; empty where we may not look, or only into our own namespace."""
    for namespace in ("", wanted.namespace):
        try:
            found = api.list("v1", "Service", namespace, deadline)
        except RefusedError:
            continue
        for document in found:
            if any(each.get("nodePort") == port for each in document.get("spec", {}).get("ports") or ()):
                return called(reference(document))
        return ""
    return ""


def called(found: Reference) -> str:
    """`Service fate-9999/rollsite`, as findings name an object."""
    return f"{found.kind} {found.namespace}/{found.name}" if found.namespace else f"{found.kind} {found.name}"


def listed(references: Iterable[Reference]) -> str:
    """`2 PersistentVolumeClaims (a, b) and 1 Secret (c)`, as findings name many objects."""
    kinds: dict[str, list[str]] = {}
    for found in references:
        kinds.setdefault(found.kind, []).append(found.name)
    parts = [f"{len(names)} {kind}{'s' * (len(names) > 1)} ({', '.join(names)})" for kind, names in kinds.items()]
    return " and ".join(parts)


def with_annotations(desired: Desired, annotations: dict[str, str]) -> Desired:
    """A workload whose pods carry further annotations; anything else as it is."""
    if not annotations or "template" not in desired.document.get("spec", {}):
        return desired
    document: dict[str, Any] = {**desired.document, "spec": {**desired.document["spec"]}}
    template = {**document["spec"]["template"]}
    metadata = {**template.get("metadata", {})}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
    document["spec"]["template"] = {**template, "metadata": metadata}
    return Desired(desired.reference, document, desired.file)
