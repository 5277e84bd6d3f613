"""Whom a site dials, and where it is dialled: what a firewall must let through, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from planner.channels import Channel
from planner.dialled_endpoints import namespace_of, service_type
from planner.doors import PULSAR_TLS, Door, dials_by_tls, doors
from planner.lookup import Endpoint
from planner.model import party_key
from planner.plan import Plan, PlannedSite, dialled_at
from planner.routes import POLLED
from planner.site_json import OpenDoor


def dialled(plan: Plan, planned: PlannedSite) -> Mapping[Channel, Mapping[str, Endpoint]]:
    """Where a site dials other sites: by channel and their keys, which are sorted."""
    result = {}
    for channel in planned.channels:
        hops, table = plan.topology_of(channel).hops(planned.site), plan.table(planned, channel)
        entries = table.entries
        found = {key: entries[party] for party, key in hops.entries.items() if party in entries}
        named = (key for key in hops.default if channel in plan.by_key[key].listeners)
        found.update(zip(named, table.default, strict=True))
        result[channel] = {key: found[key] for key in sorted(found.keys() - {POLLED, planned.key})}
    return result


def open_doors(plan: Plan, planned: PlannedSite, known: Mapping[Channel, Mapping[str, Endpoint]]) -> Iterator[OpenDoor]:
    """Every endpoint at which others dial a site, `known` being those it dials. Nobody dials a party that polls."""
    for channel in planned.channels:
        if planned.site.polling is not None and channel is Channel.ROLLSITE:
            continue
        clients = plan.topology.clients_of.get(planned.key, ()) if channel is Channel.ROLLSITE else ()
        names = tuple(sorted({*known[channel], *map(party_key, clients)}))
        found = doors(planned.site, planned.release, plan.topology, channel)
        for door in used(plan, channel, [plan.by_key[key] for key in names] if len(found) > 1 else (), found):
            endpoint = dialled_at(planned, door)
            space, kind = namespace_of(planned.site, door), service_type(planned.site, door)
            yield OpenDoor(channel, door.service, space, kind, *endpoint, names)


def dialled_sites(plan: Plan, planned: PlannedSite, channel: Channel) -> Iterator[PlannedSite]:
    """The sites that a site dials on a channel, each once."""
    hops = plan.topology_of(channel).hops(planned.site)
    for key in dict.fromkeys((*hops.default, *hops.entries.values())):
        if key not in {POLLED, planned.key} and channel in plan.by_key[key].listeners:
            yield plan.by_key[key]


def those_who_dial(plan: Plan, planned: PlannedSite, channel: Channel) -> Iterator[PlannedSite]:
    """The sites that dial this one: those that it dials itself, and the parties that poll there."""
    yield from dialled_sites(plan, planned, channel)
    if channel is Channel.ROLLSITE:
        clients = plan.topology.clients_of.get(planned.key, ())
        yield from (plan.by_key[party_key(client)] for client in sorted(clients))


def used(plan: Plan, channel: Channel, diallers: Sequence[PlannedSite], found: Sequence[Door]) -> Iterable[Door]:
    """Of a site's doors on a channel those that are dialled: the first, of Pulsar's two as each dialler speaks."""
    if channel is not Channel.PULSAR or PULSAR_TLS not in found:
        return found[:1]
    by_tls = {dials_by_tls(dialler.site, plan.topology) for dialler in diallers}
    return [door for door in found if (door == PULSAR_TLS) in by_tls]
