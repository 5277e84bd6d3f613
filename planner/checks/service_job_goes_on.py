"""A job of KubeFATE's service was not followed to its end.

The time of `--timeout` is over, or the service does not answer any more; the service works on the job all the same,
for up to an hour. Running the same command again follows the same job.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED941]: KubeFATE's service is still at work on fate-9999/fate-9999 after 15 minutes
      hint: run this again to follow it to its end (job 87fa06bf), with a longer --timeout
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED941", "service_job_goes_on")


def service_job_goes_on(place: Place, what: str, waited: str, last: str, job: str) -> Diagnostic:
    """Say that a job on the cluster `what` goes on after it was followed for so long (in words)."""
    said = f": {spoken(last)}" if last else ""
    message = f"KubeFATE's service is still at work on {spoken(what)} after {waited}{said}"
    hint = f"run this again to follow it to its end (job {spoken(job)}), with a longer --timeout"
    return Diagnostic(FAULT, message, place, hint)


def works_in_vain(place: Place, what: str, job: str, *, is_install: bool) -> Diagnostic:
    """Say that the service waits, for up to an hour, for what cannot come up; `job` is the one that does."""
    message = f"KubeFATE's service goes on waiting for {spoken(what)}, which cannot come up as it is"
    end = f"`invoke kubefate.jobs --stop {spoken(job)}` ends" if is_install else "a restart of its pod ends"
    hint = f"mend what the other findings say and run this again; {end} its job before the hour is over"
    return Diagnostic(FAULT, message, place, hint)
