"""References to secrets: where a secret may stand, and how it is written.

A secret never stands in federation.yaml or in `out/`. A reference (`env:NAME`, `file:PATH`,
`secret:namespace/name#key`) says where its value is, and a rendered file holds `${secret:REFERENCE}`.
"""

from __future__ import annotations

import re
from typing import Final

_SECRET_KEY: Final = re.compile(
    r"(passw(or)?d|passphrase|pwd|token|(api|private|access|secret)_?key|^secret|^pass|_pass)$", re.IGNORECASE
)
_REFERENCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+|secret:[^/\s]+/[^/#\s]+#\S+")


def is_secret_key(key: object) -> bool:
    """Whether a key of a cluster.yaml holds a secret, judged by its name."""
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def is_reference(value: object) -> bool:
    """Whether a value is a reference to a secret."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def placeholder(reference: str) -> str:
    """What stands in a rendered file for the secret."""
    return f"${{secret:{reference}}}"


GENERATE: Final = placeholder("generate")
"""The place of a secret of target kubernetes that apply makes once and keeps in the cluster."""


def is_placeholder(value: object) -> bool:
    """Whether a value is exactly the place of a secret."""
    return isinstance(value, str) and value.startswith("${secret:") and is_reference(value[9:-1]) and value[-1] == "}"


def has_placeholder(value: object) -> bool:
    """Whether a value would be taken for a place that a secret is put into."""
    return isinstance(value, str) and "${secret:" in value
