"""How the cluster.yaml that the service keeps differs from the planned one: by meaning, not by text.

Items of lists are matched by what tells them apart (a partyList by partyId), numbers are equal whatever Go made of
them on their way through JSON, and nothing is no different from null or from an empty mapping or list: a values
template reads them alike. What stands at the place of a secret is never shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.diagnostics import KeyPath
from planner.secret_references import has_placeholder, is_secret_key
from renderers.cluster.drift import FieldChange
from renderers.report.excerpt import visible

_NAMES: Final = ("partyId", "party_id", "partyid", "id", "name", "domain", "host", "ip", "key")
"""Keys that tell the items of a list apart: the first that every item has, each with another value."""
_SETS: Final = frozenset({"modules", "skippedKeys", "algorithm", "device"})
"""Lists whose order means nothing."""
_ABSENT: Final = object()
_MOST_SHOWN: Final = 120
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What must not be told: the places of secrets."""

    secrets: frozenset[KeyPath] = field(repr=False)

    def of(self, path: KeyPath, shown: str, stored: Any, planned: Any) -> Iterator[FieldChange]:
        if _is_empty(stored) and _is_empty(planned):
            return
        if isinstance(stored, Mapping) and isinstance(planned, Mapping) and len(path) < _DEEPEST:
            yield from self._of_mappings(path, shown, stored, planned)
        elif isinstance(stored, list) and isinstance(planned, list) and len(path) < _DEEPEST:
            yield from self._of_lists(path, shown, stored, planned)
        elif not _is_same(stored, planned) and not has_placeholder(planned):
            yield self._told(path, shown, stored, planned)

    def _of_mappings(
        self, path: KeyPath, shown: str, stored: Mapping[str, Any], planned: Mapping[str, Any]
    ) -> Iterator[FieldChange]:
        before, after = ({str(key): value for key, value in each.items()} for each in (stored, planned))
        for key in dict.fromkeys((*after, *before)):
            step = f"[{visible(key)}]" if "." in key or "/" in key else f".{visible(key)}" if shown else visible(key)
            yield from self.of((*path, key), f"{shown}{step}", before.get(key, _ABSENT), after.get(key, _ABSENT))

    def _of_lists(self, path: KeyPath, shown: str, stored: list[Any], planned: list[Any]) -> Iterator[FieldChange]:
        name = _name_of(stored, planned)
        if name:
            before, after = ({_told(each[name]): each for each in items} for items in (stored, planned))
            places = {_told(each[name]): index for index, each in enumerate(planned)}
            for told in dict.fromkeys((*after, *before)):
                place: str | int = places.get(told, told)
                inner = f"{shown}[{visible(told)}]"
                yield from self.of((*path, place), inner, before.get(told, _ABSENT), after.get(told, _ABSENT))
        elif path and path[-1] in _SETS and sorted(map(_told, stored)) == sorted(map(_told, planned)):
            return
        elif len(stored) == len(planned) and all(isinstance(each, dict) for each in (*stored, *planned)):
            for index, (one, other) in enumerate(zip(stored, planned, strict=True)):
                yield from self.of((*path, index), f"{shown}[{index}]", one, other)
        elif not _is_same(stored, planned):
            yield self._told(path, shown, stored, planned)

    def _told(self, path: KeyPath, shown: str, stored: Any, planned: Any) -> FieldChange:
        """A difference in words; without values where they may be secret or are whole texts."""
        if self._is_secret(path, stored, planned) or _is_long(stored) or _is_long(planned):
            return FieldChange(shown, "", "")
        if isinstance(stored, str) != isinstance(planned, str) and _told(stored) == _told(planned):
            return FieldChange(shown, _quoted(stored), _quoted(planned))
        return FieldChange(shown, _word(stored), _word(planned))

    def _is_secret(self, path: KeyPath, *values: Any) -> bool:
        if any(path[: len(each)] == each or each[: len(path)] == path for each in self.secrets):
            return True
        return any(map(is_secret_key, path)) or any(map(_holds_secret, values))


def differences(
    stored: Mapping[str, Any], planned: Mapping[str, Any], secrets: frozenset[KeyPath] = frozenset()
) -> tuple[FieldChange, ...]:
    """What an update would change, field by field; `secrets` are the paths in `planned` whose values are secret.

    A place of a secret that was not filled in (`${secret:...}`) is not compared: what it stands for is not known.
    """
    return tuple(_Comparison(secrets).of((), "", stored, planned))


def canonical(data: Any) -> Any:
    """Data of a cluster.yaml as JSON has them: keys are texts, and what JSON cannot say is its text."""
    if isinstance(data, Mapping):
        return {_told(key): canonical(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [canonical(each) for each in data]
    return data if data is None or isinstance(data, str | int | float) else str(data)


def _is_empty(value: Any) -> bool:
    return value is _ABSENT or value is None or value in ({}, [])


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: numbers by value, truth by itself, the rest part by part."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return not any(True for _ in _Comparison(frozenset()).of((), "", one, other))
    return bool(one == other) and isinstance(one, str) == isinstance(other, str)


def _name_of(*lists: Sequence[Any]) -> str:
    """The key that tells the items of these lists apart; empty where none does."""
    if not all(isinstance(each, dict) for items in lists for each in items):
        return ""
    for name in _NAMES:
        values = [[_told(each.get(name)) for each in items] for items in lists]
        is_there = all(isinstance(each.get(name), str | int | float) for items in lists for each in items)
        if is_there and all(len(set(found)) == len(found) for found in values):
            return name
    return ""


def _told(value: Any) -> str:
    """A scalar as a key has it: `9999` for 9999, 9999.0 and "9999"."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _holds_secret(value: Any) -> bool:
    """Whether a value has a key inside whose value is a secret by its name."""
    if isinstance(value, Mapping):
        return any(is_secret_key(key) or _holds_secret(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_holds_secret, value))


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and ("\n" in value or len(value) > _MOST_SHOWN)


def _word(value: Any) -> str:
    if _is_empty(value):
        return ""
    if isinstance(value, str):
        return value or '""'
    text = _told(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _word(value)
