"""The read-back proof: what is written is read again by other code, and the routes found there must hold.

Sites are taken one at a time, routers first, so that memory holds one site's files and the routers' tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from planner.checks import (
    forbidden_route,
    forwarding_loop,
    lost_setting,
    missing_route,
    not_exposed,
    one_way_route,
    readback_mismatch,
    uncovered_party,
    unmet_expectation,
    wrong_endpoint,
)
from planner.diagnostics import FEDERATION, Diagnostic, KeyPath, Note, Place
from planner.lookup import Endpoint, Reason, RouteTable, Trace
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.proof import Broken, Extra, Forbidden, Prover, Unmet
from renderers import charts, kubernetes
from renderers.reading import Reading, Unreadable
from renderers.target import TARGETS, Files

_ABOUT_ROUTES: Final = frozenset(
    module.FAULT.code for module in (forwarding_loop, missing_route, one_way_route, uncovered_party, wrong_endpoint)
)
_MOST_NOTES: Final = 3
_WRITE_AGAIN: Final = "run `invoke plan` to write the file again"
FilesOf = Callable[[PlannedSite], Files]


@dataclass(frozen=True, slots=True)
class Proved:
    """The outcome of a proof: how many ordered pairs must talk, and what is wrong."""

    pairs: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Findings:
    """What is found while sites go by.

    `edited` holds, for sites whose table is not the planned one, the finding that says so; it is told only where
    nothing more exact was found about the site.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: list[tuple[PlannedSite, Trace]] = field(default_factory=list)
    extra: list[tuple[str, str]] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)
    blamed: set[tuple[str | None, int]] = field(default_factory=set)
    undelivered: list[tuple[PlannedSite, Trace]] = field(default_factory=list)
    edited: dict[str, Diagnostic] = field(default_factory=dict)

    def place(self, planned: PlannedSite) -> Place:
        """Where a wrong route of a site can be mended: in its file if that was edited, or else in federation.yaml."""
        edited = self.edited.get(planned.key)
        return _federation_place(planned) if edited is None else edited.place


def prove(plan: Plan, files_of: FilesOf) -> Proved:
    """Read every site's files back and follow every message that must arrive.

    `files_of` gives the files of a site: rendered just now, or read from `out/`.
    """
    findings = _Findings()
    routers: dict[str, RouteTable] = {}
    for planned in plan.sites:
        if plan.is_router(planned):
            reading = _read(plan, planned, files_of, findings)
            if reading is not None:
                routers[planned.key] = _without_self(planned, reading.table)
    prover = Prover(plan.topology, plan.network, routers)
    for planned in plan.sites:
        if planned.site.kind == "party":
            if planned.key in routers:
                table = routers[planned.key]
            else:
                reading = _read(plan, planned, files_of, findings)
                if reading is None:
                    continue
                table = _without_self(planned, reading.table)
            _judge(plan, planned, table, prover, findings)
        else:
            _judge_exchange(plan, planned, routers.get(planned.key), prover, findings)
    findings.diagnostics.extend(_undelivered(findings))
    findings.diagnostics.extend(_broken_pairs(findings))
    findings.diagnostics.extend(_one_way(plan, findings))
    findings.diagnostics.extend(_edited(findings))
    return Proved(plan.topology.count_pairs(), tuple(_merged(findings.diagnostics)))


def trace(plan: Plan, source: int, destination: int, files_of: FilesOf) -> Trace:
    """The way of one message, hop by hop, by the tables in the files."""
    quiet = _Findings()
    routers = {}
    for planned in plan.sites:
        if plan.is_router(planned):
            reading = _read(plan, planned, files_of, quiet)
            if reading is not None:
                routers[planned.key] = _without_self(planned, reading.table)
    planned = plan.by_key[party_key(source)]
    reading = _read(plan, planned, files_of, quiet)
    table = RouteTable(source, {}) if reading is None else _without_self(planned, reading.table)
    return Prover(plan.topology, plan.network, routers).trace(planned.site, table, destination)


