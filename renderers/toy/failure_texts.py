"""What FATE writes when a toy example fails, and what it means.

1.x: verify.md section 2. 2.x, which writes HTTP's own errors: FATE Flow 2.0.0 from PyPI behind nginx, run with each
fault (fate-on-one-machine.md section 3).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from planner.channels import Channel
from planner.invariants import INVARIANTS


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The hop that a text accuses, as a clause after "probably", and the invariants to look at."""

    hop: str
    invariants: tuple[str, ...] = ()

    def codes(self) -> tuple[str, ...]:
        """The codes of fedplan that guard these invariants."""
        guarded = (
            where
            for each in INVARIANTS
            if each.id in self.invariants
            for how, where in each.upheld
            if how in {"check", "proof"}
        )
        return tuple(dict.fromkeys(guarded))


@dataclass(frozen=True, slots=True)
class FailureText:
    """A text that is looked for in what a job wrote, and what is suspected where it is found."""

    pattern: re.Pattern[str]
    suspicion: Suspicion


def _text(pattern: str, hop: str, *invariants: str) -> FailureText:
    return FailureText(re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE), Suspicion(hop, invariants))


def _numbers(family: str, last: int) -> tuple[str, ...]:
    return tuple(f"INV-{family}-{number}" for number in range(1, last + 1))


HANGS: Final = Suspicion(
    "the data path between the brokers or egg pairs, since the control path works, or no core is free",
    (*_numbers("PUL", 6), *_numbers("RMQ", 4), "INV-EGG-17"),
)
"""A job that never ends: both FATE-Flows have agreed on it."""
FAILURE_TEXTS: Final = (
    _text(
        r"routing table not have current party",
        "the broker's route table of guest or host, which has no entry for the other",
        "INV-RMQ-1",
        "INV-RMQ-2",
        "INV-PUL-1",
        "INV-PUL-2",
        "INV-ID-5",
    ),
    _text(
        r"_upstream_uri.{0,2000}?NoneType",
        "the broker's route table of guest or host, which has no entry for the other",
        "INV-RMQ-1",
        "INV-RMQ-2",
        "INV-ID-5",
    ),
    _text(
        r"50[234] Server Error[^\n]{0,200}?/v2/",
        "the hop behind nginx of guest or host: nobody answers where its table leads, such as at the host's port",
        *_numbers("NGX", 7),
        "INV-PORT-3",
        "INV-PORT-6",
    ),
    _text(
        r"404 Client Error[^\n]{0,200}?/v2/",
        "nginx of the guest, whose table does not know the host, or one that leads to somebody who is no FATE-Flow",
        *_numbers("NGX", 7),
    ),
    _text(
        r"500 Server Error[^\n]{0,200}?/v2/",
        "nginx of guest or host, whose table has no FATE-Flow of the other, or leads back to itself",
        *_numbers("NGX", 7),
    ),
    _text(
        r"Read timed out",
        "the way from the guest's router to the host, on which nobody answers at all: a firewall that drops packets",
        *_numbers("NGX", 7),
        "INV-PORT-3",
        "INV-PORT-6",
    ),
    _text(
        r"Max retries exceeded with url: /v2/[^\n]{0,300}?(?:Connection refused|Failed to resolve|Name or service)",
        "the guest's own router, which its FATE-Flow does not reach",
        *_numbers("NGX", 7),
    ),
    _text(
        r"Roll Site Error TransInfo.{0,2000}?UNAVAILABLE",
        "the rollsite that the text names, which nobody answered at the next hop",
        "INV-EGG-2",
        "INV-EGG-4",
    ),
    _text(
        r"Please check if the fate ?flow service is started|\"?(?:ret)?code\"?: 100\b",
        "the guest's own FATE-Flow, which does not answer (often its MySQL is not ready)",
        *_numbers("DB", 4),
    ),
    _text(
        r"\"?(?:ret)?code\"?: 104\b|FEDERATED_ERROR|check rollSite and fateflow network connectivity",
        "the way from the guest's router to the host: a missing route, a wrong port or a firewall",
        *_numbers("EGG", 5),
        "INV-PORT-3",
        "INV-PORT-6",
    ),
    _text(
        r"Expecting value: line 1 column 1",
        "nginx of guest or host, which led to somebody who is no FATE-Flow (no route, or the other of its two ports)",
        *_numbers("NGX", 7),
    ),
    _text(
        r"\"?(?:ret)?code\"?: 103\b|create job failed",
        "the guest's own FATE-Flow, which does not take the job",
        *_numbers("ID", 5),
    ),
    _text(
        r"StatusCode\.UNAVAILABLE|UNAVAILABLE: io exception",
        "the way from the guest's router to the host: a missing route, a wrong port or a firewall",
        *_numbers("EGG", 5),
        "INV-PORT-3",
        "INV-PORT-6",
    ),
    _text(
        r"check job status timeout|job running time exceed|^timeout\.\.\."
        r"|no (?:free |enough )?cores|resource is not enough",
        HANGS.hop,
        *HANGS.invariants,
    ),
)
"""The texts, the more telling ones first."""
_OF_CHANNEL: Final = MappingProxyType(
    {"PUL": Channel.PULSAR, "RMQ": Channel.RABBITMQ, "NGX": Channel.NGINX_HTTP, "EGG": Channel.ROLLSITE}
)
"""Families of invariants that mean nothing where a party does not have the channel."""


def suspected(words: str, channels: Collection[Channel]) -> Suspicion | None:
    """What the words of a job mean, of the channels that its guest has; None where nothing in them is known."""
    for each in FAILURE_TEXTS:
        if each.pattern.search(words):
            return of_channels(each.suspicion, channels)
    return None


def of_channels(suspicion: Suspicion, channels: Collection[Channel]) -> Suspicion:
    """Leave out invariants of engines that are not there, and those that nobody knows."""
    return replace(suspicion, invariants=tuple(_known(suspicion.invariants, channels)))


def _known(invariants: Collection[str], channels: Collection[Channel]) -> Iterator[str]:
    known = {each.id for each in INVARIANTS}
    for each in invariants:
        channel = _OF_CHANNEL.get(each.split("-")[1])
        if each in known and (channel is None or channel in channels):
            yield each
