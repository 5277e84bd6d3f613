"""What was heard in a pod: how a connection failed in words, and what an answer in JSON holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from planner.wording import spoken
from renderers.probes.pods.talk import Dialled, Reached

_WORDS: Final[Mapping[Reached, str]] = {
    Reached.REFUSED: "the connection is refused",
    Reached.SILENT: "nobody answers in time",
    Reached.NO_NAME: "there is no such name, or no pod behind it is ready",
    Reached.NO_WAY: "no way leads there",
}
NO_ANSWER: Final = "it takes the connection and does not answer in time"
"""How a request failed where there was a connection and nothing came back, as a clause."""


def words(dialled: Dialled) -> str:
    """How a connection failed, as a clause."""
    return _WORDS.get(dialled.reached) or spoken(dialled.words)


def parsed(text: str) -> Any:
    """A text as JSON; None for one that is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
