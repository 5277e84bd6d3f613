"""federation.lock is missing, and its content was put together again.

Without the lock plan would hand out ports anew, and parties whose peers already dial them would move. What stands in
`out/plan.json`, or else in the committed one, is taken instead. That keeps the ports of every site that was planned;
tombstones (removed sites whose ports are still reserved) are lost.

Example:

    $ rm federation.lock
    $ invoke plan
    federation.lock: warning[FED318]: federation.lock was missing; ports were taken from out/plan.json
      hint: commit it with out/: it keeps everybody's ports
"""

from __future__ import annotations

from planner.diagnostics import LOCK, Diagnostic, Fault, Place, Severity

FAULT = Fault("FED318", "lost_lock", Severity.WARNING)


def lost_lock(source: str) -> Diagnostic:
    """Say that the lock was rebuilt from `source`."""
    message = f"federation.lock was missing; ports were taken from {source}"
    return Diagnostic(FAULT, message, Place(document=LOCK), "commit it with out/: it keeps everybody's ports")
