"""`invoke kubefate.deploy`: KubeFATE's service itself written, applied, looked at and taken down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final, TextIO

from planner.diagnostics import Diagnostic
from planner.model import Cluster
from renderers.canonical import block
from renderers.cluster.connections import Connections
from renderers.cluster.display import display_for
from renderers.cluster.operator import operator
from renderers.cluster.outcomes import Options, Seen, SiteOutcome, SiteState
from renderers.cluster.preview import called
from renderers.cluster.preview_text import changes_data, counts, preview_lines
from renderers.cluster.selection import Chosen
from renderers.cluster.status import lines, to_json
from renderers.cluster_report import DIFFERENT, ERRORS, GOOD, USAGE, WORLD, Told, exit_code
from renderers.kubefate_commands.clusters import FILE, Found, cluster_named
from renderers.kubefate_commands.next_steps import after_deploying, after_writing
from renderers.kubefate_commands.telling import Teller, data_of
from renderers.kubefate_service import deployment_life_cycle as life_cycle
from renderers.kubefate_service.deployment import (
    DATABASE_IMAGE,
    KEY,
    LEVEL,
    NAMESPACE,
    PUBLIC_CHARTS,
    REGISTRY,
    USER,
    Database,
    Deployment,
    database_at,
    host_of,
    image_of,
)
from renderers.kubefate_service.deployment_folder import Target, folder_of, manifests
from renderers.kubefate_service.deployment_life_cycle import PreparedService
from renderers.kubefate_service.deployment_objects import SECRET, USER_PASSWORD
from renderers.out import write_atomic
from renderers.report import State, Step, wants_colour

NOTHING: Final = "nothing was deployed"
_COMMAND: Final = "kubefate.deploy"
_NOWHERE: Final = "kubefate.invalid"
"""Stands for the host where only what is there already is meant."""


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke kubefate.deploy` as they were given."""

    file: str = FILE
    cluster: str = ""
    context: str = ""
    namespace: str = NAMESPACE
    host: str = ""
    ingress_class: str = ""
    tls_secret: str = ""
    release: str = ""
    image: str = ""
    registry: str = ""
    pull_secret: str = ""
    user: str = ""
    password: str = ""
    database: str = ""
    database_password: str = ""
    database_image: str = ""
    ephemeral: bool = False
    storage: str = "5Gi"
    storage_class: str = ""
    repo: str = PUBLIC_CHARTS
    namespaces: str = ""
    cluster_role: bool = True
    network_policy: bool = True
    log_level: str = LEVEL
    write: str = ""
    dry_run: bool = False
    status: bool = False
    remove: bool = False
    delete_data: bool = False
    is_agreed: bool = False
    force: bool = False
    force_conflicts: bool = False
    timeout: int = 600
    format_name: str = "text"

    @property
    def mistake(self) -> str:
        """Why these options cannot be meant together, in one clause; empty when they can."""
        modes = [bool(self.write), self.dry_run, self.status, self.remove]
        reasons = (
            (sum(modes) > 1, "--write, --dry-run, --status and --remove: take one of them"),
            (self.delete_data and bool(self.write or self.status), "--delete-data goes with deploying or --remove"),
            (self.timeout < 1, "--timeout takes seconds, at least 1"),
            (bool(self.database_password and not self.database), "--database-password goes with --database"),
        )
        return next((reason for holds, reason in reasons if holds), "")


@dataclass(frozen=True, slots=True)
class _Job:
    """One run: what is wanted where, and where its report goes. `remarks` say what was decided by itself."""

    request: Request
    wanted: Deployment
    target: Target
    teller: Teller
    is_in_file: bool
    remarks: tuple[str, ...] = ()

    @property
    def chosen(self) -> Chosen:
        """The service as what the life cycle takes."""
        return life_cycle.chosen_of(self.wanted, self.target)

    @property
    def options(self) -> Options:
        """What the operator asks of the life cycle."""
        request = self.request
        return Options(
            timeout=float(request.timeout), force_conflicts=request.force_conflicts, delete_data=request.delete_data
        )


