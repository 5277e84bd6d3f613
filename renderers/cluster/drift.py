"""How two states of an object differ, field by field, and who set a field: what the API remembers in managedFields.

Lists of named things (containers, ports, variables, mounts) are compared by name, so that one more container is one
difference and not a different list. What only the server writes is left out. Values that may be secret are never told.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from planner.kubernetes_target import RESTART_MARK, SECRETS_MARK
from renderers.cluster.api import FIELD_MANAGER, RefusedError
from renderers.cluster.labels import RELEASE_MARK
from renderers.cluster.references import Document
from renderers.quantities import quantity
from renderers.report.excerpt import visible

MARKS: Final = (SECRETS_MARK, RESTART_MARK)
"""Annotations of pods that apply sets and that no file of the folder has."""
_OF_THE_SERVER: Final = frozenset(
    {"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink", "deletionTimestamp"}
)
_NAMES: Final = (("name",), ("mountPath",), ("containerPort", "protocol"), ("port", "protocol"), ("host",), ("key",))
"""Fields that tell the items of a list apart; the first that every item has, each with another value."""
_WORKING: Final = ("spec", "data", "binaryData")
"""The parts of an object that decide what runs: labels and annotations of others are left alone."""
_CONTROLLERS: Final = frozenset(
    {
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
        "cloud-controller-manager",
        "before-first-apply",
    }
)
"""Managers that write what Kubernetes itself decides: volume names, cluster addresses."""
_SECRET_WORDS: Final = re.compile(r"pass|secret|token|credential|private|hashed|apikey|api_key", re.IGNORECASE)
_MOST_SHOWN: Final = 120
_MANAGER: Final = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"')
_STEP: Final = re.compile(r"\.((?:[^.\[])+)|\[((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*)\]")


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list of named things: the name that is shown, and the fields that tell it."""

    shown: str
    keys: tuple[tuple[str, Any], ...]


Path: TypeAlias = tuple[str | Item, ...]
"""Steps from the root of an object to a field."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is not alike: as it is live and as it is wanted; both empty where they must not be shown.

    `manager` and `when` say who set the live one and when (UTC), where that is known. `lines` are those of a text in
    a ConfigMap that go (`- `) and come (`+ `); a line that may hold a secret is not shown.
    """

    path: str
    live: str
    desired: str
    manager: str = ""
    when: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Difference:
    path: Path
    live: Any
    desired: Any


_ABSENT: Final = object()


def changed_fields(before: Document | None, after: Document) -> tuple[FieldChange, ...]:
    """What an apply changes, given the object as it is and as it would be; nothing for an object that is not there."""
    if before is None:
        return ()
    return tuple(_told(each, before) for each in _differences(before, after, is_part=False))


def differences(live: Document, written: Document, outcome: Document | None = None) -> tuple[FieldChange, ...]:
    """Which fields are not as they were applied, or were added by others, with who set them.

    `written` is the document of the folder, `outcome` what the server would make of it now (a dry run), so that its
    defaults are no difference. Without an outcome only the fields that the document names are compared.
    """
    is_part = outcome is None
    compared = _differences(live, written if outcome is None else outcome, is_part=is_part)
    found = [_owned(each, live) for each in compared]
    known = {each.path for each in found}
    return (*found, *(each for each in _additions(live, written) if each.path not in known))


def conflicts(refusal: RefusedError, live: Document | None, desired: Document) -> tuple[FieldChange, ...]:
    """The fields that a server-side apply was refused for, each with the manager who has it."""
    found = []
    for cause in refusal.causes:
        manager = _MANAGER.search(cause.message)
        path = resolve(cause.field, desired)
        change = _told(_Difference(path, _value(live or {}, path), _value(desired, path)), desired)
        found.append(replace(change, manager=manager[1] if manager else "somebody else"))
    return tuple(dict.fromkeys(found))


def keep_marks(document: Document, live: Document) -> Document:
    """A workload with the marks that apply has put on its pods, which are no drift; anything else as it is."""
    given = (live.get("spec", {}).get("template") or {}).get("metadata", {}).get("annotations") or {}
    marks = {name: given[name] for name in MARKS if name in given}
    template = document.get("spec", {}).get("template") if marks else None
    if not template:
        return document
    metadata = template.get("metadata", {})
    annotations = {**(metadata.get("annotations") or {}), **marks}
    template = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**document, "spec": {**document["spec"], "template": template}}


