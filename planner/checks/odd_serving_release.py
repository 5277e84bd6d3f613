"""A party's FATE-Serving is of another generation than its FATE.

FATE-Flow loads models into its own serving-server, and serving-server fetches them from FATE-Flow; both sides changed
with FATE-Serving 2.0. KubeFATE's samples pair FATE 1.3 and 1.4 with FATE-Serving 1.2, and all later releases with 2.0
or 2.1. Another pair was never tried there.

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
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:REDIS_PASSWORD"}
        release: v1.2.4  # warning: FED503

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
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:REDIS_PASSWORD", admin: "env:ADMIN_PASSWORD"}
        release: v2.1.5
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.model import Site
from planner.releases import load_serving
from planner.serving_release import serving_release
from planner.subject import Subject

FAULT = Fault("FED503", "odd_serving_release", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose serving chart has another first number than the sample's."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for party, release in subject.parties_first():
        if party.kind != "party" or release.serving is None:
            continue
        chart, usual = serving_release(party, release), load_serving(release.serving)
        if chart is not None and usual is not None and chart.order[0] != usual.order[0]:
            message = (
                f"{party.label} runs FATE {release.fate} and FATE-Serving {chart.name}, which were never tried together"
            )
            place = Place((*party.path, "serving", "release"))
            yield party, Diagnostic(FAULT, message, place, f"write {usual.name}, or leave `release` of serving out")
