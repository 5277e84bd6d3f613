"""What a chart's release really runs: looked at in the cluster, whatever Helm or KubeFATE's service says of it.

The service calls an update done that did nothing, and Helm one that restarts no pod (service-api.md sections 5 and 6.2,
helm-direct.md section 7). So the releases' own records are read, their workloads waited for, pods that have not read
their configuration started again, and the live Services and route tables compared with the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from planner.checks.broken_live_table import broken_live_table
from planner.checks.door_closed import door_closed
from planner.checks.earlier_revision import earlier_revision
from planner.checks.not_confirmed import not_confirmed
from planner.checks.other_chart_runs import other_chart_runs
from planner.checks.release_failed import release_failed
from planner.checks.release_missing import release_missing
from planner.checks.release_stuck import release_stuck
from planner.checks.stale_pods import stale_pods
from planner.checks.wrong_live_route import wrong_live_route
from planner.diagnostics import Diagnostic
from planner.site_json import Installation, OpenDoor
from planner.wording import spoken
from renderers.cluster import live_tables
from renderers.cluster import stale_pods as pods
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.chart_objects import AsInstalled, as_folder, config_data
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.helm_releases import FAILED, NO_RELEASES, HelmRelease, Releases, releases, releases_of
from renderers.cluster.labels import of_site
from renderers.cluster.places import Places
from renderers.cluster.pod_files import hot_tables
from renderers.cluster.record import Record, moment
from renderers.cluster.references import WORKLOADS, Document, Reference, reference
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.stale_pods import Stale
from renderers.cluster.status import SiteStatus
from renderers.cluster.status import observe as observe_objects
from renderers.cluster.tables import confirm as confirm_tables
from renderers.cluster.tables import forget_pulsar_peers
from renderers.cluster.visible import visible
from renderers.cluster.waiting import Outcome, wait

__all__ = [
    "NO_RELEASES", "AsInstalled", "Confirmed", "HelmRelease", "Releases", "as_folder", "compare_plan", "confirm",
    "judge_releases", "observe", "pods_of", "releases", "releases_of", "what_runs",
]  # fmt: skip

_LOOK_SECONDS: Final = 60.0
_IN_VAIN: Final = 60.0
"""Seconds for which workloads are waited for where the release itself says that it has failed."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What runs after a change, with what is wrong with it.

    `restarted` are the workloads that were started again since their pods had not read what they run with; `notes`
    say what was not looked at, `releases` is what Helm has now.
    """

    states: tuple[WorkloadState, ...]
    diagnostics: tuple[Diagnostic, ...]
    restarted: tuple[Reference, ...]
    notes: tuple[str, ...]
    releases: Releases

    @property
    def is_good(self) -> bool:
        """Whether the change is in effect, as far as anybody can see."""
        return not any(each.is_error for each in self.diagnostics)


def confirm(
    api: Api,
    folder: SiteFolder,
    installations: Sequence[Installation],
    before: Releases,
    deadline: Deadline,
    display: Display,
    places: Places,
) -> Confirmed:
    """Find out whether a change took effect, and see to it: wait, restart stale pods, wait again, compare the tables.

    `before` is what `releases` gave before the change (NO_RELEASES for a first install), `installations` are those
    that were changed. Raises ApiError when the cluster cannot be asked.
    """
    chosen = _narrowed(folder, installations)
    display.step("looking at what Helm has installed")
    now = releases(api, chosen, _look(api))
    found = list(judge_releases(chosen, now, before, places))
    has_failed = any(each.is_error for each in found)
    running, notes = what_runs(api, chosen, now)
    patience = Deadline(min(_IN_VAIN, deadline.left), api.clock) if has_failed else deadline
    outcome = wait(api, running, patience, display, places)
    stale, unknown = _stale(api, running, now)
    restarted: tuple[Reference, ...] = ()
    if stale and not has_failed:
        restarted, refused = _restarted(api, stale, display, places)
        found += refused
        if restarted:
            outcome = _waited_again(api, running, deadline, display, places, outcome)
            stale, unknown = _stale(api, running, now, {each.key for each in restarted})
            found += _told(api, stale, places)
    elif stale:
        found += _told(api, stale, places)
    found += outcome.diagnostics
    found += compare_plan(api, chosen, places)
    if not has_failed and not any(each.is_error for each in outcome.diagnostics):
        found += _seen_tables(api, running, chosen, before, deadline, display, places)
    found += (not_confirmed(places.of_site(), folder.key, each) for each in unknown)
    return Confirmed(outcome.states, tuple(dict.fromkeys(found)), restarted, notes, now)


def pods_of(api: Api, folder: SiteFolder, deadline: Deadline) -> list[str]:
    """The names of a site's pods that are there; the charts give them the site's labels."""
    spaces = dict.fromkeys(each.namespace for each in folder.installations)
    found = (pod for space in spaces for pod in api.list("v1", "Pod", space, deadline, labels=of_site(folder)))
    return [pod["metadata"]["name"] for pod in found]


def observe(api: Api, folder: SiteFolder, record: Record | None, deadline: Deadline, places: Places) -> SiteStatus:
    """The status of a site of charts: that of its releases' objects, with what `confirm` would tell of them.

    Raises ApiError when the cluster cannot be asked.
    """
    now = releases(api, folder, deadline)
    running, notes = what_runs(api, folder, now)
    status = observe_objects(api, running, record, deadline, places)
    was_applied = record is not None and record.state != "removed"
    if not was_applied and not running.objects and not any(now.of(each) for each in folder.installations):
        return status
    stale, unknown = _stale(api, running, now)
    found = (
        *judge_releases(folder, now, None, places),
        *_told(api, stale, places),
        *(compare_plan(api, folder, places) if running.objects else ()),
        *(not_confirmed(places.of_site(), folder.key, each) for each in unknown),
    )
    diagnostics = tuple(dict.fromkeys((*status.diagnostics, *found)))
    return replace(status, diagnostics=diagnostics, remarks=(*status.remarks, *notes))


# ---------------------------------------------------------------------------------------------------------------------
# The releases


def judge_releases(folder: SiteFolder, now: Releases, before: Releases | None, places: Places) -> Iterator[Diagnostic]:
    """What Helm's own records say against a site; without `before` no change was made that could be missed."""
    for each in folder.installations:
        unseen = now.why_unseen(each)
        latest = now.latest(each)
        if unseen:
            yield not_confirmed(places.of_site(), folder.key, unseen)
        elif latest is None:
            yield release_missing(places.of_site(), each.namespace, each.name)
        else:
            yield from _judged(folder, each, latest, before, places)