def secret_differences(live: Document, desired: Document) -> tuple[FieldChange, ...]:
    """The keys of a Secret that are missing, and the plain ones that are not as written; no value is ever told.

    Values that are places (`${secret:...}`) are not compared: what they stood for is not known here.
    """
    data = live.get("data") or {}
    found = []
    for key, value in (desired.get("stringData") or {}).items():
        difference = _Difference(("data", key), "", "")
        if key not in data or ("${secret:" not in value and _decoded(data[key]) != value):
            found.append(_owned(difference, {**live, "kind": "Secret"}))
    return tuple(found)


def _decoded(value: object) -> str | None:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


# Comparing


def _differences(live: Document, desired: Document, *, is_part: bool) -> Iterator[_Difference]:
    for key in _keys(live, desired, is_part=is_part):
        if key in {"status", "apiVersion", "kind", "stringData"}:
            continue
        yield from _compared((key,), live.get(key, _ABSENT), desired.get(key, _ABSENT), is_part=is_part)


def _compared(path: Path, live: Any, desired: Any, *, is_part: bool) -> Iterator[_Difference]:
    if _is_empty(live) and _is_empty(desired):
        return
    if isinstance(live, dict) and isinstance(desired, dict):
        for key in _keys(live, desired, is_part=is_part):
            if path == ("metadata",) and key in _OF_THE_SERVER:
                continue
            yield from _compared((*path, key), live.get(key, _ABSENT), desired.get(key, _ABSENT), is_part=is_part)
        return
    if isinstance(live, list) and isinstance(desired, list):
        yield from _compared_lists(path, live, desired, is_part=is_part)
        return
    if live != desired and not (is_part and _is_same_quantity(live, desired)):
        yield _Difference(path, live, desired)


def _keys(live: Mapping[str, Any], desired: Mapping[str, Any], *, is_part: bool) -> list[str]:
    return list(desired) if is_part else list(dict.fromkeys((*live, *desired)))


def _compared_lists(path: Path, live: list[Any], desired: list[Any], *, is_part: bool) -> Iterator[_Difference]:
    """Two lists: by the names of their items where they have some, as a whole otherwise."""
    names = _names_of(live, desired)
    if not names:
        if len(live) == len(desired) and all(isinstance(each, dict) for each in (*live, *desired)):
            for index, pair in enumerate(zip(live, desired, strict=True)):
                yield from _compared((*path, Item(str(index), ())), *pair, is_part=is_part)
        elif live != desired:
            yield _Difference(path, live, desired)
        return
    before, after = ({_item(each, names): each for each in items} for items in (live, desired))
    for item in dict.fromkeys((*after, *(() if is_part else before))):
        yield from _compared((*path, item), before.get(item, _ABSENT), after.get(item, _ABSENT), is_part=is_part)
    common = [item for item in before if item in after]
    if common != [item for item in after if item in before]:
        yield _Difference(path, [item.shown for item in before], [item.shown for item in after])


def _names_of(*lists: list[Any]) -> tuple[str, ...]:
    """The fields that tell the items of these lists apart; empty where nothing does."""
    if not all(isinstance(each, dict) for items in lists for each in items):
        return ()
    for names in _NAMES:
        values = [[tuple(each.get(name) for name in names) for each in items] for items in lists]
        is_told = all(value[0] is not None for found in values for value in found)
        if is_told and all(len(set(map(repr, found))) == len(found) for found in values):
            return names
    return ()


def _item(value: Mapping[str, Any], names: tuple[str, ...]) -> Item:
    return Item(str(value[names[0]]), tuple((name, value[name]) for name in names if name in value))


def _is_empty(value: Any) -> bool:
    """Whether the API makes no difference between this and nothing."""
    return value is _ABSENT or value is None or value in ("", {}, [])


def _is_same_quantity(live: Any, desired: Any) -> bool:
    if isinstance(live, bool) or isinstance(desired, bool):
        return False
    try:
        return quantity(live) == quantity(desired)
    except ValueError:
        return False


# Who


