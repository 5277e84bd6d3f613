"""What differs between two written trees, site by site.

A tree is known by the digests of its files (`plan.json` holds them), so that two trees of a thousand parties are
compared without reading either. Pure: the texts of a difference are handed in.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTEXT = 3
"""Lines of context around each hunk of a unified diff."""
LINES_COMPARED = 4_000
"""Above this many lines that differ a diff is told as a block removed and a block added, to stay fast."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """Everything that is written for one site: `site` is its folder, `files` maps file names to their text."""

    site: str
    files: Mapping[str, str]


class Op(StrEnum):
    """What happens to a site."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one site, and to which of its files (sorted; empty for a site that is kept)."""

    site: str
    op: Op
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sites are created, updated, deleted and kept; as text, the line that ends every plan."""

    create: int = 0
    update: int = 0
    delete: int = 0
    keep: int = 0

    def __str__(self) -> str:
        """Say all four numbers, zeros included, always in the same order."""
        return f"{self.create} to create, {self.update} to update, {self.delete} to delete, {self.keep} to keep"


def changes(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> tuple[Change, ...]:
    """Compare two trees, each a map of sites to {file name: sha256 hex}.

    Sites come in the order of `after`; those that are only in `before` follow, sorted by name.
    """
    found = [_change(site, before.get(site), files) for site, files in after.items()]
    found += [Change(site, Op.DELETE, tuple(sorted(before[site]))) for site in sorted(before.keys() - after.keys())]
    return tuple(found)


def counts(changed: Iterable[Change]) -> Counts:
    """Count the changes by what happens."""
    ops = Counter(change.op for change in changed)
    return Counts(ops[Op.CREATE], ops[Op.UPDATE], ops[Op.DELETE], ops[Op.KEEP])


def unified_diff(before: str | None, after: str | None, path: str) -> str:
    """Tell the difference of two texts the way `git diff` and `patch` do, without timestamps.

    None stands for a file that does not exist. Equal texts give the empty text. Lines end at a line feed only.
    """
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    head = [
        f"--- {'/dev/null' if before is None else f'a/{path}'}\n",
        f"+++ {'/dev/null' if after is None else f'b/{path}'}\n",
    ]
    return "".join(head + [part for hunk in _hunks(old, new) for part in _hunk_text(old, new, hunk)])


_Step = tuple[str, int, int, int, int]
"""One step of a comparison as difflib gives it: what, old lines from and to, new lines from and to."""


def _change(site: str, before: Mapping[str, str] | None, after: Mapping[str, str]) -> Change:
    """Compare the files of one site that the new tree has."""
    if before is None:
        return Change(site, Op.CREATE, tuple(sorted(after)))
    files = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Change(site, Op.UPDATE if files else Op.KEEP, tuple(files))


def _lines(text: str | None) -> list[str]:
    """Split at line feeds, each line with its own; the last one may lack it."""
    parts = (text or "").split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _hunks(old: list[str], new: list[str]) -> list[list[_Step]]:
    """Group the steps from old to new with their context; equal beginnings and ends cost linear time only."""
    shortest = min(len(old), len(new))
    head = next((index for index in range(shortest) if old[index] != new[index]), shortest)
    rest = shortest - head
    tail = next((index for index in range(rest) if old[-1 - index] != new[-1 - index]), rest)
    old_end, new_end = len(old) - tail, len(new) - tail
    steps: list[_Step] = [("equal", 0, head, 0, head)] if head else []
    if max(old_end, new_end) - head > LINES_COMPARED:
        steps.append(("replace", head, old_end, head, new_end))
    else:
        matcher = difflib.SequenceMatcher(None, old[head:old_end], new[head:new_end])
        steps += [(what, a + head, b + head, c + head, d + head) for what, a, b, c, d in matcher.get_opcodes()]
    if tail:
        steps.append(("equal", old_end, len(old), new_end, len(new)))
    return _grouped(steps)


def _grouped(steps: list[_Step]) -> list[list[_Step]]:
    """Cut the equal stretches down to the context, and begin a new hunk where a long one lies between."""
    hunks: list[list[_Step]] = [[]]
    for number, (what, a, b, c, d) in enumerate(steps):
        if what != "equal":
            hunks[-1].append((what, a, b, c, d))
            continue
        first, last = number == 0, number == len(steps) - 1
        if not first and not last and b - a <= 2 * CONTEXT:
            hunks[-1].append((what, a, b, c, d))
            continue
        if not first:
            hunks[-1].append((what, a, min(b, a + CONTEXT), c, min(d, c + CONTEXT)))
        if not last:
            leading = (what, max(a, b - CONTEXT), b, max(c, d - CONTEXT), d)
            if first:
                hunks[-1].append(leading)
            else:
                hunks.append([leading])
    return hunks


def _hunk_text(old: list[str], new: list[str], hunk: list[_Step]) -> list[str]:
    """Write one hunk: its head, then its lines."""
    old_range = _range(hunk[0][1], hunk[-1][2])
    new_range = _range(hunk[0][3], hunk[-1][4])
    text = [f"@@ -{old_range} +{new_range} @@\n"]
    for what, a, b, c, d in hunk:
        if what == "equal":
            text += [_marked(" ", line) for line in old[a:b]]
        else:
            text += [_marked("-", line) for line in old[a:b]]
            text += [_marked("+", line) for line in new[c:d]]
    return text


def _range(start: int, stop: int) -> str:
    """Write a range of lines as a hunk's head wants it: 1-based, the length left out when it is one."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, line: str) -> str:
    """Put the mark before a line, and say so when the line has no end."""
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"
