"""What a rendered file deploys is not what was planned.

Every file that plan writes is read again by other code, which plays the part of the chart and of FATE: keys that no
template reads are dropped, defaults are filled in, and only then is the route table looked at. If the outcome differs
from the plan, the file is refused. Without `overrides` this is a bug of fedplan; in a file that was edited by hand or
comes from elsewhere it says what the file would really install.

Example:

    $ invoke verify
    out/party-9999/cluster.yaml:5:1: error[FED701]: party 9999 is not deployed as planned: it installs party 9998
      hint: run `invoke plan` to write the file again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED701", "readback_mismatch")


def mismatch(site: str, place: Place, detail: str) -> Diagnostic:
    """Say that the files of `site` (a label) deploy something else; `detail` is a clause."""
    hint = "run `invoke plan` to write the file again; if that does not help, report it as a bug of fedplan"
    return Diagnostic(FAULT, f"{site} is not deployed as planned: {detail}", place, hint)
