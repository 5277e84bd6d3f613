"""The two sides of a comparison: what stands in `out/`, and what stood there at another revision, both read back.

The files of the revision come from git, some sites at a time, and are proved by the digests in its plan.json. A site
whose files are those of today is not read twice. federation.yaml of that revision says who had to talk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from planner.channels import Channel
from planner.checks.unusable_baseline import unusable
from planner.diagnostics import Diagnostic
from planner.lock import Lock, dump
from planner.lookup import Endpoint, Listener
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from planner.plan_document import lock_of
from planner.plan_json import SHARED, path_in_out, sha256
from planner.reachability import Difference, Endpoints, Layer, ReadSite, Side, Table, compare
from renderers import git
from renderers.files import MAX_BYTES
from renderers.proving import by_target, listening, tables_and_doors
from renderers.reading import Exposed, Reading, Unreadable
from renderers.target import Files

_AT_ONCE: Final = 400
"""Sites whose files at the revision are in memory at one time."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The difference to a revision, the two sides for the words of single ways, and what to know of the revision."""

    ref: str
    commit: str
    before: Side
    after: Side
    difference: Difference
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnknownRevision:
    """Git knows no such revision: a mistake in the option."""

    message: str


@dataclass(slots=True)
class SideReader:
    """One side while its sites go by."""

    plan: Plan
    endpoints: Endpoints = field(default_factory=Endpoints)
    sites: dict[str, ReadSite] = field(default_factory=dict)

    def read_back(self, planned: PlannedSite, files: Files) -> Sequence[Reading | Unreadable]:
        """Read a site as its target does, and remember its routes and doors."""
        found = by_target(planned, files)
        self.sites[planned.key] = self._site(planned, [each for each in found if isinstance(each, Reading)])
        return found

    def side(self) -> Side:
        """The side; a site that was not read has no routes and no doors."""
        plan = self.plan
        sites = {planned.key: self.sites.get(planned.key) or self._site(planned, ()) for planned in plan.sites}
        routers = {
            channel: frozenset(planned.key for planned in plan.sites if plan.is_router(planned, channel))
            for channel in plan.channels
        }
        return Side(
            topologies={Layer.TRAINING: plan.topology, Layer.SERVING: plan.served},
            sites=sites,
            routers=routers,
            reached_as={channel: dict(self._reached_as(channel)) for channel in plan.channels},
            endpoints=self.endpoints,
        )

    def _reached_as(self, channel: Channel) -> Iterator[tuple[tuple[str, str], tuple[Endpoint, ...]]]:
        """The endpoints of single directions, as far as their targets listen where they should."""
        for (source, target), special in self.plan.network(channel).reached_as.items():
            read, wanted = self.sites.get(target), self.plan.by_key[target].listeners[channel]
            heard = None if read is None else read.listeners.get(channel)
            if heard is not None and set(heard.outside) >= set(wanted.outside):
                yield (source, target), special

    def _site(self, planned: PlannedSite, readings: Sequence[Reading]) -> ReadSite:
        tables: dict[Channel, Table] = {}
        listeners: dict[Channel, Listener] = {}
        namespace = readings[0].namespace if readings else ""
        for channel, (table, exposed) in tables_and_doors(planned, readings).items():
            if channel in planned.channels:
                tables[channel] = Table.of(table, self.endpoints)
            if exposed and channel in planned.listeners:
                listeners[channel] = _listener(planned, channel, exposed, namespace)
        has_tls = any(reading.tls for reading in readings)
        return ReadSite(planned.site, planned.channels, tables, listeners, has_tls)


def _listener(planned: PlannedSite, channel: Channel, exposed: Sequence[Exposed], namespace: str) -> Listener:
    """Where a site listens. Charts name their Services themselves, manifests say the namespace of each."""
    outside = dict.fromkeys(endpoint for each in exposed for endpoint in listening(planned, channel, each))
    inside = planned.listeners[channel].inside
    if any(each.namespace for each in exposed):
        named = ((each.service, each.namespace or namespace, each.container_port) for each in exposed)
        inside = tuple(dict.fromkeys(Endpoint(f"{service}.{where}", port) for service, where, port in named))
    return Listener(planned.key, planned.cluster.name, tuple(outside), inside)


