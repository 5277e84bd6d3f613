"""Strict reading of YAML: each trap is read as it looks, or refused in one sentence at the right place."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from planner.diagnostics import Diagnostic, Place, Span
from planner.source import MAX_DEPTH, MAX_FINDINGS, UNREADABLE, Document, parse, quote, source_lines
from renderers.files import read_bounded

if TYPE_CHECKING:
    from pathlib import Path


def document(text: str) -> Document:
    """Parse a text that has no faults."""
    result, findings = parse(text.encode())
    assert findings == ()
    assert result is not None
    return result


def found(text: str | bytes) -> list[tuple[str, int, int]]:
    """List code, line and column of all findings."""
    _, findings = parse(text.encode() if isinstance(text, str) else text)
    for finding in findings:
        assert finding.hint
        assert finding.message
    return [_at(finding) for finding in findings]


def _at(finding: Diagnostic) -> tuple[str, int, int]:
    span = finding.place.span
    assert span is not None
    return finding.fault.code, span.line, span.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30:09", "30:09"),
        ("190:20:30", "190:20:30"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("~", None),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-5", -5),
        ("+5", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("1.11.2", "1.11.2"),
        ("192.168.9.1", "192.168.9.1"),
        ("2001-12-14", "2001-12-14"),
        ("'0x1F'", "0x1F"),
        ('"010"', "010"),
        ('"no"', "no"),
        ("'5'", "5"),
        ('"<<"', "<<"),
        ("=", "="),
        ("1,000", "1,000"),
        ("999999999999999999", 999_999_999_999_999_999),
        ("0x", "0x"),
        ("-", None),
        ("٣", "٣"),
    ],
)
def test_a_scalar_is_read_as_it_looks(text: str, value: object) -> None:
    """Of plain scalars only null, true, false and decimal numbers are no text."""
    if text == "-":
        assert document("a:\n  -\n").data == {"a": [None]}
        return
    data = document(f"a: {text}\n").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0x1F", "31"),
        ("0o17", "15"),
        ("0b11", "3"),
        ("010", "10"),
        ("-089", "-89"),
        ("00", "0"),
        ("00.5", "0.5"),
        ("1_000", "1000"),
        ("1.10", '"1.10"'),
        (".inf", '".inf"'),
        ("-.INF", '"-.INF"'),
        (".nan", '".nan"'),
        ("1e999", "quotes"),
        ("1e3", "1000.0"),
        ("1.5e3", "1500.0"),
        ("12E10", '"12E10"'),
        ("1e30", "1.0e+30"),
        ("1234567890123456789", "quotes"),
        ("9" * 5000, "quotes"),
        ("0" * 5000, "0 if"),
        ("0x" + "f" * 5000, "quotes"),
    ],
)
def test_an_ambiguous_number_is_refused(text: str, hint: str) -> None:
    """What readers of YAML disagree about is FED107, with what to write instead."""
    result, findings = parse(f"b: x\na:  {text}\n".encode())
    assert [_at(finding) for finding in findings] == [("FED107", 2, 5)]
    assert hint in findings[0].hint
    assert findings[0].place.span == Span(2, 5, len(text))
    assert result is not None
    assert result.data == {"b": "x", "a": UNREADABLE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("FED104", 1, 1)]),
        ("# only\n# comments\n", [("FED104", 1, 1)]),
        ("---\n...\n", [("FED104", 1, 1)]),
        (" \n\n", [("FED104", 1, 1)]),
        (b"a: \xff\n", [("FED103", 1, 4)]),
        ("é: ü\n".encode() + b"b: \xfc", [("FED103", 2, 4)]),
        ("a: b".encode("utf-16"), [("FED103", 1, 1)]),
        ("a:\n\tb: 1\n", [("FED105", 2, 1)]),
        ("a:\n  b: 1\n\tc: 2\n", [("FED105", 3, 1)]),
        ("a: |\n\tx\n", [("FED105", 2, 1)]),
        ("a: [1, 2\nb: 3\n", [("FED105", 1, 4)]),
        ("a: {x: 1\n", [("FED105", 1, 4)]),
        ("p:\n  - {id: 1\n  - {id: 2}\n", [("FED105", 2, 5)]),
        ("p:\n  - {id: 1\n     cluster: b}\n", [("FED105", 3, 13)]),
        ("p: {id: 1 cluster: b}\n", [("FED105", 1, 18)]),
        ("a: {b: [c}\n", [("FED105", 1, 10)]),
        ("a: b\nc: }\n", [("FED105", 2, 4)]),
        ("a: 'x\nb: 1\n", [("FED105", 1, 4)]),
        ('b: 1\na: "x\n', [("FED105", 2, 4)]),
        ("a: 'it's'\n", [("FED105", 1, 8)]),
        ("a: b: c\n", [("FED105", 1, 5)]),
        ("a: 1\n b: 2\n", [("FED105", 2, 3)]),
        ("a:\n  - b\n c: d\n", [("FED105", 3, 2)]),
        ("a: 1\nb c\nd: 2\n", [("FED105", 2, 1)]),
        ("key value\nb: c\n", [("FED105", 2, 1)]),
        ("- a\nb: 1\n", [("FED105", 2, 1)]),
        ("a: - b\n", [("FED105", 1, 4)]),
        ("a: @b\n", [("FED105", 1, 4)]),
        ("a: %b\n", [("FED105", 1, 4)]),
        ('a: "\\q"\n', [("FED105", 1, 5)]),
        ('a: "\\ud800"\n', [("FED105", 1, 7)]),
        ("a: *\n", [("FED105", 1, 4)]),
        ("a: *b\n", [("FED105", 1, 4)]),
        ("a: b\x00c\n", [("FED105", 1, 5)]),
        ("a: 1\nb: \x1b[31m\n", [("FED105", 2, 4)]),
        ("a: \ufeffb\n", [("FED105", 1, 4)]),
        ("x" * 2000 + ": 1\n", [("FED105", 1, 2001)]),
        ("a: 1\na: 2\n", [("FED106", 2, 1)]),
        ("{a: 1, 'a': 2, \"a\": 3}\n", [("FED106", 1, 8), ("FED106", 1, 16)]),
        ("1: a\n+1: b\n", [("FED106", 2, 1)]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", [("FED110", 3, 3)]),
        ("a: !!str 5\n", [("FED110", 1, 4)]),
        ('a: ! "no"\n', [("FED110", 1, 4)]),
        ("a: !!python/object:os.system x\n", [("FED110", 1, 4)]),
        ("a: !!set {b}\n", [("FED110", 1, 4)]),
        ("%YAML 1.1\n---\na: b\n", [("FED110", 1, 1)]),
        ("a: 1\n---\nb: 2\n", [("FED110", 2, 1)]),
        ("a: 1\n...\n# c\nb: 2\n", [("FED110", 4, 1)]),
        ("a: 1\n%TAG ! x\n", [("FED110", 2, 1)]),
        ("? [a]\n: b\n", [("FED110", 1, 3)]),
        ("{[[a]]: b}\n", [("FED110", 1, 2)]),
        ("&x a: 1\n*x : 2\n", [("FED110", 2, 1)]),
        ("~: 1\n", [("FED110", 1, 1)]),
        ("true: 1\n", [("FED110", 1, 1)]),
        ("1.5: 1\n", [("FED110", 1, 1)]),
        ("010: 1\n", [("FED107", 1, 1)]),
        ("a: &a [*a]\n", [("FED109", 1, 8)]),
        ("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH, []),
        ("a: 1\r\nb: 2\r\nb: 3\r\n", [("FED106", 3, 1)]),
        ("\ufeffa: 1\na: 2\n", [("FED106", 2, 1)]),
        ("a: '\u2028'\nb: 1\nb: 2\n", [("FED106", 4, 1)]),
        ("\U0001f600: 1\n'x\U0001f600': {a: 1, a: 2}\n", [("FED106", 2, 14)]),
    ],
)
def test_a_trap_is_one_finding_at_its_place(text: str | bytes, expected: list[tuple[str, int, int]]) -> None:
    """Every trap gives its own code at its exact line and column, and nothing else."""
    assert found(text) == expected


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 10_000, "FED108"),
        ("[" * 10_000 + "]" * 10_000, "FED108"),
        ("{a: " * 10_000, "FED108"),
        ("- " * 10_000, "FED108"),
        ("".join(" " * depth + "a:\n" for depth in range(1000)), "FED108"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100)), "FED108"),
        ("a0: &a0 [x,x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)), "FED109"),
        ("a: &a [" + "x," * 1000 + "]\nb: [" + "*a," * 2000 + "]\n", "FED109"),
        pytest.param("[" + "a," * 1_100_000 + "]", "FED102", marks=pytest.mark.slow),
        pytest.param("- a\n" * 1_100_000, "FED102", marks=pytest.mark.slow),
        ("a" * 1_000_000 + ": b", "FED105"),
        ("\n" * 1_000_000, "FED104"),
        ("a: '" + "x" * 1_000_000, "FED105"),
        ("".join(f"%TAG !a{n}! x\n" for n in range(20_000)), "FED110"),
        ("a: 1\n...\n" + "".join(f"%TAG !a{n}! x\n" for n in range(20_000)), "FED110"),
    ],
)
def test_hostile_text_is_refused_in_bounded_time(text: str, code: str) -> None:
    """Deep nesting, alias bombs and masses of values end in one finding."""
    assert [each for each, _, _ in found(text)] == [code]


def test_both_places_of_a_duplicate_key_are_shown() -> None:
    """Every further key points at the first."""
    _, findings = parse(b"a: 1\nb: 2\n\na: 3\na: 4\n")
    assert [_at(finding) for finding in findings] == [("FED106", 4, 1), ("FED106", 5, 1)]
    firsts = [finding.notes[0].place for finding in findings]
    assert [place.span for place in firsts if place is not None] == [Span(1, 1, 1), Span(1, 1, 1)]


def test_all_mistakes_come_in_one_run() -> None:
    """Reading goes on after everything but a syntax error, and keeps what is right."""
    result, findings = parse(b"a: 0x1\nb: !t x\na: 2\nc: {~: 1, d: 010}\n<<: 1\ne: no\n")
    assert [_at(finding) for finding in findings] == [
        ("FED107", 1, 4),
        ("FED110", 2, 4),
        ("FED106", 3, 1),
        ("FED110", 4, 5),
        ("FED107", 4, 14),
        ("FED110", 5, 1),
    ]
    assert result is not None
    assert result.data == {
        "a": UNREADABLE,
        "b": UNREADABLE,
        "c": {"d": UNREADABLE},
        UNREADABLE: UNREADABLE,
        "e": "no",
    }


def test_findings_before_a_syntax_error_are_kept() -> None:
    """A syntax error hides what follows, not what came before."""
    assert found("a: 1\na: 2\nb: [\n") == [("FED106", 2, 1), ("FED105", 3, 4)]


def test_findings_are_bounded() -> None:
    """A file with a million mistakes tells the first thousand."""
    assert len(found("a: 1\n" * 10_000)) == MAX_FINDINGS


def test_aliases_share_their_value() -> None:
    """An alias is its anchor's value, and its inside is where the anchor is."""
    parsed = document("a: &x {b: [1, 2]}\nc: *x\n")
    assert parsed.data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert parsed.span(Place(("c",))) == Span(2, 4, 2)
    assert parsed.span(Place(("c", "b", 1))) == Span(1, 15, 1)


