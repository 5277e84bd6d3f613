"""The chart of the release is in no public repository.

KubeFATE's repository of charts ends with v1.11.2. Chart fate v2.0.0 exists in the source tree only, at the tag v2.0.0
(reference: INV-VER-1, KubeFATE issues 926 and 935), so KubeFATE's service cannot fetch it and has to be given it
before the first site is applied. Nothing in federation.yaml is wrong; this only says what has to be done outside it.

Bad:

    version: 1
    name: demo
    release: v2.0.0  # info: FED403
    topology: mesh
    clusters:
      - {name: bank, address: 192.168.9.1}
      - {name: shop, address: 192.168.10.1}
    parties:
      - {id: 9999, cluster: bank}
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

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.subject import Subject

FAULT = Fault("FED403", "unpublished_chart", Severity.INFO)


def check(subject: Subject) -> Iterator[Diagnostic]:
    """Yield one remark for the first party whose chart has to be uploaded by hand; scripts make their own."""
    for site, release in subject.known_sites():
        if release.is_scripted or release.chart.published:
            continue
        if site.kind == "party" and site.target in {"kubefate", "helm"}:
            chart = f"{release.chart.name} {release.chart.version}"
            upload = " and upload it with `kubefate chart upload -f`" if site.target == "kubefate" else ""
            yield Diagnostic(
                FAULT,
                f"chart {chart} is in no public repository",
                Place((*site.path, "release") if "release" in site.given else ("release",)),
                f"package helm-charts/FATE of KubeFATE's tag {release.chart.git_tag} with `helm package`{upload}",
            )
            return
