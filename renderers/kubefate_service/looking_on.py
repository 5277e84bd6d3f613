"""Look on while the service works: pods that will not come up are seen in the cluster long before it gives up.

The service waits an hour for pods, whatever is wrong with them (service-api.md section 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from planner.site_json import Installation
from renderers.cluster import installed
from renderers.cluster.api import Api, ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Silent
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import Releases
from renderers.cluster.places import Places
from renderers.cluster.rollout import WorkloadState
from renderers.cluster.waiting import SETTLE, Outcome, Watch, wait

_PAUSE: Final = 5.0
"""Seconds between two looks: each asks for a release, its workloads and their pods."""
_LOOK_SECONDS: Final = 15.0


@dataclass(slots=True)
class Onlooker:
    """Sees whether what a release wants can still come up. `before` are the releases from before the job."""

    api: Api
    folder: SiteFolder
    installation: Installation
    before: Releases
    deadline: Deadline
    _watch: Watch | None = None
    _looked: float = field(default=-_PAUSE)
    _failed: float | None = None

    def is_in_vain(self) -> bool:
        """Whether a workload has failed for good, and the others had time to tell as much."""
        now = self.deadline.elapsed
        if now - self._looked < _PAUSE:
            return False
        self._looked = now
        try:
            states = self._states()
        except ApiError:
            return False
        if not any(state.is_failed for state in states):
            self._failed = None
        elif self._failed is None:
            self._failed = now
        return self._failed is not None and now - self._failed >= SETTLE

    def _states(self) -> Sequence[WorkloadState]:
        """The workloads of the release that the job has written; none while it has written none."""
        if self._watch is None:
            brief = Deadline(_LOOK_SECONDS, self.deadline.clock)
            now = installed.releases_of(self.api, (self.installation,), brief)
            latest, known = now.latest(self.installation), self.before.latest(self.installation)
            if latest is None or (known is not None and latest.revision == known.revision):
                return ()
            self._watch = Watch(self.api, installed.as_folder(self.folder, now).folder, self.deadline)
        return self._watch.look()


def as_it_is(api: Api, folder: SiteFolder, installation: Installation, places: Places, deadline: Deadline) -> Outcome:
    """The workloads of a release as they are, and what is wrong with them."""
    now = installed.releases_of(api, (installation,), deadline)
    seen = installed.as_folder(folder, now).folder
    return wait(api, seen, deadline, Silent(), places)
