"""The fault bench: every single fault in a valid federation is refused with its code, at its line, and nothing else.

The tables beside this file hold one fault each entry:

- `name` says what is wrong, `base` names the valid federation in bases/ that is spoiled.
- `old` is replaced by `new`; `old` stands exactly once in the base. `whole` replaces the whole text instead.
- `finds` lists the codes of all findings, each as often as it is found. FED403 of v2.0.0 goes without saying.
- `at` is a part of the line that the first finding of the first code points at. It stands in one line only, or in
  several of which `occurrence` (from 1) counts the right one.
- `encoding` is that of the spoiled text where it is not UTF-8.

In lock.yaml the replacement is made in the federation.lock of the base, and `then` may hold another one that is made in
the federation itself. In rendered.yaml, `edits` are made in rendered files. In both, `in` names the document of `at`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from planner.catalogue import FAULTS
from planner.diagnostics import FEDERATION, LOCK, Diagnostic, Severity
from planner.lock import dump
from planner.pipeline import Checked, check
from planner.plan import Plan, PlannedSite
from renderers.files import read_bounded
from renderers.planning import render_site
from renderers.proving import prove

FOLDER = Path(__file__).parent
UNPUBLISHED = "FED403"


@dataclass(frozen=True)
class Found:
    """All findings about one federation, and the documents they point into."""

    diagnostics: tuple[Diagnostic, ...]
    documents: Mapping[str, str]
    checked: Checked

    @property
    def codes(self) -> list[str]:
        """The codes found, sorted; the remark on v2.0.0 left out."""
        return sorted(each.fault.code for each in self.diagnostics if each.fault.code != UNPUBLISHED)

    def line(self, diagnostic: Diagnostic) -> int:
        """The line a finding points at, in whatever document."""
        place = diagnostic.place
        if place.span is not None:
            return place.span.line
        if place.document == FEDERATION and self.checked.document is not None:
            return self.checked.document.span(place).line
        return 1


@dataclass(frozen=True)
class Entry:
    """One fault of a table."""

    table: str
    data: Mapping[str, Any] = field(repr=False)

    def __getattr__(self, key: str) -> Any:
        """A key of the entry; None where it has none."""
        return self.data.get(key)


def table(name: str) -> list[Entry]:
    """The entries of one table."""
    with (FOLDER / f"{name}.yaml").open(encoding="utf-8") as file:
        return [Entry(name, data) for data in yaml.load(file, Loader=yaml.CSafeLoader)]


TEXTS = [
    entry
    for name in (
        "reading",
        "names",
        "routes",
        "endpoints",
        "releases",
        "unplanned",
        "kubernetes",
        "secrets",
        "spark",
        "pulsar",
        "serving",
        "storage",
        "script",
    )
    for entry in table(name)
]
LOCKS = table("lock")
RENDERED = table("rendered")
ALL = [*TEXTS, *LOCKS, *RENDERED]
BASES = sorted(path.stem for path in (FOLDER / "bases").glob("*.yaml"))


@cache
def base_text(name: str) -> str:
    """A valid federation."""
    return (FOLDER / "bases" / f"{name}.yaml").read_text(encoding="utf-8")


def find(data: bytes, lock: str | None = None) -> Found:
    """Everything that planning finds in a federation, from the first byte to the proof."""
    checked = check(data, lock)
    diagnostics = checked.diagnostics
    documents = {FEDERATION: data.decode("utf-8", "replace"), LOCK: lock or ""}
    if checked.plan is not None:
        diagnostics += prove(checked.plan, render_site(checked.plan)).diagnostics
        for planned in checked.plan.sites:
            documents |= {f"{planned.key}/{name}": text for name, text in render_site(checked.plan)(planned).items()}
    return Found(diagnostics, documents, checked)


@cache
def found_in_base(name: str) -> Found:
    """The findings in a base as it stands."""
    return find(base_text(name).encode())


def plan_of_base(name: str) -> Plan:
    """The plan of a base."""
    plan = found_in_base(name).checked.plan
    assert plan is not None
    return plan


def spoil(text: str, old: str, new: str) -> str:
    """The text with the one place of `old` replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def lines_with(text: str, part: str) -> Sequence[int]:
    """Numbers of the lines that hold `part`."""
    return [number for number, line in enumerate(text.split("\n"), 1) if part in line]


def judge(entry: Entry, found: Found) -> None:
    """Exactly the announced codes, the first of them at the announced line, and all of them of use."""
    told = [(each.fault.code, found.line(each), each.place.document, each.message) for each in found.diagnostics]
    assert found.codes == sorted(entry.finds), told
    first = next(each for each in found.diagnostics if each.fault.code == entry.finds[0])
    document = {"federation": FEDERATION, "lock": LOCK}.get(entry.data.get("in", "federation"), entry.data.get("in"))
    assert first.place.document == document, told
    if entry.at is not None:
        lines = lines_with(found.documents[first.place.document], entry.at)
        assert len(lines) == 1 or entry.occurrence is not None, lines
        assert found.line(first) == lines[(entry.occurrence or 1) - 1], told
    for each in found.diagnostics:
        assert each.message
        assert each.hint
        assert "\n" not in each.message + each.hint


@pytest.mark.parametrize("name", BASES)
def test_the_base_is_valid(name: str) -> None:
    """What the faults are injected into has no finding of its own."""
    assert found_in_base(name).codes == []


