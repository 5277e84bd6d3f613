"""The places of secrets in `secrets.yaml`: what stands in the place of each value, and where the value is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from planner.secret_references import GENERATE, is_placeholder

_OPENING: Final = "${secret:"


class SecretKey(NamedTuple):
    """One value of a Secret in a cluster."""

    namespace: str
    name: str
    key: str


def reference_in(text: str) -> str | None:
    """The reference (`env:NAME`, `file:PATH`, `secret:namespace/name#key`, `generate`) whose place a text is."""
    return text[len(_OPENING) : -1] if text == GENERATE or is_placeholder(text) else None


def is_broken(text: str) -> bool:
    """Whether a text looks like a place and is none."""
    return _OPENING in text and reference_in(text) is None


def secret_key(reference: str) -> SecretKey | None:
    """The Secret and key that a reference names; None for one to something else."""
    kind, _, where = reference.partition(":")
    if kind != "secret":
        return None
    place, _, key = where.partition("#")
    namespace, _, name = place.partition("/")
    return SecretKey(namespace, name, key)


def referenced_secrets(document: Mapping[str, Any]) -> Iterator[SecretKey]:
    """The values of other Secrets that a manifest with places takes."""
    for text in (document.get("stringData") or {}).values():
        found = secret_key(reference_in(text) or "") if isinstance(text, str) else None
        if found is not None:
            yield found
