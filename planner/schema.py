"""Validation of federation.yaml against its JSON Schema, in the file's own words.

`planner/federation.schema.json` says what is right; jsonschema finds what is wrong; this module says it in one clear
sentence per mistake and removes what is wrong from the data, so that later stages find more mistakes in the same run.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import Any, Final, TypeAlias

from planner.checks.ambiguous_number import FAULT as AMBIGUOUS_NUMBER
from planner.checks.bad_secret_reference import FAULT as BAD_SECRET_REFERENCE
from planner.checks.bad_value import FAULT as BAD_VALUE
from planner.checks.inline_secret import FAULT as INLINE_SECRET
from planner.checks.missing_key import FAULT as MISSING_KEY
from planner.checks.reserved_id import FAULT as RESERVED_ID
from planner.checks.unknown_key import FAULT as UNKNOWN_KEY
from planner.checks.unsafe_name import FAULT as UNSAFE_NAME
from planner.checks.unsupported_version import FAULT as UNSUPPORTED_VERSION
from planner.checks.unsupported_yaml import FAULT as UNSUPPORTED_YAML
from planner.checks.wrong_type import FAULT as WRONG_TYPE
from planner.diagnostics import Diagnostic, Edit, KeyPath, Note, Place, Remove, RenameKey, SetValue, Span, Wrap
from planner.near_misses import near_miss
from planner.source import MAX_FINDINGS, UNREADABLE, Document, quote

_Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Validated:
    """The part of the file that is right in itself.

    `data` satisfies the schema, but for two things: top-level keys may be missing, and a list item that was dropped is
    a None, so that indices still match the file. `dropped` holds the paths of all that was left out as wrong.
    """

    data: dict[str, Any]
    dropped: frozenset[KeyPath]


@dataclass(frozen=True, slots=True)
class _Mistake:
    """One mistake: its diagnostic (None if another says it already), and the path that must not reach later stages."""

    diagnostic: Diagnostic | None
    drop: KeyPath


def validate(document: Document) -> tuple[Validated | None, tuple[Diagnostic, ...]]:
    """Check a document against the schema of federation.yaml.

    Returns what is right and all mistakes, in the order of the file. The first value is None where nothing can be done
    with the rest: another format version, no mapping, no party left, or too many mistakes to list.
    """
    data = document.data
    if not isinstance(data, dict):
        hint = "write `version: 1`, `name: ...` and the other keys, each on a line of its own"
        message = f"the file must hold a mapping, and this is {_found(data)}"
        return None, () if data is UNREADABLE else (Diagnostic(WRONG_TYPE, message, Place(), hint),)
    version = data.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version != 1:
        return None, (_unsupported_version(document, version),)
    found = list(islice(_validator().iter_errors(data), MAX_FINDINGS + 1))
    mistakes = list(_mistakes(found[:MAX_FINDINGS], document))
    diagnostics = [mistake.diagnostic for mistake in mistakes if mistake.diagnostic is not None]
    diagnostics.sort(key=lambda each: _position(each, document))
    if len(found) > MAX_FINDINGS and diagnostics:
        diagnostics[-1] = replace(diagnostics[-1], notes=(*diagnostics[-1].notes, Note("more mistakes follow")))
    if len(found) > MAX_FINDINGS:
        return None, tuple(diagnostics)
    drop = {mistake.drop for mistake in mistakes if mistake.drop}
    if document.has_unreadable:
        drop.update(_unreadable(data, ()))
    pruned, dropped = _prune(data, drop)
    if "parties" not in pruned:
        return None, tuple(diagnostics)
    return Validated(pruned, frozenset(dropped)), tuple(diagnostics)


def settled(document: Document, findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings of the reader; a number that can be read in two ways has a fix where only one of them is allowed."""
    told = tuple(findings)
    if not any(each.fault is AMBIGUOUS_NUMBER and not each.place.secret for each in told):
        return told
    fixes: dict[Span, tuple[Edit, ...]] = {}
    for path in _unreadable(document.data, ()):
        value = _only_reading(path, document)
        if value is not None:
            fixes[document.span(Place(path))] = (SetValue(path, value),)
    return tuple(
        replace(each, fix=fixes.get(each.place.span, ()))
        if each.fault is AMBIGUOUS_NUMBER and each.place.span is not None and not each.place.secret
        else each
        for each in told
    )


def _only_reading(path: KeyPath, document: Document) -> str | int | None:
    """What an ambiguous number must be: text where only text is allowed, or a number that nobody reads otherwise."""
    schemas = [_inlined()]
    for step in path:
        schemas = _step(schemas, step)
    written = document.raw(path)
    kinds = frozenset().union(*(_types(each) for each in schemas)) if schemas else frozenset[str]()
    if written is None or not schemas:
        return None
    if kinds == {"string"} and _allowed({"anyOf": schemas}, written):
        return written
    if kinds == {"integer"} and (match := _ONE_VALUE.fullmatch(written)) is not None:
        digits = written.replace("_", "")
        return int(digits, 10 if match["decimal"] else 0)
    return None


_ONE_VALUE: Final = re.compile("(?P<decimal>[1-9][0-9]*(?:_[0-9]+)+)|0x[0-9a-fA-F]{1,8}|0o[0-7]{1,8}|0b[01]{1,32}")
"""Numbers of one value for all that read a number there at all; 010 is not among them."""


