"""The tree under `out/`: written so that a kill at any instant leaves it good or known to be torn, and read back.

How a write goes: each file is written beside its place and moved over it, files that have the right bytes are not
touched, what the plan before listed and this one does not is removed, and plan.json, which holds the digest of every
file, comes last. Before its first effect a write opens a journal (`.fedplan-journal`) and removes it at the very end.
While the journal is there readers refuse the tree; it names the files that no plan.json lists yet, so that the next
write knows them as ours. Site files are not flushed to the disk: after a power cut the digests tell, as after a kill.

No link is followed in or to `out/`. That holds for links that lie there (a pull request can bring one), not against
somebody who swaps folders while plan runs.

What the disk or the user's tree does wrong is a value (`OutProblem`); a site or file name that could leave `out/` is a
bug of ours and raises ValueError.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.checks import stale_out, stray_file, torn_out, unsafe_out
from planner.plan_json import (
    MAX_BYTES,
    NAME,
    SHARED,
    BrokenPlan,
    PlanFile,
    is_file_name,
    is_site_name,
    parse,
    path_in_out,
    sha256,
    site_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

    from planner.changes import SiteFiles
    from planner.diagnostics import Diagnostic

    Files = Mapping[str, Mapping[str, str]]

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has no flock: two plans at once are then not stopped
    fcntl = None

TEMPORARY = ".fedplan-"
"""How the name of every temporary file begins."""
JOURNAL = f"{TEMPORARY}journal"
"""Name of the file that is in `out/` while a write is under way, or after it was cut off."""

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 1024 * 1024
_TOLERATED = frozenset({".DS_Store", ".git", ".gitattributes", ".gitignore", ".gitkeep"})
_PLAIN = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


class Trouble(StrEnum):
    """Why `out/` could not be written or read."""

    MISSING = "missing"
    TORN = "torn"
    UNSAFE = "unsafe"
    BUSY = "busy"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OutProblem:
    """Why `out/` could not be written or read: one clause, about one file ("." is the folder itself), and the way out.

    `message` stands alone. MISSING, TORN and UNSAFE are the tree's fault and have a diagnostic; BUSY (another plan is
    running) and REFUSED (disk full, no permission, read-only) are the world's.
    """

    trouble: Trouble
    message: str
    document: str
    hint: str

    @property
    def diagnostic(self) -> Diagnostic | None:
        """The finding for the tree's own faults, None for the world's."""
        if self.trouble is Trouble.UNSAFE:
            return unsafe_out.unsafe(self.document, self.message, self.hint)
        if self.trouble in {Trouble.TORN, Trouble.MISSING}:
            return torn_out.torn(self.document, self.message, self.hint)
        return None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: files changed (new ones too), left alone and removed, plan.json not counted.

    `findings` are warnings: files that were not as the plan before had left them (FED704), and strays (FED705).
    """

    changed: int
    unchanged: int
    removed: int
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree whose plan.json is whole; its files are proved one by one, when they are read."""

    root: Path
    plan: Mapping[str, Any]
    files: Files

    def read_bytes(self, site: str, name: str) -> bytes | OutProblem:
        """Read one file and prove it by its digest; KeyError for one that plan.json does not list."""
        document = path_in_out(site, name)
        expected = self.files[site][name]
        try:
            _check_folders(self.root, document)
            data = _read(self.root, document, MAX_BYTES)
        except _Stopped as stopped:
            return stopped.problem
        except OSError as error:
            return _problem(self.root, error)
        if data is None:
            return _torn(document, "the file is missing")
        return data if sha256(data) == expected else _torn(document, "the file is not the one that plan.json lists")

    def problems(self, sites: Iterable[str] | None = None) -> Iterator[OutProblem]:
        """Prove every file (of these sites only), a piece at a time, and give each one that cannot be trusted."""
        for site in self.files if sites is None else sites:
            for name, expected in self.files[site].items():
                document = path_in_out(site, name)
                try:
                    _check_folders(self.root, document)
                    found = _hash(self.root, document)
                except _Stopped as stopped:
                    yield stopped.problem
                except OSError as error:
                    yield _problem(self.root, error)
                else:
                    if found is None:
                        yield _torn(document, "the file is missing")
                    elif found != expected:
                        yield _torn(document, "the file is not the one that plan.json lists")


def write(
    root: Path,
    sites: Iterable[SiteFiles],
    plan_json_for: Callable[[Files], str],
    *,
    lock: tuple[Path, bytes] | None = None,
) -> Written | OutProblem:
    """Write the tree, one site in memory at a time; `plan_json_for` turns the digests of all files into plan.json.

    `lock` is federation.lock, path and content: it is written first and inside the same exclusion, so that two plans
    at once cannot leave the one's lock beside the other's tree.
    """
    try:
        _make_root(root)
        with _exclusive(root):
            if lock is not None:
                _put(*lock)
            with contextlib.closing(_Journal(root)) as journal:
                return _write(root, sites, plan_json_for, journal)
    except _Stopped as stopped:
        return stopped.problem
    except OSError as error:
        return _problem(root, error)


def stale(
    root: Path, sites: Iterable[SiteFiles], plan_json_for: Callable[[Files], str]
) -> tuple[Diagnostic, ...] | OutProblem:
    """Compare the tree with what would be written, and write nothing: one finding (FED703) per file that differs."""
    try:
        if not _is_folder(root, "."):
            plan_json_for(
                {site.site: {name: sha256(text.encode()) for name, text in site.files.items()} for site in sites}
            )
            return (stale_out.stale(NAME, "nothing has been planned here yet"),)
        return tuple(_stale(root, sites, plan_json_for))
    except _Stopped as stopped:
        return stopped.problem
    except OSError as error:
        return _problem(root, error)


def read(root: Path) -> Tree | OutProblem:
    """Read plan.json and prove it; the files are proved when they are read, or all at once by `Tree.problems`."""
    try:
        if not _is_folder(root, "."):
            return OutProblem(Trouble.MISSING, "nothing has been planned here yet", ".", "run `invoke plan`")
        if _kind(root / JOURNAL) is not None:
            return _torn(NAME, "a plan was interrupted while it wrote this tree", "run `invoke plan` again")
        data = _read(root, NAME, MAX_BYTES)
    except _Stopped as stopped:
        return stopped.problem
    except OSError as error:
        return _problem(root, error)
    if data is None:
        return OutProblem(Trouble.MISSING, "there is no plan.json", NAME, "run `invoke plan`")
    plan = parse(data)
    return _torn(NAME, plan.message) if isinstance(plan, BrokenPlan) else Tree(root, plan.document, plan.files)


def verify(root: Path) -> tuple[Diagnostic, ...]:
    """Prove the whole tree: FED704 and FED707 for what cannot be trusted, FED705 for what is not ours.

    What the world refuses (no permission) is told as FED704 of that file, for it could not be proved.
    """
    tree = read(root)
    if isinstance(tree, OutProblem):
        return (_finding(tree),)
    found = [_finding(problem) for problem in tree.problems()]
    try:
        found += [stray_file.stray(document) for document in _strays(root, tree.files)]
    except OSError as error:
        found.append(_finding(_problem(root, error)))
    return tuple(found)


def write_atomic(path: Path, data: bytes, mode: int | None = None) -> OutProblem | None:
    """Write one file whole or not at all, and flushed to the disk; the right bytes are left alone. None is success.

    `mode` are the permissions of a file that had some already.
    """
    try:
        _put(path, data, mode)
    except _Stopped as stopped:
        return stopped.problem
    except OSError as error:
        return _problem(path.parent, error)
    return None


class _Stopped(Exception):  # noqa: N818 - carries a value to the edge of this module, is no error of ours
    """Ends the work with a problem that has been put into words already."""

    def __init__(self, problem: OutProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Journal:
    """The sign that a write is under way, and the names of the new files it has begun."""

    root: Path
    handle: int | None = None
    found: bool = False
    size: int = 0
    left: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Read what a write that was cut off has left; its last line counts only when it is whole."""
        data = _read(self.root, JOURNAL, MAX_BYTES)
        if data is not None:
            self.found = True
            self.size = data.rfind(b"\n") + 1
            self.left = frozenset(filter(_is_document, data[: self.size].decode(errors="replace").split("\n")))

    def begin(self, *new: str) -> None:
        """Open the journal before the first effect, and add the files that no plan.json lists yet."""
        if self.handle is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK
            self.handle = os.open(self.root / JOURNAL, flags, 0o666)
            os.ftruncate(self.handle, self.size)
        for document in new:
            os.write(self.handle, f"{document}\n".encode())

    def close(self) -> None:
        """Let go of the file, which stays: the write did not come to its end."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def end(self) -> None:
        """Remove the journal: the tree is good."""
        if self.found or self.handle is not None:
            self.close()
            (self.root / JOURNAL).unlink()


def _write(root: Path, sites: Iterable[SiteFiles], plan_json_for: Callable[[Files], str], journal: _Journal) -> Written:
    """Write the tree; the caller holds the exclusion and closes the journal."""
    listed = _listed(root)
    before = listed.files
    ours = _documents(before) | journal.left
    digests: dict[str, dict[str, str]] = {}
    findings: list[Diagnostic] = []
    if journal.found:
        findings.append(torn_out.mended(NAME, "a plan was interrupted before, and its tree has been mended"))
    elif isinstance(listed, BrokenPlan):
        findings.append(torn_out.mended(NAME, f"{listed.message}, and plan wrote it again"))
    changed = unchanged = 0
    for site in sites:
        entry = digests.setdefault(_site_name(site.site, digests), {})
        expected = before.get(site.site, {})
        for name, text in site.files.items():
            document = path_in_out(site.site, _file_name(name))
            data = text.encode()
            entry[name] = sha256(data)
            _check_folders(root, document)
            if _holds(root, document, data):
                unchanged += 1
                continue
            if name in expected and not journal.found and (found := _hash(root, document)) != expected[name]:
                what = "was missing" if found is None else "was changed by something other than plan"
                findings.append(torn_out.mended(document, f"the file {what}, and plan wrote it again"))
            journal.begin(*({document} - ours))
            (root / document).parent.mkdir(parents=True, exist_ok=True)
            _replace(root / document, data)
            changed += 1
    plan = plan_json_for(digests).encode()
    if len(plan) > MAX_BYTES:
        raise _Stopped(_too_large())
    _sweep(root, ours | _documents(digests), journal)
    removed = _remove(root, ours - _documents(digests), journal)
    strays = _strays(root, digests)
    if not _holds(root, NAME, plan):
        journal.begin()
        _replace(root / NAME, plan)
    journal.end()
    findings += [stray_file.stray(document) for document in strays]
    return Written(changed, unchanged, removed, tuple(findings))


def _sweep(root: Path, documents: Iterable[str], journal: _Journal) -> None:
    """Remove the temporary files that a killed write has left beside files of ours."""
    for folder in sorted({".", *chain.from_iterable(map(_parents, documents))}):
        if not _is_real_folder(root / folder):
            continue
        with os.scandir(root / folder) as entries:
            left = [entry.name for entry in entries if _is_temporary(entry) and entry.name != JOURNAL]
        for name in left:
            journal.begin()
            (root / folder / name).unlink()


def _is_temporary(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry of a folder is a temporary file of ours."""
    return entry.name.startswith(TEMPORARY) and not entry.is_dir(follow_symlinks=False)


