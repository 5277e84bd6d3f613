"""`plan --fix`: the hints that leave nothing to decide, done in the text of federation.yaml.

A finding brings its fix along as edits of key paths. They are made in rounds: first those of the file's shape, then
those of what it says. After each round the whole file is checked again, and a fix stays only if its finding is gone and
no new error has come. Where a round does not pass, it is halved until the fixes that spoil it are found; they are left
out. What the first round could not see, because an item was misspelt or two edits met, the next one does.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from planner.catalogue import CHECKS
from planner.diagnostics import Diagnostic, KeyPath, RenameKey
from planner.edits import Patch, applied, overlap, patches, placed
from planner.pipeline import Checked, check
from planner.source import Document

MAX_ROUNDS: Final = 20
"""Rounds after which fixing stops. Each makes all fixes that do not meet, so two or three are the rule."""
MAX_CHECKS: Final = 100
"""Times a file is checked on the way; only a file with many fixes that do not pass comes near."""

_BOM: Final = b"\xef\xbb\xbf"
_JUDGING: Final = frozenset(module.FAULT.code for module in CHECKS)
"""Codes of what is found in a federation whose shape is right; all others are faults of the shape."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A federation.yaml after its fixes: the bytes, the findings that were fixed, and the last check.

    `spared` are the findings whose fix was tried and left out, because it did not help or brought another error.
    """

    data: bytes
    fixed: tuple[Diagnostic, ...]
    spared: tuple[Diagnostic, ...]
    checked: Checked


def mend(data: bytes, lock_text: str | None = None) -> Mended:
    """Make every fix that holds; `lock_text` is the content of federation.lock, None where there is none."""
    fixed: list[Diagnostic] = []
    mending = _Mending(data, lock_text)
    for _ in range(MAX_ROUNDS):
        accepted = mending.step()
        fixed += accepted
        if not accepted:
            break
    return Mended(mending.data, tuple(fixed), tuple(mending.spared), mending.checked)


class _Mending:
    """A file on its way through the rounds."""

    def __init__(self, data: bytes, lock_text: str | None) -> None:
        self.data = data
        self.checked = check(data, lock_text)
        self.spared: list[Diagnostic] = []
        self._lock_text = lock_text
        self._mark = _BOM if data.startswith(_BOM) else b""
        self._checks = 0

    def step(self) -> list[Diagnostic]:
        """One round: the findings that were fixed in it. None is left where nothing can be."""
        self.spared = []
        document = self.checked.document
        waiting = [each for each in self.checked.diagnostics if each.fix]
        if document is None:
            return []
        shape = [each for each in waiting if each.fault.code not in _JUDGING]
        for kind in (shape, [each for each in waiting if each.fault.code in _JUDGING]):
            group = kind
            while group:
                chosen = _together(document, group)
                accepted = self._accepted(document, chosen)
                if accepted:
                    return accepted
                known = {id(each) for each in chosen}
                group = [each for each in group if id(each) not in known]
        return []

    def _accepted(self, document: Document, chosen: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Make as many of the chosen fixes as go together: their findings. The others are spared."""
        accepted: list[Diagnostic] = []
        pending = [chosen]
        best: tuple[bytes, Checked] | None = None
        while pending:
            some = pending.pop()
            better = self._tried(document, [*accepted, *some])
            if better is not None:
                accepted += some
                best = better
            elif len(some) == 1 or self._checks >= MAX_CHECKS:
                self.spared += some
            else:
                pending += (some[len(some) // 2 :], some[: len(some) // 2])
        if best is not None:
            self.data, self.checked = best
        return accepted

    def _tried(self, document: Document, some: Sequence[Diagnostic]) -> tuple[bytes, Checked] | None:
        """The file with some fixes and what a check says about it; None where that is no improvement."""
        text = applied(document, [each.fix for each in some])
        if text is None or self._checks >= MAX_CHECKS:
            return None
        self._checks += 1
        data = self._mark + text.encode()
        checked = check(data, self._lock_text)
        renamed = tuple(_renamed(document, some))
        return (data, checked) if _is_better(self.checked, checked, some, renamed) else None


def _together(document: Document, waiting: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Findings whose fixes do not meet, in order; of two that do, the second waits for the next round."""
    chosen: list[Diagnostic] = []
    taken: list[Patch] = []  # in the order of the text; none meets another
    for diagnostic in waiting:
        made = patches(document, diagnostic.fix) or ()
        if any(_meets(patch, taken) for patch in made):
            continue
        chosen.append(diagnostic)
        for patch in made:
            insort(taken, patch)
    return chosen


def _meets(patch: Patch, taken: Sequence[Patch]) -> bool:
    index = bisect_left(taken, patch)
    return any(overlap(patch, other) for other in taken[max(index - 1, 0) : index + 1])


def _renamed(document: Document, some: Sequence[Diagnostic]) -> Iterator[KeyPath]:
    """The places of keys after their renaming: what stands below is read for the first time."""
    for diagnostic in some:
        for edit in diagnostic.fix:
            if isinstance(edit, RenameKey):
                yield (*placed(document, edit).path[:-1], edit.key)


def _is_better(before: Checked, after: Checked, fixed: Sequence[Diagnostic], renamed: Sequence[KeyPath]) -> bool:
    """Whether all fixed findings are gone and no error is new.

    Once a fault of the shape is fixed, more of the file is understood. Then a mistake that it hid is no new one: one
    below a renamed key or at it, and whatever is found in a federation that is read in full for the first time.
    """
    gone = Counter(each.fault.code for each in fixed)
    is_shape = any(code not in _JUDGING for code in gone)
    known = Counter(each.fault.code for each in before.diagnostics)
    counted: Counter[str] = Counter()
    for each in after.diagnostics:
        if is_shape and (each.fault.code in _JUDGING or _is_hidden(each, renamed)):
            continue
        counted[each.fault.code] += 1
    errors = {each.fault.code for each in after.diagnostics if each.is_error}
    return all(number <= known[code] - gone[code] for code, number in counted.items() if code in errors or code in gone)


def _is_hidden(diagnostic: Diagnostic, renamed: Sequence[KeyPath]) -> bool:
    """Whether a finding stands at or below a renamed key, which hid it."""
    return any(diagnostic.place.path[: len(above)] == above for above in renamed)
