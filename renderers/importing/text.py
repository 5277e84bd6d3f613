"""federation.yaml as a person would lay it out: short mappings on one line, a comment where something must be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from renderers.canonical import scalar

_WIDTH: Final = 100
_ON_ONE_LINE: Final = frozenset({"clusters", "routes"})
_GAP: Final = frozenset({"clusters", "exchanges", "parties", "routes", "defaults"})
_COMMENTS: Final[Mapping[str, str]] = {
    "clusters": "Where sites are placed. `address` is what the others dial.",
    "parties": "Ports are pinned, so that nothing moves: append new parties without ports at the end.",
    "routes": "Who dials a site at an address or a port of their own.",
    "defaults": "What all parties have alike.",
}


def written(data: Mapping[str, Any], head: Iterable[str], remark: str) -> str:
    """The text of a federation.yaml; `head` are the sentences above it, `remark` says something about the topology."""
    lines = [f"# {line}".rstrip() for line in head]
    for key, value in data.items():
        if key in _GAP:
            lines.append("")
        comment = remark if key == "topology" and remark else _COMMENTS.get(key)
        if key == "parties" and not any("ports" in item for item in value):
            comment = None
        if comment is not None:
            lines.append(f"# {comment[:1].upper()}{comment[1:]}")
        lines += _entry(key, value, "", flat=key in _ON_ONE_LINE)
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, indent: str, *, flat: bool = False) -> list[str]:
    head = f"{indent}{scalar(key)}:"
    if isinstance(value, Mapping):
        return _mapping(head, value, indent)
    if isinstance(value, list):
        return _list(head, value, indent, flat=flat)
    return [f"{head} {scalar(value)}"]


def _mapping(head: str, value: Mapping[str, Any], indent: str) -> list[str]:
    line = f"{head} {_flow(value)}"
    if len(line) <= _WIDTH and (not value or indent) and _is_shallow(value):
        return [line]
    if not value:
        return [line]
    lines = [head]
    for key, item in value.items():
        lines += _entry(key, item, f"{indent}  ")
    return lines


def _list(head: str, value: list[Any], indent: str, *, flat: bool) -> list[str]:
    line = f"{head} {_flow(value)}"
    if len(line) <= _WIDTH and (not value or not any(isinstance(item, Mapping) for item in value)):
        return [line]
    lines = [head]
    for item in value:
        lines += _item(item, f"{indent}  ", flat=flat)
    return lines


def _item(item: Any, indent: str, *, flat: bool) -> list[str]:
    line = f"{indent}- {_flow(item)}"
    if not isinstance(item, Mapping) or not item or (len(line) <= _WIDTH and (flat or _is_plain(item))):
        return [line]
    lines: list[str] = []
    for key, value in item.items():
        lines += _entry(key, value, f"{indent}  ")
    lines[0] = f"{indent}- {lines[0][len(indent) + 2 :]}"
    return lines


def _is_shallow(value: Any) -> bool:
    """Whether nothing in a mapping is a mapping with more than a few values."""
    return not any(isinstance(item, Mapping | list) and not _is_plain_list(item) for item in value.values())


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, Mapping | list) for item in value)


def _is_plain(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(item, Mapping) for item in value.values()) and len(value) <= 3  # noqa: PLR2004 - reads well


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _quoted(value)


def _quoted(value: Any) -> str:
    """A scalar between brackets, where a colon inside a word is read differently by some."""
    text = scalar(value)
    return f'"{text}"' if isinstance(value, str) and ":" in text and not text.startswith('"') else text