def _remove(root: Path, documents: Iterable[str], journal: _Journal) -> int:
    """Remove files that are ours and no longer wanted, and the folders that are empty then; say how many files."""
    removed = 0
    folders: set[str] = set()
    for document in sorted(documents):
        parents = _parents(document)
        real = list(takewhile(lambda parent: _is_real_folder(root / parent), parents))
        folders.update(real)
        if real != parents:
            continue
        kind = _kind(root / document)
        if kind is not None and stat.S_ISREG(kind):
            journal.begin()
            (root / document).unlink()
            removed += 1
    for folder in sorted(folders, reverse=True):
        if not os.listdir(root / folder):  # noqa: PTH208 - the names suffice
            journal.begin()
            (root / folder).rmdir()
    return removed


def _strays(root: Path, files: Files) -> list[str]:
    """List what is not ours, sorted, a foreign folder as one and with a slash at its end."""
    known = _documents(files) | {NAME, JOURNAL}
    folders = set(chain.from_iterable(map(_parents, known)))
    found: list[str] = []
    pending = ["."]
    while pending:
        folder = pending.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                document = entry.name if folder == "." else f"{folder}/{entry.name}"
                is_folder = entry.is_dir(follow_symlinks=False)
                if document in folders and is_folder:
                    pending.append(document)
                elif document not in known and entry.name not in _TOLERATED:
                    found.append(f"{_shown(document)}/" if is_folder else _shown(document))
    return sorted(found)


