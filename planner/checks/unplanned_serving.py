"""FATE-Serving is not planned by this version of fedplan.

The key `serving` is part of the format, so that files need not change later, but nothing is written for it yet. A
party's training is planned without it; install FATE-Serving by hand, as KubeFATE's sample cluster-serving.yaml shows.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, serving: {release: v2.1.6}}  # error: FED605
      - {id: 10000, cluster: shop}
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
      - {id: 10000, cluster: shop}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.subject import Subject

FAULT = Fault("FED605", "unplanned_serving")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party that asks for FATE-Serving."""
    message = "this version of fedplan does not plan FATE-Serving"
    yield from told_once(
        (party, Diagnostic(FAULT, message, Place((*party.path, "serving"), on_key=True), "remove `serving`"))
        for party in subject.federation.parties
        if party.serving is not None
    )
