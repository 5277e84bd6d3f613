"""Somebody else set a field that the plan sets.

Kubernetes remembers who set each field (server-side apply). An operator with `kubectl edit`, an autoscaler or another
tool has set this one to another value. Taking it back silently would undo somebody's work, so apply shows every such
field and writes nothing. `--force-conflicts` takes them.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED908]: kubectl-edit set spec.replicas of Deployment fate-9999/python to 0, planned is 1
      hint: take it with --force-conflicts, or write what is wanted in federation.yaml and plan again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED908", "field_conflict")


def field_conflict(place: Place, what: str, field: str, manager: str, live: str, planned: str) -> Diagnostic:
    """Say who set which field of an object to what (`live`); both values are empty where they must not be shown."""
    message = f"{spoken(manager)} set {spoken(field)} of {spoken(what)}"
    if live or planned:
        message += f" to {spoken(live) or 'nothing'}, planned is {spoken(planned) or 'nothing'}"
    hint = "take it with --force-conflicts, or write what is wanted in federation.yaml and plan again"
    return Diagnostic(FAULT, message, place, hint)
