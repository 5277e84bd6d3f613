"""The files around a federation.yaml: the file itself, its lock, and its `out/`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from planner.checks.foreign_out import foreign_out
from planner.diagnostics import FEDERATION, LOCK, Diagnostic
from planner.lock import dump
from planner.pipeline import Checked
from planner.plan import Plan
from planner.plan_document import lock_of
from planner.source import source_lines
from renderers import git, out
from renderers.files import read_bounded
from renderers.out import Tree
from renderers.report.located import LinesDocument, LocatableDocument

LOCK_LIMIT: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LockText:
    """The text of a lock, None where there is none; `rebuilt_from` says where it comes from if its file is missing."""

    text: str | None
    rebuilt_from: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a federation's files are, as the user named them."""

    file: Path
    out: Path

    @property
    def lock(self) -> Path:
        """federation.lock, beside the file and named after it."""
        return self.file.with_suffix(".lock") if self.file.name else self.file / "federation.lock"

    @property
    def mistake(self) -> str:
        """Why these names cannot be meant, in one clause; empty when they can."""
        if not self.file.name:
            return f"--file names a federation.yaml, and {str(self.file)!r} is a folder"
        if self.lock == self.file:
            return f"--file: the lock of {self.file} would be the file itself; give the federation another ending"
        here, out_folder = self.file.absolute().resolve(), self.out.absolute().resolve()
        if out_folder == here or out_folder in here.parents:
            return f"--out must be a folder of its own: {self.out} is or holds {self.file}"
        return ""

    def names(self) -> dict[str, str]:
        """What to call each document in findings."""
        return {FEDERATION: str(self.file), LOCK: str(self.lock)}

    def read_lock(self) -> LockText | Diagnostic:
        """The lock; rebuilt from `out/`, or else from the committed `out/`, when it is missing."""
        if self.lock.is_symlink() or self.lock.exists():
            data = read_bounded(self.lock, LOCK_LIMIT)
            if isinstance(data, Diagnostic):
                return replace(data, place=replace(data.place, document=LOCK))
            return LockText(data.decode("utf-8", "replace"))
        tree = out.read(self.out)
        if isinstance(tree, out.Tree):
            return LockText(dump(lock_of(tree.plan)), f"{self.out}/plan.json")
        baseline = git.read_baseline(self.out)
        if isinstance(baseline, git.Baseline):
            return LockText(dump(lock_of(baseline.plan)), f"the {self.out}/plan.json that was committed last")
        return LockText(None)

    def foreign(self, tree: Tree, plan: Plan) -> tuple[Diagnostic, ...]:
        """A finding when what stands in `out/` is the plan of another federation."""
        other = tree.plan["federation"]
        return () if other == plan.federation.name else (foreign_out(str(self.out), other, plan.federation.name),)


def workspace(file: str, folder: str | None) -> Workspace:
    """The workspace of a federation.yaml; `out/` is beside it unless another folder is named. See `mistake`."""
    path = Path(file)
    return Workspace(path, path.parent / "out" if folder is None else Path(folder))


def input_documents(checked: Checked, source: bytes, lock: str | None) -> dict[str, LocatableDocument]:
    """The two documents that findings about the input point into; a federation.yaml without structure by its lines."""
    federation = checked.document or LinesDocument(source_lines(source))
    return {FEDERATION: federation, LOCK: LinesDocument.from_text(lock or "")}
