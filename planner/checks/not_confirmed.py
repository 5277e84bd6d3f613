"""It could not be seen whether a change took effect.

A success of Helm or of KubeFATE's service proves little: it may come before anything has started, and a change of
configuration alone restarts nothing. fedplan looks at the cluster itself; here the operator's login may not look, or
the cluster does not tell.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED979]: what runs of party 9999 is not confirmed: no right to list secrets
      hint: look with a login that may, or ask the cluster's administrator to
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import label, spoken

FAULT = Fault("FED979", "not_confirmed", Severity.WARNING)


def not_confirmed(place: Place, site: str, reason: str) -> Diagnostic:
    """Say why it is not known what runs of `site` (its key)."""
    message = f"what runs of {label(site)} is not confirmed: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "look with a login that may, or ask the cluster's administrator to")


def without_context(place: Place, site: str) -> Diagnostic:
    """Say that only KubeFATE's service was asked about `site` (its key), as no kubeconfig leads to its cluster."""
    message = f"what runs of {label(site)} is not confirmed: only KubeFATE's service was asked, which believes itself"
    hint = "where you may look into the cluster, give --context, or write `context` at the cluster"
    return Diagnostic(FAULT, message, place, hint)
