"""A bundle is not the one that was packed.

SHA256SUMS lists every file of a bundle with its digest. A file that is missing, added or changed means that the
hand-over went wrong or that somebody edited it; an archive that breaks off, holds links, or could write outside its
folder was not made by `invoke bundle`. Nothing is read further and nothing is applied. What was told of the digest
(`--digest`) is looked at as well, since whoever changes a file can change the checksums.

Example:

    $ invoke apply --from credit-risk-party-9999.tar.gz
    credit-risk-party-9999/FIREWALL.md: error[FED965]: the file is not the one that SHA256SUMS lists
      hint: have the coordinator hand over the whole bundle again, and keep files of your own outside it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED965", "broken_bundle")


def broken_bundle(document: str, reason: str) -> Diagnostic:
    """Say what is wrong with a bundle, or with one of its files (a clause)."""
    hint = "have the coordinator hand over the whole bundle again, and keep files of your own outside it"
    return Diagnostic(FAULT, spoken(reason), Place(document=document), hint)
