"""Values as Go's encoding/json and time print them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

ZERO_TIME: Final = "0001-01-01T00:00:00Z"
"""A time that was never set."""
NANOSECONDS: Final = 1_000_000_000
_ESCAPED: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def now() -> str:
    """The moment, in RFC 3339."""
    return _text(datetime.now(UTC))


def earlier(moment: str, seconds: float) -> str:
    """A moment before another."""
    return _text(datetime.fromisoformat(moment) - timedelta(seconds=seconds))


def seconds_since(moment: str) -> float:
    """How long ago a moment was."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def marshal(value: Any) -> bytes:
    """The value as JSON: no spaces, and what HTML would read is escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character, escaped in _ESCAPED.items():
        text = text.replace(character, escaped)
    return text.encode()


def message(**values: Any) -> dict[str, Any]:
    """A gin.H: a map, whose keys Go sorts."""
    return dict(sorted(values.items()))


class PanicError(Exception):
    """A Go panic: in a handler an empty 500, in a goroutine the end of the process."""
