"""How findings are shown: one `Report`, one module per format.

Adding a format is a module with `render(report) -> str` and a line in `FORMATS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderers.report import github, json_report, junit, markdown, sarif, text
from renderers.report.excerpt import Excerpt
from renderers.report.json_report import edit_data
from renderers.report.located import LinesDocument, LocatableDocument, Located, LocatedNote, locate, safe_lines
from renderers.report.report import Report, Section, State, Step
from renderers.report.text import wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "FORMATS",
    "Excerpt",
    "LinesDocument",
    "LocatableDocument",
    "Located",
    "LocatedNote",
    "Report",
    "Section",
    "State",
    "Step",
    "edit_data",
    "locate",
    "render",
    "safe_lines",
    "wants_colour",
]

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json_report.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
    "markdown": markdown.render,
}
"""Every format by the name `--format` takes."""


def render(format_name: str, report: Report) -> str:
    """Write the report in one of `FORMATS` (KeyError for any other): the same report gives the same text."""
    return FORMATS[format_name](report)
