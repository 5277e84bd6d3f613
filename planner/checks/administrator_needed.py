"""Something must be in the cluster first, and neither KubeFATE's service nor this operator can make it.

The service makes no namespaces and no Secrets (reference: service-api.md section 6.1, INV-NS-2). With a context of a
kubeconfig apply makes the namespace itself and looks whether the Secrets are there; without one it only knows which
namespaces the service sees. The commands are for the cluster's administrator, with the quota that the plan needs at
least. Where a namespace exists, what else is needed in it cannot be seen and is told as a remark of `plan`.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED939]: namespace fate-9999 is not on bank, and KubeFATE's service makes none
      hint: ask the cluster's administrator for it, with these commands, then run this again
"""

from __future__ import annotations

from collections.abc import Sequence

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED939", "administrator_needed")


def administrator_needed(place: Place, cluster: str, namespace: str, commands: Sequence[str]) -> Diagnostic:
    """Say that a namespace is missing on a cluster, with the commands that make it and what is needed in it."""
    message = f"namespace {namespace} is not on {cluster}, and KubeFATE's service makes none"
    hint = "ask the cluster's administrator for it, with these commands, then run this again"
    return Diagnostic(FAULT, message, place, hint, tuple(Note(command) for command in commands))
