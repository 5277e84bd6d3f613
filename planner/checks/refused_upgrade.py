"""KubeFATE refuses to turn what is installed into what is planned.

`kubefate cluster update` keeps the chart, goes to a later version only, and changes the version only of a cluster that
has v1.7.2 or later (reference: INV-UPG-1; v1.11.2:k8s-deploy/pkg/job/fate_upgrade_manager.go). fedplan compares with
the plan that was applied before. Anything else means to remove the site and to install it anew.

Example:

Party 9999 was applied with release v1.6.1, and federation.yaml now says v1.11.2. The upgrade job has no scripts for
anything before v1.7.2, so the site has to be removed and installed anew.
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED424", "refused_upgrade", Severity.WARNING)


def refused(site: str, place: Place, why: str) -> Diagnostic:
    """Say that the upgrade of `site` (a label) is refused; `why` is a clause."""
    return Diagnostic(
        FAULT,
        f"KubeFATE refuses to update {site}: {why}",
        place,
        "keep its release, or save its data, remove the site and install it anew",
    )
