"""Helm was stopped in the middle of its work on a release.

Whoever ran it was killed: KubeFATE's service was restarted during a job, or a terminal was closed. Part of the objects
may be those of the new revision. Helm refuses every further change (`another operation is in progress`) until the
half-made revision is taken away.

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: error[FED971]: Helm release fate-9999 is stuck in pending-upgrade since 2026-03-01 12:04 UTC
      hint: if nobody is at work on it: `kubectl -n fate-9999 delete secret sh.helm.release.v1.fate-9999.v3`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED971", "release_stuck")


def release_stuck(place: Place, namespace: str, name: str, status: str, revision: int, begun: str) -> Diagnostic:
    """Say in which status a release is stuck, and since when (in words; empty where it is not known)."""
    since = f" since {spoken(begun)}" if begun else ""
    message = f"Helm release {spoken(name)} is stuck in {spoken(status)}{since}"
    command = f"kubectl -n {spoken(namespace)} delete secret sh.helm.release.v1.{spoken(name)}.v{revision}"
    return Diagnostic(FAULT, message, place, f"if nobody is at work on it: `{command}`")
