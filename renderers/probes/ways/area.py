"""Probes of whom the site dials, tried from inside its own pods.

Each of them is about one hop, in one direction: the peer's own probes tell of the other one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from planner.channels import Channel
from planner.checks.peer_closed import peer_closed
from planner.checks.tls_not_spoken import tls_not_spoken
from planner.probes import BY_ID
from renderers.cluster.clock import Deadline
from renderers.probes.pods.inside import Dialled, Reached
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.sight import Sight
from renderers.probes.ways import answers as ways_answers
from renderers.probes.ways import certificates as ways_certificates
from renderers.probes.ways.dialling import SUBSTITUTE, Dialling, From, Way, ways

_MET: Final = {
    Reached.REFUSED: "refuses connections at",
    Reached.SILENT: "does not answer at",
    Reached.NO_NAME: "has no address in this cluster's DNS:",
    Reached.NO_WAY: "cannot be reached at",
}


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a site, in order."""
    by_channel: dict[Channel, list[Way]] = {}
    for way in ways(sight):
        by_channel.setdefault(way.channel, []).append(way)
    diallings = {channel: Dialling(sight, found) for channel, found in by_channel.items()}
    found = [(way, diallings[channel]) for channel, listed in by_channel.items() for way in listed]
    for way, dialling in found:
        ask = partial(_accepts, sight, way, dialling)
        yield Probe(BY_ID["peer-accepts"], sight.folder.key, way.sentence, ask, way.peer.key, way.endpoint)
    for way, dialling in found:
        sentence = f"{way.what} speaks {'TLS' if way.by_tls else 'no TLS'} at {way.endpoint}"
        ask = partial(_speaks_tls, sight, way, dialling)
        yield Probe(BY_ID["peer-speaks-tls"], sight.folder.key, sentence, ask, way.peer.key, way.endpoint)
    yield from ways_certificates.probes(sight, [pair for pair in found if pair[0].by_tls])
    yield from ways_answers.probes(sight)


# Connections


def _accepts(sight: Sight, way: Way, dialling: Dialling, deadline: Deadline) -> Said:
    source, dialled = dialling.dialled(way, deadline)
    if source is None or dialled.tells_nothing:
        return Said(Truth.UNKNOWN, dialled.words)
    if dialled.reached is Reached.OPEN and source.spot.is_proxied:
        return Said(Truth.UNKNOWN, "the site's Istio sidecar takes connections itself, whoever is there")
    if dialled.reached is Reached.OPEN:
        return Said(reason=source.words if source.instead_of else "")
    reason = f"{way.what} {_MET[dialled.reached]} {way.endpoint}"
    if source.instead_of and sight.planned.site.network_policies:
        closed = f"the site's NetworkPolicies let no connection of {SUBSTITUTE}'s pod out"
        return Said(Truth.UNKNOWN, f"{source.words}, and {closed}")
    tried = f"{source.words}: {dialled.words}"
    finding = peer_closed(sight.places.of_site(), sight.folder.label, reason, (tried,), _way_out(way, dialled))
    return Said(Truth.FALSE, f"{reason}, {tried}", (finding,))


def _way_out(way: Way, dialled: Dialled) -> str:
    """What is to be done about a closed endpoint, by whom."""
    if dialled.reached is Reached.REFUSED:
        return f"see that {way.what} runs and has this port, and that no firewall answers in its place"
    if dialled.reached is Reached.NO_NAME:
        return f"make {way.endpoint.host} known to the DNS that this cluster's pods ask, or give an IP address"
    both = f"open {way.endpoint} (TCP) for this cluster's nodes in the firewalls of both sides"
    return f"{both}, as FIREWALL.md of `invoke bundle` lists them; then see that the address is that of {way.what}"


# TLS


def _speaks_tls(sight: Sight, way: Way, dialling: Dialling, deadline: Deadline) -> Said:
    source, dialled = dialling.dialled(way, deadline)
    held = way.unheard(source, dialled)
    if held is not None or source is None:
        return held or Said(Truth.UNKNOWN, dialled.words)
    source, shaken = dialling.shaken(way, deadline)
    if source is None or shaken.dialled.reached is not Reached.OPEN:
        return Said(Truth.UNKNOWN, f"a second connection was not accepted ({shaken.dialled.words})")
    if shaken.speaks_tls is None and (way.by_tls or source.spot.is_proxied):
        return Said(Truth.UNKNOWN, shaken.words)
    if way.by_tls == bool(shaken.speaks_tls):
        return Said()
    return _other_speech(sight, way, source, shaken.words)


def _other_speech(sight: Sight, way: Way, source: From, words: str) -> Said:
    """TLS is missing, or there is one that nobody planned."""
    notes = (source.words, *((words,) if words else ()))
    if not way.by_tls:
        reason = f"{way.what} speaks TLS at {way.endpoint}, of which the plan says nothing"
        hint = f"let what stands before {way.what} pass connections on as they are, without TLS of its own"
    elif way.channel is Channel.ROLLSITE:
        reason = f"{way.what} speaks no TLS at {way.endpoint}, in spite of `tls`"
        hint = "put a VPN or a TLS tunnel between the sites, and remove `tls`: the charts encrypt nothing (FED803)"
    else:
        reason = f"{way.what} speaks no TLS at {way.endpoint}"
        hint = f"see that this is the TLS port of {way.what}, and that nothing between speaks in its place"
    finding = tls_not_spoken(sight.places.of_site(), sight.folder.label, reason, notes, hint)
    return Said(Truth.FALSE, f"{reason}, {source.words}", (finding,))
