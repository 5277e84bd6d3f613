"""The target has nothing to deploy an engine, an exchange or a FATE-Serving with.

Target `kubernetes` writes manifests of its own: for v1.11.2 with every engine and exchange of that release, for v2.0.0
with Eggroll, Spark with RabbitMQ, and FATE-Flow's own computing and storage with RabbitMQ (`standalone_rabbitmq`), and
with the OSX exchange; FATE-Serving only in v2.1.6. KubeFATE's charts know no standalone engine (reference:
components.md section 4.3), so targets `kubefate` and `helm` do not have that one.

Bad:

    version: 1
    name: demo
    release: v2.0.0  # info: FED403
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, target: kubefate, engine: standalone_rabbitmq}  # error: FED626
    defaults:
      target: kubernetes
      engine: standalone_rabbitmq
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v2.0.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop}
    defaults:
      target: kubernetes
      engine: standalone_rabbitmq
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.inheritance import told_once
from planner.kubernetes_target import (
    SERVING,
    has_manifests,
    is_own,
    offered_engines,
    offered_exchanges,
    offers_release,
)
from planner.model import Site
from planner.releases import Release
from planner.serving_release import serving_release
from planner.subject import Subject, kind_of

FAULT = Fault("FED626", "without_manifests")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every engine, exchange and FATE-Serving that the site's target cannot deploy."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        if has_manifests(site) and not offers_release(release):
            continue  # FED602
        if site.kind == "party":
            yield from _engine(subject, site, release)
        elif has_manifests(site):
            yield from _exchange(subject, site, release)
        if has_manifests(site):
            yield from _serving(site, release)


def _engine(subject: Subject, party: Site, release: Release) -> Iterator[tuple[Site, Diagnostic]]:
    engine = subject.engine(party)
    if engine is None:
        return  # FED404
    place = Place((*party.path, "engine"))
    if has_manifests(party):
        offered = offered_engines(release)
        if engine.name not in offered:
            message = f"target kubernetes has no manifests for engine {engine.name} of {release.name}"
            hint = f"write one of {', '.join(offered)}, or `target: kubefate`"
            yield party, Diagnostic(FAULT, message, place, hint)
    elif is_own(engine, release) and party.target in {"kubefate", "helm"}:
        message = f"no chart of {release.name} deploys engine {engine.name}"
        notes = (Note(f"the target of {party.label} stands here", Place((*party.path, "target"))),)
        hint = "write `target: kubernetes`: fedplan then writes the manifests itself"
        yield party, Diagnostic(FAULT, message, place, hint, notes if "target" in party.given else ())


def _exchange(subject: Subject, exchange: Site, release: Release) -> Iterator[tuple[Site, Diagnostic]]:
    """Exchanges of a kind that the release has and the target has not; other kinds are FED606's."""
    kind, offered = kind_of(exchange, release, subject.topology), offered_exchanges(release)
    if kind in offered or not any(each.kind == kind for each in release.exchanges):
        return
    message = f"target kubernetes has no manifests for an exchange of kind {kind} of {release.name}"
    hint = f"write `kind: {offered[0]}` if its parties have that engine, or `target: kubefate`"
    yield exchange, Diagnostic(FAULT, message, Place((*exchange.path, "kind")), hint)


def _serving(site: Site, release: Release) -> Iterator[tuple[Site, Diagnostic]]:
    chart = serving_release(site, release)
    if chart is not None and chart.name != SERVING:
        message = f"target kubernetes has manifests for FATE-Serving {SERVING}, and not for {chart.name}"
        place = Place((*site.path, "serving", "release"))
        yield site, Diagnostic(FAULT, message, place, f"write {SERVING}, or leave `release` of serving out")
