"""One site dials another at an address that the others do not use.

Behind NAT, or over a second network, that is right, and then it stays as an entry under `routes`. It may as well be
an address that was not changed everywhere: nobody but the people who run the two sites can tell.

Example:

    $ invoke import --path deployments
    deployments/party-9998.yaml:40:16: warning[FED719]: party 9998 dials party 10000 at 10.8.0.2, others at 192.168.10.1
      hint: if that is no second network, remove the entry under routes in federation.yaml
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED719", "address_of_its_own", Severity.WARNING)


def own_address(source: str, target: str, host: str, usual: str, place: Place) -> Diagnostic:
    """Say at which address `source` dials `target`, and where the others do."""
    message = f"{source} dials {target} at {host}, others at {usual}"
    hint = "if that is no second network, remove the entry under routes in federation.yaml"
    return Diagnostic(FAULT, message, place, hint)
