"""Writing and reading the tree under `out/`."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from planner import plan_json
from planner.changes import SiteFiles
from planner.plan_json import BrokenPlan, PlanFile, digest, dump, is_file_name, is_site_name, parse, sha256
from renderers import out
from renderers.out import JOURNAL, OutProblem, Tree, Trouble, Written, read, stale, verify, write, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.diagnostics import Diagnostic

REPOSITORY = Path(__file__).resolve().parents[2]
SITES = [
    SiteFiles("party-9999", {"cluster.yaml": "name: fate-9999\n", "conf/a.properties": "ä=1\n", ".env": "A=1\n"}),
    SiteFiles("party-10000", {"cluster.yaml": "name: fate-10000\n"}),
]


def plan(files: out.Files) -> str:
    """Make a plan.json as the program does, with made-up facts."""
    return dump(
        {
            "version": 1,
            "federation": "credit-risk",
            "source": "0" * 64,
            "lock": "1" * 64,
            "sites": [
                {
                    "site": site,
                    "kind": "party",
                    "id": int(site.removeprefix("party-")),
                    "release": "v1.11.2",
                    "chart": {"name": "fate", "version": "v1.11.2"},
                    "target": "kubefate",
                    "cluster": "bank",
                    "context": None,
                    "namespace": "fate",
                    "name": "fate",
                    "serving": None,
                    "endpoints": {"rollsite": [{"host": "192.168.9.1", "port": 30091}]},
                    "ports": {"rollsite": 30091},
                    "prerequisites": [],
                    "files": dict(names),
                }
                for site, names in files.items()
            ],
        }
    )


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Give everything under a folder: files with their bytes, folders with None."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")
    }


def written(root: Path, sites: list[SiteFiles] = SITES) -> Written:
    """Write a tree and expect that it worked."""
    found = write(root, iter(sites), plan)
    assert isinstance(found, Written), found
    return found


def problem(found: object) -> OutProblem:
    """Expect a problem that is put into words."""
    assert isinstance(found, OutProblem), found
    assert found.message
    assert found.hint
    return found


def codes(found: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    """Give code and document of each finding."""
    assert all(finding.hint and finding.message for finding in found)
    return [(finding.fault.code, finding.place.document) for finding in found]


def test_tree_is_written_and_read_back(tmp_path: Path) -> None:
    """The tree has each file once, plan.json, and nothing else; reading proves it."""
    root = tmp_path / "deep" / "out"
    assert written(root) == Written(changed=4, unchanged=0, removed=0)
    found = snapshot(root)
    assert sorted(found) == [
        "party-10000",
        "party-10000/cluster.yaml",
        "party-9999",
        "party-9999/.env",
        "party-9999/cluster.yaml",
        "party-9999/conf",
        "party-9999/conf/a.properties",
        "plan.json",
    ]
    assert found["party-9999/conf/a.properties"] == "ä=1\n".encode()
    tree = read(root)
    assert isinstance(tree, Tree)
    assert tree.files == {s.site: {name: sha256(text.encode()) for name, text in s.files.items()} for s in SITES}
    assert tree.read_bytes("party-10000", "cluster.yaml") == b"name: fate-10000\n"
    assert list(tree.problems()) == []
    assert verify(root) == ()
    assert stale(root, SITES, plan) == ()


def test_plan_json_keeps_its_schema(tmp_path: Path) -> None:
    """plan.json is what planner/plan.schema.json describes, every key of which has a description."""
    schema = json.loads(resources.files("planner").joinpath("plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    written(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    properties = [schema["properties"], *(part.get("properties", {}) for part in schema["$defs"].values())]
    nested = [value["properties"] for group in properties for value in group.values() if "properties" in value]
    assert all(value["description"] for group in properties + nested for value in group.values())


def test_second_write_touches_nothing(tmp_path: Path) -> None:
    """Files with the right bytes keep their time, plan.json and the folders too."""
    root = tmp_path / "out"
    written(root)
    paths = [root, *root.rglob("*")]
    before = {path: path.stat().st_mtime_ns for path in paths}
    assert written(root) == Written(changed=0, unchanged=4, removed=0)
    assert {path: path.stat().st_mtime_ns for path in paths} == before


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """One file of other bytes (same size) is replaced, a site that is gone is removed, the rest is left alone."""
    root = tmp_path / "out"
    written(root)
    kept = root / "party-9999" / ".env"
    before = kept.stat().st_mtime_ns
    files = {**SITES[0].files, "cluster.yaml": "name: fate-9998\n"}
    del files["conf/a.properties"]
    assert written(root, [SiteFiles("party-9999", files)]) == Written(changed=1, unchanged=1, removed=2)
    assert sorted(snapshot(root)) == ["party-9999", "party-9999/.env", "party-9999/cluster.yaml", "plan.json"]
    assert kept.stat().st_mtime_ns == before
    assert verify(root) == ()


def test_sites_are_taken_one_at_a_time(tmp_path: Path) -> None:
    """Each site is on the disk before the next one is asked for."""
    root = tmp_path / "out"

    def sites() -> Iterator[SiteFiles]:
        yield SITES[0]
        assert (root / "party-9999" / "cluster.yaml").exists()
        assert not (root / "plan.json").exists()
        yield SITES[1]

    assert isinstance(write(root, sites(), plan), Written)


def test_strays_are_kept_and_told(tmp_path: Path) -> None:
    """What plan did not write stays, in our folders, beside them and where a site is removed."""
    root = tmp_path / "out"
    written(root)
    (root / "party-9999" / "notes.txt").write_text("mine")
    (root / "party-10000" / "notes.txt").write_text("mine")
    (root / "party-7").mkdir()
    (root / "party-7" / "cluster.yaml").write_text("mine")
    (root / "e\x1b.txt").write_text("mine")
    (root / "link").symlink_to(tmp_path)
    (root / ".gitattributes").write_text("* -text\n")
    strays = ["e\\x1b.txt", "link", "party-10000/", "party-7/", "party-9999/notes.txt"]
    found = written(root, SITES[:1])
    assert codes(found.findings) == [("FED705", stray) for stray in strays]
    assert (root / "party-10000" / "notes.txt").read_text() == "mine"
    assert (root / "party-7" / "cluster.yaml").read_text() == "mine"
    assert codes(verify(root)) == [("FED705", stray) for stray in strays]


def test_edits_by_hand_are_mended_and_told(tmp_path: Path) -> None:
    """A file of ours that was changed or lost is an error for readers; plan writes it again and warns."""
    root = tmp_path / "out"
    written(root)
    (root / "party-9999" / "cluster.yaml").write_text("mine")
    (root / "party-10000" / "cluster.yaml").unlink()
    torn = [("FED704", "party-9999/cluster.yaml"), ("FED704", "party-10000/cluster.yaml")]
    assert codes(verify(root)) == torn
    assert all(finding.is_error for finding in verify(root))
    tree = read(root)
    assert isinstance(tree, Tree)
    assert problem(tree.read_bytes("party-9999", "cluster.yaml")).trouble is Trouble.TORN
    assert problem(tree.read_bytes("party-10000", "cluster.yaml")).message == "the file is missing"
    found = written(root)
    assert codes(found.findings) == torn
    assert not any(finding.is_error for finding in found.findings)
    assert verify(root) == ()


def test_stale_names_every_file_and_writes_nothing(tmp_path: Path) -> None:
    """`--check` tells what is missing, different and no longer wanted, and leaves the tree alone."""
    root = tmp_path / "out"
    assert codes(stale(root, SITES, plan)) == [("FED703", "plan.json")]  # type: ignore[arg-type]  # no problem here
    assert not root.exists()
    written(root)
    before = snapshot(root)
    sites = [
        SiteFiles("party-9999", {"cluster.yaml": "x", "new.yaml": "x"}),
        SiteFiles("party-1", {"cluster.yaml": ""}),
    ]
    found = stale(root, sites, plan)
    assert not isinstance(found, OutProblem)
    assert codes(found) == [
        ("FED703", "party-9999/cluster.yaml"),
        ("FED703", "party-9999/new.yaml"),
        ("FED703", "party-1/cluster.yaml"),
        ("FED703", "party-10000/cluster.yaml"),
        ("FED703", "party-9999/.env"),
        ("FED703", "party-9999/conf/a.properties"),
        ("FED703", "plan.json"),
    ]
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "site",
    ["", "..", "/etc", "a/b", "../x", "a\0", "party-1\n", "A", "plan.json", ".git", "x" * 201, "a\\b", "a."],
)
def test_site_names_that_could_escape(tmp_path: Path, site: str) -> None:
    """A folder name that is no single plain component is a bug of ours and is never written."""
    assert not is_site_name(site)
    with pytest.raises(ValueError, match="unsafe"):
        write(tmp_path / "out", [SiteFiles(site, {"a": ""})], plan)
    assert list(tmp_path.rglob("*")) == [tmp_path / "out"]


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/a", "a/", "a//b", "a/../b", "../a", "a/b/c", "a\0b", "a\n", "a b", "a\\b", "C:x", ".git",
     "x/.gitmodules", ".GIT", ".fedplan-x", "x" * 202, "a/.", "é"],
)  # fmt: skip
def test_file_names_that_could_escape(tmp_path: Path, name: str) -> None:
    """A file name that leaves its site's folder, hides from us or belongs to git is never written."""
    assert not is_file_name(name)
    with pytest.raises(ValueError, match="unsafe"):
        write(tmp_path / "out", [SiteFiles("party-1", {name: ""})], plan)
    assert list(tmp_path.rglob("*")) == [tmp_path / "out"]


