"""`invoke verify`: the written files are read as a stranger would, and every route in them is proved again.

Needs no cluster. What counts is what stands in `out/`, not what plan would write there now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planner.checks import torn_out
from planner.diagnostics import FEDERATION, LOCK, Diagnostic
from planner.model import party_key
from planner.pipeline import check
from planner.plan import Plan, PlannedSite
from renderers import out
from renderers.files import read_bounded
from renderers.proving import prove, trace, way
from renderers.report.located import LinesDocument, LocatableDocument
from renderers.target import Files
from renderers.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome of a verification; `pairs` is the number of ordered pairs that must talk.

    `usage` says what is wrong with the options, if anything is.
    """

    diagnostics: tuple[Diagnostic, ...]
    documents: Mapping[str, LocatableDocument] = field(default_factory=dict)
    plan: Plan | None = None
    pairs: int = 0
    trouble: out.OutProblem | None = None
    way: str | None = None
    usage: str = ""

    @property
    def has_errors(self) -> bool:
        """Whether an error was found."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)


def checked_file(workspace: Workspace) -> Verified:
    """The federation read and checked, nothing proved: findings, documents, and a plan if none of them is an error."""
    source = read_bounded(workspace.file)
    if isinstance(source, Diagnostic):
        return Verified((source,))
    lock_text = workspace.read_lock()
    if isinstance(lock_text, Diagnostic):
        return Verified((replace(lock_text, place=replace(lock_text.place, document=LOCK)),))
    checked = check(source, lock_text)
    documents: dict[str, LocatableDocument] = {LOCK: LinesDocument.from_text(lock_text or "")}
    documents[FEDERATION] = checked.document or LinesDocument.from_text(source.decode("utf-8", "replace"))
    return Verified(checked.diagnostics, documents, checked.plan)


def verify(workspace: Workspace, path: tuple[int, int] | None = None) -> Verified:
    """Prove what is written; with `path`, also follow one message from its first to its second party."""
    checked = checked_file(workspace)
    if checked.plan is None:
        return checked
    unknown = [number for number in path or () if party_key(number) not in checked.plan.by_key]
    if unknown:
        return Verified((), usage=f"--path: there is no party {unknown[0]} in {workspace.file}")
    return _proved(workspace, checked.plan, path, checked)


def _proved(workspace: Workspace, plan: Plan, path: tuple[int, int] | None, verified: Verified) -> Verified:
    """The written tree read, found whole, and its routes proved."""
    tree = out.read(workspace.out)
    if isinstance(tree, out.OutProblem):
        return _unreadable(verified, tree)
    found = out.verify(workspace.out)
    missing = [planned.key for planned in plan.sites if planned.key not in tree.files]
    if any(diagnostic.is_error for diagnostic in found) or missing:
        unplanned = [torn_out.torn(site, "this site of federation.yaml has not been planned") for site in missing]
        return replace(verified, diagnostics=(*verified.diagnostics, *found, *unplanned))
    proved = prove(plan, lambda planned: _files(tree, planned))
    documents = dict(verified.documents)
    for diagnostic in proved.diagnostics:
        site, _, name = diagnostic.place.document.partition("/")
        if site in tree.files and name in tree.files[site]:
            documents[diagnostic.place.document] = LinesDocument.from_text(_text(tree, site, name))
    return replace(
        verified,
        diagnostics=(*verified.diagnostics, *found, *proved.diagnostics),
        documents=documents,
        pairs=proved.pairs,
        way=None if path is None else way(trace(plan, *path, lambda planned: _files(tree, planned))),
    )


def _unreadable(verified: Verified, problem: out.OutProblem) -> Verified:
    found = problem.diagnostic
    if found is None:
        return replace(verified, trouble=problem)
    return replace(verified, diagnostics=(*verified.diagnostics, found))


def _files(tree: out.Tree, planned: PlannedSite) -> Files:
    return {name: _text(tree, planned.key, name) for name in tree.files[planned.key]}


def _text(tree: out.Tree, site: str, name: str) -> str:
    data = tree.read_bytes(site, name)
    return "" if isinstance(data, out.OutProblem) else data.decode("utf-8", "replace")
