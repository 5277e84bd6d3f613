"""The release has no such combination of engines.

FATE runs on a computing, a federation and a storage engine that belong together: Eggroll with its own router
(rollsite up to v1.11.2, OSX from v2.0.0 on), Spark with RabbitMQ or Pulsar over HDFS, and Spark_local with either
over local files (reference: INV-VER-4). Spark came with v1.5.0, Pulsar with v1.6.0 and Spark_local with v1.7.1; until
v1.8.1 the key `backend` has no word for Spark_local with RabbitMQ. FATE-Flow 2.0 refuses to start with local files
(components.md section 0, fact 12); its own computing and storage take target `kubernetes`, as no chart has them
(FED626).

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, engine: {computing: Eggroll, federation: Pulsar, storage: Eggroll}}  # error: FED404
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
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, engine: {computing: Eggroll, federation: Eggroll, storage: Eggroll}}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from planner.diagnostics import Diagnostic, Fault, Place
from planner.engines import Triple, is_legal, triple_of
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests, offered_engines
from planner.model import Site
from planner.release_ranges import releases_with
from planner.releases import Release
from planner.subject import Subject, engine_triple

FAULT = Fault("FED404", "illegal_engine")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose release does not have its engine."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party in subject.federation.parties:
        release = subject.release(party)
        triple = None if release is None else triple_of(party, release)
        if release is None or triple is None or is_legal(triple, release):
            continue
        engines = "/".join(triple)
        legal = ["/".join(each) for each in _offered(party, release)]
        able = _releases_with(triple)
        hint = f"write {'one of ' if len(legal) > 1 else ''}{', '.join(legal)}" + (
            f", or use a release that has it ({able})" if able else ""
        )
        message = f"release {release.name} has no engine {engines}" if able else f"{engines} is no engine of FATE"
        yield party, Diagnostic(FAULT, message, Place((*party.path, "engine")), hint)


def _offered(party: Site, release: Release) -> Iterator[Triple]:
    """The engines that a party's target has for a release."""
    offered = offered_engines(release) if has_manifests(party) else ()
    engines = release.engines + release.own_engines if offered else release.engines
    for engine in engines:
        triple = engine_triple(engine)
        if triple is not None and (engine.name in offered or not offered):
            yield triple


@lru_cache(maxsize=64)
def _releases_with(triple: Triple) -> str:
    return releases_with(partial(is_legal, triple))
