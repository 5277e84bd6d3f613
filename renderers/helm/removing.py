"""Take a site's releases out: what Helm has written goes, and data only where the operator says so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from planner.checks.data_kept import data_kept
from planner.checks.helm_failed import helm_failed
from planner.checks.object_refused import refused_midway
from planner.diagnostics import Diagnostic
from planner.site_json import Installation
from renderers.cluster import record, under_lease
from renderers.cluster.api import Api
from renderers.cluster.claims_end import delete_claims
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import Releases, releases_of
from renderers.cluster.installed import pods_of
from renderers.cluster.kept_claims import keep_claims
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change, called, claims, fetched, listed
from renderers.cluster.references import WORKLOADS, reference
from renderers.cluster.selection import Chosen
from renderers.helm import program, releasing
from renderers.helm.differences import desired_of
from renderers.helm.program import Helm, HelmError
from renderers.helm.rendering import objects_of

_POLL: Final = 1.0
_CLAIM: Final = "PersistentVolumeClaim"


def to_remove(api: Api, folder: SiteFolder, options: Options, deadline: Deadline) -> tuple[Change, ...]:
    """The objects of the releases that would go, as far as they are there; claims only with the data."""
    wanted = folder.chosen(options.only)
    return _gone(api, folder, wanted, releases_of(api, wanted, deadline), options, deadline)


def _gone(
    api: Api,
    folder: SiteFolder,
    wanted: Sequence[Installation],
    found: Releases,
    options: Options,
    deadline: Deadline,
) -> tuple[Change, ...]:
    changes: list[Change] = []
    for each in wanted:
        release = found.deployed(each) or found.latest(each)
        objects = objects_of(release.manifest) if release is not None else ()
        known, others = desired_of(each, () if isinstance(objects, str) else objects)
        known = tuple(one for one in known if one.reference.kind != _CLAIM)
        live = fetched(api, known, deadline)
        there = [one.reference for one in known if one.reference.key in live]
        changes += [Change(Action.DELETE, one) for one in there]
        changes += [Change(Action.DELETE, reference(one)) for one in others]
    if options.delete_data:
        changes += [Change(Action.DELETE, reference(each)) for each in claims(api, folder, deadline)]
    return tuple(changes)


def remove(api: Api, chosen: Chosen, options: Options, operator: Operator, display: Display) -> SiteOutcome:
    """Take a site down and wait until its pods are gone. Raises ApiError when the cluster goes away."""
    folder, places = chosen.folder, chosen.places
    deadline = Deadline(options.timeout, api.clock)
    wanted = folder.chosen(options.only)
    found = releases_of(api, wanted, deadline)
    if _is_gone(api, folder, wanted, found, options, deadline):
        return SiteOutcome(folder, SiteState.UNCHANGED)
    helm = program.find(os.environ, places.of_site())
    if isinstance(helm, Diagnostic):
        return SiteOutcome(folder, SiteState.REFUSED, (helm,))

    def take_down() -> SiteOutcome:
        return _removed(api, chosen, helm, found, options, display, deadline)

    return under_lease.removed(api, folder, places, options, operator, take_down)


def _is_gone(
    api: Api,
    folder: SiteFolder,
    wanted: Sequence[Installation],
    found: Releases,
    options: Options,
    deadline: Deadline,
) -> bool:
    """Whether nothing of a site is there that could be removed."""
    if any(found.latest(each) is not None for each in wanted):
        return False
    if options.delete_data and claims(api, folder, deadline):
        return False
    last = record.latest(api, folder, deadline)
    return last is None or (last.state == "removed" and not options.delete_data)


def _removed(
    api: Api,
    chosen: Chosen,
    helm: Helm,
    found: Releases,
    options: Options,
    display: Display,
    deadline: Deadline,
) -> SiteOutcome:
    folder, places = chosen.folder, chosen.places
    wanted = folder.chosen(options.only)
    changes = _gone(api, folder, wanted, found, options, deadline)
    for each in reversed(wanted):
        latest = found.latest(each)
        if latest is None:
            continue
        display.step(f"{helm.label}: release {each.name} is taken out")
        keep_claims(api, latest, deadline)
        try:
            releasing.uninstall(helm, each, chosen.context, deadline)
        except HelmError as error:
            problem = helm_failed(places.of_site(), f"uninstall {each.name}", str(error))
            return SiteOutcome(folder, SiteState.FAILED, (problem,), changes)
    problem_of_pods = _await_end(api, folder, places, changes, display, deadline)
    if problem_of_pods is not None:
        return SiteOutcome(folder, SiteState.FAILED, (problem_of_pods,), changes)
    if options.delete_data:
        unended = delete_claims(api, folder, places, display, deadline)
        if unended is not None:
            return SiteOutcome(folder, SiteState.FAILED, (unended,), changes)
    elif kept := claims(api, folder, deadline):
        names = listed(map(reference, kept))
        told = data_kept(places.of_site(), folder.key, names, folder.cluster)
        return SiteOutcome(folder, SiteState.REMOVED, (told,), changes)
    return SiteOutcome(folder, SiteState.REMOVED, (), changes)


def _await_end(
    api: Api,
    folder: SiteFolder,
    places: Places,
    changes: Sequence[Change],
    display: Display,
    deadline: Deadline,
) -> Diagnostic | None:
    """Wait until no workload and none of its pods is there any more; the finding where that does not come."""
    workloads = [each.reference for each in changes if each.reference.kind in WORKLOADS]
    while True:
        left = [each for each in workloads if api.get(each, deadline) is not None]
        pods = pods_of(api, folder, deadline)
        if not left and not pods:
            return None
        display.step(f"waiting for the end of its pods, {len(pods)} left")
        if not deadline.wait(_POLL):
            what = called(left[0]) if left else f"Pod {pods[0]}"
            return refused_midway(places.of_site(), what, "it does not end", folder.key)
