"""Tasks that look and change nothing: `kubefate.clusters`, `.namespaces`, `.users`, `.version` and `.logs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from planner.secret_references import is_secret_key
from renderers.canonical import block
from renderers.cluster_report import USAGE, WORLD, Told
from renderers.kubefate_commands.session import Session, Way, good, nothing, one_of, run
from renderers.kubefate_commands.telling import data_of, pairs, table
from renderers.kubefate_service.errors import ServiceRefusedError
from renderers.kubefate_service.shapes import StoredCluster
from renderers.kubefate_service.versions import told as told_version
from renderers.report.excerpt import visible

_MOST_LINES: Final = 10_000


def client_version() -> str:
    """The version of this program; `0` where it runs from its sources without being installed."""
    try:
        return version("fedplan")
    except PackageNotFoundError:
        return "0"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of a task that looks at the service."""

    way: Way = field(default_factory=Way)
    format_name: str = "text"


@dataclass(frozen=True, slots=True)
class ClustersRequest:
    """The options of `invoke kubefate.clusters`."""

    way: Way = field(default_factory=Way)
    describe: str = ""
    everything: bool = False
    format_name: str = "text"


@dataclass(frozen=True, slots=True)
class LogsRequest:
    """The options of `invoke kubefate.logs`: which cluster (uuid or name), and how much of which container."""

    way: Way = field(default_factory=Way)
    of: str = ""
    container: str = ""
    tail: int = 200
    since: int = 0
    previous: bool = False
    format_name: str = "text"


# Clusters


def run_clusters(request: ClustersRequest) -> tuple[str, int]:
    """The clusters that the service keeps, or one of them with all that is known of it."""

    def work(session: Session) -> tuple[Told, int]:
        clusters = session.api.clusters(session.deadline(), everything=request.everything)
        if not request.describe:
            return good(_clusters(clusters), data_of("clusters", [_cluster_data(each) for each in clusters]))
        found = one_of(clusters, request.describe, _names, "cluster")
        if isinstance(found, str):
            return nothing(found)
        if found.is_deleted:
            return good(_described(found), data_of("cluster", _cluster_data(found)))
        cluster = session.api.cluster(found.uuid, session.deadline())
        return good(_described(cluster), data_of("cluster", _cluster_data(cluster)))

    return run("kubefate.clusters", request.way, request.format_name, work, "what was asked of its clusters")


def _names(cluster: StoredCluster) -> tuple[str, ...]:
    return cluster.uuid, cluster.name, f"{cluster.namespace}/{cluster.name}"


def _clusters(clusters: tuple[StoredCluster, ...]) -> list[str]:
    heads = ("uuid", "name", "namespace", "chart", "version", "status", "revision")
    rows = [
        (each.uuid, each.name, each.namespace, each.chart, each.version, each.status, str(each.revision))
        for each in clusters
    ]
    return table(heads, rows) or ["it keeps no clusters"]


def _described(cluster: StoredCluster) -> Iterator[str]:
    info = cluster.info
    yield from pairs(
        (
            ("uuid", cluster.uuid),
            ("name", cluster.name),
            ("namespace", cluster.namespace),
            ("chart", f"{cluster.chart} {cluster.version}"),
            ("status", cluster.status),
            ("revision", str(cluster.revision)),
            ("created", "" if cluster.created is None else cluster.created.strftime("%Y-%m-%d %H:%M:%S")),
            ("updated", "" if cluster.updated is None else cluster.updated.strftime("%Y-%m-%d %H:%M:%S")),
            ("address", "" if info is None or not info.ip else f"{info.ip}:{info.port}" if info.port else info.ip),
        )
    )
    if info is not None and info.pages:
        yield "pages:"
        yield from (f"  http://{page}/" for page in info.pages)
        if info.ip:
            yield "for /etc/hosts of whoever opens them, where no DNS has these names:"
            yield from (f"  {info.ip} {page}" for page in info.pages)
    if info is not None and info.modules:
        yield "modules:"
        rows = [(each.kind, each.name, each.status) for each in info.modules]
        yield from (f"  {line}" for line in table(("kind", "name", "status"), rows))
    if cluster.spec:
        yield "spec:"
        yield from (f"  {visible(line)}" for line in _masked(cluster).splitlines())


def _masked(cluster: StoredCluster) -> str:
    """The stored cluster.yaml without the values of secrets: the service keeps them in the clear."""
    return block(_hidden(cluster.spec or {}))


