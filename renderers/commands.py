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
from renderers import fixing as fixes
from renderers import reachability_report
from renderers.mermaid import draw
from renderers.planning import Options, Outcome
from renderers.planning import plan as plan_federation
from renderers.progress import Line, is_watched
from renderers.report import Report, State, Step, locate, render, wants_colour
from renderers.report.excerpt import visible
from renderers.summary import plan_extra, plan_lines, plan_outcome, plan_steps
from renderers.summary_tables import plan_brief, plan_sections, verify_sections
from renderers.verifying import Verified, Wanted, checked_file, verify
from renderers.workspace import Workspace, workspace

GOOD: Final = 0
ERRORS: Final = 1
DIFFERENT: Final = 2
WORLD: Final = 3
USAGE: Final = 64


def run_plan(  # noqa: PLR0913 - one argument per option
    file: str,
    folder: str | None,
    format_name: str,
    *,
    check_only: bool,
    with_diff: bool,
    against: str | None,
    forget: tuple[str, ...],
    fix: bool = False,
    dry_run: bool = False,
) -> tuple[str, int]:
    """The report of `invoke plan` and its exit code."""
    space = workspace(file, folder)
    mistake = space.mistake or _fixing_mistake(check_only=check_only, fix=fix, dry_run=dry_run)
    if mistake:
        return mistake, USAGE
    fixing = fixes.fix_file(space, dry_run=dry_run) if fix else None
    options = Options(check_only or dry_run, against, with_diff, forget)
    if fixing is not None and fixing.refusal is not None:
        outcome = Outcome((fixing.refusal,), {}, is_refused=True)
    elif is_watched(sys.stderr):
        with contextlib.closing(Line(sys.stderr)) as line:
            outcome = plan_federation(space, options, line)
    else:
        outcome = plan_federation(space, options)
    if outcome.usage:
        return outcome.usage, USAGE
    colour = format_name == "text" and wants_colour(sys.stdout, os.environ)
    lines = () if outcome.has_errors else plan_lines(outcome, str(space.out), colour=colour)
    diagnostics = outcome.diagnostics if fixing is None else fixes.told(fixing, outcome.diagnostics)
    report = Report(
        command="plan",
        findings=locate(diagnostics, outcome.documents, _names(space, diagnostics)),
        summary=lines,
        outcome=plan_outcome(outcome, str(space.out), str(space.lock)),
        steps=plan_steps(outcome),
        extra=plan_extra(outcome),
        brief=plan_brief(outcome),
        sections=plan_sections(outcome),
        pages=manual_pages() if format_name == "sarif" else {},
        colour=colour,
    )
    code = _exit_code(outcome)
    if fixing is not None:
        report = fixes.with_fixes(report, fixing, str(space.file))
        code = DIFFERENT if fixing.is_pending and code != WORLD else code
    return render(format_name, report), code


def _fixing_mistake(*, check_only: bool, fix: bool, dry_run: bool) -> str:
    """Why the options about fixing do not go together, in one clause; empty when they do."""
    if fix and check_only:
        return "--check writes nothing and --fix writes federation.yaml: take --fix --dry-run to see what it would do"
    if dry_run and not fix:
        return "--dry-run goes with --fix; --check compares without writing"
    return ""


def run_verify(
    file: str, folder: str | None, format_name: str, *, path: str | None = None, against: str | None = None
) -> tuple[str, int]:
    """The report of `invoke verify` and its exit code."""
    pair = None if path is None else _pair(path)
    if path is not None and pair is None:
        return f"--path takes two party ids, as in 9999:10000, not {visible(path)}", USAGE
    space = workspace(file, folder)
    if space.mistake:
        return space.mistake, USAGE
    verified = verify(space, Wanted(pair, against, with_sites=format_name == "markdown"))
    if verified.usage:
        return verified.usage, USAGE
    colour = format_name == "text" and wants_colour(sys.stdout, os.environ)
    lines: tuple[str, ...] = ()
    if verified.plan is not None and not verified.has_errors:
        name = verified.plan.federation.name
        serving = (
            f", {verified.serving_pairs:,} of {verified.serving_pairs:,} for serving" if verified.serving_pairs else ""
        )
        lines = (
            f"{name}: {verified.pairs:,} of {verified.pairs:,} routes proved{serving} from the files in {space.out}",
        )
    brief, compared = lines, verified.compared
    lines += verified.ways
    steps = _verify_steps(verified)
    told: dict[str, object] = {
        "pairs": verified.pairs,
        "servingPairs": verified.serving_pairs,
        "ways": list(verified.ways),
    }
    if compared is not None:
        lines += reachability_report.difference_lines(compared, colour=colour)
        brief += (reachability_report.headline(compared), *([compared.note] if compared.note else []))
        steps += reachability_report.steps(compared)
        told["against"] = reachability_report.difference_data(compared)
    elif against is not None:
        steps += (reachability_report.uncompared(against),)
        told["against"] = None
    report = Report(
        command="verify",
        findings=locate(verified.diagnostics, verified.documents, _names(space, verified.diagnostics)),
        summary=lines,
        steps=steps,
        extra={"verify": told},
        brief=brief,
        sections=verify_sections(verified),
        pages=manual_pages() if format_name == "sarif" else {},
        colour=colour,
    )
    return render(format_name, report), _verify_code(verified, against)


def _verify_code(verified: Verified, against: str | None) -> int:
    """3 where the world refused, 1 with errors, 3 where nothing could be compared, 2 where pairs fare worse."""
    if verified.is_refused:
        return WORLD
    if verified.has_errors:
        return ERRORS
    if verified.compared is None:
        return GOOD if against is None else WORLD
    return DIFFERENT if verified.compared.difference.is_worse else GOOD


def _verify_steps(verified: Verified) -> tuple[Step, ...]:
    """What was proved, for formats that list what was done; nothing is proved of a tree that is not whole."""
    if not verified.pairs and verified.has_errors:
        return (Step("every pair that must talk can", State.UNCHECKED, "the findings say why", "routes"),)
    state, why = (State.FAILED, "the findings say why") if verified.has_errors else (State.PASSED, "")
    steps = [Step(f"{verified.pairs} ordered pairs talk", state, why, "routes")]
    if verified.serving_pairs:
        steps.append(Step(f"{verified.serving_pairs} ordered pairs serve together", state, why, "routes"))
    return tuple(steps)


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
