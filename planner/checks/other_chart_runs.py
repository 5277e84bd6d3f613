"""A release runs another chart, or another version of it, than is planned.

KubeFATE's service and Helm both call an update done whose chart is not the planned one: it was made by somebody else,
or put back.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED974]: Helm release fate-9999 runs chart fate v1.10.0, planned is fate v1.11.2
      hint: apply again; if it stays, look with `helm history fate-9999 --namespace fate-9999` who changes it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED974", "other_chart_runs")


def other_chart_runs(place: Place, namespace: str, name: str, runs: str, planned: str) -> Diagnostic:
    """Say which chart (name and version) a release runs, and which is planned."""
    message = f"Helm release {spoken(name)} runs chart {spoken(runs)}, planned is {spoken(planned)}"
    command = f"`helm history {spoken(name)} --namespace {spoken(namespace)}`"
    return Diagnostic(FAULT, message, place, f"apply again; if it stays, look with {command} who changes it")