def _judged(
    folder: SiteFolder, wanted: Installation, latest: HelmRelease, before: Releases | None, places: Places
) -> Iterator[Diagnostic]:
    place = places.of_site()
    if latest.problem:
        reason = f"revision {latest.revision} of {latest.what} cannot be read: {latest.problem}"
        yield not_confirmed(place, folder.key, reason)
        return
    if latest.is_pending:
        begun = moment(latest.recorded) if latest.recorded else ""
        yield release_stuck(place, wanted.namespace, wanted.name, latest.status, latest.revision, begun)
    elif latest.status == FAILED:
        yield release_failed(place, wanted.name, latest.revision, latest.description, folder.key)
    elif not latest.is_deployed:
        yield release_missing(place, wanted.namespace, wanted.name)
        return
    earlier = None if before is None else before.latest(wanted)
    back = latest.rolled_back_to
    if before is not None and back is not None and (earlier is None or latest.revision > earlier.revision):
        yield earlier_revision(place, wanted.name, back, latest.revision)
    runs, planned = (latest.chart, latest.chart_version), (wanted.chart, wanted.version)
    if runs != planned and latest.chart:
        yield other_chart_runs(place, wanted.namespace, wanted.name, " ".join(runs), " ".join(planned))


def _narrowed(folder: SiteFolder, installations: Sequence[Installation]) -> SiteFolder:
    """The folder with these installations alone, and what is dialled by them and at them."""
    spaces = {each.namespace for each in installations}
    return replace(
        folder,
        installations=tuple(installations),
        dials=tuple(each for each in folder.dials if live_tables.namespace_of(folder, each.channel) in spaces),
        doors=tuple(each for each in folder.doors if each.namespace in spaces),
    )


def what_runs(api: Api, folder: SiteFolder, now: Releases) -> tuple[SiteFolder, tuple[str, ...]]:
    """What runs of a site, with what was not looked at; the workloads with its labels, where Helm cannot be asked."""
    found = as_folder(folder, now)
    objects = list(found.folder.objects)
    for each in folder.installations:
        if now.why_unseen(each):
            objects += _by_label(api, folder, each)
    notes = (f"not looked at: {', '.join(found.skipped)}",) if found.skipped else ()
    return replace(found.folder, objects=tuple(objects)), notes


def _by_label(api: Api, folder: SiteFolder, installation: Installation) -> Iterator[Desired]:
    labels = of_site(replace(folder, installations=(installation,)))
    for kind in WORKLOADS:
        for document in visible(api, "apps/v1", kind, installation.namespace, _look(api), labels=labels):
            yield Desired(reference(document), document, installation.file)


def _look(api: Api) -> Deadline:
    """The time for a look, however much of the operation's own is left."""
    return Deadline(_LOOK_SECONDS, api.clock)


# ---------------------------------------------------------------------------------------------------------------------
# Stale pods


