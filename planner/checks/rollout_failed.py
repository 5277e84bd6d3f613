"""A workload of the site does not start, or is not there at all.

Its pods show a reason that waiting does not mend: the image cannot be pulled, the container ends again and again, it
was killed for want of memory, no node has room, a volume stays unbound. The reason is the pod's own, and the last
lines of its log stand below. The objects stay as they were written; a later apply mends them.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED911]: StatefulSet fate-9999/mysql does not start: pod mysql-0 was OOMKilled 4 times
      note: last lines of the log of mysql-0:
      note: [Server] Cannot allocate memory for the buffer pool
      hint: mend the cause and apply again, or go back with `invoke apply --party 9999 --rollback`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import option, spoken

FAULT = Fault("FED911", "rollout_failed")


def rollout_failed(
    place: Place, what: str, reason: str, site: str, pod: str = "", log: tuple[str, ...] = ()
) -> Diagnostic:
    """Say which workload of `site` (its key) does not start and why, with the last lines of a pod's log."""
    message = f"{spoken(what)} does not start: {spoken(reason)}"
    hint = f"mend the cause and apply again, or go back with `invoke apply {option(site)} --rollback`"
    return Diagnostic(FAULT, message, place, hint, log_notes(pod, log))


def workload_gone(place: Place, what: str, site: str) -> Diagnostic:
    """Say which workload of `site` (its key) is not in the cluster."""
    return Diagnostic(FAULT, f"{spoken(what)} is not there", place, f"apply the site: `invoke apply {option(site)}`")


def log_notes(pod: str, log: tuple[str, ...]) -> tuple[Note, ...]:
    """The last lines of a pod's log as notes; none where there is no log."""
    if not log:
        return ()
    return (Note(f"last lines of the log of {spoken(pod)}:"), *(Note(spoken(line)) for line in log))