def test_site_that_comes_twice(tmp_path: Path) -> None:
    """Two sites of one name would overwrite each other: a bug of ours."""
    with pytest.raises(ValueError, match="twice"):
        write(tmp_path / "out", [SITES[1], SITES[1]], plan)


def test_links_are_never_written_through(tmp_path: Path) -> None:
    """A link at any place where plan writes stops it before anything outside is touched."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cluster.yaml").write_text("theirs")
    (outside / "plan.json").write_text("theirs")
    before = snapshot(outside)

    def check(root: Path, document: str) -> None:
        for found in (write(root, SITES, plan), stale(root, SITES, plan)):
            assert problem(found).trouble is Trouble.UNSAFE
            assert problem(found).document == document
            finding = problem(found).diagnostic
            assert finding is not None
            assert finding.fault.code == "FED707"
        assert snapshot(outside) == before

    (tmp_path / "a").symlink_to(outside)
    check(tmp_path / "a", ".")
    (tmp_path / "b").symlink_to(outside / "not there")
    check(tmp_path / "b", ".")
    for document, target in [
        ("party-9999", outside),
        ("party-9999/conf", outside),
        ("party-9999/cluster.yaml", outside / "cluster.yaml"),
        ("plan.json", outside / "plan.json"),
        (JOURNAL, outside / "cluster.yaml"),
    ]:
        root = tmp_path / document.replace("/", "-")
        written(root)
        path = root / document
        if path.exists():
            path.rename(tmp_path / f"{root.name}-was")
        path.symlink_to(target)
        if document != JOURNAL:
            check(root, document)
        else:
            assert problem(write(root, SITES, plan)).trouble is Trouble.UNSAFE
            assert snapshot(outside) == before


def test_links_are_never_read_through(tmp_path: Path) -> None:
    """A link in the tree is a finding even where the bytes behind it are right, and a pipe does not block."""
    root = tmp_path / "out"
    written(root)
    (root / "party-10000").rename(tmp_path / "real")
    (root / "party-10000").symlink_to(tmp_path / "real")
    (root / "party-9999" / ".env").unlink()
    os.mkfifo(root / "party-9999" / ".env")
    assert codes(verify(root)) == [
        ("FED707", "party-9999/.env"),
        ("FED707", "party-10000"),
        ("FED705", "party-10000"),
    ]
    (tmp_path / "link").symlink_to(root)
    assert codes(verify(tmp_path / "link")) == [("FED707", ".")]
    (root / "plan.json").rename(tmp_path / "plan.json")
    (root / "plan.json").symlink_to(tmp_path / "plan.json")
    assert codes(verify(root)) == [("FED707", "plan.json")]


def test_removal_does_not_follow_links(tmp_path: Path) -> None:
    """Where a folder of ours was swapped for a link, what lies behind is not removed."""
    root = tmp_path / "out"
    written(root)
    (root / "party-10000").rename(tmp_path / "real")
    (root / "party-10000").symlink_to(tmp_path / "real")
    assert codes(written(root, SITES[:1]).findings) == [("FED705", "party-10000")]
    assert (tmp_path / "real" / "cluster.yaml").exists()


def test_plan_json_cannot_name_files_outside(tmp_path: Path) -> None:
    """A forged list of files neither reads nor removes anything outside the tree."""
    root = tmp_path / "out"
    written(root)
    (tmp_path / "secret").write_text("mine")
    forged = plan({"party-1": {"cluster.yaml": "0" * 64}})
    for site, name in [("..", "secret"), ("party-1", "../../secret"), ("party-1", str(tmp_path / "secret"))]:
        document = json.loads(forged)
        document["sites"][0] |= {"site": site, "files": {name: sha256(b"mine")}}
        (root / "plan.json").write_text(dump(document))
        assert codes(verify(root)) == [("FED704", "plan.json")]
        written(root)
        assert (tmp_path / "secret").read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "<<<<<<< HEAD\n",
        '{"version": 1}',
        '{"version": 1, "sites": {}, "digest": ""}',
        '{"version": 1, "sites": [], "digest": ""}',
        '{"version": 1, "version": 1, "sites": []}',
        '{"version": 1, "sites": [], "x": NaN}',
        '{"version": 1, "sites": [], "x": "\\ud800"}',
        '{"version": true, "sites": []}',
        '{"version": 1, "sites": [{"site": ["a"], "files": {}}]}',
        "[" * 100_000,
        "9" * 10_000,
        dump({"version": 2, "sites": []}),
        dump({"version": 1, "sites": [{"site": "a", "files": {"x": "short"}}]}),
        dump({"version": 1, "sites": [{"site": "a", "files": {}}, {"site": "a", "files": {}}]}),
    ],
)
def test_broken_plan_json_is_a_finding_and_is_mended(tmp_path: Path, text: str) -> None:
    """No content of plan.json raises; readers refuse it, plan writes it again and says so."""
    root = tmp_path / "out"
    written(root)
    (root / "plan.json").write_text(text)
    assert codes(verify(root)) == [("FED704", "plan.json")]
    assert codes(written(root).findings) == [("FED704", "plan.json")]
    assert verify(root) == ()


def test_plan_json_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan.json above the limit is neither written nor read."""
    root = tmp_path / "out"
    written(root)
    monkeypatch.setattr(out, "MAX_BYTES", 1000)
    assert problem(read(root)).trouble is Trouble.TORN
    assert problem(write(tmp_path / "new", SITES, plan)).trouble is Trouble.REFUSED
    monkeypatch.setattr(plan_json, "MAX_BYTES", 1)
    assert isinstance(parse(b"{}"), BrokenPlan)