def _position(diagnostic: Diagnostic, document: Document) -> tuple[int, int, str, str]:
    span = document.span(diagnostic.place)
    return span.line, span.column, diagnostic.fault.code, diagnostic.message


# ---------------------------------------------------------------------------------------------------------------------
# The schema and its validator


@lru_cache(maxsize=1)
def federation_schema() -> Mapping[str, Any]:
    """Return planner/federation.schema.json as data. Treat it as read-only."""
    text = resources.files("planner").joinpath("federation.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


@lru_cache(maxsize=1)
def _inlined() -> _Schema:
    """Return the schema with every `$ref` replaced by what it refers to, named in the key `def`.

    References cost more time than all other keywords together, and a mistake is worded by the definition it breaks.
    """
    schema = federation_schema()

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(each) for each in node]
        if not isinstance(node, dict):
            return node
        siblings = {key: inline(value) for key, value in node.items() if key not in _SILENT}
        if (reference := node.get("$ref")) is None:
            return siblings
        target: Any = schema
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        return {"def": reference.rpartition("/")[2], **inline(target), **siblings}

    inlined: _Schema = inline({key: value for key, value in schema.items() if key != "$defs"})
    return inlined


_SILENT: Final = frozenset(("$ref", "$id", "$schema", "title", "description", "default"))


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Build the validator. jsonschema is imported here because its import takes longer than most plans."""
    from jsonschema import Draft202012Validator, validators

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _checker, value: _is(value, "integer"))
    strict = validators.extend(  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        Draft202012Validator,
        {
            "pattern": _check_pattern,
            "const": _check_const,
            "additionalProperties": _check_extra_keys,
            "uniqueItems": _check_unique,
            "anyOf": _check_branches,
        },
        type_checker=types,
    )
    return strict(_inlined())


def _error(keyword: str, path: KeyPath = ()) -> Any:
    from jsonschema import ValidationError

    return ValidationError(keyword, path=path)


def _check_pattern(_validator: object, regex: str, value: object, schema: _Schema) -> Iterator[Any]:
    """Match whole texts: with Python's re.search, `$` also matches before a newline at the end."""
    if isinstance(value, str):
        reserved = schema.get("def") == "name" and value in _DEVICE_NAMES
        if reserved or not re.fullmatch(regex, value):
            yield _error("pattern")


def _check_const(_validator: object, wanted: object, value: object, _schema: _Schema) -> Iterator[Any]:
    """Compare strictly: 1.0 and true are no 1."""
    if type(value) is not type(wanted) or value != wanted:
        yield _error("const")


def _check_extra_keys(validator: Any, extra: Any, value: object, schema: _Schema) -> Iterator[Any]:
    """Refuse keys one by one, each at its own path, and keys that are no text."""
    if isinstance(value, dict):
        known = schema.get("properties", ())
        for key in value:
            if key in known or key is UNREADABLE:
                continue
            if extra is False or not isinstance(key, str):
                yield _error("additionalProperties", (key,))
            else:
                yield from validator.descend(value[key], extra, path=key)


def _check_unique(_validator: object, _wanted: object, value: object, _schema: _Schema) -> Iterator[Any]:
    """Compare texts only, which is all that unique lists here hold; comparing every pair would take for ever."""
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    if len(set(texts)) < len(texts):
        yield _error("uniqueItems")


def _check_branches(validator: Any, branches: list[_Schema], value: object, _schema: _Schema) -> Iterator[Any]:
    """Judge a value by the branch that is for its type, so that the errors are those of what was meant."""
    fitting = [branch for branch in branches if _fits(branch, value)]
    if not fitting:
        yield _error("anyOf")
    elif len(fitting) == 1 or not any(validator.evolve(schema=branch).is_valid(value) for branch in fitting):
        yield from validator.descend(value, fitting[0])


_DEVICE_NAMES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)))
)
"""Names Windows gives to devices: a checkout of `out/` with such a folder fails there."""


@lru_cache(maxsize=1)
def _homes() -> dict[str, tuple[str, ...]]:
    """For every key of the schema, where it may stand, in words."""
    homes: dict[str, list[str]] = {}

    def visit(node: Any, home: str) -> None:
        if isinstance(node, list):
            for each in node:
                visit(each, home)
        elif isinstance(node, dict):
            for key, value in node.get("properties", {}).items():
                if home not in homes.setdefault(key, []):
                    homes[key].append(home)
                visit(value, _HOME_NAMES.get(key, f"under `{key}`"))
            for keyword in ("items", "additionalProperties", "anyOf"):
                visit(node.get(keyword), home)

    visit(_inlined(), "at the top level")
    return {key: tuple(places) for key, places in homes.items()}


_HOME_NAMES: Final = {
    "parties": "under a party",
    "exchanges": "under an exchange",
    "clusters": "under a cluster",
    "routes": "under a route",
    "topology": "in a shape of `topology`",
    "expect": "in an item of `expect`",
}

RULES: Final = {
    "release": "a release like v1.11.2",
    "nodePorts": "a range like 30000-32767",
    "kubernetes": "a Kubernetes version like 1.27",
    "storageClass": "a name of lower-case letters, digits, dashes and dots",
    "kubernetesName": "a name of lower-case letters, digits, dashes and dots",
    "secretKey": "a name of letters, digits, dashes, dots and underscores",
    "url": "an http or https URL",
    "serverUrl": "an https URL without a path, like https://192.168.9.1:6443",
    "subPath": "a relative path",
    "quantity": "a Kubernetes quantity like 500m or 4Gi",
    "hostname": "a host name like party9999.fateboard.example.com",
    "modules": "a module name like nodemanager",
    "registry": "a registry and prefix without scheme, like harbor.example.com/federatedai",
    "imageTag": "an image tag of letters, digits, dots, dashes and underscores",
    "database": "a database name of letters, digits, _, $ and -",
    "tenant": "a tenant's name of letters, digits, dots, dashes and underscores",
    "path": "an absolute path of plain characters, like /data/fate",
    "text": "text without line breaks and other control characters",
}
"""What the patterns of the schema mean, by key or by definition."""

