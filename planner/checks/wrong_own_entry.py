"""A party's own entry in the table of its broker leads elsewhere.

A table of RabbitMQ or Pulsar holds the party itself, at its own broker: rabbitmq:5672 or pulsar:6650 (INV-RMQ-2,
INV-PUL-2). KubeFATE's RabbitMQ samples of v1.7.2 and v1.8.0 carry an entry for Pulsar there. FATE-Flow of v1.11.2
looks up remote parties only; other versions may use the own entry.

Example:

    $ invoke import --path party-10000.yaml
    party-10000.yaml:77:5: warning[FED726]: party 10000 has pulsar:6650 as its own broker instead of rabbitmq:5672
      hint: correct the entry, or plan the new federation.yaml, which writes it right
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED726", "wrong_own_entry", Severity.WARNING)


def wrong_own_entry(site: str, found: str, wanted: str, place: Place) -> Diagnostic:
    """Say where a site's own entry leads, and where it should."""
    message = f"{site} has {found} as its own broker instead of {wanted}"
    return Diagnostic(
        FAULT, message, place, "correct the entry, or plan the new federation.yaml, which writes it right"
    )
