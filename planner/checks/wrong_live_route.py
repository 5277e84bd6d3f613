"""A live route table leads elsewhere than the plan.

The ConfigMap in the cluster is what the router reads, whatever was sent. It differs where a chart brings defaults of
its own, somebody has edited it, or an earlier revision is back.

Example:

    $ invoke status --party 9999
    federation.yaml:8:5: error[FED976]: ConfigMap rollsite-config: 10000 leads to 10.1.1.1:30000, not to 10.9.9.9:30101
      hint: apply again; a change by hand is lost with the next apply anyhow
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED976", "wrong_live_route")


def wrong_live_route(place: Place, table: str, entry: str, live: str, planned: str) -> Diagnostic:
    """Say where an entry (a party's id, or `default`) of a ConfigMap leads; `planned` is empty for a stray one."""
    where = f"leads to {spoken(live)}" if live else "leads nowhere"
    wanted = f"not to {spoken(planned)}" if planned else "of which the plan says nothing"
    message = f"ConfigMap {spoken(table)}: {spoken(entry)} {where}, {wanted}"
    return Diagnostic(FAULT, message, place, "apply again; a change by hand is lost with the next apply anyhow")
