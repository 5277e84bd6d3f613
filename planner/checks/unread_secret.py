"""A chart makes nothing of a secret.

The site's cluster.yaml has the place of a secret under a key that the chart's values template does not read. The chart
then takes a password of its own, which everybody knows from its source, or none.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: warning[FED957]: chart fate v1.4.5 makes nothing of fateboard.password, which is a secret
      hint: take it out of `overrides`, or write it under the key that this release reads
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED957", "unread_secret", Severity.WARNING)


def unread_secret(place: Place, chart: str, key: str) -> Diagnostic:
    """Say which key of cluster.yaml with a secret a chart (name and version) does not read."""
    message = f"chart {spoken(chart)} makes nothing of {spoken(key)}, which is a secret"
    return Diagnostic(
        FAULT, message, place, "take it out of `overrides`, or write it under the key that this release reads"
    )
