"""Interrupted at any operation, the tree is good or known to be torn, and the next write sets it right."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from planner.changes import Op, SiteFiles, changes, unified_diff
from planner.plan_json import PlanFile, dump, parse, sha256
from renderers.out import OutProblem, Tree, Written, read, stale, verify, write

TREES = st.dictionaries(
    st.sampled_from(["party-1", "party-2", "exchange-hub"]),
    st.dictionaries(st.sampled_from(["cluster.yaml", "a.b", "sub/a", "sub/b"]), st.sampled_from(["", "one", "two"])),
)
EFFECTS = ["replace", "unlink", "rmdir", "mkdir", "open", "write", "ftruncate"]
QUICK = settings(max_examples=35, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Killed(BaseException):
    """Stands for the end of the process: from then on no operation happens any more."""


def sites(tree: dict[str, dict[str, str]]) -> Iterator[SiteFiles]:
    """Give a tree as the renderers do."""
    return (SiteFiles(site, files) for site, files in tree.items())


def plan(files: Mapping[str, Mapping[str, str]]) -> str:
    """Make the smallest plan.json that is whole."""
    return dump({"version": 1, "sites": [{"site": site, "files": dict(names)} for site, names in files.items()]})


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Give everything under a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }


@contextmanager
def interrupted(at: int, ends: Callable[[], BaseException], *, for_good: bool) -> Iterator[None]:
    """Let the operation with this number, and every one after it if for good, fail before it has an effect."""
    count = [0]

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == at or (for_good and count[0] > at):
                raise ends()
            return real(*arguments, **options)

        return operation

    with ExitStack() as patches:
        for name in EFFECTS:
            patches.enter_context(mock.patch.object(os, name, failing(getattr(os, name))))
        yield


@example(first={}, second={"party-1": {"sub/a": ""}}, third={}, at=8, kill=True)  # one folder of two was made
@given(first=TREES, second=TREES, third=TREES, at=st.integers(1, 40), kill=st.booleans())
@QUICK
def test_interrupted_writes_converge(
    first: dict[str, dict[str, str]],
    second: dict[str, dict[str, str]],
    third: dict[str, dict[str, str]],
    at: int,
    kill: bool,
) -> None:
    """After a write cut off anywhere, whatever is planned next gives the same tree as on a fresh disk."""
    with tempfile.TemporaryDirectory() as folder:
        root, fresh = Path(folder) / "out", Path(folder) / "fresh"
        write(root, sites(first), plan)
        if kill:
            with suppress(Killed), interrupted(at, Killed, for_good=True):
                write(root, sites(second), plan)
        else:
            with interrupted(at, lambda: OSError(28, "No space left on device"), for_good=False):
                assert isinstance(write(root, sites(second), plan), Written | OutProblem)
        tree = read(root)
        if isinstance(tree, Tree):
            assert list(tree.problems()) == []
            assert tree.plan in [parse(plan(digests(wanted)).encode()).document for wanted in (first, second)]  # type: ignore[union-attr]  # what we dump is whole
        assert isinstance(write(root, sites(third), plan), Written)
        write(fresh, sites(third), plan)
        assert snapshot(root) == snapshot(fresh)
        assert verify(root) == ()
        assert stale(root, sites(third), plan) == ()


def digests(tree: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Give the digests of a tree's files."""
    return {site: {name: sha256(text.encode()) for name, text in files.items()} for site, files in tree.items()}


@given(before=TREES, after=TREES)
@QUICK
def test_changes_are_what_write_does(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> None:
    """Each site is told once, and kept exactly when its files are the same; a write touches as many files."""
    told = changes(digests(before), digests(after))
    assert sorted(change.site for change in told) == sorted(before.keys() | after.keys())
    assert {change.site for change in told if change.op is Op.KEEP} == {
        site for site in after if after[site] == before.get(site)
    }
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), sites(before), plan)
        done = write(Path(folder), sites(after), plan)
        assert isinstance(done, Written)
        assert done.changed + done.removed == sum(len(change.files) for change in told)
        assert done.findings == ()


LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30)


@given(before=LINES, after=LINES)
@QUICK
def test_diff_can_be_applied(before: list[str], after: list[str]) -> None:
    """The new text can be had from the old one and the diff, and the diff is no longer than difflib's own needs be."""
    old = "".join(f"{line}\n" for line in before)
    new = "".join(f"{line}\n" for line in after)
    text = unified_diff(old, new, "x")
    assert applied(before, text) == after
    own = list(difflib.unified_diff(before, after, lineterm=""))
    assert (text == "") == (own == [])


def applied(before: list[str], text: str) -> list[str]:
    """Apply a unified diff, as patch would, and check every line of context on the way."""
    result: list[str] = []
    at = 0
    for line in text.split("\n")[2:-1]:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            wanted = int(start) - (length != "0")
            assert wanted >= at
            result += before[at:wanted]
            at = wanted
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert before[at] == line[1:]
            result += [line[1:]] if line.startswith(" ") else []
            at += 1
    return result + before[at:]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["version", "sites", "site", "files", "digest", "x"]), inner)
    ),
    max_leaves=15,
)


@given(data=st.binary(max_size=200) | JSON.map(lambda value: repr(value).replace("'", '"').encode("utf-8", "replace")))
@QUICK
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    """Whatever stands in plan.json, reading gives a value, and no name in it leaves the tree."""
    found = parse(data)
    assert isinstance(found.files, dict)
    assert isinstance(found, PlanFile) or found.message


@pytest.mark.parametrize("name", ["party-1", "exchange-hub"])
def test_property_sites_are_real_names(name: str) -> None:
    """The names used here are ones that the program writes."""
    assert isinstance(parse(plan({name: {}}).encode()), PlanFile)
