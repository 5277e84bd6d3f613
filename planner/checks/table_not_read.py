"""A router runs with another route table than the cluster has.

Kubernetes brings a changed ConfigMap into the folder of a pod that runs within two minutes, and never into a file that
is mounted by itself. So a pod of an old chart, or one whose node lags behind, keeps the table that it found when it was
started, whatever the ConfigMap says today. Traffic Server reads its table when it starts and never again.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED990]: pod rollsite-0 has another route_table.json than ConfigMap rollsite-config
      hint: start it again, it then finds the table of today: `kubectl --namespace fate-9999 delete pod rollsite-0`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED990", "table_not_read")


def table_not_read(place: Place, namespace: str, pod: str, failure: str) -> Diagnostic:
    """Say of a pod what it has of its table: `has another route_table.json than ConfigMap rollsite-config`."""
    command = f"`kubectl --namespace {spoken(namespace)} delete pod {spoken(pod)}`"
    hint = f"start it again, it then finds the table of today: {command}"
    return Diagnostic(FAULT, f"pod {spoken(pod)} {spoken(failure)}", place, hint)
