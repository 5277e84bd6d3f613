"""Two parties of a parties.conf are on one Docker host.

The Compose files publish fixed ports (9370, 9360, 9380, 8080 and more), so a host can carry one training party; only
the exchange may share it, on port 9371 (reference: INV-DOC-1).

Example:

    $ invoke import --path parties.conf
    parties.conf:6:27: error[FED722]: parties 9999 and 10000 are both on host 192.168.1.1
      hint: give each party a host of its own
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place

FAULT = Fault("FED722", "shared_docker_host")


def shared(first: str, second: str, host: str, place: Place, other: Place) -> Diagnostic:
    """Say that two parties share a host; `other` is where the first has it."""
    message = f"parties {first} and {second} are both on host {host}"
    return Diagnostic(
        FAULT, message, place, "give each party a host of its own", (Note(f"party {first} is here", other),)
    )
