"""Findings as SARIF 2.1.0, the format code scanning reads (OASIS, Static Analysis Results Interchange Format)."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from planner.diagnostics import Severity
from renderers.report.json_report import dumps
from renderers.report.report import TOOL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.diagnostics import Fault, Span
    from planner.manual import Page
    from renderers.report.located import Located, LocatedNote
    from renderers.report.report import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""The schema a reader may check the file against."""
FINGERPRINT = "fedplanFinding/v1"
"""Name of the fingerprint: the same finding has the same one wherever its line moves to."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_Object: TypeAlias = dict[str, object]


def render(report: Report) -> str:
    """Write one run with one result per finding, and one rule per fault that was found."""
    faults = {located.diagnostic.fault.code: located.diagnostic.fault for located in report.findings}
    codes = sorted(faults)
    seen: Counter[str] = Counter()
    results = []
    for located in report.findings:
        digest = _digest(located)
        seen[digest] += 1
        result = _result(located, codes.index(located.diagnostic.fault.code), f"{digest}:{seen[digest]}")
        results.append(result)
    driver = {"name": TOOL, "rules": [_rule(faults[code], report.pages) for code in codes]}
    run: _Object = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{TOOL}/{report.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(fault: Fault, pages: Mapping[str, Page]) -> _Object:
    rule: _Object = {
        "id": fault.code,
        "name": fault.name,
        "defaultConfiguration": {"level": _LEVELS[fault.severity]},
    }
    page = pages.get(fault.code)
    if page is not None:
        rule["shortDescription"] = {"text": page.title}
        rule["fullDescription"] = {"text": page.prose or page.title}
        rule["help"] = {"text": _help(page, fence=""), "markdown": _help(page, fence="```")}
    return rule


def _help(page: Page, fence: str) -> str:
    parts = [page.title, page.prose]
    for heading, yaml in (("Bad:", page.bad), ("Good:", page.good)):
        if yaml:
            parts += [heading, f"{fence}yaml\n{yaml}{fence}" if fence else yaml]
    parts.append(page.example)
    return "\n\n".join(part for part in parts if part)


def _result(located: Located, index: int, fingerprint: str) -> _Object:
    diagnostic = located.diagnostic
    result: _Object = {
        "ruleId": diagnostic.fault.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.fault.severity],
        "message": {"text": f"{diagnostic.message}\nhint: {diagnostic.hint}"},
        "locations": [{"physicalLocation": _physical(located.file, located.span)}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if located.notes:
        result["relatedLocations"] = [_related(number, note) for number, note in enumerate(located.notes, start=1)]
    if located.replacements:
        result["fixes"] = [_fix(located)]
    return result


def _fix(located: Located) -> _Object:
    """Write the edits of a fix as replacements; SARIF readers offer them as a suggestion."""
    replacements: list[_Object] = [
        {
            "deletedRegion": {
                "startLine": each.start[0],
                "startColumn": each.start[1],
                "endLine": each.end[0],
                "endColumn": each.end[1],
            },
            "insertedContent": {"text": each.text},
        }
        for each in located.replacements
    ]
    change: _Object = {"artifactLocation": {"uri": _uri(located.file)}, "replacements": replacements}
    return {"description": {"text": located.diagnostic.hint}, "artifactChanges": [change]}


def _related(number: int, note: LocatedNote) -> _Object:
    location: _Object = {"id": number, "message": {"text": note.message}}
    if note.file is not None:
        location["physicalLocation"] = _physical(note.file, note.span)
    return location


def _physical(file: str, span: Span | None) -> _Object:
    location: _Object = {"artifactLocation": {"uri": _uri(file)}}
    if span is not None:
        location["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.line,
            "endColumn": span.column + span.length,
        }
    return location


def _uri(file: str) -> str:
    """Write the path as a URI reference; a colon is escaped, or the part before it would be read as a scheme."""
    path = quote(file.replace("\\", "/").encode("utf-8", "replace"))
    return f"file://{path}" if path.startswith("/") else path


def _digest(located: Located) -> str:
    """Digest what a finding says, not of where: code, document and message, each by its length."""
    diagnostic = located.diagnostic
    parts = (diagnostic.fault.code, diagnostic.place.document, diagnostic.message)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
