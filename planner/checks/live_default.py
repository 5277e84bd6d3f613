"""A key is left out, and the chart fills in an address of KubeFATE's own samples.

The values of the charts are no placeholders: what a cluster.yaml does not say goes live as it stands there. Messages
for a party that nginx does not know go to 192.168.10.1 (charts fate v1.6.0-a to v1.11.2, INV-NGX-6), and every
party's FATEBoard asks for the host name fateboard.example.com (INV-NS-4).

Example:

    $ invoke import --path party-9999.yaml
    party-9999.yaml:55:1: warning[FED725]: party 9999: nginx.exchange is left out, so 192.168.10.1:30003 goes live
      hint: write the key, or plan the new federation.yaml, which does
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED725", "live_default", Severity.WARNING)


def live(site: str, key: str, value: str, place: Place) -> Diagnostic:
    """Say which key of a site is left out, and what takes its place."""
    message = f"{site}: {key} is left out, so {value} goes live"
    return Diagnostic(FAULT, message, place, "write the key, or plan the new federation.yaml, which does")