# ---------------------------------------------------------------------------------------------------------------------
# From jsonschema's errors to mistakes


def _mistakes(errors: list[Any], document: Document) -> Iterator[_Mistake]:
    """Word each mistake once: no error that only follows from another, and one at each place."""
    leaves = [(_path(error), error) for error in errors]
    refused = {path for path, error in leaves if _is_about_key(error)}
    extras: dict[KeyPath, list[str | int]] = {}
    missing: dict[KeyPath, Any] = {}
    told: set[KeyPath] = set()
    for path, error in leaves:
        if error.validator == "additionalProperties":
            extras.setdefault(path[:-1], []).append(path[-1])
        elif error.validator in ("required", "oneOf"):
            missing.setdefault(path, error)
    for path, error in sorted(leaves, key=lambda leaf: _RANK.get(leaf[1].validator, 1)):
        if error.instance is UNREADABLE or any(path[:length] in refused for length in range(1, len(path))):
            continue
        if _continues_a_pair(path, error, document):
            yield _Mistake(None, path)
            continue
        if error.validator == "additionalProperties":
            yield _unknown_key(path, error.schema, document)
        elif path not in told:
            told.add(path)
            if error.validator in ("required", "oneOf", "minProperties"):
                yield from _lacking(path, error, extras.get(path, ()), document)
            else:
                yield from _wrong(path, error, document)


def _continues_a_pair(path: KeyPath, error: Any, document: Document) -> bool:
    """Whether this is the second number of a pair that lacks its brackets, which the first one has been told of."""
    if error.validator != "type" or error.schema.get("def") != "pair" or not isinstance(error.instance, int):
        return False
    siblings: Any = document.data
    for step in path[:-1]:
        siblings = siblings[step]
    return int(path[-1]) > 0 and isinstance(siblings[int(path[-1]) - 1], int)


_RANK: Final = {"type": 0, "required": 0, "oneOf": 0, "const": 0, "enum": 0, "minProperties": 2, "minLength": 2}
"""Of several errors at one place the one with the lowest rank is told."""


def _is_about_key(error: Any) -> bool:
    """Tell whether an error is about a key of a mapping, not about its value."""
    return "propertyNames" in list(error.relative_schema_path)[-2:]


def _path(error: Any) -> KeyPath:
    """Path of an error; jsonschema leaves out the key when the key itself is wrong."""
    path: KeyPath = tuple(error.relative_path)
    return (*path, error.instance) if _is_about_key(error) else path


