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
    """Text that is already YAML: lines at the indentation they need, and what follows the key on its own line.

    For lists too long to be built as data, and with `style` `|` for texts of several lines.
    """

    text: str
    style: str = ""


def scalar(value: object) -> str:
    """One scalar as YAML, quoted where a reader might take it for another type."""
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(value)
    return _text(str(value))


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


def block(data: Mapping[Any, Any], comments: Mapping[KeyPath, str] | None = None) -> str:
    """A mapping as block YAML; `comments` maps key paths to text written above the key."""
    lines: list[str] = []
    _mapping(data, "", (), comments or {}, lines)
    return "".join(lines)


def _mapping(
    data: Mapping[Any, Any], indent: str, path: KeyPath, comments: Mapping[KeyPath, str], lines: list[str]
) -> None:
    for key, value in data.items():
        here = (*path, key)
        if here in comments:
            lines.extend(f"{indent}# {line}\n" if line else "\n" for line in comments[here].split("\n"))
        _value(f"{indent}{scalar(key)}:", value, indent, here, comments, lines)


def _value(
    head: str, value: object, indent: str, path: KeyPath, comments: Mapping[KeyPath, str], lines: list[str]
) -> None:
    kind = type(value)
    if kind is str or kind is int or kind is bool:
        lines.append(f"{head} {scalar(value)}\n")
    elif isinstance(value, Block):
        style = f" {value.style}" if value.style else ""
        lines.append(f"{head}{style}\n{value.text}" if value.text else f"{head} []\n")
    elif isinstance(value, Mapping):
        if value:
            lines.append(f"{head}\n")
            _mapping(value, f"{indent}  ", path, comments, lines)
        else:
            lines.append(f"{head} {{}}\n")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if value:
            lines.append(f"{head}\n")
            _sequence(value, f"{indent}  ", path, comments, lines)
        else:
            lines.append(f"{head} []\n")
    else:
        lines.append(f"{head} {scalar(value)}\n")


def _sequence(
    items: Sequence[object], indent: str, path: KeyPath, comments: Mapping[KeyPath, str], lines: list[str]
) -> None:
    for index, item in enumerate(items):
        here = (*path, index)
        if isinstance(item, Mapping) and item:
            inner: list[str] = []
            _mapping(item, f"{indent}  ", here, comments, inner)
            text = "".join(inner)
            lines.append(f"{indent}- {text[len(indent) + 2 :]}")
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            lines.append(f"{indent}-\n")
            _sequence(item, f"{indent}  ", here, comments, lines)
        else:
            _value(f"{indent}-", item, indent, here, comments, lines)
