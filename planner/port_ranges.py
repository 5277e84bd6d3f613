"""Ranges of ports: whether two numbers are the ends of one."""

from __future__ import annotations

from typing import Final

LAST_PORT: Final = 65535
"""The highest port there is."""


def is_range(ends: tuple[int, int]) -> bool:
    """Whether these are the ends of a range of ports."""
    low, high = ends
    return 1 <= low <= high <= LAST_PORT
