"""Eggroll does not have the nodes that the site's nodemanagers should be.

A job gets its processors from the nodemanagers that eggroll counts as healthy, in its table `server_node`. With fewer
of them jobs wait, or never start. From eggroll 2.5 on (FATE 1.11.2) nodemanagers write themselves into that table, and
a row that somebody wrote by hand counts as healthy for ever, although nobody is there. Before, every row is written by
hand or by the chart, once, when the database is made (components.md section 2.2).

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED991]: eggroll of party 9999 counts 1 healthy node, and has 2 nodemanagers
      hint: read the logs of nodemanager and clustermanager: `kubectl --namespace fate-9999 logs nodemanager-0`
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED991", "eggroll_nodes_missing")


def eggroll_nodes_missing(place: Place, label: str, failure: str, hint: str) -> Diagnostic:
    """Say what is wrong with the nodes of a site's eggroll: `counts 1 healthy node, and has 2 nodemanagers`."""
    return Diagnostic(FAULT, f"eggroll of {label} {spoken(failure)}", place, hint)
