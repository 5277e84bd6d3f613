"""The read-back proof: what is written is read again by other code, and the routes found there must hold.

Sites are taken one at a time, routers first, so that memory holds one site's files and the routers' tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from planner.channels import CONTROL, OWN, WORDS, Channel
from planner.checks import (
    forbidden_route,
    foreign_serving,
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
from planner.diagnostics import FEDERATION, Diagnostic, KeyPath, Note, Place, Span
from planner.lookup import Endpoint, Reason, RouteTable, Trace
from planner.model import party_key
from planner.plan import Plan, PlannedSite
from planner.proof import Broken, Extra, Forbidden, Prover, Unmet
from renderers import charts, guarding, kubecfg
from renderers.kubefate import CLUSTER_FILE, SERVING_FILE
from renderers.reading import Exposed, Reading, Unreadable
from renderers.script import KUBE_CFG_FILE
from renderers.target import Files, document_of, target_of

_ABOUT_ROUTES: Final = frozenset(
    module.FAULT.code for module in (forwarding_loop, missing_route, one_way_route, uncovered_party, wrong_endpoint)
)
_OF_SERVING: Final = (Channel.SERVING, Channel.TRANSFER)
"""The channels whose tables a party has in its serving.yaml."""
_MOST_NOTES: Final = 3
_NOBODY: Final = "0."
"""How the addresses begin that no host has (0.0.0.0/8, RFC 1122)."""
_WRITE_AGAIN: Final = "run `invoke plan` to write the file again"
FilesOf = Callable[[PlannedSite], Files]
ReadBack = Callable[[PlannedSite, Files], Sequence[Reading | Unreadable]]
_Key = tuple[str, Channel]
"""A site on one channel."""


@dataclass(frozen=True, slots=True)
class Proved:
    """The outcome of a proof: how many ordered pairs must talk, how many must serve together, and what is wrong."""

    pairs: int
    diagnostics: tuple[Diagnostic, ...]
    serving_pairs: int = 0


@dataclass(frozen=True, slots=True)
class _Side:
    """One site on one channel, from all its files: its table, and the file and key that it stands in."""

    table: RouteTable
    file: str
    path: KeyPath
    exposed: tuple[tuple[str, Exposed], ...]


def by_target(planned: PlannedSite, files: Files) -> Sequence[Reading | Unreadable]:
    """What a site's target makes of its files."""
    return target_of(planned).read_back(planned, files)


@dataclass(slots=True)
class _Findings:
    """What is found while sites go by, whose files `read_back` reads.

    `edited` holds, for tables that are not the planned ones, the finding that says so; it is told only where nothing
    more exact was found about the site.
    """

    read_back: ReadBack = by_target
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: list[tuple[PlannedSite, Channel, Trace]] = field(default_factory=list)
    extra: list[tuple[Channel, str, str]] = field(default_factory=list)
    deaf: set[_Key] = field(default_factory=set)
    blamed: set[tuple[str | None, Channel, int]] = field(default_factory=set)
    undelivered: list[tuple[PlannedSite, Channel, Trace]] = field(default_factory=list)
    edited: dict[_Key, Diagnostic] = field(default_factory=dict)
    diallers: guarding.Diallers = field(default_factory=guarding.Diallers)

    def place(self, planned: PlannedSite, channel: Channel) -> Place:
        """Where a wrong route of a site can be mended: in its file if that was edited, or else in federation.yaml."""
        edited = self.edited.get((planned.key, channel))
        return _federation_place(planned, channel) if edited is None else edited.place


