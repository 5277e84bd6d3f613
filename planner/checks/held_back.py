"""The site waits for another one that failed.

Exchanges are applied before the parties that dial them: a party whose exchange is not there runs and reaches nobody. A
failure holds back only the sites that depend on it; all others go on.

Example:

    $ invoke apply --all
    federation.yaml:12:5: error[FED921]: party 9999 was not applied, because exchange hub failed
      hint: mend exchange hub first, then apply both
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import label

FAULT = Fault("FED921", "held_back")


def held_back(place: Place, site: str, behind: str) -> Diagnostic:
    """Say that `site` (its key) was not applied because of the site `behind` (its key)."""
    message = f"{label(site)} was not applied, because {label(behind)} failed"
    return Diagnostic(FAULT, message, place, f"mend {label(behind)} first, then apply both")
