"""Validation: each mistake is one diagnostic at its place, and what is right goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from planner.schema import RULES, Validated, federation_schema, validate
from planner.source import MAX_FINDINGS, Document, parse

if TYPE_CHECKING:
    from planner.diagnostics import Diagnostic

BASE = """\
version: 1
name: demo
release: v1.11.2
topology: mesh
clusters:
  - {name: bank, address: 192.168.9.1}
  - {name: shop, address: 192.168.10.1}
parties:
  - {id: 9999, cluster: bank}
  - {id: 10000, cluster: shop}
"""
BANK = "  - {name: bank, address: 192.168.9.1}"
PARTY = "  - {id: 10000, cluster: shop}"


def check(text: str) -> tuple[Document, Validated | None, tuple[Diagnostic, ...]]:
    """Parse and validate."""
    document, _ = parse(text.encode())
    assert document is not None
    return document, *validate(document)


def found(text: str) -> list[tuple[str, int, int]]:
    """List code, line and column of what validation finds."""
    document, _, diagnostics = check(text)
    spans = [(each.fault.code, document.span(each.place)) for each in diagnostics]
    assert all(each.hint and each.message and "\n" not in each.message + each.hint for each in diagnostics)
    return [(code, span.line, span.column) for code, span in spans]


def only(text: str) -> Diagnostic:
    """Return the single diagnostic of a text."""
    (diagnostic,) = check(text)[2]
    return diagnostic


def party(more: str) -> str:
    """Write the federation with another second party."""
    return BASE.replace(PARTY, f"  - {{{more}}}")


@pytest.mark.parametrize("character", ["\\n", "\\x7f", "\\u009b", "\\u2028", "\\u200b", "\\u202e", "\\u2066"])
def test_text_shows_what_it_is(character: str) -> None:
    """A context stands in commands to copy: nothing in it breaks a line, acts on a terminal or cannot be seen."""
    assert found(BASE.replace(BANK, f'{BANK[:-1]}, context: "a{character}b"}}')) == [("FED114", 6, 49)]
    assert found(BASE.replace(BANK, BANK[:-1] + ', context: "a $(b) ü"}')) == []


def test_the_smallest_file_is_right() -> None:
    """Data of a right file is the file's data."""
    document, validated, diagnostics = check(BASE)
    assert diagnostics == ()
    assert validated == Validated(document.data, frozenset())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("version: 1", "version: 2", [("FED115", 1, 10)]),
        ("version: 1", "version: 0\nfoo: 1", [("FED115", 1, 10)]),
        ("version: 1", "version: '1'", [("FED115", 1, 10)]),
        ("version: 1", "version: 1.0", [("FED115", 1, 10)]),
        ("version: 1", "version: true", [("FED115", 1, 10)]),
        ("version: 1", "version:", [("FED115", 1, 1)]),
        ("version: 1\n", "", [("FED113", 1, 1)]),
        ("version: 1", "version: 1\nfoo: 1", [("FED111", 2, 1)]),
        ("version: 1", "version: 1\n5: 1", [("FED111", 2, 1)]),
        ("name: demo", "name: ../x", [("FED117", 2, 7)]),
        ("name: demo", "name: /etc", [("FED117", 2, 7)]),
        ("name: demo", "name: con", [("FED117", 2, 7)]),
        ("name: demo", "name: nul", [("FED117", 2, 7)]),
        ("name: demo", "name: lpt1", [("FED117", 2, 7)]),
        ("name: demo", 'name: "a\\0b"', [("FED117", 2, 7)]),
        ("name: demo", 'name: "a\\u202eb"', [("FED117", 2, 7)]),
        ("name: demo", 'name: "demo\\n"', [("FED117", 2, 7)]),
        ("name: demo", "name: " + "x" * 300, [("FED117", 2, 7)]),
        ("name: demo", "name: demо", [("FED117", 2, 7)]),  # the last letter is Cyrillic
        ("name: demo", "name: Demo", [("FED114", 2, 7)]),
        ("name: demo", "name: ''", [("FED114", 2, 7)]),
        ("name: demo", "name: 12", [("FED112", 2, 7)]),
        ("name: demo", "name: no", []),
        ("release: v1.11.2", "release: latest", [("FED114", 3, 10)]),
        ("release: v1.11.2", "release: 2.0", [("FED112", 3, 10)]),
        ("topology: mesh", "topology:", [("FED112", 4, 1)]),
        ("topology: mesh", "topology: mash", [("FED114", 4, 11)]),
        ("topology: mesh", "topology: 5", [("FED112", 4, 11)]),
        ("topology: mesh", "topology: {mesh: all}", [("FED112", 4, 11)]),
        ("topology: mesh", "topology: []", [("FED114", 4, 11)]),
        ("topology: mesh", "topology: [{mesh: all, star: all}]", [("FED114", 4, 24)]),
        ("topology: mesh", "topology: [{mush: all}]", [("FED111", 4, 13)]),
        ("topology: mesh", "topology: [{through: hub}]", [("FED113", 4, 12)]),
        ("topology: mesh", "topology: [{mesh: all, through: hub}]", [("FED114", 4, 24)]),
        ("topology: mesh", "topology: [{}]", [("FED113", 4, 12)]),
        ("topology: mesh", "topology: [{star: some}]", [("FED114", 4, 19)]),
        ("topology: mesh", "topology: [{star: {HUB: [1]}}]", [("FED114", 4, 20)]),
        ("topology: mesh", "topology: [{star: {../x: [1]}}]", [("FED117", 4, 20)]),
        ("topology: mesh", "topology: [{star: {1: [1]}}]", [("FED110", 4, 20)]),
        ("topology: mesh", "topology: [{links: [[1, 2, 3]]}]", [("FED114", 4, 21)]),
        ("topology: mesh", "topology: [{links: [[1, 0]]}]", [("FED122", 4, 25)]),
        ("topology: mesh", "topology: [{star: all, through: [a]}]", [("FED114", 4, 33)]),
        ("topology: mesh", "topology: [{star: all, through: [[], b]}]", [("FED112", 4, 34)]),
        ("topology: mesh", "topology: [{star: all, through: [a, a]}]", [("FED114", 4, 37)]),
        (BANK, "  - {name: bank, address: ''}", [("FED114", 6, 27)]),
        (BANK, "  - {name: bank, address: 5}", [("FED112", 6, 27)]),
        (BANK, BANK[:-1] + ", nodePorts: 30000}", [("FED112", 6, 51)]),
        (BANK, BANK[:-1] + ", nodePorts: 30000+}", [("FED114", 6, 51)]),
        (BANK, BANK[:-1] + ", kubernetes: 1.27}", [("FED112", 6, 52)]),
        (BANK, BANK[:-1] + ", kubefate: {url: 'http://u:p@h'}}", [("FED801", 6, 56)]),
        (PARTY, "  -", [("FED112", 10, 4)]),
        (PARTY, "  - 10000", [("FED112", 10, 5)]),
        (PARTY, "  - {}", [("FED113", 10, 5)]),
        (BASE[BASE.index("parties:") :], "parties: {1: {cluster: bank}}", [("FED112", 8, 10)]),
        (BASE[BASE.index("parties:") :], "parties: []", [("FED114", 8, 10)]),
        (BASE[BASE.index("parties:") :], "", [("FED113", 1, 1)]),
    ],
)
def test_a_mistake_is_one_diagnostic(old: str, new: str, expected: list[tuple[str, int, int]]) -> None:
    """Each mistake has one code at its exact place, without a cascade."""
    assert old in BASE
    assert found(BASE.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("id: 0, cluster: shop", [("FED122", 10, 10)]),
        ("id: '10000', cluster: shop", [("FED122", 10, 10)]),
        ("id: 1000000, cluster: shop", [("FED122", 10, 10)]),
        ("id: -1, cluster: shop", [("FED122", 10, 10)]),
        ("id: 1.0, cluster: shop", [("FED122", 10, 10)]),
        ("id: true, cluster: shop", [("FED122", 10, 10)]),
        ("id: 30:09, cluster: shop", [("FED122", 10, 10)]),
        ("id: , cluster: shop", [("FED122", 10, 6)]),
        ("id: 0x1, cluster: shop", []),
        ("id: 1, clutser: shop", [("FED111", 10, 13)]),
        ("id: 1, clutser: shop, foo: 1", [("FED111", 10, 13), ("FED111", 10, 28)]),
        ("id: 1", [("FED113", 10, 10)]),
        ("cluster: shop", [("FED113", 10, 5)]),
        ("id: 1, cluster: shop, tls: no", [("FED112", 10, 33)]),
        ("id: 1, cluster: shop, tls: 'true'", [("FED112", 10, 33)]),
        ("id: 1, cluster: shop, persistence: yes", [("FED112", 10, 41)]),
        ("id: 1, cluster: shop, ports: {rollsite: '30091'}", [("FED112", 10, 46)]),
        ("id: 1, cluster: shop, ports: {rollsite: 30:09}", [("FED112", 10, 46)]),
        ("id: 1, cluster: shop, ports: {rollsite: 70000}", [("FED114", 10, 46)]),
        ("id: 1, cluster: shop, ports: {rollsite: 1.0}", [("FED112", 10, 46)]),
        ("id: 1, cluster: shop, ports: {rolsite: 1}", [("FED111", 10, 36)]),
        ("id: 1, cluster: shop, ports: {}", [("FED114", 10, 35)]),
        ("id: 1, cluster: shop, engine: spark", [("FED114", 10, 36)]),
        ("id: 1, cluster: shop, engine: 5", [("FED112", 10, 36)]),
        ("id: 1, cluster: shop, engine: {computing: spark}", [("FED113", 10, 36), ("FED114", 10, 48)]),
        ("id: 1, cluster: shop, exposure: LoadBalancer", [("FED114", 10, 38)]),
        ("id: 1, cluster: shop, exposure: {type: NodePort, address: x}", [("FED114", 10, 45)]),
        ("id: 1, cluster: shop, modules: python", [("FED112", 10, 37)]),
        ("id: 1, cluster: shop, modules: [python, mysql, python]", [("FED114", 10, 53)]),
        ("id: 1, cluster: shop, registry: ''", [("FED114", 10, 38)]),
        ("id: 1, cluster: shop, components: {foo: {replicas: 1}}", [("FED111", 10, 41)]),
        (
            "id: 1, cluster: shop, components: {foo: 5, bar: 6, python: 7}",
            [("FED111", 10, 41), ("FED111", 10, 49), ("FED112", 10, 65)],
        ),
        ("id: 1, cluster: shop, components: {1: {}}", [("FED111", 10, 41)]),
        ("id: 1, cluster: shop, components: {python: {nodeSelector: {1: x}}}", [("FED110", 10, 65)]),
        ("id: 1, cluster: shop, overrides: {1: 2, a: {3: ~}}", []),
        ("id: 1, cluster: shop, components: {python: {affinity: {1: 2}, tolerations: [{3: 4}]}}", []),
        ("id: 1, cluster: shop, mysql: {host: a}", [("FED113", 10, 35)]),
        ("id: 1, cluster: shop, credentials: {}", [("FED114", 10, 41)]),
        ("id: 1, cluster: shop, credentials: {mysql: }", [("FED112", 10, 42)]),
    ],
)
def test_a_mistake_in_a_party_is_one_diagnostic(more: str, expected: list[tuple[str, int, int]]) -> None:
    """The same inside a party; what the reader has told already is not told again."""
    assert found(party(more)) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (BASE + "namespace: x\n", "`namespace` belongs under a"),
        (BASE + "partys: x\n", "did you mean `parties`?"),
        (BASE + "Exchanges: x\n", "did you mean `exchanges`?"),
        (party("id: 1, cluster: shop, chartVersion: v1"), "did you mean `release`?"),
        (party("id: 1, cluster: shop, partyList: []"), "delete it: fedplan works it out"),
        (party("id: 1, cluster: shop, nodePorts: 1-2"), "`nodePorts` belongs under a cluster"),
        (BASE.replace("topology: mesh", "topology: Mesh"), "did you mean mesh?"),
        (BASE.replace("topology: mesh", "topology: {mesh: all}"), "put it in brackets: [{mesh: all}]"),
        (BASE + "never: [9999, 10000]\n", "put every pair in brackets of its own: [[9999, 10000]]"),
        (
            BASE.replace("release: v1.11.2\ntopology: mesh\n", ""),
            "add them, for example `release: v1.11.2` and `topology: mesh`",
        ),
        (party("id: '1', cluster: shop"), "remove the quotes: 1"),
        (party("id: 1, cluster: shop, tls: Off"), "write false (here yes, no, on and off are text"),
        (party("id: 1, cluster: shop, ports: {osx: 30:09}"), "never base 60"),
        (party("id: 1, cluster: shop, exposure: LoadBalancer"), "write `exposure: {type: LoadBalancer"),
        (party("id: 1, cluster: shop, persistence: {size: 5}"), 'put it in quotes: "5"'),
        (party("id: 1"), "add it, for example `cluster: bank`"),
        (BASE.replace(BANK, BANK[:-1] + ", kubernetes: 1.27}"), 'put it in quotes: "1.27"'),
        (BASE.replace("name: demo", "name: De_mo"), "write for example de-mo"),
        (party('id: 1, cluster: shop, secrets: {Harbor_X: {a: "env:X"}}'), "write a name of lower-case letters"),
        (party('id: 1, cluster: shop, secrets: {harbor: {a b: "env:X"}}'), "write a name of letters, digits, dashes"),
    ],
)
def test_hints_can_be_followed(text: str, hint: str) -> None:
    """The hint names what to write."""
    assert only(text).hint.startswith(hint) or hint in only(text).hint


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("hunter2", "FED801"),
        ("12345", "FED801"),
        ("true", "FED801"),
        ("1.5", "FED801"),
        ("''", "FED801"),
        ("hunter2:x", "FED801"),
        ("env:hunter2-x", "FED805"),
        ("env:1x", "FED805"),
        ("'file:'", "FED805"),
        ("secret:hunter2", "FED805"),
        ("vault:hunter2", "FED805"),
        ("ENV:hunter2", "FED805"),
        ("'${HUNTER}'", "FED805"),
        ("$HUNTER", "FED805"),
        ("[hunter2]", "FED112"),
        ("{a: hunter2}", "FED112"),
    ],
)
def test_a_secret_is_never_shown(value: str, code: str) -> None:
    """A secret in plain text is a fault whose place is marked, and no word of it is in the diagnostic."""
    for text in (
        party(f"id: 1, cluster: shop, credentials: {{mysql: {value}}}"),
        party(f"id: 1, cluster: shop, mysql: {{host: a, database: b, user: c, password: {value}}}"),
        BASE.replace(BANK, BANK[:-1] + f", kubefate: {{url: 'http://h', password: {value}}}}}"),
    ):
        diagnostic = only(text)
        assert diagnostic.fault.code == code
        assert diagnostic.place.secret
        assert not any(word in diagnostic.message + diagnostic.hint for word in ("hunter2", "12345"))