def _shown(name: str) -> str:
    """Give a name that is not ours so that it can be printed: control characters and broken ones are escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)


def _listed(root: Path) -> PlanFile | BrokenPlan:
    """Give the plan before as far as it can be made out; an empty one when there is none."""
    data = _read(root, NAME, MAX_BYTES)
    return PlanFile({}, {}) if data is None else parse(data)


def _stale(root: Path, sites: Iterable[SiteFiles], plan_json_for: Callable[[Files], str]) -> Iterator[Diagnostic]:
    """Tell of every file that a write would change or remove."""
    digests: dict[str, dict[str, str]] = {}
    for site in sites:
        entry = digests.setdefault(_site_name(site.site, digests), {})
        for name, text in site.files.items():
            document = path_in_out(site.site, _file_name(name))
            data = text.encode()
            entry[name] = sha256(data)
            _check_folders(root, document)
            yield from _stale_file(root, document, data)
    for document in sorted(_documents(_listed(root).files) - _documents(digests)):
        if _kind(root / document) is not None:
            yield stale_out.stale(document, "the file is no longer wanted")
    yield from _stale_file(root, NAME, plan_json_for(digests).encode())
    if _kind(root / JOURNAL) is not None:
        yield stale_out.stale(NAME, "a plan was interrupted while it wrote this tree")


def _stale_file(root: Path, document: str, data: bytes) -> Iterator[Diagnostic]:
    """Tell of a file that is missing or differs."""
    if _kind(root / document) is None:
        yield stale_out.stale(document, "the file is missing")
    elif not _holds(root, document, data):
        yield stale_out.stale(document, "the file differs from what federation.yaml gives")


def _documents(files: Files) -> set[str]:
    """Give the path of every file, relative to `out/`."""
    return {path_in_out(site, name) for site, names in files.items() for name in names}


def _parents(document: str) -> list[str]:
    """Give the folders above a file, the outer one first, `out/` itself left out."""
    parts = document.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _is_document(document: str) -> bool:
    """Tell whether a path is one that a write of ours can have made."""
    site, name = site_of(document)
    return (site == SHARED or is_site_name(site)) and is_file_name(name) and document != NAME


def _site_name(site: str, taken: Mapping[str, object]) -> str:
    """Pass the name of a site; ValueError for one that could leave `out/` or that comes twice."""
    if (site != SHARED and not is_site_name(site)) or site in taken:
        message = f"site name {site!r} is unsafe or comes twice"
        raise ValueError(message)
    return site


def _file_name(name: str) -> str:
    """Pass the name of a file; ValueError for one that could leave its site's folder."""
    if not is_file_name(name):
        message = f"file name {name!r} is unsafe"
        raise ValueError(message)
    return name


