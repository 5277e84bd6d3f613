"""Adapter to git: `out/` as it was at a revision, which is what a plan compares itself with.

git is run as a process, without a shell, without prompts, pager, network or hooks, and with none of the variables that
would point it at another repository (a hook sets some). The repository is the one `out/` lies in. That there is nothing
to compare with (no git, no repository, no commit, no `out/` in it) is a value, `NoBaseline`, and no failure.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.plan_json import MAX_BYTES, NAME, SHARED, BrokenPlan, is_file_name, is_site_name, parse, site_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TIMEOUT = 30.0
"""Seconds after which a git process is given up."""

_OBJECT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"[^-\x00-\x20\x7f^][^\x00-\x1f\x7f]{0,255}")
_KEPT = ("GIT_CONFIG_", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH")


class Reason(StrEnum):
    """Why there is nothing to compare with."""

    NO_GIT = "no-git"
    NO_REPOSITORY = "no-repository"
    NO_COMMIT = "no-commit"
    UNKNOWN_REF = "unknown-ref"
    NOT_IN_REF = "not-in-ref"
    NOT_TRUSTED = "not-trusted"
    BROKEN = "broken"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NoBaseline:
    """Why there is nothing to compare with: one clause, and the way out."""

    reason: Reason
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """`out/` at a commit: its plan.json, and of each site the digests of its files.

    `folder` is where git was run, `tree` git's name for the folder `out/` at that commit.
    """

    ref: str
    commit: str
    folder: Path
    tree: str
    plan: Mapping[str, Any]
    files: Mapping[str, Mapping[str, str]]


def read_baseline(root: Path, ref: str = "HEAD") -> Baseline | NoBaseline:
    """Read what `out/` (`root`, which need not exist now) was at a revision; only its plan.json is read."""
    if _REF.fullmatch(ref) is None:
        return _unknown(ref)
    try:
        return _read_baseline(root, ref)
    except _Stopped as stopped:
        return stopped.nothing


def list_files(baseline: Baseline) -> dict[str, str] | NoBaseline:
    """List the files of the baseline, and git's names for what is in them."""
    try:
        answer = _output(baseline.folder, "ls-tree", "-r", "-z", "--full-tree", baseline.tree)
    except _Stopped as stopped:
        return stopped.nothing
    found = {}
    for entry in answer.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        parts = head.split(b" ")
        if len(parts) == 3 and parts[1] == b"blob":  # noqa: PLR2004 - mode, kind, name
            found[os.fsdecode(path)] = parts[2].decode()
    return found


def read_files(
    baseline: Baseline, paths: Iterable[str], listed: Mapping[str, str] | None = None
) -> dict[str, bytes] | NoBaseline:
    """Read files of the baseline (`party-9999/cluster.yaml`) by one process; those it does not have are left out.

    `listed` is what `list_files` gave: with it, git need not look every path up in a folder of thousands.
    ValueError for a path that is no file of a site.
    """
    wanted = list(dict.fromkeys(paths))
    for path in wanted:
        site, name = site_of(path)
        if (site != SHARED and not is_site_name(site)) or not is_file_name(name):
            message = f"{path!r} is no file of a site"
            raise ValueError(message)
    if listed is not None:
        wanted = [path for path in wanted if path in listed]
    if not wanted:
        return {}
    names = (f"{baseline.tree}:{path}" if listed is None else listed[path] for path in wanted)
    request = "".join(f"{name}\n" for name in names).encode()
    try:
        return _batch(_output(baseline.folder, "cat-file", "--batch", stdin=request), wanted)
    except _Stopped as stopped:
        return stopped.nothing


