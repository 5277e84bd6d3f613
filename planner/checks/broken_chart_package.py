"""A file is no package of a chart that KubeFATE's service can store.

A package is a `.tgz` of one folder with `Chart.yaml` in it, and with `values-template.yaml`, without which KubeFATE
cannot install a chart from a cluster.yaml. The service keeps these, `values.yaml` and `templates/` in its database, a
version in at most 32 characters (`k8s-deploy/pkg/modules/helm_chart.go`), and drops all else. It takes nearly anything
and fails later, when a cluster is installed, so a package is looked at before it is sent.

Example:

    $ invoke kubefate.charts --cluster bank --upload fate-v1.11.2.tgz
    fate-v1.11.2.tgz:1:1: error[FED948]: it is no package of a chart: it has no Chart.yaml
      hint: give the .tgz that `helm package` writes, or one of https://federatedai.github.io/KubeFATE
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED948", "broken_chart_package")


def broken_chart_package(place: Place, reason: str) -> Diagnostic:
    """Say why a file is no such package; `reason` is a clause."""
    hint = "give the .tgz that `helm package` writes, or one of https://federatedai.github.io/KubeFATE"
    return Diagnostic(FAULT, f"it is no package of a chart: {spoken(reason)}", place, hint)