def _make_root(root: Path) -> None:
    """Make `out/` where there is none, and see that it is a folder."""
    if not _is_folder(root, "."):
        root.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _exclusive(root: Path) -> Iterator[None]:
    """Keep other plans out of `out/`, where the system can."""
    if fcntl is None:
        yield
        return
    handle = os.open(root, os.O_RDONLY | _NO_LINK)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "wait until it is done, then run this again"
            raise _Stopped(OutProblem(Trouble.BUSY, "another plan is writing here right now", ".", hint)) from None
        except OSError:  # some network file systems lock no folders: then as on Windows
            pass
        yield
    finally:
        os.close(handle)


def _kind(path: Path) -> int | None:
    """Give the mode of what stands at a path, a link's own; None when nothing does."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None


def _is_real_folder(path: Path) -> bool:
    """Tell whether a folder, no link to one, stands at a path."""
    kind = _kind(path)
    return kind is not None and stat.S_ISDIR(kind)


def _is_folder(root: Path, document: str) -> bool:
    """Tell whether a folder is there; anything else at its place stops the work."""
    kind = _kind(root / document)
    if kind is not None and not stat.S_ISDIR(kind):
        raise _Stopped(_unsafe(document, kind, "folder"))
    return kind is not None


def _check_folders(root: Path, document: str) -> None:
    """Stop the work when a folder above a file is a link or no folder."""
    for parent in _parents(document):
        if not _is_folder(root, parent):
            return


def _open(root: Path, document: str) -> int | None:
    """Open a regular file for reading, no link, no pipe; None when there is nothing."""
    path = root / document
    kind = _kind(path)
    if kind is None:
        return None
    if not stat.S_ISREG(kind):
        raise _Stopped(_unsafe(document, kind))
    return os.open(path, os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0))


def _read(root: Path, document: str, limit: int) -> bytes | None:
    """Read a file whole; None when there is none. One above the limit (bytes) stops the work."""
    handle = _open(root, document)
    if handle is None:
        return None
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise _Stopped(_torn(document, f"the file is larger than {limit // 2**20} MiB", "delete it and plan again"))
    return data


def _hash(root: Path, document: str) -> str | None:
    """Give the SHA-256 of a file, read a piece at a time; None when there is none."""
    handle = _open(root, document)
    if handle is None:
        return None
    found = hashlib.sha256()
    with os.fdopen(handle, "rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)
    return found.hexdigest()


def _holds(root: Path, document: str, data: bytes) -> bool:
    """Tell whether a file has exactly these bytes; the size is looked at before the content."""
    handle = _open(root, document)
    if handle is None:
        return False
    with os.fdopen(handle, "rb") as file:
        return os.fstat(handle).st_size == len(data) and file.read(len(data) + 1) == data


def _replace(path: Path, data: bytes, *, flush: bool = False, mode: int | None = None) -> None:
    """Write beside the place, then move over it: the file is the old or the new one at any instant."""
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(handle, mode)
            file.write(data)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _put(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write one file that stands alone, flushed to the disk, unless it has these bytes."""
    if not _holds(path.parent, path.name, data):
        _replace(path, data, flush=True, mode=mode)


