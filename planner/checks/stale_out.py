"""What stands in out/ is not what federation.yaml gives now.

A reviewer approves what each party will get by reading out/ in the pull request, and apply takes its files from there.
When federation.yaml was changed and nobody planned again, what was approved and what is meant differ.
`invoke plan --check` finds it, writes nothing and exits 2.

Example:

    $ invoke plan --check
    out/party-9999/cluster.yaml: warning[FED703]: the file differs from what federation.yaml gives
      hint: run `invoke plan` and commit out/
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED703", "stale_out", Severity.WARNING)


def stale(document: str, message: str) -> Diagnostic:
    """Tell that a file (relative to `out/`) is missing, different or no longer wanted."""
    return Diagnostic(FAULT, message, Place(document=document), "run `invoke plan` and commit out/")
