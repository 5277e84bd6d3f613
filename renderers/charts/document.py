"""The text of a cluster.yaml: its data, read fast however long its route tables are, and the place of a key in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import yaml

from planner.diagnostics import KeyPath, Span
from renderers.sound_yaml import SoundLoader

_VALUE: Final = r"(?:[^\n\r\x85\u2028\u2029&*!|>{\[#\"']*|\"[^\n\r\x85\u2028\u2029\\\"]*\")"
"""A scalar that ends with its line and means the same wherever it stands."""
_ROWS_APART: Final = "rows-are-read-one-by-one"
"""Stands, with a number behind it, for the rows of a table while the rest of the file is read."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """One way to write a route table: its rows, where one row ends and the next begins, and what may follow them."""

    keys: tuple[str, ...]
    rows: re.Pattern[str]
    between: re.Pattern[str]
    after: re.Pattern[str]
    join: Callable[[list[str]], Any]


class _Table(NamedTuple):
    """A table in a text: its shape, where its key starts, and its rows."""

    shape: _Shape
    start: int
    rows: re.Match[str]


def _list_shape(keys: tuple[str, ...], indent: int) -> _Shape:
    """A list of mappings of scalars, the dashes `indent` columns in."""
    dash, inner = " " * indent + "- ", " " * (indent + 2)
    line = rf"(?:{dash}|{inner})[A-Za-z]+: {_VALUE}\n"
    rows = rf"{dash}(?:[A-Za-z]+: {_VALUE}\n)(?:{line})*"
    return _Shape(keys, re.compile(rows), re.compile(f"(?<=\n)(?={dash})"), _after(indent - 2), _load_list)


def _after(indent: int) -> re.Pattern[str]:
    """Blank lines and comments, then a line that cannot belong to the last row, or the end."""
    return re.compile(rf"(?:[ \t\r]*(?:#[^\n]*)?\n)*(?: {{0,{indent}}}[^\s#]|\Z)")


def _load_list(rows: list[str]) -> list[Any]:
    return [load_row(row)[0] for row in rows]


def _load_mapping(rows: list[str]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for row in rows:
        result.update(load_row(row))
    return result


_MAPPING: Final = _Shape(
    ("route_table",),
    re.compile(rf"(?:    [0-9]+:\n(?:      +(?:- )?[A-Za-z_]+:(?: {_VALUE})?\n)+)+"),
    re.compile(r"(?<=\n)(?=    [0-9])"),
    _after(2),
    _load_mapping,
)
_HEADS: Final[Mapping[str, _Shape]] = {
    "  partyList:\n    -": _list_shape(("partyList",), 4),
    "  route_table:\n    sni:\n      -": _list_shape(("route_table", "sni"), 6),
    "  route_table:\n    ": _MAPPING,
}
_HEAD: Final = re.compile(f"(?<=\n)(?:{'|'.join(_HEADS)})")


def load(text: str) -> Any:
    """The data of `text`.

    The rows of route tables are read one by one, and a row that stands in a thousand files only once;
    wherever they are not the plain ones that this holds for, the text is read as a whole.
    """
    tables = list(_tables(text))
    if not tables or _ROWS_APART in text:
        return load_slowly(text)
    try:
        data, complete = _load_apart(text, tables)
    except (yaml.YAMLError, ValueError):  # said of the whole text, the error names the right line
        complete = False
    return data if complete else load_slowly(text)


def _load_apart(text: str, tables: Sequence[_Table]) -> tuple[Any, bool]:
    """The data of `text` with its tables read row by row, and whether each of them found its place."""
    parts, end = [], 0
    for number, (shape, start, rows) in enumerate(tables):
        keys = "\n".join(f"{'  ' * (depth + 1)}{key}:" for depth, key in enumerate(shape.keys))
        parts.append(f"{text[end:start]}{keys} {_ROWS_APART}-{number}\n")
        end = rows.end()
    data = load_slowly("".join([*parts, text[end:]]))
    return data, all(
        _put(data, shape, f"{_ROWS_APART}-{number}", rows) for number, (shape, _, rows) in enumerate(tables)
    )


def _tables(text: str) -> Iterator[_Table]:
    """The tables whose rows can be read one by one."""
    position = 0
    while (head := _HEAD.search(text, position)) is not None:
        shape = _HEADS[head[0]]
        position = text.rindex("\n", 0, head.end()) + 1
        rows = shape.rows.match(text, position)
        if rows is not None and shape.after.match(text, rows.end()) is not None:
            yield _Table(shape, head.start(), rows)
            position = rows.end()


def _put(data: Any, shape: _Shape, mark: str, rows: re.Match[str]) -> bool:
    """Put the rows of a table in the place that was kept for them; False where that is not one block's table."""
    blocks = data.values() if isinstance(data, dict) else ()
    holders = [holder for block in blocks if (holder := _holder(block, shape.keys)).get(shape.keys[-1]) == mark]
    if len(holders) != 1:
        return False
    holders[0][shape.keys[-1]] = shape.join(shape.between.split(rows[0]))
    return True


def _holder(block: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    for key in keys[:-1]:
        block = block.get(key) if isinstance(block, dict) else None
    return block if isinstance(block, dict) else {}


def load_slowly(text: str) -> Any:
    """The data of `text`, read as a whole."""
    return yaml.load(text, Loader=SoundLoader)  # noqa: S506 - SoundLoader is a safe one


@lru_cache(maxsize=65536)
def load_row(text: str) -> Any:
    """One row of a table, as a list or a mapping of one; shared, so read it only."""
    return load_slowly(text)


def locate(text: str, path: KeyPath) -> Span:
    """The line and column of a key path in `text`, or of the deepest part of it that exists."""
    node = yaml.compose(text, Loader=SoundLoader)
    line, column = 1, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if str(pair[0].value) == str(step)), None)
            if found is None:
                break
            key, node = found
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line, column = node.start_mark.line + 1, node.start_mark.column + 1
        else:
            break
    return Span(line, column)
