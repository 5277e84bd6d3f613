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
MOST_KNOWN: Final = 5
"""Declared names that a hint lists."""
_LEGIBLE: Final = 80
"""Longest path of keys that is shown as it stands."""
_MINUTE: Final = 60
_MOST_SPOKEN: Final = 500
"""Characters of another program's words that are shown."""


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
    names = ", ".join(islice(known, MOST_KNOWN))
    if len(known) == 1:
        return f"write {names}, or "
    return f"write one of {names}, or " if len(known) <= MOST_KNOWN else f"write a declared one ({names} ...), or "


def shown(text: str) -> str:
    """A path of keys for a message; quoted where a terminal could act on it or it is too long to read."""
    return text if text.isprintable() and len(text) <= _LEGIBLE else quote(text)


def spoken(text: str) -> str:
    """What another program said, as a clause: on one line, safe to print, without a last full stop, not too long."""
    line = " ".join(text.split())
    line = line if len(line) <= _MOST_SPOKEN else f"{line[:_MOST_SPOKEN]} ..."
    safe = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
    return safe if safe.endswith("...") else safe.rstrip(".")


def option(site: str) -> str:
    """The option that names a site (its key) to a command: `--party 9999`, or `--site exchange-hub`."""
    kind, _, name = site.partition("-")
    return f"--party {name}" if kind == "party" else f"--site {site}"


def duration(seconds: float) -> str:
    """A stretch of time in words: `4 seconds`, `3 minutes`, `1 hour 5 minutes`. Never less than a second."""
    whole = max(1, round(seconds))
    if whole < _MINUTE:
        return counted(whole, "second")
    minutes = round(whole / _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    if not hours:
        return counted(minutes, "minute")
    return f"{counted(hours, 'hour')} {counted(minutes, 'minute')}" if minutes else counted(hours, "hour")


def counted(number: int, word: str) -> str:
    """`1 site`, `2 sites`, `1,000 sites`."""
    return f"1 {word}" if number == 1 else f"{number:,} {word}s"


def some(names: Sequence[str], most: int) -> str:
    """The first names, at most so many, and how many more there are."""
    told = ", ".join(names[:most])
    return f"{told} and {len(names) - most:,} more" if len(names) > most else told
