"""A party lists another one directly and has an exchange as well.

The row wins over the default route: messages for that party do not pass the exchange (INV-EGG-6, INV-PUL-9). That is
how federations with both kinds of route are written, and it is also what is left behind when a party moves to an
exchange.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:18:7: info[FED728]: party 9999 dials party 8888 directly, past its exchange exchange
      hint: nothing is to be done if that is meant; else remove the row
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED728", "direct_beside_exchange", Severity.INFO)


def direct(site: str, other: str, exchange: str, place: Place) -> Diagnostic:
    """Say whom a site dials past its exchange (all labels)."""
    message = f"{site} dials {other} directly, past its {exchange}"
    return Diagnostic(FAULT, message, place, "nothing is to be done if that is meant; else remove the row")
