"""federation.lock: which site has which ports, so that nobody's ports move when others come and go.

JSON with one line per site, so that two branches that add parties merge line by line.
Written only by plan.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.checks.broken_lock import broken_lock
from planner.diagnostics import Diagnostic, Span

VERSION: Final = 1
MAX_CHARACTERS: Final = 10_000_000
"""Longest lock that is read. 10,000 parties need about two million characters."""

_NAME: Final = "[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?"
_IS_NAME: Final = re.compile(_NAME)
_IS_KEY: Final = re.compile(f"(?:party-[1-9][0-9]{{0,5}}|exchange-{_NAME})(?:@{_NAME})?")
_IS_PORT_NAME: Final = re.compile("[A-Za-z]{1,40}")
_LAST_PORT: Final = 65535
_LAST_ID: Final = 999_999
_TRAILING_COMMA: Final = re.compile(r",(?=\s*\})")
_MISSING_COMMA: Final = re.compile(r"\}(?=[ \t\r]*\n\s*\")")


@dataclass(frozen=True, slots=True)
class LockedSite:
    """What the lock remembers of one site.

    `removed` marks a tombstone: a site that left the file but may still run at this place.
    """

    cluster: str
    namespace: str
    target: str
    ports: Mapping[str, int]
    id: int | None = None
    removed: bool = False
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lock:
    """The sites of federation.lock by key."""

    sites: Mapping[str, LockedSite] = field(default_factory=dict)

    def entry(self, key: str, cluster: str) -> LockedSite | None:
        """What is remembered of a site on a cluster, even if it was elsewhere in between."""
        for name in (key, f"{key}@{cluster}"):
            locked = self.sites.get(name)
            if locked is not None and locked.cluster == cluster:
                return locked
        return None


def parse(text: str) -> tuple[Lock, tuple[Diagnostic, ...]]:
    """The lock in `text`; with a diagnostic, and empty, when it is not one.

    A comma too many after the last site, or one too few at the end of a line, is no mistake: deleting a site's line
    leaves the one, keeping the lines of both sides of a merge leaves the other.
    """
    try:
        return Lock(_sites(text)), ()
    except _BrokenLockError as error:
        return Lock(), (broken_lock(error.message, error.span),)


class _BrokenLockError(Exception):
    """Ends the reading of a text that is no lock; never leaves this module."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def _sites(text: str) -> dict[str, LockedSite]:
    """The sites of a lock's text; raises _BrokenLockError."""
    lines = text.split("\n")
    data = _json(text, lines)
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("sites"), dict):
        raise _not_a_lock()
    numbers = {line.strip().split('"', 2)[1]: n for n, line in enumerate(lines, 1) if line.strip().startswith('"')}
    sites: dict[str, LockedSite] = {}
    for key, value in data["sites"].items():
        line = numbers.get(key, 1)
        site = _site(value, line) if _IS_KEY.fullmatch(key) else None
        if site is None:
            message = f"the entry of {_shown(key)} in federation.lock is not one that plan wrote"
            raise _BrokenLockError(message, Span(line, 1))
        sites[key] = site
    return sites


def _json(text: str, lines: Sequence[str]) -> object:
    """The JSON of a lock's text; raises _BrokenLockError."""
    if len(text) > MAX_CHARACTERS:
        message = "federation.lock is too long to be one that plan wrote"
        raise _BrokenLockError(message, Span(1, 1))
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            message = "federation.lock holds an unresolved merge"
            raise _BrokenLockError(message, Span(number, 1, 7))
    try:
        return json.loads(_MISSING_COMMA.sub("},", _TRAILING_COMMA.sub(" ", text)), object_pairs_hook=_unique)
    except _DuplicateKeyError as error:
        message = f"{_shown(error.key)} stands twice in federation.lock"
        raise _BrokenLockError(message, Span(_second(error.key, lines), 1)) from error
    except json.JSONDecodeError as error:
        last = text.rstrip().count("\n") + 1
        span = Span(error.lineno, error.colno) if error.lineno <= last else Span(last, 1)
        message = f"federation.lock is not JSON: {error.msg}"
        raise _BrokenLockError(message, span) from error
    except (ValueError, RecursionError) as error:
        raise _not_a_lock() from error


def _not_a_lock() -> _BrokenLockError:
    return _BrokenLockError("federation.lock is not a lock that plan wrote", Span(1, 1))


def dump(lock: Lock) -> str:
    """The text of a lock: one line per site, sites by name, a party's by its number."""
    lines = [f"{json.dumps(key)}: {json.dumps(_plain(lock.sites[key]))}" for key in sorted(lock.sites, key=_order)]
    body = ",\n    ".join(lines)
    sites = f"{{\n    {body}\n  }}" if body else "{}"
    return f'{{\n  "version": {VERSION},\n  "sites": {sites}\n}}\n'


class _DuplicateKeyError(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _DuplicateKeyError(key)
        result[key] = value
    return result


def _second(key: str, lines: Sequence[str]) -> int:
    """The line where a key stands for the second time: the one that has it twice, or else the last that has it."""
    wanted = f"{json.dumps(key)}:"
    found = 1
    for number, line in enumerate(lines, 1):
        count = line.count(wanted)
        if count > 1:
            return number
        if count:
            found = number
    return found


def _shown(key: str) -> str:
    """A key as a message may show it: as it is when plan could have written it, else quoted, escaped and short."""
    return key if _IS_KEY.fullmatch(key) or _IS_PORT_NAME.fullmatch(key) else json.dumps(key[:40])


def _site(value: object, line: int) -> LockedSite | None:
    if not isinstance(value, dict):
        return None
    ports, removed, identifier = value.get("ports"), value.get("removed", False), value.get("id")
    texts = [value.get(key) for key in ("cluster", "namespace", "target")]
    if not isinstance(ports, dict) or not isinstance(removed, bool):
        return None
    if not all(isinstance(text, str) and _IS_NAME.fullmatch(text) for text in texts):
        return None
    if not all(_IS_PORT_NAME.fullmatch(name) and _is_number(port, _LAST_PORT) for name, port in ports.items()):
        return None
    if identifier is not None and not _is_number(identifier, _LAST_ID):
        return None
    return LockedSite(
        cluster=str(value["cluster"]),
        namespace=str(value["namespace"]),
        target=str(value["target"]),
        ports=dict(ports),
        id=identifier,
        removed=removed,
        line=line,
    )


def _is_number(value: object, last: int) -> bool:
    return type(value) is int and 1 <= value <= last


def _plain(site: LockedSite) -> dict[str, Any]:
    result: dict[str, Any] = {"cluster": site.cluster, "namespace": site.namespace, "target": site.target}
    if site.id is not None:
        result["id"] = site.id
    result["ports"] = dict(sorted(site.ports.items()))
    if site.removed:
        result["removed"] = True
    return result


def _order(key: str) -> tuple[str, int, str]:
    kind, _, name = key.partition("-")
    return (kind, int(name), "") if name.isdecimal() else (kind, -1, name)
