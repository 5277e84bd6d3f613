"""The target is not planned for by this version of fedplan.

It writes cluster.yaml files for KubeFATE's service (`kubefate`) or for Helm with the chart's values template
(`helm`), and for two releases of FATE, v1.11.2 and v2.0.0, Kubernetes manifests of its own (`kubernetes`). Targets
`docker` and `local` are words of the format that later versions will fill.

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
      - {id: 10000, cluster: shop, target: docker}  # error: FED602
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
      - {id: 10000, cluster: shop, target: helm}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests, offered_releases, offers_release
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED602", "unplanned_target")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every site whose target nothing is written for."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site in subject.federation.parties + subject.federation.exchanges:
        if site.target in {"kubefate", "helm"}:
            continue
        release = subject.release(site)
        message = f"this version of fedplan does not plan for target {site.target}"
        hint = "write `target: kubefate` or `target: helm`"
        if has_manifests(site):
            if release is None or offers_release(release):
                continue
            offered = offered_releases()
            message = f"target kubernetes is planned for {' and '.join(offered)}, and not for {release.name}"
            hint = f"use release {' or '.join(offered)}, or write `target: kubefate`"
        yield site, Diagnostic(FAULT, message, Place((*site.path, "target")), hint)
