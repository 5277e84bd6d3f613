"""`plan --fix`: what it mends and what it leaves alone, the text around an edit, and the command from end to end."""

from __future__ import annotations

import ast
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from planner.catalogue import FAULTS
from planner.diagnostics import Append, Diagnostic, Edit, Remove, RenameKey, SetValue, Wrap
from planner.edits import applied, patches
from planner.fixes import mend
from planner.near_misses import near_miss
from planner.pipeline import check
from planner.source import Document, parse
from renderers.commands import run_plan
from renderers.report import json_report
from renderers.summary import diff_lines
from tasks import program
from tests.quick_yaml import loaded

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "how-to" / "fix-a-plan.md"
FEDERATION = """\
# The federation of bank and shop.
version: 1
name: demo
release: v1.11.2
topology: mesh  # everybody with everybody
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
defaults:
  credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""
MODULES = "rollsite, clustermanager, nodemanager, mysql, python"


class Case(NamedTuple):
    """One fault of a code, made by a replacement in FEDERATION, and what a fix leaves: None where there is none."""

    name: str
    code: str
    old: str
    new: str
    mended: str | None


BANK, SHOP = "{id: 9999, cluster: bank}", "{id: 10000, cluster: shop}"
MENDED = [
    Case("a version without its zero", "FED107", "192.168.9.1}", "192.168.9.1, kubernetes: 1.20}",
         '192.168.9.1, kubernetes: "1.20"}'),
    Case("a number with underscores", "FED107", BANK, "{id: 9999, cluster: bank, ports: {rollsite: 30_091}}",
         "{id: 9999, cluster: bank, ports: {rollsite: 30091}}"),
    Case("a hexadecimal port", "FED107", BANK, "{id: 9999, cluster: bank, ports: {rollsite: 0x758B}}",
         "{id: 9999, cluster: bank, ports: {rollsite: 30091}}"),
    Case("a number for an annotation", "FED110", BANK,
         "{id: 9999, cluster: bank, ingress: {fateboard: {annotations: {5: a}}}}",
         '{id: 9999, cluster: bank, ingress: {fateboard: {annotations: {"5": a}}}}'),
    Case("a misspelt key", "FED111", BANK, "{id: 9999, clutser: bank}", BANK),
    Case("a key in another case", "FED111", BANK, "{id: 9999, Cluster: bank}", BANK),
    Case("a misspelt key at the top", "FED111", "release:", "relase:", "release:"),
    Case("a misspelt module", "FED111", BANK, "{id: 9999, cluster: bank, components: {pyhton: {replicas: 1}}}",
         "{id: 9999, cluster: bank, components: {python: {replicas: 1}}}"),
    Case("a port in quotes", "FED112", BANK, '{id: 9999, cluster: bank, ports: {rollsite: "30091"}}',
         "{id: 9999, cluster: bank, ports: {rollsite: 30091}}"),
    Case("a word for false", "FED112", BANK, "{id: 9999, cluster: bank, tls: no}",
         "{id: 9999, cluster: bank, tls: false}"),
    Case("a version without quotes", "FED112", "192.168.9.1}", "192.168.9.1, kubernetes: 1.27}",
         '192.168.9.1, kubernetes: "1.27"}'),
    Case("a name without brackets", "FED112", BANK, "{id: 9999, cluster: bank, imagePullSecrets: harbor}",
         "{id: 9999, cluster: bank, imagePullSecrets: [harbor]}"),
    Case("a shape without brackets", "FED112", "topology: mesh", "topology: {mesh: all}", "topology: [{mesh: all}]"),
    Case("a misspelt word", "FED114", "topology: mesh", "topology: mehs", "topology: mesh"),
    Case("a word in another case", "FED114", BANK, "{id: 9999, cluster: bank, exposure: nodePort}",
         "{id: 9999, cluster: bank, exposure: NodePort}"),
    Case("a secret named twice", "FED114", BANK, "{id: 9999, cluster: bank, imagePullSecrets: [a, b, a]}",
         "{id: 9999, cluster: bank, imagePullSecrets: [a, b]}"),
    Case("a format in quotes", "FED115", "version: 1", "version: '1'", "version: 1"),
    Case("an id in quotes", "FED122", "id: 9999", "id: '9999'", "id: 9999"),
    Case("a link with itself", "FED205", "topology: mesh", "topology: [{links: [[9999, 10000], [9999, 9999]]}]",
         "topology: [{links: [[9999, 10000]]}]"),
    Case("a forbidden pair with itself", "FED205", "name: demo\n", "name: demo\nnever: [[9999, 9999]]\n",
         "name: demo\n"),
    Case("an expected pair with itself", "FED205", "name: demo\n", "name: demo\nexpect: [{pair: [9999, 9999]}]\n",
         "name: demo\n"),
    Case("a route to itself", "FED205", "name: demo\n",
         "name: demo\nroutes:\n  - {from: 9999, to: 9999, port: 9370}\n", "name: demo\n"),
    Case("a route to an exchange that nobody dials", "FED218", "name: demo\n",
         "name: demo\nexchanges: [{name: hub, cluster: bank}]\nroutes:\n- {from: 9999, to: 10000, port: 9370}\n"
         "- from: 9999\n  to: hub\n  port: 9371\n",
         "name: demo\nexchanges: [{name: hub, cluster: bank}]\nroutes:\n- {from: 9999, to: 10000, port: 9370}\n"),
    Case("a member named twice", "FED220", "topology: mesh", "topology: [{mesh: [9999, 10000, 9999]}]",
         "topology: [{mesh: [9999, 10000]}]"),
    Case("a pair forbidden twice", "FED220", "name: demo\n", "name: demo\nnever: [[9999, 10000], [10000, 9999]]\n",
         "name: demo\nnever: [[9999, 10000]]\n"),
    Case("a route written twice", "FED221", "name: demo\n",
         "name: demo\nroutes:\n  - {from: 9999, to: 10000, port: 9370}\n  - {from: 9999, to: 10000, port: 9370}\n",
         "name: demo\nroutes:\n  - {from: 9999, to: 10000, port: 9370}\n"),
    Case("an address with blanks", "FED304", "address: 192.168.9.1", 'address: " bank.example.com "',
         'address: "bank.example.com"'),
    Case("an address with a dot", "FED304", "address: 192.168.9.1", "address: bank.example.com.",
         "address: bank.example.com"),
    Case("a port of another engine", "FED314", BANK, "{id: 9999, cluster: bank, ports: {rabbitmq: 30094}}", BANK),
    Case("the router's port by another name", "FED314", BANK, "{id: 9999, cluster: bank, ports: {osx: 30091}}",
         "{id: 9999, cluster: bank, ports: {rollsite: 30091}}"),
    Case("a module by nearly its name", "FED405", BANK,
         f"{{id: 9999, cluster: bank, modules: [{MODULES.replace('nodemanager', 'nodemanger')}]}}",
         f"{{id: 9999, cluster: bank, modules: [{MODULES}]}}"),
    Case("modules that are missing", "FED405", BANK, "{id: 9999, cluster: bank, modules: [rollsite, mysql]}",
         "{id: 9999, cluster: bank, modules: [rollsite, mysql, clustermanager, nodemanager, python]}"),
    Case("a slash too many", "FED408", "defaults:\n", "defaults:\n  registry: harbor.example.com:5000/fate/\n",
         "defaults:\n  registry: harbor.example.com:5000/fate\n"),
    Case("a key of the chart by nearly its name", "FED411", BANK,
         "{id: 9999, cluster: bank, overrides: {python: {affinty: {}}}}",
         "{id: 9999, cluster: bank, overrides: {python: {affinity: {}}}}"),
    Case("a key that no release uses", "FED412", FEDERATION,
         FEDERATION.replace("v1.11.2", "v2.0.0").replace(
             BANK, "{id: 9999, cluster: bank, overrides: {osx: {polling: {concurrency: 5}}}}"),
         FEDERATION.replace("v1.11.2", "v2.0.0")),
]  # fmt: skip
LEFT_ALONE = [
    Case("octal or decimal", "FED107", BANK, "{id: 9999, cluster: bank, ports: {rollsite: 030091}}", None),
    Case("two keys for one", "FED111", BANK, "{id: 9999, cluster: bank, regstry: a, registri: b}", None),
    Case("the right key is there", "FED111", BANK, "{id: 9999, cluster: bank, clustr: shop}", None),
    Case("a key of another program", "FED111", BANK, "{id: 9999, cluster: bank, partyId: 9999}", None),
    Case("a value that does not fit the near key", "FED111", BANK, "{id: 9999, cluster: bank, port: 30091}", None),
    Case("base 60", "FED112", BANK, "{id: 9999, cluster: bank, ports: {rollsite: 30:09}}", None),
    Case("a secret that looks like a variable", "FED805", '"env:FATEBOARD_PASSWORD"', '"$ecret"', None),
    Case("a secret in plain text", "FED801", '"env:FATEBOARD_PASSWORD"', "hunter2", None),
    Case("a party in two groups", "FED220", "topology: mesh",
         "exchanges: [{name: a, cluster: bank}, {name: b, cluster: shop}]\n"
         "topology: [{star: {a: [10000, 9999], b: [10000]}}]", None),
    Case("a party that polls itself", "FED205", BANK, "{id: 9999, cluster: bank, polling: 9999}", None),
    Case("a link in a file with an unknown key", "FED205", "topology: mesh",
         "bogus: 1\ntopology: [{links: [[9999, 9999], [9999, 10000]]}, {mesh: all}]", None),
    Case("a member twice in a file with an unknown key", "FED220", "topology: mesh",
         "bogus: 1\ntopology: [{mesh: [9999, 10000, 9999]}]", None),
    Case("a key that another release uses", "FED412", FEDERATION,
         FEDERATION.replace("v1.11.2", "v2.0.0").replace(
             BANK, "{id: 9999, cluster: bank, overrides: {python: {hdfs: {path_prefix: x}}}}"), None),
    Case("one direction at two ports", "FED221", "name: demo\n",
         "name: demo\nroutes: [{from: 9999, to: 10000, port: 1}, {from: 9999, to: 10000, port: 2}]\n", None),
    Case("a route that may be meant for the exchange", "FED218", "topology: mesh",
         "topology: star\nexchanges: [{name: hub, cluster: bank}]\n"
         "routes: [{from: 9999, to: 10000, port: 9370}]", None),
    Case("two sites with one port", "FED301", BANK + "\n  - " + SHOP,
         "{id: 9999, cluster: bank, ports: {rollsite: 30091}}\n"
         "  - {id: 10000, cluster: bank, ports: {rollsite: 30091}}", None),
    Case("half an id", "FED122", "id: 9999", "id: 9999.5", None),
    Case("a port outside the range", "FED302", BANK, "{id: 9999, cluster: bank, ports: {rollsite: 40091}}", None),
    Case("an address with a port", "FED304", "192.168.9.1", '"192.168.9.1:30091"', None),
    Case("a pin that exposure would need", "FED314", BANK,
         "{id: 9999, cluster: bank, fateflow: ClusterIP, ports: {fateflowHttp: 30097}}", None),
    Case("a database of its own or none", "FED405", BANK,
         f"{{id: 9999, cluster: bank, modules: [{MODULES.replace('mysql, ', '')}]}}", None),
    Case("a cluster that nobody declares", "FED124", BANK, "{id: 9999, cluster: bnk}", None),
    Case("a party that nobody declares", "FED123", "name: demo\n", "name: demo\nnever: [[9999, 1000]]\n", None),
    Case("two values for a key", "FED106", "name: demo\n", "name: demo\nname: other\n", None),
]  # fmt: skip


def mended(text: str) -> str:
    """The text after its fixes."""
    return mend(text.encode()).data.decode()


def codes(diagnostics: tuple[Diagnostic, ...]) -> set[str]:
    """The codes of some findings."""
    return {each.fault.code for each in diagnostics}


def spoiled(case: Case) -> str:
    """FEDERATION with the fault of a case."""
    assert FEDERATION.count(case.old) == 1
    return FEDERATION.replace(case.old, case.new)


@pytest.mark.parametrize("case", MENDED, ids=lambda case: case.name)
def test_hints_that_leave_nothing_to_decide_are_done(case: Case) -> None:
    """The finding is there and brings its fix; afterwards it is gone, and nothing else in the text has changed."""
    assert case.mended is not None
    text = spoiled(case)
    found = check(text.encode()).diagnostics
    assert [each for each in found if each.fault.code == case.code and each.fix] != []
    result = mend(text.encode())
    assert result.data.decode() == FEDERATION.replace(case.old, case.mended)
    assert codes(result.fixed) == {case.code}
    assert case.code not in codes(result.checked.diagnostics)
    assert result.spared == ()


@pytest.mark.parametrize("case", LEFT_ALONE, ids=lambda case: case.name)
def test_what_a_person_must_decide_is_left_alone(case: Case) -> None:
    """The finding is there, and not one byte changes."""
    text = spoiled(case)
    found = [each for each in check(text.encode()).diagnostics if each.fault.code == case.code]
    assert found != []
    assert [each for each in found if each.fix] == []
    assert mended(text) == text


def test_only_the_number_one_is_taken_for_a_version() -> None:
    """Another number may be meant for another fedplan."""
    assert mended(FEDERATION.replace("version: 1", "version: 1.0")) == FEDERATION
    for version in ("2", "'2'", "true", "v1", "[1]"):
        text = FEDERATION.replace("version: 1", f"version: {version}")
        assert mended(text) == text


def test_every_code_that_is_mended_has_a_case_and_says_what_is_done() -> None:
    """The catalogue, the cases here and the code that makes fixes name the same codes."""
    told = {module.FAULT.code for module in FAULTS if module.FAULT.mended}
    assert told == {case.code for case in MENDED}
    named = set()
    for module in FAULTS:
        assert module.__file__ is not None
        source = Path(module.__file__).read_text()
        edits = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        if edits & {"SetValue", "RenameKey", "Remove", "Append", "Wrap"}:
            named.add(module.FAULT.code)
    assert named <= told
    for module in FAULTS:
        clause = module.FAULT.mended
        assert clause == clause.strip()
        assert not clause.endswith(".")


def test_the_page_lists_what_is_mended() -> None:
    """The table of the how-to page is the catalogue's."""
    rows = re.findall(r"^\| \[(FED\d{3})\]\(\S+\) `(\w+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    expected = [(m.FAULT.code, m.FAULT.name, m.FAULT.mended) for m in FAULTS if m.FAULT.mended]
    assert rows == expected, "\n".join(
        f"| [{code}](../reference/checks/{code}.md) `{name}` | {clause} |" for code, name, clause in expected
    )


# ---------------------------------------------------------------------------------------------------------------------
# Edits in the text


def read(text: str) -> Document:
    """A document without findings."""
    document, findings = parse(text.encode())
    assert findings == ()
    assert document is not None
    return document


EDITS: list[tuple[str, str, Edit, str]] = [
    ("block value", "a: 1  # one\nb: 2\n", SetValue(("a",), 3), "a: 3  # one\nb: 2\n"),
    ("value in double quotes", 'a: "x"\n', SetValue(("a",), 'é"\\'), 'a: "é\\"\\\\"\n'),
    ("value in single quotes", "a: 'x'\n", SetValue(("a",), "it's"), "a: 'it''s'\n"),
    ("text like a number", "a: 1.5\n", SetValue(("a",), "1.5"), 'a: "1.5"\n'),
    ("text like a truth value", "a: x\n", SetValue(("a",), "no"), 'a: "no"\n'),
    ("text with a colon", "{a: x}\n", SetValue(("a",), "b: c"), '{a: "b: c"}\n'),
    ("CRLF", "a: 1\r\nb: 2\r\n", SetValue(("a",), 3), "a: 3\r\nb: 2\r\n"),
    ("tab in a comment", "a: 1 \t# x\ty\nb: 2\n", SetValue(("a",), 3), "a: 3 \t# x\ty\nb: 2\n"),
    ("wide characters", "é: '\U0001f600'  # \U0001f600\nb: 1\n", SetValue(("b",), 2),
     "é: '\U0001f600'  # \U0001f600\nb: 2\n"),
    ("key", "a:  # c\n  b: 1\n", RenameKey(("a",), "x"), "x:  # c\n  b: 1\n"),
    ("key in quotes", "{'a': 1}\n", RenameKey(("a",), "x"), "{'x': 1}\n"),
    ("key that is a number", "{5: 1}\n", RenameKey((5,), "5"), '{"5": 1}\n'),
    ("list of one", "a: x  # c\n", Wrap(("a",)), "a: [x]  # c\n"),
    ("list of one mapping", "a: {b: 1}\n", Wrap(("a",)), "a: [{b: 1}]\n"),
    ("block key", "a: 1\nb:\n  c: 1\n  d: 2\n# after\ne: 5\n", Remove(("b",)), "a: 1\n# after\ne: 5\n"),
    ("block key without value", "a: 1\nb:  # nothing\ne: 5\n", Remove(("b",)), "a: 1\ne: 5\n"),
    ("last block key", "a: 1\nb: 2", Remove(("b",)), "a: 1\n"),
    ("block key with text of several lines", "a: |\n  x\n\n  y\n\nb: 1\n", Remove(("a",)), "\nb: 1\n"),
    ("block item", "- a\n# on b\n- b  # b\n- c\n", Remove((1,)), "- a\n# on b\n- c\n"),
    ("block item that is a mapping", "- a: 1\n  b: 2\n- c: 3\n", Remove((0,)), "- c: 3\n"),
    ("first key of an item", "- a: 1  # one\n  b: 2\n", Remove((0, "a")), "- b: 2\n"),
    ("dash alone on its line", "-\n  a: 1\n-\n  b: 2\n", Remove((0,)), "-\n  b: 2\n"),
    ("list in a list", "- - a\n  - b\n- c\n", Remove((0, 0)), "- - b\n- c\n"),
    ("only item", "a: 1\nb:\n  - c: [x]\n", Remove(("b", 0, "c", 0)), "a: 1\n"),
    ("only key", "- {a: {b: 1}, c: 2}\n- 1\n", Remove((0, "a", "b")), "- {c: 2}\n- 1\n"),
    ("first in brackets", "[a, b, c]\n", Remove((0,)), "[b, c]\n"),
    ("middle in brackets", "{a: 1, b: 2, c: 3}\n", Remove(("b",)), "{a: 1, c: 3}\n"),
    ("last in brackets", "{ a: 1, b: 2 }\n", Remove(("b",)), "{ a: 1 }\n"),
    ("last in brackets before a comma", "[a, b,]\n", Remove((1,)), "[a, ]\n"),
    ("key without value in brackets", "{a, b: 1}\n", Remove(("a",)), "{b: 1}\n"),
    ("last on its line", "[a, b,\n c]\n", Remove((1,)), "[a,\n c]\n"),
    ("before a comment", "[a, b, # on c\n c]\n", Remove((1,)), "[a, # on c\n c]\n"),
    ("line of its own in brackets", "[\n  a,  # a\n  b,  # b\n  c  # c\n]\n", Remove((1,)),
     "[\n  a,  # a\n  c  # c\n]\n"),
    ("last line in brackets", "[\n  a,  # a\n  b  # b\n]\n", Remove((1,)), "[\n  a,  # a\n]\n"),
    ("leading commas", "[a\n, b # b\n, c]\n", Remove((2,)), "[a\n, b # b\n]\n"),
    ("removal with CRLF", "- a\r\n- b\r\n- c\r\n", Remove((1,)), "- a\r\n- c\r\n"),
    ("one more in brackets", "[a, b]  # c\n", Append((), "c"), ""),
    ("one more", "x: [a, b]  # c\n", Append(("x",), "c"), "x: [a, b, c]  # c\n"),
    ("one more before a comma", "x: [a, b,]\n", Append(("x",), "c"), "x: [a, b, c,]\n"),
    ("one more line in brackets", "x: [\n  a,\n  b  # b\n]\n", Append(("x",), "c"), "x: [\n  a,\n  b,  # b\n  c\n]\n"),
    ("one more line with a comma", "x: [\n  a,\n  b,\n]\n", Append(("x",), "c"), "x: [\n  a,\n  b,\n  c,\n]\n"),
    ("one more item", "x:\n  - a  # a\n\ny: 1\n", Append(("x",), "c"), "x:\n  - a  # a\n  - c\n\ny: 1\n"),
    ("one more at the end", "x:\n- a", Append(("x",), "c"), "x:\n- a\n- c"),
    ("one more with CRLF", "x:\r\n- a\r\n", Append(("x",), "c"), "x:\r\n- a\r\n- c\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "edit", "expected"), EDITS, ids=[each[0] for each in EDITS])
def test_edits_change_nothing_else(name: str, text: str, edit: Edit, expected: str) -> None:
    """What stands around an edit stays: comments, quotes, blanks, line breaks."""
    actual = applied(read(text), [(edit,)])
    assert (name, actual) == (name, expected or None)


REFUSED: list[tuple[str, str, Edit]] = [
    ("inside an anchor", "a: &x {b: 1, c: 2}\nd: *x\n", SetValue(("a", "b"), 3)),
    ("through an alias", "a: &x {b: 1, c: 2}\nd: *x\n", SetValue(("d", "b"), 3)),
    ("an alias", "a: &x 1\nd: *x\n", SetValue(("d",), 3)),
    ("an anchored value", "a: &x 1\nd: *x\n", Remove(("a",))),
    ("around an anchor that is used", "a: {b: &x 1, c: 2}\nd: *x\n", Remove(("a",))),
    ("an anchored key", "&x a: 1\nb: *x\n", RenameKey(("a",), "c")),
    ("no value", "a:\nb: 1\n", SetValue(("a",), 3)),
    ("several lines", "a: |\n  x\nb: 1\n", SetValue(("a",), 3)),
    ("a folded value", "a: x\n  y\nb: 1\n", SetValue(("a",), 3)),
    ("a mapping", "a: {b: 1}\n", SetValue(("a",), 3)),
    ("a block in brackets", "a:\n  b: 1\n", Wrap(("a",))),
    ("nowhere", "a: 1\n", SetValue(("b",), 3)),
    ("all there is", "a: 1\n", Remove(("a",))),
    ("the root", "a: 1\n", Remove(())),
    ("an item as a key", "- a\n", RenameKey((0,), "b")),
    ("a comment between two keys", "- a: 1\n  # on b\n  b: 2\n", Remove((0, "a"))),
    ("a key that is there", "a: 1\nb: 2\n", RenameKey(("a",), "b")),
    ("an empty list", "a: []\n", Append(("a",), "b")),
    ("no list", "a: 1\n", Append(("a",), "b")),
]


@pytest.mark.parametrize(("name", "text", "edit"), REFUSED, ids=[each[0] for each in REFUSED])
def test_edits_that_could_change_something_else_are_refused(name: str, text: str, edit: Edit) -> None:
    """Where an edit would show elsewhere, lose a comment or mean something else, the text stays."""
    assert (name, applied(read(text), [(edit,)])) == (name, None)


def test_fixes_that_cannot_be_made_are_not_offered() -> None:
    """A finding inside an anchor has no fix; the same one outside has."""
    plain = FEDERATION.replace("  credentials:", "  registry: harbor.example.com/fate/\n  credentials:")
    anchored = plain.replace("defaults:", "defaults: &all")
    found = [[each for each in check(text.encode()).diagnostics if each.fix] for text in (plain, anchored)]
    assert [len(each) for each in found] == [1, 0]
    assert mended(anchored) == anchored


def test_a_value_is_mended_where_several_sites_have_it_from() -> None:
    """A value under `defaults` is set there; a pin that another site needs is not removed there."""
    text = FEDERATION.replace("defaults:\n", "defaults:\n  overrides: {python: {affinty: {}}}\n")
    assert mended(text) == text.replace("affinty", "affinity")


def test_what_comes_to_light_later_is_mended_too() -> None:
    """Below a misspelt key nothing is read; once it has its name, what stands there is mended in the next round."""
    text = FEDERATION.replace(BANK, "{id: 9999, clutser: bank, prots: {rolsite: '30091'}}")
    assert mended(text) == FEDERATION.replace(BANK, "{id: 9999, cluster: bank, ports: {rollsite: 30091}}")


def test_the_last_of_several_repetitions_leaves_a_whole_list() -> None:
    """Repetitions side by side are removed, and nothing but them."""
    text = FEDERATION.replace("topology: mesh", "topology: [{mesh: [9999, 9999, 10000, 10000, 9999]}]")
    assert mended(text) == FEDERATION.replace("topology: mesh", "topology: [{mesh: [9999, 10000]}]")


def test_a_list_whose_items_all_go_goes_with_its_key() -> None:
    """No key is left without a value."""
    text = FEDERATION.replace("name: demo\n", "name: demo\nnever:\n  - [9999, 9999]\n  - [10000, 10000]\n")
    assert mended(text) == FEDERATION


def test_a_fix_that_brings_another_error_is_left_out() -> None:
    """The pin would take its neighbour's port; the other fix of the same round stays."""
    text = FEDERATION.replace(
        BANK + "\n  - " + SHOP,
        "{id: 9999, cluster: bank, ports: {rollsite: 30091}}\n"
        "  - {id: 10000, cluster: bank, ports: {osx: 30091, rabbitmq: 30104}}",
    )
    result = mend(text.encode())
    assert result.data.decode() == text.replace(", rabbitmq: 30104", "")
    assert [each.fault.code for each in result.spared] == ["FED314"]
    assert mend(result.data).data == result.data


def test_a_fix_that_waits_gets_its_turn() -> None:
    """Of two fixes that meet, the second is tried where the first is left out."""
    pins = "{id: 9999, cluster: bank, ports: {rollsite: 30091}}\n  - {id: 10000, cluster: bank, ports: {%s}}"
    text = FEDERATION.replace(BANK + "\n  - " + SHOP, pins % "osx: 30091, rabbitmq: 30104, pulsar: 30104")
    result = mend(text.encode())
    assert result.data.decode() == FEDERATION.replace(BANK + "\n  - " + SHOP, pins % "osx: 30091")


def test_many_fixes_take_few_rounds() -> None:
    """Hundreds of mistakes are mended at once, and one that cannot be does not keep the others."""
    pairs = "\n".join(f"  - [{number}, {number}]  # {number}" for number in [9999, 10000] * 60)
    pins = "{id: 9999, cluster: bank, ports: {rollsite: 30091}}\n  - {id: 10000, cluster: bank, ports: {osx: 30091}}"
    text = FEDERATION.replace("name: demo\n", f"name: demo\nnever:\n{pairs}\n  - [9999, 10001]\n")
    text = text.replace(BANK + "\n  - " + SHOP, pins)
    result = mend(text.encode())
    assert result.data.decode() == FEDERATION.replace(
        "name: demo\n", "name: demo\nnever:\n  - [9999, 10001]\n"
    ).replace(BANK + "\n  - " + SHOP, pins)
    assert len(result.fixed) == 120


def test_byte_order_mark_and_line_breaks_stay() -> None:
    """A file of Windows keeps its mark and its CRLF."""
    text = FEDERATION.replace("release:", "relase:").replace("\n", "\r\n")
    result = mend(b"\xef\xbb\xbf" + text.encode())
    assert result.data == b"\xef\xbb\xbf" + FEDERATION.replace("\n", "\r\n").encode()


def test_an_unreadable_file_stays() -> None:
    """What is no YAML or no UTF-8 is not touched."""
    for data in (b"a: [", b"\xff", b"", b"[]"):
        assert mend(data).data == data


def test_near_misses() -> None:
    """One slip in a short word, two in a long one, and only where a single word can be meant."""
    known = ("rollsite", "rabbitmq", "pulsar", "pulsarTls", "tls", "id", "name")
    assert near_miss("rolsite", known) == "rollsite"
    assert near_miss("Roll-Site", known) == "rollsite"
    assert near_miss("rabitmqq", known) == "rabbitmq"
    assert near_miss("tsl", known) == "tls"
    assert near_miss("nmae", known) == "name"
    assert near_miss("rolsite", known, present={"rollsite": 1}) is None
    assert near_miss("idd", known) is None
    assert near_miss("ids", ("idx", "idy")) is None
    assert near_miss("pulsars", ("pulsar", "pulsar2")) is None
    assert near_miss("something", known) is None


def test_patches_meet_only_in_their_own_place() -> None:
    """What an edit changes is a stretch of the text, told by its indices."""
    found = patches(read("a: 1\nb: 2\n"), (SetValue(("b",), 30),))
    assert found is not None
    assert [(each.start, each.end, each.text) for each in found] == [(8, 9, "30")]


# ---------------------------------------------------------------------------------------------------------------------
# The command


class Folder:
    """A folder with a federation.yaml in which plan runs."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.file = path / "federation.yaml"
        self.file.write_text(text)

    def plan(self, format_name: str = "text", **options: Any) -> tuple[str, int]:
        wanted: dict[str, Any] = {"check_only": False, "with_diff": False, "against": None, "forget": ()}
        return run_plan(str(self.file), None, format_name, **(wanted | options))

    def files(self) -> Mapping[str, bytes]:
        return {str(each.relative_to(self.path)): each.read_bytes() for each in self.path.rglob("*") if each.is_file()}


SLASH = FEDERATION.replace("defaults:\n", "defaults:\n  registry: harbor.example.com/fate/  # ours\n")
NO_SLASH = SLASH.replace("fate/", "fate")
DIFF = """\
--- a/federation.yaml
+++ b/federation.yaml
@@ -10,5 +10,5 @@
   - {id: 9999, cluster: bank}
   - {id: 10000, cluster: shop}
 defaults:
-  registry: harbor.example.com/fate/  # ours
+  registry: harbor.example.com/fate  # ours
   credentials: {mysql: "env:FATE_MYSQL_PASSWORD", fateboard: "env:FATEBOARD_PASSWORD"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder whose federation has one mistake that can be mended."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Folder(tmp_path, SLASH)


def test_fix_shows_writes_and_plans(folder: Folder) -> None:
    """The difference comes first, then the file is mended, then it is planned; the next run has nothing to do."""
    text, code = folder.plan(fix=True)
    assert text.startswith(DIFF)
    assert "fixed in " in text
    assert "2 of 2 routes proved" in text
    assert text.endswith("federation.yaml was fixed\n")
    assert (code, folder.file.read_text()) == (0, NO_SLASH)
    assert (folder.path / "out" / "party-9999" / "cluster.yaml").exists()
    text, code = folder.plan(fix=True)
    assert text.startswith("nothing in ")
    assert (code, folder.file.read_text()) == (0, NO_SLASH)


def test_dry_run_only_shows(folder: Folder) -> None:
    """Nothing is written, not even out/, and the exit code says that something would be."""
    before = folder.files()
    text, code = folder.plan(fix=True, dry_run=True)
    assert text.startswith(DIFF)
    assert "would be fixed in" in text
    assert "error[FED408]" in text
    assert text.endswith("nothing was written; `invoke plan --fix` fixes 1 finding\n")
    assert (code, folder.files()) == (2, before)


def test_dry_run_without_a_fix_ends_as_check_does(folder: Folder) -> None:
    """0 where out/ is up to date, 2 where it is not, 1 where the file has errors."""
    folder.file.write_text(NO_SLASH)
    assert folder.plan(fix=True, dry_run=True)[1] == folder.plan(check_only=True)[1] == 2
    assert not (folder.path / "out").exists()
    folder.plan()
    assert folder.plan(fix=True, dry_run=True)[1] == folder.plan(check_only=True)[1] == 0
    folder.file.write_text(NO_SLASH.replace("cluster: bank", "cluster: yard"))
    assert folder.plan(fix=True, dry_run=True)[1] == folder.plan(check_only=True)[1] == 1


def test_what_is_left_is_reported(folder: Folder) -> None:
    """The file is mended as far as that goes; the errors that remain stop the plan."""
    folder.file.write_text(SLASH.replace("cluster: bank", "cluster: yard"))
    text, code = folder.plan(fix=True)
    assert "error[FED124]" in text
    assert "FED408]" not in text
    assert text.endswith(f"1 error; nothing was written but {folder.file}\n")
    assert (code, folder.file.read_text()) == (1, NO_SLASH.replace("cluster: bank", "cluster: yard"))
    assert not (folder.path / "out").exists()


def test_findings_say_that_they_can_be_fixed(folder: Folder) -> None:
    """Without --fix, text and JSON tell which findings it mends, and SARIF how."""
    text, code = folder.plan()
    assert (code, text.count("  fix: invoke plan --fix\n")) == (1, 1)
    (found,) = json.loads(folder.plan("json")[0])["diagnostics"]
    assert found["fix"] == [{"edit": "set", "path": ["parties", 0, "registry"], "value": "harbor.example.com/fate"}]
    (result,) = json.loads(folder.plan("sarif")[0])["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 13, "startColumn": 13, "endLine": 13, "endColumn": 37},
            "insertedContent": {"text": "harbor.example.com/fate"},
        }
    ]
    folder.file.write_text(SLASH.replace("fate/", "fate").replace("cluster: bank", "cluster: yard"))
    assert "fix:" not in folder.plan()[0]


def test_json_tells_what_was_fixed(folder: Folder) -> None:
    """The report keeps to its schema; `fix` is there with --fix only."""
    dry = json.loads(folder.plan("json", fix=True, dry_run=True)[0])
    done = json.loads(folder.plan("json", fix=True)[0])
    for report in (dry, done):
        jsonschema.validate(report, json_report.schema())
        assert report["fix"]["diff"] == DIFF
        assert [each["code"] for each in report["fix"]["fixed"]] == ["FED408"]
    assert (dry["fix"]["written"], done["fix"]["written"]) == (False, True)
    assert dry["steps"][0]["state"] == "failed"
    assert done["plan"]["pairs"] == 2
    assert "fix" not in json.loads(folder.plan("json")[0])


@pytest.mark.parametrize("format_name", ["junit", "github", "sarif"])
def test_other_formats_stay_what_they_are(folder: Folder, format_name: str) -> None:
    """No difference is printed where a machine reads."""
    text, code = folder.plan(format_name, fix=True, dry_run=True)
    assert code == 2
    assert "+++" not in text


def test_spared_findings_say_so(folder: Folder) -> None:
    """A fix that was left out is no longer offered, and the finding says why."""
    pins = "{id: 9999, cluster: bank, ports: {rollsite: 30091}}\n  - {id: 10000, cluster: bank, ports: {osx: 30091}}"
    folder.file.write_text(FEDERATION.replace(BANK + "\n  - " + SHOP, pins))
    text, code = folder.plan(fix=True)
    assert "warning[FED314]" in text
    assert "--fix leaves this to you" in text
    assert "  fix: " not in text
    assert code == 0
    report = json.loads(folder.plan("json", fix=True)[0])
    assert [each["code"] for each in report["fix"]["spared"]] == ["FED314"]


def test_options_that_do_not_go_together(folder: Folder) -> None:
    """--check and --fix, and --dry-run alone, are usage errors."""
    before = folder.files()
    assert folder.plan(fix=True, check_only=True)[1] == 64
    assert folder.plan(dry_run=True)[1] == 64
    assert folder.files() == before


def test_the_task_takes_the_options(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options come from the command line."""
    monkeypatch.chdir(folder.path)
    with pytest.raises(SystemExit) as ended:
        program.run(["fedplan", "plan", "--fix", "--dry-run"])
    assert (ended.value.code, capsys.readouterr().out[: len(DIFF)]) == (2, DIFF)
    with pytest.raises(SystemExit) as ended:
        program.run(["fedplan", "plan", "--fix", "--check"])
    assert ended.value.code == 64


def test_colours_on_a_terminal_only(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added and removed lines are coloured as in the other differences."""
    assert "\x1b" not in folder.plan(fix=True, dry_run=True)[0]
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = folder.plan(fix=True, dry_run=True)[0]
    assert "\x1b[31m-  registry: harbor.example.com/fate/  # ours\x1b[0m" in text


@pytest.mark.parametrize("colour", [True, False])
def test_a_difference_cannot_act_on_a_terminal(*, colour: bool) -> None:
    """Lines end at a line feed only, tabs stay, and what a terminal would obey or hide is an escape."""
    shown = "".join(diff_lines("@@ -1 +1 @@\n-a\x9b31m\tb\u2028c\r\n+\u202ed\n", colour=colour))
    plain = shown.replace("\x1b[36m", "").replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert plain == "@@ -1 +1 @@-a\\x9b31m\tb\\u2028c\\r+\\u202ed"
    assert list(diff_lines("", colour=colour)) == []


def test_no_secret_is_shown(folder: Folder) -> None:
    """Neither side of the difference shows a secret, though it stands on a line that changes or beside one."""
    text = FEDERATION.replace("mysql: ", "mysq: ").replace('"env:FATE_MYSQL_PASSWORD"', "hunter2")
    folder.file.write_text(text + "# password: hunter3\n")
    for format_name in ("text", "json", "sarif", "junit", "github"):
        shown, _ = folder.plan(format_name, fix=True, dry_run=True)
        assert "hunter" not in shown
    assert "hunter" not in folder.plan(fix=True)[0]
    assert "{mysql: hunter2," in folder.file.read_text()


def test_permissions_and_links_stay(folder: Folder) -> None:
    """The mended file has the permissions it had, and a link to it is still one."""
    real = folder.path / "real.yaml"
    folder.file.rename(real)
    real.chmod(0o640)
    folder.file.symlink_to(real)
    assert folder.plan(fix=True)[1] == 0
    assert folder.file.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == (NO_SLASH, 0o640)


def test_a_file_that_changes_meanwhile_is_left_alone(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else wrote in the meantime is not overwritten."""

    def meanwhile(data: bytes, lock_text: str | None) -> Any:
        folder.file.write_text(SLASH + "# theirs\n")
        return mend(data, lock_text)

    monkeypatch.setattr("renderers.fixing.mend", meanwhile)
    text, code = folder.plan(fix=True)
    assert (code, folder.file.read_text()) == (3, SLASH + "# theirs\n")
    assert "was changed while it was being fixed" in text
    assert not (folder.path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(folder: Folder) -> None:
    """The world refused: exit code 3, and the file is whole."""
    folder.path.chmod(0o500)
    try:
        code = folder.plan(fix=True)[1]
    finally:
        folder.path.chmod(0o700)
    assert (code, folder.file.read_text()) == (3, SLASH)


def test_no_file_is_the_plans_business(folder: Folder) -> None:
    """Without a file there is nothing to fix, and plan says what is wrong."""
    folder.file.unlink()
    text, code = folder.plan(fix=True)
    assert code == 1
    assert "error[FED101]" in text


def test_mended_files_are_yaml_to_others() -> None:
    """What was mended says to any reader of YAML what it says to fedplan."""
    for case in MENDED:
        result = mend(spoiled(case).encode())
        document = result.checked.document
        assert document is not None
        assert loaded(result.data) == document.data
