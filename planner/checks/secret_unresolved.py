"""A secret that the plan refers to has no value here.

federation.yaml and `out/` hold references (`env:NAME`, `file:PATH`, `secret:namespace/name#key`). Apply looks their
values up on the machine where it runs, before anything is written. Where one cannot be found, nothing of the site is
written.

Example:

    $ invoke apply --party 9999
    federation.yaml:10:25: error[FED913]: env:FATE_MYSQL_PASSWORD has no value: the variable is not set
      hint: set FATE_MYSQL_PASSWORD in the environment of apply
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED913", "secret_unresolved")


def secret_unresolved(place: Place, reference: str, reason: str) -> Diagnostic:
    """Say which reference has no value, and why; the value of none is ever shown."""
    kind, _, name = reference.partition(":")
    hints = {
        "env": f"set {spoken(name)} in the environment of apply",
        "file": f"put the secret into {spoken(name)} on the machine where apply runs",
        "secret": f"make Secret {spoken(name.partition('#')[0])} with key {spoken(name.partition('#')[2])} first",
    }
    message = f"{spoken(reference)} has no value: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, hints.get(kind, "give the reference a value"))
