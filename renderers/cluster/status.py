"""What runs of a site: which plan, applied by whom, how its workloads are, what differs from it, and its web pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from planner.checks.drifted import drifted, vanished
from planner.checks.not_applied import not_applied
from planner.diagnostics import Diagnostic
from planner.wording import option, spoken
from renderers.cluster import record as records
from renderers.cluster.api import Api, RefusedError
from renderers.cluster.clock import Deadline
from renderers.cluster.drift import FieldChange, differences, keep_marks, secret_differences
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.labels import belongs_to, of_runners
from renderers.cluster.places import Places
from renderers.cluster.record import Record, moment
from renderers.cluster.references import WORKLOADS, Document, Reference
from renderers.cluster.rollout import MISSING, Phase, WorkloadState
from renderers.cluster.side_by_side import side_by_side
from renderers.cluster.waiting import look

_AT_ONCE: Final = 8
"""Objects that are looked at side by side: each takes two round trips."""
_SHORT: Final = 12
"""Characters of a digest that people compare."""


@dataclass(frozen=True, slots=True)
class Drift:
    """An object that is not as it was applied: gone, or different in these fields."""

    reference: Reference
    changes: tuple[FieldChange, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether the object is not there any more."""
        return not self.changes

    @property
    def what(self) -> str:
        """`Service fate-9999/rollsite`, as findings name it."""
        return f"{self.reference.kind} {self.reference.namespace}/{self.reference.name}"


@dataclass(frozen=True, slots=True)
class Page:
    """A web page of the site, and the address that its host name must lead to."""

    component: str
    host: str
    url: str
    address: str

    @property
    def hosts_line(self) -> str:
        """The line for /etc/hosts; empty where the address is a name, which no such file may hold."""
        try:
            ip_address(self.address)
        except ValueError:
            return ""
        return f"{self.address} {self.host}"


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """A site as it is in its cluster.

    `record` is the latest apply, None where there was none. `drift` is what differs from it, None where that is not
    known: nothing says what was applied. `strays` are workloads with the site's label that it does not have.
    """

    folder: SiteFolder
    server: str
    record: Record | None
    states: tuple[WorkloadState, ...]
    drift: tuple[Drift, ...] | None
    strays: tuple[str, ...]
    pages: tuple[Page, ...]
    remarks: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_current(self) -> bool:
        """Whether the plan at hand is the one that was applied last."""
        return self.record is not None and self.record.digest == self.folder.digest

    @property
    def is_ready(self) -> bool:
        """Whether all workloads run as they were written."""
        return bool(self.states) and all(state.is_ready for state in self.states)

    @property
    def is_good(self) -> bool:
        """Whether this plan was applied, came up, runs, and nobody has changed it."""
        has_come_up = self.record is not None and self.record.state == "applied"
        return has_come_up and self.is_current and self.is_ready and not self.drift


def observe(api: Api, folder: SiteFolder, record: Record | None, deadline: Deadline, places: Places) -> SiteStatus:
    """Look at everything of a site; nothing is written. Raises ApiError when the cluster cannot be asked."""
    applied, remarks = _applied(api, folder, record, deadline)
    states = look(api, applied or folder, deadline)
    is_there = any(not _is_missing(state) for state in states)
    drift: tuple[Drift, ...] | None = ()
    diagnostics: list[Diagnostic] = []
    is_gone = record is not None and record.state == "removed"
    if record is None or is_gone:
        diagnostics.append(not_applied(places.of_site(), folder.key, folder.cluster, _absence(record, is_there)))
        states = states if is_there else ()
    if applied is None or is_gone:
        drift = None
    elif record is not None or is_there:
        drift, more = _drift(api, applied, deadline)
        remarks = (*remarks, *more)
        diagnostics += _findings(folder, drift, places)
    return SiteStatus(
        folder,
        api.server,
        record,
        states,
        drift,
        tuple(_strays(api, folder, applied or folder, deadline)),
        tuple(Page(each.component, each.host, each.url, folder.address) for each in folder.interfaces),
        remarks,
        tuple(diagnostics),
    )


def _absence(record: Record | None, is_there: bool) -> str:  # noqa: FBT001 - one fact of two
    """Why nothing of a site is known to run, as a clause."""
    if record is not None:
        return f"it was removed by {record.by} on {moment(record.at)}"
    return "no apply of it is recorded, though its objects are there" if is_there else "it was never applied"