TEXT = """\
version: 1
topology: mesh   # comment
clusters:
  - {name: bank, address: 192.168.9.1}
exchanges:
  -
    cluster: bank
    name: hub
    ports:
      rollsite: 30000
parties:
  - {id: 9999, cluster: "bank", modules: [python, mysql]}
  - cluster: bank
    id: 10000
    namespace:
    registry: >
      folded
      text
routes:
  - {from: 9999, to: 10000}
defaults:
  engine:
    computing: Spark
"""


@pytest.mark.parametrize(
    ("place", "line", "excerpt"),
    [
        (Place(("version",)), 1, "1"),
        (Place(("version",), on_key=True), 1, "version"),
        (Place(("topology",)), 2, "mesh"),
        (Place(()), 1, "version: 1"),
        (Place(("nothing",)), 1, "version: 1"),
        (Place(("clusters",)), 3, "clusters"),
        (Place(("clusters", 0)), 4, "bank"),
        (Place(("clusters", 0, "address")), 4, "192.168.9.1"),
        (Place(("clusters", 0, "context")), 4, "bank"),
        (Place(("clusters", 7, "context")), 3, "clusters"),
        (Place(("exchanges", 0)), 8, "hub"),
        (Place(("exchanges", 0, "ports")), 9, "ports"),
        (Place(("exchanges", 0, "ports", "osx")), 9, "ports"),
        (Place(("exchanges", 0, "ports", "rollsite")), 10, "30000"),
        (Place(("parties", 0)), 12, "9999"),
        (Place(("parties", 0, "cluster")), 12, '"bank"'),
        (Place(("parties", 0, "cluster"), on_key=True), 12, "cluster"),
        (Place(("parties", 0, "modules")), 12, "[python, mysql]"),
        (Place(("parties", 0, "modules", 1)), 12, "mysql"),
        (Place(("parties", 0, "modules", 5)), 12, "modules"),
        (Place(("parties", 0, "engine", "computing")), 23, "Spark"),
        (Place(("parties", 0, "engine")), 22, "engine"),
        (Place(("exchanges", 0, "engine", "computing"), on_key=True), 23, "computing"),
        (Place(("parties", 0, "engine", "storage")), 12, "9999"),
        (Place(("parties", 1)), 14, "10000"),
        (Place(("parties", 1, "namespace")), 15, "namespace"),
        (Place(("parties", 1, "registry")), 16, ">"),
        (Place(("routes", 0)), 20, "{from: 9999, to: 10000}"),
        (Place(("routes", 0, "port")), 20, "{from: 9999, to: 10000}"),
        (Place(span=Span(7, 7, 7)), 7, "uster: "),
    ],
)
def test_a_place_becomes_a_span(place: Place, line: int, excerpt: str) -> None:
    """A path points at its value, its key, its deepest parent, or what it was inherited from."""
    parsed = document(TEXT)
    span = parsed.span(place)
    text = parsed.lines[span.line - 1][span.column - 1 : span.column - 1 + span.length]
    assert (span.line, text) == (line, excerpt)