def test_nothing_planned_yet(tmp_path: Path) -> None:
    """No out/, and an out/ without plan.json, are told as such."""
    assert problem(read(tmp_path / "out")).trouble is Trouble.MISSING
    (tmp_path / "out").mkdir()
    assert problem(read(tmp_path / "out")).trouble is Trouble.MISSING
    assert codes(verify(tmp_path / "out")) == [("FED704", "plan.json")]


def test_digest_does_not_depend_on_layout() -> None:
    """The digest is of the content: order of keys and blanks do not count, any value does."""
    document: dict[str, Any] = {"version": 1, "sites": [], "é": "ü"}
    text = dump(document)
    assert json.loads(text)["digest"] == digest(document) == digest(dict(reversed(document.items())))
    assert isinstance(parse(text.encode()), PlanFile)
    assert isinstance(parse(json.dumps(json.loads(text)).encode()), PlanFile)
    assert isinstance(parse(text.replace("ü", "u").encode()), BrokenPlan)


def test_dump_is_laid_out_to_be_read() -> None:
    """One line per key, one block per site, the digest last."""
    text = dump({"version": 1, "sites": [{"site": "party-1", "peers": ["party-2", "party-3"], "files": {}}]})
    assert text.split("\n")[:-3] == [
        "{",
        ' "version": 1,',
        ' "sites": [',
        "  {",
        '   "site": "party-1",',
        '   "peers": ["party-2", "party-3"],',
        '   "files": {}',
        "  }",
        " ],",
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "permission denied"), (errno.EROFS, "read-only")],
)
def test_what_the_disk_refuses_is_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """A full disk and the like lose no file, leave no temporary one, and the next write mends the tree."""
    root = tmp_path / "out"
    written(root)
    before = snapshot(root)
    sites = [SiteFiles(site.site, dict.fromkeys(site.files, "new")) for site in SITES]
    real, calls = os.replace, [0]

    def refuse(*arguments: Any, **options: Any) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(number, os.strerror(number))
        real(*arguments, **options)

    monkeypatch.setattr(os, "replace", refuse)
    found = problem(write(root, sites, plan))
    assert (found.trouble, found.diagnostic) == (Trouble.REFUSED, None)
    assert words in found.message
    after = snapshot(root)
    assert after.pop(JOURNAL) == b""
    assert before | {"party-9999/cluster.yaml": b"new"} == after
    assert problem(read(root)).trouble is Trouble.TORN
    assert written(root, sites).changed == 3
    assert verify(root) == ()


