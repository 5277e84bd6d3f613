"""What Helm keeps of a release cannot be read.

Helm keeps each revision of a release in a Secret of its namespace. Without the right to read Secrets nothing is known
of what is installed, and Helm itself could not go on. A Secret that somebody has changed by hand is no release.

Example:

    $ invoke apply --party 9999
    federation.yaml:8:5: error[FED963]: what Helm keeps of release fate-9999 cannot be read: secrets is forbidden
      hint: get the right to read the Secrets of its namespace, or have the spoiled one deleted
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED963", "unreadable_release")


def unreadable_release(place: Place, release: str, reason: str) -> Diagnostic:
    """Say why nothing is known of a release, as a clause."""
    message = f"what Helm keeps of release {spoken(release)} cannot be read: {spoken(reason)}"
    hint = "get the right to read the Secrets of its namespace, or have the spoiled one deleted"
    return Diagnostic(FAULT, message, place, hint)
