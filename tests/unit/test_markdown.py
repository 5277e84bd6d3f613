"""The Markdown summary: nothing in it acts, whatever names and messages hold, and it fits into a comment."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.diagnostics import Diagnostic, Fault, Note, Place, Span
from renderers.report import LinesDocument, Report, Section, State, Step, locate, render
from renderers.report.excerpt import visible
from renderers.report.markdown import LIMIT, code, escaped

markdown_it = pytest.importorskip("markdown_it", reason="comes with rich")
READER = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
"""CommonMark with GitHub's tables; it knows no mentions, so these are looked for in the text that it gives."""
ODD = st.text(st.sampled_from("a@#|<>`*_[]()!~$&:;\\\n\"'-=+.1 /wGHh"), max_size=30) | st.text(max_size=12)
CALLS = re.compile(r"(?<![\w`])[@#!~%$&]\w|:\w+:|\bGH-\d|(?<=[A-Za-z])://|www\.")
FAULT = Fault("FED105", "broken_yaml")


def shown(markdown: str) -> tuple[list[str], str, set[str]]:
    """The code and the plain text of a paragraph as a reader sees them, and the kinds of tokens beside these two."""
    codes, text, kinds = [], "", set()
    for token in READER.parseInline(markdown)[0].children or ():
        if token.type == "code_inline":
            codes.append(token.content)
        elif token.type == "text":
            text += token.content
        elif token.type not in {"html_inline", "text_special"}:
            kinds.add(token.type)
    return codes, text, kinds


@settings(max_examples=60, deadline=None)
@given(ODD)
@example("@all see #1, !2 and a/b#3")
@example("[x](http://evil.example.org) ![y](z)")
@example("<img src=x onerror=alert(1)> &lt; &#64;")
@example("1. one")
@example("a\\|b\\")
def test_a_text_is_shown_as_it_stands(text: str) -> None:
    """Escaped text reads as the text itself: no link, no emphasis, no HTML, and nothing that calls somebody."""
    plain = text.replace("`", "")
    made = escaped(plain)
    assert "\n" not in made
    (paragraph,) = [token for token in READER.parse(made) if token.type == "inline"] or [None]
    blocks = {token.type for token in READER.parse(made)} - {"inline", "paragraph_open", "paragraph_close"}
    assert blocks == set()
    if paragraph is None:
        assert visible(plain).strip() == ""
        return
    codes, read, kinds = shown(made)
    assert (codes, kinds) == ([], set())
    assert read.replace("\u200b", "") == visible(plain).strip()
    assert CALLS.search(read) is None


@settings(max_examples=60, deadline=None)
@given(ODD)
@example("``` @all ```")
def test_code_is_shown_as_it_stands(text: str) -> None:
    """Code reads as the text itself, however many backticks are in it."""
    made = code(text)
    if not visible(text).strip():
        assert made == ""
        return
    codes, read, kinds = shown(made)
    assert (codes, read.strip(), kinds) == ([codes[0]], "", set())
    assert codes[0].strip() == visible(text).strip()


def tables(markdown: str) -> list[list[list[str]]]:
    """The cells of every table: rows of tables, as text without tags and entities."""
    found: list[list[list[str]]] = []
    is_inside = False
    for token in READER.parse(markdown):
        if token.type in {"table_open", "table_close"}:
            is_inside = token.type == "table_open"
            found += [[]] if is_inside else []
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and is_inside:
            found[-1][-1].append("".join(child.content for child in token.children if child.type != "html_inline"))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ODD, ODD), min_size=1, max_size=3), ODD)