def test_problem_names_the_file(tmp_path: Path) -> None:
    """What could not be written is named, not its temporary stand-in."""
    root = tmp_path / "out"
    (root / "party-9999" / ".fedplan-cluster.yaml").mkdir(parents=True)
    found = problem(write(root, SITES, plan))
    assert found.document == "party-9999/cluster.yaml"
    (tmp_path / "file").write_text("")
    assert problem(write(tmp_path / "file" / "out", SITES, plan)).trouble is Trouble.REFUSED
    assert problem(write(tmp_path / "file", SITES, plan)).trouble is Trouble.UNSAFE


def test_left_over_temporary_files_are_removed(tmp_path: Path) -> None:
    """What a killed run left is gone after the next one, in folders of sites that are removed too."""
    root = tmp_path / "out"
    written(root)
    for folder in [".", "party-9999", "party-9999/conf", "party-10000"]:
        (root / folder / ".fedplan-x").write_text("half")
    (root / ".fedplan-y").symlink_to(tmp_path)
    assert written(root, SITES[:1]).findings == ()
    assert not [path for path in snapshot(root) if ".fedplan" in path or "10000" in path]


@pytest.mark.skipif(out.fcntl is None, reason="this system has no flock")
def test_two_plans_at_once(tmp_path: Path) -> None:
    """The second plan is refused at once and changes nothing; afterwards the way is free."""
    root = tmp_path / "out"

    def sites() -> Iterator[SiteFiles]:
        yield SITES[0]
        before = snapshot(root)
        found = problem(write(root, [], plan, lock=(tmp_path / "federation.lock", b"x")))
        assert (found.trouble, found.diagnostic) == (Trouble.BUSY, None)
        assert snapshot(root) == before
        assert not (tmp_path / "federation.lock").exists()
        yield SITES[1]

    assert isinstance(write(root, sites(), plan), Written)
    assert written(root).unchanged == 4


