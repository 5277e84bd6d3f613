"""Helm could not bring a release to its end.

The API server refused an object, a hook failed, or Helm waited in vain. Part of the objects may be those of the new
revision. Helm's own words stand in the message.

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: error[FED972]: revision 3 of Helm release fate-9999 failed: the hook pre-upgrade failed
      hint: mend the cause and apply again, or go back with `invoke apply --party 9999 --rollback`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import option, spoken

FAULT = Fault("FED972", "release_failed")


def release_failed(place: Place, release: str, revision: int, reason: str, site: str) -> Diagnostic:
    """Say which revision of a release of `site` (its key) failed, in Helm's words."""
    message = (
        f"revision {revision} of Helm release {spoken(release)} failed: {spoken(reason) or 'Helm does not say why'}"
    )
    hint = f"mend the cause and apply again, or go back with `invoke apply {option(site)} --rollback`"
    return Diagnostic(FAULT, message, place, hint)
