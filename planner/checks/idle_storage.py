"""A volume is described, and the site keeps no data.

Storage class, size and claim of a component take effect only with `persistence`. Without it the chart gives the
component a directory that is gone with its pod, whatever `storage` says (reference: cluster-yaml.md section 4.1).

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
        components:
          mysql:
            storage: {size: 5Gi}  # warning: FED416
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
        persistence: {storageClass: standard}
        components:
          mysql:
            storage: {size: 5Gi}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.chart_keys import module_of
from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests, offers_setting
from planner.model import Site
from planner.serving_release import serving_modules
from planner.subject import Subject

FAULT = Fault("FED416", "idle_storage", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every volume of a party, or of a serving exchange, without persistence."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        serving = site.serving
        if not site.persistence and (site.kind == "party" or serving is not None):
            yield from _idle(site, site.components, subject.modules(site), ())
        if serving is not None and not serving.persistence:
            yield from _idle(site, serving.components, serving_modules(site, release), ("serving",))


def _idle(
    site: Site, components: Mapping[str, Mapping[str, Any]], modules: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[tuple[Site, Diagnostic]]:
    """Volumes of one of a site's clusters, which keeps no data."""
    for component, settings in components.items():
        if has_manifests(site) and not offers_setting(component, "storage", settings.get("storage")):
            continue  # FED627
        if "storage" in settings and module_of(component) in modules:
            place = Place((*site.path, *above, "components", component, "storage"), on_key=True)
            message = f"{site.label} describes a volume for {component} and keeps no data"
            hint = f"add `{'serving: {persistence: true}' if above else 'persistence: true'}`, or delete storage"
            yield site, Diagnostic(FAULT, message, place, hint)