def test_a_file_without_values_has_a_span() -> None:
    """Even a document that is a single scalar can be pointed at."""
    assert document("x").span(Place(("a", 1))) == Span(1, 1, 1)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_lines_are_those_of_yaml(line_break: str) -> None:
    """Every line break of YAML 1.1 starts a new line, for positions and for the lines shown."""
    text = line_break.join(["a: 1", "# é", "b: 2", "a: 3", ""])
    assert found(text) == [("FED106", 4, 1)]
    result, _ = parse(text.encode())
    assert result is not None
    assert result.lines == ("a: 1", "# é", "b: 2", "a: 3", "")
    assert source_lines(text.encode()) == result.lines


@pytest.mark.parametrize(
    ("path", "raw"),
    [(("version",), "1"), (("parties", 0, "cluster"), '"bank"'), (("parties",), None), (("x",), None), ((), None)],
)
def test_raw_is_the_spelling_of_the_file(path: tuple[str | int, ...], raw: str | None) -> None:
    """Hints may quote a scalar as its author wrote it."""
    assert document(TEXT).raw(path) == raw


@pytest.mark.parametrize(
    "text",
    ["password: 0123456789", "password: !hunter2 x", "password: *hunter2", "mysql: @hunter2", "x: {token: 0x123}"],
)
def test_a_secret_is_not_quoted(text: str) -> None:
    """Faults in the place of a secret say nothing of its text."""
    _, findings = parse(text.encode())
    value = text.rpartition(": ")[2].strip("}").lstrip("!*@")
    assert [finding.place.secret for finding in findings] == [True] * len(findings) != []
    for finding in findings:
        assert value not in finding.message + finding.hint
        assert value.split()[0] not in finding.message + finding.hint


