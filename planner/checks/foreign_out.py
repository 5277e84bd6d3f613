"""`out/` holds the plan of another federation.

Plan removes the files of sites that left the federation, so planning a second federation into the same folder would
remove every file of the first. Each federation needs a folder of its own.

Example:

    $ invoke plan --file pilot.yaml
    out: error[FED708]: out holds the plan of federation credit-risk, and this file describes pilot
      hint: give this one a folder of its own with `--out`, or delete out if credit-risk was renamed
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED708", "foreign_out")


def foreign_out(folder: str, other: str, name: str) -> Diagnostic:
    """Say that `folder` belongs to the federation `other`, not to `name`."""
    return Diagnostic(
        FAULT,
        f"{folder} holds the plan of federation {other}, and this file describes {name}",
        Place(("name",)),
        f"give this one a folder of its own with `--out`, or delete {folder} if {other} was renamed",
    )
