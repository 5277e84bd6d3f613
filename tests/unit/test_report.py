"""Findings in every format: golden files, masking, cutting, and well-formedness whatever the text is."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diagnostics import FEDERATION, LOCK, Diagnostic, Fault, KeyPath, Note, Place, Severity, Span
from planner.manual import page
from renderers.report import FORMATS, LinesDocument, Report, State, Step, json_report, locate, render, wants_colour
from renderers.report.excerpt import COLUMNS, Excerpt, Mask, excerpt, visible

if TYPE_CHECKING:
    from renderers.report.located import Located

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
SUFFIXES = {"text": "txt", "json": "json", "sarif": "sarif", "junit": "xml", "github": "github.txt", "markdown": "md"}

PORT_CLASH = Fault("FED301", "port_clash")
DEFAULT_PASSWORD = Fault("FED802", "default_password", Severity.WARNING)
INLINE_SECRET = Fault("FED801", "inline_secret")
BROKEN_YAML = Fault("FED105", "broken_yaml")
REMARK = Fault("FED499", "remark", Severity.INFO)

FILE = (
    "version: 1\r\n"
    "name: 銀行-federation   # 日本語 comment\r\n"
    "parties:\r\n"
    "  - {id: 9999, cluster: bank}\r\n"
    "  - {id: 10001, cluster: bank, ports: {rollsite: 30091}}\r\n"
    "\tdefaults: \x1b[31mred\u202e\r\n"
    "    mysql: {host: db, user: fate, password: hunter2, port: 99999}\r\n"
    f"# {'x' * 120} here {'y' * 120}\r\n"
)
LOCK_FILE = "version: 1\nparty-9999: {rollsite: 30091}\n"


def at(line: int, column: int, length: int = 1, document: str = FEDERATION, path: KeyPath = ()) -> Place:
    """Make a place whose span is known."""
    return Place(path=path, span=Span(line, column, length), document=document)


def finding(fault: Fault, place: Place, message: str = "something is wrong", *notes: Note) -> Diagnostic:
    """Make a diagnostic with a hint."""
    return Diagnostic(fault, message, place, "mend it", notes)


def located(*diagnostics: Diagnostic, text: str = FILE) -> tuple[Located, ...]:
    """Locate the diagnostics in a federation.yaml with this text and in a small lock file."""
    documents = {FEDERATION: LinesDocument.from_text(text), LOCK: LinesDocument.from_text(LOCK_FILE)}
    return locate(diagnostics, documents, {FEDERATION: "federation.yaml", LOCK: "federation.lock"})


def handful() -> Report:
    """Make a few findings, with whatever is hard to show."""
    clash = Diagnostic(
        PORT_CLASH,
        "party 10001 pins NodePort 30091 on cluster bank, where party 9999 has it",
        at(5, 49, 5, path=("parties", 1, "ports", "rollsite")),
        "drop the pin (30101 is free), or place 10001 on another cluster",
        (
            Note("party 9999 got 30091 when it was planned first (federation.lock)", at(4, 5, 25)),
            Note("it is kept here", at(2, 14, 15, LOCK)),
            Note("10,000 other ports are free"),
        ),
    )
    secret = Place(("defaults", "mysql", "password"), span=Span(7, 46, 7), secret=True)
    return Report(
        command="plan",
        findings=located(
            clash,
            finding(DEFAULT_PASSWORD, at(2, 7, 13), "wide: 銀行 is no name, 100% sure"),
            finding(BROKEN_YAML, at(6, 2, 8), "a tab, and \x1b[2J\u202e\x00 in a\nmessage with <&\"'>"),
            finding(REMARK, at(6, 19, 4), "after a control character"),
            finding(INLINE_SECRET, secret, "a secret stands in the file"),
            finding(BROKEN_YAML, at(7, 61, 5), "99999 is no port"),
            finding(BROKEN_YAML, at(8, 124, 4), "a long line"),
            finding(BROKEN_YAML, at(99, 3, 4), "the file ends too early"),
            finding(BROKEN_YAML, at(3, 7, 2, "party 9999/cluster.yaml"), "a document that is not at hand"),
        ),
        summary=("Plan for federation 銀行:", "  create  party-9999"),
        outcome="nothing was written",
        steps=(
            Step("party-9999", group="site"),
            Step("party-10001", State.FAILED, "NodePort 30091 <is> taken", "site"),
            Step("9999 - 10001", State.UNCHECKED, "no cluster", "toy"),
        ),
        extra={"verify": {"pairs": 6, "servingPairs": 0, "ways": []}},
        pages={
            "FED301": page(
                "Two sites want the same port.\n\nA NodePort can be taken once.\n\n"
                "Bad:\n\n    version: 1  # error: FED301\n\nGood:\n\n    version: 1\n",
                PORT_CLASH,
            ),
        },
    )


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_golden(name: str) -> None:
    """Every format shows the same findings as the file in tests/golden/report, byte for byte."""
    actual = render(name, handful())
    golden = GOLDEN / f"report.{SUFFIXES[name]}"
    if os.environ.get("FEDPLAN_UPDATE_GOLDEN"):
        golden.write_bytes(actual.encode())
    assert actual.encode() == golden.read_bytes()


def test_golden_colour() -> None:
    """Colour adds ANSI codes and changes nothing else."""
    actual = render("text", replace(handful(), colour=True))
    golden = GOLDEN / "report.ansi.txt"
    if os.environ.get("FEDPLAN_UPDATE_GOLDEN"):
        golden.write_bytes(actual.encode())
    assert actual.encode() == golden.read_bytes()
    for code in ("0", "1", "1;31", "1;33", "34", "36"):
        actual = actual.replace(f"\x1b[{code}m", "")
    assert actual == render("text", handful())


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_secret_and_no_control_character_in_any_format(name: str) -> None:
    """No format shows the secret, nor a character that acts on a terminal."""
    actual = render(name, handful())
    assert "hunter2" not in actual
    assert [character for character in actual if not character.isprintable() and character != "\n"] == []


def test_findings_are_sorted() -> None:
    """Findings come by file, line, column and code, whatever the order in which they were found."""
    diagnostics = [
        finding(PORT_CLASH, at(2, 1, document=LOCK)),
        finding(PORT_CLASH, at(5, 9)),
        finding(PORT_CLASH, at(5, 3)),
        finding(BROKEN_YAML, at(5, 3)),
        finding(BROKEN_YAML, at(1, 8)),
    ]
    expected = [
        ("federation.lock", 2, 1, "FED301"),
        ("federation.yaml", 1, 8, "FED105"),
        ("federation.yaml", 5, 3, "FED105"),
        ("federation.yaml", 5, 3, "FED301"),
        ("federation.yaml", 5, 9, "FED301"),
    ]
    for order in (diagnostics, diagnostics[::-1]):
        actual = [
            (one.file, one.span.line, one.span.column, one.diagnostic.fault.code)
            for one in located(*order)
            if one.span is not None
        ]
        assert actual == expected


def test_place_beyond_the_end_is_the_end() -> None:
    """A span past the last line points behind the last character; an empty file has no line to show."""
    (actual,) = located(finding(BROKEN_YAML, at(9, 9, 9)), text="a: 1\nbc")
    assert (actual.span, actual.excerpt) == (Span(2, 3), Excerpt("bc", 2, 1))
    (actual,) = located(finding(BROKEN_YAML, at(1, 99, 9)), text="abc")
    assert actual.excerpt == Excerpt("abc", 3, 1)
    documents = {FEDERATION: LinesDocument(())}
    (actual,) = locate([finding(BROKEN_YAML, Place())], documents, {})
    assert (actual.file, actual.span, actual.excerpt) == ("federation", Span(1, 1), None)


@pytest.mark.parametrize(
    ("line", "place", "expected"),
    [
        ("password: hunter2", Place(span=Span(1, 11, 7), secret=True), Excerpt("password: ***", 10, 3)),
        ("{password: hunter2 }", Place(span=Span(1, 12, 7), secret=True), Excerpt("{password: ***", 11, 3)),
        ("{password: hunter2, user: a}", Place(span=Span(1, 12, 7), secret=True), Excerpt("{password: ***", 11, 3)),
        ("{token: hunter2}", Place(span=Span(1, 9), secret=True), Excerpt("{token: ***", 8, 3)),
        ("token : hunter2", Place(on_key=True, span=Span(1, 1, 5), secret=True), Excerpt("token : ***", 0, 5)),
        ("token: |", Place(span=Span(1, 1, 5), secret=True), Excerpt("token: ***", 0, 5)),
        ("password: 'hunter2", Place(span=Span(1, 19)), Excerpt("password: ***", 13, 1)),
        ("password: 'hunter2", Place(span=Span(1, 11, 4)), Excerpt("password: ***", 10, 3)),
        ("{x: 銀, adminPassword : hunter2}", Place(span=Span(1, 5)), Excerpt("{x: 銀, adminPassword : ***", 4, 2)),
        ('password: "env:A" # x', Place(span=Span(1, 11)), Excerpt('password: "env:A" # x', 10, 1)),
        ("apiToken: x", Place(span=Span(1, 1, 8)), Excerpt("apiToken: ***", 0, 8)),
        ('{"mysql":"x"}', Place(span=Span(1, 10, 3)), Excerpt('{"mysql":***', 9, 3)),
        ("mysql: secret:ns/a#b", Place(span=Span(1, 1, 5)), Excerpt("mysql: secret:ns/a#b", 0, 5)),
        ("tlsSecret: a", Place(span=Span(1, 12)), Excerpt("tlsSecret: a", 11, 1)),
        ("url: https://me:pw@host/x", Place(span=Span(1, 6, 20)), Excerpt("url: https://***@host/x", 5, 18)),
        ("docker: ssh://me@host", Place(span=Span(1, 9)), Excerpt("docker: ssh://me@host", 8, 1)),
        ("docker: ssh://me:pw@host", Place(span=Span(1, 9)), Excerpt("docker: ssh://me:***@host", 8, 1)),
        ("mysql: {host: db}", Place(span=Span(1, 1, 5)), Excerpt("mysql: {host: db}", 0, 5)),
    ],
)
def test_secrets_are_masked(line: str, place: Place, expected: Excerpt) -> None:
    """What a secret place or the key of a password holds never shows, wherever the caret stands."""
    (actual,) = located(finding(INLINE_SECRET, place), text=line)
    assert actual.excerpt == expected


def test_no_finding_shows_the_secret_of_another() -> None:
    """A secret is masked in the excerpts of all findings on its line, notes included."""
    note = Note("here", Place(span=Span(1, 12, 7), secret=True))
    findings = located(
        finding(BROKEN_YAML, at(1, 2, 5)),
        finding(PORT_CLASH, at(2, 1), "m", note),
        text="{thing: a, hunter2}\nb",
    )
    assert findings[0].excerpt == Excerpt("{thing: a, ***", 1, 5)


@pytest.mark.parametrize(
    ("line", "span", "expected"),
    [
        ("", Span(1, 1), Excerpt("", 0, 1)),
        ("ab", Span(1, 2, 9), Excerpt("ab", 1, 1)),
        ("a\tb", Span(1, 3), Excerpt("a   b", 4, 1)),
        ("銀\tb", Span(1, 3), Excerpt("銀  b", 4, 1)),
        ("\tb", Span(1, 1), Excerpt("    b", 0, 4)),
        ("銀行: x", Span(1, 5), Excerpt("銀行: x", 6, 1)),
        ("e\u0301x", Span(1, 3), Excerpt("e\u0301x", 1, 1)),
        ("\u00a0x", Span(1, 2), Excerpt("\\xa0x", 4, 1)),
        ("\x00\ud800x", Span(1, 3), Excerpt("\\x00\\ud800x", 10, 1)),
        ("\ufeffx", Span(1, 1), Excerpt("\\ufeffx", 0, 6)),
    ],
)
def test_caret_stands_right(line: str, span: Span, expected: Excerpt) -> None:
    """The caret counts terminal columns: wide characters, tabs, combining marks and escapes."""
    assert excerpt(line, span) == expected


@pytest.mark.parametrize("column", [1, 30, 99, 100, 101, 150, 250, 299, 300, 301])
def test_long_lines_are_cut_around_the_caret(column: int) -> None:
    """A cut line shows what is under the caret, and says where it was cut."""
    line = "".join(chr(0x61 + index % 26) for index in range(300))
    actual = excerpt(line, Span(1, column, 3))
    assert len(actual.text) <= COLUMNS
    under = line[column - 1 : column + 2]
    assert actual.text[actual.offset : actual.offset + actual.width] == under or column > len(line)
    assert (actual.text[0] == "…", actual.text[-1] == "…") == (column > 61, column < 263)


def test_many_findings_are_counted() -> None:
    """Text shows a hundred findings, errors first, and counts the others; machine formats carry all."""
    warnings = [finding(DEFAULT_PASSWORD, at(1, 1), f"warning {number:05}") for number in range(150)]
    errors = [finding(PORT_CLASH, at(5, 1), f"error {number:05}") for number in range(1_900)]
    report = Report("plan", located(*warnings, *errors[:60]))
    actual = render("text", report)
    assert actual.count("hint: ") == 100
    assert "error 00059" in actual
    assert actual.endswith("… and 110 more (by code: FED802 ×110)\n\n60 errors, 150 warnings\n")
    report = Report("plan", located(*warnings, *errors), outcome="nothing was written")
    end = "… and 1,950 more (by code: FED301 ×1,800, FED802 ×150)\n\n1,900 errors, 150 warnings; nothing was written\n"
    assert render("text", report).endswith(end)
    assert len(json.loads(render("json", report))["diagnostics"]) == 2_050
    assert render("github", report).count("\n") == 2_050


def test_nothing_found() -> None:
    """A clean run says so in every format."""
    report = Report("plan", outcome="14 files written")
    assert render("text", report) == "no findings; 14 files written\n"
    assert render("github", report) == ""
    assert json.loads(render("sarif", report))["runs"][0]["results"] == []
    assert ET.fromstring(render("junit", report)).attrib["tests"] == "1"
    assert json.loads(render("json", report))["counts"] == {"error": 0, "warning": 0, "info": 0}


def test_singular_and_plural() -> None:
    """One error is no errors."""
    report = Report("plan", located(finding(PORT_CLASH, at(1, 1)), finding(REMARK, at(1, 1))))
    assert render("text", report).splitlines()[-1] == "1 error, 1 remark"


def test_json_matches_its_schema() -> None:
    """The JSON report is valid under its published schema, and the schema itself is sound."""
    schema = json_report.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(render("json", handful())), schema)


def test_json_keys_are_not_overwritten() -> None:
    """A command cannot replace a key of the format by one of its own."""
    with pytest.raises(ValueError, match="tool"):
        render("json", Report("plan", extra={"tool": "other"}))


def check_sarif(text: str, findings: int) -> dict[str, Any]:
    """Check what SARIF 2.1.0 asks of such a file, and return its only run."""
    log = json.loads(text)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    assert len(run["results"]) == findings
    fingerprints = [result["partialFingerprints"]["fedplanFinding/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == findings
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            physical = location.get("physicalLocation")
            if physical is not None:
                assert physical["artifactLocation"]["uri"].isascii()
                assert all(number >= 1 for number in physical.get("region", {}).values())
    return run


def test_sarif_structure() -> None:
    """Rules carry the manual, notes become related locations, paths become URIs."""
    report = handful()
    run = check_sarif(render("sarif", report), len(report.findings))
    rule = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "FED301")
    assert rule["shortDescription"]["text"] == "Two sites want the same port."
    assert "```yaml\nversion: 1  # error: FED301\n```" in rule["help"]["markdown"]
    result = next(result for result in run["results"] if result["ruleId"] == "FED301")
    assert [related["id"] for related in result["relatedLocations"]] == [1, 2, 3]
    assert "physicalLocation" not in result["relatedLocations"][2]
    assert run["results"][-1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "party%209999/cluster.yaml"
    )


def test_sarif_fingerprints_outlive_a_moved_line() -> None:
    """The same finding on another line keeps its fingerprint; two equal findings differ by their count."""

    def fingerprints(*lines: int) -> list[str]:
        findings = located(*(finding(PORT_CLASH, at(line, 1)) for line in lines))
        run = check_sarif(render("sarif", Report("plan", findings)), len(lines))
        return [result["partialFingerprints"]["fedplanFinding/v1"] for result in run["results"]]

    assert fingerprints(2) == fingerprints(5)
    assert fingerprints(2, 5)[0] == fingerprints(2)[0]


def test_junit_structure() -> None:
    """Errors and failed steps fail, warnings pass, unchecked steps are skipped."""
    report = handful()
    suite = ET.fromstring(render("junit", report))[0]
    cases = suite.findall("testcase")
    assert len(cases) == len(report.steps) + len(report.findings)
    assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure"))) == str(1 + 7)
    assert suite.attrib["skipped"] == str(len(suite.findall("testcase/skipped"))) == "1"
    assert len(suite.findall("testcase/system-out")) == 2
    assert {case.attrib["classname"] for case in cases} >= {"fedplan.plan.site", "fedplan.plan.FED301"}


def test_github_cannot_be_tricked_into_a_second_command() -> None:
    """Line breaks, commas, colons and percent signs in a finding stay inside its command."""
    diagnostic = finding(PORT_CLASH, at(1, 1, document="a,b:c%.yaml"), "x\n::error::y\r%0A")
    actual = render("github", Report("plan", located(diagnostic)))
    assert actual == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=2,title=FED301 port_clash"
        "::x\\n::error::y\\r%250A%0Ahint: mend it%0Amore: invoke explain FED301\n"
    )


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_wants_colour(stream: io.StringIO, environ: dict[str, str], *, expected: bool) -> None:
    """Colour is for terminals; NO_COLOR wins over FORCE_COLOR."""
    assert wants_colour(stream, environ) is expected


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=200)
SPANS = st.builds(Span, st.integers(1, 5), st.integers(1, 300), st.integers(1, 300))


@cache
def report_schema() -> jsonschema.Draft202012Validator:
    """What every JSON report must fit."""
    return jsonschema.Draft202012Validator(json_report.schema())


@settings(max_examples=35, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT, SPANS, st.booleans()), max_size=3), ANY_TEXT, st.booleans())
def test_any_text_is_well_formed(rows: list[tuple[str, str, Span, bool]], text: str, is_colour: bool) -> None:
    """Whatever messages, file names and lines hold, every format is well-formed, safe and the same each time."""
    diagnostics = [
        Diagnostic(
            PORT_CLASH,
            message,
            Place(span=span, secret=is_secret),
            hint,
            (Note(hint, Place(span=span, document=message)), Note(message)),
        )
        for message, hint, span, is_secret in rows
    ]
    findings = locate(diagnostics, {FEDERATION: LinesDocument.from_text(text)}, {FEDERATION: text})
    report = Report(
        "plan",
        findings,
        steps=(Step(text, State.FAILED, text, text),),
        outcome="done",
        extra={"verify": {"pairs": 0, "servingPairs": 0, "ways": [text]}},
    )
    report_schema().validate(json.loads(render("json", report)))
    check_sarif(render("sarif", report), len(findings))
    assert len(ET.fromstring(render("junit", report))[0]) == len(findings) + 1
    assert render("github", report).count("\n") == len(findings)
    for name in FORMATS:
        actual = render(name, report)
        actual.encode()
        assert all(character.isprintable() or character == "\n" for character in actual)
        assert actual == render(name, report)
    render("text", replace(report, colour=is_colour))


@settings(max_examples=45, deadline=None)
@given(ANY_TEXT.map(lambda text: text * 3), SPANS, st.none() | st.tuples(st.integers(0, 200), st.integers(0, 200)))
def test_excerpts_fit_and_hide(line: str, span: Span, ends: tuple[int, int] | None) -> None:
    """An excerpt is at most COLUMNS wide, printable, and its caret starts within it."""
    mask = None if ends is None else Mask(*sorted(min(end, len(line)) for end in ends))
    actual = excerpt(line, span, mask)
    assert actual.text.isprintable()
    assert len(actual.text) <= COLUMNS
    assert 0 <= actual.offset <= COLUMNS
    assert 1 <= actual.width <= COLUMNS


def test_visible() -> None:
    """Printable text stays as it is, anything else is written as an escape."""
    assert visible("銀行 ok") == "銀行 ok"
    assert visible("a\tb\u202e\U000e0001") == "a\\tb\\u202e\\U000e0001"