@example([("a | b", "c \\| d"), ("`x|y`", "`x|y`\\")], "<b>|</b>")
def test_no_cell_breaks_its_table(rows: list[tuple[str, str]], title: str) -> None:
    """A table has the cells that were given, as text and as code, whatever bars and marks are in them."""
    section = Section("Sites", ("site", "why"), tuple((*map(_line, row),) for row in rows), frozenset({0}))
    (table,) = tables(render("markdown", Report("plan", sections=(section,))))
    assert [len(row) for row in table] == [2] * (len(rows) + 1)
    read = [cell.replace("\u200b", "").replace("`", "").strip() for row in table[1:] for cell in row]
    assert read == [visible(cell).replace("`", "").strip() for row in section.rows for cell in row]
    folded = render("markdown", Report("plan", sections=(Section(_line(title), ("a",), (("b",),), is_folded=True),)))
    assert folded.count("<summary>") == folded.count("</summary>") == folded.count("<details>") == 1
    assert tables(folded) == [[["a"], ["b"]]]


def _line(text: str) -> str:
    return text.replace("\n", " ")


def report(number: int, text: str = "a port is taken @all #1 | <b>") -> Report:
    """A report with many findings, steps and rows."""
    place = Place(span=Span(1, 1, 3))
    found = [
        Diagnostic(FAULT, f"{text} {each}", place, "mend it: `invoke plan`", (Note(text),)) for each in range(number)
    ]
    row = (text, text)
    return Report(
        command="verify",
        findings=locate(found, {"federation": LinesDocument(("``` name: x",))}, {"federation": "federation.yaml"}),
        brief=("all is well",),
        steps=(Step("a", State.FAILED, text),) * number,
        sections=(Section("Lost: 1 pair", ("who", "why"), (row,) * number, more="and so on"),) if number else (),
        outcome="nothing was written",
    )


@pytest.mark.parametrize("number", [0, 1, 50, pytest.param(2_000, marks=pytest.mark.slow)])
def test_it_fits_into_a_comment(number: int) -> None:
    """However much was found, the summary stays below the limit, tells the rest by number, and its tables are whole."""
    made = render("markdown", report(number, "x" * 200))
    assert len(made.encode()) <= LIMIT
    assert made == render("markdown", report(number, "x" * 200))
    assert ("more finding" in made) == (number > 200)
    assert made.endswith(
        f"{f'{number:,} error' if number else 'no findings'}{'s' * (number > 1)}; nothing was written\n"
    )
    for table in tables(made):
        assert {len(row) for row in table} == {2}


def test_what_cannot_fit_is_only_counted() -> None:
    """A report of which not even the heads fit is told in one line."""
    sections = tuple(Section("x" * 300, ("a",), (("b",),)) for _ in range(300))
    made = render("markdown", Report("plan", sections=sections))
    assert made == "### fedplan plan: good\n\nno findings; the rest does not fit into a comment.\n"


def test_a_finding_has_its_place_its_line_and_its_way_out() -> None:
    """Code, file and line, message, the line itself in a fence that it cannot close, notes, and the hint."""
    made = render("markdown", report(1))
    assert made == (
        "### fedplan verify: errors found\n\nall is well\n\n**Lost: 1 pair**\n\n"
        "| who | why |\n| --- | --- |\n"
        + "| a port is taken @&#8203;all #&#8203;1 \\| \\<b\\> "
        * 2
        + "|\n\nand so on\n\n"
        "- **error FED105** `federation.yaml:1:1`: a port is taken @&#8203;all #&#8203;1 \\| \\<b\\> 0\n"
        "  ````text\n  ``` name: x\n  ````\n"
        "  - note: a port is taken @&#8203;all #&#8203;1 \\| \\<b\\>\n"
        "  - hint: mend it: <code>invoke plan</code>\n\n"
        "1 error; nothing was written\n"
    )


def test_commands_without_tables_show_their_lines() -> None:
    """Other commands have their summary as a block of code, cut where it is too long."""
    made: Any = render("markdown", Report("status", summary=tuple(f"site {number}" for number in range(500))))
    assert made.startswith("### fedplan status: good\n\n```text\nsite 0\n")
    assert "… and 100 more lines" in made
