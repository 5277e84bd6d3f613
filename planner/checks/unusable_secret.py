"""A secret's value cannot be used where it must stand.

FATE's files are text of several kinds, and some of their readers know no quoting: a line break ends a property, a
quote ends a word. A value that would be read as another one, or that is empty, is refused before anything is written.
Only the reason is told, never the value.

Example:

    $ invoke apply --party 9999
    federation.yaml:10:25: error[FED914]: the value of env:FATE_MYSQL_PASSWORD cannot be used: it has a line break
      hint: choose another value for the mysql password, without what is named here
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED914", "unusable_secret")


def unusable_secret(place: Place, reference: str, use: str, reason: str) -> Diagnostic:
    """Say what about a value (a clause, as in "it is empty") forbids its use (as in "mysql password")."""
    message = f"the value of {spoken(reference)} cannot be used: {spoken(reason)}"
    return Diagnostic(FAULT, message, place, f"choose another value for the {use}, without what is named here")
