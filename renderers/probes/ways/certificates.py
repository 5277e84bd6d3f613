"""Probes of the certificates that peers show: the ones that are expected, by the authority that the site itself mounts.

Which Secret holds it: reference cluster-yaml.md INV-EGG-13 and INV-PUL-6, which also says how brokers are called. An
exchange of Pulsar passes connections on by the name that is asked for (components.md section 7), so behind it every
party's broker is asked for by its own name, and what is shown is that broker's certificate.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from planner.channels import Channel
from planner.checks.foreign_certificate import foreign_certificate
from planner.checks.tls_not_spoken import tls_not_spoken
from planner.model import party_key
from planner.plan import PlannedSite
from planner.probes import BY_ID
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.probes.certificate_chain import UndecidedError, certificates, chain, is_for, names, out_of_time
from renderers.probes.certificate_secrets import SHAPES
from renderers.probes.pods.inside import Handshake, Reached
from renderers.probes.probe import Probe, Said, Truth
from renderers.probes.sight import Sight
from renderers.probes.ways.dialling import Dialling, Once, Way

_EGGROLL: Final = "eggroll-certs"
_ODD: Final = "what is shown as a certificate cannot be read"
_NO_AUTHORITY: Final = "the authority that the site mounts is no certificate in PEM"


def probes(sight: Sight, found: Sequence[tuple[Way, Dialling]]) -> Iterator[Probe]:
    """A sentence for each endpoint that is dialled by TLS, and for each party behind an exchange of Pulsar."""
    channels = dict.fromkeys(way.channel for way, _ in found)
    authorities = {channel: Once(partial(_authority, sight, channel)) for channel in channels}
    for way, dialling in found:
        authority = authorities[way.channel]
        named = f" and for {way.name}" if way.name else ""
        yield Probe(
            BY_ID["peer-certificate"],
            sight.folder.key,
            f"the certificate of {way.what} at {way.endpoint} is valid now, of the site's own authority{named}",
            partial(_shows, sight, way, dialling, authority),
            way.peer.key,
            way.endpoint,
        )
        for peer in _behind(sight, way):
            name = f"{peer.id}.{way.peer.site.domain}"
            yield Probe(
                BY_ID["peer-certificate"],
                sight.folder.key,
                f"the certificate of Pulsar of {peer.site.label}, through {way.peer.site.label} at {way.endpoint}, "
                f"is valid now, of the site's own authority and for {name}",
                partial(_shows_behind, sight, way, dialling, authority, peer, name),
                peer.key,
            )


def _behind(sight: Sight, way: Way) -> Iterator[PlannedSite]:
    """The parties that a party's broker reaches through an exchange of Pulsar."""
    own = sight.planned.site.id
    if way.channel is not Channel.PULSAR or way.peer.site.kind != "exchange" or own is None:
        return
    hops = sight.plan.topology.hops(sight.planned.site)
    for party in sorted(sight.plan.topology.partners(own)):
        peer = sight.plan.by_key[party_key(party)]
        through = (hops.entries[party],) if party in hops.entries else hops.default
        if way.peer.key in through and Channel.PULSAR in peer.channels:
            yield peer


def _authority(sight: Sight, channel: Channel, deadline: Deadline) -> bytes | str:
    """The authority that the site mounts, as PEM; why there is none, as a clause."""
    for each in sight.folder.prerequisites:
        is_it = each.kind == "Secret" and each.name in SHAPES
        if not is_it or (each.name == _EGGROLL) != (channel is Channel.ROLLSITE):
            continue
        live = sight.api.get(Reference("v1", "Secret", each.namespace, each.name), deadline)
        text = ((live or {}).get("data") or {}).get(SHAPES[each.name].authority)
        try:
            return base64.b64decode(text or "") or f"Secret {each.namespace}/{each.name} has no authority in it"
        except (binascii.Error, ValueError):
            return f"Secret {each.namespace}/{each.name} holds something other than texts"
    return "the site mounts no authority"


# What is shown