@pytest.mark.parametrize("more", ["credentials: hunter2", "credentials: {mysqll: hunter2}", "mysql: hunter2"])
def test_a_misplaced_secret_is_never_shown(more: str) -> None:
    """Nor is one that stands where a mapping of secrets belongs."""
    diagnostic = only(party("id: 1, cluster: shop, " + more))
    assert diagnostic.place.secret
    assert "hunter2" not in diagnostic.message + diagnostic.hint


@pytest.mark.parametrize("value", ["env:A_1", "file:../x y.txt", "secret:ns/name.x#key_1"])
def test_references_are_right(value: str) -> None:
    """The three kinds of references."""
    assert found(party(f"id: 1, cluster: shop, credentials: {{mysql: '{value}'}}")) == []


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    """One run tells everything."""
    text = BASE.replace("mesh", "mash").replace("bank}", "bank, tls: no}").replace(PARTY, "  - {id: 0}") + "foo: 1\n"
    assert found(text) == [
        ("FED114", 4, 11),
        ("FED112", 9, 36),
        ("FED113", 10, 10),
        ("FED122", 10, 10),
        ("FED111", 11, 1),
    ]


def test_what_is_wrong_is_left_out() -> None:
    """Optional keys go alone, what lacks a required key goes whole, lists keep their indices."""
    _, validated, _ = check(
        BASE.replace("mesh", "[{mesh: all}, {star: [1, '2']}, {star: 5}, {star: all, through: 5}]")
        .replace("cluster: bank}", "cluster: bank, foo: 1, tls: no, ports: {osx: x, rollsite: 1}, modules: [a, 5]}")
        .replace(PARTY, "  - {id: 0, cluster: shop}\n  - {id: 7, cluster: shop, ports: {osx: x}}")
        .replace(BANK, "  - {name: bank}")
        + "never: [[1, 2], [1, x]]\nroutes: [{from: 1, to: 2, port: x}, {from: 1, to: 2, port: 5}]\nbar: 1\n"
    )
    assert validated is not None
    assert validated.data == {
        "version": 1,
        "name": "demo",
        "release": "v1.11.2",
        "topology": [{"mesh": "all"}, {"star": [1, None]}, None, None],
        "clusters": [None, {"name": "shop", "address": "192.168.10.1"}],
        "parties": [
            {"id": 9999, "cluster": "bank", "ports": {"rollsite": 1}, "modules": ["a", None]},
            None,
            {"id": 7, "cluster": "shop"},
        ],
        "never": [[1, 2], None],
        "routes": [None, {"from": 1, "to": 2, "port": 5}],
    }
    assert {("parties", 1), ("parties", 2, "ports"), ("clusters", 0), ("bar",), ("never", 1)} <= validated.dropped


