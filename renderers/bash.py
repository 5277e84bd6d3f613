"""Bash files that hold nothing but settings, read as data: `NAME=value`, `NAME=(values)` and comments.

KubeFATE's kube.cfg, parties.conf and .env are such files; its scripts source them. Nothing of them is run here: what
needs a shell to be understood is refused, with the place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NoReturn

from planner.diagnostics import Span

_MOST_MISREAD: Final = 20
_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT: Final = re.compile(r"#[^\n]*")
_BLANK_IN_LIST: Final = re.compile(r"(?:[ \t\n]|\\\n|#[^\n]*)+")
_NAME: Final = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=")
_CHANGE: Final = re.compile(r"(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]\n]*\]\+?=|\+=)")
_COMMAND_WORD: Final = re.compile(r"\S{1,80}")
_PLAIN: Final = re.compile(r"[^\s'\"\\$`(){}|&;<>*?\[\]~#!\x00-\x1f\x7f]+")
_IN_DOUBLE_QUOTES: Final = re.compile(r"[^\"\\$`]+")
_ESCAPED_IN_DOUBLE_QUOTES: Final = frozenset('$`"\\')
_NEEDS_A_SHELL: Final = "this needs a shell to be understood; write the value itself"
_CARRIAGE_RETURN: Final = "a carriage return ends the line, and Bash takes it for a part of the value"
_NOT_CLOSED: Final = "this quote is not closed"


@dataclass(frozen=True, slots=True)
class Value:
    """One word as Bash would see it, quotes removed, and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment: a word, or a list in parentheses."""

    name: str
    values: tuple[Value, ...]
    is_list: bool
    span: Span

    @property
    def text(self) -> str:
        """What `$name` gives: the word, or the first of a list; empty where there is none."""
        return self.values[0].text if self.values else ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The assignments of a file by name. Of several with one name the last counts, as in Bash; `lost` holds others."""

    by_name: Mapping[str, Setting]
    lost: tuple[Setting, ...] = ()

    def text(self, name: str) -> str:
        """The value of a setting; empty where it is not set."""
        setting = self.by_name.get(name)
        return "" if setting is None else setting.text

    def values(self, name: str) -> tuple[Value, ...]:
        """The items of a list; a word is a list of one, as in Bash."""
        setting = self.by_name.get(name)
        return () if setting is None else setting.values


@dataclass(frozen=True, slots=True)
class Misread:
    """Something that cannot be read as data, or that the script takes for something else; one clause."""

    message: str
    span: Span