def read_file(file: Path, baseline: Baseline, limit: int) -> bytes | NoBaseline:
    """Read one file of the work tree (which need not exist now) as it was at the baseline's commit."""
    try:
        folder, below = _standing(file.parent)
        inside = _git(folder, "rev-parse", "--show-prefix")
        if inside.returncode:
            return _no_repository(inside.stderr)
        prefix = inside.stdout.removesuffix(b"\n") + os.fsencode(f"{below}/{file.name}".lstrip("/"))
        blob = _object(folder, f"{baseline.commit}:".encode() + prefix)
        if blob is None:
            hint = "name a revision that has this file, under this name"
            return _nothing(Reason.NOT_IN_REF, f"there is no {file.name} at {baseline.ref}", hint)
        if int(_output(folder, "cat-file", "-s", blob)) > limit:
            return _broken(baseline.ref, f"{file.name} is larger than {limit // 2**20} MiB")
        return _output(folder, "cat-file", "blob", blob)
    except _Stopped as stopped:
        return stopped.nothing


class _Stopped(Exception):  # noqa: N818 - carries a value to the edge of this module, is no error of ours
    """Ends the work with the reason why there is nothing to compare with."""

    def __init__(self, nothing: NoBaseline) -> None:
        super().__init__(nothing.message)
        self.nothing = nothing


def _read_baseline(root: Path, ref: str) -> Baseline:
    """Find the repository, the commit, the folder in it, and plan.json in that."""
    folder, below = _standing(root)
    inside = _git(folder, "rev-parse", "--is-inside-work-tree", "--show-prefix")
    if inside.returncode:
        raise _Stopped(_no_repository(inside.stderr))
    answer, _, prefix = inside.stdout.partition(b"\n")
    if answer != b"true":
        raise _Stopped(_nothing(Reason.NO_REPOSITORY, "out/ lies in a git repository without a work tree"))
    commit = _commit(folder, ref)
    path = (prefix.removesuffix(b"\n") + os.fsencode(below)).strip(b"/")
    tree = _object(folder, f"{commit}:".encode() + path) if path else _object(folder, f"{commit}^{{tree}}".encode())
    if tree is None:
        raise _Stopped(_not_in(ref))
    size = _git(folder, "cat-file", "-s", f"{tree}:{NAME}")
    if size.returncode:
        raise _Stopped(_failed(size.stderr) if _object(folder, f"{tree}:{NAME}".encode()) else _not_in(ref))
    if int(size.stdout) > MAX_BYTES:
        raise _Stopped(_broken(ref, f"plan.json is larger than {MAX_BYTES // 2**20} MiB"))
    plan = parse(_output(folder, "cat-file", "blob", f"{tree}:{NAME}"))
    if isinstance(plan, BrokenPlan):
        raise _Stopped(_broken(ref, plan.message))
    return Baseline(ref, commit, folder, tree, plan.document, plan.files)


def _standing(root: Path) -> tuple[Path, str]:
    """Give the nearest folder that exists, and the path from there to `root` ("" when it is `root`)."""
    folder, below = Path(os.path.abspath(root)), ""  # noqa: PTH100 - resolve() would follow a link named out
    while not os.path.isdir(folder) and folder != folder.parent:  # noqa: PTH112 - is_dir() raises without permission
        folder, below = folder.parent, f"{folder.name}/{below}" if below else folder.name
    return folder, below


def _commit(folder: Path, ref: str) -> str:
    """Resolve a revision to the name of its commit."""
    found = _object(folder, os.fsencode(f"{ref}^{{commit}}"))
    if found is not None:
        return found
    if ref == "HEAD":
        raise _Stopped(_nothing(Reason.NO_COMMIT, "the git repository has no commit yet"))
    raise _Stopped(_unknown(ref))


def _object(folder: Path, name: bytes) -> str | None:
    """Resolve an expression (one that does not begin with a dash) to the name of an object; None when it has none."""
    answer = _git(folder, "rev-parse", "--verify", "--quiet", name)
    found = answer.stdout.removesuffix(b"\n")
    return found.decode() if answer.returncode == 0 and _OBJECT.fullmatch(found) else None


