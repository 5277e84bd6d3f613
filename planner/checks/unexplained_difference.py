"""What would be planned is not what was imported, and nothing explains why.

After an import, the plan of the new federation.yaml is held against the imported files, value by value. Each
difference has a reason: a key that no template reads, a default of the chart, a secret, a mistake that was corrected.
One without a reason is a gap in the import itself.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:52:9: error[FED720]: party 9999: python.logLevel would be INFO instead of DEBUG
      hint: correct federation.yaml by hand, and report it as a bug of fedplan with the two values
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED720", "unexplained_difference")


def unexplained(site: str, what: str, place: Place) -> Diagnostic:
    """Say what would differ at a site; `what` is a clause."""
    hint = "correct federation.yaml by hand, and report it as a bug of fedplan with the two values"
    return Diagnostic(FAULT, f"{site}: {what}", place, hint)
