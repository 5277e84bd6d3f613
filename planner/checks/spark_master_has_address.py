"""The Service of the Spark master has an address of its own.

Kubernetes then gives every pod that starts after it a variable `SPARK_MASTER_PORT=tcp://...`, and the image takes that
for the port of the master, which does not start any more (reference: components.md, fact 11). The Service must be
headless, or the pods must do without such variables (`enableServiceLinks: false`).

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED997]: Service fate-9999/spark-master has address 10.96.0.17, and must have none
      hint: delete the Service and apply again: the address of a Service that is there cannot be taken away
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED997", "spark_master_has_address")


def spark_master_has_address(place: Place, service: str, address: str) -> Diagnostic:
    """Say which Service (`fate-9999/spark-master`) has which address."""
    message = f"Service {spoken(service)} has address {spoken(address)}, and must have none"
    hint = "delete the Service and apply again: the address of a Service that is there cannot be taken away"
    return Diagnostic(FAULT, message, place, hint)
