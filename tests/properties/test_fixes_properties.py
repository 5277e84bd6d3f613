"""Properties of edits and fixes: nothing but the place of an edit changes, and a mended file is at rest.

Documents of every layout are made here with a comment on each line that can have one. What an edit should give is
worked out from the plain data, without positions. Federations are spoiled one slip at a time, so what mending should
give is known: the file as it was, or the spoiled one.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from planner.diagnostics import Append, Edit, KeyPath, Remove, RenameKey, SetValue, Wrap
from planner.edits import applied
from planner.fixes import mend
from planner.source import parse

BASES = sorted((Path(__file__).resolve().parent.parent / "faults" / "bases").glob("*.yaml"))
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
QUICK = settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])
COMMENT = re.compile(r"#c\d+#")

WORDS = st.sampled_from(["a", "b", "key", "long-word", "é", "x y", "5", "no", "it's", "v1.2", "a:b", "\U0001f600"])
SCALARS = st.one_of(st.integers(-3, 99999), st.booleans(), WORDS)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4), st.dictionaries(WORDS, inner, min_size=1, max_size=4)
    ),
    max_leaves=14,
).filter(lambda tree: isinstance(tree, dict | list))


class Writer:
    """Writes data as YAML in a layout that is drawn, with numbered comments wherever one may stand."""

    def __init__(self, draw: Any, newline: str) -> None:
        self.draw = draw
        self.newline = newline
        self.count = 0

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def end(self) -> str:
        """The end of a line, perhaps with a comment, perhaps with a line of its own for another one."""
        said: str = self.choose("", "", "  ", " \t", " own")
        if not said.strip():
            return (said + self.comment() if said else "") + self.newline
        return f"{self.newline}{self.choose('', '  ')}{self.comment()}{self.newline}"

    def comment(self) -> str:
        self.count += 1
        return f"# é\t#c{self.count}#"

    def scalar(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        plain = re.fullmatch(r"[a-z][-a-z]+|a|b|v1\.2", value) is not None and value != "no"
        quoted = "'" + value.replace("'", "''") + "'"
        written: str = self.choose(quoted, f'"{value}"', *([value] if plain else []))
        return written

    def flow(self, value: Any) -> str:
        if not isinstance(value, dict | list):
            return self.scalar(value)
        parts = [self.flow(each) for each in value]
        if isinstance(value, dict):
            parts = [f"{self.scalar(key)}: {self.flow(each)}" for key, each in value.items()]
        wide = self.choose("", "", " ")
        comma = self.choose("", "", ",")
        between = self.choose(", ", ", ", ",  ", f",{self.newline}        ")
        opened, closed = ("{", "}") if isinstance(value, dict) else ("[", "]")
        return f"{opened}{wide}{between.join(parts)}{comma}{wide}{closed}"

    def block(self, value: Any, indent: int, *, first: bool = False) -> str:
        """A list or mapping in lines of its own; with `first` its first line follows a dash."""
        lines = []
        for index, key in enumerate(value):
            margin = "" if first and index == 0 else " " * indent
            below = value[key] if isinstance(value, dict) else key
            head = f"{self.scalar(key)}:" if isinstance(value, dict) else "-"
            if not isinstance(below, dict | list) or not below or self.choose(True, False, False):
                lines.append(f"{margin}{head} {self.flow(below)}{self.end()}")
            elif isinstance(value, dict):
                lines.append(f"{margin}{head}{self.end()}{self.block(below, indent + 2)}")
            else:
                lines.append(f"{margin}- {self.block(below, indent + 2, first=True)}")
        return "".join(lines)


@st.composite
def documents(draw: Any) -> tuple[Any, str]:
    """Data, and a text that says it."""
    tree = draw(TREES)
    writer = Writer(draw, draw(st.sampled_from(["\n", "\r\n"])))
    text = writer.block(tree, 0)
    return tree, text if draw(st.booleans()) else text.rstrip("\r\n")


def paths(tree: Any, path: KeyPath = ()) -> list[KeyPath]:
    """Every path of the data but that of its root."""
    found: list[KeyPath] = []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, below in items:
        found += [(*path, step), *paths(below, (*path, step))]
    return found


def at(tree: Any, path: KeyPath) -> Any:
    """What stands at a path."""
    for step in path:
        tree = tree[step]
    return tree


def edited(tree: Any, edit: Edit) -> Any:
    """The data after an edit, with what a removal leaves empty removed as well."""
    tree = copy.deepcopy(tree)
    path = edit.path
    parent, step = at(tree, path[:-1]), path[-1]
    match edit:
        case SetValue():
            parent[step] = edit.value
        case Wrap():
            parent[step] = [parent[step]]
        case Append():
            parent[step].append(edit.value)
        case RenameKey():
            items = [(edit.key if key == step else key, value) for key, value in parent.items()]
            parent.clear()
            parent.update(items)
        case _:
            while len(path) > 1 and len(at(tree, path[:-1])) == 1:
                path = path[:-1]
            del at(tree, path[:-1])[path[-1]]
    return tree


def written_lines(text: str, path: KeyPath) -> range:
    """The lines (from 0) that an entry takes up, by PyYAML's own marks; what a removal takes with it included."""
    node: Any = yaml.compose(text, yaml.CSafeLoader)
    start = 0
    for step in path:
        if isinstance(node, yaml.MappingNode):
            key, node = next(pair for pair in node.value if pair[0].value == str(step))
            start = key.start_mark.line
        else:
            node = node.value[step]
            start = node.start_mark.line
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    return range(start, last.end_mark.line + 1)


