"""Take a site down: what fedplan has put into the cluster, and the data only where the operator says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from planner.checks.data_kept import data_kept
from planner.checks.object_refused import refused_midway
from planner.diagnostics import Diagnostic
from renderers.cluster import record, rights, under_lease
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.claims_end import await_end_of_claims
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.labels import selector
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, called, claims, listed, ours, secrets, site_objects, written_kinds
from renderers.cluster.references import Document, reference

_POLL: Final = 1.0


def to_remove(api: Api, folder: SiteFolder, deadline: Deadline, *, delete_data: bool) -> tuple[Change, ...]:
    """The objects of a site that would go, in the order in which they do."""
    documents: list[Document] = [
        document for document in site_objects(api, folder, written_kinds(api, deadline), deadline) if ours(document)
    ]
    if delete_data:
        documents += [*claims(api, folder, deadline), *secrets(api, folder, deadline)]
    return tuple(
        Change(Action.DELETE, reference(document), uid=document["metadata"].get("uid", "")) for document in documents
    )


def remove(
    api: Api, folder: SiteFolder, places: Places, options: Options, operator: Operator, display: Display
) -> SiteOutcome:
    """Take a site down and wait until its pods are gone. Raises ApiError when the cluster goes away."""
    deadline = Deadline(options.timeout, api.clock)
    found = tuple(rights.missing_rights(api, folder, "remove", deadline, places, delete_data=options.delete_data))
    if any(diagnostic.is_error for diagnostic in found):
        return SiteOutcome(folder, SiteState.REFUSED, found)
    if _is_gone(api, folder, deadline, delete_data=options.delete_data):
        return SiteOutcome(folder, SiteState.UNCHANGED, found)

    def take_down() -> SiteOutcome:
        return _removed(api, folder, places, options, display, deadline)

    outcome = under_lease.removed(api, folder, places, options, operator, take_down)
    return replace(outcome, diagnostics=(*found, *outcome.diagnostics))


def _is_gone(api: Api, folder: SiteFolder, deadline: Deadline, *, delete_data: bool) -> bool:
    """Whether nothing of a site is there that could be removed."""
    if to_remove(api, folder, deadline, delete_data=delete_data):
        return False
    last = record.latest(api, folder, deadline)
    return last is None or (last.state == "removed" and not delete_data)


def _removed(
    api: Api, folder: SiteFolder, places: Places, options: Options, display: Display, deadline: Deadline
) -> SiteOutcome:
    changes = to_remove(api, folder, deadline, delete_data=options.delete_data)
    display.step(f"deleting {len(changes)} objects")
    for change in changes:
        display.item(f"{called(change.reference)} is removed")
        try:
            api.delete(change.reference, deadline, uid=change.uid)
        except RefusedError as refusal:
            problem = refused_midway(places.of_site(), called(change.reference), refusal.message, folder.key)
            return SiteOutcome(folder, SiteState.FAILED, (problem,), changes)
    while pods := _pods(api, folder, deadline):
        display.step(f"waiting for the end of its pods, {len(pods)} left")
        if not deadline.wait(_POLL):
            problem = refused_midway(places.of_site(), f"Pod {pods[0]}", "it does not end", folder.key)
            return SiteOutcome(folder, SiteState.FAILED, (problem,), changes)
    unended = await_end_of_claims(api, folder, places, display, deadline) if options.delete_data else None
    if unended is not None:
        return SiteOutcome(folder, SiteState.FAILED, (unended,), changes)
    return SiteOutcome(folder, SiteState.REMOVED, _kept(api, folder, places, options, deadline), changes)


def _pods(api: Api, folder: SiteFolder, deadline: Deadline) -> Sequence[str]:
    labels = selector(folder)
    spaces = dict.fromkeys(folder.namespaces.values())
    return [
        pod["metadata"]["name"] for space in spaces for pod in api.list("v1", "Pod", space, deadline, labels=labels)
    ]


def _kept(api: Api, folder: SiteFolder, places: Places, options: Options, deadline: Deadline) -> tuple[Diagnostic, ...]:
    """What stays because nobody asked for its end."""
    if options.delete_data:
        return ()
    kept = [*claims(api, folder, deadline), *secrets(api, folder, deadline)]
    if not kept:
        return ()
    return (data_kept(places.of_site(), folder.key, listed(map(reference, kept)), folder.cluster),)
