"""What probes of a site are made from: its plan, its folder, and the cluster that it is on."""

from __future__ import annotations

from dataclasses import dataclass

from planner.plan import Plan, PlannedSite
from renderers.cluster.api import Api
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places
from renderers.probes.pods.inside import Inside


@dataclass(frozen=True, slots=True)
class Sight:
    """A site whose cluster can be reached."""

    plan: Plan
    planned: PlannedSite
    folder: SiteFolder
    places: Places
    api: Api
    inside: Inside
