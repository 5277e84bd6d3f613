"""The list of modules does not fit the engine.

KubeFATE's chart silently leaves out modules that are not listed and ignores names it does not know, so a wrong list
gives a party that is installed and does not work: without clustermanager, rollsite has no configuration (reference:
INV-EGG-8); rollsite and lbrollsite create the same objects (INV-EGG-9); without MySQL nothing starts, and beside an
external one the chart's own must be left out (INV-VER-3, INV-DB-1). Without `modules`, fedplan deploys all that the
engine has.

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

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.releases import Engine, Release
from planner.subject import Subject

FAULT = Fault("FED405", "wrong_modules")
_BALANCER: Final = "lbrollsite"
_OF_SPARK: Final = frozenset({"spark", "hdfs", "nginx", "rabbitmq", "pulsar"})
"""Modules that the chart has for the Spark engines (cluster-yaml.md section 2)."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every module that must not stand in a list, and one for all that are missing in it."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party in subject.federation.parties:
        release, engine = subject.release(party), subject.engine(party)
        if party.modules is None or release is None or engine is None:
            continue
        balances = party.id is not None and len(subject.topology.exchange_of(party.id)) > 1
        router = _BALANCER if balances and release.has_load_balancing else engine.module
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
    return module == router and party.modules is not None and bool({"rollsite", _BALANCER, "osx"} & {*party.modules})


def _judged(
    party: Site, index: int, module: str, engine: Engine, router: str, wanted: Sequence[str], release: Release
) -> Diagnostic | None:
    """What is wrong with one module of a list; None where it belongs there."""
    if module in wanted:
        return None
    place = Place((*party.path, "modules", index))
    notes: tuple[Note, ...] = ()
    if module == "mysql":
        message, hint = "module mysql is deployed beside an external MySQL", "remove mysql here, or the key `mysql`"
        notes = (Note("the external MySQL stands here", Place((*party.path, "mysql"), on_key=True)),)
    elif module in {"rollsite", _BALANCER, "osx"} and router in (party.modules or ()):
        both = {module, router} == {"rollsite", _BALANCER}
        message = (
            f"{module} and {router} create the same objects" if both else f"release {release.name} routes with {router}"
        )
        hint = f"remove {module}"
    elif module in {"rollsite", _BALANCER, "osx"}:
        why = "through several exchanges" if router == _BALANCER else f"in release {release.name}"
        if module == _BALANCER and release.has_load_balancing:
            why = "unless it balances its load over several exchanges"
        message, hint = f"a party routes with {router} {why}", f"write {router} instead of {module}"
    elif module in _OF_SPARK and release.kind("fate", module) == "keys":
        message, hint = f"engine {engine.name} has no module {module}", f"remove {module}"
    else:
        message = f"chart {release.chart.name} {release.chart.version} has no module {module}"
        near = _near(module, wanted, party)
        hint = f"did you mean {near}?" if near else f"remove it; there are {', '.join(wanted)}"
    return Diagnostic(FAULT, message, place, hint, notes)


def _near(module: str, wanted: Sequence[str], party: Site) -> str | None:
    """The module that a misspelt name most likely means, if the list does not have it anyway."""
    absent = [each for each in wanted if each not in (party.modules or ())]
    return next(iter(get_close_matches(module, absent, n=1)), None)


def _missing(party: Site, missing: Sequence[str], engine: Engine, release: Release) -> Diagnostic:
    names = " and ".join(missing)
    hint = f"add {names}, or remove the list to deploy all modules"
    if "mysql" in missing and release.has_external_mysql:
        hint = f"add {names}, or describe an external MySQL under `mysql`"
    message = f"the list lacks {names}, which engine {engine.name} needs"
    return Diagnostic(FAULT, message, Place((*party.path, "modules"), on_key=True), hint)
