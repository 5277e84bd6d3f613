"""MySQL does not take FATE-Flow's login.

FATE-Flow keeps its jobs in MySQL and does not come up without it; eggroll keeps its nodes and sessions there. A
password that was changed on one side only, a user without rights to the database, a database that nobody made, or a
server that does not answer: FATE-Flow's own words say which (INV-DB-1 to INV-DB-4). The login was tried in
FATE-Flow's own pod with what stands in its settings there, and nothing of it has left the pod.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED996]: MySQL of party 9999 refuses FATE-Flow: Access denied for user 'fate'@'10.0.0.7'
      hint: give MySQL and FATE-Flow the same login: the password is that of Secret mysql when both were started
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED996", "mysql_refuses")


def mysql_refuses(place: Place, label: str, words: str, *, is_external: bool) -> Diagnostic:
    """Say in MySQL's words why it does not let a site's FATE-Flow in."""
    hint = (
        "ask whoever runs that MySQL whether it knows the user, its password and the database of federation.yaml"
        if is_external
        else "give MySQL and FATE-Flow the same login: the password is that of Secret mysql when both were started"
    )
    return Diagnostic(FAULT, f"MySQL of {label} refuses FATE-Flow: {spoken(words)}", place, hint)
