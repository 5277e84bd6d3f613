"""A route names a Service that only pods of one Kubernetes cluster can find.

Names such as `rollsite.fate-10000` work between namespaces of one cluster and nowhere else (INV-PORT-5). Import takes
both sites to be on one cluster.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:22:9: info[FED729]: party 9999 dials exchange exchange at proxy.fate-10000, inside one cluster
      hint: if they are on different clusters, give the site's address there
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED729", "inside_name", Severity.INFO)


def inside(site: str, other: str, host: str, place: Place) -> Diagnostic:
    """Say at which name of the cluster a site dials another (labels)."""
    message = f"{site} dials {other} at {host}, inside one cluster"
    return Diagnostic(FAULT, message, place, "if they are on different clusters, give the site's address there")
