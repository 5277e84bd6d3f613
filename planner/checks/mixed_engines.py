"""Parties that must talk use different federation engines.

Messages of a job travel through the federation engine, and each speaks a protocol of its own: rollsite only with
rollsite, Pulsar only with Pulsar, RabbitMQ only with RabbitMQ, also through an exchange (reference: INV-VER-6; FATE
issue 4651). An exchange of kind rollsite, osx or proxy passes on Eggroll's messages, trafficServer those of Pulsar, and
servingProxy none of training. The computing engines may differ, and so may groups of parties that never need to talk.
Eggroll and OSX are not compared here: they differ where the releases differ (FED402).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
      - {name: mill, address: 192.168.11.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: mill, engine: spark_rabbitmq}  # error: FED406
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
      - {name: mill, address: 192.168.11.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
      - {id: 10001, cluster: mill, engine: eggroll}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.engines import ROUTER, federation_engines, odd_ones
from planner.mentions import stars
from planner.subject import Subject, kind_of

FAULT = Fault("FED406", "mixed_engines")
_CARRIED: Final[Mapping[str, str]] = {"rollsite": ROUTER, "osx": ROUTER, "proxy": ROUTER, "trafficServer": "Pulsar"}
"""The federation engine whose messages each kind of exchange passes on."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party that departs from most of those it must talk with, and for wrong exchanges."""
    engines = federation_engines(subject)
    for site, partner in odd_ones(subject, engines):
        mine, theirs = engines[site.id or 0], engines[partner.id or 0]
        yield Diagnostic(
            FAULT,
            f"{site.label} uses federation engine {mine} and must talk with {partner.label}, which uses {theirs}",
            Place((*site.path, "engine")),
            f"give both the same engine, or leave {site.label} out of the shapes it shares with {partner.label}",
            (Note(f"{partner.label} uses {theirs}", Place((*partner.path, "engine"))),),
        )
    yield from _exchanges(subject, engines)
    yield from _mixed_stars(subject)


def _exchanges(subject: Subject, engines: Mapping[int, str]) -> Iterator[Diagnostic]:
    """Exchanges whose parties mostly use an engine that they do not pass on; RabbitMQ has no exchange at all."""
    counts: dict[str, Counter[str]] = {}
    for star in stars(subject.topology.federation):
        groups = ((exchange, star.pool) for exchange in star.balanced) if star.balanced else star.groups
        for exchange, members in groups:
            counts.setdefault(exchange, Counter()).update(engines[each] for each in members if each in engines)
    for site in subject.federation.exchanges:
        common, release = counts.get(site.key, Counter[str]()).most_common(1), subject.release(site)
        if not common or release is None or common[0][0] == "RabbitMQ":
            continue
        kind = kind_of(site, release, subject.topology)
        carried = _CARRIED.get(kind)
        has_kind = kind == release.module or any(each.kind == kind for each in release.exchanges)  # or it is FED606
        if carried is not None and common[0][0] != carried and has_kind:
            right = "trafficServer" if common[0][0] == "Pulsar" else release.module
            yield Diagnostic(
                FAULT,
                f"{site.label} passes on messages of {carried}, and its parties use {common[0][0]}",
                Place((*site.path, "kind")),
                f"write `kind: {right}`, or give its parties an engine with {carried}",
            )


def _mixed_stars(subject: Subject) -> Iterator[Diagnostic]:
    """Stars through exchanges of which one passes on training's messages and another those of FATE-Serving."""
    kinds = {exchange.key: exchange.exchange_kind == "servingProxy" for exchange in subject.federation.exchanges}
    for star in stars(subject.federation):
        found = {kinds[key]: key for key in reversed(star.exchanges) if key in kinds}
        if len(found) > 1:
            served, trained = (subject.topology.sites[found[is_serving]] for is_serving in (True, False))
            yield Diagnostic(
                FAULT,
                f"{served.label} passes on messages of FATE-Serving, and {trained.label} those of training",
                Place(star.path),
                "write a star for each of the two",
                (Note(f"{served.label} is declared here", Place(served.path)),),
            )
