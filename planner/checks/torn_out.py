"""The files in out/ do not match plan.json.

plan.json is written last and holds the digest of every file, so a mismatch means that a plan was interrupted, that two
branches were merged, or that somebody edited out/ by hand. Nothing is applied from such a tree, since half of it may
belong to another federation.yaml. `invoke plan` writes the whole tree again and says which files it mended
(a warning there, an error for every command that reads out/).

Example:

    $ invoke apply --party 9999
    out/party-9999/cluster.yaml: error[FED704]: the file is not the one that plan.json lists
      hint: run `invoke plan`, which writes it again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED704", "torn_out")
MENDED = Fault(FAULT.code, FAULT.name, Severity.WARNING)
"""The same fault as plan tells it: plan writes the file again."""


def torn(document: str, message: str, hint: str = "run `invoke plan`, which writes it again") -> Diagnostic:
    """Tell a reader that a file (relative to `out/`) cannot be trusted."""
    return Diagnostic(FAULT, message, Place(document=document), hint)


def mended(document: str, message: str) -> Diagnostic:
    """Tell the user of plan that a file (relative to `out/`) was not as plan.json said and has been set right."""
    return Diagnostic(MENDED, message, Place(document=document), "change federation.yaml, never a file in out/")
