"""Work on several sites: each on its cluster, in waves, a failure holding back only what depends on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from planner.checks.cluster_unreachable import cluster_unreachable
from planner.checks.data_of_another_generation import data_of_another_generation
from planner.checks.destructive_change import destructive_change
from planner.checks.held_back import held_back
from planner.checks.login_refused import login_refused
from planner.checks.object_refused import object_refused
from planner.checks.unknown_context import broken_kubeconfig, unknown_context
from planner.checks.wrong_cluster import wrong_cluster
from planner.diagnostics import Diagnostic
from renderers.cluster import api as cluster_api
from renderers.cluster import applying
from renderers.cluster.api import (
    Api,
    ApiError,
    LoginRefusedError,
    RefusedError,
    UnknownContextError,
    UnreachableError,
    every_try,
)
from renderers.cluster.applying import (
    PREPARE_SECONDS,
    Options,
    Prepared,
    SiteOutcome,
    SiteState,
    carry_out,
    prepare,
    withdraw,
)
from renderers.cluster.clock import Deadline
from renderers.cluster.display import Display
from renderers.cluster.folder import SiteFolder
from renderers.cluster.masking import masked, values_of
from renderers.cluster.operator import Operator
from renderers.cluster.places import Places
from renderers.cluster.preview import Action
from renderers.cluster.references import WORKLOADS
from renderers.cluster.rolling_back import earlier
from renderers.cluster.selection import Chosen, held_back_by

_FIRST_CONTACT: Final = 20.0
"""Seconds in which a cluster must answer at all: one that is away is told soon, and not at the end of a long wait."""
BAD: Final = (SiteState.FAILED, SiteState.REFUSED, SiteState.UNREACHABLE, SiteState.HELD_BACK, SiteState.DECLINED)
"""The ends after which a site's dependants are not touched."""
_OF_THE_SERVER: Final = 500
"""The first HTTP status by which a server says that the trouble is its own."""
Ask = Callable[[Sequence[Prepared]], bool]
"""Shows what would be written, and tells whether the operator wants it."""


@dataclass(slots=True)
class Connections:
    """The API servers of one run, each connected to once."""

    connect: Callable[[str], Api] = cluster_api.connect
    _known: dict[str, Api] = field(default_factory=dict)
    _clusters: dict[str, str] = field(default_factory=dict)

    def to(self, chosen: Chosen) -> Api | Diagnostic:
        """The API server of a site, or why there is none; two clusters of the file are never one server."""
        folder, places, context = chosen.folder, chosen.places, chosen.context
        try:
            api = self._known.get(context) or self.connect(context)
        except UnknownContextError as error:
            return _unknown(folder, places, context, error)
        except LoginRefusedError as error:
            return login_refused(places.of_cluster("context"), folder.cluster, context, str(error))
        if context not in self._known:
            self._known[context] = api
            try:
                api.version(Deadline(min(_FIRST_CONTACT, applying.PREPARE_SECONDS), api.clock))
            except UnreachableError as error:
                api.given_up = str(error)
            except ApiError as error:
                outcome = failed(folder, places, api, error)
                return outcome.diagnostics[0]
        other = self._clusters.setdefault(api.server, folder.cluster)
        if other != folder.cluster:
            found = f"{api.server}, where cluster {other} is"
            expected = folder.server or "another API server"
            return wrong_cluster(places.of_cluster("context"), folder.cluster, context, expected, found)
        if api.given_up:
            return cluster_unreachable(places.of_cluster("context"), folder.cluster, api.server, api.given_up)
        return api


