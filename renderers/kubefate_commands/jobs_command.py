"""`invoke kubefate.jobs`: the service's jobs listed, described, stopped and forgotten."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any, Final, TextIO

from planner.wording import duration
from renderers.cluster_report import ERRORS, USAGE, Told
from renderers.kubefate_commands.session import Session, Way, agreed, good, nothing, one_of, run
from renderers.kubefate_commands.telling import data_of, pairs, table
from renderers.kubefate_service.shapes import INSTALL, Job, SubJob

_COMMAND: Final = "kubefate.jobs"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke kubefate.jobs` as they were given."""

    way: Way = field(default_factory=Way)
    describe: str = ""
    stop: str = ""
    delete: str = ""
    is_agreed: bool = False
    format_name: str = "text"


def run_jobs(request: Request, stdin: TextIO | None = None, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report and the exit code."""
    stdin, stderr = stdin or sys.stdin or StringIO(), stderr or sys.stderr or StringIO()
    if sum(map(bool, (request.describe, request.stop, request.delete))) > 1:
        return "--describe, --stop and --delete: take one of them", USAGE
    if (request.stop or request.delete) and not (request.is_agreed or stdin.isatty()):
        return f"without a terminal to ask on, {_COMMAND} needs --yes for this", USAGE

    def work(session: Session) -> tuple[Told, int]:
        jobs = session.api.jobs(session.deadline())
        wanted = request.describe or request.stop or request.delete
        if not wanted:
            return good(_list(jobs), data_of("jobs", [_data(job) for job in jobs]))
        found = one_of(jobs, wanted, lambda job: (job.uuid,), "job")
        if isinstance(found, str):
            return nothing(found)
        job = session.api.job(found.uuid, session.deadline())
        if request.describe:
            return good(describe(job), data_of("job", _data(job)))
        return (
            _stopped(session, job, request, stdin, stderr)
            if request.stop
            else _deleted(session, job, request, stdin, stderr)
        )

    return run(_COMMAND, request.way, request.format_name, work, "what was asked of its jobs")


def _list(jobs: tuple[Job, ...]) -> list[str]:
    rows = [
        (job.uuid, job.method, job.status, _about(job), _moment(job.started), _took(job), job.creator) for job in jobs
    ]
    return table(("uuid", "method", "status", "cluster", "started (UTC)", "took", "by"), rows) or ["there are no jobs"]


def describe(job: Job) -> Iterator[str]:
    """Everything that the service tells of a job."""
    yield from pairs(
        (
            ("uuid", job.uuid),
            ("method", job.method),
            ("status", job.status),
            ("cluster", _about(job)),
            ("chart", f"{job.chart} {job.version}".strip()),
            ("by", job.creator),
            ("started (UTC)", _moment(job.started)),
            ("ended (UTC)", _moment(job.ended)),
            ("took", _took(job)),
        )
    )
    if job.states:
        yield "events:"
        yield from (f"  {state}" for state in job.states)
    if job.sub_jobs:
        yield "sub-jobs:"
        rows = [(each.name, each.status, each.detail, _between(each.started, each.ended)) for each in job.sub_jobs]
        yield from (f"  {line}" for line in table(("module", "status", "detail", "took"), rows))


def _stopped(session: Session, job: Job, request: Request, stdin: TextIO, stderr: TextIO) -> tuple[Told, int]:
    """A job that installs stopped; others cannot be, and the service would say so (service-api.md section 4)."""
    if job.has_ended:
        return nothing(f"job {job.shown} has ended already: {job.status}")
    if job.method and job.method != INSTALL:
        return nothing(f"job {job.shown} is a {job.method}, and only a {INSTALL} can be stopped")
    question = f"Stop job {job.shown}, which installs {_about(job)}? What it has installed so far is removed."
    if not (request.is_agreed or agreed(question, stdin, stderr)):
        return nothing("nothing was stopped")
    session.api.stop_job(job.uuid, session.deadline())
    after = session.api.job(job.uuid, session.deadline())
    return good((f"job {job.shown} is told to stop: {after.status}",), data_of("job", _data(after)))


def _deleted(session: Session, job: Job, request: Request, stdin: TextIO, stderr: TextIO) -> tuple[Told, int]:
    """The record of a job forgotten: what the job does goes on."""
    more = "" if job.has_ended else f" It is {job.status}, and goes on: nobody will see how it ends."
    question = f"Forget job {job.shown} ({job.method}, {job.status})?{more}"
    if not (request.is_agreed or agreed(question, stdin, stderr)):
        return nothing("nothing was forgotten")
    session.api.delete_job(job.uuid, session.deadline())
    if any(each.uuid == job.uuid for each in session.api.jobs(session.deadline())):
        return nothing(f"job {job.shown} is still there", ERRORS)
    return good((f"job {job.shown} is forgotten",), data_of("deleted", job.uuid))


def _about(job: Job) -> str:
    if not job.name:
        return job.cluster_id
    return job.name if job.namespace in {"", job.name} else f"{job.namespace}/{job.name}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def _took(job: Job) -> str:
    return _between(job.started, job.ended if job.has_ended else None)


def _between(start: datetime | None, end: datetime | None) -> str:
    return duration((end - start).total_seconds()) if start is not None and end is not None and end >= start else ""


def _data(job: Job) -> dict[str, Any]:
    return {
        "uuid": job.uuid,
        "method": job.method,
        "status": job.status,
        "hasEnded": job.has_ended,
        "clusterId": job.cluster_id,
        "name": job.name or None,
        "namespace": job.namespace or None,
        "chart": job.chart or None,
        "version": job.version or None,
        "creator": job.creator,
        "started": None if job.started is None else job.started.isoformat(),
        "ended": None if job.ended is None else job.ended.isoformat(),
        "states": list(job.states),
        "subJobs": [_sub_data(each) for each in job.sub_jobs],
    }


def _sub_data(sub_job: SubJob) -> dict[str, Any]:
    return {
        "name": sub_job.name,
        "status": sub_job.status,
        "detail": sub_job.detail,
        "started": None if sub_job.started is None else sub_job.started.isoformat(),
        "ended": None if sub_job.ended is None else sub_job.ended.isoformat(),
    }
