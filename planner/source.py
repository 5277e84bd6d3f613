"""Strict reading of YAML: bytes become plain data, and every value keeps its exact place.

YAML 1.1 reads `no` as false, `30:09` as 1809 and `010` as eight, takes the last of two equal keys without a word, and
lets nine short lines expand to a billion values. Here each of these is read as it looks, or refused in one sentence.

The text is read once, as libyaml's events, in a loop that never recurses. It stops at 64 levels and a million values,
so time and memory stay bounded whatever the bytes are. Positions are kept as two integers per node beside the data and
become lines and columns only when a diagnostic asks.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn, Protocol, TypeAlias

import yaml

from planner.checks.alias_explosion import FAULT as ALIAS_EXPLOSION
from planner.checks.ambiguous_number import FAULT as AMBIGUOUS_NUMBER
from planner.checks.broken_yaml import FAULT as BROKEN_YAML
from planner.checks.deep_nesting import FAULT as DEEP_NESTING
from planner.checks.duplicate_key import FAULT as DUPLICATE_KEY
from planner.checks.empty_file import FAULT as EMPTY_FILE
from planner.checks.not_utf8 import FAULT as NOT_UTF8
from planner.checks.oversized_file import FAULT as OVERSIZED_FILE
from planner.checks.unsupported_yaml import FAULT as UNSUPPORTED_YAML
from planner.diagnostics import FEDERATION, Diagnostic, Fault, KeyPath, Note, Place, Span

MAX_DEPTH: Final = 64
"""Levels of lists and mappings. federation.yaml itself needs about a dozen."""
MAX_VALUES: Final = 1_000_000
"""Values in one file, every alias counted with all it stands for. 10,000 parties need about 60,000."""
MAX_FINDINGS: Final = 1000
"""Findings after which reading stops: nobody reads more, and a hostile file could cause a million."""


class Unreadable:
    """Stands in `Document.data` for a value that was reported already (FED107, FED110).

    Validation drops it without a second finding.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Name it."""
        return "UNREADABLE"


UNREADABLE: Final = Unreadable()

_Children: TypeAlias = "dict[str | int, int] | list[int]"


@dataclass(frozen=True, slots=True)
class Node:
    """Where one value stands in `Document.text`: indices of its first character, and of the one after its last.

    What follows the value, comments and empty lines, is not part of it. `key` is the same of its key, None for an item
    of a list and for the root. `in_flow` tells that brackets surround it, `is_shared` that an anchor, an alias or a tag
    is on the way to it, so that an edit here might show elsewhere. `children` are its keys or indices, in the order of
    the text.
    """

    start: int
    end: int
    key: tuple[int, int] | None
    kind: Literal["scalar", "mapping", "list", "alias"]
    in_flow: bool
    is_shared: bool
    children: Sequence[str | int]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A YAML document: its plain data, its lines, and where each value stands.

    `data` holds dict, list, str, int, float, bool, None, and UNREADABLE for what was reported already. Aliases are
    shared objects, so treat it as read-only. `has_unreadable` is False where no UNREADABLE can be in it. `lines` are
    split where libyaml counts lines: LF, CRLF, CR, NEL, LS, PS.
    """

    document: str
    data: Any
    lines: tuple[str, ...]
    has_unreadable: bool
    text: str = field(repr=False)
    _line_starts: array[int] = field(repr=False)
    _starts: array[int] = field(repr=False)
    _ends: array[int] = field(repr=False)
    _children: dict[int, _Children] = field(repr=False)
    """Mapping's node to its keys' nodes (a value is the node after its key), list's node to its items' nodes."""
    _aliases: dict[int, int] = field(repr=False)
    """Node of an alias to the node it stands for."""

    def span(self, place: Place) -> Span:
        """Find line, column and length of a place, in 1-based code points.

        A path that does not exist points at its deepest existing parent. What a party or an exchange has inherited
        points at `defaults`.
        """
        if place.span is not None:
            return place.span
        trail = self._trail(place.path)
        found = len(trail) == len(place.path)
        if not found and place.path[:1] in (("parties",), ("exchanges",)):
            inherited = ("defaults", *place.path[2:])
            other = self._trail(inherited)
            if len(other) == len(inherited) > 1:
                trail, found = other, True
        if not trail:
            return self._first_line(0)
        key, node = trail[-1]
        if key is not None and (place.on_key or not found or self._is_invisible(node)):
            return self._scalar(key)
        if key is None and (named := self._named(node)) is not None:
            return self._scalar(named)
        return self._first_line(node)

    def raw(self, path: KeyPath) -> str | None:
        """Return a scalar as it is spelled in the file (`1.10`, `"a"`), or None where there is no such scalar."""
        trail = self._trail(path)
        if len(trail) != len(path):
            return None
        node = trail[-1][1] if trail else 0
        node = self._aliases.get(node, node)
        if node in self._children or not self._starts:
            return None
        return self.text[self._start(node) : self._ends[node]]

    def node(self, path: KeyPath) -> Node | None:
        """Find where a value stands, None where there is none."""
        trail = self._trail(path)
        if len(trail) != len(path) or not self._starts:
            return None
        key, node = trail[-1] if trail else (None, 0)
        above = [0, *(each for _, each in trail[:-1])] if trail else []
        kind: Literal["scalar", "mapping", "list", "alias"] = "scalar"
        if node in self._aliases:
            kind = "alias"
        elif node in self._children:
            kind = "mapping" if isinstance(self._children[node], dict) else "list"
        children = self._children.get(node, ())
        return Node(
            self._starts[node],
            self._last(key, node),
            None if key is None else (self._starts[key], self._ends[key]),
            kind,
            any(self.text[self._starts[each] : self._starts[each] + 1] in _BRACKETS for each in above),
            any(
                each in self._aliases or self.text[self._starts[each] : self._starts[each] + 1] in _MARKS
                for each in (*above, node, *(() if key is None else (key,)))
            ),
            tuple(children) if isinstance(children, dict) else range(len(children)),
        )

    def _last(self, key: int | None, node: int) -> int:
        """Index after the last character of a value; libyaml's own lies after the comments that follow a block."""
        while node not in self._aliases and self._children.get(node):
            if self.text[self._starts[node] : self._starts[node] + 1] in _BRACKETS:
                break
            children = self._children[node]
            key = next(reversed(children.values())) if isinstance(children, dict) else None
            node = children[-1] if isinstance(children, list) else (key or 0) + 1
        if self._starts[node] == self._ends[node] and key is not None:
            colon = _skip_comments(self.text, self._ends[key])
            return colon + 1 if self.text.startswith(":", colon) else self._ends[key]
        end = self._ends[node]
        if self.text[self._start(node) : self._start(node) + 1] in ("|", ">"):
            end = self._starts[node] + len(self.text[self._starts[node] : end].rstrip())
        return end

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text."""
        line = bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def _trail(self, path: KeyPath) -> list[tuple[int | None, int]]:
        """List the (key node or None, value node) of each step of a path, as far as it exists."""
        trail: list[tuple[int | None, int]] = []
        node = 0
        for step in path:
            children = self._children.get(self._aliases.get(node, node))
            if isinstance(children, dict):
                key = children.get(step)
                if key is None:
                    break
                node = key + 1
                trail.append((key, node))
            elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
                node = children[step]
                trail.append((None, node))
            else:
                break
        return trail

    def _start(self, node: int) -> int:
        """Index of a node's first character, after its anchor."""
        start = self._starts[node]
        if self.text[start : start + 1] in ("&", "!") and (prefix := _PROPERTIES.match(self.text, start)) is not None:
            return prefix.end()
        return start

    def _is_invisible(self, node: int) -> bool:
        """Tell whether a node has no text of its own to point at: an empty value, or a block of further lines."""
        if node in self._aliases:
            return False
        if node in self._children:
            return self.text[self._start(node) : self._start(node) + 1] not in ("[", "{")
        return self._starts[node] == self._ends[node]

    def _named(self, node: int) -> int | None:
        """Find the value of `id` or `name` in a mapping that is an item of a list."""
        children = self._children.get(node)
        if isinstance(children, dict):
            for name, key in children.items():
                if name in ("id", "name") and not self._is_invisible(key + 1):
                    return key + 1
        return None

    def _scalar(self, node: int) -> Span:
        return self._first_line(node)

    def _first_line(self, node: int) -> Span:
        if not self._starts:
            return Span(1, 1)
        return _span(self._line_starts, self.lines, self._start(node), self._ends[node])


