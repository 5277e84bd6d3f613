"""The service that a task `kubefate.*` talks to, and what becomes of a talk that fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO, TypeVar

from planner.checks.default_service_login import default_service_login
from planner.checks.no_service_login import no_service_login
from planner.checks.refused_by_service import crashed, refused_by_service
from planner.checks.service_login_refused import service_login_refused
from planner.checks.service_unreachable import service_unreachable
from planner.diagnostics import Diagnostic, Place
from planner.model import Service
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster_report import ERRORS, GOOD, USAGE, WORLD, Told
from renderers.kubefate_commands import clusters
from renderers.kubefate_commands.clusters import FILE, cluster_named
from renderers.kubefate_commands.telling import Teller, data_of
from renderers.kubefate_service.api import ServiceApi, connect
from renderers.kubefate_service.client_config import CONFIG, PASSWORD, Settings, settings
from renderers.kubefate_service.deployment import host_of
from renderers.kubefate_service.errors import (
    ServiceCrashedError,
    ServiceError,
    ServiceLoginRefusedError,
    ServiceRefusedError,
)

SECONDS: Final = 30.0
"""Seconds in which a question must be answered."""
UPLOAD_SECONDS: Final = 300.0
_FEWEST: Final = 4
"""Characters of a uuid that are enough to name what has it, as long as nothing else begins so."""
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Way:
    """How the service is found: a cluster of federation.yaml, or a URL and a login; else KubeFATE's own settings."""

    file: str = FILE
    cluster: str = ""
    url: str = ""
    user: str = ""
    password_env: str = ""
    ca: str = ""

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant together, in one clause; empty when they can."""
        if self.url and self.cluster:
            return "--cluster and --url both name a service: take one of them"
        if not self.url and (self.user or self.password_env or self.ca):
            return "--user, --password-env and --ca go with --url"
        return ""


@dataclass(frozen=True, slots=True)
class Session:
    """A service that can be talked to; `cluster` is what findings call it."""

    api: ServiceApi
    cluster: str
    teller: Teller
    place: Place
    source: str
    has_default_login: bool = False

    def deadline(self, seconds: float = SECONDS) -> Deadline:
        """The deadline of something that begins now."""
        return Deadline(seconds, self.api.clock)


Work = Callable[[Session], tuple[Told, int]]
"""What a task does with a service: what it has to say, and its exit code."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a task would connect to."""

    settings: Settings
    cluster: str
    teller: Teller
    place: Place
    source: str


def run(
    command: str, way: Way, format_name: str, work: Work, what: str, environ: Mapping[str, str] = os.environ
) -> tuple[str, int]:
    """Do something with the service, and report it; `what` is what the service would refuse, as in "the list"."""
    found = find(command, way, format_name, environ)
    if isinstance(found, tuple):
        return found
    if found.settings.problems:
        problem = no_service_login(found.place, found.cluster, "; ".join(found.settings.problems))
        return found.teller.wrong((problem,), ""), WORLD
    try:
        api = connect(found.settings, environ)
        session = Session(api, found.cluster, found.teller, found.place, found.source, found.settings.has_default_login)
        told, code = work(session)
    except ServiceError as error:
        return found.teller.wrong((_finding(found, error, what),), ""), _code(error)
    warned = (default_service_login(found.place, found.cluster),) if session.has_default_login else ()
    return found.teller.report(_with(told, warned)), code


def find(command: str, way: Way, format_name: str, environ: Mapping[str, str] = os.environ) -> Found | tuple[str, int]:
    """What to connect to; or the report of why that is not known, and its exit code."""
    if way.mistake:
        return way.mistake, USAGE
    place = Place(document=f"invoke {command}")
    if way.url:
        password = f"env:{way.password_env}" if way.password_env else None
        service = Service(way.url, way.user or None, password, way.ca or None)
        return _found(Teller(command, format_name), service, host_of(way.url) or way.url, place, environ)
    found = cluster_named(way.file, way.cluster, needs_one=bool(way.cluster), with_service=True)
    teller = Teller(command, format_name, found.documents, found.names)
    cluster = found.cluster
    if cluster is None:
        known = _found(teller, None, "", place, environ)  # KubeFATE's own settings may say it
        return known if known.settings.url and not found.is_final else _unknown(teller, found) or known
    if cluster.service is None:
        return f"{way.file} has no `kubefate` at cluster {cluster.name}: name the service with --url", USAGE
    return _found(teller, cluster.service, cluster.name, Place((*cluster.path, "kubefate")), environ)


def _unknown(teller: Teller, found: clusters.Found) -> tuple[str, int] | None:
    """The report of why federation.yaml names no cluster; None where it is no mistake."""
    if found.diagnostics:
        return teller.wrong(found.diagnostics, ""), ERRORS
    return (found.usage, USAGE) if found.usage else None


def _found(teller: Teller, service: Service | None, cluster: str, place: Place, environ: Mapping[str, str]) -> Found:
    known = settings(service, environ)
    reference = service.password if service is not None else None
    source = reference or (PASSWORD if environ.get(PASSWORD) else CONFIG)
    return Found(known, cluster or host_of(known.url) or "the cluster", teller, place, source)


def _finding(found: Found, error: ServiceError, what: str) -> Diagnostic:
    """What went wrong, as a finding."""
    place, cluster = found.place, found.cluster
    if isinstance(error, ServiceLoginRefusedError):
        return service_login_refused(place, cluster, str(error), found.source)
    if isinstance(error, ServiceCrashedError):
        return crashed(place, cluster, what)
    if isinstance(error, ServiceRefusedError):
        return refused_by_service(place, cluster, what, error.message)
    return service_unreachable(place, cluster, found.settings.url, str(error))


def _code(error: ServiceError) -> int:
    return ERRORS if isinstance(error, ServiceRefusedError) else WORLD


def _with(told: Told, diagnostics: tuple[Diagnostic, ...]) -> Told:
    return Told(told.lines, told.outcome, told.steps, told.extra, (*told.diagnostics, *diagnostics))


# ---------------------------------------------------------------------------------------------------------------------
# What tasks share


def one_of(items: Iterable[_Item], wanted: str, names: Callable[[_Item], tuple[str, ...]], kind: str) -> _Item | str:
    """The item that has this name, or whose uuid (the first of its names) begins so; or why there is none, a clause."""
    everything = list(items)
    found = [each for each in everything if wanted in names(each)]
    if not found and len(wanted) >= _FEWEST:
        found = [each for each in everything if names(each)[0].startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        return f"{len(found)} {kind}s are called {spoken(wanted)}: name one by its uuid"
    return f"there is no {kind} {spoken(wanted)}"


def agreed(question: str, stdin: TextIO, stderr: TextIO) -> bool:
    """Whether the operator says yes."""
    stderr.write(f"{question} [y/N] ")
    stderr.flush()
    return stdin.readline().strip().lower() in {"y", "yes"}


def nothing(reason: str, code: int = ERRORS) -> tuple[Told, int]:
    """The end of a task that did nothing, and why."""
    return Told((reason,), extra=data_of("reason", reason)), code


def good(lines: Iterable[str], extra: Mapping[str, Any]) -> tuple[Told, int]:
    """The end of a task that did what it was asked for."""
    return Told(tuple(lines), extra=extra), GOOD
