"""Parties that serve together run different versions of FATE-Serving.

The proxies ask each other in a protocol of FATE-Serving's own, and a model that one side loaded is looked up by the
other by the same name and version. FATE-Serving is numbered apart from FATE, and only the last number may differ
without thought: 2.0 brought the registry, 2.1 another way of naming models (FATE-Flow issue 157).

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
      - {id: 10000, cluster: shop, serving: {release: v2.0.4}}  # warning: FED502
    defaults:
      persistence: {storageClass: standard}
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
      serving:
        credentials: {redis: "env:REDIS_PASSWORD", admin: "env:ADMIN_PASSWORD"}

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
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity
from planner.model import Site
from planner.partners import differing, grouped
from planner.serving_release import serving_release
from planner.subject import Subject

FAULT = Fault("FED502", "serving_releases_differ", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every party whose FATE-Serving is of another line than that of most it serves with."""
    names: dict[int, str] = {}
    lines: dict[int, tuple[int, int]] = {}
    for party in subject.serving.federation.parties:
        release = subject.release(party)
        chart = None if release is None else serving_release(party, release)
        if party.id is not None and chart is not None:
            names[party.id], lines[party.id] = chart.name, chart.order[:2]
    if len(set(lines.values())) < 2:  # noqa: PLR2004 - all are alike
        return
    by_group = grouped(subject.serving, lines)
    most = {group: max(found, key=lambda line: (len(found[line]), line)) for group, found in by_group.items() if found}
    for party in subject.serving.federation.parties:
        key = party.id or 0
        groups = subject.serving.groups_of.get(key, ())
        if key not in lines or all(most[group] == lines[key] for group in groups):
            continue
        partner = differing(party, subject.serving, lines, by_group)
        if partner is not None:
            yield _finding(party, subject.serving.sites[partner], names)


def _finding(party: Site, partner: Site, names: dict[int, str]) -> Diagnostic:
    mine, theirs = names[party.id or 0], names[partner.id or 0]
    return Diagnostic(
        FAULT,
        f"{party.label} serves with FATE-Serving {mine}, and {partner.label} with {theirs}",
        Place((*party.path, "serving"), on_key=True),
        f"write `serving: {{release: {theirs}}}` for both",
        (Note(f"{partner.label} is declared here", Place(partner.path)),),
    )
