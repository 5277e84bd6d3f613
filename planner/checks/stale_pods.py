"""Pods run with an earlier configuration than the cluster has.

They have read it when they started, and no chart of KubeFATE restarts its pods for a change of their ConfigMaps: Helm
and KubeFATE's service call the update done all the same. fedplan restarts such pods; here it could not.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED978]: pods of StatefulSet python run with an earlier configuration
      note: service_conf.yaml of ConfigMap python-config changed on 2026-03-01 at 12:04:07 UTC
      note: it could not be restarted: statefulsets.apps "python" is forbidden
      hint: let somebody run `kubectl --context bank-prod -n fate-9999 rollout restart statefulset/python`
"""

from __future__ import annotations

from typing import Final

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED978", "stale_pods")
_MOST: Final = 3


def stale_pods(place: Place, what: str, reasons: tuple[str, ...], command: str, refusal: str = "") -> Diagnostic:
    """Say which workload has stale pods, what has changed since they started, and why they were not restarted."""
    message = f"pods of {spoken(what)} run with an earlier configuration"
    notes = [Note(spoken(reason)) for reason in reasons[:_MOST]]
    if len(reasons) > _MOST:
        notes.append(Note(f"and {len(reasons) - _MOST} more have changed"))
    if refusal:
        notes.append(Note(f"it could not be restarted: {spoken(refusal)}"))
    return Diagnostic(FAULT, message, place, f"let somebody run `{command}`", tuple(notes))
