"""What fedplan tells a user about their file: diagnostics are values, never exceptions.

A check says *where* by a path of keys (`("parties", 3, "ports", "rollsite")`).
Only the edge of the program turns paths into lines and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root of a document to one of its nodes."""

FEDERATION = "federation"
"""Name of the document that holds federation.yaml."""
LOCK = "lock"
"""Name of the document that holds federation.lock."""


class Severity(StrEnum):
    """How bad a diagnostic is: only an error stops the plan."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of mistake: its code (for ever), its name and how bad it is.

    `mended` says in a clause what `plan --fix` does about it where only one thing can be meant; empty where it never
    does anything.
    """

    code: str
    name: str
    severity: Severity = Severity.ERROR
    mended: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line: 1-based line and column, length in characters (at least 1)."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a diagnostic points: a key path in a document, or a span that is already known.

    `document` is FEDERATION, LOCK or the path of a rendered file relative to `out/`.
    `on_key` points at the key itself instead of its value. `secret` says that a secret may stand there: its source line
    must not be printed.
    """

    path: KeyPath = ()
    on_key: bool = False
    span: Span | None = None
    document: str = FEDERATION
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that has to do with the fault, or a remark without a place."""

    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class SetValue:
    """Write another value in the place of a scalar."""

    path: KeyPath
    value: str | int | bool


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give a key another name; its value stays."""

    path: KeyPath
    key: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take out a key with its value, or an item of a list. A list or mapping that is left empty goes with it."""

    path: KeyPath


@dataclass(frozen=True, slots=True)
class Append:
    """Put an item at the end of the list at `path`."""

    path: KeyPath
    value: str | int


@dataclass(frozen=True, slots=True)
class Wrap:
    """Make the value a list that holds nothing else."""

    path: KeyPath


Edit: TypeAlias = SetValue | RenameKey | Remove | Append | Wrap
"""A change of federation.yaml, told by key paths; `planner.edits` makes it in the text."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: the fault, one clause that says what is wrong, where, and the way out.

    `fix` holds the edits that do what the hint says. It is there only where one way out is right and no other reading
    of the file is possible; `plan --fix` then needs nobody's decision. The fault says in `mended` what it does.
    """

    fault: Fault
    message: str
    place: Place
    hint: str
    notes: tuple[Note, ...] = ()
    fix: tuple[Edit, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether this finding stops the plan."""
        return self.fault.severity is Severity.ERROR
