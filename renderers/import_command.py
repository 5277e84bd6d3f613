"""`invoke import`: options in, a federation.yaml written, a report and an exit code out."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from renderers.commands import ERRORS, GOOD, USAGE, WORLD, manual_pages
from renderers.importing.comparing import Difference, Reason
from renderers.importing.importing import Imported, import_paths
from renderers.out import write_atomic
from renderers.report import Report, State, Step, locate, render, wants_colour
from renderers.report.excerpt import visible

_NAME: Final = re.compile("[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
MOST_DIFFERENCES: Final = 40
"""Differences that the text report shows; the JSON report has all of them."""


def run_import(paths: Sequence[str], output: str, format_name: str, *, name: str, force: bool) -> tuple[str, int]:
    """The report of `invoke import` and its exit code; `output` is written unless nothing could be imported.

    A file that is there already is replaced only where `force` says so.
    """
    mistake = _mistake(paths, output, force=force)
    if not mistake and not _NAME.fullmatch(name):
        mistake = f"--name takes lower-case letters, digits and dashes, at most 40, not {visible(name)}"
    if mistake:
        return mistake, USAGE
    imported = import_paths(paths, name)
    target = Path(output)
    written, code = False, ERRORS if imported.has_errors else GOOD
    if imported.text:
        if not force and os.path.lexists(target):
            return f"{visible(output)} has come into being meanwhile, and is not overwritten without --force", ERRORS
        problem = write_atomic(target, imported.text.encode())
        if problem is not None:
            return f"{problem.message} ({problem.hint})", WORLD
        written = True
    report = Report(
        command="import",
        findings=locate(imported.diagnostics, imported.documents, imported.names),
        summary=tuple(_summary(imported, output)) if written else (),
        outcome=f"{visible(output)} is written" if written else "nothing was written",
        steps=tuple(_steps(imported)),
        extra={"import": _extra(imported, output if written else None)},
        pages=manual_pages() if format_name == "sarif" else {},
        colour=format_name == "text" and wants_colour(sys.stdout, os.environ),
    )
    return render(format_name, report), code


def _mistake(paths: Sequence[str], output: str, *, force: bool) -> str:
    """Why the options cannot be meant, in one clause; empty when they can."""
    if not paths:
        return "--path names a file or a folder to import; it can be given several times"
    for path in paths:
        if not os.path.lexists(path):
            return f"--path: there is no {visible(path)}"
    target = Path(output)
    if not target.name or target.is_dir():
        return f"--output names a file to write, and {visible(output)} is a folder"
    if not target.parent.is_dir():
        return f"--output: there is no folder {visible(str(target.parent))} to write {visible(target.name)} to"
    if os.path.lexists(target) and not force:
        return f"{visible(output)} exists already: name another file with --output, or replace it with --force"
    return ""


def _summary(imported: Imported, output: str) -> Iterator[str]:
    number = "one file" if imported.read == 1 else f"{imported.read} files"
    sites = "one site" if imported.sites == 1 else f"{imported.sites} sites"
    yield f"read {number}: {sites}, {imported.pairs:,} ordered pairs that must talk"
    for line in imported.corrections:
        yield f"  {visible(line)}"
    if not imported.is_plannable:
        yield f"{visible(output)} cannot be planned yet: correct what the errors say, in it or in the imported files"
        return
    if not imported.differences:
        yield "planning it reproduces the imported files, value by value"
        return
    yield f"planning it reproduces the imported files but for {_counted(imported.differences)}:"
    for difference in imported.differences[:MOST_DIFFERENCES]:
        yield f"  {_difference(difference, imported)}"
    if len(imported.differences) > MOST_DIFFERENCES:
        yield f"  and {len(imported.differences) - MOST_DIFFERENCES} more, which --format json tells"


def _counted(differences: Sequence[Difference]) -> str:
    return "one value" if len(differences) == 1 else f"{len(differences)} values"


def _difference(difference: Difference, imported: Imported) -> str:
    before, after = difference.shown
    file = imported.names.get(difference.document, difference.document)
    why = (
        f"{difference.reason.value} because of {difference.code}"
        if difference.reason is Reason.CORRECTED
        else (f"{difference.reason.value} ({difference.code})" if difference.code else difference.reason.value)
    )
    return visible(f"{file}: {difference.key}: {before} -> {after}: {why}")


def _steps(imported: Imported) -> Iterator[Step]:
    """What was done with the files, for the machine formats that know steps."""
    reasons = Counter(difference.reason for difference in imported.differences)
    unexplained = reasons[Reason.UNEXPLAINED]
    yield Step(f"{imported.read} files read", State.PASSED if imported.read else State.FAILED, group="import")
    state = State.UNCHECKED if not imported.is_plannable else State.FAILED if unexplained else State.PASSED
    yield Step("planning reproduces the imported files, or each difference is explained", state, group="import")


def _extra(imported: Imported, output: str | None) -> dict[str, Any]:
    return {
        "output": output,
        "files": imported.read,
        "sites": imported.sites,
        "pairs": imported.pairs,
        "plannable": imported.is_plannable,
        "corrections": list(imported.corrections),
        "differences": [
            {
                "site": difference.site,
                "file": imported.names.get(difference.document, difference.document),
                "key": difference.key,
                "imported": difference.shown[0],
                "planned": difference.shown[1],
                "reason": difference.reason.name.lower().replace("_", "-"),
                "code": difference.code,
            }
            for difference in imported.differences
        ],
    }
