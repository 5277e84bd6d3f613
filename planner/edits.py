"""Edits of federation.yaml, made in its text: what is not edited stays as it is, byte for byte.

An edit names its place by a path of keys. Here it becomes patches of the text, in block and in flow style, with the
quotes, the indentation and the line breaks that are there. What cannot be edited in place is refused: whatever an
anchor, an alias or a tag has to do with, and values that span lines. After patching, the text is read again: its data
must be exactly the old data with the edits made, so a patch that would change anything else is refused as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from planner.diagnostics import Append, Diagnostic, Edit, KeyPath, Remove, RenameKey, SetValue, Wrap
from planner.source import Document, Node, parse

_INHERITING: Final = ("parties", "exchanges")
_REST: Final = re.compile("(?:[ \t]*|[ \t]+#[^\n\r\x85\u2028\u2029]*)(\r\n|[\n\r\x85\u2028\u2029]|\\Z)")
"""What may follow on the line of something that is removed, and the end of the line."""
_BREAKS: Final = "\n\r\x85\u2028\u2029"
_SPACE: Final = re.compile(f"(?:[ \t]*#[^{_BREAKS}]*|[ \t{_BREAKS}])*")
"""Blanks, line breaks and comments."""
_BLANK: Final = " \t"
_PLAIN: Final = re.compile("[A-Za-z0-9](?:[-A-Za-z0-9._/@+]|:(?=[A-Za-z0-9]))*")
"""Texts that need no quotes, unless they are read as a number or a truth value."""


@dataclass(frozen=True, slots=True, order=True)
class Patch:
    """Characters `start` to `end` (excluded) of a text, and what is to stand there instead."""

    start: int
    end: int
    text: str


def editable(document: Document | None, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings, without the fixes that cannot be made in this document."""
    for diagnostic in diagnostics:
        if diagnostic.fix and (document is None or patches(document, diagnostic.fix) is None):
            yield replace(diagnostic, fix=())
        else:
            yield diagnostic


def patches(document: Document, edits: Sequence[Edit]) -> tuple[Patch, ...] | None:
    """What some edits change in the text, in their order; None where one of them cannot be made there."""
    made: list[Patch] = []
    for edit in edits:
        found = _patches(document, placed(document, edit))
        if not found:
            return None
        made += found
    return tuple(made)


def placed(document: Document, edit: Edit) -> Edit:
    """The edit at the place where the file says what it is about.

    A site's value may stand under `defaults`. One that is removed there would be missing elsewhere, so it stays. What
    is removed takes the lists and mappings with it that would be left empty.
    """
    path = edit.path
    if isinstance(edit, Remove):
        node = document.node(path)
        while node is not None and len(path) > 1:
            parent = document.node(path[:-1])
            if parent is None or len(parent.children) > 1:
                break
            path = path[:-1]
    elif path[:1] and path[0] in _INHERITING and document.node(path) is None:
        path = ("defaults", *path[2:])
    return edit if path == edit.path else replace(edit, path=path)


def applied(document: Document, fixes: Iterable[Sequence[Edit]]) -> str | None:
    """The text with some fixes made, all of them; None where they do not go together."""
    made: list[Patch] = []
    edits: list[Edit] = []
    for fix in fixes:
        found = patches(document, fix)
        if found is None:
            return None
        made += found
        edits += (placed(document, edit) for edit in fix)
    text = _patched(document.text, made)
    read, _ = parse(text.encode(), document.document)
    if read is None or repr(read.data) != repr(_edited(document.data, edits)):
        return None
    return text


def overlap(one: Patch, other: Patch) -> bool:
    """Whether two patches of one text meet."""
    if one.start == other.start and (one.start == one.end or other.start == other.end):
        return True
    return one.start < other.end and other.start < one.end


def _patched(text: str, made: Iterable[Patch]) -> str:
    parts: list[str] = []
    at = 0
    for patch in sorted(made, key=lambda each: (each.start, each.end)):
        parts += (text[at : patch.start], patch.text)
        at = max(at, patch.end)
    return "".join((*parts, text[at:]))


