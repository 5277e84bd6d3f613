"""The generated reference pages of the documentation, as Markdown: schemas, faults, releases.

A schema's descriptions are the reference manual, so a page adds no facts of its own; it only puts the schema's
keywords into words. The same schema gives the same page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from planner.manual import Page

Schema: TypeAlias = Mapping[str, Any]
"""A JSON Schema (2020-12) or a part of one."""

KEYWORDS = frozenset({
    "$ref", "title", "description", "examples", "default", "type", "const", "enum", "anyOf", "oneOf", "not",
    "properties", "required", "additionalProperties", "propertyNames", "minProperties", "items", "minItems",
    "maxItems", "uniqueItems", "pattern", "minimum", "maximum", "minLength", "maxLength",
})  # fmt: skip
"""The keywords a page can put into words; `$schema`, `$id` and `$defs` stand at the root beside them."""

FAMILIES: Mapping[str, str] = {
    "1": "The file's shape",
    "2": "Routes",
    "3": "Addresses and ports",
    "4": "Releases, engines and modules",
    "5": "Serving",
    "6": "What a target cannot do",
    "7": "Read-back and drift",
    "8": "Security",
    "9": "What a cluster refuses or reports",
}
"""Families of faults by the first digit of their codes."""

_ROOT = "#"
_SHARED_KEY = re.compile(r"#/\$defs/([^/]+)/([^/]+)")
_DEFINITION = re.compile(r"#/\$defs/[^/]+")
_MARKDOWN_CODE = re.compile(r"(`[^`]*`|^ {4}.*$)", re.MULTILINE)
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_NO_SLUG = re.compile(r"[^A-Za-z0-9]+")


def federation_page(schema: Schema) -> str:
    """Describe every key of federation.yaml, from `planner/federation.schema.json`; examples are YAML."""
    return _Pages(schema, _yaml_pair, _yaml_value).page("planner/federation.schema.json")


def plan_json_page(schema: Schema) -> str:
    """Describe every key of out/plan.json, from `planner/plan.schema.json`; examples are JSON."""
    return _Pages(schema, _json_pair, _json_value).page("planner/plan.schema.json")


def report_json_page(schema: Schema) -> str:
    """Describe every key of the JSON report, from `renderers/report/report.schema.json`; examples are JSON."""
    return _Pages(schema, _json_pair, _json_value).page("renderers/report/report.schema.json")


def checks_index(pages: Sequence[Page]) -> str:
    """List all faults by family and code; each links to the file `<code>.md` that holds its page."""
    blocks = ["<!-- Generated from the docstrings under planner/checks/; do not edit. -->", "# Faults"]
    families: dict[str, list[Page]] = {}
    for page in sorted(pages, key=lambda page: page.fault.code):
        families.setdefault(page.fault.code.removeprefix("FED")[:1], []).append(page)
    for digit, members in families.items():
        blocks.append(f"## {FAMILIES.get(digit, 'Others')} (FED{digit}xx)")
        rows = [
            {
                "code": f"[{page.fault.code}]({page.fault.code}.md)",
                "name": _code(page.fault.name),
                "severity": page.fault.severity.value,
                "fault": _prose(page.title),
            }
            for page in members
        ]
        blocks.append(_table(rows))
    return _joined(blocks)


def check_page(page: Page) -> str:
    """Write the manual page of one fault; its examples keep the comments that mark the findings."""
    fault = page.fault
    blocks = [
        "<!-- Generated from the docstring of the fault's module; do not edit. -->",
        f"# {fault.code}: {fault.name}",
        f"**{_prose(page.title)}**",
        f"Severity: {fault.severity}. On the command line: `invoke explain {fault.code}`.",
    ]
    if page.prose:
        blocks.append(_prose(page.prose))
    if page.fault.mended:
        blocks.append(f"[`invoke plan --fix`](../../how-to/fix-a-plan.md) mends it: {_prose(page.fault.mended)}.")
    for heading, text in (("Bad", page.bad), ("Good", page.good)):
        if text:
            blocks += [f"## {heading}", f"```yaml\n{text}```"]
    if page.example:
        blocks += ["## Example", _prose(page.example)]
    return _joined(blocks)


def releases_page(releases: Sequence[Mapping[str, str]]) -> str:
    """Put the releases into one table: a row each, with the first row's keys as columns; cells are Markdown."""
    blocks = ["<!-- Generated from planner/releases/; do not edit. -->", "# Releases"]
    if releases:
        blocks.append(_table(releases))
    return _joined(blocks)