def run_deploy(
    request: Request,
    stdin: TextIO | None = None,
    stderr: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
    connections: Connections | None = None,
) -> tuple[str, int]:
    """The report and the exit code; what happens meanwhile is told on `stderr`."""
    job = _job(request, environ)
    if isinstance(job, tuple):
        return job
    if request.write:
        return _written(job)
    stdin, stderr = stdin or sys.stdin or StringIO(), stderr or sys.stderr or StringIO()
    connections = connections or Connections()
    if request.status:
        return _status(job, connections)
    if request.remove:
        return _removed(job, connections, stdin, stderr)
    return _deployed(job, connections, stdin, stderr, environ)


def _job(request: Request, environ: Mapping[str, str]) -> _Job | tuple[str, int]:
    """What is to be done; or the report of why that is not known, and its exit code."""
    found = Found(usage=request.mistake)
    if not found.usage and (request.cluster or not request.context):  # else the options alone say where
        found = cluster_named(request.file, request.cluster, needs_one=True, with_service=False)
    teller = Teller(_COMMAND, request.format_name, found.documents, found.names)
    if found.diagnostics:
        return teller.wrong(found.diagnostics, NOTHING), ERRORS
    if found.usage:
        other = "" if request.cluster or request.mistake else ", or a context with --context"
        return f"{found.usage}{other}", USAGE
    wanted, remarks = _wanted(request, found.cluster, environ)
    target = _target(request, found)
    mistake = wanted if isinstance(wanted, str) else wanted.mistake
    if not mistake and not target.context and not request.write:
        mistake = f"{request.file} names no context for cluster {target.name}: name one with --context"
    if mistake or isinstance(wanted, str):
        return mistake, USAGE
    is_in_file = found.cluster is not None and found.cluster.service is not None
    return _Job(request, wanted, target, teller, is_in_file, remarks)


# ---------------------------------------------------------------------------------------------------------------------
# What is wanted


def _wanted(
    request: Request, cluster: Cluster | None, environ: Mapping[str, str]
) -> tuple[Deployment | str, tuple[str, ...]]:
    """The service as options and federation.yaml ask for it, or what is wrong with the options; and remarks."""
    service = None if cluster is None else cluster.service
    image = image_of(request.release, request.image, request.registry)
    base = _database(request, cluster)
    if image.mistake or isinstance(base, str):
        return image.mistake or str(base), ()
    password, remarks = _password(request, service.password if service else None, environ)
    url = service.url if service else ""
    host = request.host or host_of(url)
    if url and host != host_of(url):
        remarks += (f"{request.file} has {url} for this service: write {host} there",)
    elif url.startswith("https:") and not request.tls_secret:
        remarks += (f"{request.file} has {url}: without --tls-secret, something before the ingress answers for that",)
    return Deployment(
        host=host or (_NOWHERE if request.status or request.remove else ""),
        namespace=request.namespace,
        image=image.name,
        version=image.version,
        user=request.user or (service.user if service else None) or USER,
        password=password,
        database=base,
        ingress_class=request.ingress_class,
        tls_secret=request.tls_secret,
        pull_secret=request.pull_secret,
        repository=request.repo,
        namespaces=tuple(dict.fromkeys(name.strip() for name in request.namespaces.split(",") if name.strip())),
        has_cluster_role=request.cluster_role,
        has_network_policy=request.network_policy,
        log_level=request.log_level,
    ), remarks


def _database(request: Request, cluster: Cluster | None) -> Database | str:
    registry = (request.registry or REGISTRY).rstrip("/")
    image = request.database_image or (f"{registry}/{DATABASE_IMAGE}" if request.registry else DATABASE_IMAGE)
    if request.database:
        found = database_at(request.database, request.database_password)
        if isinstance(found, str) or not request.ephemeral:
            return found
        return replace(found, is_ephemeral=True)
    return Database(
        image=image,
        storage=request.storage,
        storage_class=request.storage_class or (cluster.storage_class if cluster else None) or "",
        is_ephemeral=request.ephemeral,
    )


