"""YAML as the library's loader written in C reads it: the other one takes ten times as long, and tests read a lot."""

from __future__ import annotations

from typing import Any, Final

import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def loaded(text: str | bytes) -> Any:
    """The only document of a text."""
    return yaml.load(text, _LOADER)


def all_loaded(text: str | bytes) -> list[Any]:
    """Every document of a text."""
    return list(yaml.load_all(text, _LOADER))
