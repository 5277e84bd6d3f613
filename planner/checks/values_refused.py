"""The chart's template makes no values of a site's cluster.yaml.

Each chart of KubeFATE turns a cluster.yaml into its own values with values-template.yaml, as KubeFATE's service does.
A template stops at a key that it needs and does not find, or at one that holds something else than it expects; or what
comes out is no YAML, because a text has a character that the template does not quote. The words are those of the
template engine.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED954]: chart fate v1.11.2 makes no values of this: values-template.yaml:12 nil pointer
      hint: look at `overrides` and `components` of the site: the template expects other keys or values there
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED954", "values_refused")
_HINT = "look at `overrides` and `components` of the site: the template expects other keys or values there"


def values_refused(place: Place, chart: str, said: str) -> Diagnostic:
    """Say what the template engine says of a chart's (name and version) template and the site's file."""
    return Diagnostic(FAULT, f"chart {spoken(chart)} makes no values of this: {spoken(said)}", place, _HINT)


def not_yaml(place: Place, chart: str, said: str) -> Diagnostic:
    """Say that what the template makes is no mapping in YAML."""
    message = f"what chart {spoken(chart)} makes of this cannot be read as values: {spoken(said)}"
    return Diagnostic(FAULT, message, place, _HINT)
