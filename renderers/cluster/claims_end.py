"""The end of a site's claims, where the operator says that its data is to go.

Kubernetes lets go of a claim a moment after the last pod that used it, not when it is deleted. An apply that comes in
that moment would take it for one that stays, and its pods would wait for ever.
"""

from __future__ import annotations

from typing import Final

from planner.checks.object_refused import refused_midway
from planner.diagnostics import Diagnostic
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.cluster.preview import called, claims
from renderers.cluster.references import reference

_POLL: Final = 0.5


def delete_claims(
    api: Api, folder: SiteFolder, places: Places, display: Display, deadline: Deadline
) -> Diagnostic | None:
    """Delete the claims of a site and wait for their end; the finding where that does not come. Raises ApiError."""
    for document in claims(api, folder, deadline):
        api.delete(reference(document), deadline, uid=document["metadata"].get("uid", ""))
    return await_end_of_claims(api, folder, places, display, deadline)


def await_end_of_claims(
    api: Api, folder: SiteFolder, places: Places, display: Display, deadline: Deadline
) -> Diagnostic | None:
    """Wait until no claim of a site is on its way out; the finding where that does not come. Raises ApiError."""
    while going := [each for each in claims(api, folder, deadline) if each["metadata"].get("deletionTimestamp")]:
        display.step(f"waiting for the end of its claims, {len(going)} left")
        if not deadline.wait(_POLL):
            return refused_midway(places.of_site(), called(reference(going[0])), "it does not end", folder.key)
    return None