def test_what_the_reader_refused_is_left_out() -> None:
    """UNREADABLE never reaches a later stage, through an alias neither."""
    _, validated, diagnostics = check(BASE + "defaults:\n  overrides: &o {a: 0x1, b: [010, 5]}\n  mysql: *o\n")
    assert [each.fault.code for each in diagnostics] == ["FED111", "FED111", "FED113"]
    assert validated is not None
    assert validated.data["defaults"] == {"overrides": {"b": [None, 5]}}


@pytest.mark.parametrize("text", ["[1]", "x", "5", "true", "version: 2", "a: 1", BASE[: BASE.index("parties")]])
def test_nothing_useful_is_none(text: str) -> None:
    """Without parties there is nothing to plan."""
    _, validated, diagnostics = check(text)
    assert validated is None
    assert len(diagnostics) > 0


def test_mistakes_are_bounded() -> None:
    """A file with a million mistakes tells the first thousand and says that more follow."""
    _, validated, diagnostics = check(BASE + "".join(f"k{number}: 1\n" for number in range(MAX_FINDINGS + 10)))
    assert validated is None
    assert len(diagnostics) == MAX_FINDINGS
    assert diagnostics[-1].notes[-1].message == "more mistakes follow"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        BASE.replace("mesh", "[" + "{a: 1}, " * 50_000 + "]"),
        pytest.param(
            BASE + "defaults: {modules: [" + "".join(f"a{n}, {n}, " for n in range(1, 100_000)) + "]}\n",
            marks=pytest.mark.slow,
        ),
        BASE.replace("demo", "x" * 5_000_000),
        BASE + "defaults: {ingress: {client: {hosts: ['" + "a-" * 1_000_000 + "']}}}\n",
    ],
)
def test_hostile_values_are_judged_in_bounded_time(text: str) -> None:
    """Masses of mistakes and very long values end soon."""
    assert 0 < len(found(text)) <= MAX_FINDINGS


