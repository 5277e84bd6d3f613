"""The site keeps data of another generation of FATE, which the planned one cannot read.

FATE 2 has other tables than FATE 1, in eggroll's database and in FATE-Flow's, and nothing turns the one into the other
(reference: components.md section 2.1). With the old volumes pods become ready, and jobs fail. Such an apply needs
`--force`, for whoever has moved the data by hand.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED929]: party 9999 keeps data of v1.11.2, and v2.0.0 cannot read it
      hint: remove party 9999 with --delete-data first, or move its data by hand and apply with --force
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label

FAULT = Fault("FED929", "data_of_another_generation")


def data_of_another_generation(place: Place, site: str, old: str, new: str) -> Diagnostic:
    """Say which release a site's volumes were written by, and which one is planned."""
    message = f"{label(site)} keeps data of {old}, and {new} cannot read it"
    hint = f"remove {label(site)} with --delete-data first, or move its data by hand and apply with --force"
    return Diagnostic(FAULT, message, place, hint)