def _fits(branch: _Schema, value: object) -> bool:
    """Tell whether a value is of the kind that a branch of `anyOf` is about."""
    if not branch.keys() & {"type", "const", "enum"}:
        return True
    if "const" in branch:
        return type(value) is type(branch["const"])
    if "enum" in branch:
        return isinstance(value, str)
    types = branch.get("type", ())
    return any(_is(value, each) for each in ((types,) if isinstance(types, str) else types))


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_TYPE_WORDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def _found(value: object) -> str:
    """Say what stands in the file."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {quote(value)}"
        case int() | float():
            return f"the number {value!r}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _subject(path: KeyPath, document: Document) -> str:
    """Name a place of the file: `party 9999`, `cluster`, an item of `modules`."""
    if not path:
        return "the file"
    if len(path) == 2 and isinstance(path[1], int) and (word := _ITEM_WORDS.get(str(path[0]))):  # noqa: PLR2004 - an item
        item = document.data[path[0]][path[1]] if isinstance(document.data.get(path[0]), list) else None
        own = item.get("id" if word == "party" else "name") if isinstance(item, dict) else None
        if isinstance(own, (str, int)) and not isinstance(own, bool):
            return f"{word} {_plain(str(own))}"
        return f"this {word}"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_subject(path[:-1], document)}"
    return f"`{_plain(path[-1])}`"


_ITEM_WORDS: Final = {
    "parties": "party",
    "exchanges": "exchange",
    "clusters": "cluster",
    "routes": "route",
    "topology": "shape",
    "expect": "expectation",
}


def _plain(text: str) -> str:
    """Quote without the quotes."""
    return quote(text)[1:-1]


def _unknown_key(path: KeyPath, schema: _Schema, document: Document) -> _Mistake:
    """Report a key that may not stand here, and say where it belongs."""
    key = path[-1]
    place = Place(path, on_key=True)
    where = _subject(path[:-1], document)
    known = list(schema.get("properties", ())) or list(schema.get("propertyNames", {}).get("enum", ()))
    if not isinstance(key, str) and not known:
        message = f"a key of {where} must be text, and this one is the number {key}"
        quoted = (RenameKey(path, str(key)),)
        return _Mistake(Diagnostic(UNSUPPORTED_YAML, message, place, f'write "{key}" in quotes', fix=quoted), path)
    key = str(key)
    place = replace(place, secret=_holds_secrets(schema))
    message = f"{where} has no key `{_plain(key)}`" if path[:-1] else f"unknown key `{_plain(key)}`"
    meant = _meant(key, known)
    fix: tuple[Edit, ...] = ()
    if meant is not None:
        hint = f"did you mean `{meant}`?"
        if _is_meant_once(path, meant, known, document) and _takes(schema, meant, path, document):
            fix = (RenameKey(path, meant),)
    elif _fold(key) in _DERIVED:
        hint = "delete it: fedplan works it out from `topology` and `routes`"
    elif homes := _homes().get(proper := _ALIASES.get(_fold(key), key)):
        hint = f"`{proper}` belongs {' or '.join(homes[:3])}"
    else:
        hint = f"delete it; known here are {', '.join(sorted(known))}"
    return _Mistake(Diagnostic(UNKNOWN_KEY, message, place, hint, fix=fix), path)


def _is_meant_once(path: KeyPath, meant: str, known: Collection[str], document: Document) -> bool:
    """Whether a key can only be `meant`, which stands nowhere beside it, and no other key can."""
    siblings: Any = document.data
    for step in path[:-1]:
        siblings = siblings[step]
    strange = [key for key in siblings if key not in known]
    claims = [key for key in strange if near_miss(str(key), known, siblings) == meant]
    return len(strange) <= _MANY and claims == [path[-1]]


def _takes(schema: _Schema, meant: str, path: KeyPath, document: Document) -> bool:
    """Whether the value of a misspelt key is of a kind that the meant one takes, if need be after a fix of its own."""
    value: Any = document.data
    for step in path:
        value = value[step]
    wanted = schema.get("properties", {}).get(meant)
    if wanted is None:  # one of many names of equal kind
        return True
    return any(_is(value, kind) for kind in _types(wanted)) or any(_retyped(path, wanted, value, document))


_MANY: Final = 20
"""Unknown keys of one mapping beyond which the mapping itself is hardly what was meant."""


def _meant(word: str, known: Iterable[str]) -> str | None:
    """Guess which known word was meant."""
    folded = {_fold(each): each for each in known}
    if (same := folded.get(_fold(word))) is not None:
        return same
    if (alias := _ALIASES.get(_fold(word))) in folded.values():
        return alias
    close = get_close_matches(_fold(word[:100]), folded, n=1, cutoff=0.75)
    close = close or [each for each in folded if _is_slip(_fold(word), each)]
    return folded[close[0]] if close else None


def _is_slip(word: str, known: str) -> bool:
    """Tell whether a short word, of which one letter is much, has two letters swapped or one mistaken."""
    if len(word) != len(known) or len(word) > 3:  # noqa: PLR2004 - longer words are compared as a whole
        return False
    mistaken = sum(1 for one, other in zip(word, known, strict=True) if one != other)
    return sorted(word) == sorted(known) or (mistaken == 1 and len(word) > 2)  # noqa: PLR2004 - a word of two is no clue


def _fold(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()


_DERIVED: Final = frozenset(("partylist", "partylists", "routetable", "exchangelist", "sni"))
"""What a hand-written cluster.yaml says and a federation.yaml need not (reference: cluster-yaml.md), folded."""
_ALIASES: Final = {
    "partyid": "id",
    "chartversion": "release",
    "backend": "engine",
    "ip": "address",
    "host": "address",
    "nodeport": "ports",
    "enabletls": "tls",
    "nodes": "parties",
    "persistent": "persistence",
}
"""What KubeFATE's cluster.yaml calls the same thing, folded (reference: cluster-yaml.md)."""


def _lacking(path: KeyPath, error: Any, extras: Iterable[str | int], document: Document) -> Iterator[_Mistake]:
    """Report keys that are missing, unless a misspelled key stands for them."""
    value = error.instance
    where = _subject(path, document)
    if UNREADABLE in value:  # a merge key, refused already, may have brought them
        yield _Mistake(None, path)
        return
    if error.validator == "minProperties" and (value or error.schema.get("def") == "route"):
        hint = "add `address` or `port`, or delete it"
        yield _Mistake(Diagnostic(MISSING_KEY, f"{where} changes nothing", Place(path), hint), path)
        return
    if error.validator == "minProperties":
        hint = "add a key to it, or delete it"
        yield _Mistake(Diagnostic(BAD_VALUE, f"{where} is an empty mapping", Place(path), hint), path)
        return
    if error.validator == "oneOf":
        yield from _bad_shape(path, value, extras, document)
        return
    properties = error.schema["properties"]
    meant = {_meant(str(key), error.schema["required"]) for key in extras}
    lacking = [key for key in error.schema["required"] if key not in value]
    told = [key for key in lacking if key not in meant]
    if told:
        names = ", ".join(f"`{key}`" for key in told[:-1]) + " and " * (len(told) > 1) + f"`{told[-1]}`"
        examples = " and ".join(f"`{key}: {_example(properties[key])}`" for key in told)
        message = f"{where} lacks {names}"
        hint = f"add {'it' if len(told) == 1 else 'them'}, for example {examples}"
        yield _Mistake(Diagnostic(MISSING_KEY, message, Place(path), hint), path)
    else:
        yield _Mistake(None, path)


def _example(schema: _Schema) -> str:
    return _flow(schema.get("examples", ("...",))[0])


