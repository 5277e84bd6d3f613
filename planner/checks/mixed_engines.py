"""Parties that must talk use different federation engines.

Messages of a job travel through the federation engine, and each speaks a protocol of its own: rollsite only with
rollsite, Pulsar only with Pulsar, RabbitMQ only with RabbitMQ, also through an exchange (reference: INV-VER-6; FATE
issue 4651). The computing engines may differ. Eggroll and OSX are not compared here: they differ where the releases
differ (FED402).

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

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.engines import ROUTER, federation_engines, odd_ones
from planner.mentions import stars
from planner.subject import Subject

FAULT = Fault("FED406", "mixed_engines")


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


def _exchanges(subject: Subject, engines: Mapping[int, str]) -> Iterator[Diagnostic]:
    """Exchanges of kind rollsite or osx whose parties mostly use another federation engine."""
    counts: dict[str, Counter[str]] = {}
    for star in stars(subject.federation):
        groups = ((exchange, star.pool) for exchange in star.balanced) if star.balanced else star.groups
        for exchange, members in groups:
            counts.setdefault(exchange, Counter()).update(engines[each] for each in members if each in engines)
    for site in subject.federation.exchanges:
        common = counts.get(site.key, Counter[str]()).most_common(1)
        if site.exchange_kind in {"rollsite", "osx"} and common and common[0][0] != ROUTER:
            yield Diagnostic(
                FAULT,
                f"{site.label} passes on messages of Eggroll, and its parties use {common[0][0]}",
                Place((*site.path, "kind")),
                "give its parties `engine: eggroll`, or connect them by a mesh",
            )
