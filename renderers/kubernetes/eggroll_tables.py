"""The SQL that makes eggroll's metadata tables. Data: `eggroll_tables.yaml`.

It can be run again without harm: tables are made only where there are none, with their indexes inside
(reference components.md section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def metadata_sql(version: str) -> str:
    """The tables that this version of eggroll needs. Raises KeyError for a version whose tables are not known."""
    data = _data()
    changes = data["versions"][version]
    statements = [
        _statement(name, _columns(table["columns"], changes.get(name, {}), data["types"]), table["indexes"])
        for name, table in data["tables"].items()
    ]
    return f"-- Metadata of eggroll {version}.\n" + "\n".join(statements)


def _columns(
    columns: Mapping[str, str], changes: Mapping[str, Any], types: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The columns of one version with their types."""
    added = changes.get("added", {})
    for name, kind in columns.items():
        if name not in changes.get("dropped", ()):
            yield name, types.get(kind, kind)
        for more, its in added.get(name, {}).items():
            yield more, types.get(its, its)


def _statement(table: str, columns: Iterator[tuple[str, str]], indexes: Mapping[str, str]) -> str:
    lines = [f"  `{name}` {kind}" for name, kind in columns]
    lines += [f"  {_index(name, over)}" for name, over in indexes.items()]
    body = ",\n".join(lines)
    return (
        f"CREATE TABLE IF NOT EXISTS `{table}` (\n{body}\n) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;\n"
    )


def _index(name: str, over: str) -> str:
    """`unique a, b(3)` as MySQL writes it."""
    kind, columns = ("UNIQUE INDEX", over.removeprefix("unique ")) if over.startswith("unique ") else ("INDEX", over)
    quoted = (
        f"`{column}`{rest and f'({rest}'}" for column, _, rest in (part.partition("(") for part in _split(columns))
    )
    return f"{kind} `{name}` ({', '.join(quoted)})"


def _split(columns: str) -> list[str]:
    return [column.strip() for column in columns.split(",")]


@cache
def _data() -> dict[str, Any]:
    text = files("renderers.kubernetes").joinpath("eggroll_tables.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