@pytest.mark.parametrize("entry", TEXTS, ids=[entry.name for entry in TEXTS])
def test_a_fault_in_the_file(entry: Entry) -> None:
    """A fault in federation.yaml is found, alone, where it stands."""
    text = entry.whole if entry.whole is not None else spoil(base_text(entry.base), entry.old, entry.new)
    if entry.then is not None:
        text = spoil(text, entry.then["old"], entry.then["new"])
    judge(entry, find(text.encode(entry.encoding or "utf-8")))


@pytest.mark.parametrize("entry", LOCKS, ids=[entry.name for entry in LOCKS])
def test_a_fault_in_the_lock(entry: Entry) -> None:
    """A fault in federation.lock, or one that shows only against it."""
    text, lock = base_text(entry.base), dump(plan_of_base(entry.base).lock)
    if entry.old is not None:
        lock = spoil(lock, entry.old, entry.new)
    if entry.whole is not None:
        lock = entry.whole
    if entry.then is not None:
        text = spoil(text, entry.then["old"], entry.then["new"])
    judge(entry, find(text.encode(), lock))


@pytest.mark.parametrize("entry", RENDERED, ids=[entry.name for entry in RENDERED])
def test_a_fault_in_the_rendered_files(entry: Entry) -> None:
    """A fault in files that come from elsewhere, or that somebody edited: the read-back finds it."""
    plan = plan_of_base(entry.base)
    found = found_in_base(entry.base)
    documents = dict(found.documents)
    for edit in entry.edits:
        name = f"{edit['site']}/{edit.get('file', 'cluster.yaml')}"
        documents[name] = spoil(documents[name], edit["old"], edit["new"])

    def files_of(planned: PlannedSite) -> Mapping[str, str]:
        return {name: documents[f"{planned.key}/{name}"] for name in render_site(plan)(planned)}

    judge(entry, Found(prove(plan, files_of).diagnostics, documents, found.checked))


NOT_IN_A_FILE = {
    "FED224": "an nginx with 500 routes: tests of checks",
    "FED424": "a plan that was applied before: tests of planner/upgrades.py",
    "FED425": "a plan that was applied before: tests of planner/upgrades.py",
    "FED426": "a plan that was applied before: tests of planner/upgrades.py",
    "FED101": "no file at all, or one that cannot be read: tests of renderers/files.py",
    "FED102": "16 MiB of text, made in a test below instead of being stored",
    "FED318": "a missing federation.lock: tests of planning",
    "FED709": "a refusal of the disk: tests of planning",
    "FED317": "an option of the command line: tests of planning",
    "FED703": "a state of out/: tests of renderers/out.py",
    "FED704": "a state of out/: tests of renderers/out.py",
    "FED705": "a state of out/: tests of renderers/out.py",
    "FED707": "a state of out/: tests of renderers/out.py",
    "FED708": "a state of out/: tests of planning",
    "FED806": "a certificate in a cluster: tests of probes",
    "FED507": "what serving answers: tests of probes",
    "FED508": "what serving answers: tests of probes",
    "FED509": "what serving answers: tests of probes",
}


def test_the_bench_is_wide() -> None:
    """At least 300 faults, in every base, and every fault of the catalogue that a file can provoke."""
    assert len(ALL) >= 300
    assert len({entry.name for entry in ALL}) == len(ALL)
    assert {entry.base for entry in ALL} == set(BASES)
    wanted = {module.FAULT.code for module in FAULTS if module.FAULT.severity is not Severity.INFO}
    wanted -= {code for code in wanted if "FED710" <= code <= "FED729"}  # of imported files: tests of importing
    wanted -= {code for code in wanted if "FED730" <= code <= "FED739"}  # of another revision: tests of verify
    wanted -= {code for code in wanted if code >= "FED901"}  # of clusters: tests of their words, and tests/cluster
    provoked = {code for entry in ALL for code in entry.finds}
    assert wanted - provoked == set(NOT_IN_A_FILE)


def test_mistakes_of_all_stages_come_in_one_run() -> None:
    """A wrong value somewhere hides no wrong name elsewhere."""
    text = base_text("star").replace("{id: 10000, cluster: shop}", "{id: 10000, cluster: sop}")
    text = text.replace("{id: 10001, cluster: shop}", "{id: 10001, cluster: shop, tls: yes, polling: hab}")
    assert find(text.encode()).codes == ["FED112", "FED124", "FED125"]


HARMLESS: Mapping[str, Callable[[str], bytes]] = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
    "spaces at the ends of lines": lambda text: text.replace("\n", "  \n").encode(),
    "comments everywhere": lambda text: text.replace("\n", "  # a remark\n").encode(),
    "the end of the document": lambda text: f"---\n{text}...\n".encode(),
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("base", BASES)
def test_what_is_no_fault(base: str, name: str) -> None:
    """Ways of writing that mean the same have no finding and give the same plan."""
    found = find(HARMLESS[name](base_text(base)))
    assert found.codes == []
    assert found.checked.plan == plan_of_base(base)


def test_a_file_of_17_mib_is_refused(tmp_path: Path) -> None:
    """A file larger than 16 MiB is refused in one finding, before it is read."""
    path = tmp_path / "federation.yaml"
    path.write_bytes(base_text("two_parties").encode() + b"#" * 17 * 2**20)
    found = read_bounded(path)
    assert isinstance(found, Diagnostic)
    assert found.fault.code == "FED102"
