"""Secrets that federation.yaml gives a site, made before anything else: logins for registries, certificates.

Neither KubeFATE's service nor a chart makes them. They are the operator's own material: one that is there already and
was not made by apply is left as it is, and none is deleted. Values are looked up when they are needed and never told.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.checks.object_refused import object_refused
from planner.checks.secret_unresolved import secret_unresolved
from planner.diagnostics import Diagnostic
from planner.kubernetes_target import MANAGER_LABEL
from planner.prerequisites import Prerequisite
from planner.site_json import GivenSecret
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.drift import FieldChange
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import OURSELVES, labels_of, own_labels
from renderers.cluster.masking import long_enough, masked
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, called
from renderers.cluster.references import Document, Reference
from renderers.cluster.secret_lookup import SecretReader, live_value, looked_up


@dataclass(frozen=True, slots=True)
class Given:
    """The Secrets to write, what that changes, what is missing, and sentences about those that are left alone."""

    documents: tuple[tuple[Reference, Document], ...] = field(default=(), repr=False)
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    values: tuple[str, ...] = field(default=(), repr=False)


def look(api: Api, folder: SiteFolder, environ: Mapping[str, str], deadline: Deadline, places: Places) -> Given:
    """Find the value of every key, and what the cluster has; nothing is written."""
    documents: list[tuple[Reference, Document]] = []
    changes: list[Change] = []
    diagnostics: list[Diagnostic] = []
    notes: list[str] = []
    values: dict[str, None] = {}
    for each in folder.given:
        reference = Reference("v1", "Secret", each.namespace, each.name)
        live = _live(api, reference, deadline)
        if live is not None and not is_own(live):
            notes.append(f"Secret {each.namespace}/{each.name} is there and is left as it is")
            continue
        found = {key: looked_up(text, environ, _reader(api, deadline)) for key, text in each.data.items()}
        if live is not None and any(value.problem for value in found.values()):
            notes.append(f"Secret {each.namespace}/{each.name} keeps what it has: not all of its values are known here")
            continue
        lacking = [(each.data[key], value.problem) for key, value in found.items() if value.problem]
        diagnostics += [secret_unresolved(places.of_secret(each.name), text, why) for text, why in lacking]
        if lacking:
            continue
        data = {key: value.value for key, value in found.items()}
        values.update(dict.fromkeys(_told(data.values())))
        document = _document(folder, each, data)
        after = _tried(api, reference, document, deadline)
        if isinstance(after, RefusedError):
            place = places.of_secret(each.name)
            diagnostics.append(object_refused(place, called(reference), after.message, folder.key))
            continue
        change = _change(reference, live, after or document)
        if change is not None:
            documents.append((reference, document))
            changes.append(change)
    found_values = long_enough(values)
    return Given(tuple(documents), tuple(changes), masked(diagnostics, found_values), tuple(notes), found_values)


def write(api: Api, reference: Reference, document: Document, deadline: Deadline) -> None:
    """Make or change one Secret. Raises RefusedError where the cluster says no."""
    api.apply(document, reference, deadline, dry_run=False, force=True)


def write_all(api: Api, given: Given, deadline: Deadline, places: Places) -> Diagnostic | None:
    """Make or change the Secrets; the finding about the one that the cluster refuses."""
    for reference, document in given.documents:
        try:
            write(api, reference, document, deadline)
        except RefusedError as refusal:
            place = places.of_secret(reference.name)
            found = object_refused(place, called(reference), refusal.message, places.folder.key)
            return masked((found,), given.values)[0]
    return None


def is_given(folder: SiteFolder, wanted: Prerequisite) -> bool:
    """Whether something that must be there is a Secret that apply makes, with all that is looked for in it."""
    return wanted.kind == "Secret" and any(
        (each.namespace, each.name) == (wanted.namespace, wanted.name) and set(wanted.keys) <= each.data.keys()
        for each in folder.given
    )


def is_own(live: Document) -> bool:
    """Whether apply has made a Secret: any other is the operator's."""
    return labels_of(live).get(MANAGER_LABEL) == OURSELVES


def with_given(folder: SiteFolder, environ: Mapping[str, str], read: SecretReader) -> SecretReader:
    """Reads Secrets as they will be when those that federation.yaml gives are written: what takes a value from one
    is prepared before it is made.
    """
    given = {(each.namespace, each.name): each for each in folder.given}

    def get(reference: Reference) -> tuple[Document | None, str]:
        document, refusal = read(reference)
        coming = given.get((reference.namespace, reference.name))
        if coming is None or (document is not None and not is_own(document)):
            return document, refusal
        found = {key: looked_up(text, environ, read) for key, text in coming.data.items()}
        if any(value.problem for value in found.values()):
            return document, refusal
        return _document(folder, coming, {key: value.value for key, value in found.items()}), ""

    return get


def _live(api: Api, reference: Reference, deadline: Deadline) -> Document | None:
    """The Secret as it is. Where nobody may look, it counts as missing: writing it will tell."""
    try:
        return api.get(reference, deadline)
    except RefusedError as refusal:
        if not refusal.is_forbidden:
            raise
        return None


def _reader(api: Api, deadline: Deadline) -> Any:
    def read(reference: Reference) -> tuple[Document | None, str]:
        try:
            return api.get(reference, deadline), ""
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            return None, refusal.message

    return read


def _tried(api: Api, reference: Reference, document: Document, deadline: Deadline) -> Document | RefusedError | None:
    """What a Secret would be, or why the cluster takes none like it; None where that cannot be tried.

    It cannot in a namespace that is still to be made, nor by somebody who only looks and may write nothing.
    """
    try:
        return api.apply(document, reference, deadline, dry_run=True, force=True)
    except RefusedError as refusal:
        return None if refusal.is_not_found or refusal.is_forbidden else refusal


def _change(reference: Reference, live: Document | None, after: Document) -> Change | None:
    """What becomes of a Secret; None where nothing does. No value is told."""
    if live is None:
        return Change(Action.CREATE, reference)
    was, will = live.get("data") or {}, after.get("data") or {}
    same = {key for key in was.keys() & will.keys() if live_value(live, key) == live_value(after, key)}
    keys = sorted((was.keys() | will.keys()) - same)
    return Change(Action.UPDATE, reference, tuple(FieldChange(f"data.{key}", "", "") for key in keys)) if keys else None


def _document(folder: SiteFolder, given: GivenSecret, data: Mapping[str, bytes]) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": given.name, "namespace": given.namespace, "labels": own_labels(folder)},
        "type": given.type,
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def _told(values: Sequence[bytes] | Any) -> Iterator[str]:
    """The values as they might be repeated by somebody: plain, and as Kubernetes writes them."""
    for value in values:
        yield value.decode(errors="replace")
        yield base64.b64encode(value).decode()
