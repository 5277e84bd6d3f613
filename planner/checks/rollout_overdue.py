"""A workload is not ready, or was not within the deadline.

Nothing says that it failed, but not all of its pods were ready in time: a large image over a slow line, a database
that recovers, a busy node. The objects are written and Kubernetes goes on with them; `invoke status` tells how far it
is.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED912]: Deployment fate-9999/python has 0 of 1 pods ready after 10 minutes
      note: pod python-0: pulling image federatedai/fateflow:1.11.2-release
      hint: look again with `invoke status --party 9999`, or wait longer with --timeout
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import option, spoken

FAULT = Fault("FED912", "rollout_overdue")


def rollout_overdue(
    place: Place, what: str, ready: str, wanted: str, waited: str, site: str, last: str = ""
) -> Diagnostic:
    """Say how many pods were ready after `waited` (in words), and the last that was heard of them, if anything."""
    message = f"{spoken(what)} has {ready} of {wanted} pods ready after {spoken(waited)}"
    hint = f"look again with `invoke status {option(site)}`, or wait longer with --timeout"
    return Diagnostic(FAULT, message, place, hint, (Note(spoken(last)),) if last else ())


def not_ready(place: Place, what: str, ready: str, wanted: str, site: str, last: str = "") -> Diagnostic:
    """Say how many pods are ready at this moment, and the last that was heard of them, if anything."""
    message = f"{spoken(what)} has {ready} of {wanted} pods ready"
    hint = f"look again with `invoke status {option(site)}`"
    return Diagnostic(FAULT, message, place, hint, (Note(spoken(last)),) if last else ())
