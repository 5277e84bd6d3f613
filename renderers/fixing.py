"""`invoke plan --fix`: federation.yaml with its fixes made, the difference shown, and the file written whole."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from planner.changes import unified_diff
from planner.checks.refused_out import refused
from planner.diagnostics import FEDERATION, Diagnostic, Note
from planner.fixes import Mended, mend
from planner.pipeline import Checked, check
from renderers.files import read_bounded
from renderers.out import write_atomic
from renderers.report import LinesDocument, LocatableDocument, Report, State, Step, edit_data, safe_lines
from renderers.report.excerpt import visible
from renderers.summary import diff_lines
from renderers.workspace import Workspace

LISTED: Final = 40
"""Fixed findings that are listed one by one; the rest is told by number."""


@dataclass(frozen=True, slots=True)
class Fixing:
    """What became of a federation.yaml: the findings that were fixed, or would be, and the difference.

    `spared` are those whose fix was tried and left out. The difference shows no secret. `refusal` says why the file
    could not be written.
    """

    fixed: tuple[Diagnostic, ...] = ()
    spared: tuple[Diagnostic, ...] = ()
    diff: str = ""
    is_written: bool = False
    refusal: Diagnostic | None = None

    @property
    def is_pending(self) -> bool:
        """Whether there is something to fix that was left as it is."""
        return bool(self.fixed) and not self.is_written


def fix_file(workspace: Workspace, *, dry_run: bool) -> Fixing:
    """Make every fix that holds and write the file, unless nothing changes or nothing is to be written.

    A file that cannot be read has no fixes; the plan that follows says why.
    """
    source = read_bounded(workspace.file)
    lock = workspace.read_lock()
    if isinstance(source, Diagnostic) or isinstance(lock, Diagnostic):
        return Fixing()
    mended = mend(source, lock.text)
    if mended.data == source:
        return Fixing(spared=mended.spared)
    fixing = Fixing(mended.fixed, mended.spared, _difference(workspace, source, lock.text, mended))
    if dry_run:
        return fixing
    refusal = _write(workspace.file, source, mended.data)
    return replace(fixing, is_written=refusal is None, refusal=refusal)


def _difference(workspace: Workspace, source: bytes, lock_text: str | None, mended: Mended) -> str:
    """The unified diff of the file, in which secrets are hidden on both sides."""
    name = workspace.file.name if workspace.file.is_absolute() else workspace.file.as_posix()
    before = _shown(check(source, lock_text), source)
    return unified_diff(before, _shown(mended.checked, mended.data), visible(name))


def _shown(checked: Checked, data: bytes) -> str:
    document: LocatableDocument = checked.document or LinesDocument.from_text(data.decode("utf-8-sig", "replace"))
    return "\n".join(safe_lines(document, FEDERATION, checked.diagnostics))


def _write(path: Path, source: bytes, data: bytes) -> Diagnostic | None:
    """Write the file in the place of the one that was read; a link stays and leads to the new one."""
    name = visible(path.name)
    try:
        target = path.resolve(strict=True)
        mode = stat.S_IMODE(target.stat().st_mode)
    except OSError as error:
        return refused(FEDERATION, f"{name} cannot be written: {(error.strerror or '').lower()}", "")
    if read_bounded(target) != source:
        return refused(FEDERATION, f"{name} was changed while it was being fixed", "run this again")
    problem = write_atomic(target, data, mode)
    return None if problem is None else refused(FEDERATION, problem.message, problem.hint)


def told(fixing: Fixing, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings after fixing; one whose fix was left out says so, and no longer offers it."""
    spared = {(each.fault.code, each.message) for each in fixing.spared}
    note = Note("--fix leaves this to you: with its edit the file would have another mistake")
    return tuple(
        replace(each, fix=(), notes=(*each.notes, note)) if (each.fault.code, each.message) in spared else each
        for each in diagnostics
    )


def with_fixes(report: Report, fixing: Fixing, file: str) -> Report:
    """The report of a plan that began with fixing `file`: the difference comes first."""
    done = Step("federation.yaml needs no fix", State.PASSED, group="fix")
    if fixing.is_pending:
        done = replace(done, state=State.FAILED, message=f"`invoke plan --fix` fixes {_number(fixing)}")
    return replace(
        report,
        preface=tuple(_preface(fixing, file, colour=report.colour)),
        outcome=_outcome(fixing, file, report.outcome),
        steps=(done, *report.steps),
        extra={**report.extra, **_extra(fixing)},
    )


def _preface(fixing: Fixing, file: str, *, colour: bool) -> Iterator[str]:
    """The difference and what it mends, in lines for people."""
    if not fixing.fixed:
        yield f"nothing in {visible(file)} that --fix mends"
        return
    yield from diff_lines(fixing.diff, colour=colour)
    yield ""
    yield from _listed(fixing, file)


def _listed(fixing: Fixing, file: str) -> Iterator[str]:
    done = "fixed" if fixing.is_written else "not fixed" if fixing.refusal else "would be fixed"
    yield f"{done} in {visible(file)}:"
    for each in fixing.fixed[:LISTED]:
        yield f"  {each.fault.code} {visible(each.message)}"
    if len(fixing.fixed) > LISTED:
        yield f"  … and {len(fixing.fixed) - LISTED:,} more"


def _outcome(fixing: Fixing, file: str, outcome: str) -> str:
    """The clause that ends the report of a plan that began with fixing."""
    if not fixing.fixed or fixing.refusal is not None:
        return outcome
    if not fixing.is_written:
        return f"nothing was written; `invoke plan --fix` fixes {_number(fixing)}"
    if outcome == "nothing was written":
        return f"nothing was written but {visible(file)}"
    return f"{outcome}; {visible(file)} was fixed"


def _number(fixing: Fixing) -> str:
    return f"{len(fixing.fixed):,} {'finding' if len(fixing.fixed) == 1 else 'findings'}"


def _extra(fixing: Fixing) -> Mapping[str, Any]:
    """The `fix` object of the JSON report."""
    return {
        "fix": {
            "written": fixing.is_written,
            "diff": fixing.diff,
            "fixed": [_finding(each) for each in fixing.fixed],
            "spared": [_finding(each) for each in fixing.spared],
        }
    }


def _finding(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.fault.code,
        "name": diagnostic.fault.name,
        "message": diagnostic.message,
        "edits": [edit_data(edit) for edit in diagnostic.fix],
    }