def _shows(sight: Sight, way: Way, dialling: Dialling, authority: Once[bytes | str], deadline: Deadline) -> Said:
    source, dialled = dialling.dialled(way, deadline)
    held = way.unheard(source, dialled)
    if held is not None or source is None:
        return held or Said(Truth.UNKNOWN, dialled.words)
    source, shaken = dialling.shaken(way, deadline)
    if source is None or not shaken.certificates:
        return Said(Truth.UNKNOWN, f"there is no certificate to look at: {shaken.words or shaken.dialled.words}")
    what = f"{way.what} shows a foreign certificate at {way.endpoint}"
    return _judged(sight, what, shaken, way.name, authority.get(deadline), (source.words,), way.peer, deadline)


def _shows_behind(
    sight: Sight,
    way: Way,
    dialling: Dialling,
    authority: Once[bytes | str],
    peer: PlannedSite,
    name: str,
    deadline: Deadline,
) -> Said:
    source, dialled = dialling.dialled(way, deadline)
    held = way.unheard(source, dialled)
    if held is not None or source is None:
        return held or Said(Truth.UNKNOWN, dialled.words)
    shaken = sight.inside.shake_hands(source.spot, way.endpoint, name, deadline)
    through = f"Pulsar of {peer.site.label}, through {way.peer.site.label} at {way.endpoint}"
    if shaken.dialled.reached is Reached.OPEN and shaken.speaks_tls is False:
        hint = f"see that {way.peer.site.label} has a route to {name}, and that it can dial {peer.site.label}"
        notes = (source.words, shaken.words)
        finding = tls_not_spoken(sight.places.of_site(), sight.folder.label, f"{through}, speaks no TLS", notes, hint)
        return Said(Truth.FALSE, f"nobody shows a certificate: {shaken.words}", (finding,))
    if not shaken.certificates:
        return Said(Truth.UNKNOWN, f"there is no certificate to look at: {shaken.words or shaken.dialled.words}")
    what = f"{through}, shows a foreign certificate"
    return _judged(sight, what, shaken, name, authority.get(deadline), (source.words,), peer, deadline)


def _judged(
    sight: Sight,
    what: str,
    shaken: Handshake,
    name: str,
    authority: bytes | str,
    notes: tuple[str, ...],
    peer: PlannedSite,
    deadline: Deadline,
) -> Said:
    """What is to be said of a certificate."""
    if isinstance(authority, str):
        return Said(Truth.UNKNOWN, authority)
    try:
        reason, hint = _fault(shaken.certificates, authority, name, sight.api.server_time(deadline), peer)
    except UndecidedError as error:
        return Said(Truth.UNKNOWN, str(error))
    if not reason:
        return Said()
    place, who = sight.places.of_site(), sight.folder.label
    finding = foreign_certificate(place, who, what, (f"it {reason}", *notes), hint)
    return Said(Truth.FALSE, f"{what}: it {reason}", (finding,))


def _fault(shown: Sequence[str], authority: bytes, name: str, now: datetime, peer: PlannedSite) -> tuple[str, str]:
    """What is wrong with a certificate, as a clause, and what is to be done; empty where nothing is."""
    found, authorities = [each for text in shown for each in certificates(text.encode())], certificates(authority)
    if not found:
        raise UndecidedError(_ODD)
    own, *others = found
    label = peer.site.label
    times = out_of_time(own, now)
    if times:
        return f"is out of date: {times}", f"have {label} mount one that is valid, and see that the clocks are right"
    if not authorities:
        raise UndecidedError(_NO_AUTHORITY)
    way = chain(own, others, authorities, now)
    if not way:
        return (
            "is not of the authority that this site mounts",
            f"have {label} and this site mount certificates of one authority; if they do, look for what stands between",
        )
    late = next(filter(None, (out_of_time(each, now) for each in way[1:-1])), "")
    if late:
        return f"comes by a certificate that is out of date: {late}", f"have {label} mount one whose issuers are valid"
    if name and not is_for(own, name):
        told = spoken(", ".join(names(own))) or "nobody"
        return (
            f"is not for {name}, but for {told}",
            f"see that the route leads to {label}, and that the certificate of {label} is for {name}",
        )
    return "", ""
