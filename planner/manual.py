"""The manual page of a fault: what the docstring of its module says, in parts.

A fault module's docstring is at once the page of `invoke explain`, a page of the documentation and a test.
Its form: one line that states the fault, prose, and then either a `Bad:` and a `Good:` block, each a whole
federation.yaml, indented, or an `Example:` section in prose where no federation.yaml can show the fault.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from planner.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.diagnostics import Fault

_SECTIONS = ("Bad", "Good", "Example")
_MARKER = re.compile(r"[#,]\s*(error|warning|info):\s*(FED\d{3}(?:\s*,\s*FED\d{3})*)")
_CODE = re.compile(r"FED\d{3}")


@dataclass(frozen=True, slots=True)
class Page:
    """One manual page. Either `bad` and `good` are set, or `example` is, or none of the three.

    `title` is one line; `prose` and `example` are paragraphs, in which an indented one stands as it is (a terminal's
    output); `bad` and `good` are YAML that ends with one newline. What a page does not have is an empty string.
    """

    fault: Fault
    title: str
    prose: str
    bad: str = ""
    good: str = ""
    example: str = ""


class Marker(NamedTuple):
    """What a comment of a Bad example promises: this finding appears on this line (1-based)."""

    line: int
    severity: Severity
    code: str


def page(docstring: str | None, fault: Fault) -> Page:
    """Read the docstring of a fault's module; a ValueError says how it departs from the form."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    if not lines:
        raise _malformed(fault, "has no docstring")
    if len(lines) > 1 and lines[1].strip():
        raise _malformed(fault, "needs an empty line after its first line")
    sections = _sections(lines[1:], fault)
    if ("Bad" in sections) != ("Good" in sections):
        raise _malformed(fault, "needs Bad and Good together")
    if "Bad" in sections and "Example" in sections:
        raise _malformed(fault, "has Bad and Example; one of them says it")
    return Page(
        fault=fault,
        title=lines[0],
        prose=sections[""],
        bad=_with_newline(sections.get("Bad", "")),
        good=_with_newline(sections.get("Good", "")),
        example=sections.get("Example", ""),
    )


def explain(page: Page, width: int = 88) -> str:
    """Write the page for a terminal: prose wrapped to `width` columns, examples as they stand."""
    fault = page.fault
    blocks = [f"{fault.code} {fault.name} ({fault.severity})\n{_wrapped(page.title, width)}"]
    if page.prose:
        blocks.append(_wrapped(page.prose, width))
    if fault.mended:
        blocks.append(_wrapped(f"`invoke plan --fix` mends it: {fault.mended}.", width))
    for heading, yaml in (("Bad", page.bad), ("Good", page.good)):
        if yaml:
            blocks.append(f"{heading}:")
            blocks.append(textwrap.indent(yaml.rstrip("\n"), "    "))
    if page.example:
        blocks.append("Example:")
        blocks.append(_wrapped(page.example, width))
    return "\n\n".join(blocks) + "\n"


def markers(bad: str) -> list[Marker]:
    """Give the findings a Bad example promises by `# error: FEDnnn` (or warning, info; several codes by commas).

    They come in the order in which they stand.
    """
    found: list[Marker] = []
    for number, line in enumerate(bad.split("\n"), start=1):
        for comment in _MARKER.finditer(line):
            severity = Severity(comment.group(1))
            found.extend(Marker(number, severity, code) for code in _CODE.findall(comment.group(2)))
    return found


def _sections(lines: Sequence[str], fault: Fault) -> dict[str, str]:
    """Give the text under each heading, YAML without its indentation; prose is under the empty heading."""
    blocks: dict[str, list[str]] = {"": []}
    block = blocks[""]
    for line in lines:
        heading = line.removesuffix(":")
        if line.endswith(":") and heading in _SECTIONS:
            if heading in blocks:
                raise _malformed(fault, f"has two sections {heading}")
            block = blocks[heading] = []
        else:
            block.append(line)
    for name in ("Bad", "Good"):
        if any(line and not line[0].isspace() for line in blocks.get(name, ())):
            raise _malformed(fault, f"has text in section {name} that is not indented")
    sections = {name: "\n".join(block).strip("\n").rstrip() for name, block in blocks.items()}
    for name in sections.keys() & {"Bad", "Good"}:
        sections[name] = textwrap.dedent(sections[name])
    for name in _SECTIONS:
        if sections.get(name) == "":
            raise _malformed(fault, f"has an empty section {name}")
    return sections


def _wrapped(prose: str, width: int) -> str:
    """Fill each paragraph; a paragraph with a list, a table or indented lines stays as it is."""
    paragraphs = re.split(r"\n\s*\n", prose)
    return "\n\n".join(
        paragraph
        if any(line.startswith((" ", "- ", "* ", "| ")) for line in paragraph.split("\n"))
        else textwrap.fill(paragraph, width, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    )


def _with_newline(yaml: str) -> str:
    return f"{yaml}\n" if yaml else ""


def _malformed(fault: Fault, reason: str) -> ValueError:
    return ValueError(f"manual page of {fault.code} {fault.name} {reason}")
