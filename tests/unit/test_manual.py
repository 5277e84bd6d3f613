"""Manual pages: reading a fault module's docstring, showing it, and the generated reference pages."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
import yaml

from planner.diagnostics import Fault, Severity
from planner.manual import Page, explain, markers, page
from renderers import reference
from renderers.report import json_report

FAULT = Fault("FED106", "duplicate_key")
DOCSTRING = """A key stands twice in the same mapping.

    YAML readers keep the last of the two and say nothing, so a setting is lost without a word and nobody
    knows which of the two was meant (a fact with `<id>` in it).

    - a list
    - stays

    Bad:

        version: 1
        name: a
        name: b        # error: FED106

        parties: []

    Good:

        version: 1
    """
FEDERATION_SCHEMA: dict[str, Any] = json.loads(
    resources.files("planner").joinpath("federation.schema.json").read_text("utf-8"),
)
PLAN_SCHEMA: dict[str, Any] = json.loads(resources.files("planner").joinpath("plan.schema.json").read_text("utf-8"))


def test_page_has_the_parts_of_the_docstring() -> None:
    """Title, prose and both examples come out without the docstring's indentation."""
    assert page(DOCSTRING, FAULT) == Page(
        fault=FAULT,
        title="A key stands twice in the same mapping.",
        prose=(
            "YAML readers keep the last of the two and say nothing, so a setting is lost without a word and nobody\n"
            "knows which of the two was meant (a fact with `<id>` in it).\n\n- a list\n- stays"
        ),
        bad="version: 1\nname: a\nname: b        # error: FED106\n\nparties: []\n",
        good="version: 1\n",
    )


def test_page_with_an_example_in_prose() -> None:
    """A fault that no federation.yaml can show has an example in prose."""
    actual = page("The file cannot be read.\n\nIt is not there.\n\nExample:\n\nRun it in\nan empty folder.\n", FAULT)
    assert actual == Page(FAULT, "The file cannot be read.", "It is not there.", example="Run it in\nan empty folder.")


def test_indented_examples_stay_as_they_are() -> None:
    """What a terminal shows is neither wrapped nor, in Markdown, escaped."""
    actual = page("T.\n\nExample:\n\n    $ run <it>\n    done\n", FAULT)
    assert actual.example == "    $ run <it>\n    done"
    assert explain(actual).endswith("Example:\n\n    $ run <it>\n    done\n")
    assert reference.check_page(actual).endswith("## Example\n\n    $ run <it>\n    done\n")


def test_page_of_one_line() -> None:
    """A title is enough for a page."""
    assert page("A title.", FAULT) == Page(FAULT, "A title.", "")


@pytest.mark.parametrize(
    ("docstring", "reason"),
    [
        (None, "has no docstring"),
        ("Title\nsecond line", "needs an empty line"),
        ("T.\n\nBad:\n\n    a: 1\n", "needs Bad and Good together"),
        ("T.\n\nBad:\n\n    a: 1\n\nBad:\n\n    a: 1\n", "has two sections Bad"),
        ("T.\n\nBad:\n\n    a: 1\n\nGood:\n\n", "has an empty section Good"),
        ("T.\n\nBad:\n\n    a: 1\n\nGood:\n\n    a: 1\n\nmore\n", "not indented"),
        ("T.\n\nBad:\n\n    a: 1\n\nGood:\n\n    a: 1\n\nExample:\n\nmore\n", "has Bad and Example"),
    ],
)
def test_malformed_pages_are_refused(docstring: str | None, reason: str) -> None:
    """A docstring that departs from the form names the fault and how."""
    with pytest.raises(ValueError, match=f"FED106 duplicate_key.*{reason}"):
        page(docstring, FAULT)


def test_explain() -> None:
    """The terminal page has code, name, severity, wrapped prose and both examples with their markers."""
    expected = """\
FED106 duplicate_key (error)
A key stands twice in the same mapping.

YAML readers keep the last of the two and say nothing, so a
setting is lost without a word and nobody knows which of the
two was meant (a fact with `<id>` in it).

- a list
- stays

Bad:

    version: 1
    name: a
    name: b        # error: FED106

    parties: []

Good:

    version: 1
"""
    assert explain(page(DOCSTRING, FAULT), width=60) == expected


def test_explain_an_example_in_prose() -> None:
    """An example in prose is wrapped and indented."""
    actual = explain(Page(FAULT, "T.", "", example="some words that go on"), width=20)
    assert actual == "FED106 duplicate_key (error)\nT.\n\nExample:\n\nsome words that go\non\n"


