"""A site is known only because other sites dial it.

No file of that party or exchange was imported. Its address and ports are taken from the tables of those who dial it,
so that their files come out the same; whether it dials them in turn cannot be known. Everything else about it is a
guess: its engine is that of its partners, its settings are the defaults.

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:41:16: info[FED713]: party 10000 is known only from here: none of the files is its own
      hint: import its file as well, or fill in parties[1] of federation.yaml
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED713", "named_only", Severity.INFO)


def named_only(site: str, place: Place, where: str) -> Diagnostic:
    """Say that no file of a site was read; `where` is its place in federation.yaml."""
    message = f"{site} is known only from here: none of the files is its own"
    return Diagnostic(FAULT, message, place, f"import its file as well, or fill in {where} of federation.yaml")
