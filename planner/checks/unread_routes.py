"""The chart writes the routes of RabbitMQ or Pulsar to a place where FATE-Flow does not look.

In v2.0.0 FATE-Flow reads its route tables from `fate_flow/conf` only, and the chart copies them one folder up. So
FATE-Flow uses the sample tables of its image, whose addresses exist nowhere, and the data of every job is missing,
while nginx works (reference: components.md section 0, fact 12;
FATE-Flow@v2.0.0:python/fate_flow/controller/parser.py). The routes that fedplan writes and proves are right; they have
to be put in their place.

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
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar  # warning: FED620
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
      - {id: 10000, cluster: shop}
    defaults:
      engine: spark_pulsar
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.spark import spark_parties
from planner.subject import Subject

FAULT = Fault("FED620", "unread_routes", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one finding for the federation, at the first party whose routes are written in vain."""
    for party, release, engine in spark_parties(subject):
        if f"{engine.broker}.route_table" in release.unread and party.target in {"kubefate", "helm"}:
            if engine in release.own_engines:
                continue  # FED626: no chart deploys it
            table = f"{engine.broker}_route_table.yaml"
            yield Diagnostic(
                FAULT,
                f"chart {release.chart.version} puts {table} of {party.label} where FATE-Flow does not look",
                Place((*party.path, "engine")),
                f"after installing, mount ConfigMap {engine.broker}-route-table at fate_flow/conf/{table} in "
                "StatefulSet python, or use v1.11.2",
            )
            return
