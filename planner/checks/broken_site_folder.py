"""A site's folder is not the one that was planned.

site.json lists every file of the folder with its digest, and has a digest of its own. A file that is missing, added or
changed means that the hand-over went wrong or that somebody edited it. Nothing is applied from such a folder: the
proof of the routes holds only for what was planned.

Example:

    $ invoke apply --from party-9999
    party-9999/30-rollsite.yaml: error[FED923]: the file is not the one that site.json lists
      hint: have the coordinator hand over the whole folder again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED923", "broken_site_folder")


def broken_site_folder(place: Place, reason: str) -> Diagnostic:
    """Say what is wrong with a file of the folder (a clause); the place names the file."""
    return Diagnostic(FAULT, spoken(reason), place, "have the coordinator hand over the whole folder again")