def _git(folder: Path, *arguments: str | bytes, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder and wait for it."""
    command: list[str | bytes] = ["git", "--no-pager", "-c", "protocol.allow=never", "-C", os.fspath(folder)]
    try:
        return subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, check=False, timeout=TIMEOUT, env=_environment()
        )
    except FileNotFoundError:
        raise _Stopped(_nothing(Reason.NO_GIT, "git is not installed")) from None
    except subprocess.TimeoutExpired:
        raise _Stopped(_nothing(Reason.FAILED, f"git did not answer within {TIMEOUT:.0f} s")) from None
    except OSError as error:
        raise _Stopped(_nothing(Reason.NO_GIT, f"git cannot be run: {error.strerror}")) from None


def _output(folder: Path, *arguments: str | bytes, stdin: bytes = b"") -> bytes:
    """Run git where it has no reason to fail, and give what it writes."""
    answer = _git(folder, *arguments, stdin=stdin)
    if answer.returncode:
        raise _Stopped(_failed(answer.stderr))
    return answer.stdout


def _environment() -> dict[str, str]:
    """Give the environment for git: nothing that names a repository, no prompts, messages in plain English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    kept.pop("LANGUAGE", None)
    return kept | {
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _batch(answer: bytes, wanted: list[str]) -> dict[str, bytes]:
    """Take the answer of `git cat-file --batch` apart, one object per path in the order they were asked for."""
    found: dict[str, bytes] = {}
    at = 0
    for path in wanted:
        end = answer.find(b"\n", at)
        head = answer[at:end].split(b" ") if end >= 0 else []
        if not head:
            raise _Stopped(_failed(b"its answer ended too early"))
        at = end + 1
        if len(head) != 3 or not head[2].isdigit():  # noqa: PLR2004 - name, kind, size; anything else is "missing"
            continue
        size = int(head[2])
        if head[1] == b"blob":
            found[path] = answer[at : at + size]
        at += size + 1
    return found


def _nothing(reason: Reason, message: str, hint: str = "") -> NoBaseline:
    """Say that there is nothing to compare with."""
    return NoBaseline(reason, message, hint or "commit out/ with git, and plan compares with what was committed")


def _unknown(ref: str) -> NoBaseline:
    """Say that git has no such revision; the name is shown so that it cannot disturb a terminal."""
    hint = "name a branch, a tag or a commit that `git log` shows"
    return _nothing(Reason.UNKNOWN_REF, f"git knows no commit {ref[:100]!a}", hint)


def _not_in(ref: str) -> NoBaseline:
    """Say that the commit has no plan."""
    return _nothing(Reason.NOT_IN_REF, f"there is no out/{NAME} at {ref}")


def _broken(ref: str, message: str) -> NoBaseline:
    """Say that the plan at the commit cannot be read."""
    return _nothing(Reason.BROKEN, f"out/ at {ref} cannot be read: {message}", "run `invoke plan` and commit out/")


def _no_repository(stderr: bytes) -> NoBaseline:
    """Tell a folder outside any repository from a repository that git does not trust."""
    if b"dubious ownership" in stderr or b"unsafe repository" in stderr:
        hint = "run `git config --global --add safe.directory DIR` with the repository's folder, if you trust it"
        return _nothing(Reason.NOT_TRUSTED, "the git repository belongs to another user, and git refuses it", hint)
    if b"not a git repository" in stderr:
        return _nothing(Reason.NO_REPOSITORY, "out/ lies in no git repository")
    return _failed(stderr)


def _failed(stderr: bytes) -> NoBaseline:
    """Pass on what git said, its first line."""
    line = stderr.decode(errors="replace").strip().partition("\n")[0][:200]
    said = "".join(letter if letter.isprintable() else "?" for letter in line) or "it gave no reason"
    return _nothing(Reason.FAILED, f"git failed: {said}", "run `git status` here to see what is wrong")
