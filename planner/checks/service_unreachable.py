"""KubeFATE's service does not answer, or something else does.

The URL is that of `clusters[].kubefate`, of FATECLOUD_SERVICEURL or of KubeFATE's config.yaml. Nobody listens there,
the name is unknown, its certificate is of another authority (`ca` names the right one), every try ended with 502, 503
or 504 of the ingress before it, or what answers is a web page or another program. Nothing is known of what runs there,
and the exit code is 3. A job that had been begun goes on by itself; running the command again follows it.

Example:

    $ invoke apply --party 9999
    federation.yaml:6:5: error[FED930]: KubeFATE's service on bank does not answer at http://fate.bank.net: refused
      hint: see that http://fate.bank.net can be reached from here, then run this again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED930", "service_unreachable")


def service_unreachable(place: Place, cluster: str, url: str, reason: str) -> Diagnostic:
    """Say that no KubeFATE service answers at `url` for a cluster, with the last reason that a try ended for."""
    message = f"KubeFATE's service on {cluster} does not answer at {spoken(url)}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, f"see that {spoken(url)} can be reached from here, then run this again")


def given_up_midway(place: Place, cluster: str, url: str, reason: str, what: str) -> Diagnostic:
    """Say that the service went away while it did something (a clause), which goes on without us."""
    message = f"KubeFATE's service on {cluster} at {spoken(url)} went away while it was {what}: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, "run this again once it answers: it follows what was begun")
