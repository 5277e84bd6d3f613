"""Findings as JUnit XML, which CI servers show as test results.

Each step of the command and each finding is a test case. An error fails its case; a warning or a remark passes and
says so in `system-out`; an unchecked step counts as skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from renderers.report.excerpt import visible
from renderers.report.report import TOOL, State, Step
from renderers.report.text import position_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderers.report.located import Located
    from renderers.report.report import Report


def render(report: Report) -> str:
    """Write one suite; never empty, for a suite without cases is taken for a run that went wrong."""
    cases = [_step(step, report.command) for step in report.steps]
    cases += [_finding(located, report.command) for located in report.findings]
    if not cases:
        cases.append(_step(Step("no findings"), report.command))
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = ET.Element("testsuites", {"name": TOOL, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _text(f"{TOOL} {report.command}"), **counts})
    suite.extend(cases)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _step(step: Step, command: str) -> ET.Element:
    parts = (TOOL, command, step.group)
    case = _case(".".join(part for part in parts if part), step.name)
    if step.state is State.FAILED:
        ET.SubElement(case, "failure", {"message": _text(step.message), "type": "failed"})
    elif step.state is State.UNCHECKED:
        ET.SubElement(case, "skipped", {"message": _text(step.message)})
    return case


def _finding(located: Located, command: str) -> ET.Element:
    diagnostic = located.diagnostic
    fault = diagnostic.fault
    position = position_of(located.file, located.span)
    case = _case(f"{TOOL}.{command}.{fault.code}", f"{position} {fault.name}")
    if diagnostic.is_error:
        attributes = {"message": _text(diagnostic.message), "type": fault.code}
        body = ET.SubElement(case, "failure", attributes)
    else:
        body = ET.SubElement(case, "system-out")
    body.text = "\n".join(map(_text, _body(located, position)))
    return case


def _body(located: Located, position: str) -> Iterator[str]:
    diagnostic = located.diagnostic
    yield f"{position}: {diagnostic.fault.severity}[{diagnostic.fault.code}]: {diagnostic.message}"
    for note in located.notes:
        where = "" if note.file is None else f"{position_of(note.file, note.span)}: "
        yield f"{where}note: {note.message}"
    yield f"hint: {diagnostic.hint}"
    yield f"more: invoke explain {diagnostic.fault.code}"


def _case(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": _text(classname), "name": _text(name), "time": "0"})


def _text(text: str) -> str:
    """Write a text as XML can carry it: characters XML 1.0 forbids are among those `visible` writes as escapes."""
    return visible(text)
