"""`invoke verify`: the written files are read as a stranger would, and every route in them is proved again.

Needs no cluster. What counts is what stands in `out/`, not what plan would write there now.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from planner.channels import WORDS
from planner.checks import stale_out, torn_out
from planner.checks.refused_out import refused
from planner.diagnostics import FEDERATION, LOCK, Diagnostic, Place, Span
from planner.lock import dump
from planner.model import party_key
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from planner.plan_document import lock_of
from planner.plan_json import SHARED, sha256, site_of
from renderers import out
from renderers.comparing import Comparison, compare
from renderers.files import read_bounded
from renderers.proving import FilesOf, prove, trace, way
from renderers.reachability import Compared, Revision, SideReader, UnknownRevision, difference, revision
from renderers.reachability_report import findings
from renderers.report.located import LinesDocument, LocatableDocument
from renderers.target import Files
from renderers.workspace import LockText, Workspace, input_documents


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome of a verification; `pairs` and `serving_pairs` count the ordered pairs that must talk.

    `ways` are those of one message, a line per channel. `compared` is the difference to a revision, None where there
    was nothing to compare; `sites` is then what changes site by site, if that was asked for.
    `usage` says what is wrong with the options, if anything is. `is_refused` says that the world did not let it read.
    """

    diagnostics: tuple[Diagnostic, ...]
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    plan: Plan | None = None
    pairs: int = 0
    serving_pairs: int = 0
    ways: tuple[str, ...] = ()
    usage: str = ""
    is_refused: bool = False
    compared: Compared | None = None
    sites: Comparison | None = None

    @property
    def has_errors(self) -> bool:
        """Whether an error was found."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def checked_file(workspace: Workspace, lock: LockText | None = None) -> Verified:
    """The federation read and checked, nothing proved: findings, documents, and a plan if none of them is an error.

    `lock` is taken instead of what stands in federation.lock.
    """
    source = read_bounded(workspace.file)
    if isinstance(source, Diagnostic):
        return Verified((source,))
    found = lock or workspace.read_lock()
    if isinstance(found, Diagnostic):
        return Verified((found,))
    checked = check(source, found.text)
    return Verified(checked.diagnostics, input_documents(checked, source, found.text), checked.plan)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the proof: the way of one message, and the difference to a revision."""

    path: tuple[int, int] | None = None
    against: str | None = None
    with_sites: bool = False


_NOTHING: Final = Wanted()


def verify(workspace: Workspace, wanted: Wanted = _NOTHING) -> Verified:
    """Prove what is written.

    The ports are those that stand in `out/`, whatever has become of federation.lock since.
    """
    with _without_collection():
        return _verified(workspace, wanted)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no cycles meanwhile: none are made, and of ten thousand parties the search takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _verified(workspace: Workspace, wanted: Wanted) -> Verified:
    """What `verify` gives."""
    path = wanted.path
    earlier = None if wanted.against is None else revision(workspace.file, workspace.out, wanted.against)
    if isinstance(earlier, UnknownRevision):
        return Verified((), usage=f"--against: {earlier.message}")
    tree = out.read(workspace.out)
    checked = checked_file(workspace, LockText(dump(lock_of(tree.plan))) if isinstance(tree, out.Tree) else None)
    plan = checked.plan
    if plan is None:
        return checked
    if path is not None:
        unknown = [number for number in path if party_key(number) not in plan.by_key]
        if unknown or path[0] == path[1]:
            why = f"there is no party {unknown[0]} in {workspace.file}" if unknown else "it takes two different parties"
            return Verified((), usage=f"--path: {why}")
    if isinstance(tree, out.OutProblem):
        diagnostic = tree.diagnostic or refused(tree.document, tree.message, tree.hint)
        return replace(checked, diagnostics=(*checked.diagnostics, diagnostic), is_refused=tree.diagnostic is None)
    verified = _whole(workspace, tree, plan, checked)
    if isinstance(earlier, Diagnostic):
        verified = replace(verified, diagnostics=(*verified.diagnostics, earlier))
    if verified.has_errors:
        return verified
    return _proved(tree, plan, wanted, earlier if isinstance(earlier, Revision) else None, verified)


def _whole(workspace: Workspace, tree: out.Tree, plan: Plan, verified: Verified) -> Verified:
    """The written tree found whole, and that of this federation."""
    found = [*out.verify(workspace.out), *workspace.foreign(tree, plan), *_stale(workspace, tree)]
    missing = [planned.key for planned in plan.sites if planned.key not in tree.files]
    found += [torn_out.torn(site, "this site of federation.yaml has not been planned", "plan it") for site in missing]
    return replace(verified, diagnostics=(*verified.diagnostics, *found))


def _proved(tree: out.Tree, plan: Plan, wanted: Wanted, earlier: Revision | None, verified: Verified) -> Verified:
    """Every route of the tree proved, and compared with a revision if one is given."""

    def files_of(planned: PlannedSite) -> Files:
        return files_in(tree, planned)

    reader = None if earlier is None else SideReader(plan)
    proved = prove(plan, files_of) if reader is None else prove(plan, files_of, reader.read_back)
    documents = dict(verified.documents)
    for diagnostic in proved.diagnostics:
        site, name = site_of(diagnostic.place.document)
        if site in tree.files and name in tree.files[site]:
            documents[diagnostic.place.document] = LinesDocument.from_text(_text(tree, site, name))
    verified = replace(
        verified,
        diagnostics=(*verified.diagnostics, *proved.diagnostics),
        documents=documents,
        pairs=proved.pairs,
        serving_pairs=proved.serving_pairs,
        ways=() if wanted.path is None else tuple(_ways(plan, wanted.path, files_of)),
    )
    if earlier is None or reader is None:
        return verified
    compared = difference(earlier, reader, tree.files)
    if isinstance(compared, Diagnostic):
        return replace(verified, diagnostics=(*verified.diagnostics, compared))
    sites = compare(plan, files_of, tree.plan, earlier.baseline, with_diff=False) if wanted.with_sites else None
    return replace(verified, diagnostics=(*verified.diagnostics, *findings(compared)), compared=compared, sites=sites)


def _ways(plan: Plan, path: tuple[int, int], files_of: FilesOf) -> Iterator[str]:
    """The way of one message on every channel, each on a line of its own."""
    for channel, found in trace(plan, *path, files_of):
        yield f"{WORDS[channel]}: {way(found)}" if WORDS[channel] else way(found)


def _stale(workspace: Workspace, tree: out.Tree) -> Iterator[Diagnostic]:
    """Warnings that the file or the lock is no longer the one that was planned."""
    for path, key, document in ((workspace.file, "source", FEDERATION), (workspace.lock, "lock", LOCK)):
        data = read_bounded(path)
        if isinstance(data, Diagnostic) or sha256(data) != tree.plan[key]:
            found = stale_out.stale(document, f"{path.name} is not the one that {workspace.out} was planned with")
            yield replace(found, place=Place(span=Span(1, 1), document=document))


def files_in(tree: out.Tree, planned: PlannedSite) -> Files:
    """The files of a site in the written tree, as texts."""
    site = SHARED if planned.release.is_scripted else planned.key
    return {name: _text(tree, site, name) for name in tree.files.get(site, {})}


def _text(tree: out.Tree, site: str, name: str) -> str:
    data = tree.read_bytes(site, name)
    return "" if isinstance(data, out.OutProblem) else data.decode("utf-8", "replace")