def _bad_shape(
    path: KeyPath, value: dict[str | int, Any], extras: Iterable[str | int], document: Document
) -> Iterator[_Mistake]:
    """Report a shape of `topology` that is none, or several at once."""
    kinds = [key for key in value if key in _SHAPES]
    where = _subject(path, document)
    if not kinds:
        if any(_meant(str(key), _SHAPES) for key in extras):
            yield _Mistake(None, path)
            return
        message = f"{where} lacks one of `mesh`, `star`, `links`"
        diagnostic = Diagnostic(MISSING_KEY, message, Place(path), "add for example `mesh: all`")
    elif len(kinds) > 1:
        message = f"{where} is both `{kinds[0]}` and `{kinds[1]}`"
        diagnostic = Diagnostic(
            BAD_VALUE,
            message,
            Place((*path, kinds[1]), on_key=True),
            "write two shapes, each an item of the list `topology`",
            (Note("the first one is here", Place((*path, kinds[0]), on_key=True)),),
        )
    else:
        message = f"`through` goes with `star`, and {where} is a `{kinds[0]}`"
        hint = "delete `through`, or write `star`"
        diagnostic = Diagnostic(BAD_VALUE, message, Place((*path, "through"), on_key=True), hint)
    yield _Mistake(diagnostic, path)


_SHAPES: Final = ("mesh", "star", "links")


def _wrong(path: KeyPath, error: Any, document: Document) -> Iterator[_Mistake]:
    """Report a value that is of the wrong type or outside what is allowed."""
    schema, value = error.schema, error.instance
    if _is_about_key(error):
        if isinstance(value, str):  # other keys are told as unknown
            yield _bad_key(path, error, document)
        return
    if schema.get("def") == "secret" and not isinstance(value, (list, dict)) and value is not None:
        yield _Mistake(_bad_secret(path, value), path)
    elif path == ("version",):
        yield _Mistake(_unsupported_version(document, value), path)
    elif schema.get("def") == "partyId":
        yield _Mistake(_bad_id(path, value), path)
    elif error.validator in ("type", "anyOf") or not _enum_kind(schema, value):
        yield _Mistake(_wrong_type(path, error, document), path)
    elif error.validator == "uniqueItems":
        yield _Mistake(_repeated(path, value, document), path)
    else:
        yield _Mistake(_bad_value(path, error, document), path)


def _enum_kind(schema: _Schema, value: object) -> bool:
    """Tell whether a value is of the type that an `enum` or `const` has (text, in this schema)."""
    return not ("enum" in schema or "const" in schema) or isinstance(value, str)


def _unsupported_version(document: Document, value: object) -> Diagnostic:
    place = Place(("version",))
    if isinstance(value, int) and not isinstance(value, bool):
        message = f"version {value} of the format is not known to this fedplan"
        hint = "write `version: 1`" if value < 1 else "write `version: 1`, or use a newer fedplan"
        return Diagnostic(UNSUPPORTED_VERSION, message, place, hint)
    written = document.raw(("version",)) or _found(value)
    is_one = value == "1" or (isinstance(value, float) and value == 1)
    return Diagnostic(UNSUPPORTED_VERSION, f"the version must be the number 1, and this is {_plain(written)}", place,
                      "write `version: 1`", fix=(SetValue(("version",), 1),) if is_one else ())  # fmt: skip


def _bad_secret(path: KeyPath, value: object) -> Diagnostic:
    """Report a secret that is no reference. The value itself must never be shown."""
    place = Place(path, secret=True)
    scheme = value.partition(":")[0] if isinstance(value, str) and ":" in value else ""
    if scheme in _REFERENCES:
        return Diagnostic(
            BAD_SECRET_REFERENCE, f"this {scheme}: reference is malformed", place, f"write {_REFERENCES[scheme]}"
        )
    if scheme in _FOREIGN_SCHEMES:
        message = f"fedplan cannot resolve {scheme}: references"
        return Diagnostic(BAD_SECRET_REFERENCE, message, place, f"write {', or '.join(_REFERENCES.values())}")
    if isinstance(value, str) and (variable := _SHELL_VARIABLE.fullmatch(value)):
        message = "this is a variable in the shell's form, not a reference"
        name = variable[1] if variable[1].isidentifier() else "NAME"
        return Diagnostic(BAD_SECRET_REFERENCE, message, place, f"write env:{name}")
    message = f"{_subject_key(path)} holds a secret in plain text"
    return Diagnostic(
        INLINE_SECRET, message, place, "put the secret into an environment variable and write env:NAME, "
        "or use file:PATH or secret:NAMESPACE/NAME#KEY; change the secret if the file was ever committed",
    )  # fmt: skip


_REFERENCES: Final = {
    "env": "env:NAME, where NAME is letters, digits and _, and does not start with a digit",
    "file": "file:PATH",
    "secret": "secret:NAMESPACE/NAME#KEY",
}
_FOREIGN_SCHEMES: Final = frozenset(
    ("aws", "awssm", "azure", "configmap", "gcp", "gopass", "k8s", "keyring", "op", "pass", "ref", "sops", "ssm",
     "vals", "vault", "ENV", "FILE", "SECRET", "Env", "File", "Secret", "environ", "path")
)  # fmt: skip
_SHELL_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?|\$\{([^}]*)\}")


def _subject_key(path: KeyPath) -> str:
    names = [str(step) for step in path if isinstance(step, str)]
    return f"`{names[-1]}`" if names else "this"


def _holds_secrets(schema: _Schema) -> bool:
    """Tell whether a mapping has keys whose values are secrets."""
    return any(each.get("def") == "secret" for each in schema.get("properties", {}).values())