def _patches(document: Document, edit: Edit) -> list[Patch]:  # noqa: PLR0911 - one return per kind of edit
    """What one edit changes; nothing where it cannot be made."""
    node = document.node(edit.path)
    if node is None or node.is_shared or not edit.path:
        return []
    text = document.text
    match edit:
        case SetValue():
            if node.kind != "scalar" or not _fits_a_line(text, node):
                return []
            return [Patch(node.start, node.end, _spelled(edit.value, text[node.start]))]
        case RenameKey():
            if node.key is None:
                return []
            start, end = node.key
            return [Patch(start, end, _spelled(edit.key, text[start]))]
        case Wrap():
            if not _fits_a_line(text, node):
                return []
            return [Patch(node.start, node.start, "["), Patch(node.end, node.end, "]")]
        case Append():
            return _append(document, edit, node)
        case _:
            return _remove(document, edit.path, node)


def _fits_a_line(text: str, node: Node) -> bool:
    """Whether a value is a scalar or a bracket on one line."""
    written = text[node.start : node.end]
    is_block = node.kind in ("mapping", "list") and not written.startswith(("[", "{"))
    is_literal = node.kind == "scalar" and written.startswith(("|", ">"))
    return bool(written) and not is_block and not is_literal and not any(each in _BREAKS for each in written)


