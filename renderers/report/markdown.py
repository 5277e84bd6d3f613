"""A report as Markdown, fit for a comment on a pull request: GitHub and GitLab show it the same way.

Nothing in it acts: whatever stems from files or other programs is shown as code or escaped, so that it breaks no
table, mentions nobody, links to no issue and loads nothing (GitHub Flavored Markdown; mentions and references are
looked for in the text that was rendered, and not in code). It is never longer than `LIMIT`: GitHub refuses comments
above 65,536 characters. What does not fit is told by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from planner.diagnostics import Severity
from renderers.report.excerpt import visible
from renderers.report.report import State
from renderers.report.text import position_of

if TYPE_CHECKING:
    from renderers.report.located import Located
    from renderers.report.report import Report, Section, Step

LIMIT: Final = 60_000
"""Bytes of the longest summary."""
_LINES: Final = 400
"""Lines of a summary without tables that are shown."""
_ROWS: Final = (200, 100, 50, 25, 10, 3, 1, 0)
"""How many rows of each table, and findings, are tried until the summary fits."""
_WIDEST: Final = 300
"""Characters of the longest cell; what is longer is cut."""
_ACTING: Final = re.compile(r"[\\`*_\[\]|<>~^$&]|^[-+=#]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
"""What has a meaning in Markdown, or begins a list; a backslash before it takes that away."""
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]#!|<>~^$&\"'@:]|(?<=www)\.")
"""What has a meaning in HTML or in Markdown between its tags; an entity has none."""
_CALLING: Final = re.compile(r"[@#!~%$&](?=\w)|:(?=[\w+-]+:)|\bGH-(?=\d)")
"""What makes a mention, a reference or an emoji of the word behind it, even when it was escaped."""
_LINKING: Final = re.compile(r"(?<=[A-Za-z])(?=://)|(?<=www)(?=\.)")
"""Where a bare address can be kept from becoming a link."""
_APART: Final = "&#8203;"
"""A space without width, as an entity."""
_BADGES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}


def render(report: Report) -> str:
    """Write a heading with the verdict, what was done in a few lines, the tables, and the findings."""
    for rows in _ROWS:
        text = "\n\n".join(_blocks(report, rows)) + "\n"
        if len(text.encode()) <= LIMIT:
            return text
    return f"{_heading(report)}\n\n{_counts(report)}; the rest does not fit into a comment.\n"


def _blocks(report: Report, rows: int) -> Iterator[str]:
    yield _heading(report)
    if report.brief or report.sections:
        yield from (escaped(line) for line in report.brief)
    elif report.summary:
        yield _fenced(_cut(report.summary, min(_LINES, rows * 4)))
    steps = [step for step in report.steps if step.state is not State.PASSED]
    if steps and not report.sections:
        shown = steps[:rows]
        lines = [f"- **{step.state.value}** {escaped(_said(step))}" for step in shown]
        yield "\n".join([*lines, *_more(len(steps) - len(shown))])
    for section in report.sections:
        yield _section(section, rows)
    if report.findings:
        yield from _findings(report, rows)
    yield _counts(report)


def _heading(report: Report) -> str:
    return f"### fedplan {escaped(report.command)}: {_verdict(report)}"


def _verdict(report: Report) -> str:
    """One word on how it ended."""
    if report.counts[Severity.ERROR]:
        return "errors found"
    states = {step.state for step in report.steps}
    if State.FAILED in states:
        return "differences found"
    return "not everything was checked" if State.UNCHECKED in states else "good"


def _counts(report: Report) -> str:
    counted = [
        f"{count:,} {_BADGES[severity]}{'s' if count != 1 else ''}"
        for severity, count in report.counts.items()
        if count
    ]
    counts = ", ".join(counted) or "no findings"
    return f"{counts}; {escaped(report.outcome)}" if report.outcome else counts


def _section(section: Section, rows: int) -> str:
    shown = section.rows[:rows]
    head = [f"| {' | '.join(map(escaped, section.header))} |", f"|{' --- |' * len(section.header)}"]
    lines = [
        f"| {' | '.join(_cell(cell, as_code=number in section.as_code) for number, cell in enumerate(row))} |"
        for row in shown
    ]
    below = [line for line in (*_more(len(section.rows) - len(shown)), escaped(section.more)) if line]
    table = "\n".join([*head, *lines]) if shown else ""
    body = "\n\n".join(part for part in (table, *below) if part)
    if not section.is_folded:
        return f"**{escaped(section.title)}**\n\n{body}" if section.title else body
    return f"<details><summary>{_in_html(section.title)}</summary>\n\n{body}\n\n</details>"


def _cell(text: str, *, as_code: bool) -> str:
    """A cell; lines of it stay lines."""
    lines = [_short(line) for line in text.split("\n")]
    return "<br>".join(map(_code_in_table if as_code else escaped, lines))


def _findings(report: Report, rows: int) -> Iterator[str]:
    order = list(_BADGES)
    found = sorted(report.findings, key=lambda each: order.index(each.diagnostic.fault.severity))
    shown = found[:rows]
    for located in shown:
        yield _finding(located)
    yield from _more(len(found) - len(shown), "finding")


def _finding(located: Located) -> str:
    diagnostic = located.diagnostic
    fault = diagnostic.fault
    where = code(position_of(located.file, located.span))
    lines = [f"- **{_BADGES[fault.severity]} {fault.code}** {where}: {escaped(_short(diagnostic.message))}"]
    if located.excerpt is not None and located.excerpt.text.strip():
        lines.append(_indented(_fenced([located.excerpt.text.strip()])))
    for note in located.notes:
        at = "" if note.file is None else f" {code(position_of(note.file, note.span))}"
        lines.append(f"  - note{at}: {escaped(_short(note.message))}")
    lines.append(f"  - hint: {escaped(_short(diagnostic.hint))}")
    return "\n".join(lines)


def _said(step: Step) -> str:
    return _short(f"{step.name}: {step.message}" if step.message else step.name)


def _more(number: int, noun: str = "row") -> list[str]:
    return [f"… and {number:,} more {noun}{'s' if number != 1 else ''}"] if number > 0 else []


def _cut(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], *_more(len(lines) - most, "line")]


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"


def escaped(text: str) -> str:
    """A text as Markdown that shows it as it stands, on one line; words between backticks become code."""
    parts = visible(text).strip().split("`")
    if len(parts) % 2 == 0:
        return _plain("`".join(parts))
    return "".join(_code_in_table(part) if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    return _ACTING.sub(r"\\\g<0>", _disarmed(text)).replace("\0", _APART)


def _disarmed(text: str) -> str:
    """The text with a NUL, which no visible text has, wherever it must be taken apart."""
    return _LINKING.sub("\0", _CALLING.sub("\\g<0>\0", text))


def _in_html(text: str) -> str:
    """A text between tags of HTML, where backslashes are shown."""
    return _entities(_disarmed(visible(text))).replace("\0", _APART)


def _entities(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", text)


def code(text: str) -> str:
    """A text as code, on one line; the marks around it are longer than any that stand in it."""
    text = visible(text)
    if not text.strip():
        return ""
    marks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{space}{text}{space}{marks}"


def _code_in_table(text: str) -> str:
    """Code in a cell, where a bar ends it whatever stands around: by tags and entities."""
    text = visible(text)
    return f"<code>{_entities(text)}</code>" if text.strip() else ""


def _fenced(lines: Sequence[str]) -> str:
    """Lines as a block of code."""
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