def parse(text: str) -> Settings | tuple[Misread, ...]:
    """The assignments of a Bash file that holds nothing else; what else it holds, where it does.

    Line breaks of Windows, which stand on every line, are told once.
    """
    found = _Parser(text.replace("\r\n", "\n")).settings()
    at = text.find("\r\n")
    if at < 0:
        return found
    span = Span(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return (Misread(_CARRIAGE_RETURN, span), *(found if isinstance(found, tuple) else ()))


class _Parser:
    """Reads assignments one after the other; one with a fault is left out and the next one read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._line = 0
        self._in_list = False

    def settings(self) -> Settings | tuple[Misread, ...]:
        """Everything that is assigned, or all faults."""
        found: dict[str, Setting] = {}
        lost: list[Setting] = []
        faults: list[Misread] = []
        while self._skip_blank() and len(faults) < _MOST_MISREAD:
            self._in_list = False
            try:
                setting = self._assignment()
            except _Refused as refused:
                faults.append(refused.misread)
                self._skip_statement()
                continue
            self._skip_semicolon()
            if setting.name in found:
                lost.append(found[setting.name])
            found[setting.name] = setting
        return tuple(faults) if faults else Settings(MappingProxyType(found), tuple(lost))

    def _skip_blank(self) -> bool:
        """Move to the next statement; False at the end."""
        while self._at < len(self._text):
            character = self._text[self._at]
            match = (_COMMENT if character == "#" else _BLANK).match(self._text, self._at)
            if match is not None:
                self._at = match.end()
            elif character == "\n":
                self._at += 1
            else:
                return True
        return False

    def _skip_semicolon(self) -> None:
        """Move behind the one semicolon that may end a statement."""
        blank = _BLANK.match(self._text, self._at)
        self._at = self._at if blank is None else blank.end()
        if self._text.startswith(";", self._at):
            self._at += 1

    def _skip_statement(self) -> None:
        """Move behind a statement with a fault: its line, or its list."""
        end = self._text.find(")" if self._in_list else "\n", self._at)
        self._at = len(self._text) if end < 0 else end + 1

    def _assignment(self) -> Setting:
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._refuse_statement()
        self._at = match.end()
        span = self._span(match.start(1), match.end(1))
        if self._text.startswith("(", self._at):
            return Setting(match[1], self._list(), is_list=True, span=span)
        value = self._word()
        return Setting(match[1], (value,) if value.text else (), is_list=False, span=span)

    def _refuse_statement(self) -> NoReturn:
        word = _COMMAND_WORD.match(self._text, self._at)
        length = 1 if word is None else len(word[0])
        if _CHANGE.match(self._text, self._at):
            self._refuse("this changes a setting made elsewhere; write the whole setting in one place", length)
        self._refuse_character(self._text[self._at])
        self._refuse("this is a command; only NAME=value and NAME=(values) are read", length)

    def _list(self) -> tuple[Value, ...]:
        opened = self._at
        self._at += 1
        self._in_list = True
        values: list[Value] = []
        while True:
            blank = _BLANK_IN_LIST.match(self._text, self._at)
            self._at = self._at if blank is None else blank.end()
            if self._at >= len(self._text):
                self._at = opened
                self._refuse("this list is not closed: a ) is missing")
            if self._text[self._at] == ")":
                break
            values.append(self._word())
        self._at += 1
        self._in_list = False
        if self._at < len(self._text) and self._text[self._at] not in " \t\n;\\":
            self._refuse_character(self._text[self._at])
            self._refuse("something stands directly behind the list")
        return tuple(values)

    def _word(self) -> Value:
        """One word, quotes and escapes resolved; empty where none stands here."""
        text, start = self._text, self._at
        parts: list[str] = []
        while self._at < len(text):
            character = text[self._at]
            plain = _PLAIN.match(text, self._at)
            if plain is not None:
                parts.append(plain[0])
                self._at = plain.end()
            elif character in (" \t\n)" if self._in_list else " \t\n;"):
                break
            elif character == "'":
                parts.append(self._single_quoted())
            elif character == '"':
                parts.append(self._double_quoted())
            elif character == "\\":
                parts.append(text[self._at + 1 : self._at + 2].replace("\n", ""))
                self._at += 2
            else:
                self._refuse_character(character)
                parts.append(character)
                self._at += 1
        return Value("".join(parts), self._span(start, self._at))

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._refuse(_NOT_CLOSED)
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return inner

    def _double_quoted(self) -> str:
        text, opened = self._text, self._at
        self._at += 1
        parts: list[str] = []
        while self._at < len(text):
            character = text[self._at]
            plain = _IN_DOUBLE_QUOTES.match(text, self._at)
            if plain is not None:
                parts.append(plain[0])
                self._at = plain.end()
            elif character == '"':
                self._at += 1
                return "".join(parts)
            elif character == "\\":
                following = text[self._at + 1 : self._at + 2]
                if following != "\n":
                    parts.append(following if following in _ESCAPED_IN_DOUBLE_QUOTES else f"\\{following}")
                self._at += 2
            else:
                self._refuse(_NEEDS_A_SHELL)
        self._at = opened
        return self._refuse(_NOT_CLOSED)

    def _refuse_character(self, character: str) -> None:
        """Refuse the character at this place if it means something to a shell."""
        if character == "\r":
            self._refuse(_CARRIAGE_RETURN)
        if character in "$`":
            self._refuse(_NEEDS_A_SHELL)
        if (character in "*?[{" and self._in_list) or (character == "~" and self._text[self._at - 1] in " \t\n(=:"):
            self._refuse(f"Bash may put something else in the place of {character}; quote the value")
        if character in "()|&<>;":
            self._refuse(f"{character} has no place in a value; quote the value")
        if not character.isprintable():
            self._refuse("a character that cannot be seen has no place in a value")

    def _refuse(self, message: str, length: int = 1) -> NoReturn:
        raise _Refused(Misread(message, self._span(self._at, self._at + length)))

    def _span(self, start: int, end: int) -> Span:
        """Where a stretch stands, as far as it is on one line. Positions come mostly in order."""
        while self._starts[self._line] > start:
            self._line -= 1
        while self._line + 1 < len(self._starts) and self._starts[self._line + 1] <= start:
            self._line += 1
        is_last = self._line + 1 == len(self._starts)
        line_end = len(self._text) if is_last else self._starts[self._line + 1] - 1
        return Span(self._line + 1, start - self._starts[self._line] + 1, max(1, min(end, line_end) - start))


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """A statement that is no data."""

    def __init__(self, misread: Misread) -> None:
        super().__init__(misread.message)
        self.misread = misread
