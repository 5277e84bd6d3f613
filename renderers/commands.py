"""One function per task: options in, text and exit code out. Nothing here prints."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Final

from planner.catalogue import FAULTS
from planner.diagnostics import Diagnostic
from planner.manual import Page, explain, page
from renderers.mermaid import draw
from renderers.planning import Options, Outcome
from renderers.planning import plan as plan_federation
from renderers.progress import Line, is_watched
from renderers.report import Report, State, Step, locate, render, wants_colour
from renderers.report.excerpt import visible
from renderers.summary import plan_extra, plan_lines, plan_outcome, plan_steps
from renderers.verifying import checked_file, verify
from renderers.workspace import Workspace, workspace

GOOD: Final = 0
ERRORS: Final = 1
DIFFERENT: Final = 2
WORLD: Final = 3
USAGE: Final = 64


def run_plan(
    file: str,
    folder: str | None,
    format_name: str,
    *,
    check_only: bool,
    with_diff: bool,
    against: str | None,
    forget: tuple[str, ...],
) -> tuple[str, int]:
    """The report of `invoke plan` and its exit code."""
    space = workspace(file, folder)
    if space.mistake:
        return space.mistake, USAGE
    options = Options(check_only, against, with_diff, forget)
    if is_watched(sys.stderr):
        with contextlib.closing(Line(sys.stderr)) as line:
            outcome = plan_federation(space, options, line)
    else:
        outcome = plan_federation(space, options)
    if outcome.usage:
        return outcome.usage, USAGE
    colour = format_name == "text" and wants_colour(sys.stdout, os.environ)
    lines = () if outcome.has_errors else plan_lines(outcome, colour=colour)
    report = Report(
        command="plan",
        findings=locate(outcome.diagnostics, outcome.documents, _names(space, outcome.diagnostics)),
        summary=lines,
        outcome=plan_outcome(outcome, str(space.out), str(space.lock)),
        steps=plan_steps(outcome),
        extra=plan_extra(outcome),
        pages=manual_pages() if format_name == "sarif" else {},
        colour=colour,
    )
    return render(format_name, report), _exit_code(outcome)


def run_verify(file: str, folder: str | None, format_name: str, *, path: str | None) -> tuple[str, int]:
    """The report of `invoke verify` and its exit code."""
    pair = None if path is None else _pair(path)
    if path is not None and pair is None:
        return f"--path takes two party ids, as in 9999:10000, not {visible(path)}", USAGE
    space = workspace(file, folder)
    if space.mistake:
        return space.mistake, USAGE
    verified = verify(space, pair)
    if verified.usage:
        return verified.usage, USAGE
    lines: tuple[str, ...] = ()
    if verified.plan is not None and not verified.has_errors:
        name = verified.plan.federation.name
        lines = (f"{name}: {verified.pairs:,} of {verified.pairs:,} routes proved from the files in {space.out}",)
    if verified.way is not None:
        lines += (verified.way,)
    state = State.FAILED if verified.has_errors else State.PASSED
    report = Report(
        command="verify",
        findings=locate(verified.diagnostics, verified.documents, _names(space, verified.diagnostics)),
        summary=lines,
        steps=(Step(f"{verified.pairs} ordered pairs talk", state, group="routes"),),
        extra={"verify": {"pairs": verified.pairs, "way": verified.way}},
        pages=manual_pages() if format_name == "sarif" else {},
        colour=format_name == "text" and wants_colour(sys.stdout, os.environ),
    )
    code = WORLD if verified.is_refused else ERRORS if verified.has_errors else GOOD
    return render(format_name, report), code


def run_graph(file: str) -> tuple[str, int]:
    """The picture of `invoke graph` and its exit code; the report of what is wrong when there is no plan to draw."""
    space = workspace(file, None)
    if space.mistake:
        return space.mistake, USAGE
    checked = checked_file(space)
    if checked.plan is not None:
        return draw(checked.plan), GOOD
    report = Report(
        command="graph",
        findings=locate(checked.diagnostics, checked.documents, _names(space, checked.diagnostics)),
        outcome="nothing to draw",
        colour=wants_colour(sys.stdout, os.environ),
    )
    return render("text", report), ERRORS


def _pair(text: str) -> tuple[int, int] | None:
    first, _, second = text.partition(":")
    if first.isascii() and first.isdecimal() and second.isascii() and second.isdecimal():
        return int(first[:9]), int(second[:9])
    return None


def manual_pages() -> Mapping[str, Page]:
    """The manual page of every fault, by code."""
    return {module.FAULT.code: page(module.__doc__, module.FAULT) for module in FAULTS}


def explained(code: str) -> str | None:
    """The manual page of one fault, by code or name; every fault on one line for `all`."""
    if code == "all":
        rows = [(m.FAULT.code, m.FAULT.name, page(m.__doc__, m.FAULT).title) for m in FAULTS]
        width = max(len(name) for _, name, _ in rows)
        return "\n".join(f"{number}  {name.ljust(width)}  {title}" for number, name, title in rows)
    wanted = code.strip().upper()
    for module in FAULTS:
        if module.FAULT.code == wanted or module.FAULT.name.upper() == wanted.replace("-", "_"):
            return explain(page(module.__doc__, module.FAULT))
    return None


def _exit_code(outcome: Outcome) -> int:
    if outcome.is_refused:
        return WORLD
    if outcome.has_errors:
        return ERRORS
    return DIFFERENT if outcome.is_stale else GOOD


def _names(space: Workspace, diagnostics: tuple[Diagnostic, ...]) -> dict[str, str]:
    names = space.names()
    for diagnostic in diagnostics:
        for place in (diagnostic.place, *(note.place for note in diagnostic.notes if note.place is not None)):
            names.setdefault(place.document, _document(space, place.document))
    return names


def _document(space: Workspace, document: str) -> str:
    """A file in `out/` as the user can open it."""
    return str(space.out) if document == "." else str(space.out / document)