def _owned(difference: _Difference, live: Document) -> FieldChange:
    """A difference with who set the live value; a field that is gone has no owner."""
    told = _told(difference, live)
    best = ("", "")
    for entry in live.get("metadata", {}).get("managedFields") or ():
        manager, time = str(entry.get("manager", "")), str(entry.get("time", ""))
        if manager != FIELD_MANAGER and _owns(entry.get("fieldsV1") or {}, difference.path) and time >= best[1]:
            best = manager, time
    return replace(told, manager=best[0], when=_spoken_time(best[1]) if best[0] else "")


def _owns(fields: Mapping[str, Any], path: Path) -> bool:
    """Whether fieldsV1 names a field, or something above it as a whole."""
    for step in path:
        if isinstance(step, Item):
            found = next((fields[key] for key in fields if _is_key_of(key, step)), None)
        else:
            found = fields.get(f"f:{step}")
        if found is None:
            return False
        if not found:
            return True
        fields = found
    return True


def _is_key_of(key: str, item: Item) -> bool:
    """Whether `k:{"name":"fateflow"}` or `i:0` is a step into this item."""
    if key.startswith("i:"):
        return not item.keys and key == f"i:{item.shown}"
    if not key.startswith("k:") or not item.keys:
        return False
    known, told = dict(item.keys), json.loads(key[2:])
    common = known.keys() & told.keys()
    return bool(common) and all(known[name] == told[name] for name in common)


def _additions(live: Document, written: Document) -> Iterator[FieldChange]:
    """Fields that others have added to an object of ours: they change what runs although ours are as they were."""
    for entry in live.get("metadata", {}).get("managedFields") or ():
        manager = str(entry.get("manager", ""))
        if manager in {FIELD_MANAGER, *_CONTROLLERS} or entry.get("subresource") == "status" or _is_helm(entry):
            continue
        fields = entry.get("fieldsV1") or {}
        for root in _WORKING:
            for path in _leaves(fields.get(f"f:{root}"), (root,), live.get(root)):
                if _is_addition(path, written):
                    difference = _Difference(path, _value(live, path), _ABSENT)
                    yield replace(_told(difference, live), manager=manager, when=_spoken_time(str(entry.get("time"))))


def _is_helm(entry: Mapping[str, Any]) -> bool:
    """Whether a manager is Helm, under whatever name: what it has beside its manifest are the server's defaults."""
    return _owns(entry.get("fieldsV1") or {}, ("metadata", "annotations", RELEASE_MARK))


def _is_addition(path: Path, written: Document) -> bool:
    """Whether our document says nothing of a field; labels and annotations of pods are nobody's business."""
    return path[:3] != ("spec", "template", "metadata") and _value(written, path) is _ABSENT


def _leaves(fields: Any, path: Path, live: Any) -> Iterator[Path]:
    """The ends of fieldsV1 that are still in the live object; a whole item where it was added whole."""
    if not isinstance(fields, dict) or live is None:
        return
    inner = {key: value for key, value in fields.items() if key != "."}
    if not inner or ("." in fields and isinstance(path[-1], Item)):
        yield path
        return
    for key, value in inner.items():
        if key.startswith("f:") and isinstance(live, dict):
            yield from _leaves(value, (*path, key[2:]), live.get(key[2:]))
        elif key.startswith("k:") and isinstance(live, list):
            told = json.loads(key[2:])
            for each in live:
                if isinstance(each, dict) and all(each.get(name) == wanted for name, wanted in told.items()):
                    names = _names_of(live)
                    yield from _leaves(value, (*path, _item(each, names or tuple(told))), each)
        elif key.startswith("v:"):
            yield path


# Telling


def _told(difference: _Difference, document: Document) -> FieldChange:
    """A difference in words; without its values where they may be secret or are whole files."""
    path = shown(difference.path)
    live, desired = difference.live, difference.desired
    are_texts = document.get("kind") == "ConfigMap" and isinstance(live, str) and isinstance(desired, str)
    if are_texts and ("\n" in live or "\n" in desired):
        return FieldChange(path, "", "", lines=tuple(_line_changes(live, desired)))
    if _is_secret(difference, document) or _is_long(difference.live) or _is_long(difference.desired):
        return FieldChange(path, "", "")
    return FieldChange(path, _word(difference.live), _word(difference.desired))


