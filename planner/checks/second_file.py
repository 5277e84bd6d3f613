"""Two imported files are for the same site.

A party has one cluster.yaml for its training and one for its FATE-Serving, an exchange has one. KubeFATE's examples
hold several variants side by side; only one of them can run. The first is imported, in the order of `--path` and of
the names in a folder.

Example:

    $ invoke import --path examples/party-9999
    examples/party-9999/cluster.yaml:5:10: error[FED712]: party 9999 has a second file for its training
      hint: name the file that is deployed, with --path
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED712", "second_file")


def second(site: str, what: str, place: Place, first: Place) -> Diagnostic:
    """Say that a site has two files; `first` is the one that is imported."""
    note = Note("this one is imported", first)
    return Diagnostic(FAULT, f"{site} has a second file for {what}", place, _HINT, (note,))


_HINT = "name the file that is deployed, with --path"
