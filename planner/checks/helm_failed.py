"""Helm could not install a chart, or not to the end.

The words are helm's, who passes on what the cluster says. What was there before is put back: the release goes back to
the revision that ran before, and a first installation is taken out again, but for its data.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED958]: helm could not upgrade fate-9999: Service rollsite is invalid; all is as before
      hint: change what it names, plan again, and apply
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED958", "helm_failed")


def helm_failed(place: Place, what: str, said: str, end: str = "") -> Diagnostic:
    """Say what helm could not do (`upgrade fate-9999`), in its words, and what became of the release, as a clause."""
    tail = f"; {end}" if end else ""
    message = f"helm could not {spoken(what)}: {spoken(said)}{tail}"
    return Diagnostic(FAULT, message, place, "change what it names, plan again, and apply")


def left_as_it_is(place: Place, what: str, said: str) -> Diagnostic:
    """Say that putting back what ran before has failed too."""
    message = f"helm could not {spoken(what)} either: {spoken(said)}"
    return Diagnostic(FAULT, message, place, "apply again: it goes on with whatever is there")
