"""The world refused what plan or verify had to do.

The disk is full, a file may not be written, or another plan is writing the same `out/`. That is no mistake in
federation.yaml, so the exit code is 3. Files are replaced one by one and plan.json comes last: whatever was interrupted
is known to be torn, and the next plan mends it.

Example:

    $ invoke plan
    out: error[FED709]: another plan is writing here
      hint: run this again when it has ended
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED709", "refused_out")


def refused(document: str, message: str, hint: str) -> Diagnostic:
    """Say what the world refused, about a file relative to `out/` ("." is the folder itself)."""
    return Diagnostic(FAULT, message, Place(document=document), hint or "set that right and run this again")
