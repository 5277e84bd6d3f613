"""A file that was named for import is none of KubeFATE's.

`invoke import` reads KubeFATE's cluster.yaml files of every release, kube.cfg and docker's parties.conf. A file that
was named with `--path` and is none of these is refused, so that nobody believes it was imported; so is a folder that
holds none of them.

Example:

    $ invoke import --path notes.yaml
    notes.yaml:1:1: error[FED710]: "notes.yaml" is no cluster.yaml, kube.cfg or parties.conf
      hint: name KubeFATE's own files, or a folder that holds them
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED710", "foreign_import")


def foreign(name: str, place: Place) -> Diagnostic:
    """Say that a file is nothing that can be imported; `name` is quoted."""
    message = f"{name} is no cluster.yaml, kube.cfg or parties.conf"
    return Diagnostic(FAULT, message, place, "name KubeFATE's own files, or a folder that holds them")


def empty(name: str, place: Place) -> Diagnostic:
    """Say that a folder holds nothing that can be imported; `name` is quoted."""
    message = f"{name} holds no cluster.yaml, kube.cfg or parties.conf"
    return Diagnostic(FAULT, message, place, "name KubeFATE's own files, or a folder that holds them")
