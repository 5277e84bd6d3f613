"""From the bytes of federation.yaml to a plan: the stages in order, every mistake in one run.

A stage that finds mistakes hands on what it could accept, so that the later ones find theirs in the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from planner import lock as locking
from planner import schema, source
from planner.catalogue import CHECKS
from planner.diagnostics import Diagnostic, KeyPath
from planner.edits import editable
from planner.interpret import DECLARING, interpret
from planner.plan import Plan, examine, resolve

_ITEM: Final = 2
"""Length of the key path of a list's item."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a federation.yaml: the document, all findings, and a plan if none of them is an error."""

    document: source.Document | None
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None


def check(data: bytes, lock_text: str | None = None) -> Checked:
    """Read, validate, examine and resolve one federation.

    `lock_text` is the content of federation.lock; None where there is none.
    """
    document, found = source.parse(data)
    if document is None:
        return Checked(None, found, None)
    diagnostics = list(schema.settled(document, found))
    validated, found = schema.validate(document)
    diagnostics += found
    if validated is None:
        return Checked(document, tuple(editable(document, diagnostics)), None)
    lock, found = locking.parse(lock_text) if lock_text is not None else (locking.Lock(), ())
    diagnostics += found
    lost = frozenset(path[0] for path in validated.dropped if len(path) <= _ITEM and path[0] in DECLARING)
    federation = interpret(
        validated.data,
        complete=not validated.dropped and not diagnostics,
        lost=lost | (DECLARING - {"exchanges"} - validated.data.keys()),
    )
    subject = examine(federation, lock)
    found = tuple(diagnostic for module in CHECKS for diagnostic in module.check(subject))
    diagnostics += _once_where_inherited(document, found)
    told = tuple(editable(document, diagnostics))
    if any(diagnostic.is_error for diagnostic in told):
        return Checked(document, told, None)
    return Checked(document, told, resolve(subject))


def _once_where_inherited(document: source.Document, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings; of those about one value under `defaults` that several sites inherit only the first."""
    seen: set[tuple[str, KeyPath]] = set()
    for diagnostic in diagnostics:
        path = diagnostic.place.path
        if diagnostic.place.span is None and len(path) > 2 and path[0] in {"parties", "exchanges"}:  # noqa: PLR2004
            below = path[2:]
            if not _exists(document.data, path) and _exists(document.data, ("defaults", *below)):
                if (diagnostic.fault.code, below) in seen:
                    continue
                seen.add((diagnostic.fault.code, below))
        yield diagnostic


def _exists(data: Any, path: KeyPath) -> bool:
    """Whether `data` has a value at `path`."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
