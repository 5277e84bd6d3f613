"""A bundle could not be written.

The disk is full, the folder may not be written to, or something other than a file stands at its place. That is no
mistake in federation.yaml, so the exit code is 3. A bundle is replaced as a whole: the one that was there before is
still there.

Example:

    $ invoke bundle --party 9999 --to /srv/handover
    error[FED967]: /srv/handover cannot be written or read: you may not
      hint: set that right and run this again, or name another folder with `--to`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED967", "bundle_not_written")


def bundle_not_written(document: str, reason: str) -> Diagnostic:
    """Say what the world refused, as a clause."""
    hint = "set that right and run this again, or name another folder with `--to`"
    return Diagnostic(FAULT, spoken(reason), Place(document=document), hint)
