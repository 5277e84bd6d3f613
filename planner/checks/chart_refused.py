"""Helm cannot make the objects of a site's chart.

The values were made, and one of the chart's own templates stops at them, or what it makes is no object of Kubernetes.
The words are helm's.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED955]: helm cannot render chart fate v1.11.2: parse error at fate/templates/core.yaml:7
      hint: look at `overrides` and `components` of the site, and at the chart, if it is one of your own
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED955", "chart_refused")


def chart_refused(place: Place, chart: str, said: str) -> Diagnostic:
    """Say what helm says of a chart (name and version) with the site's values."""
    hint = "look at `overrides` and `components` of the site, and at the chart, if it is one of your own"
    return Diagnostic(FAULT, f"helm cannot render chart {spoken(chart)}: {spoken(said)}", place, hint)