def _spelled(value: str | int, old: str) -> str:
    """Write a scalar; text as `old`, the first character of what stood there, suggests: in its quotes or in none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if old == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if old != '"' and _PLAIN.fullmatch(value) and _is_text(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in escaped) + '"'


def _is_text(value: str) -> bool:
    """Whether a word without quotes is text to every reader of YAML."""
    if value.lower() in _WORDS or not any(each.isalpha() for each in value):
        return False
    read, findings = parse(value.encode())
    return not findings and read is not None and read.data == value


_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"))


# ---------------------------------------------------------------------------------------------------------------------
# Adding and removing


def _append(document: Document, edit: Append, node: Node) -> list[Patch]:  # noqa: PLR0911 - one return per style
    """One item more at the end of a list that has items, written as the last one is."""
    if node.kind != "list" or not node.children:
        return []
    text = document.text
    last = document.node((*edit.path, len(node.children) - 1))
    if last is None:
        return []
    value = _spelled(edit.value, "")
    prefix = text[_line_start(text, last.start) : last.start]
    if not last.in_flow:
        dash = _dash(text, last.start)
        rest = _REST.match(text, last.end)
        if dash is None or rest is None:
            return []
        indent = " " * (dash - _line_start(text, dash))
        return [_new_line(text, rest, f"{indent}- {value}")]
    after = _after(text, last.end)
    comma = after + 1 if text.startswith(",", after) else None
    rest = _REST.match(text, last.end if comma is None else comma)
    if not prefix.strip(_BLANK) and rest is not None:
        line = _new_line(text, rest, f"{prefix}{value}{'' if comma is None else ','}")
        return [line] if comma is not None else [Patch(last.end, last.end, ","), line]
    if comma is not None:
        return [Patch(comma, comma, f" {value},")]
    return [Patch(last.end, last.end, f", {value}")]


def _new_line(text: str, rest: re.Match[str], line: str) -> Patch:
    """A line of its own below another one, whose rest is given."""
    if rest[1]:
        return Patch(rest.end(), rest.end(), line + rest[1])
    known = re.search("\r\n|\n|\r", text)
    return Patch(rest.end(), rest.end(), (known[0] if known else "\n") + line)


def _remove(document: Document, path: KeyPath, node: Node) -> list[Patch]:
    """Take out an entry and what belongs to it alone: its dash or its comma, its line, the comment on that line."""
    parent = document.node(path[:-1])
    if parent is None or len(parent.children) < 2:  # noqa: PLR2004 - an only child goes with its parent, and the root stays
        return []
    text = document.text
    start = node.start if node.key is None else node.key[0]
    before, after = _neighbours(document, path, parent)
    if node.in_flow:
        patch = _removed_from_flow(text, start, node.end, before)
    elif node.key is not None:
        patch = _removed_from_block(text, start, node.end, None if after is None else after.key)
    else:
        dash = _dash(text, start)
        following = None if after is None else _dash(text, after.start)
        if dash is None:
            return []
        patch = _removed_from_block(text, dash, node.end, None if following is None else (following, following))
    return [] if patch is None else [patch]


def _neighbours(document: Document, path: KeyPath, parent: Node) -> tuple[Node | None, Node | None]:
    """The entries before and after one in its list or mapping."""
    step, children = path[-1], parent.children
    index = step if parent.kind == "list" and isinstance(step, int) else children.index(step)
    earlier = document.node((*path[:-1], children[index - 1])) if index > 0 else None
    later = document.node((*path[:-1], children[index + 1])) if index + 1 < len(children) else None
    return earlier, later


def _removed_from_block(text: str, start: int, end: int, following: tuple[int, int] | None) -> Patch | None:
    """Take out whole lines; an entry behind the dash of its parent makes room for the next one instead."""
    rest = _REST.match(text, end)
    if rest is None:
        return None
    line = _line_start(text, start)
    if not text[line:start].strip(" "):
        return Patch(line, rest.end(), "")
    if following is None or text[rest.end() : following[0]].strip(_BLANK + _BREAKS):
        return None
    return Patch(start, following[0], "")


def _removed_from_flow(text: str, start: int, end: int, before: Node | None) -> Patch | None:
    """Take out an entry between commas, or whole lines where it has them for itself."""
    after = _after(text, end)
    comma = after + 1 if text.startswith(",", after) else None
    line = _line_start(text, start)
    rest = _REST.match(text, end if comma is None else comma)
    if not text[line:start].strip(_BLANK) and rest is not None:
        return Patch(line, rest.end(), "")
    if comma is not None:
        while text[comma : comma + 1] in (" ", "\t"):
            comma += 1
        return Patch(_trimmed(text, start, comma), comma, "")
    if before is None:
        return None
    earlier = _after(text, before.end)
    if text.startswith(",", earlier) and not text[earlier + 1 : start].strip(_BLANK):
        return Patch(earlier, end, "")
    return Patch(_trimmed(text, start, end), end, "")


def _trimmed(text: str, start: int, end: int) -> int:
    """Where to cut, so that no blanks are left at the end of a line."""
    if text[end : end + 1] in _BREAKS:
        while text[start - 1] in _BLANK:
            start -= 1
    return start


def _after(text: str, position: int) -> int:
    """Index of the next character that is neither blank nor in a comment."""
    match = _SPACE.match(text, position)
    return position if match is None else match.end()


def _dash(text: str, start: int) -> int | None:
    """Index of the dash of an item of a block list; None where there is more between the two than blanks."""
    first = max(start - _NEAR, 0)
    before = text[first:start].rstrip(_BLANK + _BREAKS)
    index = first + len(before) - 1
    return index if before.endswith("-") and index < start - 1 else None


_NEAR: Final = 200
"""Characters in which the dash before an item is looked for."""


def _line_start(text: str, index: int) -> int:
    """Index of the first character of a line."""
    return 1 + max(text.rfind(each, 0, index) for each in _BREAKS)


# ---------------------------------------------------------------------------------------------------------------------
# The same edits, made in the data


def _edited(data: Any, edits: Iterable[Edit]) -> Any:
    """The data after some edits; the given data stays as it is. What changes the paths of others comes last."""
    copies: dict[int, Any] = {}
    root = _copy(data, copies)

    def owner(path: KeyPath) -> Any:
        node = root
        for step in path:
            below = _copy(node[step], copies)
            node[step] = below
            node = below
        return node

    last: list[RenameKey | Remove] = []
    for edit in edits:
        match edit:
            case SetValue():
                owner(edit.path[:-1])[edit.path[-1]] = edit.value
            case Wrap():
                parent = owner(edit.path[:-1])
                parent[edit.path[-1]] = [parent[edit.path[-1]]]
            case Append():
                owner(edit.path).append(edit.value)
            case _:
                last.append(edit)
    for edit in sorted(last, key=_inside_out):
        parent, step = owner(edit.path[:-1]), edit.path[-1]
        if isinstance(edit, Remove):
            del parent[step]
        else:
            items = [(edit.key if key == step else key, value) for key, value in parent.items()]
            parent.clear()
            parent.update(items)
    return root


def _inside_out(edit: RenameKey | Remove) -> tuple[int, int]:
    """An order in which the paths of later edits stay right: the deepest first, the last item of a list first."""
    step = edit.path[-1]
    return -len(edit.path), -step if isinstance(step, int) else 0


def _copy(value: Any, copies: dict[int, Any]) -> Any:
    """A list or mapping of its own; one that was made here is given again."""
    if id(value) in copies:
        return value
    if not isinstance(value, dict | list):
        return value
    copy = value.copy()
    copies[id(copy)] = copy
    return copy
