"""Reading `out/` at a revision, with real repositories; whatever is not there is a value."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from planner.changes import SiteFiles
from planner.plan_json import dump, sha256
from renderers import git, out
from renderers.git import Baseline, NoBaseline, Reason, list_files, read_baseline, read_file, read_files

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: install it to run these")

SITES = [
    SiteFiles("party-9999", {"cluster.yaml": "name: fate-9999\n", "conf/a.properties": "ä=1\n"}),
    SiteFiles("party-10000", {"cluster.yaml": ""}),
]
FILES = {site.site: {name: sha256(text.encode()) for name, text in site.files.items()} for site in SITES}


@pytest.fixture(autouse=True)
def _own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the repositories of the tests apart from the user's settings and from the repository around them."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def run(folder: Path, *arguments: str) -> None:
    """Run git, as a user would."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    options = (*who, "-c", "protocol.file.allow=always")
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True)


def plan_json(files: out.Files) -> str:
    """Make the smallest plan.json that is whole."""
    sites = [{"site": site, "files": dict(names)} for site, names in files.items()]
    return dump({"version": 1, "sites": sites})


def plan(root: Path, sites: list[SiteFiles] = SITES) -> None:
    """Write a tree."""
    assert isinstance(out.write(root, sites, plan_json), out.Written)


def commit(folder: Path) -> None:
    """Commit everything."""
    run(folder, "add", "-A")
    run(folder, "commit", "-qm", "plan")


def repository(folder: Path, root: Path) -> Path:
    """Make a repository in which the tree is committed, and give the tree's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    run(folder, "init", "-q")
    root.parent.mkdir(parents=True, exist_ok=True)
    plan(root)
    commit(folder)
    return root


def reason(found: Baseline | NoBaseline) -> Reason | None:
    """Give the reason why there is no baseline."""
    if isinstance(found, NoBaseline):
        assert found.hint
        return found.reason
    return None


def files(found: Baseline | NoBaseline) -> object:
    """Give the digests of the files of a baseline."""
    assert isinstance(found, Baseline), found
    return found.files


@pytest.mark.parametrize(
    "folder", ["out", "a/b/out", "sub dir/öut", "-x/--help/out", "a:b/c'd\"/$out", "we*ird/[o]ut", "new\nline/out", "."]
)
def test_baseline_at_head(tmp_path: Path, folder: str) -> None:
    """The tree is found wherever it lies in its repository and whatever its folder is called."""
    root = repository(tmp_path / "repo", tmp_path / "repo" / folder)
    found = read_baseline(root)
    assert files(found) == FILES
    assert isinstance(found, Baseline)
    assert read_files(found, ["party-9999/conf/a.properties", "party-10000/cluster.yaml", "party-1/no.yaml"]) == {
        "party-9999/conf/a.properties": "ä=1\n".encode(),
        "party-10000/cluster.yaml": b"",
    }
    assert read_files(found, []) == {}


def test_baseline_is_what_was_committed_not_what_lies_there(tmp_path: Path) -> None:
    """Neither what was planned since nor the loss of the whole folder changes the baseline."""
    root = repository(tmp_path, tmp_path / "out")
    plan(root, SITES[:1])
    assert files(read_baseline(root)) == FILES
    shutil.rmtree(root)
    assert files(read_baseline(root)) == FILES


def test_baseline_at_other_refs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Branches, tags, ancestors, a detached HEAD and a relative path all work."""
    root = repository(tmp_path, tmp_path / "out")
    run(tmp_path, "tag", "-a", "v1", "-m", "first")
    plan(root, SITES[:1])
    commit(tmp_path)
    assert files(read_baseline(root, "v1")) == FILES
    assert files(read_baseline(root, "HEAD~1")) == FILES
    assert files(read_baseline(root, "main")) == {"party-9999": FILES["party-9999"]}
    run(tmp_path, "checkout", "-q", "--detach", "v1")
    monkeypatch.chdir(tmp_path)
    assert files(read_baseline(Path("out"))) == FILES


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "nowhere",
        "-h",
        "--help",
        "--exec=touch x",
        "^HEAD",
        "HEAD:out",
        "a..b",
        "a\nb",
        "a\0b",
        "x" * 5000,
        "\x1b[2J",
    ],
)
def test_unknown_ref(tmp_path: Path, ref: str) -> None:
    """Whatever cannot be a commit is said so, is never an option of git, and cannot disturb a terminal."""
    root = repository(tmp_path, tmp_path / "out")
    found = read_baseline(root, ref)
    assert reason(found) is Reason.UNKNOWN_REF
    assert isinstance(found, NoBaseline)
    assert found.message.isprintable()


def test_no_repository(tmp_path: Path) -> None:
    """A folder outside any repository has no baseline, existing or not."""
    plan(tmp_path / "out")
    assert reason(read_baseline(tmp_path / "out")) is Reason.NO_REPOSITORY
    assert reason(read_baseline(tmp_path / "not" / "yet")) is Reason.NO_REPOSITORY


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git has no baseline."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reason(read_baseline(tmp_path)) is Reason.NO_GIT


