"""The report of a task `kubefate.*`, in the format that was asked for, and tables for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.diagnostics import Diagnostic
from planner.wording import spoken
from renderers.cluster_report import Told
from renderers.report import Report, locate, render, wants_colour
from renderers.report.located import LocatableDocument

GAP: Final = "  "
_WIDEST: Final = 80
"""Characters of one cell that are shown."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes the reports of one task; `documents` and `names` are those of a federation.yaml, where there is one."""

    command: str
    format_name: str
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def report(self, told: Told) -> str:
        """The report as text; where nothing is wrong, people get the lines alone."""
        if self.format_name == "text" and not told.diagnostics and not told.outcome:
            return "".join(f"{line}\n" for line in told.lines)
        names = dict(self.names)
        for diagnostic in told.diagnostics:
            names.setdefault(diagnostic.place.document, diagnostic.place.document)
        report = Report(
            command=self.command,
            findings=locate(tuple(told.diagnostics), self.documents, names),
            summary=tuple(told.lines),
            outcome=told.outcome,
            steps=tuple(told.steps),
            extra=told.extra,
            colour=self.format_name == "text" and wants_colour(sys.stdout, os.environ),
        )
        return render(self.format_name, report)

    def wrong(self, diagnostics: Sequence[Diagnostic], outcome: str) -> str:
        """The report of what kept a task from doing anything."""
        return self.report(Told(outcome=outcome, diagnostics=diagnostics))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows under their heads, aligned; the words of a service are cut and safe to print. No rows, no lines."""
    if not rows:
        return []
    shown = [[_cell(each) for each in row] for row in rows]
    widths = [max(len(row[index]) for row in (list(heads), *shown)) for index in range(len(heads))]
    lines = [list(heads), *shown]
    return [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]


def pairs(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Names with their values behind them, aligned; those without a value are left out."""
    found = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in found), default=0)
    return [f"{name.ljust(width)}{GAP}{spoken(value)}" for name, value in found]


def _cell(text: str) -> str:
    line = spoken(text)
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..."


def data_of(key: str, value: Any) -> dict[str, Any]:
    """What a task found, as its own object of the JSON report."""
    return {"kubefate": {key: value}}
