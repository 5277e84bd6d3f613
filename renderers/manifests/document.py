"""The text of a manifest: its documents, and the place of a key in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final

import yaml

from planner.diagnostics import KeyPath, Span
from renderers.sound_yaml import SoundLoader

_SEPARATOR: Final = "\n---\n"
_HEAD: Final = re.compile(r"(?:(?:#[^\n]*)?\n)*")
_KEY: Final = re.compile(r"([A-Za-z0-9_./-]+|\"[^\"\\\n]*\"):(?: (\S[^\n]*))?(?:\n|\Z)")
_MARKS: Final = ("---", "...", "%")
_WORD: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_/-]*(?:[.:@=+][A-Za-z0-9_/-]+)*")
_RESERVED: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}")
_QUOTED: Final = re.compile(r"\"[^\"\\]*\"")
_SHORT: Final = 4000
"""Characters of a part that is worth keeping."""


class _NotPlainError(Exception):
    """The text is not the plain block YAML that the quick reader knows."""


def documents(text: str) -> tuple[Any, ...]:
    """The documents of a file, but for empty ones. Raises YAMLError, ValueError or RecursionError for other text.

    Those of a thousand sites have most of their parts in common, so equal parts are read once; read them only. What
    is not plain block YAML is read as a whole.
    """
    if not _is_plain(text):
        return _documents_slowly(text)
    try:
        found = [_document(part) for part in text.split(_SEPARATOR)]
    except (_NotPlainError, yaml.YAMLError):
        return _documents_slowly(text)
    return tuple(each for each in found if each is not None)


def _is_plain(text: str) -> bool:
    """Whether a text has nothing that the quick reader does not know, as far as that is told by single characters."""
    if not text.endswith("\n"):  # the last line of a literal text would get an end that it does not have
        return False
    if not text.isascii() or not text.replace("\n", "").isprintable() or text.startswith(_MARKS):
        return False
    return text.count("\n---") == text.count("\n---\n") and "\n..." not in text and "\n%" not in text


def _documents_slowly(text: str) -> tuple[Any, ...]:
    return tuple(each for each in yaml.load_all(text, Loader=SoundLoader) if each is not None)


def load(text: str) -> Any:
    """The data of a text that is one document, or None of an empty one. Raises what `documents` raises."""
    found = documents(text)
    if len(found) > 1:
        msg = "it is more than one document"
        raise ValueError(msg)
    return found[0] if found else None


def _document(text: str) -> Any:
    head = _HEAD.match(text)
    body = text[head.end() if head else 0 :].rstrip("\n")
    return _block(body, 0) if body else None


@cache
def _starts(indent: int) -> re.Pattern[str]:
    """The ends of lines with the indentation of the next, where that is exactly this."""
    return re.compile("\n" + " " * indent + r"(?![ \n])")


def _block(text: str, indent: int) -> Any:
    """A mapping or a list, whose keys or dashes are `indent` columns in, but for the first, which begins the text."""
    parts = _starts(indent).split(text)
    if text.startswith(("- ", "-\n")):
        return [(_kept_item if len(part) < _SHORT else _item)(part, indent) for part in parts]
    result = {}
    for part in parts:
        key, value = (_kept_entry if len(part) < _SHORT else _entry)(part, indent)
        result[key] = value
    if len(result) < len(parts):
        raise _NotPlainError
    return result


def _entry(text: str, indent: int) -> tuple[Any, Any]:
    """A key and its value."""
    match = _KEY.match(text)
    if match is None:
        raise _NotPlainError
    return _scalar(match[1]), _value(match[2], text[match.end() :], indent)


def _item(text: str, indent: int) -> Any:
    """An item of a list."""
    if text.startswith("-\n"):
        return _value(None, text[2:], indent)
    if not text.startswith("- "):
        raise _NotPlainError
    if _KEY.match(text, 2) is not None:
        return _block(text[2:], indent + 2)
    line, _, rest = text[2:].partition("\n")
    return _value(line, rest, indent)


_kept_entry = lru_cache(maxsize=8192)(_entry)
_kept_item = lru_cache(maxsize=8192)(_item)


def _value(written: str | None, rest: str, indent: int) -> Any:
    """What stands behind a key or a dash, and on the lines below."""
    if written == "|":
        return _literal(rest, indent)
    inner = rest.lstrip(" ")
    if written is not None:
        if inner.strip("\n"):
            raise _NotPlainError
        return _scalar(written)
    if not inner.strip("\n"):
        return None
    below = len(rest) - len(inner)
    if below <= indent:
        raise _NotPlainError
    return _block(inner, below)


def _literal(text: str, indent: int) -> str:
    """A text of several lines."""
    below = len(text) - len(text.lstrip(" "))
    if below <= indent or text[below : below + 1] in {"", "\n"}:
        raise _NotPlainError
    lines = text.split("\n")
    if any(line[:below].strip(" ") for line in lines):
        raise _NotPlainError
    return "\n".join([line[below:] for line in lines]).rstrip("\n") + "\n"


@lru_cache(maxsize=16384)
def _scalar(written: str) -> Any:
    """A value that ends with its line."""
    if _WORD.fullmatch(written) and written.lower() not in _RESERVED:
        return written
    if _NUMBER.fullmatch(written):
        return int(written)
    if _QUOTED.fullmatch(written):
        return written[1:-1]
    if not written or (written[0] in "|>&*!%@`?-" and not written[1:2].isdigit()):
        raise _NotPlainError
    return yaml.load(f"key: {written}\n", Loader=SoundLoader)["key"]  # noqa: S506 - SoundLoader is a safe one


def locate(text: str, path: KeyPath) -> Span:
    """The line and column of a key in a file, or of the deepest part of its path that exists.

    The path starts with the object, as `Kind/name`. Below a text of several lines, the rest of the path is looked for
    in its lines.
    """
    if not path:
        return Span(1, 1)
    for node in _nodes(text):
        if _title(node) == path[0]:
            return _inside(text, node, path[1:])
    return Span(1, 1)


def _nodes(text: str) -> Iterator[yaml.Node]:
    try:
        yield from (node for node in yaml.compose_all(text, Loader=SoundLoader) if node is not None)
    except yaml.YAMLError:
        return


def _title(node: yaml.Node) -> str:
    kind, metadata = _child(node, "kind"), _child(node, "metadata")
    name = _child(metadata[1], "name") if metadata else None
    return f"{kind[1].value}/{name[1].value}" if kind and name else ""


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """What stands for a step below a node, and its value."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if str(pair[0].value) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _inside(text: str, node: yaml.Node, path: KeyPath) -> Span:
    mark = node.start_mark
    for depth, step in enumerate(path):
        found = _child(node, step)
        if found is None:
            if isinstance(node, yaml.ScalarNode) and node.style == "|":
                return _in_lines(text, node, path[depth:])
            break
        mark, node = found[0].start_mark, found[1]
    return Span(mark.line + 1, mark.column + 1)


def _in_lines(text: str, node: yaml.Node, path: KeyPath) -> Span:
    """The line of a literal text that the steps lead to, each looked for below the one before."""
    lines = text.splitlines()[: node.end_mark.line]
    number = node.start_mark.line
    for step in path:
        words = (f"{step}:", f"{step}=", f'"{step}"', f"- fqdn: {step}")
        below = range(number + 1, len(lines))
        found = next((each for each in below if lines[each].lstrip(" -").startswith(words)), None)
        if found is None:
            break
        number = found
    line = lines[number] if number < len(lines) else ""
    return Span(number + 1, len(line) - len(line.lstrip()) + 1)
