"""The database: rows of clusters, jobs, charts and users in one file, which a restart finds again."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.standins.kubefate_service import gotypes

Row = dict[str, Any]
_MOMENTS: Final = ("start_time", "end_time", "CreatedAt", "UpdatedAt")


class NotFoundError(Exception):
    """gorm's words for a row that is not there."""

    def __init__(self) -> None:
        super().__init__("record not found")


class Store:
    """The tables `clusters`, `jobs`, `charts` and `users`. Rows that are handed out are copies."""

    def __init__(self, file: Path) -> None:
        """Open the database, or begin one."""
        self._file = file
        self._lock = threading.RLock()
        self._is_closed = False
        self._tables: dict[str, list[Row]] = {}
        if file.exists():
            self._tables = json.loads(file.read_text(encoding="utf-8"))

    def insert(self, table: str, row: Row) -> Row:
        """Add a row; it gets its ID, its uuid and its times."""
        with self._lock:
            rows = self._tables.setdefault(table, [])
            moment = gotypes.now()
            made = {"uuid": str(uuid.uuid4()), **row}
            made |= {"ID": len(rows) + 1, "CreatedAt": moment, "UpdatedAt": moment, "DeletedAt": None}
            rows.append(made)
            self._save()
            return _copy(made)

    def rows(self, table: str, *, everything: bool = False) -> list[Row]:
        """The rows; without those that were deleted, unless everything is asked for."""
        with self._lock:
            return [_copy(row) for row in self._living(table, everything=everything)]

    def find(self, table: str, **wanted: str) -> Row:
        """The first row with these values; raises NotFoundError."""
        with self._lock:
            return _copy(self._first(table, wanted))

    def has(self, table: str, **wanted: str) -> bool:
        """Whether there is such a row."""
        try:
            self.find(table, **wanted)
        except NotFoundError:
            return False
        return True

    def update(self, table: str, identifier: str, **values: Any) -> None:
        """Set values of a row; one that is gone stays gone."""
        with self._lock:
            for row in self._living(table, everything=True):
                if row["uuid"] == identifier:
                    row.update(_copy(values), UpdatedAt=gotypes.now())
            self._save()

    def change(self, table: str, identifier: str, change: Callable[[Row], None]) -> None:
        """Let a function change a row, if it is there."""
        with self._lock:
            for row in self._living(table, everything=False):
                if row["uuid"] == identifier:
                    change(row)
                    row["UpdatedAt"] = gotypes.now()
            self._save()

    def delete(self, table: str, **wanted: str) -> bool:
        """Delete rows softly, as gorm does: they stay, with the time of their end."""
        with self._lock:
            gone = [row for row in self._living(table, everything=False) if _fits(row, wanted)]
            for row in gone:
                row["DeletedAt"] = gotypes.now()
            self._save()
            return bool(gone)

    def close(self) -> None:
        """Write nothing any more: the next process has the file."""
        with self._lock:
            self._is_closed = True

    def let_pass(self, seconds: float) -> None:
        """Let time pass: every moment that is stored moves back."""
        with self._lock:
            for rows in self._tables.values():
                for row in rows:
                    row.update({key: gotypes.earlier(row[key], seconds) for key in _MOMENTS if row.get(key)})
            self._save()

    def _first(self, table: str, wanted: dict[str, str]) -> Row:
        for row in self._living(table, everything=False):
            if _fits(row, wanted):
                return row
        raise NotFoundError

    def _living(self, table: str, *, everything: bool) -> Iterator[Row]:
        for row in self._tables.get(table, ()):
            if everything or row["DeletedAt"] is None:
                yield row

    def _save(self) -> None:
        if self._is_closed:
            return
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._tables), encoding="utf-8")
        new.replace(self._file)


def _fits(row: Row, wanted: dict[str, str]) -> bool:
    return all(row.get(key) == value for key, value in wanted.items())


def _copy(row: Row) -> Row:
    copied: Row = json.loads(json.dumps(row))
    return copied