@QUICK
@given(documents(), st.data())
def test_an_edit_changes_only_its_place(document: tuple[Any, str], data: st.DataObject) -> None:
    """Whatever the layout: the data is right afterwards, and lines that the edit is not about are the same bytes."""
    tree, text = document
    read, findings = parse(text.encode())
    assume(read is not None and not findings)
    assert read is not None
    assert read.data == tree
    path = data.draw(st.sampled_from(paths(tree)))
    edits: list[Edit] = [SetValue(path, "new"), SetValue(path, 7), Wrap(path), Remove(path), Append(path, "new")]
    edit = data.draw(st.sampled_from([*edits, RenameKey(path, "renamed")]))
    actual = applied(read, [(edit,)])
    assume(actual is not None)
    assert actual is not None
    again, findings = parse(actual.encode())
    assert again is not None
    assert repr((again.data, findings)) == repr((edited(tree, edit), ()))
    before, after = text.splitlines(keepends=True), actual.splitlines(keepends=True)
    place = path
    while isinstance(edit, Remove) and len(place) > 1 and len(at(tree, place[:-1])) == 1:
        place = place[:-1]
    touched = written_lines(text, place)
    assert after[: touched.start] == before[: touched.start]
    kept = before[touched.stop :]
    same = after[len(after) - len(kept) :]
    if isinstance(edit, Remove):  # behind the dash of its parent, the next entry moves up
        assert [line.lstrip(" -") for line in same[:1]] == [line.lstrip(" -") for line in kept[:1]]
        assert same[1:] == kept[1:]
    elif not isinstance(edit, Append) or text.endswith("\n"):
        assert same == kept
    lost = set(COMMENT.findall(text)) - set(COMMENT.findall(actual))
    gone = set(COMMENT.findall("".join(before[touched.start : touched.stop]))) if isinstance(edit, Remove) else set()
    assert lost <= gone
    assert COMMENT.findall(actual) == [each for each in COMMENT.findall(text) if each not in lost]


@QUICK
@given(documents(), st.data())
def test_what_is_plain_can_be_edited(document: tuple[Any, str], data: st.DataObject) -> None:
    """A scalar on one line can always be set, and a key be renamed: no layout here is a reason to refuse."""
    tree, text = document
    read, findings = parse(text.encode())
    assume(read is not None and not findings)
    assert read is not None
    path = data.draw(st.sampled_from(paths(tree)))
    if not isinstance(at(tree, path), dict | list):
        assert applied(read, [(SetValue(path, 7),)]) is not None
    if isinstance(path[-1], str):
        assert applied(read, [(RenameKey(path, "renamed"),)]) is not None