def prove(plan: Plan, files_of: FilesOf, read_back: ReadBack = by_target) -> Proved:
    """Read every site's files back and follow, on every channel, each message that must arrive.

    `files_of` gives the files of a site: rendered just now, or read from `out/`. `read_back` reads them.
    """
    findings = _Findings(read_back)
    routers: dict[Channel, dict[str, RouteTable]] = {channel: {} for channel in plan.channels}
    sides_of: dict[str, Mapping[Channel, _Side]] = {}
    for planned in plan.sites:
        if any(plan.is_router(planned, channel) for channel in planned.channels):
            sides = sides_of[planned.key] = _read(plan, planned, files_of, findings)
            for channel in planned.channels:
                if channel in sides and plan.is_router(planned, channel):
                    routers[channel][planned.key] = sides[channel].table
    provers = {
        channel: Prover(plan.topology_of(channel), plan.network(channel), tables) for channel, tables in routers.items()
    }
    for planned in plan.sites:
        known = sides_of.get(planned.key)
        sides = _read(plan, planned, files_of, findings) if known is None else known
        for channel in planned.channels:
            if channel not in sides:
                continue
            if planned.site.kind == "party":
                _judge(plan, planned, channel, sides[channel].table, provers[channel], findings)
            else:
                _judge_exchange(plan, planned, channel, sides[channel].table, provers[channel], findings)
        if planned.site.kind == "party":
            _judge_nginx(plan, planned, sides, findings)
            _judge_own(plan, planned, sides, files_of, findings)
    findings.diagnostics.extend(_undelivered(findings))
    findings.diagnostics.extend(_broken_pairs(findings))
    findings.diagnostics.extend(_one_way(plan, findings))
    findings.diagnostics.extend(_edited(findings))
    pairs, serving = plan.topology.count_pairs(), plan.served.count_pairs()
    return Proved(pairs, tuple(_merged(findings.diagnostics)), serving)


def tables(plan: Plan, planned: PlannedSite, files_of: FilesOf) -> Mapping[Channel, RouteTable]:
    """The route tables of one site, by channel, as they stand in its files."""
    return {channel: side.table for channel, side in _read(plan, planned, files_of, _Findings()).items()}


def trace(plan: Plan, source: int, destination: int, files_of: FilesOf) -> Sequence[tuple[Channel, Trace]]:
    """The way of one message on every channel that its sender has, hop by hop, by the tables in the files."""
    quiet = _Findings()
    planned = plan.by_key[party_key(source)]
    routers: dict[Channel, dict[str, RouteTable]] = {channel: {} for channel in planned.channels}
    for other in plan.sites:
        passing = [channel for channel in planned.channels if plan.is_router(other, channel)]
        sides = _read(plan, other, files_of, quiet) if passing else {}
        for channel in passing:
            if channel in sides:
                routers[channel][other.key] = sides[channel].table
    sides = _read(plan, planned, files_of, quiet)
    found = []
    for channel in planned.channels:
        if channel is Channel.SERVING and plan.by_key[party_key(destination)].serving is None:
            continue
        table = sides[channel].table if channel in sides else RouteTable(source, {})
        prover = Prover(plan.topology_of(channel), plan.network(channel), routers[channel])
        found.append((channel, prover.trace(planned.site, table, destination)))
    return found


def _without_self(planned: PlannedSite, channel: Channel, table: RouteTable) -> RouteTable:
    """The table without the site's own entry, and without a default route to itself or to an address of nobody.

    No router follows the one; the other is what a file says where the chart would fill in an example's address.
    """
    listener = planned.listeners.get(channel)
    own = set[Endpoint]() if listener is None else {*listener.outside, *listener.inside}
    default = tuple(found for found in table.default if found not in own and not found.host.startswith(_NOBODY))
    entries = table.entries
    if planned.id in entries and planned.site.kind == "party":
        entries = {party: endpoint for party, endpoint in entries.items() if party != planned.id}
    return replace(table, entries=entries, default=default)


