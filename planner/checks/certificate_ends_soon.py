"""A certificate that the site mounts ends within thirty days.

It holds now. When it has ended, no peer takes the site's connections any more, and a new one takes its time: it must
be issued by the authority that all sites know, put into the Secret, and read by what mounts it, which is at its start.

Example:

    $ invoke verify --live
    federation.yaml:8:5: warning[FED806]: broker.cert.pem of Secret fate-9999/pulsar-cert ends on 2026-01-31
      hint: have it renewed by the same authority before that day, and restart what mounts it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity
from planner.wording import spoken

FAULT = Fault("FED806", "certificate_ends_soon", Severity.WARNING)


def certificate_ends_soon(place: Place, key: str, secret: str, day: str) -> Diagnostic:
    """Say which key of which Secret (`fate-9999/pulsar-cert`) ends on which day."""
    message = f"{spoken(key)} of Secret {spoken(secret)} ends on {spoken(day)}"
    return Diagnostic(
        FAULT, message, place, "have it renewed by the same authority before that day, and restart what mounts it"
    )