def test_quote_is_short_and_harmless() -> None:
    """Messages never carry control characters or long texts."""
    assert quote("a\x1b\u202eb") == '"a\\u001b\\u202eb"'
    assert len(quote("x" * 1000)) == 42


def test_pure_python_reader_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML was built without libyaml, the values and places are the same."""
    expected = parse(TEXT.encode())[0]
    monkeypatch.delattr("yaml.CBaseLoader")
    result, findings = parse(TEXT.encode())
    assert findings == ()
    assert result is not None
    assert expected is not None
    assert result.data == expected.data
    place = Place(("parties", 0, "modules", 1))
    assert result.span(place) == expected.span(place)
    assert found("a: [\n") == [("FED105", 1, 4)]
    assert found("a: &a [*a]\n") == [("FED109", 1, 8)]


# --- reading files -----------------------------------------------------------------------------------------------


def refused(result: bytes | Diagnostic) -> tuple[str, str]:
    """Code and message of a refusal."""
    assert isinstance(result, Diagnostic)
    assert result.hint
    return result.fault.code, result.message


def test_a_file_is_read(tmp_path: Path) -> None:
    """A regular file within the limit gives its bytes."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"x" * 10)
    assert read_bounded(path, 10) == b"x" * 10


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    """100 MB are refused by size, without reading them."""
    path = tmp_path / "f.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert refused(read_bounded(path)) == ("FED102", '"f.yaml" is larger than 16 MiB')
    path.write_bytes(b"x" * 11)
    assert refused(read_bounded(path, 10)) == ("FED102", '"f.yaml" is larger than 10 bytes')


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Missing files, directories, pipes, sockets and devices are refused at once."""
    assert refused(read_bounded(tmp_path / "no.yaml")) == ("FED101", '"no.yaml" does not exist')
    assert refused(read_bounded(tmp_path / "a" / "no.yaml"))[0] == "FED101"
    assert refused(read_bounded(tmp_path))[1].endswith("is a directory")
    assert refused(read_bounded(tmp_path / "a\0b"))[0] == "FED101"
    assert refused(read_bounded(tmp_path / ("x" * 1000)))[0] == "FED101"
    os.mkfifo(tmp_path / "pipe")
    assert refused(read_bounded(tmp_path / "pipe"))[1] == '"pipe" is no regular file'
    (tmp_path / "loop").symlink_to("loop")
    assert refused(read_bounded(tmp_path / "loop"))[0] == "FED101"


def test_devices_and_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless device is not read."""
    from pathlib import Path as RealPath

    assert refused(read_bounded(RealPath("/dev/zero")))[0] == "FED101"
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert refused(read_bounded(tmp_path / "socket"))[0] == "FED101"


def test_a_forbidden_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing rights and broken disks are told apart."""
    path = tmp_path / "f.yaml"
    path.write_text("a: 1")

    def forbid(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbid)
    assert refused(read_bounded(path)) == ("FED101", '"f.yaml" may not be read by you')
