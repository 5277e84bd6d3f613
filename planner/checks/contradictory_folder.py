"""The files of a site's folder do not do what its site.json says.

The folder is whole: every file is the one that site.json lists. But read as Kubernetes, the charts and FATE read them,
the files dial another endpoint than site.json names, leave one out, are not exposed where others dial the site, or
install something else. Firewall rules are made from site.json and routes from the other files, so one of the two is
wrong. Whoever wrote the folder did not write it with `invoke plan`, or used `overrides` that plan could not prove.

Example:

    $ invoke verify --from party-9999
    party-9999/cluster.yaml:19:5: error[FED968]: it dials 192.168.10.2:30091, which site.json does not name
      hint: have the coordinator run `invoke verify`, and hand over the folder again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED968", "contradictory_folder")


def contradictory_folder(place: Place, reason: str) -> Diagnostic:
    """Say what a file does otherwise than site.json says, as a clause."""
    hint = "have the coordinator run `invoke verify`, and hand over the folder again"
    return Diagnostic(FAULT, spoken(reason), place, hint)