def _without_self(planned: PlannedSite, table: RouteTable) -> RouteTable:
    """The table without a default route to the site itself, which no router follows."""
    own = {*planned.listener.outside, *planned.listener.inside}
    return RouteTable(table.own, table.entries, tuple(endpoint for endpoint in table.default if endpoint not in own))


def _read(plan: Plan, planned: PlannedSite, files_of: FilesOf, findings: _Findings) -> Reading | None:
    """One site read back, with findings for all that does not come out as planned."""
    files = files_of(planned)
    reading = TARGETS[planned.site.target].read_back(files)
    if isinstance(reading, Unreadable):
        place = Place(document=f"{planned.key}/{reading.file}")
        findings.diagnostics.append(readback_mismatch.mismatch(planned.site.label, place, reading.message))
        findings.deaf.add(planned.key)
        return None
    found = list(_differences(planned, reading, files))
    if not planned.site.overrides:
        table, wanted = _without_self(planned, reading.table), plan.table(planned)
        if (dict(table.entries), table.default) != (dict(wanted.entries), wanted.default):
            place = _place(planned, reading.file, files, _table_path(planned, reading))
            detail = "its route table is not the planned one"
            findings.edited[planned.key] = readback_mismatch.mismatch(planned.site.label, place, detail)
    if not reading.module or any(diagnostic.fault is not_exposed.FAULT for diagnostic in found):
        findings.deaf.add(planned.key)
    findings.diagnostics.extend(found)
    return reading


def _differences(planned: PlannedSite, reading: Reading, files: Files) -> Iterator[Diagnostic]:
    site = planned.site
    heard = _listening(planned, reading)
    for path in reading.dropped:
        if _is_overridden(site.overrides, path):
            continue
        place = _place(planned, reading.file, files, path)
        yield lost_setting.lost(site.label, place, f"{_dotted(path)} has no effect: no template of the chart reads it")
    for remark in reading.remarks:
        if heard != planned.listener.outside and remark.path[-1] == "nodePort":
            continue
        yield lost_setting.lost(site.label, _place(planned, reading.file, files, remark.path), remark.message)
    if planned.site.target != "kubernetes":
        explained = {remark.path for remark in reading.remarks}
        for key, found, wanted in (
            ("name", reading.name, site.name),
            ("namespace", reading.namespace, site.namespace),
            ("partyId", reading.party, planned.id),
        ):
            if found != wanted and (key,) not in explained:
                place = _place(planned, reading.file, files, (key,))
                yield readback_mismatch.mismatch(site.label, place, f"its {key} is {found} instead of {wanted}")
    if reading.version != planned.release.name and not _is_overridden(site.overrides, ("chartVersion",)):
        detail = f"it installs release {reading.version}"
        yield readback_mismatch.mismatch(site.label, _place(planned, reading.file, files, ("chartVersion",)), detail)
    if reading.tls != (site.tls and planned.release.has_tls):
        detail = f"TLS is {'on' if reading.tls else 'off'}"
        path = ("rollsite", "enableTLS")
        yield readback_mismatch.mismatch(site.label, _place(planned, reading.file, files, path), detail)
    if heard != planned.listener.outside and reading.module:
        wanted = ", ".join(map(str, planned.listener.outside)) or "inside the cluster only"
        got = ", ".join(map(str, heard)) or f"nothing outside the cluster (Service type {reading.service_type})"
        file, path = reading.file, (reading.module, "type")
        if site.target == "kubernetes":
            file, path = kubernetes.SERVICE_FILE, ("spec", "type")
        place = _place(planned, file, files, path)
        yield not_exposed.not_exposed(site.label, place, f"peers dial {wanted}, and it exposes {got}")


def _table_path(planned: PlannedSite, reading: Reading) -> KeyPath:
    """The key that holds a site's route table in its file."""
    if planned.site.target == "kubernetes":
        return ("data", "route_table.json")
    return ("osx" if reading.module == "osx" else "rollsite", "partyList")


