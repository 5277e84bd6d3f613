"""KubeFATE's service refuses what it was asked for.

What it refuses is told in its own words. Without words its program crashed on the request (a panic in Go, an empty
500): its log says more (`kubectl -n kube-fate logs deployment/kubefate`). What the plan can know is known before the
service is asked: then it is another finding.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED934]: KubeFATE's service on bank refuses the update of fate-9999/fate-9999: Error 1054
      hint: mend what it says and run this again; see `kubectl -n kube-fate logs deployment/kubefate`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED934", "refused_by_service")


def refused_by_service(place: Place, cluster: str, what: str, reason: str) -> Diagnostic:
    """Say what the service of a cluster refuses, as in "the update of x in namespace y", in its words."""
    message = f"KubeFATE's service on {cluster} refuses {spoken(what)}: {spoken(reason)}"
    hint = "mend what it says and run this again; see `kubectl -n kube-fate logs deployment/kubefate`"
    return Diagnostic(FAULT, message, place, hint)


def crashed(place: Place, cluster: str, what: str, known: str = "") -> Diagnostic:
    """Say on what the service of a cluster crashed; `known` is a cause that is known for such requests."""
    message = f"KubeFATE's service on {cluster} crashed on {spoken(what)}: it answered 500 without a word"
    hint = known or "look into its log: `kubectl -n kube-fate logs deployment/kubefate --previous`"
    return Diagnostic(FAULT, message, place, hint)
