"""Target kubefate: its sites prepared, carried out, looked at and taken down through KubeFATE's service.

The service does the work, and what it says of it proves little (service-api.md sections 5 and 6): where a context leads
to the cluster, the end of every operation is what the cluster itself says, and the same Lease and record are kept as
for every target. Without one, the service alone is asked, and that is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from planner.checks.data_of_another_generation import data_of_another_generation
from planner.checks.destructive_change import destructive_change
from planner.checks.kubeconfig_needed import kubeconfig_needed
from planner.diagnostics import Diagnostic
from renderers.cluster import patience
from renderers.cluster.api import Api, ApiError
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.connections import Connections
from renderers.cluster.connections import failed as failed_in_cluster
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.masking import long_enough, masked
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Change
from renderers.cluster.rolling_back import Earlier, earlier
from renderers.cluster.selection import Chosen
from renderers.kubefate_service import carrying_out, observing, preparing, removing
from renderers.kubefate_service.errors import ServiceError
from renderers.kubefate_service.masked_display import MaskedDisplay
from renderers.kubefate_service.preparing import Ready
from renderers.kubefate_service.sessions import Session, failed, opened

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site that could be applied through its service, or the findings that forbid it."""

    ready: Ready
    of: int | None = None

    @property
    def folder(self) -> SiteFolder:
        """The site."""
        return self.ready.folder

    @property
    def places(self) -> Places:
        """Where what is found can be mended."""
        return self.ready.places

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, without any value of a secret."""
        return masked(self.ready.diagnostics, long_enough(self.ready.secrets))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the operator should know of the service and its jobs."""
        return self.ready.notes

    @property
    def where(self) -> str:
        """The service, the context where one is known, and the namespaces."""
        service = f"KubeFATE's service {self.ready.session.service.url}"
        context = f", context {self.ready.context}" if self.ready.api is not None else ""
        names = dict.fromkeys(step.planned.installation.namespace for step in self.ready.steps)
        return f"{service}{context}, namespace {', '.join(names or self.folder.namespaces.values())}"

    @property
    def is_good(self) -> bool:
        """Whether nothing forbids to go on."""
        return self.ready.is_whole and not self.ready.has_errors

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written: charts that are uploaded, and clusters, each with what is new of it."""
        return self.ready.changes

    def destructive(self) -> Iterator[Diagnostic]:
        """Modules would go, or data would be read by the wrong generation of FATE."""
        folder, place = self.folder, self.places.of_site()
        for step in self.ready.steps:
            stored, wanted = step.stored, step.planned.installation
            if stored is None:
                continue
            if _generation(stored.installed) != _generation(wanted.version):
                yield data_of_another_generation(place, folder.key, stored.installed, folder.release)
            before, after = _modules(stored.spec or {}), _modules(step.planned.data)
            gone = tuple(f"module {name}" for name in before if name not in after)
            if gone and after:
                yield destructive_change(place, folder.key, len(gone), len(before), gone)

    def secret_values(self) -> tuple[str, ...]:
        """The values of its secrets, which nothing that is printed may hold."""
        return self.ready.secrets

    def carry_out(self, operator: Operator, display: Display) -> SiteOutcome:
        """Have the service do it, follow it, and end with what really runs."""
        ready, values = self.ready, long_enough(self.ready.secrets)
        try:
            outcome = carrying_out.carry_out(ready, self.of, operator, MaskedDisplay(display, values))
        except ServiceError as error:
            ended = failed(ready.folder, ready.places, ready.session.service, error, "its work on this site")
            outcome = self._broken(ended, is_begun=error.is_midway)
        except ApiError as error:
            if ready.api is None:
                raise
            ended = failed_in_cluster(ready.folder, ready.places, ready.api, error)
            outcome = self._broken(ended, is_begun=True)
        finally:
            display.done()
        return replace(outcome, diagnostics=masked(outcome.diagnostics, values))

    def withdraw(self) -> None:
        """Nothing was made for the trial."""

    def _broken(self, ended: SiteOutcome, *, is_begun: bool) -> SiteOutcome:
        found = (*self.ready.diagnostics, *ended.diagnostics)
        return replace(ended, diagnostics=found, changes=self.changes, is_begun=is_begun)


def prepare(
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool = False,
) -> Prepared | SiteOutcome:
    """One site prepared, or how it ended because its service or its cluster could not be spoken to."""
    folder, places = chosen.folder, chosen.places
    api = _api(chosen, connections)
    if isinstance(api, Diagnostic):
        return SiteOutcome(folder, SiteState.UNREACHABLE, (api,))
    revision: int | None = None
    if options.is_rollback:
        back = _earlier(api, folder, places)
        if isinstance(back, SiteOutcome):
            return back
        folder, places, revision = back.folder, back.places, back.revision

    def make_ready(session: Session) -> Ready:
        return preparing.make_ready(session, api, chosen.context, folder, places, options, environ, is_trial=is_trial)

    ready = _asked(chosen, api, make_ready, environ)
    return ready if isinstance(ready, SiteOutcome) else Prepared(ready, revision)


def _earlier(api: Api | None, folder: SiteFolder, places: Places) -> Earlier | SiteOutcome:
    """The plan that a roll-back takes up again, from the cluster's record; or how looking for it ended."""
    if api is None:
        found = kubeconfig_needed(places.of_cluster("context"), folder.key, folder.cluster)
        return SiteOutcome(folder, SiteState.REFUSED, (found,))
    try:
        back = earlier(api, folder, places, Deadline(patience.PREPARE_SECONDS, api.clock))
    except ApiError as error:
        return failed_in_cluster(folder, places, api, error)
    if isinstance(back, tuple):
        return SiteOutcome(folder, SiteState.REFUSED, back)
    # The service is the one that is meant now, whatever was said of it then.
    again = replace(back.folder, service=folder.service, charts=folder.charts)
    return replace(back, folder=again, places=replace(back.places, folder=again))


