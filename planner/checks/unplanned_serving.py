"""FATE-Serving is asked for where no chart deploys it.

FATE-Serving has a chart of its own, fate-serving, whose versions are numbered after FATE-Serving and not after FATE.
KubeFATE published seven of them. Without `serving: {release: ...}` a party has the one that KubeFATE's samples show
beside its release (v2.1.6 beside v1.9.0 and later). The kube.cfg of v1.2.0 and v1.3.0 deploys none.

Bad:

    version: 1
    name: demo
    release: v1.11.2
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank, serving: {release: v1.11.2}}  # error: FED605
      - {id: 10000, cluster: shop, serving: {}}
    defaults:
      serving: {credentials: {redis: "env:FATE_REDIS_PASSWORD", admin: "env:FATE_SERVING_ADMIN_PASSWORD"}}
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
      - {id: 9999, cluster: bank, serving: {release: v2.1.6}}
      - {id: 10000, cluster: shop, serving: {}}
    defaults:
      serving: {credentials: {redis: "env:FATE_REDIS_PASSWORD", admin: "env:FATE_SERVING_ADMIN_PASSWORD"}}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.model import Site
from planner.releases import FATE_SERVING, SERVING_NAMES, load_serving
from planner.subject import Subject

FAULT = Fault("FED605", "unplanned_serving")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site whose FATE-Serving no published chart deploys."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        if site.serving is None:
            continue
        version = site.serving.release
        if release.is_scripted:
            if site.kind == "party":  # of an exchange, its kind is told (FED606)
                message = f"kube.cfg of {release.name} deploys no FATE-Serving"
                place = Place((*site.path, "serving"), on_key=True)
                yield site, Diagnostic(FAULT, message, place, "remove `serving`")
        elif version is not None and load_serving(version) is None:
            message = f"chart {FATE_SERVING} was never published in version {version}"
            place = Place((*site.path, "serving", "release"))
            yield site, Diagnostic(FAULT, message, place, f"write one of {', '.join(SERVING_NAMES)}")
