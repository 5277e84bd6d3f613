"""KubeFATE's service does not have the chart, and cannot download it.

The service takes charts from its own store, else from the repository it was set up with
(https://federatedai.github.io/KubeFATE). Some charts were never published there, and a service behind a firewall
reaches no repository: then a package must be uploaded once. `charts` of the site, or `--charts` of apply, names a
package on disk that apply uploads by itself.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED937]: KubeFATE's service on bank has no chart fate v2.0.0, which was never published
      hint: upload its package: `invoke kubefate.charts --upload fate-v2.0.0.tgz`, or `--charts` it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED937", "chart_not_at_service")


def chart_not_at_service(place: Place, cluster: str, chart: str, version: str, reason: str) -> Diagnostic:
    """Say why the service of a cluster cannot have a chart (a clause after a comma)."""
    message = f"KubeFATE's service on {cluster} has no chart {chart} {version}, {spoken(reason)}"
    package = f"{chart}-{version}.tgz"
    hint = f"upload its package: `invoke kubefate.charts --upload {package}`, or `--charts` it"
    return Diagnostic(FAULT, message, place, hint)
