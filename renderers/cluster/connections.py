"""The API servers of one run: each connected to once, and what it means when one cannot be used."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from planner.checks.cluster_unreachable import cluster_unreachable
from planner.checks.login_refused import login_refused
from planner.checks.object_refused import object_refused
from planner.checks.unknown_context import broken_kubeconfig, unknown_context
from planner.checks.wrong_cluster import wrong_cluster
from planner.diagnostics import Diagnostic
from renderers.cluster import api as cluster_api
from renderers.cluster import patience
from renderers.cluster.api import (
    Api,
    ApiError,
    LoginRefusedError,
    RefusedError,
    UnknownContextError,
    UnreachableError,
    every_try,
)
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.outcomes import SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.cluster.selection import Chosen

_T = TypeVar("_T")
_FIRST_CONTACT: Final = 20.0
"""Seconds in which a cluster must answer at all: one that is away is told soon, and not at the end of a long wait."""
_CONFIRM: Final = 5.0
"""Seconds in which an API server must answer after a request to it was lost, or it is given up."""
_OF_THE_SERVER: Final = 500
"""The first HTTP status by which a server says that the trouble is its own."""


@dataclass(slots=True)
class Connections:
    """The API servers of one run, each connected to once. Used by several threads: one that is away delays no other."""

    connect: Callable[[str], Api] = cluster_api.connect
    _known: dict[str, Api] = field(default_factory=dict)
    _clusters: dict[str, str] = field(default_factory=dict)
    _first: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def to(self, chosen: Chosen) -> Api | Diagnostic:
        """The API server of a site, or why there is none; two clusters of the file are never one server."""
        with self._first[chosen.context]:
            return self._to(chosen)

    def _to(self, chosen: Chosen) -> Api | Diagnostic:
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
                api.version(Deadline(min(_FIRST_CONTACT, patience.PREPARE_SECONDS), api.clock))
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


def is_away(api: Api, reason: str, clock: Clock) -> bool:
    """Whether it is the API server that was lost, and not a container or its node; nobody waits for it again then.

    `reason` is how a request to it was lost. It is given up where a short question to it stays unanswered too.
    """
    if not api.given_up:
        try:
            api.version(Deadline(_CONFIRM, clock))
        except UnreachableError:
            api.given_up = reason
        except ApiError:
            return False
    return bool(api.given_up)


def on_cluster(chosen: Chosen, connections: Connections, work: Callable[[Api], _T]) -> _T | SiteOutcome:
    """What comes of working on a site's cluster; or how that ended because the cluster could not be used."""
    api = connections.to(chosen)
    if isinstance(api, Diagnostic):
        return SiteOutcome(chosen.folder, SiteState.UNREACHABLE, (api,))
    try:
        return work(api)
    except ApiError as error:
        return failed(chosen.folder, chosen.places, api, error)


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