def _stale(
    api: Api, running: SiteFolder, now: Releases, only: Collection[tuple[str, str, str, str]] | None = None
) -> tuple[tuple[Stale, ...], tuple[str, ...]]:
    """The stale workloads (among those by their keys), and what is not known of others."""
    revisions = [release for each in running.installations for release in now.of(each)]
    found = pods.find(api, running, revisions, _look(api))
    stale = tuple(each for each in found.stale if only is None or each.workload.key in only)
    return stale, found.notes


def _restarted(
    api: Api, stale: Sequence[Stale], display: Display, places: Places
) -> tuple[tuple[Reference, ...], list[Diagnostic]]:
    """Restart stale workloads; those that were, and findings for those that could not be."""
    done: list[Reference] = []
    refused: list[Diagnostic] = []
    for each in stale:
        display.step(f"restarting {each.what}: {each.reasons[0]}")
        try:
            pods.restart(api, each, _look(api))
        except RefusedError as refusal:
            refused += _told(api, (each,), places, refusal.message)
        else:
            done.append(each.workload)
    return tuple(done), refused


def _told(api: Api, stale: Sequence[Stale], places: Places, refusal: str = "") -> Iterator[Diagnostic]:
    for each in stale:
        command = pods.restart_command(api, each.workload)
        yield stale_pods(places.of_object(each.workload), str(each.workload), each.reasons, command, refusal)


def _waited_again(
    api: Api, running: SiteFolder, deadline: Deadline, display: Display, places: Places, outcome: Outcome
) -> Outcome:
    """Wait for what was restarted; the first outcome counts when no time is left for another."""
    return outcome if deadline.is_over else wait(api, running, deadline, display, places)


# ---------------------------------------------------------------------------------------------------------------------
# What is planned


def compare_plan(api: Api, folder: SiteFolder, places: Places) -> Iterator[Diagnostic]:
    """What the live Services and route tables have that is not as planned."""
    deadline = _look(api)
    yield from _closed_doors(api, folder, deadline, places)
    found = live_tables.compare(api, folder, deadline)
    for wrong in found.wrong:
        place = places.of_object(wrong.table)
        yield wrong_live_route(place, wrong.table.name, wrong.entry, wrong.live, wrong.planned)
    for unread in found.unread:
        if unread.is_broken:
            yield broken_live_table(places.of_site(), unread.what, unread.reason)
        else:
            yield not_confirmed(places.of_site(), folder.key, f"{unread.what}: {unread.reason}")


def _closed_doors(api: Api, folder: SiteFolder, deadline: Deadline, places: Places) -> Iterator[Diagnostic]:
    for door in dict.fromkeys(folder.doors):
        service = Reference("v1", "Service", door.namespace, door.service)
        try:
            live = api.get(service, deadline)
        except RefusedError as refusal:
            if not refusal.is_forbidden:
                raise
            yield not_confirmed(places.of_site(), folder.key, refusal.message)
            return
        wanted, found = _lacking(door, live)
        if wanted:
            yield door_closed(places.of_object(service), door.namespace, door.service, wanted, found)


def _lacking(door: OpenDoor, live: Document | None) -> tuple[str, str]:
    """The port that a Service lacks, and what is found instead; empty where it has it."""
    is_node_port = door.type == "NodePort"
    wanted = f"NodePort {door.port}" if is_node_port else f"port {door.port}"
    if live is None:
        return wanted, "there is no such Service"
    spec = live.get("spec", {})
    kind = spec.get("type", "ClusterIP")
    if kind != door.type:
        return wanted, f"it is of type {spoken(str(kind))}"
    ports = [each.get("nodePort" if is_node_port else "port") for each in spec.get("ports") or ()]
    if door.port in ports:
        return "", ""
    return wanted, f"it has {', '.join(str(each) for each in ports if each) or 'none'}"


def _seen_tables(
    api: Api,
    running: SiteFolder,
    chosen: SiteFolder,
    before: Releases,
    deadline: Deadline,
    display: Display,
    places: Places,
) -> Iterator[Diagnostic]:
    """Wait until those who read a changed table again while they run have it, and let Pulsar forget who has moved."""
    old = {key: data for each in chosen.installations for key, data in config_data(before.latest(each)).items()}
    with_tables = replace(running, hot_tables=hot_tables(running))
    texts = {each.reference.key: each.document.get("data") or {} for each in running.objects}
    changed = {
        (table.namespace, table.config_map)
        for table in with_tables.hot_tables
        if (known := old.get((table.namespace, table.config_map))) is not None
        and known.get(table.key) != texts["", "ConfigMap", table.namespace, table.config_map][table.key]
    }
    if not changed:
        return
    yield from confirm_tables(api, with_tables, changed, deadline, display, places)
    live = {("", "ConfigMap", *key): {"data": dict(data)} for key, data in old.items() if key in changed}
    yield from forget_pulsar_peers(api, with_tables, live, deadline, places)