def _read(plan: Plan, planned: PlannedSite, files_of: FilesOf, findings: _Findings) -> Mapping[Channel, _Side]:
    """One site read back, by channel, with findings for all that does not come out as planned."""
    files = files_of(planned)
    readings: list[Reading] = []
    for reading in findings.read_back(planned, files):
        if isinstance(reading, Unreadable):
            place = Place(document=document_of(planned, reading.file))
            if reading.path and reading.file in files:
                place = _place(planned, reading.file, files, reading.path)
            findings.diagnostics.append(readback_mismatch.mismatch(planned.site.label, place, reading.message))
            findings.deaf |= {(planned.key, channel) for channel in planned.listeners}
        else:
            readings.append(reading)
    if not readings:
        return {}
    sides = _sides(planned, readings)
    told: set[KeyPath] = set()
    for channel in planned.listeners:
        side = sides.get(channel)
        if side is not None and _hears_all(planned, channel, side):
            continue
        findings.deaf.add((planned.key, channel))
        if readings[0].module:
            findings.diagnostics.append(_not_heard(planned, channel, side, files, readings[0]))
            told |= set() if side is None else {each.path[:-1] for _, each in side.exposed}
    for reading in readings:
        findings.diagnostics.extend(_lost(planned, reading, files, told))
        findings.diagnostics.extend(_mismatches(planned, reading, files))
    if _has_manifests(planned):
        findings.diagnostics.extend(_manifests_differ(plan, planned, readings, sides, (files, findings)))
    _compare_tables(plan, planned, sides, files, findings)
    return sides


def _compare_tables(
    plan: Plan, planned: PlannedSite, sides: Mapping[Channel, _Side], files: Files, findings: _Findings
) -> None:
    """Findings for tables that are not the planned ones; nothing is told of them where the routes tell more.

    What `overrides` make of a table is for the proof alone to judge.
    """
    for channel in planned.channels:
        side = sides.get(channel)
        if side is None or _overrides_of(planned, side.file):
            continue
        wanted = plan.table(planned, channel)
        same = (side.table.default, side.table.more) == (wanted.default, wanted.more)
        if wanted.entries or wanted.default:  # a table without rows says no domain
            same = same and side.table.domain == wanted.domain
        if not same or dict(side.table.entries) != dict(wanted.entries):
            place = _place(planned, side.file, files, side.path)
            words = f" for {WORDS[channel]}" if WORDS[channel] else ""
            detail = f"its route table{words} is not the planned one"
            findings.edited[planned.key, channel] = readback_mismatch.mismatch(planned.site.label, place, detail)


def _sides(planned: PlannedSite, readings: Sequence[Reading]) -> Mapping[Channel, _Side]:
    """The channels of a site: the table from the file that has its routes, the ports from all its files."""
    result: dict[Channel, _Side] = {}
    for reading in readings:
        for gate in reading.gates:
            table = _without_self(planned, gate.channel, gate.table) if gate.channel not in OWN else gate.table
            exposed = tuple((each.file or reading.file, each) for each in gate.exposed)
            known, file = result.get(gate.channel), gate.file or reading.file
            if known is None:
                result[gate.channel] = _Side(table, file, gate.path, exposed)
            elif table.entries or table.default:
                result[gate.channel] = _Side(table, file, gate.path, known.exposed + exposed)
            else:
                result[gate.channel] = replace(known, exposed=known.exposed + exposed)
    return result


def tables_and_doors(
    planned: PlannedSite, readings: Sequence[Reading]
) -> Mapping[Channel, tuple[RouteTable, tuple[Exposed, ...]]]:
    """The channels of a site as all its files make them: its table, and the ports of Services that are dialled."""
    return {
        channel: (side.table, tuple(each for _, each in side.exposed))
        for channel, side in _sides(planned, readings).items()
    }


def _lost(planned: PlannedSite, reading: Reading, files: Files, told: Collection[KeyPath]) -> Iterator[Diagnostic]:
    """What one file loses on its way; `told` are Services of which it was said that nobody reaches them."""
    site, overrides = planned.site, _overrides_of(planned, reading.file)
    for path in reading.dropped:
        if not _is_overridden(overrides, path):
            place = _place(planned, reading.file, files, path)
            detail = f"{_dotted(path)} has no effect: no template of the chart reads it"
            yield lost_setting.lost(site.label, place, detail)
    for remark in reading.remarks:
        if _dotted(remark.path) in planned.release.unread:
            continue  # unread_routes said so, once for all sites
        if remark.path[:-1] in told and str(remark.path[-1]).endswith("odePort"):
            continue
        place = _place(planned, remark.file or reading.file, files, remark.path)
        if _has_manifests(planned):
            yield readback_mismatch.mismatch(site.label, place, remark.message)
        else:
            yield lost_setting.lost(site.label, place, remark.message)