def _password(request: Request, in_file: str | None, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The reference to the user's password; empty for one that is generated, which is said where it may surprise."""
    if request.password or not in_file:
        return request.password, ()
    if in_file == f"secret:{request.namespace}/{SECRET}#{USER_PASSWORD}":  # the very Secret that is written here
        return "", ()
    kind, _, name = in_file.partition(":")
    if kind == "env" and name not in environ:
        return "", (f"{in_file} has no value here: the service keeps its password, or one is generated",)
    return in_file, ()


def _target(request: Request, found: Found) -> Target:
    cluster = found.cluster
    if cluster is None:
        return Target(request.context, request.context)
    path = None if found.place is None else found.place.path
    context = request.context or cluster.context or ""
    return Target(cluster.name, context, cluster.address, cluster.server, cluster.kubernetes, path)


# ---------------------------------------------------------------------------------------------------------------------
# The manifests alone


def _written(job: _Job) -> tuple[str, int]:
    """The manifests in a folder, for whoever applies them by other means."""
    directory = Path(job.request.write)
    folder = folder_of(job.wanted, job.target)
    texts = dict(manifests(job.wanted, folder))
    kustomization: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(texts),
    }
    texts["kustomization.yaml"] = block(kustomization)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if "20-mariadb.yaml" not in texts:
            (directory / "20-mariadb.yaml").unlink(missing_ok=True)
    except OSError as error:
        return f"{directory} cannot be written: {error.strerror}", WORLD
    for name, text in texts.items():
        problem = write_atomic(directory / name, text.encode())
        if problem is not None:
            found = () if problem.diagnostic is None else (problem.diagnostic,)
            return job.teller.wrong(found, f"{directory / name} could not be written"), WORLD
    told = [f"{len(texts)} files in {directory}", *_remarks(job)]
    told += after_writing(job.wanted, folder, str(directory), job.request.context or job.target.context)
    return job.teller.report(Told(told, extra=data_of("deploy", {"files": sorted(texts)}))), GOOD


# ---------------------------------------------------------------------------------------------------------------------
# Applied


def _deployed(
    job: _Job, connections: Connections, stdin: TextIO, stderr: TextIO, environ: Mapping[str, str]
) -> tuple[str, int]:
    request = job.request
    if not (request.dry_run or request.is_agreed or stdin.isatty()):
        return "without a terminal to ask on, kubefate.deploy needs --yes", USAGE
    chosen = job.chosen
    prepared = life_cycle.prepare(job.wanted, chosen, connections, job.options, environ, is_trial=request.dry_run)
    if isinstance(prepared, SiteOutcome):
        return _told(job, connections, prepared)
    try:
        destructive = () if request.force else tuple(prepared.prepared.destructive())
        if request.dry_run:
            return _previewed(job, prepared, destructive)
        if not prepared.is_good or destructive:
            prepared.withdraw()
            if prepared.is_good:
                _show(job, prepared, stderr)
            found = (*prepared.diagnostics, *destructive)
            return _told(job, connections, SiteOutcome(chosen.folder, SiteState.REFUSED, found))
        if prepared.changes and not _is_wanted(job, prepared, stdin, stderr):
            prepared.withdraw()
            return _told(job, connections, SiteOutcome(chosen.folder, SiteState.DECLINED, prepared.diagnostics))
    except BaseException:  # Ctrl-C too: what was made for the trial is not left behind
        prepared.withdraw()
        raise
    outcome = prepared.carry_out(operator(), display_for(stderr, chosen.folder.label))
    return _told(job, connections, outcome)


def _previewed(job: _Job, prepared: PreparedService, destructive: Sequence[Diagnostic]) -> tuple[str, int]:
    """What would be written; nothing was."""
    colour = job.request.format_name == "text" and wants_colour(sys.stdout, os.environ)
    found = (*prepared.diagnostics, *destructive)
    told = [*preview_lines(prepared.prepared, colour=colour), *_remarks(job)]
    data = {"cluster": job.target.name, "state": "previewed", "changes": changes_data(prepared.changes)}
    text = job.teller.report(Told(told, NOTHING, extra=data_of("deploy", data), diagnostics=found))
    if any(each.is_error for each in found):
        return text, ERRORS
    return text, DIFFERENT if prepared.changes else GOOD


