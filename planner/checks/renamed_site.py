"""An exchange gets another name than it has.

federation.yaml makes the name of an exchange's KubeFATE cluster from the exchange's own: `fate-<name>`. One that is
called differently would be installed a second time beside the one that runs.

Example:

    $ invoke import --path hub.yaml
    hub.yaml:1:7: warning[FED716]: exchange hub runs as "hub" and would be planned as "fate-hub"
      hint: remove the one that runs before you apply the plan
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED716", "renamed_site", Severity.WARNING)


def renamed(site: str, old: str, new: str, place: Place) -> Diagnostic:
    """Say that a site would have another name; `old` and `new` are quoted."""
    message = f"{site} runs as {old} and would be planned as {new}"
    return Diagnostic(FAULT, message, place, "remove the one that runs before you apply the plan")
