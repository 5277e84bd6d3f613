"""A file of settings for Bash cannot be read as data.

kube.cfg, parties.conf and .env are sourced by KubeFATE's scripts. Import reads them as data and runs nothing:
assignments and lists are understood, whatever needs a shell is refused.

Example:

    $ invoke import --path parties.conf
    parties.conf:3:14: error[FED723]: this needs a shell to be understood; write the value itself
      hint: write plain values: NAME=value or NAME=(value value)
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED723", "misread_settings")


def misread(message: str, place: Place) -> Diagnostic:
    """Say what cannot be read; `message` is a clause."""
    return Diagnostic(FAULT, message, place, "write plain values: NAME=value or NAME=(value value)")
