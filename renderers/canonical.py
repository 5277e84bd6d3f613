"""The one writer of YAML: data in, the same bytes out, with comments where they help the reader.

Strings that any YAML reader (1.1 or 1.2, Go's or Python's) could take for something else are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

KeyPath = tuple[str | int, ...]

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+=-]*(?::[A-Za-z0-9_./@+=-]+)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_UNPRINTABLE: Final = re.compile(
    r"[\x7f-\xa0\xad\u0600-\u0605\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e0fff]"
)
_SIZE: Final = re.compile(r"\d+(?:Ki|Mi|Gi|Ti|m|M)")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are YAML already, at the indentation they need below their key.

    For lists too long to be built as data.
    """

    text: str


def scalar(value: object) -> str:
    """One scalar as YAML, quoted where a reader might take it for another type."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return _float(value)
    return str(value) if isinstance(value, int) else _text(str(value))


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if _ADDRESS.fullmatch(text) or _SIZE.fullmatch(text):
        return text
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _float(value: float) -> str:
    """A float with a point, which YAML 1.1 asks for: `1.0e+16`, not Python's `1e+16`."""
    text = repr(value)
    if text.lstrip("-") in {"inf", "nan"}:
        return text.replace("inf", ".inf").replace("nan", ".nan")
    return text if "." in text else text.replace("e", ".0e")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004


def block(data: Mapping[Any, Any], comments: Mapping[KeyPath, str] | None = None, *, literal: bool = False) -> str:
    """A mapping as block YAML; `comments` maps key paths to text written above the key.

    With `literal`, texts of several lines stand line by line (`|`) where that gives them back the same.
    """
    writer = _Writer(comments or {}, literal=literal)
    writer.mapping(data, "", ())
    return "".join(writer.lines)


class _Writer:
    """The lines of one document. Paths are kept only where there are comments, which are looked up by them."""

    __slots__ = ("_comments", "_literal", "lines")

    def __init__(self, comments: Mapping[KeyPath, str], *, literal: bool) -> None:
        self.lines: list[str] = []
        self._comments = comments
        self._literal = literal

    def mapping(self, data: Mapping[Any, Any], indent: str, path: KeyPath) -> None:
        """The keys of a mapping, one below the other."""
        lines, comments, literal = self.lines, self._comments, self._literal
        here = path
        for key, value in data.items():
            if comments:
                here = (*path, key)
                if here in comments:
                    lines.extend(f"{indent}# {line}\n" if line else "\n" for line in comments[here].split("\n"))
            head = f"{indent}{_text(key) if type(key) is str else scalar(key)}:"
            if type(value) is str and not (literal and "\n" in value):  # most are
                lines.append(f"{head} {_text(value)}\n")
            else:
                self._value(head, value, indent, here)

    def _value(self, head: str, value: Any, indent: str, path: KeyPath) -> None:
        """What stands behind a key or a dash, which is `head`, and below it."""
        kind = type(value)
        if kind is str:
            written = _literal_text(value, f"{indent}  ") if self._literal and "\n" in value else ""
            self.lines.append(f"{head} {written or _text(value)}\n")
        elif kind is dict or isinstance(value, Mapping):
            self.lines.append(f"{head}\n" if value else f"{head} {{}}\n")
            self.mapping(value, f"{indent}  ", path)
        elif isinstance(value, Block):
            self.lines.append(f"{head}\n{value.text}" if value.text else f"{head} []\n")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            self.lines.append(f"{head}\n" if value else f"{head} []\n")
            self._sequence(value, f"{indent}  ", path)
        else:
            self.lines.append(f"{head} {scalar(value)}\n")

    def _sequence(self, items: Sequence[object], indent: str, path: KeyPath) -> None:
        inner = f"{indent}  "
        for index, item in enumerate(items):
            here = (*path, index)
            if item and (type(item) is dict or isinstance(item, Mapping)):
                first = len(self.lines)
                self.mapping(item, inner, here)
                self.lines[first] = f"{indent}- {self.lines[first][len(inner) :]}"
            else:
                self._value(f"{indent}-", item, indent, here)


def _literal_text(text: str, indent: str) -> str:
    """A text of several lines as a literal block without its end; empty where YAML would not give it back the same."""
    lines = text.removesuffix("\n").split("\n")
    if lines[0][:1] in {" ", "\t", ""} or not lines[-1] or not "".join(lines).replace("\t", "").isprintable():
        return ""
    style = "|" if text.endswith("\n") else "|-"
    return "\n".join([style, *(f"{indent}{line}" if line else "" for line in lines)])