def _hidden(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {str(name): _hidden(each, str(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each, key) for each in value]
    return "***" if isinstance(value, str | int) and not isinstance(value, bool) and is_secret_key(key) else value


def _cluster_data(cluster: StoredCluster) -> dict[str, Any]:
    info = cluster.info
    return {
        "uuid": cluster.uuid,
        "name": cluster.name,
        "namespace": cluster.namespace,
        "chart": cluster.chart,
        "version": cluster.version,
        "status": cluster.status,
        "revision": cluster.revision,
        "isDeleted": cluster.is_deleted,
        "created": None if cluster.created is None else cluster.created.isoformat(),
        "updated": None if cluster.updated is None else cluster.updated.isoformat(),
        "info": None
        if info is None
        else {
            "ip": info.ip,
            "port": info.port,
            "pages": list(info.pages),
            "modules": [{"kind": each.kind, "name": each.name, "status": each.status} for each in info.modules],
        },
        "spec": _hidden(cluster.spec) if cluster.spec else None,
    }


# Namespaces, users, version


def run_namespaces(request: Request) -> tuple[str, int]:
    """The namespaces of the service's cluster."""

    def work(session: Session) -> tuple[Told, int]:
        found = session.api.namespaces(session.deadline())
        rows = [(each.name, each.status, each.age) for each in found]
        data = [{"name": each.name, "status": each.status, "age": each.age} for each in found]
        return good(table(("name", "status", "age"), rows) or ["it sees no namespace"], data_of("namespaces", data))

    return _since("v1.1.0", "kubefate.namespaces", request, work, "to list namespaces")


def run_users(request: Request) -> tuple[str, int]:
    """The users of the service: each of them may do everything (service-api.md section 3)."""

    def work(session: Session) -> tuple[Told, int]:
        found = session.api.users(session.deadline())
        rows = [(each.uuid, each.name, each.email, each.status) for each in found]
        data = [{"uuid": each.uuid, "name": each.name, "email": each.email, "status": each.status} for each in found]
        return good(table(("uuid", "name", "email", "status"), rows) or ["it has no users"], data_of("users", data))

    return _since("v1.4.1", "kubefate.users", request, work, "to list users")


def run_version(request: Request) -> tuple[str, int]:
    """The versions of fedplan and of the service, and the releases of KubeFATE that brought that."""

    def work(session: Session) -> tuple[Told, int]:
        found, client, url = session.api.version(session.deadline()), client_version(), session.api.url
        lines = pairs((("service", told_version(found)), ("at", url), ("client", f"fedplan {client}")))
        return good(lines, data_of("version", {"service": found, "url": url, "client": client}))

    return run("kubefate.version", request.way, request.format_name, work, "to tell its version")


def _since(oldest: str, command: str, request: Request, work: Any, what: str) -> tuple[str, int]:
    """Run a task that older services have no route for; that is said plainly."""

    def tolerant(session: Session) -> tuple[Told, int]:
        try:
            found: tuple[Told, int] = work(session)
        except ServiceRefusedError as error:
            if not error.is_absent_route:
                raise
            return nothing(f"this service cannot do that: services have it from {oldest} on", WORLD)
        return found

    return run(command, request.way, request.format_name, tolerant, what)


# Logs


def run_logs(request: LogsRequest) -> tuple[str, int]:
    """What the containers of a cluster have logged."""
    if not request.of:
        return "say of which cluster: invoke kubefate.logs NAME, or its uuid", USAGE
    if not 0 < request.tail <= _MOST_LINES:
        return f"--tail takes a number of lines from 1 to {_MOST_LINES}", USAGE

    def work(session: Session) -> tuple[Told, int]:
        clusters = session.api.clusters(session.deadline())
        found = one_of(clusters, request.of, _names, "cluster")
        if isinstance(found, str):
            return nothing(found)
        text = session.api.log(
            found.uuid,
            session.deadline(),
            container=request.container,
            tail=request.tail,
            since=request.since or None,
            previous=request.previous,
        )
        lines = [visible(line.expandtabs(4)) for line in text.splitlines()] or ["it has logged nothing"]
        return good(lines, data_of("log", {"cluster": found.uuid, "container": request.container, "lines": lines}))

    return _since(
        "v1.3.0", "kubefate.logs", Request(request.way, request.format_name), work, f"the log of {request.of[:80]}"
    )
