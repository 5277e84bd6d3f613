"""What runs differs from what was applied.

Somebody changed an object of the site in the cluster, or took it away, since it was applied. Each field is named with
both values, with who set it and when, as the cluster remembers it. The next apply sets it right, unless another field
manager has the field: then it asks first (FED908).

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: warning[FED918]: spec.replicas of Deployment fate-9999/python is 0, applied was 1
      note: set by kubectl-edit on 2026-03-01 12:04 UTC
      hint: set it right with `invoke apply --party 9999`, or write what is wanted in federation.yaml and plan again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity
from planner.wording import option, spoken

FAULT = Fault("FED918", "drifted", Severity.WARNING)


def drifted(
    place: Place, what: str, field: str, live: str, applied: str, site: str, manager: str = "", when: str = ""
) -> Diagnostic:
    """Say which field of an object differs; both values are empty where they must not be shown."""
    message = f"{spoken(field)} of {spoken(what)} differs from what was applied"
    if live or applied:
        message = (
            f"{spoken(field)} of {spoken(what)} is {spoken(live) or 'gone'}, applied was {spoken(applied) or 'nothing'}"
        )
    on = f" on {spoken(when)}" if when else ""
    notes = (Note(f"set by {spoken(manager)}{on}"),) if manager else ()
    return Diagnostic(FAULT, message, place, _hint(site), notes)


def vanished(place: Place, what: str, site: str) -> Diagnostic:
    """Say that an object that was applied is no longer there."""
    return Diagnostic(FAULT, f"{spoken(what)} was applied and is gone", place, _hint(site))


def _hint(site: str) -> str:
    return f"set it right with `invoke apply {option(site)}`, or write what is wanted in federation.yaml and plan again"
