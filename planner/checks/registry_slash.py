"""The registry ends with a slash where it must not, or lacks one where it must.

Up to v1.11.2 the chart puts a slash between registry and image name, in v2.0.0 it puts nothing (reference:
INV-IMG-1). One slash too many or too few gives image names that no registry has, and every pod waits in
ImagePullBackOff.

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
      registry: harbor.example.com/federatedai/  # error: FED408
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
      registry: harbor.example.com/federatedai
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, SetValue
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.subject import Subject

FAULT = Fault("FED408", "registry_slash", mended="the slash is written or taken away, as the release wants it")


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a finding for every registry that the release's chart would join wrongly with the image names."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        wanted = release.registry_must_end_with_slash
        if site.registry and not has_manifests(site) and site.registry.endswith("/") != wanted:
            right = site.registry.rstrip("/") + ("/" if wanted else "")
            must = "must end with a slash" if wanted else "must not end with a slash"
            path = (*site.path, "registry")
            message = f"in release {release.name} a registry {must}"
            yield site, Diagnostic(FAULT, message, Place(path), f"write {right}", fix=(SetValue(path, right),))
