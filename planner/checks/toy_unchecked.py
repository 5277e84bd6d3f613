"""Toy examples were not run, or their end was not seen.

Nothing is known about these pairs beyond the proof of the files. The guest starts the job, so its cluster must be
reached, and an exec into a pod of its be allowed (`create` of `pods/exec`); the host's need not. Let an operator of the
guest's cluster run the same command with `--party`, beside a copy of federation.yaml and `out/`. Where the guest has no
container that can start the job, add the module that the message names, or leave toy examples out with `--only probes`.

Example:

    $ invoke verify --live
    federation.yaml:9:5: warning[FED981]: 1 toy example with guest 10000 is unchecked: cluster shop could not be used
      hint: let an operator of cluster shop run `invoke verify --live --party 10000`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED981", "toy_unchecked", Severity.WARNING)


def toy_unchecked(
    place: Place, party: int, count: int, reason: str, *, elsewhere: str = "", again: bool = False
) -> Diagnostic:
    """Say how many jobs of a guest have no verdict, and why.

    `elsewhere` is the cluster, if any, whose operators can run them; with `again` they can be run from here.
    """
    number = f"1 toy example with guest {party} is" if count == 1 else f"{count:,} toy examples with guest {party} are"
    if elsewhere:
        hint = f"let an operator of cluster {elsewhere} run `invoke verify --live --party {party}`"
    elif again:
        hint = "mend what is told, and repeat it with --failed"
    else:
        hint = f"add the module to party {party} and apply it, or leave toy examples out with `--only probes`"
    return Diagnostic(FAULT, f"{number} unchecked: {spoken(reason)}", place, hint)
