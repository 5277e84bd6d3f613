"""Which releases can do something, in the words of a hint: `v1.6.1 to v1.11.2`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

from planner.releases import FATE_SERVING, RELEASE_NAMES, SERVING_NAMES, Release, ServingRelease, load, load_serving

_Release = TypeVar("_Release", Release, ServingRelease)


def releases_with(can: Callable[[Release], bool]) -> str:
    """The releases that can do something, as stretches: `v1.6.1 to v1.11.2`; empty where none can."""
    return _stretches(RELEASE_NAMES, load, can)


def serving_releases_with(can: Callable[[ServingRelease], bool]) -> str:
    """The versions of chart fate-serving that can do something, as stretches."""
    return _stretches(SERVING_NAMES, load_serving, can)


def _stretches(
    names: Sequence[str], release_of: Callable[[str], _Release | None], can: Callable[[_Release], bool]
) -> str:
    stretches: list[list[str]] = []
    before = False
    for name in names:
        release = release_of(name)
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
    if chart == FATE_SERVING:
        return serving_releases_with(lambda release: release.reads(key))
    return releases_with(lambda release: release.reads(chart, key))
