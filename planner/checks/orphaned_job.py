"""A job of KubeFATE's service says that it runs, and nobody works on it.

Jobs are threads of the service's process: a restart of its pod ends them, and leaves them "Running" in its books for
ever (reference: service-api.md section 6). Such a job has not been heard of for longer than the service is ever silent,
or its cluster has come to rest meanwhile. It is left aside: `invoke kubefate.jobs --delete` takes it off the list.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED942]: job 87fa06bf of fate-9999/fate-9999 is Running, and silent for 3 hours
      hint: apply goes around it; `invoke kubefate.jobs --delete 87fa06bf` takes it off the list
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED942", "orphaned_job", Severity.WARNING)


def orphaned_job(place: Place, what: str, job: str, silent: str) -> Diagnostic:
    """Say which job of the cluster `what` nobody works on, and for how long it was silent (in words)."""
    told = f"silent for {silent}" if silent else "nobody works on it any more"
    message = f"job {spoken(job)} of {spoken(what)} is Running, and {told}"
    hint = f"apply goes around it; `invoke kubefate.jobs --delete {spoken(job)}` takes it off the list"
    return Diagnostic(FAULT, message, place, hint)