def _bad_id(path: KeyPath, value: object) -> Diagnostic:
    place = Place(path)
    rule = "a whole number from 1 to 999999"
    if isinstance(value, int) and not isinstance(value, bool):
        message = f"party id {_number(value)} is not from 1 to 999999"
        hint = "choose another id"
        if value == 0:
            message, hint = "party id 0 is what charts make of an id that is no number", "choose an id from 1 to 999999"
        elif value > 0:
            hint = "choose at most six digits: KubeFATE's charts print longer ids as 1e+06"
        return Diagnostic(RESERVED_ID, message, place, hint)
    hint = "write the id in digits"
    fix: tuple[Edit, ...] = ()
    if isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,5}", value):
        hint = f"remove the quotes: {value}"
        fix = (SetValue(path, int(value)),)
    elif isinstance(value, float) and value == int(value):
        hint = f"write {int(value)}"
        fix = (SetValue(path, int(value)),)
    elif value is None:
        hint = "write the party's id, for example 9999"
    return Diagnostic(RESERVED_ID, f"a party id is {rule}, and this is {_found(value)}", place, hint, fix=fix)


def _number(value: int) -> str:
    return str(value) if abs(value) < 10**18 else "of more than 18 digits"


def _wrong_type(path: KeyPath, error: Any, document: Document) -> Diagnostic:
    """Report a value of the wrong type, with the trap behind it."""
    schema, value = error.schema, error.instance
    secret = schema.get("def") == "secret" or _holds_secrets(schema)
    found = _found(value)
    if secret and isinstance(value, (str, int, float)):
        found = "a plain value"
    wanted = " or ".join(dict.fromkeys(_wanted(schema)))
    message = f"{_subject(path, document)} must be {wanted}, and this is {found}"
    hint = _type_hint(path, schema, value, document) if not secret else _example_hint(path, schema)
    fix = () if secret else tuple(_retyped(path, schema, value, document))
    return Diagnostic(WRONG_TYPE, message, Place(path, secret=secret), hint, fix=fix)


def _retyped(path: KeyPath, schema: _Schema, value: object, document: Document) -> Iterator[Edit]:
    """The edit that a hint about a type describes, where the schema leaves one reading of what stands there."""
    types = _types(schema)
    if isinstance(value, str) and "string" not in types:
        if "boolean" in types and value.lower() in _SPOKEN_TRUTH:
            yield SetValue(path, _SPOKEN_TRUTH[value.lower()] == "true")
        elif "integer" in types and re.fullmatch("[1-9][0-9]{0,17}", value):
            yield SetValue(path, int(value))
    elif isinstance(value, (int, float)) and "string" in types:
        written = document.raw(path)
        if written is not None and _allowed(schema, written):
            yield SetValue(path, written)
    if _bracket_hint(path, schema, value, document).startswith("put it in brackets"):
        yield Wrap(path)


def _wanted(schema: _Schema) -> Iterator[str]:
    if "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from _wanted(branch)
    elif "const" in schema or "enum" in schema:
        words = schema.get("enum", [schema.get("const")])
        yield f"one of {', '.join(map(str, words))}" if len(words) > 1 else f"`{words[0]}`"
    else:
        types = schema.get("type", "object")
        for each in (types,) if isinstance(types, str) else types:
            yield _TYPE_WORDS[each]