def test_git_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer is given up."""
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "TIMEOUT", 0.2)
    assert reason(read_baseline(tmp_path)) is Reason.FAILED


def test_no_commit(tmp_path: Path) -> None:
    """A fresh repository has nothing to compare with."""
    run(tmp_path, "init", "-q")
    assert reason(read_baseline(tmp_path / "out")) is Reason.NO_COMMIT
    assert reason(read_baseline(tmp_path / "out", "main")) is Reason.UNKNOWN_REF


def test_tree_not_in_the_commit(tmp_path: Path) -> None:
    """A commit without out/, or with an out/ without plan.json, is told apart from an unknown one."""
    run(tmp_path, "init", "-q")
    (tmp_path / "federation.yaml").write_text("version: 1\n")
    commit(tmp_path)
    plan(tmp_path / "out")
    assert reason(read_baseline(tmp_path / "out")) is Reason.NOT_IN_REF
    (tmp_path / "out" / "plan.json").unlink()
    commit(tmp_path)
    assert reason(read_baseline(tmp_path / "out")) is Reason.NOT_IN_REF


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\n", '{"version": 2, "sites": []}', '{"version": 1, "sites": []}'])
def test_broken_plan_in_the_commit(tmp_path: Path, text: str) -> None:
    """A committed plan.json that cannot be trusted is no baseline."""
    root = repository(tmp_path, tmp_path / "out")
    (root / "plan.json").write_text(text)
    commit(tmp_path)
    assert reason(read_baseline(root)) is Reason.BROKEN


def test_huge_plan_in_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan.json that is too large is not even read."""
    root = repository(tmp_path, tmp_path / "out")
    monkeypatch.setattr(git, "MAX_BYTES", 10)
    assert reason(read_baseline(root)) is Reason.BROKEN


def test_plan_that_is_a_link_in_the_commit(tmp_path: Path) -> None:
    """A committed link is read as what it says, never followed."""
    root = repository(tmp_path, tmp_path / "out")
    (root / "plan.json").rename(tmp_path / "elsewhere.json")
    (root / "plan.json").symlink_to("../elsewhere.json")
    commit(tmp_path)
    assert reason(read_baseline(root)) is Reason.BROKEN


def test_bare_repository(tmp_path: Path) -> None:
    """A folder inside a bare repository has no baseline."""
    run(tmp_path, "init", "-q", "--bare")
    assert reason(read_baseline(tmp_path / "out")) is Reason.NO_REPOSITORY


def test_repository_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that git does not trust is told plainly."""
    root = repository(tmp_path, tmp_path / "out")
    own = git._environment()
    monkeypatch.setattr(git, "_environment", lambda: own | {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert reason(read_baseline(root)) is Reason.NOT_TRUSTED


def test_damaged_repository(tmp_path: Path) -> None:
    """A damaged repository is a failure with git's own word for it."""
    root = repository(tmp_path, tmp_path / "out")
    (tmp_path / ".git" / "config").write_text("[core\n")
    assert reason(read_baseline(root)) is Reason.FAILED


def test_worktrees_and_submodules(tmp_path: Path) -> None:
    """The repository is the one out/ lies in: a work tree's own HEAD, a submodule's own commits."""
    main = tmp_path / "main"
    repository(main, main / "out")
    run(main, "worktree", "add", "-q", str(tmp_path / "side"), "-b", "side")
    plan(tmp_path / "side" / "out", SITES[1:])
    commit(tmp_path / "side")
    assert files(read_baseline(tmp_path / "side" / "out")) == {"party-10000": FILES["party-10000"]}
    assert files(read_baseline(main / "out")) == FILES
    outer = tmp_path / "outer"
    outer.mkdir()
    run(outer, "init", "-q")
    run(outer, "submodule", "add", "-q", str(main), "inner")
    commit(outer)
    assert files(read_baseline(outer / "inner" / "out")) == FILES
    assert reason(read_baseline(outer / "out")) is Reason.NOT_IN_REF


def test_variables_of_git_do_not_mislead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hook or a shell has set for another repository does not count."""
    root = repository(tmp_path / "repo", tmp_path / "repo" / "out")
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("LANGUAGE", "de")
    assert files(read_baseline(root)) == FILES


def test_file_names_are_checked_before_git_sees_them(tmp_path: Path) -> None:
    """Only a file of a site can be asked for."""
    found = read_baseline(repository(tmp_path, tmp_path / "out"))
    assert isinstance(found, Baseline)
    for path in ["../x", "party-1/../x", "a/b/c/d", "party-1/a\nHEAD", "/etc/passwd", "party-1/a b"]:
        with pytest.raises(ValueError, match="no file of a site"):
            read_files(found, [path])


def test_listed_files_are_the_files(tmp_path: Path) -> None:
    """Files that were listed first are read by their names in git, and are the same; what is not listed is left out."""
    root = repository(tmp_path, tmp_path / "out")
    baseline = read_baseline(root)
    assert isinstance(baseline, Baseline)
    listed = list_files(baseline)
    assert isinstance(listed, dict)
    assert sorted(listed) == [
        "party-10000/cluster.yaml",
        "party-9999/cluster.yaml",
        "party-9999/conf/a.properties",
        "plan.json",
    ]
    paths = ["party-9999/cluster.yaml", "party-9999/conf/a.properties", "party-1/cluster.yaml"]
    assert read_files(baseline, paths, listed) == read_files(baseline, paths)


def test_another_file_of_the_commit(tmp_path: Path) -> None:
    """A file beside `out/` is read as it was committed, whatever became of it; one that was not there is told."""
    (tmp_path / "federation.yaml").write_text("a: 1\n")
    baseline = read_baseline(repository(tmp_path, tmp_path / "plans" / "out"))
    assert isinstance(baseline, Baseline)
    (tmp_path / "federation.yaml").unlink()
    assert read_file(tmp_path / "federation.yaml", baseline, 100) == b"a: 1\n"
    assert reason_of(read_file(tmp_path / "federation.yaml", baseline, 2)) is Reason.BROKEN
    assert reason_of(read_file(tmp_path / "gone" / "federation.yaml", baseline, 100)) is Reason.NOT_IN_REF


def reason_of(found: bytes | NoBaseline) -> Reason | None:
    """Give the reason why there is no file."""
    return found.reason if isinstance(found, NoBaseline) else None
