"""Something lies in out/ that plan did not write.

Only plan writes out/, and it removes only what its own plan.json lists. A file that came there in another way is never
applied and never removed, but whoever reads the folder, or is handed it, may take it for a part of the plan.

Example:

    $ invoke plan
    out/party-9999/notes.txt: warning[FED705]: plan did not write this file
      hint: move it out of out/, or delete it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED705", "stray_file", Severity.WARNING)


def stray(document: str) -> Diagnostic:
    """Tell of a file or, with a slash at its end, a folder (relative to `out/`) that is not ours."""
    what = "folder" if document.endswith("/") else "file"
    return Diagnostic(
        FAULT, f"plan did not write this {what}", Place(document=document), "move it out of out/, or delete it"
    )
