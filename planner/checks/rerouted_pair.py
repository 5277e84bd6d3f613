"""Messages go another way than at a revision.

`invoke verify --against REF` compares the files in `out/` with those at REF. A pair is re-routed when it talks on both
sides and its way is not the same: through another exchange, directly and no longer through one, at another endpoint,
over other components, by TLS or no longer. It still works on paper, but firewalls, certificates and address
translation between the two organisations were set up for the way of before. The exit code is 2.

Example:

    $ invoke verify --against main
    federation.yaml:4:1: info[FED732]: 2 pairs go another way than at main
    note: 2 pairs: party 10000 is dialled at another endpoint
      hint: tell both organisations before you merge: firewalls may only let the way of before through
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity

FAULT = Fault("FED732", "rerouted_pair", Severity.INFO)


def rerouted(pairs: str, verb: str, ref: str, notes: tuple[Note, ...]) -> Diagnostic:
    """Say how many pairs (`2 pairs`, and `go`) are re-routed; `notes` say why."""
    hint = "tell both organisations before you merge: firewalls may only let the way of before through"
    return Diagnostic(FAULT, f"{pairs} {verb} another way than at {ref}", Place(("topology",)), hint, notes)