def _is_missing(state: WorkloadState) -> bool:
    return state.trouble is not None and state.trouble.sort == MISSING


def _applied(
    api: Api, folder: SiteFolder, record: Record | None, deadline: Deadline
) -> tuple[SiteFolder | None, tuple[str, ...]]:
    """The folder that was applied last: the one at hand, or the one that the record keeps; None where that is lost.

    What a chart's release has been made of is known from Helm, whatever plan that was: those objects are at hand.
    """
    if record is None or record.digest == folder.digest or folder.installations:
        return folder, ()
    found = records.folder_of(api, folder, record, deadline)
    return (None, (f"drift is not known: {found}",)) if isinstance(found, str) else (found, ())


def _strays(api: Api, folder: SiteFolder, applied: SiteFolder, deadline: Deadline) -> Iterator[str]:
    """Workloads that carry the site's label, or are of one of its releases, and are in no plan of it."""
    known = {each.reference.key for each in (*folder.objects, *applied.objects)}
    for kind in WORKLOADS:
        for namespace in dict.fromkeys(folder.namespaces.values()):
            for found in api.list("apps/v1", kind, namespace, deadline, labels=of_runners(folder)):
                name = found["metadata"]["name"]
                is_ours = not folder.installations or belongs_to(folder, found)
                if is_ours and ("apps", kind, namespace, name) not in known:
                    yield f"{kind} {namespace}/{name}"


# Drift


def _drift(api: Api, applied: SiteFolder, deadline: Deadline) -> tuple[tuple[Drift, ...], tuple[str, ...]]:
    """What differs, object by object, and what could not be compared as well as it might."""
    remarks: dict[str, None] = {}

    def compare(desired: Desired) -> Drift | None:
        live = _live(api, desired, deadline, remarks)
        if live is False:
            return None
        if live is None:
            return Drift(desired.reference)
        changes = _changes(api, desired, live, deadline, remarks)
        return Drift(desired.reference, changes) if changes else None

    found = side_by_side(compare, (*applied.objects, *applied.secrets), _AT_ONCE)
    return tuple(each for each in found if each is not None), tuple(remarks)


def _live(api: Api, desired: Desired, deadline: Deadline, remarks: dict[str, None]) -> Any:
    """The live object, None when it is gone, False when the operator may not look at such objects."""
    try:
        return api.get(desired.reference, deadline)
    except RefusedError as refusal:
        if not refusal.is_forbidden:
            raise
        remarks[f"drift of {desired.reference.resource} is not known: no right to get them"] = None
        return False


def _changes(
    api: Api, desired: Desired, live: Document, deadline: Deadline, remarks: dict[str, None]
) -> tuple[FieldChange, ...]:
    if desired.reference.kind == "Secret":
        return secret_differences(live, desired.document)
    written = keep_marks(desired.document, live)
    try:
        outcome = api.apply(written, desired.reference, deadline, dry_run=True, force=True)
    except RefusedError as refusal:
        if refusal.is_forbidden:
            remarks["drift is known only of what the plan names: no right to try (patch)"] = None
        elif refusal.is_conflict and not refusal.causes:
            raise
        return differences(live, written)
    return differences(live, written, outcome)


def _findings(folder: SiteFolder, drift: Iterable[Drift], places: Places) -> Iterator[Diagnostic]:
    for each in drift:
        place = places.of_secret(each.reference.name) if each.reference.kind == "Secret" else None
        place = place or places.of_object(each.reference)
        if each.is_gone:
            yield vanished(place, each.what, folder.key)
        for change in each.changes:
            yield drifted(
                place, each.what, change.path, change.live, change.desired, folder.key, change.manager, change.when
            )


# Telling


def lines(status: SiteStatus) -> tuple[str, ...]:
    """The status for people; its diagnostics are told elsewhere."""
    return tuple(_lines(status))


def _lines(status: SiteStatus) -> Iterator[str]:
    folder = status.folder
    yield f"{folder.label} on cluster {folder.cluster} ({status.server})"
    yield from _applied_lines(status)
    if status.states:
        yield "  workloads:"
        width = max(len(state.name) for state in status.states)
        for state in status.states:
            yield f"    {state.name:<{width}}  {state.ready}/{state.wanted}  {_condition(state)}"
    if status.strays:
        yield f"  not in the plan: {', '.join(status.strays)}"
    if status.drift is not None and status.record is not None:
        yield f"  drift: {_drift_words(status.drift)}"
    for remark in status.remarks:
        yield f"  {remark}"
    if status.pages:
        yield from _page_lines(status.pages)


