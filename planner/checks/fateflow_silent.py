"""FATE-Flow does not answer inside its own party.

Nobody can start a job there, and no peer's job is taken. FATE-Flow listens on the address of its own pod and on no
other (neither on localhost), so a Service that finds no ready pod, another address in its settings or a FATE-Flow that
never came up all look the same from outside. It comes up only once it has logged in to MySQL.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED986]: FATE-Flow of party 9999 does not answer at fateflow:9380: connection refused
      hint: see what its pod says: `kubectl --namespace fate-9999 logs statefulset/python`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED986", "fateflow_silent")


def fateflow_silent(place: Place, label: str, where: str, words: str, logs: str) -> Diagnostic:
    """Say where FATE-Flow of a site (`party 9999`) does not answer, and how; `logs` is the command that tells more."""
    message = f"FATE-Flow of {label} does not answer at {spoken(where)}: {spoken(words)}"
    return Diagnostic(FAULT, message, place, f"see what its pod says: `{spoken(logs)}`")
