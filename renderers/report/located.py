"""From key paths to lines: the edge of the program where a finding gets its file, line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from planner.diagnostics import Span
from planner.edits import patches
from planner.source import Document
from renderers.report.excerpt import MASK, Excerpt, Mask, excerpt, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.diagnostics import Diagnostic, Note, Place

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_COLON = re.compile(r"\s*:(?:\s+|\Z)")
_INLINE_SECRET = re.compile(
    r"""(?:(?:pass|(?<!tls)secret|token|credential|private)[-\w]{0,40}|\b(?:mysql|fateboard|notebook))"""
    r"""(?:["']\s*:\s*|\s*:\s+|=)(?=[^\s{\[])(?!["']?(?:env|file|secret):)""",
    re.IGNORECASE,
)
"""Up to the value of a key or variable that may hold a secret, unless it is a mapping, a list or a reference."""
_USER_INFO = re.compile(r"(?:https?://|://[^/\s@:]*:)([^/\s@]+)@")
"""Who logs in, and with which password, in a URL."""


class LocatableDocument(Protocol):
    """A text in which places can be found."""

    @property
    def lines(self) -> Sequence[str]:
        """The lines of the text; a line break at their end does no harm."""

    def span(self, place: Place) -> Span:
        """Where the place is. Never raises: what cannot be found is where its nearest parent is."""


@dataclass(frozen=True, slots=True)
class LinesDocument:
    """A text in which findings name their line themselves: federation.lock, a rendered file."""

    lines: tuple[str, ...]

    @classmethod
    def from_text(cls, text: str) -> LinesDocument:
        """Split a text at LF, CRLF or CR."""
        return cls(tuple(_LINE_BREAK.split(text)))

    def span(self, place: Place) -> Span:
        """Give the span the place brings along, otherwise the start of the text."""
        return place.span or Span(1, 1)


@dataclass(frozen=True, slots=True)
class LocatedNote:
    """A note with its file and span; both are None for a remark without a place."""

    message: str
    file: str | None
    span: Span | None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A stretch of a text, from one line and column to another (both from 1, the end excluded), and its new text."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True, slots=True)
class Located:
    """A finding with the file's name as the user gave it, where in it, and the line to show.

    `span` is None where the document was not at hand, `excerpt` also where the line does not exist.
    The excerpt never shows a secret. `replacements` are the edits of its fix, made in the text.
    """

    diagnostic: Diagnostic
    file: str
    span: Span | None
    excerpt: Excerpt | None
    notes: tuple[LocatedNote, ...] = ()
    replacements: tuple[Replacement, ...] = ()


def locate(
    diagnostics: Iterable[Diagnostic],
    documents: Mapping[str, LocatableDocument],
    names: Mapping[str, str],
) -> tuple[Located, ...]:
    """Find each diagnostic and its notes; sorted by file, line, column, code and message.

    `documents` and `names` are keyed by `Place.document`. A document without a name is called by its key.
    A span past the end of its document becomes the end of the document.
    """
    found = tuple(diagnostics)
    locator = _Locator(documents, names, found)
    return tuple(sorted(map(locator.located, found), key=_order))


def safe_lines(document: LocatableDocument, name: str, diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """The lines of the document called `name` as a terminal may show them: whole, and without secrets."""
    locator = _Locator({name: document}, {}, diagnostics)
    return tuple(locator.safe_line(name, number) for number in range(1, len(document.lines) + 1))


def _order(located: Located) -> tuple[str, int, int, str, str]:
    span = located.span or Span(0, 0)
    diagnostic = located.diagnostic
    return (located.file, span.line, span.column, diagnostic.fault.code, diagnostic.message)


class _Locator:
    """Finds places, and knows what must not be shown of each line.

    No finding shows a secret that another one is about, so the masks of all findings are there before any excerpt.
    """

    def __init__(
        self,
        documents: Mapping[str, LocatableDocument],
        names: Mapping[str, str],
        diagnostics: Iterable[Diagnostic],
    ) -> None:
        self._documents = documents
        self._names = names
        self._masks: dict[tuple[str, int], Mask] = {}
        self._likely: dict[tuple[str, int], Mask | None] = {}
        for diagnostic in diagnostics:
            self._hide(diagnostic.place)
            for note in diagnostic.notes:
                self._hide(note.place)

    def located(self, diagnostic: Diagnostic) -> Located:
        """Locate a finding and its notes."""
        place = diagnostic.place
        span = self._span(place)
        notes = tuple(self._note(note) for note in diagnostic.notes)
        excerpt = self._excerpt(place.document, span)
        return Located(diagnostic, self._name(place), span, excerpt, notes, self._replacements(diagnostic))

    def safe_line(self, document: str, number: int) -> str:
        """A line (from 1) as a terminal may show it, whole, with its secrets hidden."""
        line = self._line(document, number)
        mask = _union(self._masks.get((document, number)), _likely_secret(line))
        return visible(line if mask is None else line[: mask.start] + MASK + line[mask.end :])

    def _replacements(self, diagnostic: Diagnostic) -> tuple[Replacement, ...]:
        document = self._documents.get(diagnostic.place.document)
        if not diagnostic.fix or not isinstance(document, Document):
            return ()
        made = patches(document, diagnostic.fix) or ()
        return tuple(
            Replacement(document.position(each.start), document.position(each.end), each.text) for each in made
        )

    def _note(self, note: Note) -> LocatedNote:
        if note.place is None:
            return LocatedNote(note.message, None, None)
        return LocatedNote(note.message, self._name(note.place), self._span(note.place))

    def _name(self, place: Place) -> str:
        return self._names.get(place.document, place.document)

    def _span(self, place: Place) -> Span | None:
        document = self._documents.get(place.document)
        if document is None:
            return place.span
        span = document.span(place)
        last = max(len(document.lines), 1)
        if span.line <= last:
            return Span(max(span.line, 1), max(span.column, 1), max(span.length, 1))
        return Span(last, len(self._line(place.document, last)) + 1)

    def _line(self, document: str, number: int) -> str:
        lines = self._documents[document].lines
        return lines[number - 1].rstrip("\r\n") if number <= len(lines) else ""

    def _excerpt(self, document: str, span: Span | None) -> Excerpt | None:
        if span is None or document not in self._documents or not self._documents[document].lines:
            return None
        line = self._line(document, span.line)
        key = (document, span.line)
        if key not in self._likely:
            self._likely[key] = _likely_secret(line)
        return excerpt(line, span, _union(self._masks.get(key), self._likely[key]))

    def _hide(self, place: Place | None) -> None:
        """Remember what a secret place hides."""
        if place is None or not place.secret or place.document not in self._documents:
            return
        span = self._span(place)
        if span is not None:
            key = (place.document, span.line)
            mask = _secret(self._line(*key), span, on_key=place.on_key)
            self._masks[key] = _union(self._masks.get(key), mask) or mask


def _secret(line: str, span: Span, *, on_key: bool) -> Mask:
    """Hide everything after the start of a value: where the value ends is not always known for certain."""
    start = min(span.column - 1, len(line))
    end = min(start + span.length, len(line))
    colon = _COLON.match(line, end)
    if on_key or colon is not None:
        return Mask(colon.end() if colon else end, len(line))
    return Mask(start, len(line))


def _likely_secret(line: str) -> Mask | None:
    """Hide what looks like a secret on a line that nobody could parse, or that a finding about something else shows."""
    users = [Mask(*user.span(1)) for user in _USER_INFO.finditer(line)]
    mask = _union(users[0], users[-1]) if users else None
    inline = _INLINE_SECRET.search(line)
    return _union(mask, Mask(inline.end(), len(line)) if inline else None)


def _union(one: Mask | None, other: Mask | None) -> Mask | None:
    """Give the stretch that covers both."""
    if one is None or other is None:
        return one or other
    return Mask(min(one.start, other.start), max(one.end, other.end))
