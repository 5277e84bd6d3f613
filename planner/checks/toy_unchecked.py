"""Toy examples were not run, or their end was not seen.

Nothing is known about these pairs beyond the proof of the files. The guest starts the job, so its cluster must be
reached, and an exec into a pod of its be allowed (`create` of `pods/exec`); the host's need not. Let an operator of the
guest's cluster run the same command with `--party`.

Example:

    $ invoke verify --live
    federation.yaml:9:5: warning[FED981]: 1 toy example with guest 10000 is unchecked: cluster shop could not be used
      hint: let an operator of cluster shop run `invoke verify --live --party 10000`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED981", "toy_unchecked", Severity.WARNING)


def toy_unchecked(place: Place, party: int, count: int, reason: str, cluster: str) -> Diagnostic:
    """Say how many jobs of a guest have no verdict, and why; `cluster`, if any, is where others can run them."""
    number = f"1 toy example with guest {party} is" if count == 1 else f"{count:,} toy examples with guest {party} are"
    hint = f"let an operator of cluster {cluster} run `invoke verify --live --party {party}`"
    hint = hint if cluster else "mend what is told, and repeat it with --failed"
    return Diagnostic(FAULT, f"{number} unchecked: {spoken(reason)}", place, hint)
