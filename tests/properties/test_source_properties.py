"""Properties of the first two stages: any bytes and any values give diagnostics, never an exception."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from planner.diagnostics import Place
from planner.schema import federation_schema, validate
from planner.source import Document, parse, source_lines

FRAGMENTS = st.sampled_from(
    ["a", "b: ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ", ", ": ", "? ", "&a ", "*a", "!t ", "'", '"', "#", "|",
     ">", "\r\n", "\r", "\u2028", "\x85", "\\", "0x1", "010", "no", "~", "<<: ", "---\n", "...\n", "%Y ", "é",
     "\U0001f600", "\x00"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["version", "name", "release", "topology", "clusters", "parties", "routes", "defaults", "exchanges", "never",
     "expect", "id", "cluster", "ports", "rollsite", "engine", "mysql", "credentials", "star", "mesh", "through",
     "links", "from", "to"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70000), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["mesh", "all", "v1.11.2", "env:A", "bank", "eggroll"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, st.text(max_size=5)), inner, max_size=5)
    ),
    max_leaves=25,
)
SLOW = settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(value: object) -> Document:
    """Parse a value written as JSON, which is YAML of the strictest kind."""
    document, findings = parse(json.dumps(value, ensure_ascii=True).encode())
    assert findings == ()
    assert document is not None
    return document


@SLOW
@given(st.one_of(st.binary(max_size=60), st.lists(FRAGMENTS, max_size=40).map(lambda parts: "".join(parts).encode())))
def test_any_bytes_give_findings_or_data(data: bytes) -> None:
    """Whatever the bytes, there is a document or a finding, and every finding lies inside the file."""
    document, findings = parse(data)
    assert document is not None or findings
    lines = source_lines(data)
    for finding in findings:
        assert finding.message
        assert finding.hint
        span = finding.place.span
        assert span is not None
        assert 1 <= span.line <= len(lines)
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    if document is not None:
        validate(document)


@SLOW
@given(st.lists(FRAGMENTS.filter(lambda part: part != "\x00"), max_size=40).map("".join))
def test_lines_and_columns_are_those_of_the_parser(text: str) -> None:
    """The table of lines agrees with libyaml's own count, for all line breaks."""
    try:
        events = list(yaml.parse(text, Loader=yaml.CBaseLoader))
    except yaml.YAMLError:
        return
    lines = source_lines(text.encode())
    for event in events:
        mark = event.start_mark
        assert mark is not None
        assert "".join(lines[mark.line : mark.line + 1])[mark.column :][:1] in (text[mark.index :][:1], "")


@SLOW
@given(VALUES)
def test_values_survive_yaml(value: Any) -> None:
    """Any value written by a YAML writer is read back as it was, or refused as ambiguous."""
    text = yaml.safe_dump(value, allow_unicode=False)
    document, findings = parse(text.encode())
    if findings:
        # PyYAML leaves without quotes what only its own rules take for text.
        assert {finding.fault.code for finding in findings} <= {"FED104", "FED107"}
    else:
        assert document is not None
        assert document.data == value


@SLOW
@given(VALUES)
def test_values_survive_json(value: Any) -> None:
    """JSON is YAML: it is read as it was."""
    document, findings = parse(json.dumps(value).encode())
    if not findings:
        assert document is not None
        assert document.data == value
    assert {finding.fault.code for finding in findings} <= {"FED107", "FED105"}


def without_gaps(value: Any) -> Any:
    """Drop the placeholders of dropped list items."""
    match value:
        case list():
            return [without_gaps(item) for item in value if item is not None]
        case dict():
            return {key: without_gaps(item) for key, item in value.items()}
        case _:
            return value


def nearly_right() -> st.SearchStrategy[dict[str, Any]]:
    """Federations with a few values replaced by anything."""
    name = st.one_of(st.sampled_from(["bank", "shop"]), SCALARS)
    party = st.dictionaries(st.sampled_from(["tls", "ports", "engine", "credentials", "overrides"]), VALUES, max_size=2)
    parties = st.lists(
        st.one_of(st.builds(lambda a, b, c: {"id": a, "cluster": b, **c}, st.integers(0, 9), name, party), VALUES),
        max_size=3,
    )
    return st.fixed_dictionaries(
        {
            "version": st.just(1),
            "name": name,
            "release": st.one_of(st.just("v1.11.2"), SCALARS),
            "topology": st.one_of(
                st.just("mesh"), VALUES, st.lists(st.dictionaries(KEYS, VALUES, max_size=2), max_size=3)
            ),
            "clusters": st.lists(st.fixed_dictionaries({"name": name, "address": name}), max_size=3),
            "parties": parties,
        },
        optional={"routes": VALUES, "defaults": VALUES, "never": VALUES},
    )


@SLOW
@given(st.one_of(VALUES, nearly_right()))
def test_any_value_gives_diagnostics_and_what_is_left_is_right(value: Any) -> None:
    """Validation agrees with plain JSON Schema, and what it leaves satisfies it but for missing top-level keys."""
    document, findings = parse(json.dumps(value).encode())
    if document is None or findings:
        return
    validated, diagnostics = validate(document)
    judge = Draft202012Validator(federation_schema())
    if not judge.is_valid(document.data):
        assert diagnostics
    for diagnostic in diagnostics:
        assert diagnostic.hint
        document.span(diagnostic.place)
        for note in diagnostic.notes:
            document.span(note.place or Place())
    if validated is not None:
        left = list(judge.iter_errors(without_gaps(validated.data)))
        assert [error for error in left if error.validator != "required" or error.absolute_path] == []
        assert bool(validated.dropped) <= bool(diagnostics)
