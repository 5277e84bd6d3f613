"""Parties that could talk at a revision cannot any more.

`invoke verify --against REF` compares the files in `out/` with those at REF. A pair is lost when it had to talk there
and its messages arrived, and now it need not, or they do not arrive. That is meant where a party leaves, and it is the
accident that nobody sees in a diff where an entry was dropped or a party was left out of a star. The exit code is 2.

Example:

    $ invoke verify --against main
    federation.yaml:4:1: warning[FED731]: 4 pairs could talk at main, and cannot now
    note: 4 pairs: party 10001 is gone
      hint: merge it if that is meant; `invoke verify --path FROM:TO` shows where a message ends
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place, Severity

FAULT = Fault("FED731", "lost_pair", Severity.WARNING)


def lost(pairs: str, ref: str, notes: tuple[Note, ...]) -> Diagnostic:
    """Say how many pairs (`4 pairs`) are lost; `notes` say why."""
    hint = "merge it if that is meant; `invoke verify --path FROM:TO` shows where a message ends"
    return Diagnostic(FAULT, f"{pairs} could talk at {ref}, and cannot now", Place(("topology",)), hint, notes)