@dataclass(frozen=True, slots=True)
class _Section:
    """A mapping with keys of its own: `pointer` names it in the schema, `uses` links to the keys that hold it."""

    pointer: str
    title: str
    node: Schema
    uses: list[str] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"in-{_slug(self.title)}"


class _Pages:
    """A schema on its way to a page.

    Sections, shared keys and kinds of values are collected first, in the order in which the schema reaches them,
    because a key may link to what comes later.
    """

    def __init__(self, schema: Schema, pair: Callable[[str, Any], str], value: Callable[[Any], str]) -> None:
        self._root = schema
        self._pair = pair
        self._value = value
        self._sections: dict[str, _Section] = {}
        self._shared: dict[str, dict[str, list[str]]] = {}
        self._values: dict[str, Schema] = {}
        self._collect_section(_ROOT, "top level", schema)

    def page(self, source: str) -> str:
        """Write the whole page."""
        root = self._sections[_ROOT]
        is_closed = self._root.get("additionalProperties") is False
        blocks = [
            f"<!-- Generated from {source}; do not edit. -->",
            f"# {self._root['title']}",
            _prose(self._root["description"]),
            *(["A key that is not listed here is an error."] if is_closed else []),
            *self._mapping(root),
        ]
        for pointer, section in self._sections.items():
            if pointer != _ROOT:
                blocks += [_heading(2, section.title, section.anchor)]
                if section.uses:
                    blocks.append(f"Stands in: {', '.join(section.uses)}.")
                blocks += self._mapping(section)
        for group, keys in self._shared.items():
            blocks += [
                _heading(2, f"shared: {group}", f"shared-{_slug(group)}"),
                "These keys mean the same wherever they stand.",
            ]
            for key, users in keys.items():
                node = self._resolve(f"#/$defs/{group}/{key}")
                blocks += self._key(key, node, f"{_slug(group)}-{key}", stands_in=users)
        if self._values:
            blocks.append(_heading(2, "kinds of values", "values"))
            for name, node in self._values.items():
                blocks += [_heading(3, _label(name), f"value-{name}"), f"{_sentence(self._words(node))}"]
                if "description" in node:
                    blocks.append(_prose(node["description"]))
        return _joined(blocks)

    # Collecting -----------------------------------------------------------------------------------------------

    def _collect_section(self, pointer: str, title: str, node: Schema) -> None:
        self._sections[pointer] = section = _Section(pointer, title, node)
        prefix = "" if pointer == _ROOT else f"{title}."
        for key, child in node["properties"].items():
            shared = _SHARED_KEY.fullmatch(child.get("$ref", ""))
            if shared is None:
                link = _link(_code(f"{prefix}{key}"), _key_anchor(section, key))
                self._collect(child, f"{pointer}/properties/{key}", f"{prefix}{key}", link)
                continue
            group, name = shared.groups()
            known = self._shared.setdefault(group, {})
            users = known.setdefault(name, [])
            users.append(_link(_code(title), section.anchor))
            if len(users) == 1:
                link = _link(_code(name), f"{_slug(group)}-{name}")
                self._collect(self._resolve(child["$ref"]), child["$ref"], name, link)

    def _collect(self, node: Schema, pointer: str, title: str, link: str) -> None:
        """Find the sections and kinds of values that the schema of one key leads to."""
        if "$ref" in node:
            pointer = node["$ref"]
            title = pointer.rpartition("/")[2]
            target = self._resolve(pointer)
            if _is_kind_of_value(target):
                self._values.setdefault(title, target)
            node = target
        if "properties" in node:
            if pointer not in self._sections:
                self._collect_section(pointer, title, node)
            if link not in self._sections[pointer].uses:
                self._sections[pointer].uses.append(link)
            return
        for step, child in _children(node):
            self._collect(child, f"{pointer}/{step}", title, link)

    def _resolve(self, reference: str) -> Schema:
        """Give the part of the schema a local reference points at; KeyError where there is none."""
        node = self._root
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        return node

    # Writing --------------------------------------------------------------------------------------------------

    def _mapping(self, section: _Section) -> Iterator[str]:
        node = section.node
        if _DEFINITION.fullmatch(section.pointer) and "description" in node:
            yield _prose(node["description"])
        yield from _conditions(node)
        required = node.get("required", ())
        shared: dict[str, list[str]] = {}
        for key, child in node["properties"].items():
            found = _SHARED_KEY.fullmatch(child.get("$ref", ""))
            if found is None:
                yield from self._key(key, child, _key_anchor(section, key), is_required=key in required)
            else:
                group, name = found.groups()
                shared.setdefault(group, []).append(_link(_code(key), f"{_slug(group)}-{name}"))
        for group, links in shared.items():
            yield f"Also the {_link('shared keys', f'shared-{_slug(group)}')} {', '.join(links)}."

    def _key(
        self,
        key: str,
        node: Schema,
        anchor: str,
        *,
        is_required: bool = False,
        stands_in: Sequence[str] = (),
    ) -> Iterator[str]:
        merged = {**self._resolve(node["$ref"]), **node} if "$ref" in node else node
        yield _heading(3, _code(key), anchor)
        words = self._words(node)
        yield f"**required**, {words}" if is_required else _sentence(words).removesuffix(".")
        if "description" in merged:
            yield _prose(merged["description"])
        if stands_in:
            yield f"Stands in: {', '.join(stands_in)}."
        if "default" in merged:
            yield f"Default: {_code(self._value(merged['default']))}"
        examples = [_code(self._pair(key, example)) for example in merged.get("examples", ())]
        if len(examples) == 1:
            yield f"Example: {examples[0]}"
        elif examples:
            yield "Examples:\n\n" + "\n".join(f"- {example}" for example in examples)

    def _words(self, node: Schema) -> str:
        """Put into words what a value may be."""
        section = self._section_of(node)
        if section is not None:
            return _link(section.title, section.anchor) + (" or null" if "null" in node.get("type", ()) else "")
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            is_listed = name in self._values
            return _link(_label(name), f"value-{name}") if is_listed else self._words(self._resolve(node["$ref"]))
        if "const" in node:
            return _code(self._value(node["const"]))
        if "enum" in node:
            return f"one of {', '.join(_code(self._value(choice)) for choice in node['enum'])}"
        if "anyOf" in node or "oneOf" in node:
            choices = [self._words(choice) for choice in node.get("anyOf", node.get("oneOf"))]
            return ("; or " if any("," in choice for choice in choices) else " or ").join(choices)
        types = node.get("type", "any value")
        return " or ".join(self._typed(name, node) for name in ([types] if isinstance(types, str) else types))

    def _section_of(self, node: Schema) -> _Section | None:
        if "$ref" in node:
            return self._sections.get(node["$ref"])
        return next((section for section in self._sections.values() if section.node is node), None)

    def _typed(self, name: str, node: Schema) -> str:
        """Put one type and its bounds into words; a type without bounds is its own word."""
        match name:
            case "string":
                length = _range(node, "Length", " characters")
                words = f"text{' of' if length else ''}{length}{_pattern(node)}"
            case "integer" | "number":
                bounds = _range(node, "imum")
                words = f"{name}{' from' if ' to ' in bounds else ',' if bounds else ''}{bounds}"
            case "boolean":
                words = "`true` or `false`"
            case "array":
                items = self._words(node.get("items", {}))
                stated = (_range(node, "Items").strip(), "none twice" if node.get("uniqueItems") else "")
                bounds = ", ".join(bound for bound in stated if bound)
                words = f"list of {items} ({bounds})" if bounds else f"list of {items}"
            case "object":
                contents = f"{self._names(node)}{self._entries(node)}" or " of any kind"
                words = f"mapping{contents}{' (not empty)' if node.get('minProperties') else ''}"
            case _:
                words = name
        return words

    def _names(self, node: Schema) -> str:
        return f" from {self._words({'type': 'string', **node['propertyNames']})}" if "propertyNames" in node else ""

    def _entries(self, node: Schema) -> str:
        entries = node.get("additionalProperties")
        if not isinstance(entries, Mapping):
            return ""
        names = "" if "propertyNames" in node else " from text"
        return f"{names} to {self._words(entries)}"


