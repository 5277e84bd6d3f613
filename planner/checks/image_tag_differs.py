"""The image tag is not the one that the chart was made for.

`imageTag` replaces the tag of all FATE images at once. A chart writes configuration for the code of its own release,
so images of another release may start and misunderstand it (reference: INV-IMG-2). A rebuilt image of the same
release is fine.

Bad:

    version: 1
    name: demo
    release: v1.8.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, imageTag: 1.7.2-release}  # warning: FED409
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}

Good:

    version: 1
    name: demo
    release: v1.8.0
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
      - {id: 10000, cluster: shop, imageTag: 1.8.0-release}
    defaults:
      credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.inheritance import told_once
from planner.kubernetes_target import has_manifests
from planner.model import Site
from planner.serving_release import serving_release
from planner.subject import Subject

FAULT = Fault("FED409", "image_tag_differs", Severity.WARNING)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield a warning for every image tag that differs from the release's own."""
    yield from told_once(_findings(subject))


def _findings(subject: Subject) -> Iterator[tuple[Site, Diagnostic]]:
    for site, release in subject.parties_first():
        serving = serving_release(site, release) if site.kind == "exchange" else None
        chart = release if serving is None else serving
        tag, version = chart.images.tag, release.chart.version if serving is None else serving.version
        if site.image_tag not in {None, tag} and (chart.has_image_tag or has_manifests(site)):
            what = f"release {release.name}" if has_manifests(site) else f"chart {version}"
            message = f"{what} is made for images {tag}, not {site.image_tag}"
            hint = f"remove imageTag, so that the images are {tag}"
            yield site, Diagnostic(FAULT, message, Place((*site.path, "imageTag")), hint)