def _line_changes(live: str, desired: str) -> Iterator[str]:
    """The lines of a text that go and come."""
    for line in difflib.unified_diff(live.splitlines(), desired.splitlines(), n=0):
        if line[:1] in {"-", "+"} and line[:3] not in {"---", "+++"}:
            is_secret = _SECRET_WORDS.search(line) and "@@" not in line
            yield f"{line[0]} ..." if is_secret else f"{line[0]} {line[1:].rstrip()}"


def shown(path: Path) -> str:
    """`spec.template.spec.containers[fateflow].image`; names with dots or slashes stand in brackets."""
    text = ""
    for step in path:
        if isinstance(step, Item):
            text += f"[{visible(step.shown)}]"
        elif "." in step or "/" in step:
            text += f"[{visible(step)}]"
        else:
            text += f".{visible(step)}" if text else visible(step)
    return text


def _is_secret(difference: _Difference, document: Document) -> bool:
    if document.get("kind") == "Secret" and difference.path[0] in {"data", "stringData"}:
        return True
    words = " ".join(step.shown if isinstance(step, Item) else step for step in difference.path)
    inside = [each for each in (difference.live, difference.desired) if _has_parts(each)]
    if any(_SECRET_WORDS.search(words) or _SECRET_WORDS.search(json.dumps(each)) for each in inside):
        return True
    holds_values = difference.path[-1] in {"value", "args", "command"} or difference.path[0] in {"data", "metadata"}
    return holds_values and _SECRET_WORDS.search(words) is not None


def _has_parts(value: Any) -> bool:
    return isinstance(value, (dict, list)) and bool(value)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and ("\n" in value or len(value) > _MOST_SHOWN)


def _word(value: Any) -> str:
    if _is_empty(value):
        return ""
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _spoken_time(text: str) -> str:
    """A moment of the API as people read it."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return ""


# The server's paths


def resolve(field: str, document: Document) -> Path:
    """The path that the server means by `.spec.template.spec.containers[name="fateflow"].image`.

    Names with dots (`.data.route_table.json`) are told apart by what the document has.
    """
    found = _STEP.finditer(field)
    steps = [each[1] if each[1] is not None else _bracket(each[2]) for each in found]
    return tuple(_joined(steps, document))


def _bracket(text: str) -> Item:
    """`name="fateflow"`, `="value"` or `0`."""
    keys: list[tuple[str, Any]] = []
    for name, value in re.findall(r'(\w*)=("(?:[^"\\]|\\.)*"|[^,]+)', text):
        try:
            keys.append((name, json.loads(value)))
        except ValueError:
            keys.append((name, value))
    named = tuple(sorted(pair for pair in keys if pair[0]))
    first = next((value for name, value in keys if name != "protocol"), text)
    return Item(str(first), named)


def _joined(steps: Sequence[str | Item], node: Any) -> Iterator[str | Item]:
    """The steps, with those put together that are one key of the document."""
    index = 0
    while index < len(steps):
        step = steps[index]
        if isinstance(step, Item):
            node = _in_list(node, step)
            name = node.get("name") if isinstance(node, dict) else None
            yield Item(str(name), step.keys) if name else step
            index += 1
            continue
        longest = index + 1
        while longest < len(steps) and isinstance(steps[longest], str):
            longest += 1
        names = [".".join(map(str, steps[index:end])) for end in range(longest, index, -1)]
        known = [name for name in names if isinstance(node, dict) and name in node]
        name = known[0] if known else step
        index += name.count(".") + 1 if known else 1
        node = node.get(name) if isinstance(node, dict) else None
        yield name


def _value(document: Any, path: Path) -> Any:
    """What stands at a path; _ABSENT for nothing."""
    node = document
    for step in path:
        if isinstance(step, Item):
            node = _in_list(node, step)
        else:
            node = node.get(step, _ABSENT) if isinstance(node, dict) else _ABSENT
        if node is _ABSENT or node is None:
            return _ABSENT
    return node


def _in_list(node: Any, item: Item) -> Any:
    if not isinstance(node, list):
        return _ABSENT
    if not item.keys:
        if item.shown.isdecimal() and int(item.shown) < len(node):
            return node[int(item.shown)]
        return item.shown if item.shown in node else _ABSENT
    for each in node:
        if isinstance(each, dict) and all(each.get(name, value) == value for name, value in item.keys):
            return each
    return _ABSENT