def _children(node: Schema) -> Iterator[tuple[str, Schema]]:
    """Give the schemas inside one that has no keys of its own, each with its step."""
    for keyword in ("anyOf", "oneOf"):
        for index, child in enumerate(node.get(keyword, ())):
            yield f"{keyword}/{index}", child
    for keyword in ("items", "additionalProperties", "propertyNames"):
        child = node.get(keyword)
        if isinstance(child, Mapping):
            yield keyword, child


def _is_kind_of_value(node: Schema) -> bool:
    """Tell whether a definition is described once, under kinds of values; short choices are spelled out in place."""
    return "type" in node and node["type"] != "object" and not node.keys() & {"enum", "const", "properties"}


def _conditions(node: Schema) -> Iterator[str]:
    """Say what holds between the keys of a mapping."""
    least = node.get("minProperties", 0)
    if least == 1:
        yield "At least one key must be there."
    elif least > 1:
        yield f"At least {least} keys must be there."
    choices = [choice for choice in node.get("oneOf", ()) if "required" in choice]
    if choices:
        keys = [" with ".join(map(_code, choice["required"])) for choice in choices]
        yield f"Exactly one of {', '.join(keys)} must be there."
    for choice in choices:
        barred = [_code(key) for other in choice.get("not", {}).get("anyOf", ()) for key in other["required"]]
        if barred:
            yield f"{' with '.join(map(_code, choice['required']))} excludes {', '.join(barred)}."


