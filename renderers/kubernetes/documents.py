"""Objects as the text of a file: YAML documents one after the other, texts of several lines as literal blocks."""

from __future__ import annotations

from collections.abc import Iterable

from renderers.canonical import block
from renderers.kubernetes.installation import Manifest


def documents(head: str, objects: Iterable[Manifest]) -> str:
    """A file of objects under a comment of one or more lines."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.split("\n"))
    return comment + "---\n".join(block(each, literal=True) for each in objects)
