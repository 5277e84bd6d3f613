"""Probes of RabbitMQ: the federation links by which a party's broker fetches from the brokers of the others.

FATE makes a virtual host for each job, `<job>-guest-9999-host-10000`, on the brokers of both, and in it one link for
each queue that is fetched from the other. Where a link is broken FATE waits without a word; both go when the job ends.
`rabbitmqctl federation_status` tells them without a login, and without those in the links' addresses. Read on
RabbitMQ 3.10.8; the words of 3.8.3, which the charts deploy, are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from planner.channels import Channel
from planner.checks.broker_link_broken import broker_link_broken, federation_off
from planner.lookup import Endpoint
from planner.model import party_key
from planner.wording import label, spoken
from renderers.cluster.clock import Deadline
from renderers.probes.components.asking import complaint, place
from renderers.probes.pods.in_words import parsed
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

_STATUS: Final = ("rabbitmqctl", "-q", "--formatter", "json", "federation_status")
_AGAIN: Final = 7.0
"""Seconds between two looks: a link tries again after 5, and a job that begins makes its user on one broker first."""
_AMQP: Final = 5672
_PARTIES: Final = re.compile(r"-(?:[a-z]+-)?(\d+)-(?:[a-z]+-)?(\d+)$")
"""The parties at the end of a virtual host's name; the first releases wrote them without their roles."""
_OFF: Final = re.compile(r"noproc|Command .*not found|command .*not (?:found|available)", re.DOTALL)
"""What rabbitmqctl says where the plugin is off: its process, or its very command, is not there.

A broker that is coming up has no such process either, so it is asked twice.
"""
_WORDS: Final[Mapping[str, str]] = {
    "econnrefused": "the connection is refused",
    "unknown_host": "there is no such name",
    "nxdomain": "there is no such name",
    "ehostunreach": "no way leads there",
    "enetunreach": "no way leads there",
    "etimedout": "nobody answers",
    "timeout": "nobody answers",
    "econnreset": "the connection is closed at once",
    "auth_failure": "the broker there does not know this job: it is that of another party, or the job has ended there",
    "not_allowed": "the broker there does not know this job: it is that of another party, or the job has ended there",
}


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A link that does not come about: the peer's site key (empty where unknown), where it is dialled, and why not."""

    peer: str
    endpoint: Endpoint
    error: str


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of a broker as it tells them; or why it does not, and whether it is because the plugin is off."""

    rows: tuple[Mapping[str, Any], ...] = ()
    unknown: str = ""
    is_off: bool = False


def probes(sight: Sight) -> Iterator[Probe]:
    """What is asked of a party's RabbitMQ."""
    if "rabbitmq" in sight.planned.modules:
        sentence = f"no federation link of RabbitMQ of {sight.folder.label} is broken"
        yield probe(sight, "broker-links", sentence, partial(_are_whole, sight))


def broken_links(sight: Sight, deadline: Deadline) -> tuple[BrokenLink, ...]:
    """The links of a site that do not come about; none where that cannot be found out. Raises ApiError.

    Of a job that hangs both parties are to be asked: the guest's broker fetches what the host sends, and the host's
    what the guest does. It takes some seconds where a link is not up at the first look.
    """
    return _broken(sight, _links(sight, deadline), deadline) or ()


def _are_whole(sight: Sight, deadline: Deadline) -> Said:
    found = _links(sight, deadline)
    where, its = place(sight, "rabbitmq"), sight.folder.label
    if found.is_off and deadline.wait(_AGAIN):
        found = _links(sight, deadline)
    if found.is_off:
        return replace(judged((federation_off(where, its),)), peers=_partners(sight))
    if found.unknown:
        return unknown(found.unknown)
    broken = _broken(sight, found, deadline)
    if broken is None:
        return unknown("a link is not up, and the broker does not tell of it again")
    planned = {
        dial.peer: Endpoint(dial.host.lower(), dial.port)
        for dial in sight.folder.dials
        if dial.channel is Channel.RABBITMQ
    }
    return judged(
        tuple(
            broker_link_broken(
                where,
                its,
                label(each.peer) if each.peer else "a peer",
                str(each.endpoint),
                each.error,
                str(planned[each.peer]) if planned.get(each.peer, each.endpoint) != each.endpoint else "",
            )
            for each in broken
        )
    )


def _partners(sight: Sight) -> tuple[str, ...]:
    """The parties, by key, whose brokers it fetches from."""
    own = sight.planned.site.id
    partners = () if own is None else sight.plan.topology.partners(own)
    return tuple(map(party_key, sorted(partners)))


def _links(sight: Sight, deadline: Deadline) -> _Links:
    """Ask the broker in its own pod, where rabbitmqctl needs no login."""
    for spot in sight.inside.spots("rabbitmq", deadline)[:1]:
        ran = sight.inside.run(spot, _STATUS, deadline)
        rows = parsed(ran.output)
        if ran.code == 0 and isinstance(rows, list):
            return _Links(tuple(row for row in rows if isinstance(row, dict)))
        if ran.code not in {0, None} and _OFF.search(f"{ran.output}\n{ran.errors}"):
            return _Links(is_off=True)
        ended = "it does not end" if ran.code is None else f"exit code {ran.code}"
        return _Links(unknown=f"rabbitmqctl of pod {spot.pod} does not tell: {complaint(ran.errors) or ended}")
    return _Links(unknown=f"no container of rabbitmq is ready in namespace {sight.folder.namespaces['training']}")


def _broken(sight: Sight, first: _Links, deadline: Deadline) -> tuple[BrokenLink, ...] | None:
    """The links that were broken at two looks, or have been trying all the time in between; None without a second."""
    before = {_name(row): row for row in first.rows if row.get("status") != "running"}
    if not before:
        return ()
    second = _links(sight, deadline) if deadline.wait(_AGAIN) else None
    if second is None or second.unknown:
        return None
    found: dict[BrokenLink, None] = {}
    for row in second.rows:
        earlier = before.get(_name(row))
        if earlier is None or row.get("status") == "running":
            continue
        hangs = row.get("status") != "error" and row.get("last_changed") == earlier.get("last_changed")
        told = next((each["error"] for each in (row, earlier) if each.get("error")), None)
        if told is not None or hangs:
            found[BrokenLink(_peer(sight, row), _endpoint(row), _why(told))] = None
    return tuple(sorted(found, key=lambda each: (each.peer, each.endpoint)))


def _name(row: Mapping[str, Any]) -> tuple[str, str]:
    """What stays the same of a link; its id does not when it is tried again."""
    return str(row.get("vhost")), str(row.get("queue") or row.get("exchange"))


def _peer(sight: Sight, row: Mapping[str, Any]) -> str:
    """The site on the other side, from the name of the job's virtual host."""
    found = _PARTIES.search(str(row.get("vhost")))
    ids = [int(each) for each in found.groups()] if found else []
    other = next((each for each in ids if each != sight.planned.id), None)
    key = "" if other is None else party_key(other)
    return key if key in sight.plan.by_key else ""


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    """Where a link dials, without anything else that its address may hold; a name in small letters."""
    try:
        parts = urlsplit(str(row.get("uri")))
        return Endpoint(parts.hostname or "", parts.port or _AMQP)
    except ValueError:
        return Endpoint("", _AMQP)


def _why(told: Any) -> str:
    """Erlang's word for what went wrong, in plain ones; `auth_failure` and its like come in a list with a text."""
    word = str(told[0]) if isinstance(told, list) and told else str(told or "timeout")
    return _WORDS.get(word) or f"the broker says {spoken(word)}"
