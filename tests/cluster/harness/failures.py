"""What can go wrong with a cluster, in words that name the step, the command and what it last said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

TAIL = 15
"""Lines of a log that a failure shows."""


class HarnessError(Exception):
    """The cluster cannot be had, and why."""


def last_lines(log: Path, count: int = TAIL) -> str:
    """The end of a log, indented; a sentence when there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"  (no log at {log})"
    return "\n".join(f"  {line[:400]}" for line in lines[-count:]) or f"  (nothing in {log})"


def failed(step: str, command: Sequence[str], log: Path, reason: str) -> HarnessError:
    """A command of a step that did not do its work."""
    shown = " ".join(command)
    if len(shown) > 600:
        shown = f"{shown[:600]} …"
    return HarnessError(f"{step}: {reason}\n  command: {shown}\n  log: {log}, which ends with\n{last_lines(log)}")
