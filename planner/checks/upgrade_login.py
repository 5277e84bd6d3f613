"""An upgrade looks for the tables in the wrong database.

When a version changes, KubeFATE's upgrade job changes FATE's tables. It logs in to the host `mysql` with `mysql.user`
and `mysql.password` of the cluster.yaml, even where the site has an external MySQL (reference: INV-DB-3;
v1.11.2:k8s-deploy/pkg/job/fate_upgrade_manager.go). So the job fails, and the update with it.

Example:

Party 9999 has an external MySQL and goes from v1.10.0 to v1.11.2: the job `fate-upgrade-manager` fails to connect.
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED426", "upgrade_login", Severity.WARNING)


def wrong(site: str, place: Place, before: str, after: str) -> Diagnostic:
    """Say that the upgrade job of `site` (a label) does not know its database."""
    return Diagnostic(
        FAULT,
        f"from {before} to {after}, the upgrade job of {site} logs in to its own MySQL and not to the external one",
        place,
        "run the SQL of the upgrade by hand, then install the site anew with the same database",
    )