_BRACKETS: Final = ("[", "{")
_MARKS: Final = ("&", "!", "*")
"""What an anchor, a tag and an alias begin with, and nothing else does."""
_PROPERTIES: Final = re.compile(r"(?:[&!][^\s]*[ \t]+)+")
_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters YAML allows nowhere (YAML 1.1, section 5.1), and a byte order mark that is not at the start."""
_SIGNIFICANT: Final = re.compile("#[^\n\r\x85\u2028\u2029]*|[^ \t\n\r\x85\u2028\u2029]")


def _skip_comments(text: str, position: int = 0) -> int:
    """Index of the first character that is neither blank nor in a comment, or the length of the text."""
    for match in _SIGNIFICANT.finditer(text, position):
        if match[0][0] != "#":
            return match.start()
    return len(text)


def _line_starts(text: str) -> array[int]:
    starts = array("I", (0,))
    starts.extend(match.end() for match in _BREAK.finditer(text))
    return starts


def _split(text: str) -> tuple[str, ...]:
    return tuple(_BREAK.split(text))


def _span(line_starts: array[int], lines: tuple[str, ...], start: int, end: int) -> Span:
    """Turn a stretch of characters into a span, cut at the end of its first line."""
    number = bisect_right(line_starts, start)
    column = start - line_starts[number - 1]
    length = min(end - start, len(lines[number - 1]) - column)
    return Span(number, column + 1, max(length, 1))


def quote(text: str) -> str:
    """Put a text into a message: in double quotes, at most 40 characters, nothing that a terminal would act on."""
    short = text if len(text) <= _MAX_QUOTE else text[: _MAX_QUOTE - 3] + "..."
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in short) + '"'


_MAX_QUOTE: Final = 40


_SECRET_NAMES: Final = "[-\\w]{0,40}(?:pass|secret|token|credential|private)[-\\w]{0,40}|mysql|fateboard|notebook"  # noqa: S105 - names of keys
_SECRET: Final = re.compile(
    f"((?:^|[\\s{{,\"'])(?:{_SECRET_NAMES})[\"']?\\s*:\\s+)"
    "(?!\\s|[\"']?(?:env|file|secret):)([^\\s{}\\[\\],].*)|(?<=://)([^/\\s@]{1,200}@)",
    re.IGNORECASE,
)
"""A value that stands after a key that sounds like a secret, or before the @ of a URL."""


def source_lines(data: bytes) -> tuple[str, ...]:
    """Split any bytes into the lines diagnostics count, with U+FFFD for what is not UTF-8."""
    return _split(data.decode("utf-8-sig", errors="replace"))


# ---------------------------------------------------------------------------------------------------------------------
# Plain scalars


_NULL: Final = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_TRUTH: Final = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER_LIKE: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?\Z")
_PLAIN_FLOAT: Final = re.compile(r"[-+]?[0-9]*\.[0-9]*(?:[eE][-+][0-9]+)?\Z")
"""Decimals that YAML 1.1 and 1.2 agree on: with a point, and a sign in the exponent."""
_ZERO_LED: Final = re.compile(r"[-+]?0[0-9_]+\Z")
_BASED: Final = re.compile(r"([-+]?)0(?:x([0-9a-fA-F_]+)|o([0-7_]+)|b([01_]+))\Z")
_UNDERSCORED: Final = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_ROUNDED: Final = re.compile(r"[-+]?[0-9]*\.[0-9]+0\Z")
_MAX_DIGITS: Final = 18
"""Decimal digits that always fit a signed 64-bit integer."""


@dataclass(frozen=True, slots=True)
class _Ambiguous:
    """A number that means different things to different readers: what is wrong, and what to write."""

    message: str
    hint: str


def _resolve(text: str) -> str | float | _Ambiguous | None:  # noqa: PLR0911 - one return per kind
    """Read a plain scalar. Only null, true/false, decimal integers and decimals are not text."""
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if text[0] not in _NUMBER_LIKE:
        return text
    if _INTEGER.match(text):
        if len(text.lstrip("+-")) > _MAX_DIGITS:
            return _Ambiguous(
                f"a number of {len(text.lstrip('+-'))} digits does not fit 64 bits",
                f"write at most {_MAX_DIGITS} digits, or put it in quotes if it is text",
            )
        return int(text)
    if _FLOAT.match(text) and not _ZERO_LED.match(text.partition(".")[0]):
        return _decimal(text)
    return _suspicious(text)


def _decimal(text: str) -> float | _Ambiguous:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return _Ambiguous(f"{_short(text)} is too large for a number", "put it in quotes if it is text")
    if not _PLAIN_FLOAT.match(text):
        written = repr(value) if "." in repr(value) else repr(value).replace("e", ".0e")
        return _Ambiguous(
            f"{_short(text)} is a number with an exponent to some readers of YAML and text to others",
            f'write {written} if it is a number, or "{_short(text)}" in quotes if it is text',
        )
    if _ROUNDED.match(text):
        return _Ambiguous(
            f"{_short(text)} as a number is {value!r}, which loses the last zero",
            f'write "{_short(text)}" in quotes if it is text (a version, a tag), or {value!r} if it is a number',
        )
    return value


def _suspicious(text: str) -> str | _Ambiguous:
    """Judge a plain scalar that starts like a number and is none of ours."""
    if _ZERO_LED.match(text) or (_FLOAT.match(text) and "_" not in text):
        plain = text.lstrip("+-").lstrip("0_").replace("_", "") or "0"
        plain = ("-" if text.startswith("-") else "") + ("0" + plain if plain.startswith((".", "e", "E")) else plain)
        return _Ambiguous(
            f"{_short(text)} starts with a zero, which some readers of YAML take for octal",
            f'write {_short(plain)} if it is a number, or "{_short(text)}" in quotes if it is text',
        )
    if match := _BASED.match(text):
        digits = match[2] or match[3] or match[4]
        base, name = (16, "hexadecimal") if match[2] else (8, "octal") if match[3] else (2, "binary")
        hint = f'write "{_short(text)}" in quotes if it is text'
        if digits.strip("_") and len(digits) <= _MAX_DIGITS:
            value = int(digits.replace("_", ""), base)
            hint = f"write {match[1].replace('+', '')}{value} if it is a number, or {hint.removeprefix('write ')}"
        return _Ambiguous(f"{_short(text)} is {name} to some readers of YAML and text to others", hint)
    if "_" in text and _UNDERSCORED.match(text):
        return _Ambiguous(
            f"{_short(text)} is a number with underscores to some readers of YAML and text to others",
            f'write {_short(text.replace("_", ""))} if it is a number, or "{_short(text)}" in quotes if it is text',
        )
    if _NOT_FINITE.match(text):
        return _Ambiguous(
            f"{text} is infinity or not a number, which no setting takes", f'write "{text}" in quotes if it is text'
        )
    return text


def _short(text: str) -> str:
    """Keep a quotation in a message readable, and harmless to a terminal."""
    return quote(text)[1:-1]


# ---------------------------------------------------------------------------------------------------------------------
# Reading


class _Parser(Protocol):
    """What libyaml's parser and the pure Python one have in common."""

    def get_event(self) -> Any:
        """Return the next event."""


