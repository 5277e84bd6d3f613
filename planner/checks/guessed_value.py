"""A value that federation.yaml needs stands in none of the imported files.

A cluster.yaml does not say at which address its own site is reached: only those who dial it do. Where nobody does, a
placeholder is written that no machine can have (RFC 2606 reserves names under `.invalid`). A release may be missing
too. What was guessed must be looked at before the file is used.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:5:10: warning[FED714]: no file says at which address party 9999 is reached
      hint: write the address of cluster-9999 in federation.yaml, in the place of address-of-cluster-9999.invalid
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED714", "guessed_value", Severity.WARNING)


def guessed(message: str, place: Place, hint: str) -> Diagnostic:
    """Say what was guessed (a clause), and what to do about it."""
    return Diagnostic(FAULT, message, place, hint)