def _edited(findings: _Findings) -> Iterator[Diagnostic]:
    """The tables that are not as planned and of which nothing else was said."""
    documents = {diagnostic.place.document for diagnostic in findings.diagnostics}
    yield from (found for found in findings.edited.values() if found.place.document not in documents)


def _merged(diagnostics: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings; those about routes of one site told once, as a wrong default route breaks all pairs it serves."""
    groups: dict[tuple[str, Place], list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if diagnostic.fault.code in _ABOUT_ROUTES:
            groups.setdefault((diagnostic.fault.code, diagnostic.place), []).append(diagnostic)
    for diagnostic in diagnostics:
        if diagnostic.fault.code not in _ABOUT_ROUTES:
            yield diagnostic
            continue
        group = groups.pop((diagnostic.fault.code, diagnostic.place), None)
        if group is not None:
            notes = [Note(other.message) for other in group[1 : 1 + _MOST_NOTES]]
            if len(group) > 1 + _MOST_NOTES:
                notes.append(Note(f"and so it is with {len(group) - 1 - _MOST_NOTES} more routes"))
            hint = diagnostic.hint if diagnostic.place.document == FEDERATION else _WRITE_AGAIN
            yield replace(diagnostic, hint=hint, notes=(*diagnostic.notes, *notes))


def _is_overridden(overrides: object, path: KeyPath) -> bool:
    """Whether a key comes from the user's overrides, of which the checks have said what is lost."""
    for step in path:
        if not isinstance(overrides, Mapping) or step not in overrides:
            return not isinstance(overrides, Mapping)
        overrides = overrides[step]
    return True


def _listening(planned: PlannedSite, reading: Reading) -> tuple[Endpoint, ...]:
    """Where the site really listens for peers on other clusters."""
    if reading.service_type == "NodePort" and reading.node_port is not None:
        return (Endpoint(planned.cluster.address, reading.node_port),)
    if reading.service_type == "LoadBalancer" and reading.load_balancer is not None:
        return (Endpoint(reading.load_balancer, planned.release.ports.federation),)
    return ()


def _judge(plan: Plan, planned: PlannedSite, table: RouteTable, prover: Prover, findings: _Findings) -> None:
    for verdict in prover.verdicts(planned.site, table):
        if isinstance(verdict, Broken):
            findings.broken.append((planned, verdict.trace))
        elif isinstance(verdict, Forbidden):
            first, second = planned.site.label, f"party {verdict.trace.destination}"
            place = findings.place(planned)
            findings.diagnostics.append(forbidden_route.forbidden(first, second, place, way(verdict.trace)))
        elif isinstance(verdict, Unmet):
            pair = (planned.site.id or 0, verdict.trace.destination)
            if verdict.trace.reason is not None and plan.topology.must_talk(*pair):
                continue  # the pair is broken, which is said of the site that breaks it
            place = Place(verdict.expectation.path)
            findings.diagnostics.append(
                unmet_expectation.unmet(
                    planned.site.label,
                    f"party {verdict.trace.destination}",
                    place,
                    way(verdict.trace),
                )
            )
        elif isinstance(verdict, Extra):
            findings.extra.append((verdict.source, party_key(verdict.destination)))


def _judge_exchange(
    plan: Plan, planned: PlannedSite, table: RouteTable | None, prover: Prover, findings: _Findings
) -> None:
    """An exchange must deliver to every party that goes through it; said once here, not once per sender."""
    if table is None:
        return
    for party in plan.topology.hops(planned.site).entries:
        if party_key(party) in findings.deaf:
            continue
        found = prover.trace(planned.site, table, party)
        if found.reason is not None:
            findings.blamed.add((planned.key, party))
            findings.undelivered.append((planned, found))


def _undelivered(findings: _Findings) -> Iterator[Diagnostic]:
    """Findings for exchanges that do not deliver, unless a message fails at a later one whose table was changed."""
    changed = {planned.key for planned, _ in findings.undelivered if planned.site.overrides} | findings.edited.keys()
    for planned, found in findings.undelivered:
        passed = {hop.target for hop in found.hops} - {planned.key}
        if passed & findings.deaf:
            continue
        later = any((key, found.destination) in findings.blamed and key in changed for key in passed)
        if later and planned.key not in changed:
            continue
        label, other, place = planned.site.label, f"party {found.destination}", findings.place(planned)
        if found.reason is Reason.NO_ROUTE:
            detail = way(found) if found.hops else "its table has no row for that party"
            yield uncovered_party.uncovered(label, other, place, detail)
        elif found.reason is Reason.LOOP:
            yield forwarding_loop.loops(label, other, place, way(found))
        else:
            yield wrong_endpoint.wrong(label, other, place, way(found))


def _broken_pairs(findings: _Findings) -> Iterator[Diagnostic]:
    """Findings for pairs that cannot talk, unless a site on the way has been blamed already."""
    broken = {(planned.key, party_key(trace.destination)) for planned, trace in findings.broken}
    for planned, found in findings.broken:
        target = party_key(found.destination)
        passed = {hop.target for hop in found.hops} | {planned.key, target}
        if passed & findings.deaf or any((key, found.destination) in findings.blamed for key in passed):
            continue
        label, other, place = planned.site.label, f"party {found.destination}", findings.place(planned)
        detail = way(found)
        if found.reason is Reason.LOOP:
            yield forwarding_loop.loops(label, other, place, detail)
        elif found.reason is not Reason.NO_ROUTE:
            yield wrong_endpoint.wrong(label, other, place, detail)
        elif (target, planned.key) in broken:
            yield missing_route.missing(label, other, place, detail)
        else:
            yield one_way_route.one_way(other, label, place, detail)


def _one_way(plan: Plan, findings: _Findings) -> Iterator[Diagnostic]:
    """Routes beyond the plan that nobody answers: partyLists must be symmetric."""
    if not findings.extra:
        return
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph(findings.extra)
    for source, target in findings.extra:
        planned = plan.by_key[source]
        if target not in plan.by_key:
            detail = "no party of the federation has that id"
            place = findings.place(planned)
            yield wrong_endpoint.wrong(planned.site.label, target.replace("-", " ", 1), place, detail)
        elif not graph.has_edge(target, source):
            detail = "the rendered tables list only one direction"
            other = plan.by_key[target].site.label
            yield one_way_route.one_way(planned.site.label, other, findings.place(planned), detail)


def way(trace: Trace) -> str:
    """A trace in words: `party 9999 -> exchange hub (192.168.1.1:30000) -> party 10000 (…)`, and where it ends."""
    parts = [trace.origin.replace("-", " ", 1)]
    for hop in trace.hops:
        label = "nobody" if hop.target is None else hop.target.replace("-", " ", 1)
        where = "when it polls" if hop.endpoint.port < 0 else str(hop.endpoint)
        parts.append(f"{label} ({where})")
    text = " -> ".join(parts)
    return text if trace.reason is None else f"{text}: {trace.reason}"


def _federation_place(planned: PlannedSite) -> Place:
    """Where a user can mend a site's routes: its overrides, or else the site itself."""
    path: KeyPath = planned.site.path
    if planned.site.overrides:
        return Place((*path, "overrides"), on_key=True)
    return Place(path)


def _place(planned: PlannedSite, file: str, files: Files, path: KeyPath) -> Place:
    """A key of a rendered file, or the overrides in federation.yaml that it comes from."""
    if planned.site.overrides:
        return Place((*planned.site.path, "overrides"), on_key=True)
    return Place(document=f"{planned.key}/{file}", span=charts.locate(files[file], path))


def _dotted(path: KeyPath) -> str:
    return ".".join(str(step) for step in path)
