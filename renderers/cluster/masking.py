"""Values of secrets in the words of others: a program that logs its own password, a webhook that repeats what it got.

What fedplan says itself never has one. What a cluster says is shown as it is, but for the values that fedplan knows.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from planner.diagnostics import Diagnostic
from renderers.cluster.folder import Desired, SiteFolder
from renderers.cluster.secret_places import reference_in
from renderers.report.excerpt import MASK

_SHORTEST: Final = 6
"""Characters of a value that is looked for."""


def values_of(folder: SiteFolder, secrets: Iterable[Desired]) -> tuple[str, ...]:
    """The values that were put in the places of a folder's Secrets, plain and as Kubernetes writes them."""
    places = {
        (each.reference.key, key)
        for each in folder.secrets
        for key, text in (each.document.get("stringData") or {}).items()
        if reference_in(str(text)) is not None
    }
    found: set[str] = set()
    for each in secrets:
        for key, encoded in (each.document.get("data") or {}).items():
            if (each.reference.key, key) in places:
                found |= {encoded, _plain(encoded)}
    return long_enough(found)


def long_enough(values: Iterable[str]) -> tuple[str, ...]:
    """The values that are looked for, the longest first: a short one is part of many words."""
    return tuple(sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True))


def hidden(text: str, values: Iterable[str]) -> str:
    """A text in which no value stands."""
    for value in values:
        text = text.replace(value, MASK)
    return text


def masked(diagnostics: Iterable[Diagnostic], values: Sequence[str]) -> tuple[Diagnostic, ...]:
    """Findings in whose words no value stands."""
    return tuple(
        replace(
            each,
            message=hidden(each.message, values),
            hint=hidden(each.hint, values),
            notes=tuple(replace(note, message=hidden(note.message, values)) for note in each.notes),
        )
        for each in diagnostics
    )


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