def apply_sites(
    chosen: Sequence[Chosen],
    options: Options,
    operator: Operator,
    ask: Ask,
    display_for: Callable[[SiteFolder], Display],
    *,
    force: bool = False,
    connections: Connections | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[SiteOutcome, ...]:
    """Prepare every site, ask once, and write one wave after the other."""
    connections = connections or Connections()
    outcomes: dict[str, SiteOutcome] = {}
    ready: list[Prepared] = []
    for each in chosen:
        prepared = attempt(each, connections, options, environ)
        if isinstance(prepared, SiteOutcome):
            outcomes[each.folder.key] = prepared
            continue
        if not force:
            prepared = replace(prepared, diagnostics=(*prepared.diagnostics, *_destructive(prepared)))
        if prepared.is_good:
            ready.append(prepared)
        else:
            withdraw(prepared)
            outcomes[each.folder.key] = SiteOutcome(each.folder, SiteState.REFUSED, prepared.diagnostics)
    try:
        is_wanted = not any(prepared.changes for prepared in ready) or ask(ready)
        while ready:
            prepared = ready.pop(0)
            outcomes[prepared.folder.key] = _ended(prepared, outcomes, operator, display_for, is_wanted=is_wanted)
    except BaseException:  # Ctrl-C too: what was made for the trial of a site that is not begun is not left behind
        for prepared in ready:
            withdraw(prepared)
        raise
    return tuple(outcomes[each.folder.key] for each in chosen)


def _ended(
    prepared: Prepared,
    outcomes: Mapping[str, SiteOutcome],
    operator: Operator,
    display_for: Callable[[SiteFolder], Display],
    *,
    is_wanted: bool,
) -> SiteOutcome:
    """How one prepared site ends, after those that ended before it."""
    folder = prepared.folder
    behind = held_back_by(folder, [key for key, outcome in outcomes.items() if outcome.state in BAD])
    if is_wanted and not behind:
        outcome = _carried_out(prepared, operator, display_for(folder))
        values = values_of(folder, prepared.secrets)
        return replace(outcome, diagnostics=masked(outcome.diagnostics, values))
    withdraw(prepared)
    if not is_wanted:
        return SiteOutcome(folder, SiteState.DECLINED, prepared.diagnostics)
    waits = held_back(prepared.places.of_site(), folder.key, behind)
    return SiteOutcome(folder, SiteState.HELD_BACK, (*prepared.diagnostics, waits))


def attempt(
    chosen: Chosen,
    connections: Connections,
    options: Options,
    environ: Mapping[str, str] = os.environ,
    *,
    is_trial: bool = False,
) -> Prepared | SiteOutcome:
    """One site prepared, or how it ended because its cluster could not be spoken to."""
    api = connections.to(chosen)
    if isinstance(api, Diagnostic):
        return SiteOutcome(chosen.folder, SiteState.UNREACHABLE, (api,))
    folder, places = chosen.folder, chosen.places
    revision: int | None = None
    try:
        if options.is_rollback:
            back = earlier(api, folder, places, Deadline(PREPARE_SECONDS, api.clock))
            if isinstance(back, tuple):
                return SiteOutcome(folder, SiteState.REFUSED, back)
            folder, places, revision = back.folder, back.places, back.revision
        prepared = prepare(api, folder, places, options, environ, is_trial=is_trial)
        found = masked(prepared.diagnostics, values_of(folder, prepared.secrets))
        return replace(prepared, of=revision, diagnostics=found)
    except ApiError as error:
        return failed(chosen.folder, chosen.places, api, error)


def _carried_out(prepared: Prepared, operator: Operator, display: Display) -> SiteOutcome:
    folder, places, api = prepared.folder, prepared.places, prepared.api
    if api.given_up:
        away = cluster_unreachable(places.of_cluster("context"), folder.cluster, api.server, api.given_up)
        return SiteOutcome(folder, SiteState.UNREACHABLE, (*prepared.diagnostics, away))
    try:
        return carry_out(prepared, operator, display)
    except ApiError as error:
        outcome = failed(folder, places, api, error)
        diagnostics = (*prepared.diagnostics, *outcome.diagnostics)
        return replace(outcome, diagnostics=diagnostics, changes=prepared.changes, is_begun=error.is_midway)
    finally:
        display.done()


def failed(folder: SiteFolder, places: Places, api: Api, error: ApiError) -> SiteOutcome:
    """What a site ends with when its cluster does not answer, or answers no to something that was not foreseen."""
    if isinstance(error, LoginRefusedError):
        diagnostic = login_refused(places.of_cluster("context"), folder.cluster, api.context, str(error))
    elif isinstance(error, RefusedError) and error.status < _OF_THE_SERVER:
        diagnostic = object_refused(places.of_site(), folder.label, error.message, folder.key)
        return SiteOutcome(folder, SiteState.FAILED, (diagnostic,))
    else:
        reason = every_try(error.status, error.message) if isinstance(error, RefusedError) else str(error)
        api.given_up = reason
        diagnostic = cluster_unreachable(places.of_cluster("context"), folder.cluster, api.server, reason)
    return SiteOutcome(folder, SiteState.UNREACHABLE, (diagnostic,))


def _unknown(folder: SiteFolder, places: Places, context: str, error: UnknownContextError) -> Diagnostic:
    place = places.of_cluster("context")
    paths = ", ".join(_shown(path) for path in cluster_api.kubeconfig_paths())
    try:
        known = tuple(found.name for found in cluster_api.contexts())
    except UnknownContextError as broken:
        return broken_kubeconfig(place, paths, str(broken))
    if context in known:
        return broken_kubeconfig(place, paths, str(error))
    return unknown_context(place, folder.cluster, context, paths, known)


def _shown(path: Path) -> str:
    """A path as a user writes it, from their home folder."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)


def _destructive(prepared: Prepared) -> Iterator[Diagnostic]:
    """What needs --force: workloads, or most of what is there, would go; or data would be read by the wrong release."""
    folder, place = prepared.folder, prepared.places.of_site()
    if prepared.data_of:
        yield data_of_another_generation(place, folder.key, prepared.data_of, folder.release)
    if prepared.preview is None:
        return
    gone = [change.reference for change in prepared.preview.changes if change.action is Action.DELETE]
    workloads = tuple(str(found) for found in gone if found.kind in WORKLOADS)
    there = len(gone) + sum(change.action in {Action.UPDATE, Action.KEEP} for change in prepared.preview.changes)
    if workloads or 2 * len(gone) > there:
        yield destructive_change(place, folder.key, len(gone), there, workloads)