def _overrides_of(planned: PlannedSite, file: str) -> Mapping[str, Any]:
    """The overrides that were merged into a file."""
    if file != SERVING_FILE:
        return planned.site.overrides
    return {} if planned.serving is None else planned.serving.settings.overrides


def _mismatches(planned: PlannedSite, reading: Reading, files: Files) -> Iterator[Diagnostic]:
    """What one file deploys otherwise than planned: another identity, another release, TLS on one side only."""
    site = planned.site
    name, namespace = site.name, site.namespace
    modules = planned.modules
    release = planned.release.name if planned.release.is_scripted else planned.chart_version or planned.release.name
    if planned.serving is not None and (reading.file == SERVING_FILE or site.kind == "exchange"):
        release, modules = planned.serving.release.name, planned.serving.modules
        name, namespace = planned.serving.settings.name, planned.serving.settings.namespace
    if _has_manifests(planned):
        return
    wrong: list[tuple[KeyPath, str]] = []
    explained = {remark.path for remark in reading.remarks}
    pairs = (
        ("name", reading.name, name),
        ("namespace", reading.namespace, namespace),
        ("partyId", reading.party, planned.id),
    )
    wrong += [
        ((key,), f"its {key} is {found} instead of {wanted}")
        for key, found, wanted in pairs
        if found != wanted and (key,) not in explained
    ]
    if reading.chart and ("modules",) not in explained:
        wrong += [(("modules",), detail) for detail in _other_modules(reading.modules, modules)]
    if reading.release != release and not _is_overridden(_overrides_of(planned, reading.file), ("chartVersion",)):
        wrong.append((("chartVersion",), f"it installs release {reading.release}"))
    has_tls = site.tls and planned.release.has_tls and Channel.ROLLSITE in planned.channels
    if reading.tls != has_tls and reading.file != SERVING_FILE:
        wrong.append((("rollsite", "enableTLS"), f"TLS is {'on' if reading.tls else 'off'}"))
    for path, detail in wrong:
        yield readback_mismatch.mismatch(site.label, _place(planned, reading.file, files, path), detail)


def _has_manifests(planned: PlannedSite) -> bool:
    """Whether a site's files are manifests of fedplan's own."""
    return planned.site.target == "kubernetes" and not planned.release.is_scripted


def _manifests_differ(
    plan: Plan,
    planned: PlannedSite,
    readings: Sequence[Reading],
    sides: Mapping[Channel, _Side],
    known: tuple[Files, _Findings],
) -> Iterator[Diagnostic]:
    """What manifests deploy, open or close otherwise than planned."""
    files, findings = known
    found = guarding.Found(
        plan,
        planned,
        readings,
        {channel: side.table for channel, side in sides.items()},
        {channel: tuple(each for _, each in side.exposed) for channel, side in sides.items()},
    )
    for each in guarding.differences(found, findings.diallers):
        place = _place(planned, each.file, files, each.path)
        yield readback_mismatch.mismatch(planned.site.label, place, each.detail)