def test_markers() -> None:
    """Each marker gives its line, severity and code; a comment may name several codes."""
    bad = "a: 1\nb: 2  # error: FED106\nc: 3 # warning: FED802, FED803  # error:FED111\n# error: none\n"
    assert markers(bad) == [
        (2, Severity.ERROR, "FED106"),
        (3, Severity.WARNING, "FED802"),
        (3, Severity.WARNING, "FED803"),
        (3, Severity.ERROR, "FED111"),
    ]


def schemas_of(schema: Any) -> list[dict[str, Any]]:
    """Every subschema, through the keywords that hold some."""
    found = [schema]
    for keyword in ("properties", "$defs"):
        for name, child in schema.get(keyword, {}).items():
            found += (
                [one for part in child.values() for one in schemas_of(part)]
                if name == "setting"
                else (schemas_of(child))
            )
    for keyword in ("anyOf", "oneOf"):
        found += [one for child in schema.get(keyword, []) for one in schemas_of(child)]
    for keyword in ("items", "additionalProperties", "propertyNames", "not"):
        if isinstance(schema.get(keyword), dict):
            found += schemas_of(schema[keyword])
    return found


PAGES = [
    (FEDERATION_SCHEMA, reference.federation_page),
    (PLAN_SCHEMA, reference.plan_json_page),
    (json_report.schema(), reference.report_json_page),
]


@pytest.mark.parametrize(("schema", "write"), PAGES, ids=["federation", "plan", "report"])
def test_schema_pages_are_complete(schema: dict[str, Any], write: Any) -> None:
    """Every key has a heading; every description, pattern and choice is there; every link has its anchor."""
    actual = write(schema)
    assert actual == write(schema)
    anchors = re.findall(r'<a id="([^"]+)">', actual)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", actual)) <= set(anchors)
    for part in schemas_of(schema):
        assert part.keys() <= reference.KEYWORDS | {"$schema", "$id", "$defs"}
        for key in part.get("properties", {}):
            assert f"\n### `{key}`\n" in actual
        if "description" in part:
            assert part["description"].replace("<", "&lt;") in actual.replace("<", "&lt;")
        if "pattern" in part:
            assert f"`{part['pattern']}`" in actual
        for choice in part.get("enum", []):
            assert f"`{choice}`" in actual or f'`"{choice}"`' in actual


def test_federation_examples_are_yaml() -> None:
    """An example line on the page reads back as the schema's example."""
    actual = reference.federation_page(FEDERATION_SCHEMA)
    lines = re.findall(r"(?:^Example: |^- )`(.+)`$", actual, re.MULTILINE)
    read = [yaml.safe_load(line) for line in lines]
    expected = [
        {key: example}
        for part in schemas_of(FEDERATION_SCHEMA)
        for key, child in part.get("properties", {}).items()
        for example in child.get("examples", ())
    ]
    assert all(example in read for example in expected)
    assert "### `cluster`\n\n**required**, [name](#value-name)\n" in actual
    assert actual.count("References to the secrets that replace KubeFATE's default passwords.") == 1


def test_checks_index_and_page() -> None:
    """The index groups faults by family and links to their pages; a page keeps the markers."""
    pages = [Page(Fault("FED802", "default_password", Severity.WARNING), "A | b.", ""), page(DOCSTRING, FAULT)]
    assert reference.checks_index(pages) == (
        "<!-- Generated from the docstrings under planner/checks/; do not edit. -->\n\n"
        "# Faults\n\n"
        "## The file's shape (FED1xx)\n\n"
        "| code | name | severity | fault |\n"
        "| --- | --- | --- | --- |\n"
        "| [FED106](FED106.md) | `duplicate_key` | error | A key stands twice in the same mapping. |\n\n"
        "## Security (FED8xx)\n\n"
        "| code | name | severity | fault |\n"
        "| --- | --- | --- | --- |\n"
        "| [FED802](FED802.md) | `default_password` | warning | A \\| b. |\n"
    )
    actual = reference.check_page(page(DOCSTRING, FAULT))
    assert actual.splitlines()[2] == "# FED106: duplicate_key"
    assert "(a fact with `<id>` in it)" in actual
    assert "## Bad\n\n```yaml\nversion: 1\nname: a\nname: b        # error: FED106\n\nparties: []\n```\n" in actual
    assert "## Example\n\nSome &lt;words>\n" in reference.check_page(Page(FAULT, "T.", "", example="Some <words>"))


def test_releases_page() -> None:
    """A row for each release, columns as the caller names them."""
    rows = [{"release": "v1.11.2", "engines": "eggroll"}, {"release": "v2.0.0", "engines": "eggroll, spark"}]
    assert reference.releases_page(rows).endswith(
        "# Releases\n\n| release | engines |\n| --- | --- |\n| v1.11.2 | eggroll |\n| v2.0.0 | eggroll, spark |\n",
    )
    assert reference.releases_page([]).endswith("# Releases\n")