def _applied_lines(status: SiteStatus) -> Iterator[str]:
    record, folder = status.record, status.folder
    if record is None:
        yield "  applied: nothing"
        return
    if record.state == "removed":
        yield f"  removed: by {spoken(record.by)} on {moment(record.at)}"
        return
    ends = {"applying": ", which did not end", "failed": ", which failed"}.get(record.state, "")
    again = f" (revision {record.of} again)" if record.of is not None else ""
    yield f"  applied: revision {record.revision}{again}, plan {record.digest[:_SHORT]}, release {record.release}"
    yield f"           by {spoken(record.by)} on {moment(record.at)}{ends}"
    if not status.is_current:
        yield f"  planned: plan {folder.digest[:_SHORT]}: apply it with `invoke apply {option(folder.key)}`"


def _condition(state: WorkloadState) -> str:
    heard = spoken(state.reason or state.last_event)
    restarts = "" if not state.restarts else f" ({state.restarts} restart{'s' if state.restarts > 1 else ''})"
    if state.phase is Phase.READY:
        return f"ready{restarts}"
    return f"{state.phase}{restarts}" + (f": {heard}" if heard else "")


def _drift_words(drift: Sequence[Drift]) -> str:
    if not drift:
        return "none"
    gone = sum(each.is_gone for each in drift)
    fields = sum(len(each.changes) for each in drift)
    parts = [
        f"{fields} field{'s' if fields > 1 else ''} of {len(drift) - gone} object{'s' if len(drift) - gone > 1 else ''}"
        if fields
        else "",
        f"{gone} object{'s' if gone > 1 else ''} gone" if gone else "",
    ]
    return ", ".join(part for part in parts if part)


def _page_lines(pages: Sequence[Page]) -> Iterator[str]:
    yield "  pages:"
    width = max(len(page.component) for page in pages)
    for page in pages:
        yield f"    {page.component:<{width}}  {page.url}"
    written = dict.fromkeys(page.hosts_line for page in pages)
    named = [line for line in written if line]
    if named:
        yield "  for /etc/hosts of whoever opens them, where no DNS has these names:"
        yield from (f"    {line}" for line in named)
    others = dict.fromkeys(f"    {page.host} must lead to {page.address}" for page in pages if not page.hosts_line)
    yield from others


def to_json(status: SiteStatus) -> dict[str, Any]:
    """The status for programs."""
    record, folder = status.record, status.folder
    return {
        "site": folder.key,
        "cluster": folder.cluster,
        "server": status.server,
        "namespaces": dict(folder.namespaces),
        "planned": {"digest": folder.digest, "isApplied": status.is_current},
        "applied": None if record is None else record_data(record),
        "isReady": status.is_ready,
        "workloads": [_state_data(state) for state in status.states],
        "strays": list(status.strays),
        "drift": None if status.drift is None else [_drift_data(each) for each in status.drift],
        "remarks": list(status.remarks),
        "pages": [
            {
                "component": page.component,
                "host": page.host,
                "url": page.url,
                "address": page.address,
                "hostsLine": page.hosts_line or None,
            }
            for page in status.pages
        ],
    }


def record_data(record: Record) -> dict[str, Any]:
    """A revision for programs."""
    return {
        "revision": record.revision,
        "of": record.of,
        "digest": record.digest,
        "state": record.state,
        "by": record.by,
        "at": record.at,
        "release": record.release,
    }


def _state_data(state: WorkloadState) -> dict[str, Any]:
    return {
        "kind": state.kind,
        "namespace": state.reference.namespace,
        "name": state.name,
        "phase": str(state.phase),
        "ready": state.ready,
        "wanted": state.wanted,
        "updated": state.updated,
        "restarts": state.restarts,
        "reason": state.reason or None,
        "pod": state.pod or None,
        "lastEvent": state.last_event or None,
    }


def _drift_data(drift: Drift) -> dict[str, Any]:
    return {
        "kind": drift.reference.kind,
        "namespace": drift.reference.namespace,
        "name": drift.reference.name,
        "isGone": drift.is_gone,
        "fields": [
            {
                "path": change.path,
                "live": change.live,
                "applied": change.desired,
                "setBy": change.manager or None,
                "when": change.when or None,
            }
            for change in drift.changes
        ],
    }
