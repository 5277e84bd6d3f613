"""A setting of an imported file cannot be said in federation.yaml.

The chart reads the key, but federation.yaml has no word for this value and does not let `overrides` set it: it
belongs to what the plan decides for all sites together. The plan goes without it, and the report's differences show
what it would write instead.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:52:9: warning[FED717]: party 9999: federation.yaml cannot say pulsar.type: ClusterIP
      hint: compare what would change before you apply the plan
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED717", "unspeakable_setting", Severity.WARNING)


def unspeakable(site: str, what: str, place: Place) -> Diagnostic:
    """Say that a setting of a site is lost on the way; `what` names the key, with its value where it is no secret."""
    message = f"{site}: federation.yaml cannot say {what}"
    return Diagnostic(FAULT, message, place, "compare what would change before you apply the plan")
