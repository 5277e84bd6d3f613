"""The site's namespace has a release of Helm that is not the planned one.

Names of objects are the same in every chart of FATE, so two releases in a namespace fight for them, and a release keeps
its chart for life (reference: INV-NS-1). What KubeFATE's service has installed is a release of the same name and chart:
that is taken over, as Helm itself would.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED961]: namespace fate-9999 has release fate-old of chart fate v1.9.0
      hint: choose another namespace, or take it out with `helm uninstall fate-old -n fate-9999`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED961", "foreign_release")


def foreign_release(place: Place, namespace: str, release: str, chart: str) -> Diagnostic:
    """Say which release of which chart (name and version) is in the way in a namespace."""
    message = f"namespace {spoken(namespace)} has release {spoken(release)} of chart {spoken(chart)}"
    hint = f"choose another namespace, or take it out with `helm uninstall {spoken(release)} -n {spoken(namespace)}`"
    return Diagnostic(FAULT, message, place, hint)


def foreign_object(place: Place, what: str, release: str) -> Diagnostic:
    """Say that an object is there that the chart would make, and that is of no release, or of another one."""
    message = f"{spoken(what)} is there and is not of release {spoken(release)}, so helm will not touch it"
    hint = "take it out, if it is of no use any more, or choose another namespace"
    return Diagnostic(FAULT, message, place, hint)
