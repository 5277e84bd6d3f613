"""An exchange is installed from the chart of another FATE release than its parties.

An exchange for Pulsar passes on what it does not read, so this may work: chart fate-exchange was never published for
v2.0.0, and KubeFATE's own exchange samples of v2.0.0 name v1.11.2. It was not tested with these parties (INV-VER-1).
rollsite of such an exchange does not speak with OSX at all, which is FED402.

Example:

    $ invoke import --path examples/v2.0.0
    exchange.yaml:4:15: warning[FED727]: exchange exchange has chart fate-exchange v1.11.2 beside parties of v2.0.0
      hint: test the exchange before you rely on it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED727", "foreign_exchange_chart", Severity.WARNING)


def foreign_chart(site: str, chart: str, release: str, place: Place) -> Diagnostic:
    """Say which chart an exchange has (name and version), and the release of its parties."""
    message = f"{site} has chart {chart} beside parties of {release}"
    return Diagnostic(FAULT, message, place, "test the exchange before you rely on it")
