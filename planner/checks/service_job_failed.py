"""A job of KubeFATE's service failed.

The service tells what went wrong last. After a failed install it takes away all that was there of it; after a failed
update it goes back to what was installed before, in its books always and in the cluster as far as Helm could
(reference: service-api.md section 6). From the second update on it may have gone back to the very first install
instead, though its books say otherwise.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED940]: KubeFATE's service did not install fate/fate-9999: helm install error
      hint: mend what it says, then run this again; see `invoke kubefate.jobs --describe 87fa06bf`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED940", "service_job_failed")


def service_job_failed(place: Place, what: str, reason: str, job: str) -> Diagnostic:
    """Say what a job did not do (a clause) and why, in the service's words."""
    message = f"KubeFATE's service {what}: {spoken(reason) or 'it does not say why'}"
    hint = f"mend what it says, then run this again; see `invoke kubefate.jobs --describe {spoken(job)}`"
    return Diagnostic(FAULT, message, place, hint)
