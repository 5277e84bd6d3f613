"""Where the value of a secret is: in a variable, a file, or a Secret of the cluster. Nothing of it is ever shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from planner.diagnostics import Diagnostic
from renderers.cluster.references import Document, Reference
from renderers.cluster.secret_places import secret_key
from renderers.files import read_bounded

_MOST_OF_FILE: Final = 2**16
SecretReader: TypeAlias = Callable[[Reference], tuple[Document | None, str]]
"""Gives a Secret of the cluster as it is, None where there is none; and why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """One value, or why there is none; `kept` says that it is what the cluster has already."""

    value: bytes = field(default=b"", repr=False)
    problem: str = ""
    kept: bool = False


def looked_up(reference: str, environ: Mapping[str, str], read: SecretReader) -> Found:
    """The value that a reference (`env:NAME`, `file:PATH`, `secret:namespace/name#key`) names."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = environ.get(name)
        if value is None:
            return Found(problem="the variable is not set")
        return Found(value.encode(errors="surrogateescape"))
    if kind == "file":
        return _from_file(name)
    return _from_secret(reference, read)


def live_value(document: Document | None, key: str) -> bytes:
    """What a Secret has under a key; empty where it has nothing."""
    encoded = ((document or {}).get("data") or {}).get(key) or ""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _from_file(name: str) -> Found:
    """The text of a file without its last line break, which editors add; what is no text as it is."""
    value = read_bounded(Path(name), _MOST_OF_FILE)
    if isinstance(value, Diagnostic):
        words = value.message.rpartition('"')[2].strip()
        return Found(problem=f"the file {words}")
    return Found(value.removesuffix(b"\n").removesuffix(b"\r") if _is_text(value) else value)


def _is_text(value: bytes) -> bool:
    """Whether it is text: a keystore is none, and each of its bytes counts."""
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _from_secret(reference: str, read: SecretReader) -> Found:
    wanted = secret_key(reference)
    if wanted is None:
        return Found(problem="this is no reference that this fedplan knows")
    document, refusal = read(Reference("v1", "Secret", wanted.namespace, wanted.name))
    if document is None:
        return Found(problem=refusal or "there is no such Secret")
    if wanted.key not in (document.get("data") or {}):
        return Found(problem="the Secret has no such key")
    return Found(live_value(document, wanted.key))
