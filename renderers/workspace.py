"""The files around a federation.yaml: the file itself, its lock, and its `out/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planner.diagnostics import FEDERATION, LOCK, Diagnostic
from planner.lock import dump
from planner.plan_document import lock_of
from renderers import out
from renderers.files import read_bounded

LOCK_LIMIT: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a federation's files are, as the user named them."""

    file: Path
    out: Path

    @property
    def lock(self) -> Path:
        """federation.lock, beside the file and named after it."""
        return self.file.with_suffix(".lock")

    def names(self) -> dict[str, str]:
        """What to call each document in findings."""
        return {FEDERATION: str(self.file), LOCK: str(self.lock)}

    def read_lock(self) -> str | Diagnostic | None:
        """The text of the lock; rebuilt from `out/` when it is missing; None when there is neither."""
        if self.lock.is_symlink() or self.lock.exists():
            data = read_bounded(self.lock, LOCK_LIMIT)
            return data if isinstance(data, Diagnostic) else data.decode("utf-8", "replace")
        tree = out.read(self.out)
        return None if isinstance(tree, out.OutProblem) else dump(lock_of(tree.plan))


def workspace(file: str, folder: str | None) -> Workspace:
    """The workspace of a federation.yaml; `out/` is beside it unless another folder is named."""
    path = Path(file)
    return Workspace(path, path.parent / "out" if folder is None else Path(folder))
