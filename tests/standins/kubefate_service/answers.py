"""Requests and answers, as the handlers see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sends."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a value as JSON, or a text of another type; and headers."""

    status: int
    value: Any = None
    text: str | None = None
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


PANIC: Final = Answer(500, text="", content_type="")
"""What Gin's recovery makes of a panic."""