def _is_wanted(job: _Job, prepared: PreparedService, stdin: TextIO, stderr: TextIO) -> bool:
    """Show what would be written, and ask unless the options have said yes."""
    if job.request.is_agreed:
        with suppress(OSError):  # nobody reads it
            _show(job, prepared, stderr)
        return True
    _show(job, prepared, stderr)
    stderr.write(f"Write this to cluster {job.target.name}? [y/N] ")
    stderr.flush()
    return stdin.readline().strip().lower() in {"y", "yes"}


def _show(job: _Job, prepared: PreparedService, stderr: TextIO) -> None:
    """What would be written, object by object."""
    shown = preview_lines(prepared.prepared, colour=wants_colour(stderr, os.environ))
    stderr.writelines(f"{line}\n" for line in (*shown, *_remarks(job), ""))
    stderr.flush()


def _told(job: _Job, connections: Connections, outcome: SiteOutcome) -> tuple[str, int]:
    """How deploying ended, and what is next."""
    is_good = outcome.state in {SiteState.APPLIED, SiteState.UNCHANGED}
    told = list(_lines(job, outcome))
    if is_good:
        address = _address(job, connections)
        wanted, context = job.wanted, job.target.context
        told += ["", *after_deploying(wanted, job.target.name, context, address, is_in_file=job.is_in_file)]
    state = State.PASSED if is_good else State.UNCHECKED if outcome.state is SiteState.UNREACHABLE else State.FAILED
    step = Step(KEY, state, "" if is_good else f"{outcome.state} on {job.target.name}", "site")
    ended = NOTHING if not (is_good or outcome.is_begun or outcome.state is SiteState.FAILED) else ""
    extra = data_of("deploy", _data(job, outcome))
    return job.teller.report(Told(told, ended, [step], extra, outcome.diagnostics)), exit_code([outcome])


def _lines(job: _Job, outcome: SiteOutcome) -> Iterator[str]:
    where, name = f"namespace {job.wanted.namespace} of {job.target.name}", "KubeFATE's service"
    if outcome.state in {SiteState.APPLIED, SiteState.UNCHANGED}:
        ready = sum(each.is_ready for each in outcome.workloads)
        parts = [f"revision {outcome.revision}" if outcome.revision is not None else "", counts(outcome.changes)]
        parts += [f"{ready} of {len(outcome.workloads)} workloads ready"]
        told = ", ".join(part for part in parts if part).replace(" to create", " created")
        told = told.replace(" to update", " changed").replace(" to delete", " deleted")
        yield f"{name} {job.wanted.version} runs in {where}, for {job.wanted.url}: {told}"
    elif outcome.state is SiteState.UNREACHABLE:
        yield f"{name}: cluster {job.target.name} could not be used"
    elif outcome.state is SiteState.FAILED:
        yield f"{name} in {where} did not come up: mend what the findings say, and run this again"
    else:
        yield f"{name} in {where}: {outcome.state}, nothing was written"
    if outcome.state in {SiteState.REFUSED, SiteState.DECLINED}:
        yield from _remarks(job)


def _remarks(job: _Job) -> list[str]:
    return [f"note: {remark}" for remark in job.remarks]


def _address(job: _Job, connections: Connections) -> str:
    """Where the service's host must lead."""
    api = connections.to(job.chosen)
    return "" if isinstance(api, Diagnostic) else life_cycle.address_of(api, job.wanted, job.target)


def _data(job: _Job, outcome: SiteOutcome) -> dict[str, Any]:
    return {
        "cluster": job.target.name,
        "namespace": job.wanted.namespace,
        "state": str(outcome.state),
        "url": job.wanted.url,
        "version": job.wanted.version,
        "image": job.wanted.image,
        "digest": outcome.folder.digest,
        "revision": outcome.revision,
        "changes": changes_data(outcome.changes),
        "workloads": [
            {"kind": state.kind, "name": state.name, "ready": state.ready, "wanted": state.wanted}
            for state in outcome.workloads
        ],
    }


# ---------------------------------------------------------------------------------------------------------------------
# Looked at, and taken down