@dataclass(frozen=True, slots=True)
class Revision:
    """`out/` at a revision, with the plan of the federation.yaml there."""

    baseline: git.Baseline
    plan: Plan
    note: str


def revision(file: Path, out: Path, ref: str) -> Revision | Diagnostic | UnknownRevision:
    """Find what to compare with, or say in one finding why there is nothing."""
    baseline = git.read_baseline(out, ref)
    if isinstance(baseline, git.NoBaseline):
        if baseline.reason is git.Reason.UNKNOWN_REF:
            return UnknownRevision(baseline.message)
        return unusable(baseline.message, baseline.hint)
    source = git.read_file(file, baseline, MAX_BYTES)
    if isinstance(source, git.NoBaseline):
        return unusable(source.message, source.hint)
    lock = _lock(baseline)
    if lock is None:
        return unusable(f"plan.json at {ref} says less of its sites than this fedplan reads", _PLAN_THERE)
    checked = check(source, dump(lock))
    if checked.plan is None:
        errors = [each for each in checked.diagnostics if each.is_error]
        first = f"{errors[0].message} ({errors[0].fault.code})"
        many = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        return unusable(f"{file.name} at {ref} does not pass the checks of this fedplan: {first}{many}", _PLAN_THERE)
    note = ""
    if baseline.plan.get("source") != sha256(source):
        note = f"out/ at {ref} was planned with another {file.name} than the one there, which says who had to talk"
    return Revision(baseline, checked.plan, note)


_PLAN_THERE: Final = "compare with a later revision, or plan that one again with this fedplan"


def _lock(baseline: git.Baseline) -> Lock | None:
    """The lock that was planned with; None where plan.json has not the keys for it."""
    try:
        return lock_of(baseline.plan)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def difference(found: Revision, reader: SideReader, digests: Mapping[str, Mapping[str, str]]) -> Compared | Diagnostic:
    """Compare with a revision; `reader` has read what stands in `out/`, and `digests` are those of its files."""
    before = SideReader(found.plan, reader.endpoints)
    problem = _read_all(found, before, reader, digests)
    if problem is not None:
        return problem
    sides = before.side(), reader.side()
    return Compared(found.baseline.ref, found.baseline.commit, *sides, compare(*sides), found.note)


def _read_all(
    found: Revision, before: SideReader, now: SideReader, digests: Mapping[str, Mapping[str, str]]
) -> Diagnostic | None:
    """Read every site of the revision, or say which file of it cannot be trusted."""
    listed, names = found.baseline.files, git.list_files(found.baseline)
    if isinstance(names, git.NoBaseline):
        return unusable(names.message, names.hint)
    planned_sites = iter(found.plan.sites)
    while some := list(islice(planned_sites, _AT_ONCE)):
        folders = {planned.key: SHARED if planned.release.is_scripted else planned.key for planned in some}
        paths = {path_in_out(site, name) for site in folders.values() for name in listed.get(site, {})}
        data = git.read_files(found.baseline, sorted(paths), names)
        if isinstance(data, git.NoBaseline):
            return unusable(data.message, data.hint)
        for planned in some:
            site = folders[planned.key]
            for name, digest in listed.get(site, {}).items():
                path = path_in_out(site, name)
                if path not in data or sha256(data[path]) != digest:
                    what = "is missing" if path not in data else "is not the one that plan.json lists"
                    return unusable(f"out/{path} at {found.baseline.ref} {what}", _PLAN_THERE)
            if listed.get(site) == digests.get(site) and _is_alike(planned, now.plan.by_key.get(planned.key)):
                known = now.sites.get(planned.key)
                if known is not None:
                    before.sites[planned.key] = known
                    continue
            texts = {name: data[path_in_out(site, name)].decode("utf-8", "replace") for name in listed.get(site, {})}
            before.read_back(planned, texts)
    return None


def _is_alike(planned: PlannedSite, now: PlannedSite | None) -> bool:
    """Whether the same files of a site are read the same way on both sides."""
    return now is not None and _reads_by(planned) == _reads_by(now)


def _reads_by(planned: PlannedSite) -> tuple[object, ...]:
    """All that counts, beside its files, for how a site is read."""
    site = planned.site
    where = site.target, planned.release.name, site.cluster, planned.cluster.address
    return (*where, planned.id, planned.channels, dict(planned.listeners), planned.serving is None)
