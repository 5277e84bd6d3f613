"""MySQL does not take FATE-Flow's login.

FATE-Flow keeps its jobs in MySQL and does not come up without it; eggroll keeps its nodes and sessions there. A
password that was changed on one side only, a user without rights to the database, a database that nobody made, or a
server that is not there: FATE-Flow's own words say which (INV-DB-1 to INV-DB-4). The login was tried in FATE-Flow's own
pod with what stands in its settings there, and nothing of it has left the pod. What may pass is no refusal: with too
many connections, or without an answer in time, it is unknown whether MySQL takes the login.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED996]: MySQL of party 9999 refuses FATE-Flow: Access denied for user 'fate'@'10.0.0.7'
      hint: give MySQL and FATE-Flow the same login and start both again; a chart's MySQL keeps that of its first start
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED996", "mysql_refuses")
_LOGIN = "give MySQL and FATE-Flow the same login and start both again; a chart's MySQL keeps that of its first start"
_EXTERNAL = "ask whoever runs that MySQL whether it knows the user, its password and the database of federation.yaml"
_WAYS_OUT = (
    ("Can't connect", "see whether MySQL runs at that address, and whether a way leads there from FATE-Flow's pod"),
    (
        "is blocked",
        "have MySQL forget the connections that broke: `FLUSH HOSTS`, or start it again; then look why they did",
    ),
    (
        "'cryptography' package",
        "let the user log in with mysql_native_password, or take an image whose Python has the package cryptography",
    ),
)
"""By what MySQL's client says where no password would help."""


def mysql_refuses(place: Place, label: str, words: str, *, is_external: bool) -> Diagnostic:
    """Say in MySQL's words why it does not let a site's FATE-Flow in."""
    hint = next((hint for said, hint in _WAYS_OUT if said in words), _EXTERNAL if is_external else _LOGIN)
    return Diagnostic(FAULT, f"MySQL of {label} refuses FATE-Flow: {spoken(words)}", place, hint)
