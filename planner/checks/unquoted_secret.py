"""A chart would read the value of a secret as something else than a text.

Charts put passwords into their objects without quotation marks. A value of digits alone becomes a number there, one
with `: ` or `#` in it breaks the file or ends early. The objects are made twice, with the values and with plain words
in their places; where that makes another object, nothing is installed.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED956]: chart fate v1.11.2 does not quote the value of mysql.password
      hint: choose a value of letters and digits that begins with a letter
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED956", "unquoted_secret")


def unquoted_secret(place: Place, chart: str, keys: str) -> Diagnostic:
    """Say which keys of cluster.yaml (in words) hold secrets whose values a chart (name and version) misreads."""
    message = f"chart {spoken(chart)} does not quote the value of {spoken(keys)}"
    return Diagnostic(FAULT, message, place, "choose a value of letters and digits that begins with a letter")
