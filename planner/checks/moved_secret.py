"""A secret of an imported file became a reference.

Secrets never stand in federation.yaml. In its place is a reference to an environment variable, which whoever applies
the plan has to set to the value that stands in the imported file. The value itself is not shown anywhere.

Example:

    $ invoke import --path a.yaml
    a.yaml:63:13: info[FED718]: party 9999: mysql.password is a secret: env:FATE_9999_MYSQL_PASSWORD stands for it
      hint: set FATE_9999_MYSQL_PASSWORD to the value that stands here, wherever the plan is applied
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED718", "moved_secret", Severity.INFO)


def moved(site: str, key: str, reference: str, place: Place) -> Diagnostic:
    """Say which reference stands for the secret at `key`."""
    message = f"{site}: {key} is a secret: {reference} stands for it"
    hint = f"set {reference.removeprefix('env:')} to the value that stands here, wherever the plan is applied"
    return Diagnostic(FAULT, message, place, hint)
