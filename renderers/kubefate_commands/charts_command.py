"""`invoke kubefate.charts`: the charts that the service keeps listed, handed over from this machine, and forgotten."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Final, TextIO

from planner.diagnostics import Diagnostic
from renderers.cluster_report import ERRORS, USAGE, Told
from renderers.kubefate_commands.chart_upload import Upload, checked
from renderers.kubefate_commands.session import UPLOAD_SECONDS, Session, Way, agreed, find, good, nothing, one_of, run
from renderers.kubefate_commands.telling import data_of, table
from renderers.kubefate_service.shapes import StoredChart

_COMMAND: Final = "kubefate.charts"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `invoke kubefate.charts` as they were given."""

    way: Way = field(default_factory=Way)
    upload: str = ""
    delete: str = ""
    is_agreed: bool = False
    format_name: str = "text"


def run_charts(request: Request, stdin: TextIO | None = None, stderr: TextIO | None = None) -> tuple[str, int]:
    """The report and the exit code."""
    stdin, stderr = stdin or sys.stdin or StringIO(), stderr or sys.stderr or StringIO()
    if request.upload and request.delete:
        return "--upload and --delete: take one of them", USAGE
    if request.delete and not (request.is_agreed or stdin.isatty()):
        return f"without a terminal to ask on, {_COMMAND} needs --yes for this", USAGE
    upload = checked(Path(request.upload)) if request.upload else None
    if isinstance(upload, Diagnostic):
        found = find(_COMMAND, request.way, request.format_name)
        return found if isinstance(found, tuple) else (found.teller.wrong((upload,), "nothing was uploaded"), ERRORS)

    def work(session: Session) -> tuple[Told, int]:
        charts = session.api.charts(session.deadline())
        if upload is not None:
            return _uploaded(session, upload, charts, request, stdin, stderr)
        if request.delete:
            return _deleted(session, charts, request, stdin, stderr)
        return good(_list(charts), data_of("charts", [_data(chart) for chart in charts]))

    return run(_COMMAND, request.way, request.format_name, work, "what was asked of its charts")


def _list(charts: Sequence[StoredChart]) -> list[str]:
    rows = [
        (chart.uuid, chart.name, chart.version, chart.app_version, "yes" if chart.has_template else "no")
        for chart in charts
    ]
    found = table(("uuid", "name", "version", "app version", "values template"), rows)
    return found or ["it keeps no charts: it downloads one when a cluster asks for it, or takes one with --upload"]


def _uploaded(
    session: Session, upload: Upload, before: Sequence[StoredChart], request: Request, stdin: TextIO, stderr: TextIO
) -> tuple[Told, int]:
    """A package handed over; one of the same name and version is replaced, which is asked for first."""
    package = upload.package
    what = f"chart {package.name} {package.version}"
    old = [each for each in before if (each.name, each.version) == (package.name, package.version)]
    if old and not request.is_agreed:
        if not stdin.isatty():
            return nothing(f"it has {what} already: --yes replaces it", USAGE)
        if not agreed(f"Replace {what}, which it has already?", stdin, stderr):
            return nothing("nothing was uploaded")
    uuid = session.api.upload_chart(package.file, package.data, session.deadline(UPLOAD_SECONDS))
    after = session.api.charts(session.deadline())
    if not any((each.name, each.version) == (package.name, package.version) for each in after):
        return nothing(f"it took {what}, and does not have it: look at the service's log")
    lines = [f"{what} is {'replaced' if old else 'uploaded'}, {len(package.data):,} bytes"]
    lines += _remarks(upload, before, after)
    return good(lines, data_of("chart", {"uuid": uuid, "name": package.name, "version": package.version}))


def _remarks(upload: Upload, before: Sequence[StoredChart], after: Sequence[StoredChart]) -> Iterator[str]:
    package = upload.package
    there = {(each.name, each.version) for each in after}
    lost = [each for each in before if (each.name, each.version) not in there]
    for each in lost:  # services of v1.5.0 take the version alone for what an upload replaces
        yield f"it has dropped chart {each.name} {each.version} for that: upload that one again if it is needed"
    if upload.dropped:
        yield f"note: the service keeps templates and values alone, and drops {', '.join(upload.dropped)}"
    if package.name == "fate":
        yield "note: a cluster that has this version already is not updated by a new package with the same cluster.yaml"


def _deleted(
    session: Session, charts: Sequence[StoredChart], request: Request, stdin: TextIO, stderr: TextIO
) -> tuple[Told, int]:
    def names(chart: StoredChart) -> tuple[str, ...]:
        return chart.uuid, f"{chart.name} {chart.version}", f"{chart.name}-{chart.version}"

    found = one_of(charts, " ".join(request.delete.split()), names, "chart")
    if isinstance(found, str):
        return nothing(found)
    what = f"chart {found.name} {found.version}"
    clusters = session.api.clusters(session.deadline())
    users = [each.shown for each in clusters if (each.chart, each.version) == (found.name, found.version)]
    more = f" It is that of {'; '.join(users)}, whose next update needs it again." if users else ""
    if not (request.is_agreed or agreed(f"Forget {what}?{more}", stdin, stderr)):
        return nothing("nothing was forgotten")
    session.api.delete_chart(found.uuid, session.deadline())
    return good((f"{what} is forgotten",), data_of("deleted", found.uuid))


def _data(chart: StoredChart) -> dict[str, Any]:
    return {
        "uuid": chart.uuid,
        "name": chart.name,
        "version": chart.version,
        "appVersion": chart.app_version,
        "hasTemplate": chart.has_template,
    }