# --- the schema itself ---------------------------------------------------------------------------------------------


def nodes(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """List all mappings of the schema with their places."""
    if isinstance(node, list):
        return [each for index, value in enumerate(node) for each in nodes(value, f"{path}/{index}")]
    if not isinstance(node, dict):
        return []
    return [(path, node), *(each for key, value in node.items() for each in nodes(value, f"{path}/{key}"))]


def test_the_schema_is_a_schema() -> None:
    """It satisfies JSON Schema 2020-12."""
    Draft202012Validator.check_schema(federation_schema())


def test_every_pattern_is_whole_and_has_its_rule_in_words() -> None:
    """Patterns are matched as a whole, and none is ever shown as it is."""
    for path, node in nodes(federation_schema()):
        if not isinstance(node.get("pattern"), str):
            continue
        assert re.fullmatch(r"\^.*\$", node["pattern"]), path
        names = path.split("/")
        assert {"name", "secret", "propertyNames", "moduleList"} & set(names) or {names[-1]} & RULES.keys(), path


def test_every_example_is_right() -> None:
    """What hints offer satisfies the schema."""
    schema = federation_schema()
    for path, node in nodes(schema):
        for example in node.get("examples", ()) if isinstance(node.get("examples"), list) else ():
            if "examples" in path.split("/"):
                continue
            validator = Draft202012Validator({**node, "$defs": schema["$defs"]})
            assert list(validator.iter_errors(example)) == [], path
