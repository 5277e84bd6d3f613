"""Words that findings share: lists cut short, the name to write instead, and text that is safe to print."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final

from planner.diagnostics import KeyPath, Note, Place
from planner.source import quote

MOST_NOTES: Final = 3
"""Further places of one mistake that are shown; the rest is counted."""
MOST_GUESSES: Final = 5
"""Unknown names for which a similar one is looked for: each costs a comparison with every declared name."""
_MOST_PARTIES: Final = 3
"""Parties that a message names; the rest is counted."""
_MOST_KNOWN: Final = 5
"""Declared names that a hint lists."""
_LEGIBLE: Final = 80
"""Longest path of keys that is shown as it stands."""


def label(key: str) -> str:
    """A site key as a user names the site: `party 9999` or `exchange hub`."""
    return key.replace("-", " ", 1)


def locked_label(key: str) -> str:
    """A key of federation.lock as a user names the site, without the cluster where it was left behind."""
    return label(key.partition("@")[0])


def also(message: str, paths: Sequence[KeyPath]) -> tuple[Note, ...]:
    """Notes for the further places of one mistake."""
    notes = [Note(message, Place(path)) for path in paths[:MOST_NOTES]]
    if len(paths) > MOST_NOTES:
        notes.append(Note(f"and so it is at {len(paths) - MOST_NOTES} more places"))
    return tuple(notes)


def some_parties(parties: Iterable[int], count: int) -> str:
    """The first of `count` parties by name, and how many more there are."""
    first = list(islice(parties, _MOST_PARTIES))
    names = ", ".join(map(str, first))
    if count == 1:
        return f"party {names}"
    return f"parties {names}" if count <= len(first) else f"parties {names} and {count - len(first)} more"


def write_known(name: str, known: Collection[str], *, guess: bool) -> str:
    """The first half of a hint: which declared name to write instead; empty where none is declared."""
    similar = get_close_matches(name[:60], known, n=1) if guess else ()
    if similar:
        return f"write {similar[0]}, or "
    if not known:
        return ""
    names = ", ".join(islice(known, _MOST_KNOWN))
    if len(known) == 1:
        return f"write {names}, or "
    return f"write one of {names}, or " if len(known) <= _MOST_KNOWN else f"write a declared one ({names} ...), or "


def shown(text: str) -> str:
    """A path of keys for a message; quoted where a terminal could act on it or it is too long to read."""
    return text if text.isprintable() and len(text) <= _LEGIBLE else quote(text)
