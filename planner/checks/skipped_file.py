"""A file in an imported folder is none of KubeFATE's and was left out.

A folder may hold more than KubeFATE's files. Whatever is YAML and no cluster.yaml is named once, so that a file that
should have been imported is not missed.

Example:

    $ invoke import --path deployments
    deployments/ingress.yaml:1:1: info[FED711]: "ingress.yaml" is no cluster.yaml and was left out
      hint: nothing is to be done, unless it should be one: then it needs partyId and modules
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED711", "skipped_file", Severity.INFO)


def skipped(name: str, place: Place) -> Diagnostic:
    """Say that a file was left out; `name` is quoted."""
    hint = "nothing is to be done, unless it should be one: then it needs partyId and modules"
    return Diagnostic(FAULT, f"{name} is no cluster.yaml and was left out", place, hint)