def test_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no flock, plan works all the same."""
    monkeypatch.setattr(out, "fcntl", None)
    written(tmp_path / "out")
    assert verify(tmp_path / "out") == ()


def test_lock_file_is_written_whole(tmp_path: Path) -> None:
    """federation.lock is replaced atomically, left alone when it is right, and a link in its place is refused."""
    path = tmp_path / "federation.lock"
    assert write_atomic(path, b"one") is None
    before = path.stat()
    assert write_atomic(path, b"one") is None
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert isinstance(write(tmp_path / "out", SITES, plan, lock=(path, b"two")), Written)
    assert path.read_bytes() == b"two"
    path.rename(tmp_path / "real")
    path.symlink_to(tmp_path / "real")
    assert problem(write_atomic(path, b"three")).trouble is Trouble.UNSAFE
    assert (tmp_path / "real").read_bytes() == b"two"
    assert problem(write_atomic(tmp_path / "no" / "where", b"")).trouble is Trouble.REFUSED


def test_bug_in_a_renderer_is_not_hidden(tmp_path: Path) -> None:
    """An exception of the code that makes the files comes through, and the tree is known to be torn."""
    root = tmp_path / "out"

    def sites() -> Iterator[SiteFiles]:
        yield SITES[0]
        raise KeyError(0)

    with pytest.raises(KeyError):
        write(root, sites(), plan)
    assert problem(read(root)).trouble is Trouble.TORN
    assert written(root, SITES[1:]).findings[0].fault.code == "FED704"
    assert sorted(snapshot(root)) == ["party-10000", "party-10000/cluster.yaml", "plan.json"]


def test_journal_that_was_cut_off_itself(tmp_path: Path) -> None:
    """The names in the journal count up to its last whole line, and only those that are ours."""
    root = tmp_path / "out"
    written(root)
    for document in ["party-1/cluster.yaml", "party-1/clust", "party-2/cluster.yaml"]:
        (root / document).parent.mkdir(exist_ok=True)
        (root / document).write_text("")
    (tmp_path / "mine").write_text("")
    (root / JOURNAL).write_text("party-1/cluster.yaml\n../mine\n\nparty-1/../../mine\nparty-1/clust")

    def sites() -> Iterator[SiteFiles]:
        yield from SITES
        yield SiteFiles("party-3", {"cluster.yaml": ""})
        raise KeyError(0)

    with pytest.raises(KeyError):
        write(root, sites(), plan)
    expected = "party-1/cluster.yaml\n../mine\n\nparty-1/../../mine\nparty-3/cluster.yaml\n"
    assert (root / JOURNAL).read_text() == expected
    found = written(root)
    assert found.removed == 2
    assert codes(found.findings) == [("FED704", "plan.json"), ("FED705", "party-1/"), ("FED705", "party-2/")]
    assert (root / "party-1" / "clust").exists()
    assert (tmp_path / "mine").exists()


CHILD = """
import sys
from pathlib import Path
from planner.changes import SiteFiles
from planner.plan_json import dump
from renderers.out import write

