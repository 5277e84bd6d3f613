"""FATE-Flow is to log in to RabbitMQ by another name than RabbitMQ knows.

The charts start RabbitMQ with user and password `fate`, whatever is written; the keys under `rabbitmq` that look as if
they changed it are never used (FED412). `python.rabbitmq` does change what FATE-Flow tells the broker, and then the
broker refuses it (reference: INV-RMQ-3; v1.11.2:helm-charts/FATE/templates/backends/spark/rabbitmq/deployment.yaml).

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
        overrides:
          python: {rabbitmq: {user: shop}}  # error: FED625
    defaults:
      engine: spark_rabbitmq
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
      engine: spark_rabbitmq
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.overrides import value_at
from planner.spark import spark_parties
from planner.subject import Subject

FAULT = Fault("FED625", "rabbitmq_login")
FIXED: Final = "fate"
"""User and password that the charts start RabbitMQ with."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every login under overrides that is not the broker's."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, _, engine in spark_parties(subject):
        if engine.broker != "rabbitmq" or has_manifests(party):
            continue
        for key in ("user", "password"):
            path = ("python", "rabbitmq", key)
            value = value_at(party.overrides, path)
            if value is not None and value != FIXED:
                place = Place((*party.path, "overrides", *path), secret=key == "password")
                message = f"RabbitMQ of {party.label} knows {FIXED} only, and FATE-Flow is to tell it another {key}"
                hint = f"remove python.rabbitmq.{key}, and let only the peers' addresses reach RabbitMQ's port"
                yield party, Diagnostic(FAULT, message, place, hint)
