"""Findings for people: file, line and column, the line itself with a caret, and the way out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TextIO

from planner.diagnostics import Severity
from renderers.report.excerpt import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.diagnostics import Span
    from renderers.report.located import Located
    from renderers.report.report import Report

_BOLD, _RED, _YELLOW, _BLUE, _CYAN = "1", "1;31", "1;33", "34", "36"
_STYLES = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _CYAN}
_NOUNS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("remark", "remarks"),
}
_WORST_FIRST = tuple(Severity)


def wants_colour(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Tell whether `stream` should get colours: a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR for the rest."""
    if environ.get("NO_COLOR") or stream is None:
        return False
    if environ.get("FORCE_COLOR", "0") != "0":
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def render(report: Report) -> str:
    """Write the findings in the order of the file, what is left out by number, the summary, and a last line of counts.

    Where there are more findings than `report.limit`, errors are shown before warnings before remarks.
    """
    shown = _shown(report)
    blocks = ["\n".join(report.preface)] if report.preface else []
    blocks += ["\n".join(_finding(located, colour=report.colour)) for located in shown]
    if len(shown) < len(report.findings):
        blocks.append(_left_out(report.findings, shown))
    if report.summary:
        blocks.append("\n".join(report.summary))
    blocks.append(_counts(report))
    return "\n\n".join(blocks) + "\n"


def _shown(report: Report) -> tuple[Located, ...]:
    if len(report.findings) <= report.limit:
        return report.findings
    worst_first = sorted(
        range(len(report.findings)),
        key=lambda index: _WORST_FIRST.index(report.findings[index].diagnostic.fault.severity),
    )
    return tuple(report.findings[index] for index in sorted(worst_first[: report.limit]))


def _finding(located: Located, *, colour: bool) -> Iterator[str]:
    diagnostic = located.diagnostic
    fault = diagnostic.fault
    position = _painted(position_of(located.file, located.span), _BOLD, colour=colour)
    label = _painted(f"{fault.severity}[{fault.code}]", _STYLES[fault.severity], colour=colour)
    yield f"{position}: {label}: {_painted(visible(diagnostic.message), _BOLD, colour=colour)}"
    if located.span is not None and located.excerpt is not None:
        number = str(located.span.line)
        bar = _painted("|", _BLUE, colour=colour)
        margin = " " * len(number)
        caret = _painted("^" * located.excerpt.width, _STYLES[fault.severity], colour=colour)
        yield f"{margin} {bar}"
        yield f"{_painted(number, _BLUE, colour=colour)} {bar} {located.excerpt.text}".rstrip()
        yield f"{margin} {bar} {' ' * located.excerpt.offset}{caret}"
    for note in located.notes:
        where = "  " if note.file is None else f"{position_of(note.file, note.span)}: "
        yield f"{where}{_painted('note', _CYAN, colour=colour)}: {visible(note.message)}"
    yield f"  {_painted('hint', _CYAN, colour=colour)}: {visible(diagnostic.hint)}"
    if diagnostic.fix:
        yield f"  {_painted('fix', _CYAN, colour=colour)}: invoke plan --fix"
    yield f"  {_painted('more', _CYAN, colour=colour)}: invoke explain {fault.code}"


def position_of(file: str, span: Span | None) -> str:
    """Give the form editors and terminals can follow: `file:line:column`, or the file alone."""
    return visible(file) if span is None else f"{visible(file)}:{span.line}:{span.column}"


def _left_out(findings: tuple[Located, ...], shown: tuple[Located, ...]) -> str:
    left = Counter(located.diagnostic.fault.code for located in findings)
    left.subtract(located.diagnostic.fault.code for located in shown)
    by_code = sorted(((count, code) for code, count in left.items() if count), key=lambda row: (-row[0], row[1]))
    codes = ", ".join(f"{code} ×{count:,}" for count, code in by_code)  # noqa: RUF001 - a times sign is meant
    return f"… and {len(findings) - len(shown):,} more (by code: {codes})"


def _counts(report: Report) -> str:
    counted = [
        _painted(f"{count:,} {_NOUNS[severity][count != 1]}", _STYLES[severity], colour=report.colour)
        for severity, count in report.counts.items()
        if count
    ]
    counts = ", ".join(counted) or "no findings"
    return f"{counts}; {report.outcome}" if report.outcome else counts


def _painted(text: str, style: str, *, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour else text