def observe(chosen: Chosen, connections: Connections) -> Seen:
    """One site as its service has it, and as it is in its cluster where a context leads there."""
    api = _api(chosen, connections)
    if isinstance(api, Diagnostic):
        return Seen(chosen, None, diagnostics=(api,))
    found = _asked(chosen, api, lambda session: observing.observe(session, api, chosen))
    return Seen(chosen, None, diagnostics=found.diagnostics) if isinstance(found, SiteOutcome) else found


def to_remove(chosen: Chosen, connections: Connections, options: Options) -> tuple[Change, ...] | SiteOutcome:
    """What would go with a site, or how finding it out ended."""
    api = _api(chosen, connections)
    if isinstance(api, Diagnostic):
        return SiteOutcome(chosen.folder, SiteState.UNREACHABLE, (api,))
    return _asked(chosen, api, lambda session: removing.to_remove(session, api, chosen, options))


def remove(
    chosen: Chosen, connections: Connections, options: Options, operator: Operator, display: Display
) -> SiteOutcome:
    """One site taken down, or how that ended."""
    api = _api(chosen, connections)
    if isinstance(api, Diagnostic):
        return SiteOutcome(chosen.folder, SiteState.UNREACHABLE, (api,))
    return _asked(chosen, api, lambda session: removing.remove(session, api, chosen, options, operator, display))


def _asked(
    chosen: Chosen, api: Api | None, ask: Callable[[Session], _T], environ: Mapping[str, str] = os.environ
) -> _T | SiteOutcome:
    """What comes of asking a site's service, or how that ended."""
    folder, places = chosen.folder, chosen.places
    session = opened(folder, places, environ, _clock(api))
    if isinstance(session, SiteOutcome):
        return session
    try:
        return ask(session)
    except ServiceError as error:
        return failed(folder, places, session.service, error)
    except ApiError as error:
        if api is None:
            raise
        return failed_in_cluster(folder, places, api, error)


def _api(chosen: Chosen, connections: Connections) -> Api | Diagnostic | None:
    """The API server of a site's cluster; None where no context leads there."""
    return connections.to(chosen) if chosen.context else None


def _clock(api: Api | None) -> Clock:
    return Clock() if api is None else api.clock


def _generation(version: str) -> str:
    """The first number of a version: FATE 1 and FATE 2 have different tables."""
    return version.removeprefix("v").partition(".")[0]


def _modules(spec: Mapping[str, Any]) -> tuple[str, ...]:
    found = spec.get("modules")
    return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()
