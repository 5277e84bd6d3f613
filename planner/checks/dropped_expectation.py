"""What was expected at a revision does not hold any more, and nobody asks for it now.

`expect` and `never` of federation.yaml are proved on the written files. Whoever changes the topology so that one of
them fails may be tempted to delete the line. `invoke verify --against REF` judges the lines of REF on the files of now
as well, so that a reviewer sees it. The exit code is 2. A line that still stands and does not hold is an error of its
own (FED209, FED203).

Example:

    $ invoke verify --against main
    federation.yaml:4:1: warning[FED733]: expected at main and no longer: 9999 and 10001 never talk, which does not hold
      hint: put the line back and change the topology, or have those who wrote it agree
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED733", "dropped_expectation", Severity.WARNING)


def dropped(expectation: str, key: str, ref: str) -> Diagnostic:
    """Say which expectation (a clause) was dropped and does not hold; `key` is `expect` or `never`."""
    hint = "put the line back and change the topology, or have those who wrote it agree"
    message = f"expected at {ref} and no longer: {expectation}, which does not hold"
    return Diagnostic(FAULT, message, Place((key,)), hint)
