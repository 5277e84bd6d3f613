"""An upgrade leaves the data behind.

With v1.9.0 the charts' Deployments became StatefulSets, whose claims have other names. A site from before that keeps
its data in claims the chart made finds empty ones after the upgrade (reference: INV-UPG-2;
v1.11.2:docs/FATE_Upgrade.md). Claims that are named by `existingClaim` stay in use.

Example:

Party 9999 runs v1.8.0 with `persistence: {storageClass: standard}`, and federation.yaml now says v1.11.2. After the
update its MySQL is empty.
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED425", "upgrade_loses_data", Severity.WARNING)


def lost(site: str, place: Place, before: str, after: str) -> Diagnostic:
    """Say that the upgrade of `site` (a label) starts with empty volumes."""
    return Diagnostic(
        FAULT,
        f"from {before} to {after}, {site} gets new volumes, and its data stays in the old ones",
        place,
        "save MySQL and the data of eggroll or HDFS before, and restore them after the update",
    )
