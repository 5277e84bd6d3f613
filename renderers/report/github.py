"""Findings as workflow commands, which GitHub shows as annotations on the lines of a pull request.

The form and its escapes are those of GitHub's reference "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.diagnostics import Severity
from renderers.report.excerpt import visible
from renderers.report.text import position_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderers.report.located import Located
    from renderers.report.report import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> str:
    """Write one command a line, one line a finding; nothing where nothing was found."""
    return "".join(f"{_command(located)}\n" for located in report.findings)


def _command(located: Located) -> str:
    fault = located.diagnostic.fault
    properties = {"file": located.file}
    if located.span is not None:
        properties["line"] = str(located.span.line)
        properties["endLine"] = str(located.span.line)
        properties["col"] = str(located.span.column)
        properties["endColumn"] = str(located.span.column + located.span.length)
    properties["title"] = f"{fault.code} {fault.name}"
    listed = ",".join(f"{key}={_property(visible(value))}" for key, value in properties.items())
    message = _data("\n".join(_message(located)))
    return f"::{_COMMANDS[fault.severity]} {listed}::{message}"


def _message(located: Located) -> Iterator[str]:
    yield visible(located.diagnostic.message)
    for note in located.notes:
        where = "" if note.file is None else f"{position_of(note.file, note.span)}: "
        yield f"{where}note: {visible(note.message)}"
    yield f"hint: {visible(located.diagnostic.hint)}"
    yield f"more: invoke explain {located.diagnostic.fault.code}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
