"""A line of the user's file as a terminal may show it: safe, cut to size, with the caret in the right column."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.diagnostics import Span

COLUMNS = 100
"""Columns of the widest excerpt, the marks of a cut included."""
MASK = "***"
"""What stands in the place of a secret."""

_BEFORE = 60
"""Columns kept before the caret where a line has to be cut."""
_TAB = 4
_CUT = "…"


class Mask(NamedTuple):
    """Characters `start` to `end` (0-based, end excluded) of a line that must not be shown."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line as shown. `offset` and `width` count terminal columns: those before the caret and those under it."""

    text: str
    offset: int
    width: int


class _Cell(NamedTuple):
    text: str
    width: int

    @property
    def cost(self) -> int:
        """Columns to reckon with when cutting: even what has no width must not pile up without end."""
        return max(self.width, 1)


def visible(text: str) -> str:
    r"""Put the text on one line, with everything that could hide or act on a terminal written as an escape.

    That is every control and format character (bidirectional overrides, zero-width characters), every
    space but the plain one, unassigned and private characters and lone surrogates: `\x1b`, `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible_character, text))


def excerpt(line: str, span: Span, mask: Mask | None = None) -> Excerpt:
    """Show `line` (without its line break) with a caret under `span`; what `mask` covers reads `***`."""
    start = min(span.column - 1, len(line))
    end = min(start + span.length, len(line))
    if mask is not None:
        line, start, end = _masked(line, start, end, mask)
    if len(line) <= COLUMNS and line.isascii() and line.isprintable():
        return Excerpt(line, start, max(end - start, 1))
    # No character costs less than one column, so what is further away than this can never be shown.
    low, high = max(0, start - COLUMNS), min(len(line), start + COLUMNS)
    cells = _cells(line[low:high])
    start -= low
    end = min(end - low, len(cells))
    left, right = _window(cells, start, is_whole=low == 0 and high == len(line))
    head = _CUT if low + left > 0 else ""
    tail = _CUT if low + right < len(line) else ""
    shown = "".join(cell.text for cell in cells[left:right])
    offset = len(head) + sum(cell.width for cell in cells[left:start])
    width = sum(cell.width for cell in cells[start : min(end, right)])
    return Excerpt(f"{head}{shown}{tail}", offset, max(width, 1))


def _masked(line: str, start: int, end: int, mask: Mask) -> tuple[str, int, int]:
    """Give the line with the mask in place, and where the caret is then."""
    grown = len(MASK) - (mask.end - mask.start)

    def moved(position: int, inside: int) -> int:
        if position <= mask.start:
            return position
        return position + grown if position >= mask.end else inside

    shown = line[: mask.start] + MASK + line[mask.end :]
    return shown, moved(start, mask.start), moved(end, mask.start + len(MASK))


def _window(cells: Sequence[_Cell], caret: int, *, is_whole: bool) -> tuple[int, int]:
    """Choose the cells that fit: some before the caret, then as many after it as there are, then more before it."""
    if is_whole and sum(cell.cost for cell in cells) <= COLUMNS:
        return 0, len(cells)
    budget = COLUMNS - 2 * len(_CUT)
    left = right = caret
    used = 0
    while left > 0 and used + cells[left - 1].cost <= _BEFORE:
        left -= 1
        used += cells[left].cost
    while right < len(cells) and used + cells[right].cost <= budget:
        used += cells[right].cost
        right += 1
    while left > 0 and used + cells[left - 1].cost <= budget:
        left -= 1
        used += cells[left].cost
    return left, right


def _cells(text: str) -> list[_Cell]:
    cells = []
    column = 0
    for character in text:
        if character == "\t":
            width = _TAB - column % _TAB
            cell = _Cell(" " * width, width)
        elif character.isprintable():
            cell = _Cell(character, _width(character))
        else:
            escape = _visible_character(character)
            cell = _Cell(escape, len(escape))
        cells.append(cell)
        column += cell.width
    return cells


def _width(character: str) -> int:
    """Give the columns a printable character takes (Unicode Standard Annex 11; combining marks take none)."""
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _visible_character(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
