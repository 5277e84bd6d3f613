"""A link, or something that is no file, stands in out/ where plan has to write or read.

Writing through a link would change a file outside out/; reading through one would apply something that is not in the
folder at all; a named pipe would make the command wait for ever. A pull request can bring a link, so fedplan follows
none below out/ and out/ itself must be a real folder.

Example:

    $ invoke plan
    out/party-9999: error[FED707]: this is a symbolic link, and plan writes through none
      hint: delete it and run `invoke plan` again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED707", "unsafe_out")


def unsafe(document: str, message: str, hint: str) -> Diagnostic:
    """Tell of a link or special file (relative to `out/`; "." is `out/` itself) in the way."""
    return Diagnostic(FAULT, message, Place(document=document), hint)
