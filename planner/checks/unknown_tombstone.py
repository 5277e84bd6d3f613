"""`--forget` names a site that federation.lock does not hold as removed.

A site that leaves federation.yaml stays in federation.lock as a tombstone, with its ports, because it may still run
where it was. `invoke plan --forget party-9998` frees these ports once the site is really gone. Only a tombstone can be
forgotten: a site that is still in the file keeps its ports.

Example:

    $ invoke plan --forget party-9998
    federation.lock: error[FED317]: party-9998 is no removed site
      hint: federation.lock holds no removed site
"""

from __future__ import annotations

from collections.abc import Sequence

from planner.diagnostics import LOCK, Diagnostic, Fault, Place

FAULT = Fault("FED317", "unknown_tombstone")


def unknown_tombstone(name: str, known: Sequence[str]) -> Diagnostic:
    """Say that `name` cannot be forgotten; `known` are the names that can."""
    hint = f"removed sites are: {', '.join(known)}" if known else "federation.lock holds no removed site"
    return Diagnostic(FAULT, f"{name} is no removed site", Place(document=LOCK), hint)
