"""What a roll-back applies: the files of an earlier revision, from the record in the cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.checks.nothing_to_roll_back import nothing_to_roll_back
from planner.diagnostics import Diagnostic
from renderers.cluster import record
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier plan of a site, as a folder to apply, and the revision it comes from."""

    folder: SiteFolder
    places: Places
    revision: int


def earlier(api: Api, folder: SiteFolder, places: Places, deadline: Deadline) -> Earlier | tuple[Diagnostic, ...]:
    """The plan that came up before the one that was written last."""

    def nothing(reason: str) -> tuple[Diagnostic, ...]:
        return (nothing_to_roll_back(places.of_site(), folder.key, reason),)

    records = record.history(api, folder, deadline)
    before = record.before_latest(records)
    if before is None:
        return nothing("it was never applied" if not records else "no other plan of it has come up before")
    found = record.folder_of(api, folder, before, deadline)
    if isinstance(found, str):
        return nothing(found)
    # The cluster is the one that is meant now, whatever was said of it then.
    found = replace(found, cluster=folder.cluster, address=folder.address, server=folder.server, context=folder.context)
    return Earlier(found, replace(places, folder=found), before.revision)
