"""What was given as a chart is another one, or none.

A site's cluster.yaml is written for one chart in one version: another version has other keys, and drops those that it
does not know without a word. A chart of KubeFATE holds a values-template.yaml, which makes its values.

Example:

    $ invoke apply --party 9999 --charts fate-v1.10.0.tgz
    federation.yaml:8:5: error[FED953]: fate-v1.10.0.tgz is chart fate v1.10.0, and fate v1.11.2 is planned
      hint: name the package or the folder of the planned chart with --charts, or plan the other release
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED953", "wrong_chart")
_HINT = "name the package or the folder of the planned chart with --charts, or plan the other release"


def another_chart(place: Place, source: str, found: str, wanted: str) -> Diagnostic:
    """Say which chart (name and version) was given, and which is planned."""
    return Diagnostic(
        FAULT, f"{spoken(source)} is chart {spoken(found)}, and {spoken(wanted)} is planned", place, _HINT
    )


def broken_chart(place: Place, source: str, reason: str) -> Diagnostic:
    """Say why a file or folder is no chart that can be used, as a clause."""
    return Diagnostic(FAULT, f"{spoken(source)} cannot be used as a chart: {spoken(reason)}", place, _HINT)
