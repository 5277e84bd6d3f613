"""Which releases can do something, in the words of a hint: `v1.6.1 to v1.11.2`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from planner.releases import RELEASE_NAMES, Release, load


def releases_with(can: Callable[[Release], bool]) -> str:
    """The releases that can do something, as stretches: `v1.6.1 to v1.11.2`; empty where none can."""
    stretches: list[list[str]] = []
    before = False
    for name in RELEASE_NAMES:
        release = load(name)
        able = release is not None and can(release)
        if able and before:
            stretches[-1][1:] = [name]
        elif able:
            stretches.append([name])
        before = able
    return " and ".join(" to ".join(stretch) for stretch in stretches)


@lru_cache(maxsize=4096)
def releases_reading(chart: str, key: str) -> str:
    """The releases whose chart reads a key."""
    return releases_with(lambda release: release.reads(chart, key))
