"""The one known word that another is a slip of the fingers away from.

Guesses for hints are bolder; this is for edits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

_LONG: Final = 7
"""Letters from which a word may have two slips and still be no other word."""
_SHORTEST: Final = 3
"""Words of fewer letters are no clue."""


def near_miss(word: str, known: Iterable[str], present: Collection[object] = ()) -> str | None:
    """The only known word that `word` can be meant for; None where there is none, several, or it is present already.

    Upper and lower case, dashes and underscores make no difference. Beyond that one letter may be missing, added,
    mistaken or swapped with its neighbour, two in a long word.
    """
    folded = _fold(word)
    if len(folded) < _SHORTEST:
        return None
    limit = 2 if len(folded) >= _LONG else 1
    close = [each for each in known if _distance(folded, _fold(each), limit) <= limit]
    if len(close) != 1 or close[0] in present or len(_fold(close[0])) < _SHORTEST:
        return None
    return close[0]


def _fold(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()


def _distance(one: str, other: str, limit: int) -> int:
    """How many slips lie between two words; more than `limit` where it does not matter how many."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    rows: list[list[int]] = [list(range(len(other) + 1))]
    for index, letter in enumerate(one, 1):
        row = [index]
        for column, its in enumerate(other, 1):
            cost = min(rows[-1][column] + 1, row[-1] + 1, rows[-1][column - 1] + (letter != its))
            if index > 1 and column > 1 and letter == other[column - 2] and one[index - 2] == its:
                cost = min(cost, rows[-2][column - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
