"""Target helm: its sites prepared, installed, looked at and taken down with the helm binary.

Helm writes the objects and keeps its history; waiting is done here, as for every target, and so is what `--wait` and
`--atomic` would do. Helm's own waiting tells nothing until its time is over, and takes the failed pods away before
anybody can read their logs; and a helm that is killed while it waits leaves its release locked. Here helm writes within
seconds, the same table shows the pods coming up, what fails is told with its last lines, and then helm puts back the
revision that ran before, or takes a first installation out again. Whatever is killed in between: apply goes on from
there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from planner.checks.cluster_unreachable import cluster_unreachable
from planner.checks.data_of_another_generation import data_of_another_generation
from planner.checks.destructive_change import destructive_change
from planner.diagnostics import Diagnostic
from renderers.cluster import installed, patience, record, rights
from renderers.cluster.api import Api, ApiError
from renderers.cluster.clock import Deadline
from renderers.cluster.connections import Connections, failed, on_cluster
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.helm_releases import releases
from renderers.cluster.installed import as_folder
from renderers.cluster.masking import long_enough, masked
from renderers.cluster.operator import Operator
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.preview import Action, Change
from renderers.cluster.references import WORKLOADS
from renderers.cluster.rolling_back import earlier
from renderers.cluster.selection import Chosen
from renderers.helm import applying, preparing, removing
from renderers.helm.preparing import Ready

_DATA = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site that could be installed, or the findings that forbid it."""

    ready: Ready
    of: int | None = None

    @property
    def folder(self) -> SiteFolder:
        """The site, with the objects that its charts make."""
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
        """Which helm does what to which release."""
        return tuple(_notes(self.ready))

    @property
    def where(self) -> str:
        """The context and the namespaces."""
        names = dict.fromkeys(each.namespace for each in self.folder.chosen(self.ready.options.only))
        return f"context {self.ready.api.context}, namespace {', '.join(names)}"

    @property
    def is_good(self) -> bool:
        """Whether nothing forbids to go on."""
        return self.ready.is_whole and not self.ready.has_errors

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written."""
        return (*self.ready.given.changes, *(change for plan in self.ready.plans for change in plan.writes))

    def destructive(self) -> Iterator[Diagnostic]:
        """Workloads, data or most of what is there would go, or a helm of somebody else may be at work."""
        folder, place = self.folder, self.places.of_site()
        yield from self.ready.busy
        if self.ready.data_of:
            yield data_of_another_generation(place, folder.key, self.ready.data_of, folder.release)
        every = [change for plan in self.ready.plans for change in plan.changes]
        gone = [change.reference for change in every if change.action is Action.DELETE]
        precious = tuple(str(found) for found in gone if found.kind in {*WORKLOADS, _DATA})
        there = sum(change.action is not Action.CREATE for change in every)
        if precious or 2 * len(gone) > there:
            yield destructive_change(place, folder.key, len(gone), there, precious)

    def secret_values(self) -> tuple[str, ...]:
        """The values of its secrets, which nothing that is printed may hold."""
        return self.ready.secrets

    def carry_out(self, operator: Operator, display: Display) -> SiteOutcome:
        """Let helm write, wait until it runs, and put back what ran before if it does not."""
        ready, folder, api = self.ready, self.folder, self.ready.api
        try:
            if api.given_up:
                place = self.places.of_cluster("context")
                away = cluster_unreachable(place, folder.cluster, api.server, api.given_up)
                outcome = SiteOutcome(folder, SiteState.UNREACHABLE, (*ready.diagnostics, away))
            else:
                outcome = applying.carry_out(ready, self.of, operator, display)
        except ApiError as error:
            ended = failed(folder, self.places, api, error)
            found = (*ready.diagnostics, *ended.diagnostics)
            outcome = replace(ended, diagnostics=found, changes=self.changes, is_begun=error.is_midway)
        finally:
            display.done()
        return replace(outcome, diagnostics=masked(outcome.diagnostics, long_enough(ready.secrets)))

    def withdraw(self) -> None:
        """Take away the namespaces that were made for the trial."""
        with suppress(ApiError):
            preparing.withdraw(self.ready)


def prepare(
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str],
    *,
    is_trial: bool = False,
) -> Prepared | SiteOutcome:
    """One site prepared, or how it ended because its cluster could not be spoken to."""

    def prepared(api: Api) -> Prepared | SiteOutcome:
        folder, places, revision = chosen.folder, chosen.places, None
        if options.is_rollback:
            back = earlier(api, folder, places, Deadline(patience.PREPARE_SECONDS, api.clock))
            if isinstance(back, tuple):
                return SiteOutcome(folder, SiteState.REFUSED, back)
            # Charts are where they are now, whatever was said of it then.
            folder = replace(back.folder, charts=folder.charts)
            places, revision = replace(back.places, folder=folder), back.revision
        ready = preparing.make_ready(api, chosen.context, folder, places, options, environ, is_trial=is_trial)
        return Prepared(ready, revision)

    return on_cluster(chosen, connections, prepared)


def observe(chosen: Chosen, connections: Connections) -> Seen:
    """One site as it is in its cluster."""
    folder, places = chosen.folder, chosen.places
    api = connections.to(chosen)
    if isinstance(api, Diagnostic):
        return Seen(chosen, None, diagnostics=(api,))
    deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
    try:
        running = as_folder(folder, releases(api, folder, deadline)).folder
        missing = tuple(rights.missing_rights(api, running, "status", deadline, places))
        if any(each.is_error for each in missing):
            return Seen(chosen, None, diagnostics=missing)
        records = record.history(api, folder, deadline)
        last = next(iter(records), None)
        # What was applied is what Helm has: it is taken for that where the folder's digest is the record's.
        asked = folder if last is None else replace(folder, digest=last.digest)
        seen = installed.observe(api, asked, last, deadline, replace(places, folder=asked))
    except ApiError as error:
        return Seen(chosen, None, diagnostics=failed(folder, places, api, error).diagnostics)
    return Seen(chosen, replace(seen, folder=folder), records, (*missing, *seen.diagnostics))


def to_remove(chosen: Chosen, connections: Connections, options: Options) -> tuple[Change, ...] | SiteOutcome:
    """The objects that would go, or how finding them out ended."""

    def found(api: Api) -> tuple[Change, ...]:
        deadline = Deadline(patience.PREPARE_SECONDS, api.clock)
        return removing.to_remove(api, chosen.folder, options, deadline)

    return on_cluster(chosen, connections, found)


def remove(
    chosen: Chosen, connections: Connections, options: Options, operator: Operator, display: Display
) -> SiteOutcome:
    """One site taken down, or how that ended."""
    return on_cluster(chosen, connections, lambda api: removing.remove(api, chosen, options, operator, display))


def _notes(ready: Ready) -> Iterator[str]:
    yield from ready.limits
    for plan in ready.plans:
        if ready.helm is None:
            return
        latest = ready.before.latest(plan.at)
        chart = f"chart {plan.part.chart.name} {plan.part.chart.version} from {plan.part.chart.source}"
        if latest is None:
            yield f"{ready.helm.label} installs release {plan.at.name}: {chart}"
        elif plan.is_due(latest):
            yield f"{ready.helm.label} upgrades release {plan.at.name}, revision {latest.revision}: {chart}"
