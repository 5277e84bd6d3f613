"""federation.lock cannot be read.

The lock keeps every allocated port, so that adding or removing a party never moves anybody else's.
Only plan writes it. A lock that is not what plan wrote (an unresolved merge, a hand edit, a truncated file) is refused
rather than guessed at, because a guess would move ports that peers already dial.

Example:

    Two branches each added a party and were merged; federation.lock now holds conflict markers. Keep the lines of both
    sides (each site is one line), remove the markers, and run `invoke plan`, which writes out/ again. Do not delete the
    lock to get rid of the conflict: whatever cannot be rebuilt from out/ loses its ports.
"""

from __future__ import annotations

from planner.diagnostics import LOCK, Diagnostic, Fault, Place, Span

FAULT = Fault("FED313", "broken_lock")


def broken_lock(message: str, span: Span) -> Diagnostic:
    """Say that the lock cannot be read, at `span` of federation.lock."""
    hint = "correct it by hand: one entry per site, after a merge the entries of both sides; or restore it from git"
    return Diagnostic(FAULT, message, Place(span=span, document=LOCK), hint)