# ---------------------------------------------------------------------------------------------------------------------
# Fixes of federations


def numbered(text: str) -> str:
    """The text with a comment on each line that can have one."""
    lines = [
        line if "#" in line or not line.strip() else f"{line}  #c{number}#"
        for number, line in enumerate(text.splitlines(), 1)
    ]
    return "\n".join(lines) + "\n"


@st.composite
def slips(draw: Any) -> tuple[str, str]:
    """A valid federation, and the same with one slip: letters of a key swapped or doubled, or a number in quotes."""
    text = numbered(draw(st.sampled_from(BASES)).read_text())
    kind = draw(st.sampled_from(["swap", "double", "drop", "quote", "case"]))
    pattern = r"(?<![\w\"'])[0-9]+(?=[,}\]\s])" if kind == "quote" else r"(?<=[\s{,-])[A-Za-z]{3,}(?=:)"
    places = [match for match in re.finditer(pattern, text) if "#" not in text[: match.start()].rpartition("\n")[2]]
    assume(places)
    word = draw(st.sampled_from(places))
    index = draw(st.integers(0, max(len(word[0]) - 2, 0)))
    old = word[0]
    new = {
        "swap": old[:index] + old[index : index + 2][::-1] + old[index + 2 :],
        "double": old[:index] + old[index : index + 1] + old[index:],
        "drop": old[:index] + old[index + 1 :],
        "quote": f'"{old}"',
        "case": old.upper(),
    }[kind]
    assume(new != old)
    return text, text[: word.start()] + new + text[word.end() :]


@SLOW
@given(slips())
def test_a_slip_is_mended_to_what_was_there_or_left_alone(slip: tuple[str, str]) -> None:
    """No guess goes wrong: the file becomes again what it was, byte for byte, or it stays as it is."""
    good, bad = slip
    result = mend(bad.encode())
    assert result.data.decode() in (good, bad)
    assert (result.data.decode() == bad) == (not result.fixed)


SPOILS = (
    ("(?m)^name: .*$", "\\g<0>\nnever: [[9999, 9999]]"),
    ("v1.11.2", "v1.11.2  # twice\ntopology : mehs"),
    ("release:", "Release:"),
    ("address:", "adress:"),
    ("cluster:", "clutser:"),
    ("id: ([0-9]+)", 'id: "\\1"'),
    ("version: 1", "version: '1'"),
    ("defaults:", "defaults:\n  registry: harbor.example.com/x/"),
    ("ports:", "prots:"),
    ("(rollsite|osx): ([0-9]+)", '\\1: "\\2"'),
    ("\n", "\r\n"),
    ("credentials:", "credentails:"),
    ("mysql:", "msyql: &a"),
)


@SLOW
@given(st.sampled_from(BASES), st.lists(st.tuples(st.sampled_from(SPOILS), st.integers(0, 4)), min_size=1, max_size=5))
def test_a_mended_file_is_at_rest(base: Path, spoils: list[tuple[tuple[str, str], int]]) -> None:
    """However a file is spoiled, what comes out is as readable as before, and mending it again changes nothing."""
    text = numbered(base.read_text())
    for (pattern, replacement), index in spoils:
        found = list(re.finditer(pattern, text))
        if found:
            match = found[index % len(found)]
            text = text[: match.start()] + match.expand(replacement) + text[match.end() :]
    data = text.encode()
    result = mend(data)
    again = mend(result.data)
    assert (again.data, again.fixed) == (result.data, ())
    assert (result.data == data) == (not result.fixed)
    assert (parse(data)[0] is None) == (parse(result.data)[0] is None)
    before, after = COMMENT.findall(text), COMMENT.findall(result.data.decode())
    removed = [edit for each in result.fixed for edit in each.fix if isinstance(edit, Remove)]
    assert after == before if not removed else set(after) <= set(before)
