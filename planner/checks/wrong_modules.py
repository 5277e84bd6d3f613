"""The list of modules does not fit the engine.

KubeFATE's chart silently leaves out modules that are not listed and ignores names it does not know, so a wrong list
gives a party that is installed and does not work: without clustermanager, rollsite has no configuration (reference:
INV-EGG-8); rollsite and lbrollsite create the same objects (INV-EGG-9); without MySQL nothing starts, and beside an
external one the chart's own must be left out (INV-VER-3, INV-DB-1). From chart fate-serving v2.0.4 on, nothing of
FATE-Serving starts without servingZookeeper (INV-SRV-5). Without `modules`, fedplan deploys all that the engine has.

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
      - id: 10000
        cluster: shop
        modules: [rollsite, clustermanager, nodemanger, nodemanager, mysql, python]  # error: FED405
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
      - id: 10000
        cluster: shop
        modules: [rollsite, clustermanager, nodemanager, mysql, python]
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from planner.diagnostics import Append, Diagnostic, Edit, Fault, Note, Place, SetValue
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.near_misses import near_miss
from planner.releases import Engine, Release
from planner.serving_release import serving_release
from planner.subject import Subject

FAULT = Fault(
    "FED405", "wrong_modules", mended="a module that is nearly another one gets its name; what is missing is added"
)
_BALANCER: Final = "lbrollsite"
_ROUTERS: Final = frozenset({"rollsite", _BALANCER, "osx", "proxy"})
"""Modules of which an Eggroll party has exactly one."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every module that must not stand in a list, and one for all that are missing in it."""
    yield from told_once(_findings(subject))
    yield from told_once(_of_serving(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party in subject.federation.parties:
        release, engine = subject.release(party), subject.engine(party)
        if party.modules is None or release is None or engine is None:
            continue
        balances = party.id is not None and len(subject.topology.exchange_of(party.id)) > 1
        router = engine.module
        if balances and release.has_load_balancing and engine.broker is None:
            router = _BALANCER
        wanted = tuple(router if module == engine.module else module for module in engine.required)
        if party.mysql is not None:
            wanted = tuple(module for module in wanted if module != "mysql")
        for index, module in enumerate(party.modules):
            finding = _judged(party, index, module, engine, router, (*wanted, *engine.optional), release)
            if finding is not None:
                yield party, finding
        missing = [module for module in wanted if module not in party.modules and not _replaced(module, router, party)]
        misspelt = {_near(module, wanted, party) for module in party.modules if module not in wanted}
        missing = [module for module in missing if module not in misspelt]
        if missing:
            yield party, _missing(party, missing, engine, release)


def _replaced(module: str, router: str, party: Site) -> bool:
    """Whether a missing router was reported already, where the other one stands in its place."""
    return module == router and party.modules is not None and not _ROUTERS.isdisjoint(party.modules)


def _judged(
    party: Site, index: int, module: str, engine: Engine, router: str, wanted: Sequence[str], release: Release
) -> Diagnostic | None:
    """What is wrong with one module of a list; None where it belongs there."""
    if module in wanted:
        return None
    place = Place((*party.path, "modules", index))
    notes: tuple[Note, ...] = ()
    fix: tuple[Edit, ...] = ()
    if module == "mysql":
        message, hint = "module mysql is deployed beside an external MySQL", "remove mysql here, or the key `mysql`"
        notes = (Note("the external MySQL stands here", Place((*party.path, "mysql"), on_key=True)),)
    elif module in _ROUTERS and engine.broker is None and router in (party.modules or ()):
        both = {module, router} == {"rollsite", _BALANCER}
        message = (
            f"{module} and {router} create the same objects" if both else f"release {release.name} routes with {router}"
        )
        hint = f"remove {module}"
    elif module in _ROUTERS and engine.broker is None:
        why = "through several exchanges" if router == _BALANCER else f"in release {release.name}"
        if module == _BALANCER and release.has_load_balancing:
            why = "unless it balances its load over several exchanges"
        message, hint = f"a party routes with {router} {why}", f"write {router} instead of {module}"
    elif module in _of_other_engines(release):
        message, hint = f"engine {engine.name} has no module {module}", f"remove {module}"
    else:
        chart = "target kubernetes" if has_manifests(party) else f"chart {release.chart.name} {release.chart.version}"
        message = f"{chart} has no module {module}"
        near = _near(module, wanted, party)
        hint = f"did you mean {near}?" if near else f"remove it; there are {', '.join(wanted)}"
        if near and near_miss(module, wanted, party.modules or ()) == near:
            fix = (SetValue(place.path, near),)
    return Diagnostic(FAULT, message, place, hint, notes, fix)


def _of_other_engines(release: Release) -> frozenset[str]:
    """The modules that a release's chart has for any engine."""
    balancer = (_BALANCER,) if release.has_load_balancing else ()
    return frozenset(balancer).union(*(engine.modules for engine in release.engines + release.own_engines))


def _near(module: str, wanted: Sequence[str], party: Site) -> str | None:
    """The module that a misspelt name most likely means, if the list does not have it anyway."""
    absent = [each for each in wanted if each not in (party.modules or ())]
    return next(iter(get_close_matches(module, absent, n=1)), None)


def _missing(party: Site, missing: Sequence[str], engine: Engine, release: Release) -> Diagnostic:
    names = " and ".join(missing)
    path = (*party.path, "modules")
    hint = f"add {names}, or remove the list to deploy all modules"
    fix = tuple(Append(path, module) for module in missing)
    if "mysql" in missing and release.has_external_mysql:
        hint = f"add {names}, or describe an external MySQL under `mysql`"
        fix = ()
    message = f"the list lacks {names}, which engine {engine.name} needs"
    return Diagnostic(FAULT, message, Place(path, on_key=True), hint, fix=fix)


def _of_serving(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    """The same of a party's FATE-Serving."""
    for party, release in subject.parties_first():
        chart, serving = serving_release(party, release), party.serving
        if chart is None or serving is None or serving.modules is None:
            continue
        path = (*party.path, "serving", "modules")
        wanted = [each for each in chart.required if each != "servingRedis" or serving.redis is None]
        allowed = (*wanted, *chart.optional)
        misspelt = set()
        for index, module in enumerate(serving.modules):
            if module in allowed:
                continue
            place = Place((*path, index))
            if module == "servingRedis":
                note = Note("the external Redis stands here", Place((*path[:-1], "redis"), on_key=True))
                message = "module servingRedis is deployed beside an external Redis"
                yield party, Diagnostic(FAULT, message, place, "remove it here, or the key `redis`", (note,))
                continue
            absent = [each for each in allowed if each not in serving.modules]
            near = next(iter(get_close_matches(module, absent, n=1)), None)
            misspelt.add(near)
            what = f"FATE-Serving {chart.name}" if has_manifests(party) else f"chart {chart.chart} {chart.version}"
            message = f"{what} has no module {module}"
            hint = f"did you mean {near}?" if near else f"remove it; there are {', '.join(allowed)}"
            meant = near is not None and near_miss(module, allowed, serving.modules) == near
            fix: tuple[Edit, ...] = (SetValue(place.path, near),) if meant and near is not None else ()
            yield party, Diagnostic(FAULT, message, place, hint, fix=fix)
        missing = [each for each in wanted if each not in serving.modules and each not in misspelt]
        if missing:
            names = " and ".join(missing)
            hint = f"add {names}, or remove the list to deploy all modules"
            fix = tuple(Append(path, module) for module in missing)
            if "servingRedis" in missing:
                hint, fix = f"add {names}, or describe an external Redis under `redis`", ()
            message = f"the list lacks {names}, which FATE-Serving of {chart.chart} {chart.version} needs"
            yield party, Diagnostic(FAULT, message, Place(path, on_key=True), hint, fix=fix)
