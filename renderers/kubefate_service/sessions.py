"""A session with a KubeFATE service: opened once for an operation on a site, and what it means when it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planner.checks.default_service_login import default_service_login
from planner.checks.no_service_login import no_service_login
from planner.checks.refused_by_service import crashed, refused_by_service
from planner.checks.service_login_refused import service_login_refused
from planner.checks.service_unreachable import given_up_midway, service_unreachable
from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Clock, Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.masking import masked
from renderers.cluster.outcomes import SiteOutcome, SiteState
from renderers.cluster.places import Places
from renderers.kubefate_service.api import ServiceApi, connect
from renderers.kubefate_service.client_config import PASSWORD, Settings, settings
from renderers.kubefate_service.errors import (
    ServiceCrashedError,
    ServiceError,
    ServiceLoginRefusedError,
    ServiceRefusedError,
)

FIRST_CONTACT: Final = 20.0
"""Seconds in which a service must answer at all: one that is away is told soon, and not at the end of a long wait."""
_KEY: Final = "kubefate"


@dataclass(frozen=True, slots=True)
class Session:
    """A service that has let us in: its version, and what is to be said of the login."""

    service: ServiceApi
    version: str
    diagnostics: tuple[Diagnostic, ...] = ()


def opened(folder: SiteFolder, places: Places, environ: Mapping[str, str], clock: Clock) -> Session | SiteOutcome:
    """The service of a site's cluster, logged in to; or how the operation ends because that could not be done."""
    place, cluster = places.of_cluster(_KEY), folder.cluster
    found = settings(folder.service, environ)
    if found.problems:
        problem = no_service_login(place, cluster, "; ".join(found.problems))
        return SiteOutcome(folder, SiteState.REFUSED, (problem,))
    deadline = Deadline(FIRST_CONTACT, clock)
    try:
        service = connect(found, environ, clock)
        service.log_in(deadline)
        version = service.version(deadline)
    except ServiceLoginRefusedError as error:
        problem = service_login_refused(place, cluster, str(error), _source(folder, environ))
    except ServiceRefusedError as error:
        problem = refused_by_service(place, cluster, "a login", error.message)
    except ServiceError as error:
        problem = service_unreachable(place, cluster, found.url, str(error))
    else:
        told = (default_service_login(place, cluster),) if found.has_default_login else ()
        return Session(service, version, told)
    return SiteOutcome(folder, SiteState.UNREACHABLE, masked((problem,), _secret(found)))


def failed(
    folder: SiteFolder, places: Places, service: ServiceApi, error: ServiceError, what: str = "", chart: str = ""
) -> SiteOutcome:
    """What a site ends with when its service goes away, or says no to something that was not foreseen.

    `what` is what it was asked for, as in "the update of fate-9999/fate-9999"; `chart` a chart that it may crash on.
    """
    place, cluster = places.of_cluster(_KEY), folder.cluster
    what = what or "what it was asked for"
    if isinstance(error, ServiceCrashedError):
        return SiteOutcome(folder, SiteState.FAILED, (crashed(place, cluster, what, chart),))
    if isinstance(error, ServiceRefusedError):
        return SiteOutcome(folder, SiteState.FAILED, (refused_by_service(place, cluster, what, error.message),))
    if isinstance(error, ServiceLoginRefusedError):
        problem = service_login_refused(place, cluster, str(error), "the place that it came from before")
    elif error.is_midway:
        problem = given_up_midway(place, cluster, service.url, str(error), f"asked for {what}")
    else:
        problem = service_unreachable(place, cluster, service.url, str(error))
    return SiteOutcome(folder, SiteState.UNREACHABLE, (problem,), is_begun=error.is_midway)


def _source(folder: SiteFolder, environ: Mapping[str, str]) -> str:
    """Where the password came from, in words."""
    if folder.service is not None and folder.service.password:
        return folder.service.password
    return PASSWORD if environ.get(PASSWORD) else "config.yaml"


def _secret(found: Settings) -> tuple[str, ...]:
    return (found.password,) if len(found.password) >= 6 else ()  # noqa: PLR2004 - shorter ones are parts of words