def sites(start, stop):
    for number in range(start, stop):
        yield SiteFiles(f"party-{number}", {"cluster.yaml": f"{sys.argv[2]} {number}\\n" * 200, "sub/b": sys.argv[2]})

def plan(files):
    return dump({"version": 1, "sites": [{"site": site, "files": dict(names)} for site, names in files.items()]})

print("go", flush=True)
print(write(Path(sys.argv[1]), sites(int(sys.argv[3]), int(sys.argv[4])), plan), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL here")
def test_killed_anywhere_the_tree_is_good_or_known_to_be_torn(tmp_path: Path) -> None:
    """After SIGKILL at random moments readers see a whole tree or refuse it; in the end one write sets all right."""
    chance = random.Random(7)
    root = tmp_path / "out"

    def start(*arguments: str, where: Path = root) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(where), *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "go\n"
        return child

    torn = 0
    for round_number in range(10):
        first = chance.randrange(200)
        with start(f"r{round_number}", str(first), str(first + 400)) as child:
            time.sleep(chance.uniform(0, 0.15))
            child.send_signal(signal.SIGKILL)
        tree = read(root)
        if isinstance(tree, OutProblem):
            torn += 1
            assert tree.trouble in {Trouble.TORN, Trouble.MISSING}
        else:
            assert list(tree.problems()) == []
    assert torn > 0
    for where in (root, tmp_path / "fresh"):
        with start("last", "50", "150", where=where) as child:
            assert child.wait() == 0
    assert verify(root) == ()
    assert snapshot(root) == snapshot(tmp_path / "fresh")