def _types(schema: _Schema) -> frozenset[str]:
    if "anyOf" in schema:
        return frozenset().union(*(_types(branch) for branch in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return frozenset(("string",))
    types = schema.get("type", "object")
    return frozenset((types,) if isinstance(types, str) else types)


def _type_hint(path: KeyPath, schema: _Schema, value: object, document: Document) -> str:
    types = _types(schema)
    if value is None:
        return "give it a value, or delete the key" if path and isinstance(path[-1], str) else "delete this item"
    if isinstance(value, str) and (spoken := _spoken(types, value)):
        return spoken
    if isinstance(value, (int, float)) and "string" in types:
        written = document.raw(path)
        if written is not None and _allowed(schema, written):
            return f'put it in quotes: "{_plain(written)}"'
    return _bracket_hint(path, schema, value, document) or _example_hint(path, schema)


def _spoken(types: frozenset[str], value: str) -> str:
    """What to write for a truth value or a number that is text here; empty for any other text."""
    if "boolean" in types and (truth := _SPOKEN_TRUTH.get(value.lower())):
        if value.lower() == truth:
            return f"remove the quotes: {truth}"
        return f"write {truth} (here yes, no, on and off are text, and only true and false are truth values)"
    if "integer" in types and re.fullmatch("[1-9][0-9]{0,17}", value):
        return f"remove the quotes: {value}"
    if "integer" in types and re.fullmatch("[-+]?[0-9]+(:[0-5]?[0-9])+", value):
        return "write the number in digits only; a number with a colon is text here, never base 60"
    return ""


def _bracket_hint(path: KeyPath, schema: _Schema, value: object, document: Document) -> str:
    """How to make a list of a value that stands where a list is wanted; empty where none is."""
    types = _types(schema)
    if schema.get("def") == "pair" and isinstance(value, int):
        return "put every pair in brackets of its own: [[9999, 10000]]"
    if "array" in types and isinstance(value, dict):
        lists = [branch for branch in schema.get("anyOf", [schema]) if "items" in branch]
        known = lists[0]["items"].get("properties", {}) if lists else {}
        if value and value.keys() <= known.keys() and len(_flow(value)) <= _SHORT:
            return f"put it in brackets: [{_flow(value)}]"
        return _list_hint(path, schema)
    if types == {"array"} and isinstance(value, (str, int)):
        if _types(schema["items"]) & {"string" if isinstance(value, str) else "integer"}:
            return f"put it in brackets: [{_plain(document.raw(path) or str(value))}]"
        return _list_hint(path, schema)
    return ""


_SHORT: Final = 60
"""Longest value that a hint repeats."""


def _list_hint(path: KeyPath, schema: _Schema) -> str:
    """Show a list where another kind of value stands."""
    for example in schema.get("examples", ()):
        if isinstance(example, list):
            return f"write a list, for example `{path[-1]}: {_flow(example)}`"
    if schema.get("items", {}).get("def") == "partyId":
        return "write a list of party ids, for example [9999, 10000]"
    return 'start each item with "- "'


_SPOKEN_TRUTH: Final = {
    "yes": "true", "y": "true", "on": "true", "true": "true", "enabled": "true",
    "no": "false", "n": "false", "off": "false", "false": "false", "disabled": "false",
}  # fmt: skip


def _allowed(schema: _Schema, text: str) -> bool:
    """Tell whether a text satisfies a schema for text, or one of its branches."""
    if "anyOf" in schema:
        return any(_allowed(branch, text) for branch in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    return "string" in schema.get("type", ()) and re.fullmatch(schema.get("pattern", ".*"), text) is not None


def _example_hint(path: KeyPath, schema: _Schema) -> str:
    name = path[-1] if path and isinstance(path[-1], str) else None
    if examples := schema.get("examples"):
        written = _flow(examples[0])
        return f"write for example `{name}: {written}`" if name else f"write for example `{written}`"
    if "required" in schema:
        own = {key: schema["properties"][key].get("examples", ("...",))[0] for key in schema["required"]}
        return f"write for example `{_flow(own)}`"
    return f"write {' or '.join(dict.fromkeys(_wanted(schema)))}"


def _flow(value: object) -> str:
    """Write an example the way it would stand in the file."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(_flow(each) for each in value) + "]"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if re.fullmatch("[0-9.]+|.*[:#*].*", value) else value
        case _:
            return str(value)


def _repeated(path: KeyPath, value: list[Any], document: Document) -> Diagnostic:
    first: dict[str, int] = {}
    index = next(
        number
        for number, item in enumerate(value)
        if isinstance(item, str) and first.setdefault(item, number) != number
    )
    note = Note("the first one is here", Place((*path, first[value[index]])))
    message = f"{quote(value[index])} stands twice in {_subject(path, document)}"
    place = Place((*path, index))
    return Diagnostic(BAD_VALUE, message, place, "keep one of the two", (note,), (Remove(place.path),))


def _bad_key(path: KeyPath, error: Any, document: Document) -> _Mistake:
    """Report a key that breaks the rule for the keys of this mapping."""
    key, schema = error.instance, error.schema
    place = Place(path, on_key=True)
    if "enum" in schema:
        return _unknown_key(path, {"propertyNames": schema}, document)
    if schema.get("def") == "name":
        return _Mistake(_bad_name(key, place), path)
    rule = RULES.get(schema.get("def", ""))
    if rule is not None:
        return _Mistake(Diagnostic(BAD_VALUE, f"the key `{_plain(key)}` is not {rule}", place, f"write {rule}"), path)
    message = f"`{_plain(key)}` is no resource name"
    return _Mistake(Diagnostic(BAD_VALUE, message, place, "write for example cpu, memory or nvidia.com/gpu"), path)


def _bad_name(name: str, place: Place) -> Diagnostic:
    """Report a name that is no DNS label: unsafe if it could lead out of `out/` or hide what it is."""
    if (danger := _danger(name)) is not None:
        return Diagnostic(UNSAFE_NAME, f"the name {quote(name)} {danger}", place, f"choose a name of {_NAME_RULE}")
    simple = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f"write for example {simple}" if simple else f"choose a name of {_NAME_RULE}"
    return Diagnostic(BAD_VALUE, f"the name {quote(name)} is not {_NAME_RULE}", place, hint)


_MAX_NAME: Final = 40
_NAME_RULE: Final = "lower-case letters, digits and inner dashes, at most 40"


def _danger(name: str) -> str | None:
    """Say how a name could do harm as a folder, in a terminal or to a reader's eye."""
    if name in _DEVICE_NAMES or name.lower().partition(".")[0] in _DEVICE_NAMES:
        return "is reserved for a device on Windows"
    if "/" in name or "\\" in name or name in (".", "..") or name.startswith("~"):
        return "is a path, and could lead out of the folder `out/`"
    for char in name:
        if not char.isprintable() and char != " ":
            known = unicodedata.name(char, "a control character").lower()
            return f"holds the invisible character U+{ord(char):04X} ({known})"
    if len(name) > _MAX_NAME:
        return f"has {len(name)} characters, and folders and Kubernetes names end before that"
    if not name.isascii():
        char = next(each for each in name if not each.isascii())
        return f"holds {char} (U+{ord(char):04X}), which may look like another letter"
    return None


def _bad_value(  # noqa: C901, PLR0911 - one return per keyword
    path: KeyPath, error: Any, document: Document
) -> Diagnostic:
    """Report a value of the right type that is not allowed."""
    schema, value, keyword = error.schema, error.instance, error.validator
    place = Place(path)
    subject = _subject(path, document)
    if keyword in ("enum", "const"):
        words = [str(word) for word in (error.validator_value if keyword == "enum" else [error.validator_value])]
        meant = _meant(value, words)
        hint = f"did you mean {meant}?" if meant else f"write one of {', '.join(words)}"
        if words == ["all"]:
            hint = "write all, or a list of party ids"
        elif path[-1] == "exposure" and _fold(value) == "loadbalancer":
            hint = "write `exposure: {type: LoadBalancer, address: 10.0.0.7}` with its address"
        elif len(words) == 1:
            hint = f"write {words[0]}"
        choice = f"; it is one of {', '.join(words)}" if len(words) > 1 else ""
        message = f"{subject} cannot be {quote(value)}{choice}"
        fix = (SetValue(path, meant),) if meant and near_miss(value, words) == meant else ()
        return Diagnostic(BAD_VALUE, message, place, hint, fix=fix)
    if keyword in ("minItems", "maxItems"):
        if schema.get("minItems") == schema.get("maxItems"):
            message = f"a pair names two parties, and this has {len(value)}"
            return Diagnostic(BAD_VALUE, message, place, "write for example [9999, 10000]")
        if schema["minItems"] > 1:
            message = f"{subject} needs at least {schema['minItems']} items"
            return Diagnostic(BAD_VALUE, message, place, "add an item, or write the single name without brackets")
        return Diagnostic(BAD_VALUE, f"{subject} is an empty list", place, "add an item, or delete the key")
    if keyword in ("minimum", "maximum"):
        low, high = schema.get("minimum"), schema.get("maximum")
        rule = f"from {low} to {high}" if high is not None else f"{low} or more"
        message = f"{subject} must be {rule}, and this is {_number(value)}"
        return Diagnostic(BAD_VALUE, message, place, f"write a number {rule}")
    if keyword == "maxLength":
        message = f"{subject} has {len(value)} characters, and at most {error.validator_value} are allowed"
        return Diagnostic(BAD_VALUE, message, place, "write a shorter value")
    if not value:
        return Diagnostic(BAD_VALUE, f"{subject} is empty", place, _example_hint(path, schema))
    if schema.get("def") == "name":
        return _bad_name(value, place)
    if path[-1] == "url" and "@" in value:
        message = f"{subject} holds a user name or a password"
        hint = "write the URL without them; they go into `user` and `password`"
        return Diagnostic(INLINE_SECRET, message, replace(place, secret=True), hint)
    named = next(str(step) for step in reversed(path) if isinstance(step, str))
    rule = RULES.get(named) or RULES[schema["def"]]
    hint = _example_hint(path, schema) if "examples" in schema else f"write {rule}"
    return Diagnostic(BAD_VALUE, f"{subject} must be {rule}, and this is {quote(value)}", place, hint)


# ---------------------------------------------------------------------------------------------------------------------
# Leaving out what is wrong


def _unreadable(value: object, path: KeyPath) -> Iterator[KeyPath]:
    """Find what source.py has reported already."""
    if value is UNREADABLE:
        yield path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _unreadable(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unreadable(each, (*path, index))


_Tree: TypeAlias = dict[Any, Any]
_GONE: Final = object()


def _prune(data: dict[str, Any], drop: Iterable[KeyPath]) -> tuple[dict[str, Any], set[KeyPath]]:
    """Copy data without the paths in `drop`, and without what is not whole any more when they are gone."""
    tree: _Tree = {}
    for path in drop:
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node.setdefault(path[-1], {})[_GONE] = True  # a mark that no key of the file can equal
    dropped: set[KeyPath] = set()

    def rebuild(value: Any, inside: _Tree, schemas: list[_Schema], path: KeyPath) -> Any:
        if _GONE in inside:
            dropped.add(path)
            return _GONE
        copy = value.copy()
        for step, deeper in inside.items():
            kept = rebuild(value[step], deeper, _step(schemas, step), (*path, step))
            if kept is not _GONE:
                copy[step] = kept
            elif isinstance(copy, dict):
                del copy[step]
            else:
                copy[step] = None
        if path and not _whole(value, copy, schemas):
            dropped.add(path)
            return _GONE
        return copy

    return rebuild(data, tree, [_inlined()], ()), dropped


def _step(schemas: list[_Schema], step: str | int) -> list[_Schema]:
    """Follow a key or an index through all branches of some schemas."""
    below: list[_Schema] = []
    for schema in schemas:
        candidates = [schema.get("properties", {}).get(step), schema.get("additionalProperties"), schema.get("items")]
        for candidate in candidates:
            if isinstance(candidate, dict):
                below.append(candidate)
                below.extend(candidate.get("anyOf", ()))
    return below


def _whole(before: Any, after: Any, schemas: list[_Schema]) -> bool:
    """Tell whether a list or mapping still makes sense after something was taken out of it."""
    if isinstance(after, list):
        kept = sum(item is not None for item in after)
        return all(
            kept >= schema.get("minItems", 0) and (kept == len(after) or schema.get("maxItems") is None)
            for schema in schemas
            if schema.get("type") == "array"
        )
    for schema in schemas:
        if schema.get("type") != "object":
            continue
        needed = schema.get("required", ())
        if schema.get("def") == "shape":
            needed = [key for key in (*_SHAPES, "through") if key in before]
        if len(after) < schema.get("minProperties", 0) or any(key not in after for key in needed):
            return False
    return True