def _parser(text: str) -> _Parser:
    loader = getattr(yaml, "CBaseLoader", None) or yaml.BaseLoader
    parser: _Parser = loader(text)
    return parser


def parse(data: bytes, document: str = FEDERATION) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Read YAML strictly.

    Returns the document and all findings. The document is None when the text could not be read to its end; otherwise
    what was found wrong is left out of `data` (of two equal keys, the second), or stands there as UNREADABLE. Nothing
    is raised, whatever the bytes are.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, (_not_utf8(data, error, document),)
    reading = _Reading(text, document)
    if not reading.refuse_early():
        try:
            reading.read()
        except yaml.MarkedYAMLError as error:
            reading.add_syntax_error(error)
        except _Stop:
            pass
        except (yaml.YAMLError, RecursionError) as error:
            reading.add(BROKEN_YAML, f"not valid YAML: {error}", 0, 0, "check the file with a YAML editor")
    return reading.result()


def _not_utf8(data: bytes, error: UnicodeDecodeError, document: str) -> Diagnostic:
    before = data[: error.start].decode("utf-8-sig", errors="replace")
    starts = _line_starts(before)
    span = Span(len(starts), len(before) - starts[-1] + 1)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Diagnostic(
            NOT_UTF8, "the file is UTF-16, not UTF-8", Place(span=span, document=document), "save the file as UTF-8"
        )
    return Diagnostic(
        NOT_UTF8,
        f"byte 0x{data[error.start]:02x} is not UTF-8",
        Place(span=span, document=document),
        "save the file as UTF-8, or retype this character",
    )


