"""There is nothing at that revision to compare with.

`invoke verify --against REF` reads federation.yaml and `out/` as they were committed at REF. The revision may be older
than `out/`, its plan.json may be broken or of another version, a file may not be the one that plan.json lists, or its
federation.yaml may not pass the checks of this fedplan. What stands in `out/` now is proved all the same; only the
comparison is left out, and the exit code is 3, for it stayed unchecked.

Example:

    $ invoke verify --against v1
    federation.yaml: warning[FED730]: nothing to compare with: there is no out/plan.json at v1
      hint: commit out/ with git, and plan compares with what was committed
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED730", "unusable_baseline", Severity.WARNING)


def unusable(message: str, hint: str) -> Diagnostic:
    """Say why there is nothing to compare with, and the way out."""
    return Diagnostic(FAULT, f"nothing to compare with: {message}", Place(), hint)
