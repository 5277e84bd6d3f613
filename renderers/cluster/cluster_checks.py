"""Whether the context leads to the cluster that the plan is for, and whether that serves what the plan is written in.

A cluster of another version than federation.yaml says is no fault by itself: only an API that it does not serve is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from planner.checks.api_not_served import api_not_served
from planner.checks.wrong_cluster import wrong_cluster
from planner.diagnostics import Diagnostic
from renderers.cluster import lease
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.folder import SiteFolder
from renderers.cluster.places import Places

OLDEST: Final = (1, 20)
"""The first Kubernetes whose APIs are written (renderers/kubernetes/apis.yaml, `minimum`)."""
_PORTS: Final = {"https": 443, "http": 80}


def check_cluster(api: Api, folder: SiteFolder, deadline: Deadline, places: Places) -> Sequence[Diagnostic]:
    """What makes a cluster the wrong one; nothing more is asked of a cluster that is not the one that was meant."""
    if folder.server is not None and not same_server(folder.server, api.server):
        found = wrong_cluster(places.of_cluster("server"), folder.cluster, api.context, folder.server, api.server)
        return (found,)
    version = api.version(deadline)
    if version < OLDEST:
        return (_too_old(folder, version, places),)
    return tuple(_unserved(api, folder, version, deadline, places))


def same_server(one: str, other: str) -> bool:
    """Whether two URLs lead to one API server: case, a last slash and a port that goes without saying do not count."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", url, None, ""
    return parts.scheme, (parts.hostname or "").rstrip("."), port or _PORTS.get(parts.scheme), parts.path.rstrip("/")


def _too_old(folder: SiteFolder, version: tuple[int, int], places: Places) -> Diagnostic:
    oldest = _spelled(OLDEST)
    api = f"what is written for Kubernetes {oldest} and later"
    found = api_not_served(places.of_cluster("kubernetes"), folder.cluster, _spelled(version), api)
    return replace(found, hint=f"bring cluster {folder.cluster} to Kubernetes {oldest} at least")


def _unserved(
    api: Api, folder: SiteFolder, version: tuple[int, int], deadline: Deadline, places: Places
) -> Iterator[Diagnostic]:
    references = (each.reference for each in (*folder.objects, *folder.secrets))
    wanted = dict.fromkeys((reference.api_version, reference.kind) for reference in references)
    for api_version, kind in (*wanted, (lease.API_VERSION, "Lease")):
        if not api.serves(api_version, kind, deadline):
            what = f"{api_version} {kind}"
            yield api_not_served(places.of_cluster("kubernetes"), folder.cluster, _spelled(version), what)


def _spelled(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