class _Stop(Exception):  # noqa: N818 - no error: it ends the loop after a finding that forbids reading on
    """Reading ends here; the finding is recorded."""


_QUOTING: Final = (AMBIGUOUS_NUMBER, UNSUPPORTED_YAML, BROKEN_YAML, ALIAS_EXPLOSION)
"""Faults whose messages quote the file."""
_REFERENCE: Final = "write a reference instead: env:NAME, file:PATH or secret:NAMESPACE/NAME#KEY"

_EXPECT_KEY: Final = object()
_DROP: Final = object()
_UNNAMED: Final = object()
_OPEN: Final = object()


class _Reading:
    """One pass over one text."""

    def __init__(self, text: str, document: str) -> None:
        """Hold what the pass collects."""
        self.text = text
        self.document = document
        self.findings: list[Diagnostic] = []
        self.root: Any = _OPEN
        self.starts = array("I")
        self.ends = array("I")
        self.children: dict[int, _Children] = {}
        self.aliases: dict[int, int] = {}
        self.complete = False
        self.open_node = -1
        self._line_starts: array[int] | None = None
        self._lines: tuple[str, ...] = ()
        self._secret_lines: dict[int, bool] = {}

    def result(self) -> tuple[Document | None, tuple[Diagnostic, ...]]:
        """Return the document, if it was read to its end, and the findings."""
        if not self.complete:
            return None, tuple(self.findings)
        self._split_lines()
        assert self._line_starts is not None  # noqa: S101 - for the type checker
        document = Document(
            self.document, self.root, self._lines, bool(self.findings), self.text, self._line_starts,
            self.starts, self.ends, self.children, self.aliases,
        )  # fmt: skip
        return document, tuple(self.findings)

    def _split_lines(self) -> None:
        if self._line_starts is None:
            self._line_starts = _line_starts(self.text)
            self._lines = _split(self.text)

    def place(self, start: int, end: int) -> Place:
        """Place a stretch of characters."""
        self._split_lines()
        assert self._line_starts is not None  # noqa: S101 - for the type checker
        span = _span(self._line_starts, self._lines, start, end)
        if span.line not in self._secret_lines:
            self._secret_lines[span.line] = _SECRET.search(self._lines[span.line - 1]) is not None
        return Place(span=span, document=self.document, secret=self._secret_lines[span.line])

    def add(self, fault: Fault, message: str, start: int, end: int, hint: str, *notes: Note) -> None:
        """Record a finding; stop after too many."""
        place = self.place(start, end)
        if place.secret and fault in _QUOTING:
            message, hint = "a secret stands here, in a form that YAML reads differently", _REFERENCE
        self.findings.append(Diagnostic(fault, message, place, hint, notes))
        if len(self.findings) >= MAX_FINDINGS:
            raise _Stop

    def refuse_early(self) -> bool:
        """Find what must not reach the parser: forbidden characters and directives."""
        if (match := _FORBIDDEN.search(self.text)) is not None:
            code = ord(match[0])
            name = "a byte order mark (U+FEFF)" if match[0] == "\ufeff" else f"the control character U+{code:04X}"
            self.add(BROKEN_YAML, f"{name} is not allowed here", match.start(), match.end(), "delete this character")
            return True
        start = _skip_comments(self.text)
        if self.text.startswith("%", start):
            self.refuse_directive(start)
            return True
        return False

    def refuse_directive(self, start: int) -> None:
        """Report a %YAML or %TAG line."""
        self.add(
            UNSUPPORTED_YAML,
            "YAML directives are not supported",
            start,
            len(self.text),
            "delete the lines that start with %",
        )

    def read(self) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat loop is what makes this fast and unrecursive
        """Turn events into data."""
        source = self.text
        next_event = _parser(source).get_event
        starts, ends, children = self.starts, self.ends, self.children
        resolved: dict[str, Any] = {}
        anchors: dict[str, tuple[int, Any, int, int]] = {}
        stack: list[tuple[Any, Any, Any, int, str | None, int, int]] = []
        data: Any = None  # the open list or mapping, None at the root
        nodes: Any = None  # its children's nodes
        key: Any = None  # in a mapping: _EXPECT_KEY, the key whose value comes next, or _DROP
        node = -1  # its own node
        anchor: str | None = None  # its own anchor
        extra = 0  # values that aliases stand for, beyond the nodes themselves
        before = 0  # `extra` when the open one began
        height = 0  # levels inside the open one so far

        while True:
            self.open_node = node
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                start = event.start_mark.index
                this = len(starts)
                starts.append(start)
                ends.append(event.end_mark.index)
                value = event.value
                if event.implicit[0]:
                    text = value
                    if event.style or source.startswith("!", start):  # `! "5"`: libyaml hides the tag and the quotes
                        self._refuse_tag(this, None)
                        text = "!"
                    try:
                        value = resolved[text]
                    except KeyError:
                        value = resolved[text] = _resolve(text)
                    if text == "!":
                        value = UNREADABLE
                    elif type(value) is _Ambiguous:
                        self.add(AMBIGUOUS_NUMBER, value.message, start, ends[this], value.hint)
                        value = UNREADABLE
                    elif text == "<<" and key is _EXPECT_KEY:
                        self._refuse_merge(this)
                        data[UNREADABLE] = value = UNREADABLE  # what it would have brought is not missing
                elif event.tag is not None:
                    self._refuse_tag(this, event.tag)
                    value = UNREADABLE
                if event.anchor is not None:
                    anchors[event.anchor] = (this, value, 1, 0)
                if key is _EXPECT_KEY:
                    kind = type(value)
                    if kind is str or kind is int:
                        if value in nodes:
                            self._refuse_duplicate(value, this, nodes[value])
                            key = _DROP
                        else:
                            nodes[value] = this
                            key = value
                    else:
                        if value is not UNREADABLE:
                            self._refuse_key(this, value)
                        key = _DROP
                    continue
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                start = event.start_mark.index
                this = len(starts)
                if len(stack) >= MAX_DEPTH:
                    self._refuse_depth(start)
                starts.append(start)
                ends.append(event.end_mark.index)
                if event.tag is not None:
                    self._refuse_tag(this, event.tag)
                if key is _EXPECT_KEY:
                    if all(frame[2] is not _UNNAMED for frame in stack):
                        self._refuse_complex_key(this)
                    key = _UNNAMED
                stack.append((data, nodes, key, node, anchor, before, height))
                node = this
                before = extra
                height = 0
                anchor = event.anchor
                if kind is yaml.MappingStartEvent:
                    value, nodes, key = {}, {}, _EXPECT_KEY
                else:
                    value, nodes, key = [], [], None
                children[this] = nodes
                if anchor is not None:
                    anchors[anchor] = (this, _OPEN, 0, 0)
                data = value
                if len(starts) + extra > MAX_VALUES:
                    self._refuse_size(extra, start)
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                value, this = data, node
                ends[this] = event.end_mark.index
                if anchor is not None and anchors[anchor][0] == this:
                    anchors[anchor] = (this, value, len(starts) - this + extra - before, height + 1)
                inside = height + 1
                data, nodes, key, node, anchor, before, height = stack.pop()
                height = max(height, inside)
                if key is _UNNAMED:
                    key = _DROP
                    continue
            elif kind is yaml.AliasEvent:
                start = event.start_mark.index
                this = len(starts)
                starts.append(start)
                ends.append(event.end_mark.index)
                target, value, size, inside = self._follow(this, anchors.get(event.anchor))
                self.aliases[this] = target
                extra += size
                height = max(height, inside)
                if len(stack) + inside > MAX_DEPTH:
                    self._refuse_depth(start)
                if len(starts) + extra > MAX_VALUES:
                    self._refuse_size(extra, start)
                if key is _EXPECT_KEY:
                    self._refuse_complex_key(this)
                    key = _DROP
                    continue
            elif kind is yaml.DocumentEndEvent:
                self._refuse_rest(event.end_mark.index)
                break
            elif kind is yaml.StreamEndEvent or event is None:
                break
            else:
                continue

            # A complete value: put it where it belongs.
            if data is None:
                self.root = value
            elif key is None:
                data.append(value)
                nodes.append(this)
            else:
                if key is not _DROP:
                    data[key] = value
                key = _EXPECT_KEY
            if len(starts) > MAX_VALUES:
                self._refuse_size(extra, starts[this])

        if self.root is _OPEN or (self.root is None and starts[0] == ends[0]):
            if not self.findings:
                self.add(
                    EMPTY_FILE,
                    "the file holds nothing but comments" if self.text.strip() else "the file is empty",
                    0,
                    0,
                    "write a federation, or let `invoke init` write a first one",
                )
            raise _Stop
        self.complete = True

    def _place(self, node: int) -> Place:
        return self.place(self.starts[node], self.ends[node])

    def _refuse(self, fault: Fault, message: str, node: int, hint: str, *notes: Note) -> None:
        self.add(fault, message, self.starts[node], self.ends[node], hint, *notes)

    def _refuse_duplicate(self, key: str | int, node: int, first: int) -> None:
        self._refuse(
            DUPLICATE_KEY,
            f"key {_short(str(key))} stands twice in the same mapping",
            node,
            "keep one of the two",
            Note("the first one is here", self._place(first)),
        )

    def _refuse_merge(self, node: int) -> None:
        self._refuse(
            UNSUPPORTED_YAML,
            "merge keys (<<) are not supported",
            node,
            "write the keys out, or put what all parties share under `defaults`",
        )

    def _refuse_tag(self, node: int, tag: str | None) -> None:
        shown = (tag or "!").replace("tag:yaml.org,2002:", "!!")
        start = self.starts[node]
        self.add(
            UNSUPPORTED_YAML,
            f"the tag {_short(shown)} is not supported",
            start,
            self.ends[node],
            "delete the tag; put a value in quotes to make it text",
        )

    def _refuse_key(self, node: int, value: object) -> None:
        text = self.text[self.starts[node] : self.ends[node]]
        kind = {type(None): "null", bool: "a truth value", float: "a decimal number"}[type(value)]
        self._refuse(
            UNSUPPORTED_YAML,
            f"a key must be text, and this one is {kind}",
            node,
            f'write "{_short(text)}" in quotes' if text else "write a name before the colon",
        )

    def _refuse_complex_key(self, node: int) -> None:
        start = self.starts[node]
        self.add(
            UNSUPPORTED_YAML,
            "a key must be plain text, not a list, a mapping or an alias",
            start,
            max(self.ends[node], start + 1),
            "write a name as the key",
        )

    def _follow(self, node: int, anchor: tuple[int, Any, int, int] | None) -> tuple[int, Any, int, int]:
        """Find what an alias stands for: its node, its value, its size, its levels."""
        name = self.text[self.starts[node] : self.ends[node]]
        if anchor is None:
            self._refuse(
                BROKEN_YAML,
                f"alias {_short(name)} has no anchor before it",
                node,
                f"define {_short(name.replace('*', '&', 1))} earlier in the file, or put text in quotes",
            )
            return node, UNREADABLE, 1, 0
        if anchor[1] is _OPEN:
            self._refuse(
                ALIAS_EXPLOSION,
                f"alias {_short(name)} contains itself",
                node,
                "write the value out instead of the alias",
                Note("its anchor is here", self._place(anchor[0])),
            )
            raise _Stop
        return anchor

    def _refuse_depth(self, start: int) -> NoReturn:
        self.add(DEEP_NESTING, _TOO_DEEP, start, start + 1, _LESS_DEEP)
        raise _Stop

    def _refuse_size(self, extra: int, start: int) -> NoReturn:
        if extra:
            self.add(
                ALIAS_EXPLOSION,
                f"the aliases up to here stand for more than {MAX_VALUES:,} values",
                start,
                start + 1,
                "write the values out instead of nesting aliases",
            )
        else:
            self.add(
                OVERSIZED_FILE,
                f"the file holds more than {MAX_VALUES:,} values",
                start,
                start + 1,
                "split the federation, or move what parties share to `defaults`",
            )
        raise _Stop

    def _refuse_rest(self, position: int) -> None:
        """Refuse whatever follows the first document, without letting the parser read it."""
        while True:
            position = _skip_comments(self.text, position)
            if not self.text.startswith("...", position):
                break
            position += 3
        if position == len(self.text):
            return
        if self.text.startswith("%", position):
            self.refuse_directive(position)
        else:
            self.add(
                UNSUPPORTED_YAML,
                "a second YAML document starts here",
                position,
                len(self.text),
                "keep one federation per file: delete what follows, or move it to a file of its own",
            )

    def add_syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        """Say in our own words what libyaml stumbled over."""
        mark = error.problem_mark or error.context_mark
        at = min(mark.index if mark is not None else 0, len(self.text))
        opened = error.context_mark.index if error.context_mark is not None else at
        fault, message, start, hint, note = self._explain(str(error.problem), at, min(opened, len(self.text)))
        notes = (Note(note[0], self.place(note[1], note[1] + 1)),) if note is not None else ()
        length = len(self.text) if message.endswith(("this line", "in this value")) else start + 1
        place = self.place(start, length)
        self.findings.append(Diagnostic(fault, message, place, hint, notes))

    def _explain(  # noqa: C901, PLR0911, PLR0912 - one return per cause
        self, problem: str, at: int, opened: int
    ) -> tuple[Fault, str, int, str, tuple[str, int] | None]:
        """Choose fault, message, index, hint and perhaps a second place for one of libyaml's problems."""
        text = self.text
        char = text[at : at + 1]
        line = text[self._line_start(at) : at]
        merge = _MERGE_MARK.search(text)
        if merge is not None:
            return (BROKEN_YAML, "the file holds an unresolved merge", merge.start(),
                    "keep what is right of both sides, and delete the markers", None)  # fmt: skip
        if "nest" in problem or "depth" in problem:
            return (DEEP_NESTING, _TOO_DEEP, at, _LESS_DEEP, None)
        if "tab character" in problem or (char == "\t" and "token" in problem):
            tab = at if char == "\t" else text.find("\t", self._line_start(at))
            return (BROKEN_YAML, "a tab where YAML wants spaces", max(tab, 0),
                    "indent with spaces, never with tabs", None)  # fmt: skip
        if "unexpected end of stream" in problem or "unexpected document" in problem:
            return (BROKEN_YAML, f"this quote ({text[opened : opened + 1]}) is never closed", opened,
                    "close the quote at the end of the value", None)  # fmt: skip
        if "cannot start any token" in problem:
            return (BROKEN_YAML, f"a value cannot start with {char}", at, "put the value in quotes", None)
        if "',' or" in problem or "node content" in problem:
            return self._explain_bracket(at, opened)
        if "expected ':'" in problem:
            return (BROKEN_YAML, "a key without a colon in this line", opened,
                    "write `key: value`, with a colon and a space", None)  # fmt: skip
        if "mapping values are not allowed" in problem:
            if len(line.strip()) > _MAX_KEY:
                return (BROKEN_YAML, f"a key of more than {_MAX_KEY:,} characters", at, "shorten the key", None)
            if _SECOND_COLON.search(line):
                return (BROKEN_YAML, 'a second ": " in this value', at, "put the value in quotes", None)
            if not line[:1].isspace() and self._line_start(at) > 0:
                return (BROKEN_YAML, "the text before this line is no `key: value`", self._line_start(at),
                        "put a colon and a space after the key in the line above", None)  # fmt: skip
            return (BROKEN_YAML, "this key is indented deeper than its siblings, or the line above lacks its colon",
                    at, "indent it like its siblings", None)  # fmt: skip
        if "sequence entries are not allowed" in problem:
            return (BROKEN_YAML, 'a list item ("- ") cannot start here', at,
                    "start the list on a line of its own, indented below its key", None)  # fmt: skip
        if "expected key" in problem or "'-' indicator" in problem or "<block end>" in problem:
            return self._explain_block(at, opened, line)
        if "escape" in problem or "hexdecimal" in problem:
            return (BROKEN_YAML, "an unknown escape after the backslash", at,
                    "use single quotes, or write the backslash twice", None)  # fmt: skip
        if "alphabetic or numeric" in problem:
            return (BROKEN_YAML, f"a value that starts with {text[opened : opened + 1]} needs quotes", opened,
                    "put the value in quotes", None)  # fmt: skip
        return (BROKEN_YAML, f"not valid YAML: {problem}", at,
                "check indentation, quotes and brackets around this place", None)  # fmt: skip

    def _explain_bracket(self, at: int, opened: int) -> tuple[Fault, str, int, str, tuple[str, int] | None]:
        text = self.text
        if text[opened : opened + 1] not in ("[", "{") and self.open_node >= 0:
            opened = self.starts[self.open_node]
        bracket = text[opened : opened + 1]
        if bracket not in ("[", "{"):
            return (BROKEN_YAML, f"{_visible(text[at : at + 1])} cannot stand here", at,
                    "put the value in quotes if it is text", None)  # fmt: skip
        closing = {"[": "]", "{": "}"}[bracket]
        if _skip_comments(text, at) == len(text):
            return (BROKEN_YAML, f"this bracket ({bracket}) is never closed", opened, f"close it with {closing}", None)
        outside = self._indentation(at)
        if outside > opened and outside - self._line_start(at) <= self._indentation(opened) - self._line_start(opened):
            return (BROKEN_YAML, f"this bracket ({bracket}) is not closed before the next line", opened,
                    f"close it with {closing}", ("this line is indented as if it were", outside))  # fmt: skip
        return (BROKEN_YAML, f"expected a comma or {closing} before {_visible(text[at : at + 1])}", at,
                f"close the bracket with {closing}, or put a comma between its values",
                (f"the bracket ({bracket}) opens here", opened))  # fmt: skip

    def _explain_block(self, at: int, opened: int, line: str) -> tuple[Fault, str, int, str, tuple[str, int] | None]:
        text = self.text
        kind = "list" if text.startswith("-", opened) else "mapping"
        note = (f"the {kind} starts here", opened)
        if text[at : at + 1] in ("]", "}"):
            return (BROKEN_YAML, f"this bracket ({text[at]}) was never opened", at, "delete it", None)
        if line.strip():
            return (BROKEN_YAML, "text after the end of a value", at,
                    "put the whole value in quotes, or start a new line", None)  # fmt: skip
        if len(line) == opened - self._line_start(opened):
            expected = '"- "' if kind == "list" else "`key: value`"
            return (BROKEN_YAML, f"expected {expected} here", at,
                    f"indent it below its key, or write it as part of the {kind} above", note)  # fmt: skip
        return (BROKEN_YAML, "the indentation of this line fits no line above", at,
                "indent it exactly like its siblings, with spaces", note)  # fmt: skip

    def _indentation(self, index: int) -> int:
        """Index of the first character of a line that is no space."""
        start = self._line_start(index)
        while self.text.startswith(" ", start):
            start += 1
        return start

    def _line_start(self, index: int) -> int:
        """Index of the first character of a line."""
        self._split_lines()
        assert self._line_starts is not None  # noqa: S101 - for the type checker
        return self._line_starts[bisect_right(self._line_starts, index) - 1]


_MAX_KEY: Final = 1024
"""Longest key on one line (YAML 1.1, section 9.1.2)."""
_TOO_DEEP: Final = f"lists and mappings are nested more than {MAX_DEPTH} levels deep"
_LESS_DEEP: Final = f"write it with at most {MAX_DEPTH} levels; look for brackets that are never closed"
_MERGE_MARK: Final = re.compile(r"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE)
_SECOND_COLON: Final = re.compile(r":[ \t]+\S")


def _visible(char: str) -> str:
    """Name a character in a message."""
    return char if char.isprintable() and char.strip() else "the end of the line"
