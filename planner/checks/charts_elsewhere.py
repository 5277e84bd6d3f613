"""A site's charts are where no bundle can take them along.

A bundle holds the charts of its site, so that its receiver needs no internet, and site.json says where they are: where
`charts` says, seen from the folder it stands in. So they must lie beside federation.yaml or below it, at a path that
does not begin with a slash or climb with `..`, and what `charts` names must hold the site's charts and nothing that
cannot be packed (links, odd names). A URL stays a URL.

Example:

    $ invoke bundle --party 9999
    federation.yaml:8:5: error[FED966]: the charts of party 9999 cannot be packed: ../charts climbs out of its folder
      hint: copy them beside federation.yaml, name that with `charts`, and plan again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label, spoken

FAULT = Fault("FED966", "charts_elsewhere")


def charts_elsewhere(place: Place, site: str, reason: str) -> Diagnostic:
    """Say why the charts of a site (its key) cannot be packed, as a clause."""
    message = f"the charts of {label(site)} cannot be packed: {spoken(reason)}"
    hint = "copy them beside federation.yaml, name that with `charts`, and plan again"
    return Diagnostic(FAULT, message, place, hint)
