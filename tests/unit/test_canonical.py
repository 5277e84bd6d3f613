"""The one writer of YAML: what it writes is read as what it was given, by any reader, whatever the texts are."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from renderers.canonical import Block, KeyPath, block, scalar

LOADERS: list[Any] = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]
ODD_WORDS = r"""
- ? : ~ = << --- ... # \ " ' {} [] &a *a !a !!str | > % @a `a` a,b
y N yes No ON off true FALSE null Null .nan .inf -.INF nan inf
1 01 0o14 0x1F 0b11 1_000 1e3 1.5 .5 5. +1 -1 1:30 190:20:30 1e+06 2020-01-01 2020-01-01T00:00:00Z
192.168.9.1 1.2.3 1Gi 500m 512M 2.0.0-release v1.11.2 rollsite.fate-1 env:A secret:a/b#c ${secret:env:A}
a:b a: :a a::b
""".split()  # noqa: SIM905 - as a list it fills a page
ODD_TEXTS = (
    *("", " ", "- a", "a: b", "a #b", "a ", " a", "{a: 1}", "file:/a b"),
    *("a\nb", "a\n", "\na", "a\r\nb", "\t", "\x00", "\x07", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\u200b"),
    *("\U000e0001", "銀行", "é", "\U0001f600", "a\u0301"),
)
COMMENTS = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=20), max_size=3
)
ODD = st.sampled_from([*ODD_WORDS, *ODD_TEXTS])
TEXTS = ODD | st.text(st.characters(codec="utf-8"), max_size=12)
INTEGERS = st.integers(-(2**53), 2**53)
SCALARS = st.none() | st.booleans() | INTEGERS | TEXTS
KEYS = TEXTS | st.integers(0, 10**6)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


@settings(max_examples=50)
@given(DATA)
def test_what_is_written_is_read_as_it_was(data: dict[Any, Any]) -> None:
    """For any JSON-like data, with both of PyYAML's readers, whether texts stand line by line or not."""
    for text in (block(data), block(data, literal=True)):
        for loader in LOADERS:
            assert yaml.load(text, Loader=loader) == (data or None)


@settings(max_examples=50)
@given(TEXTS)
def test_a_text_is_plain_only_where_no_reader_doubts_it(text: str) -> None:
    """YAML 1.1, YAML 1.2 and JSON-minded readers agree on a text: it is quoted or it can be nothing else.

    Plain texts begin with a letter (so they are no number, no indicator and no date) and are none of the words of
    YAML 1.1, or they are IPv4 addresses or quantities with a unit, which no reader takes for numbers.
    """
    written = scalar(text)
    if written.startswith('"'):
        assert yaml.safe_load(written) == text
        return
    assert written == text
    assert re.fullmatch(r"[A-Za-z_/][^\s#]*|\d+\.\d+\.\d+\.\d+|\d+(Ki|Mi|Gi|Ti|m|M)", text)
    assert text.lower() not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
    assert ": " not in text
    assert not text.endswith(":")


@settings(max_examples=45)
@given(TEXTS)
def test_a_quoted_ascii_text_is_json_too(text: str) -> None:
    """Quotes are JSON's, so that a reader of JSON and a reader of YAML see the same."""
    written = scalar(text)
    if written.startswith('"') and text.isascii() and text.isprintable():
        assert json.loads(written) == text


@settings(max_examples=45)
@given(DATA, COMMENTS)
def test_comments_never_break_the_file(data: dict[Any, Any], comments: list[str]) -> None:
    """A comment above every key, of any printable text and of several lines, changes nothing that is read."""
    text = "\n".join(comments)
    assert yaml.safe_load(block(data, dict.fromkeys(paths(data), text))) == (data or None)


def paths(data: object, above: KeyPath = ()) -> list[KeyPath]:
    """Every key path of the data, but for the first keys of list items."""
    if isinstance(data, dict):
        items: list[tuple[Any, Any]] = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    else:
        return []
    skipped = 1 if isinstance(data, dict) and above and isinstance(above[-1], int) else 0
    own = [(*above, key) for key, _ in items[skipped:]]
    return own + [path for key, value in items for path in paths(value, (*above, key))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (30091, "30091"),
        (0.5, "0.5"),
        ("v1.11.2", "v1.11.2"),
        ("1.8.0-release", '"1.8.0-release"'),
        ("192.168.9.1", "192.168.9.1"),
        ("2Gi", "2Gi"),
        ("30091", '"30091"'),
        ("no", '"no"'),
        ("NO", '"NO"'),
        ("1e3", '"1e3"'),
        ("", '""'),
        ("${secret:env:A}", '"${secret:env:A}"'),
        ("銀行", '"銀行"'),
        ("a\u2028b", '"a\\u2028b"'),
    ],
)
def test_scalars(value: object, expected: str) -> None:
    """One line each."""
    assert scalar(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        1.5e300,
        -0.0,
        1e-5,
        1e16,
    ],
)
def test_floats_are_read_as_floats(value: float) -> None:
    """PyYAML takes `1e+16` for a text, so the writer puts a point into it."""
    assert yaml.safe_load(scalar(value)) == value
    assert isinstance(yaml.safe_load(scalar(value)), float)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_read_as_infinity(value: float) -> None:
    """`.inf`, as YAML writes it."""
    assert yaml.safe_load(scalar(value)) == value


def test_layout() -> None:
    """Two spaces per level, list items indented below their key, empty collections in place."""
    data = {
        "a": 1,
        "b": {"c": [{"d": "x", "e": {"f": None}}, [1, [2]], "y", {}, []], "g": {}, "h": []},
        9999: {"default": [{"ip": "192.168.9.1", "port": 30091}]},
    }
    assert block(data, {("b",): "two\nlines", ("b", "g"): ""}) == (
        "a: 1\n"
        "# two\n"
        "# lines\n"
        "b:\n"
        "  c:\n"
        "    - d: x\n"
        "      e:\n"
        "        f: null\n"
        "    -\n"
        "      - 1\n"
        "      -\n"
        "        - 2\n"
        '    - "y"\n'
        "    - {}\n"
        "    - []\n"
        "\n"
        "  g: {}\n"
        "  h: []\n"
        "9999:\n"
        "  default:\n"
        "    - ip: 192.168.9.1\n"
        "      port: 30091\n"
    )


def test_blocks_are_taken_as_they_are() -> None:
    """Ready lines below their key; an empty block is an empty list."""
    text = block({"a": {"rows": Block("    - partyId: 1\n"), "none": Block("")}})
    assert text == "a:\n  rows:\n    - partyId: 1\n  none: []\n"
    assert yaml.safe_load(text) == {"a": {"rows": [{"partyId": 1}], "none": []}}


def test_texts_of_several_lines_stand_line_by_line() -> None:
    """Where that is asked for, below keys and dashes alike; a text whose first line is indented is quoted."""
    data = {"a": {"text": "one\n\n  two\n"}, "list": ["one\ntwo", {"b": " one\ntwo"}, "last"]}
    text = block(data, literal=True)
    assert text == (
        'a:\n  text: |\n    one\n\n      two\nlist:\n  - |-\n    one\n    two\n  - b: " one\\ntwo"\n  - last\n'
    )
    assert yaml.safe_load(text) == data
    assert block(data).startswith('a:\n  text: "one\\n')


def test_keys_keep_the_order_they_were_given_in() -> None:
    """Never sorted."""
    assert block({"b": 1, "a": 2}) == "b: 1\na: 2\n"
    assert block({"a": 2, "b": 1}) == "a: 2\nb: 1\n"
