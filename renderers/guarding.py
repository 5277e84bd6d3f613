"""What the manifests of a site deploy, open and close, held against the plan.

Route tables and doors are proved by renderers/proving.py; this is the rest: who the site is, what runs in it, which
ports are open to the outside, and whether its NetworkPolicies let every hop through that the plan needs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from planner.channels import OWN, WORDS, Channel
from planner.diagnostics import KeyPath
from planner.dialled_endpoints import namespace_of
from planner.doors import Door, doors
from planner.lookup import POLLED, Endpoint, RouteTable
from planner.plan import Plan, PlannedSite, dialled_at
from planner.routes import POLLED as POLLED_HOP
from planner.subject import engine_triple
from renderers.reading import Exposed, Guard, Reading

_REGISTRY: Final = "servingZookeeper"
"""What the proxy of a serving exchange does without (reference components.md section 6)."""


class Difference(NamedTuple):
    """Something that is not as planned: the file, the part of it, and what it is (a clause)."""

    file: str
    path: KeyPath
    detail: str


@dataclass(slots=True)
class Diallers:
    """Who dials whom, worked out once for a channel."""

    _found: dict[Channel, dict[str, list[str]]] = field(default_factory=dict)

    def of(self, plan: Plan, planned: PlannedSite, channel: Channel) -> Sequence[str]:
        """The sites that dial a site on a channel."""
        known = self._found.get(channel)
        if known is None:
            known = self._found[channel] = {}
            for each in plan.sites:
                if channel in each.channels:
                    hops = plan.topology_of(channel).hops(each.site)
                    for key in {*hops.default, *hops.entries.values()} - {POLLED_HOP, each.key}:
                        known.setdefault(key, []).append(each.key)
        return known.get(planned.key, ())


@dataclass(frozen=True, slots=True)
class Found:
    """A site as it was read back: its readings, and on each channel its table and the Services behind its doors."""

    plan: Plan
    planned: PlannedSite
    readings: Sequence[Reading]
    tables: Mapping[Channel, RouteTable]
    doors: Mapping[Channel, tuple[Exposed, ...]]


def differences(found: Found, diallers: Diallers) -> Iterator[Difference]:
    """All that is not as planned, but for tables and doors."""
    for reading in found.readings:
        path = (reading.workload, "metadata")
        yield from (Difference(reading.file, path, detail) for detail in _identity(found.planned, reading))
        yield from _open(found, reading)
    yield from _missing_halves(found)
    guard = found.readings[0].guard
    wanted = found.planned.site.network_policies
    if guard is None:
        if wanted:
            yield Difference(found.readings[0].file, (), "it has no NetworkPolicies")
        return
    file, first = guard.place
    if not wanted:
        yield Difference(file, first, "it has NetworkPolicies, which nobody asked for")
    for detail in dict.fromkeys((*_refused_ways_out(found, guard), *_refused_ways_in(found, guard, diallers))):
        yield Difference(file, first, detail)


def _is_serving(reading: Reading) -> bool:
    return any(module.startswith("serving") for module in reading.modules)


def _identity(planned: PlannedSite, reading: Reading) -> Iterator[str]:
    """Another name, namespace, party, release, engine or set of modules than planned."""
    site, serving = planned.site, planned.serving
    name, namespace, modules = site.name, site.namespace, planned.modules
    releases = {planned.release.name}
    if serving is not None and _is_serving(reading):
        modules = tuple(each for each in serving.modules if each != _REGISTRY or site.kind == "party")
        releases.add(serving.release.name)
        if site.kind == "party":
            name, namespace = serving.settings.name, serving.settings.namespace
    pairs = (
        ("name", reading.name, name),
        ("namespace", reading.namespace, namespace),
        ("party id", reading.party, planned.id),
    )
    yield from (f"its {word} is {got or 'missing'} instead of {want}" for word, got, want in pairs if got != want)
    if reading.release not in releases:
        yield f"it says it is release {reading.release or '(none)'}"
    missing = [module for module in modules if module not in reading.modules]
    besides = [module for module in reading.modules if module not in modules]
    if missing:
        yield f"it deploys no {', no '.join(missing)}"
    if besides:
        yield f"it deploys {', '.join(besides)} as well"
    triple = None if planned.engine is None else engine_triple(planned.engine)
    if reading.engine and triple is not None:
        words = tuple(word.lower().removesuffix("_local") for word in triple)
        if reading.engine != words:
            yield f"FATE-Flow is set to {'/'.join(reading.engine)} instead of {'/'.join(words)}"
    if reading.polls != (site.polling is not None) and not _is_serving(reading):
        yield f"its rollsite {'polls' if reading.polls else 'does not poll'}"


def _missing_halves(found: Found) -> Iterator[Difference]:
    planned, first = found.planned, found.readings[0]
    has_serving = any(_is_serving(each) for each in found.readings)
    has_training = any(not _is_serving(each) for each in found.readings)
    if planned.serving is not None and planned.serving.modules and not has_serving:
        yield Difference(first.file, (), "it deploys nothing of FATE-Serving")
    if planned.modules and planned.kind != "servingProxy" and not has_training:
        yield Difference(first.file, (), "it deploys nothing of training")


def _open(found: Found, reading: Reading) -> Iterator[Difference]:
    """Ports of Services that are open to the outside and no doors of the plan."""
    planned = found.planned
    numbers = set(planned.ports.values())
    meant = {door.port for door in _all_doors(found)}
    for each in reading.open:
        where = f"port {each.container_port} of Service {each.service}"
        if each.service_type == "NodePort" and each.node_port is None:
            yield Difference(each.file, each.path, f"{where} is open at a NodePort that Kubernetes picks")
        elif each.node_port is not None and each.node_port not in numbers:
            yield Difference(
                each.file, each.path, f"{where} is open at NodePort {each.node_port}, which is not planned"
            )
        elif each.container_port not in meant:
            yield Difference(each.file, each.path, f"{where} is open to the outside, and no door of the site")


def _all_doors(found: Found) -> Iterator[Door]:
    planned = found.planned
    for channel in (*planned.channels, *OWN, Channel.NGINX_HTTP, Channel.NGINX_GRPC):
        if planned.site.kind == "party" or channel in planned.channels:
            yield from doors(planned.site, planned.release, found.plan.topology, channel)


def _refused_ways_out(found: Found, guard: Guard) -> Iterator[str]:
    """Hops to the next site that the policies refuse to the pods that dial."""
    plan, planned = found.plan, found.planned
    for channel, table in found.tables.items():
        network = plan.network(channel)
        for endpoint in _dialled(table):
            key = network.who_answers(planned.key, planned.site.cluster, endpoint)
            target = None if key is None else plan.by_key[key]
            words = f"{endpoint}{_words(channel)}"
            if target is not None and target.cluster.name == planned.cluster.name:
                namespace, port = _pods_at(found, target, channel, endpoint)
                if not guard.dials_inside(channel, namespace, port):
                    yield f"its NetworkPolicies refuse {words}, as port {port} of namespace {namespace}"
                if endpoint in target.listeners[channel].inside:
                    continue
            if not guard.dials(channel, endpoint):
                yield f"its NetworkPolicies refuse {words}"


def _words(channel: Channel) -> str:
    return f" ({WORDS[channel]})" if WORDS[channel] else ""


def _dialled(table: RouteTable) -> Sequence[Endpoint]:
    """The endpoints of a table that can be dialled at all."""
    found = (*table.entries.values(), *table.default, *(each for more in table.more.values() for each in more))
    return [each for each in dict.fromkeys(found) if each != POLLED and each.port > 0 and not _is_nobody(each.host)]


def _is_nobody(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network("0.0.0.0/8")
    except (ValueError, TypeError):
        return False


def _pods_at(found: Found, target: PlannedSite, channel: Channel, endpoint: Endpoint) -> tuple[str, int]:
    """The namespace and container port of the pods that an endpoint on the same cluster leads to."""
    plan, planned = found.plan, found.planned
    known = doors(target.site, target.release, plan.topology, channel)
    door = next((each for each in known if plan.endpoint(planned, target, each) == endpoint), None)
    if door is None and endpoint in target.listeners[channel].inside:
        service, _, namespace = endpoint.host.partition(".")
        return namespace or service, endpoint.port
    door = door or known[0]
    return namespace_of(target.site, door), door.port


def _refused_ways_in(found: Found, guard: Guard, diallers: Diallers) -> Iterator[str]:
    """Hops from other sites that the policies refuse at a door.

    Of the two halves of a party only what goes through the outside is asked here; the reader knows the rest.
    """
    plan, planned = found.plan, found.planned
    for channel, listener in planned.listeners.items():
        sources = [planned.key] if channel in OWN else diallers.of(plan, planned, channel)
        asked: set[tuple[Door, str | None]] = set()
        for source in (plan.by_key[key] for key in sources):
            if channel in OWN and listener.outside:
                asked.add((doors(planned.site, planned.release, plan.topology, channel)[0], None))
            elif channel not in OWN:
                door = plan.door(source, planned, channel)
                is_inside = dialled_at(planned, door) in listener.inside
                asked.add((door, _namespace_of_dialler(source, channel) if is_inside else None))
        for door, namespace in sorted(asked, key=str):
            for each in found.doors.get(channel, ()):
                if each.container_port != door.port or (namespace is None) != (each.service_type != "ClusterIP"):
                    continue
                if not guard.hears(each, namespace):
                    who = "its peers" if namespace is None else f"the pods of namespace {namespace}"
                    yield f"its NetworkPolicies keep {who} from port {door.port} of {door.service}{_words(channel)}"


def _namespace_of_dialler(planned: PlannedSite, channel: Channel) -> str:
    """The namespace of the pods with which a site dials other sites on a channel."""
    if channel is Channel.SERVING and planned.site.kind == "party" and planned.serving is not None:
        return planned.serving.settings.namespace
    return planned.site.namespace
