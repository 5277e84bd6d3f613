"""Data is to be kept, and RabbitMQ's is not.

The chart gives RabbitMQ a directory that goes with the pod, whatever `persistence` says, and has no key to change it
(reference: INV-RMQ-5). When the pod moves or restarts, the messages of running jobs are gone and the jobs must be run
again. What finished jobs left behind is in MySQL and HDFS, and is kept.

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
      - {id: 10000, cluster: shop}
    defaults:
      persistence: {storageClass: standard}  # info: FED423
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

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.kubernetes_target import has_manifests
from planner.spark import spark_parties
from planner.subject import Subject

FAULT = Fault("FED423", "rabbitmq_not_kept", Severity.INFO)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one remark for the federation, at the first party with RabbitMQ that keeps its data."""
    for party, _, engine in spark_parties(subject):
        if engine.broker == "rabbitmq" and party.persistence and not has_manifests(party):
            yield Diagnostic(
                FAULT,
                f"RabbitMQ of {party.label} keeps no data even with persistence: the chart gives it no volume",
                Place((*party.path, "persistence")),
                "run jobs again that a restart of RabbitMQ cut off; nothing else is lost",
            )
            return