def _problem(root: Path, error: OSError) -> OutProblem:
    """Put what the system refused into plain words."""
    path = root
    if isinstance(error.filename, str):
        path = Path(error.filename)
        path = path.with_name(path.name.removeprefix(TEMPORARY)) if path.name else path
    document = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    plain = _PLAIN.get(error.errno or 0) or (error.strerror or type(error).__name__).lower()
    message = f"{_shown(str(path))} cannot be written or read: {plain}"
    return OutProblem(Trouble.REFUSED, message, document, "set that right and run this again")


def _unsafe(document: str, kind: int, wanted: str = "file") -> OutProblem:
    """Say what stands where a file or folder of ours must be."""
    what = "a symbolic link" if stat.S_ISLNK(kind) else "a folder" if stat.S_ISDIR(kind) else "no regular file"
    if wanted == "folder" and stat.S_ISREG(kind):
        what = "a file"
    message = f"this is {what} where a {wanted} of fedplan's own must be"
    return OutProblem(Trouble.UNSAFE, message, document, "delete it and run `invoke plan` again")


def _torn(document: str, message: str, hint: str = "run `invoke plan`, which writes it again") -> OutProblem:
    """Say that a file cannot be trusted."""
    return OutProblem(Trouble.TORN, message, document, hint)


def _too_large() -> OutProblem:
    """Say that plan.json would be one that no reader accepts."""
    message = f"plan.json would be larger than {MAX_BYTES // 2**20} MiB, which no command reads"
    return OutProblem(Trouble.REFUSED, message, NAME, "use star topologies, or several federations")


def _finding(problem: OutProblem) -> Diagnostic:
    """Give a problem as a finding, the world's refusals too."""
    return problem.diagnostic or torn_out.torn(problem.document, problem.message, problem.hint)