def _other_modules(found: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    """What a file deploys less or more than planned."""
    missing = [module for module in wanted if module not in found]
    besides = [module for module in found if module not in wanted]
    if missing:
        yield f"it deploys no {', no '.join(missing)}"
    if besides:
        yield f"it deploys {', '.join(besides)} as well"


def _hears_all(planned: PlannedSite, channel: Channel, side: _Side) -> bool:
    """Whether a site is dialled outside its cluster exactly where it should be, and inside at least there.

    Charts name their Services themselves; those of manifests may be anything.
    """
    listener = planned.listeners[channel]
    inside = {Endpoint(f"{each.service}.{each.namespace}", each.container_port) for _, each in side.exposed}
    if _has_manifests(planned) and not inside >= set(listener.inside):
        return False
    return _heard(planned, channel, side) == set(listener.outside)


def _heard(planned: PlannedSite, channel: Channel, side: _Side) -> set[Endpoint]:
    """Where a site can really be dialled from other clusters on one channel."""
    return {endpoint for _, each in side.exposed for endpoint in listening(planned, channel, each)}


def _not_heard(planned: PlannedSite, channel: Channel, side: _Side | None, files: Files, main: Reading) -> Diagnostic:
    """The finding that a site does not listen where it is dialled, at the Service that is at fault."""
    exposed = () if side is None else side.exposed
    heard = set() if side is None else _heard(planned, channel, side)
    wanted = planned.listeners[channel].outside
    wrong = [(name, each) for name, each in exposed if not set(listening(planned, channel, each)) & set(wanted)]
    file = main.file
    path: KeyPath = (main.module,)
    got = ", ".join(map(str, sorted(heard))) or "nothing outside the cluster"
    if heard == set(wanted) and _has_manifests(planned):
        text = ", ".join(map(str, planned.listeners[channel].inside))
        detail = f"inside the cluster it is dialled at {text}, where no Service leads to the port that it listens on"
        return not_exposed.not_exposed(planned.site.label, _place(planned, file, files, ()), detail)
    if exposed:
        name, each = (wrong or exposed)[0]
        file, path = name, each.path
        got = got if heard else f"{got} (Service type {each.service_type})"
    text = ", ".join(map(str, wanted)) or "inside the cluster only"
    words = f" for {WORDS[channel]}" if WORDS[channel] else ""
    detail = f"peers dial {text}{words}, and it exposes {got}"
    return not_exposed.not_exposed(planned.site.label, _place(planned, file, files, path), detail)


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


def listening(planned: PlannedSite, channel: Channel, exposed: Exposed) -> tuple[Endpoint, ...]:
    """Where one port of a site can really be dialled from other clusters on a channel.

    Pulsar's second load balancer has the address that the cloud gave it: the chart has no key for one, so the planned
    address is believed.
    """
    if exposed.service_type == "NodePort" and exposed.node_port is not None:
        return (Endpoint(planned.cluster.address, exposed.node_port),)
    if exposed.service_type == "LoadBalancer" and exposed.load_balancer is not None:
        return (Endpoint(exposed.load_balancer, exposed.container_port),)
    if exposed.service_type == "LoadBalancer" and "publicLB" in exposed.path:
        outside = planned.listeners[channel].outside
        return tuple(endpoint for endpoint in outside if endpoint.port == exposed.container_port)
    return ()


def _judge(
    plan: Plan, planned: PlannedSite, channel: Channel, table: RouteTable, prover: Prover, findings: _Findings
) -> None:
    for verdict in prover.verdicts(planned.site, table):
        if isinstance(verdict, Broken):
            findings.broken.append((planned, channel, verdict.trace))
        elif isinstance(verdict, Forbidden):
            first, second = planned.site.label, _named(verdict.trace.destination, channel)
            place = findings.place(planned, channel)
            findings.diagnostics.append(forbidden_route.forbidden(first, second, place, way(verdict.trace)))
        elif isinstance(verdict, Unmet):
            pair = (planned.site.id or 0, verdict.trace.destination)
            if verdict.trace.reason is not None and plan.topology.must_talk(*pair):
                continue  # the pair is broken, which is said of the site that breaks it
            place = Place(verdict.expectation.path)
            found = unmet_expectation.unmet(
                planned.site.label, _named(verdict.trace.destination, channel), place, way(verdict.trace)
            )
            findings.diagnostics.append(found)
        elif isinstance(verdict, Extra):
            findings.extra.append((channel, verdict.source, party_key(verdict.destination)))


def _named(party: int, channel: Channel) -> str:
    """A party's label, with what it is about where that is not the only channel."""
    return f"party {party} ({WORDS[channel]})" if WORDS[channel] else f"party {party}"


def _judge_exchange(
    plan: Plan, planned: PlannedSite, channel: Channel, table: RouteTable, prover: Prover, findings: _Findings
) -> None:
    """An exchange must deliver to every party that goes through it; said once here, not once per sender."""
    for party in plan.topology_of(channel).hops(planned.site).entries:
        if (party_key(party), channel) in findings.deaf:
            continue
        found = prover.trace(planned.site, table, party)
        if found.reason is not None:
            findings.blamed.add((planned.key, channel, party))
            findings.undelivered.append((planned, channel, found))


def _judge_nginx(plan: Plan, planned: PlannedSite, sides: Mapping[Channel, _Side], findings: _Findings) -> None:
    """Both ports of an item must belong to one component, nginx or FATE-Flow (INV-NGX-2)."""
    http, grpc = (sides.get(channel) for channel in CONTROL)
    if http is None or grpc is None:
        return
    for party, endpoint in http.table.entries.items():
        target = plan.by_key.get(party_key(party))
        other = grpc.table.entries.get(party)
        if target is None or other is None or not set(CONTROL) <= target.listeners.keys():
            continue
        ways = [target.listeners[channel].outside for channel in CONTROL]
        if endpoint in ways[0] and other in ways[1] and ways[0].index(endpoint) != ways[1].index(other):
            detail = "its http and grpc ports belong to different components, nginx and FATE-Flow"
            place = findings.place(planned, Channel.NGINX_HTTP)
            label = target.site.label
            findings.diagnostics.append(wrong_endpoint.wrong(planned.site.label, label, place, detail))


def _judge_own(
    plan: Plan, planned: PlannedSite, sides: Mapping[Channel, _Side], files_of: FilesOf, findings: _Findings
) -> None:
    """FATE-Flow must find its own serving-server, and that its own FATE-Flow (INV-SRV-2, INV-SRV-3)."""
    for channel in OWN:
        side = sides.get(channel)
        if channel not in planned.listeners or (planned.key, channel) in findings.deaf:
            continue
        endpoint = None if side is None else side.table.entries.get(planned.id)
        if side is None or endpoint is None:
            if side is not None and channel is Channel.TRANSFER and "servingServer" in _serving_modules(planned):
                place = _place(planned, side.file, files_of(planned), side.path)
                findings.diagnostics.append(
                    foreign_serving.foreign(planned.site.label, place, f"{WORDS[channel]}: it names no address")
                )
            continue
        target = plan.network(channel).who_answers(planned.key, planned.site.cluster, endpoint)
        if target != planned.key:
            who = "nobody" if target is None else target.replace("-", " ", 1)
            place = _place(planned, side.file, files_of(planned), side.path)
            detail = f"{WORDS[channel]}: {endpoint} is where {who} listens"
            findings.diagnostics.append(foreign_serving.foreign(planned.site.label, place, detail))


def _serving_modules(planned: PlannedSite) -> tuple[str, ...]:
    return () if planned.serving is None else planned.serving.modules


def _undelivered(findings: _Findings) -> Iterator[Diagnostic]:
    """Findings for exchanges that do not deliver, unless a message fails at a later one whose table was changed."""
    changed = {planned.key for planned, _, _ in findings.undelivered if planned.site.overrides}
    changed |= {key for key, _ in findings.edited}
    for planned, channel, found in findings.undelivered:
        passed = {hop.target for hop in found.hops} - {planned.key}
        if any((key, channel) in findings.deaf for key in passed if key is not None):
            continue
        later = any((key, channel, found.destination) in findings.blamed and key in changed for key in passed)
        if later and planned.key not in changed:
            continue
        label, other = planned.site.label, _named(found.destination, channel)
        place = findings.place(planned, channel)
        if found.reason is Reason.NO_ROUTE:
            detail = way(found) if found.hops else "its table has no row for that party"
            yield uncovered_party.uncovered(label, other, place, detail)
        elif found.reason is Reason.LOOP:
            yield forwarding_loop.loops(label, other, place, way(found))
        else:
            yield wrong_endpoint.wrong(label, other, place, way(found))


def _broken_pairs(findings: _Findings) -> Iterator[Diagnostic]:
    """Findings for pairs that cannot talk, unless a site on the way has been blamed already."""
    broken = {(planned.key, channel, party_key(trace.destination)) for planned, channel, trace in findings.broken}
    for planned, channel, found in findings.broken:
        target = party_key(found.destination)
        passed = {hop.target for hop in found.hops} | {planned.key, target}
        if any((key, channel) in findings.deaf for key in passed if key is not None):
            continue
        if any((key, channel, found.destination) in findings.blamed for key in passed):
            continue
        label, other = planned.site.label, _named(found.destination, channel)
        place = findings.place(planned, channel)
        detail = way(found)
        if found.reason is Reason.LOOP:
            yield forwarding_loop.loops(label, other, place, detail)
        elif found.reason is not Reason.NO_ROUTE:
            yield wrong_endpoint.wrong(label, other, place, detail)
        elif (target, channel, planned.key) in broken:
            yield missing_route.missing(label, other, place, detail)
        else:
            yield one_way_route.one_way(other, label, place, detail)


def _one_way(plan: Plan, findings: _Findings) -> Iterator[Diagnostic]:
    """Routes beyond the plan that nobody answers: partyLists must be symmetric."""
    if not findings.extra:
        return
    import networkx as nx

    graphs: dict[Channel, nx.DiGraph[str]] = {}
    for channel, source, target in findings.extra:
        graphs.setdefault(channel, nx.DiGraph()).add_edge(source, target)
    for channel, source, target in findings.extra:
        planned = plan.by_key[source]
        place = findings.place(planned, channel)
        number = int(target.removeprefix("party-"))
        if target not in plan.by_key:
            detail = "no party of the federation has that id"
            yield wrong_endpoint.wrong(planned.site.label, _named(number, channel), place, detail)
        elif not graphs[channel].has_edge(target, source):
            detail = "the rendered tables list only one direction"
            yield one_way_route.one_way(planned.site.label, _named(number, channel), place, detail)


def way(trace: Trace) -> str:
    """A trace in words: `party 9999 -> exchange hub (192.168.1.1:30000) -> party 10000 (…)`, and where it ends."""
    parts = [trace.origin.replace("-", " ", 1)]
    for hop in trace.hops:
        label = "nobody" if hop.target is None else hop.target.replace("-", " ", 1)
        where = "when it polls" if hop.endpoint.port < 0 else str(hop.endpoint)
        if hop.endpoint.port == 0:
            where = "an entry without a usable address"
        parts.append(f"{label} ({where})")
    text = " -> ".join(parts)
    return text if trace.reason is None else f"{text}: {trace.reason}"


def _federation_place(planned: PlannedSite, channel: Channel) -> Place:
    """Where a user can mend a site's routes on a channel: the overrides of its file, or else the site itself."""
    is_serving = planned.site.kind == "party" and channel in _OF_SERVING
    return _override_place(planned, SERVING_FILE if is_serving else CLUSTER_FILE) or Place(planned.site.path)


def _override_place(planned: PlannedSite, file: str) -> Place | None:
    """The overrides in federation.yaml that were merged into a file; None where there are none."""
    if not _overrides_of(planned, file):
        return None
    block = ("serving", "overrides") if file == SERVING_FILE else ("overrides",)
    return Place((*planned.site.path, *block), on_key=True)


def _place(planned: PlannedSite, file: str, files: Files, path: KeyPath) -> Place:
    """A key of a rendered file, or the overrides in federation.yaml that it comes from."""
    overrides = _override_place(planned, file)
    if overrides is not None:
        return overrides
    document = document_of(planned, file)
    if not path:
        return Place(document=document)
    if file not in files:
        return Place(document=document)
    return Place(document=document, span=_locate_of(planned, file)(files[file], path))


def _locate_of(planned: PlannedSite, file: str) -> Callable[[str, KeyPath], Span]:
    """What finds a key in the text of a file."""
    if file == KUBE_CFG_FILE:
        return kubecfg.locate
    if _has_manifests(planned):
        from renderers.manifests import locate

        return locate
    return charts.locate


def _dotted(path: KeyPath) -> str:
    return ".".join(str(step) for step in path)