def _range(node: Schema, suffix: str, unit: str = "") -> str:
    """Put the bounds of a number, a length or a count (`minimum`, `minLength`, `minItems`) into words."""
    least, most = node.get(f"min{suffix}"), node.get(f"max{suffix}")
    if least is None and most is None:
        return ""
    if least == most:
        return f" exactly {least}{unit}"
    if most is None:
        return f" at least {least}{unit.removesuffix('s') if least == 1 else unit}"
    return f" at most {most}{unit}" if least is None else f" {least} to {most}{unit}"


def _pattern(node: Schema) -> str:
    return f" matching {_code(node['pattern'])}" if "pattern" in node else ""


def _key_anchor(section: _Section, key: str) -> str:
    return _slug(key) if section.pointer == _ROOT else f"{_slug(section.title)}-{_slug(key)}"


def _slug(text: str) -> str:
    return _NO_SLUG.sub("-", text).strip("-")


def _label(name: str) -> str:
    """Turn `partyId` into words: party id."""
    return _CAPITAL.sub(r" \1", name).lower()


def _heading(level: int, text: str, anchor: str) -> str:
    return f'<a id="{anchor}"></a>\n\n{"#" * level} {text}'


def _link(text: str, anchor: str) -> str:
    return f"[{text}](#{anchor})"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _code(text: str) -> str:
    """Write a code span, with a fence that the text does not contain."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _prose(text: str) -> str:
    """Write prose as Markdown: outside code, `<id>` must not be taken for a tag."""
    parts = _MARKDOWN_CODE.split(text)
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    columns = tuple(rows[0])
    lines = [columns, ("---",) * len(columns), *(tuple(row[column] for column in columns) for row in rows)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _yaml_value(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _yaml_pair(key: str, value: object) -> str:
    return f"{_yaml_value(key)}: {_yaml_value(value)}"


def _json_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_pair(key: str, value: object) -> str:
    return f"{_json_value(key)}: {_json_value(value)}"