def _status(job: _Job, connections: Connections) -> tuple[str, int]:
    api = connections.to(job.chosen)
    if not isinstance(api, Diagnostic):
        wanted = life_cycle.as_deployed(api, job.wanted)
        job = replace(job, wanted=wanted, target=replace(job.target, address=_address(job, connections)))
    seen = life_cycle.observe(job.chosen, connections)
    if seen.status is None:
        told = [f"cluster {job.target.name} could not be looked at"]
        data: dict[str, Any] = {"cluster": job.target.name, "reached": False}
        return job.teller.report(Told(told, extra=data_of("status", data), diagnostics=seen.diagnostics)), WORLD
    is_there = job.wanted.host != _NOWHERE and bool(job.target.address)
    status = seen.status if is_there else replace(seen.status, pages=())
    # what is wanted is known to whoever deploys alone: here the options say as much as is needed to find it
    told = [line for line in lines(status) if not line.startswith("  planned: ")]
    data = {"reached": True, **to_json(status)}
    text = job.teller.report(Told(told, extra=data_of("status", data), diagnostics=seen.diagnostics))
    return text, _code(seen)


def _code(seen: Seen) -> int:
    status = seen.status
    has_come_up = status is not None and status.record is not None and status.record.state == "applied"
    if status is None or not has_come_up or not all(state.is_ready for state in status.states):
        return ERRORS
    return DIFFERENT if status.drift else GOOD


def _removed(job: _Job, connections: Connections, stdin: TextIO, stderr: TextIO) -> tuple[str, int]:
    if not job.request.is_agreed and not stdin.isatty():
        return "without a terminal to ask on, kubefate.deploy --remove needs --yes", USAGE
    chosen = job.chosen
    outcome = SiteOutcome(chosen.folder, SiteState.DECLINED)
    if job.request.is_agreed or _is_confirmed(job, connections, stdin, stderr):
        display = display_for(stderr, chosen.folder.label)
        try:
            outcome = life_cycle.remove(job.wanted, chosen, connections, job.options, operator(), display)
        finally:
            display.done()
    told = [_end(job, outcome)]
    is_good = outcome.state in {SiteState.REMOVED, SiteState.UNCHANGED}
    step = Step(KEY, State.PASSED if is_good else State.FAILED, "" if is_good else told[0], "site")
    data = {
        "cluster": job.target.name,
        "namespace": job.wanted.namespace,
        "state": str(outcome.state),
        "deleted": [called(change.reference) for change in outcome.changes],
    }
    return job.teller.report(
        Told(told, steps=[step], extra=data_of("remove", data), diagnostics=outcome.diagnostics)
    ), exit_code([outcome])


def _is_confirmed(job: _Job, connections: Connections, stdin: TextIO, stderr: TextIO) -> bool:
    """Show what would go, and have the operator write the service's name."""
    gone = life_cycle.to_remove(job.wanted, job.chosen, connections, job.options)
    if isinstance(gone, SiteOutcome):
        return True  # taking it down fails for the same reason, and tells it
    stderr.writelines(f"  - {called(change.reference)}\n" for change in gone)
    data = "with its state, for good" if job.request.delete_data else "but keeps its state and its passwords"
    where = f"namespace {job.wanted.namespace} of {job.target.name} (context {job.target.context})"
    stderr.write(f"This takes KubeFATE's service down in {where}, {data}.\n")
    stderr.write("Clusters of FATE that it has installed go on running, and cannot be changed through it any more.\n")
    stderr.write(f"Write {KEY} to go on: ")
    stderr.flush()
    return stdin.readline().strip() == KEY


def _end(job: _Job, outcome: SiteOutcome) -> str:
    where = f"namespace {job.wanted.namespace} of {job.target.name}"
    ends = {
        SiteState.REMOVED: f"removed from {where}, {len(outcome.changes)} objects deleted",
        SiteState.UNCHANGED: f"nothing of it is in {where}",
        SiteState.DECLINED: "its name was not confirmed, nothing was removed",
        SiteState.UNREACHABLE: f"not removed: cluster {job.target.name} could not be used",
    }
    return f"KubeFATE's service: {ends.get(outcome.state, f'{outcome.state}: not wholly removed from {where}')}"
